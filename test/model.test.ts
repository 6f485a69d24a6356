// Everything at once, at random, against a model: what each function of a version does is plain data here, and after each step the
// running program, its exports, its history and every holder of its functions must say the same. A seed repeats a run.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

const M0 = `export let state = 0;
export function a() { return 1; }
export const b = () => 2;
function h() { return 3; }
export function c() { return 1000 + h(); }
export default function d() { return 8; }
export class K { m() { return 5; } static s() { return 6; } }
`;
const M1 = `import { state } from './m0.js';
export const f = function () { return 20; };
export const g = async () => 21;
export function* gen() { yield 22; }
function own() { return 23; }
export { own as outer };
export function make() { return () => 24; }
const table = { go() { return 25; } };
export default table;
`;

/** A function of a version: the number it gives, the functions whose numbers it adds, and what is around it, inner first. */
interface Fn {
  base: number;
  /** the name that it is exported by */
  exported: string | undefined;
  calls: string[];
  layers: { log?: number; mock?: number; gives?: number | undefined }[];
}
type State = Record<string, Fn>;
interface Model {
  versions: { state: State; parent: number | undefined }[];
  current: number;
}

// biome-ignore lint/suspicious/noExplicitAny: functions of every kind, and all of hotswap
type Any = any;
type Load = (url: string) => Promise<Any>;

/** Runs in the program, as text: it may use nothing from here. @param load `import` as it is there @returns what went on, and the version of each module that a restart will find */
async function drive(load: Load, seed: number, steps: number): Promise<unknown> {
  const api = await load('hotswap');
  const { deepEqual, equal, ok, rejects } = (await load('node:assert')).default;
  const files = ['./m0.js', './m1.js'];
  const first: Any[] = [await load('./m0.js'), await load('./m1.js')];
  const LOG: number[] = [];
  (globalThis as Any).LOG = LOG;
  const random = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * n);
  };
  const pick = <T>(list: T[]): T => list[random(list.length)] as T;

  const fn = (base: number, exported?: string, calls: string[] = []): Fn => ({
    base,
    exported,
    calls,
    layers: [],
  });
  const start: State[] = [
    {
      a: fn(1, 'a'),
      b: fn(2, 'b'),
      h: fn(3),
      c: fn(1000, 'c', ['h']),
      d: fn(8, 'default'),
      'K.prototype.m': fn(5),
      'K.s': fn(6),
    },
    {
      f: fn(20, 'f'),
      g: fn(21, 'g'),
      gen: fn(22, 'gen'),
      own: fn(23, 'outer'),
      'make > return': fn(24),
      'table.go': fn(25),
    },
  ];
  const others = [
    ['state', 'K'],
    ['make', 'default'],
  ];
  const models: Model[] = start.map((state) => ({ versions: [{ state, parent: undefined }], current: 0 }));
  const modelOf = (m: number): Model => models[m] as Model;
  const now = (m: number): State =>
    structuredClone((modelOf(m).versions[modelOf(m).current] as { state: State }).state);
  const made = (m: number, state: State, parent: number): void => {
    modelOf(m).current = modelOf(m).versions.push({ state, parent }) - 1;
  };

  /** Whoever took a function at the start, or as soon as it could be imported. */
  const held: Record<string, Any>[] = [
    {
      a: first[0].a,
      b: first[0].b,
      c: first[0].c,
      d: first[0].default,
      'K.prototype.m': new first[0].K().m,
      'K.s': first[0].K.s,
    },
    {
      f: first[1].f,
      g: first[1].g,
      gen: first[1].gen,
      own: first[1].outer,
      'make > return': first[1].make(),
      'table.go': first[1].default.go,
    },
  ];
  const mocks: { m: number; mock: Any }[] = [];
  const gone: string[][] = [[], []];
  const done: string[] = [];
  let fresh = 100;

  const expected = (state: State, name: string, log: number[]): number => {
    const { base, calls, layers } = state[name] as Fn;
    for (const { log: says, gives } of [...layers].reverse()) {
      if (says !== undefined) log.push(says);
      if (gives !== undefined) return gives;
    }
    return calls.reduce((sum, one) => sum + expected(state, one, log), base);
  };
  const called = async (f: Any): Promise<unknown> => {
    LOG.length = 0;
    try {
      const given = f();
      return await (given?.next === undefined ? given : given.next().value);
    } catch (error) {
      return (error as Any).code ?? error;
    }
  };
  const isAsync = (name: string): boolean => name === 'g';
  const isGenerator = (name: string): boolean => name === 'gen';
  const reaches = (state: State, from: string, to: string): boolean =>
    from === to || (state[from]?.calls ?? []).some((one) => reaches(state, one, to));
  const callable = (state: State): string[] =>
    Object.keys(state).filter((name) => /^\w+$/.test(name) && !isAsync(name) && !isGenerator(name));
  const sum = (calls: string[]): string => [fresh, ...calls.map((one) => `${one}()`)].join(' + ');
  const target = (m: number, name: string): unknown => {
    const all = [held[m]?.[name], { module: files[m], path: name }, `${files[m]}#${name}`].filter(
      (one) => one !== undefined,
    );
    return pick(all);
  };

  /** One edit, of the program and of the model. @returns whether there is a new version */
  async function edit(m: number, state: State): Promise<boolean> {
    const name = pick(Object.keys(state));
    const one = state[name] as Fn;
    const kind = pick(['rewrite', 'rewrite', 'inject', 'add', 'add', 'remove', 'mock', 'mock']);
    fresh++;
    done.push(`${kind} ${m}#${name} ${fresh}`);
    if (kind === 'rewrite') {
      const free = callable(state).filter((other) => !reaches(state, other, name));
      const calls = random(2) === 1 && free.length > 0 && !isGenerator(name) ? [pick(free)] : [];
      const text = isGenerator(name)
        ? `function* () { yield ${fresh}; }`
        : isAsync(name)
          ? `async () => ${sum(calls)}`
          : pick([`() => ${sum(calls)}`, `function () { return ${sum(calls)}; }`]);
      await api.rewrite(target(m, name), text);
      state[name] = { ...one, base: fresh, calls, layers: [] };
    } else if (kind === 'inject') {
      await api.inject(target(m, name), `() => { globalThis.LOG.push(${fresh}); }`);
      one.layers.push({ log: fresh });
    } else if (kind === 'add') {
      const again = gone[m]?.length ? pick(gone[m] as string[]) : undefined;
      const added = again !== undefined && random(3) === 0 ? again : `n${fresh}`;
      if (state[added] !== undefined) return false;
      const calls = random(2) === 1 && callable(state).length > 0 ? [pick(callable(state))] : [];
      await api.addExport(
        `${files[m]}#${added}`,
        pick([`() => ${sum(calls)}`, `function () { return ${sum(calls)}; }`]),
      );
      state[added] = fn(fresh, added, calls);
    } else if (kind === 'remove') {
      if (one.exported === undefined) return false;
      const place = `${files[m]}#${one.exported}`;
      if (Object.entries(state).some(([other, { calls }]) => other !== name && calls.includes(name))) {
        await rejects(api.removeExport(place), { code: 'ERR_HOTSWAP_OUT_OF_SCOPE' });
        return false;
      }
      await api.removeExport(place);
      if (callable({ [name]: one }).length > 0) gone[m]?.push(name);
      delete state[name];
    } else {
      const gives = random(4) === 0 ? undefined : fresh;
      const does = isAsync(name) ? async () => gives : isGenerator(name) ? () => [gives] : () => gives;
      const mock = await api.mock(target(m, name), gives === undefined ? undefined : does);
      one.layers.push({ mock: mocks.push({ m, mock }) - 1, gives });
    }
    return true;
  }

  async function transact(): Promise<void> {
    const states = [now(0), now(1)];
    const parents = models.map((one) => one.current);
    const dirty = [false, false];
    const fails = random(3) === 0;
    done.push('transaction {');
    const work = async (): Promise<void> => {
      for (let left = 1 + random(4); left > 0; left--) {
        const m = random(2);
        if (random(8) === 0 && !dirty[m]) {
          const to = random(modelOf(m).versions.length);
          done.push(`restore ${m} ${to}`);
          await api.restore(files[m], to);
          states[m] = structuredClone((modelOf(m).versions[to] as { state: State }).state);
          parents[m] = to;
        } else if (await edit(m, states[m] as State)) dirty[m] = true;
      }
      if (fails) throw new Error('on purpose');
    };
    await api.transaction(work).catch((error: Error) => {
      if (error.message !== 'on purpose') throw error;
    });
    done.push(fails ? '} fails' : '}');
    for (const m of fails ? [] : [0, 1]) {
      if (dirty[m]) made(m, states[m] as State, parents[m] as number);
      else modelOf(m).current = parents[m] as number;
    }
  }

  async function unmock(): Promise<void> {
    if (mocks.length === 0) return;
    const id = random(mocks.length);
    const { m, mock } = mocks[id] as { m: number; mock: Any };
    done.push(`restore mock ${id} of ${m}`);
    const [before, state] = [now(m), now(m)];
    for (const one of Object.values(state)) one.layers = one.layers.filter((layer) => layer.mock !== id);
    await mock.restore();
    const { number } = api.version(files[m]);
    if (JSON.stringify(before) === JSON.stringify(state)) return;
    const known = modelOf(m).versions[number];
    if (known === undefined) return made(m, state, modelOf(m).current);
    deepEqual(known.state, state, 'the version before the mock');
    modelOf(m).current = number;
  }

  async function step(): Promise<void> {
    const m = random(2);
    const model = modelOf(m);
    const kind = pick([
      ...Array(11).fill('edit'),
      'rollback',
      'rollback',
      'restore',
      'restore',
      'reset',
      'transaction',
      'transaction',
      'unmock',
      'unmock',
      'service',
      'purge',
    ]);
    if (kind === 'edit') {
      const state = now(m);
      if (await edit(m, state)) made(m, state, model.current);
    } else if (kind === 'rollback') {
      const count = random(4);
      done.push(`rollback ${m} ${count}`);
      for (let i = 0; i < count; i++) model.current = model.versions[model.current]?.parent ?? 0;
      await api.rollback(files[m], count);
    } else if (kind === 'restore' || kind === 'reset') {
      model.current = kind === 'reset' ? 0 : random(model.versions.length);
      done.push(`${kind} ${m} ${model.current}`);
      await (kind === 'reset' ? api.reset(files[m]) : api.restore(files[m], model.current));
    } else if (kind === 'transaction') await transact();
    else if (kind === 'unmock') await unmock();
    else if (kind === 'service') {
      done.push('stop, start');
      await api.stop();
      await check();
      await api.start();
    } else if (random(4) === 0) {
      done.push('purge');
      await api.purge();
      for (const one of models) Object.assign(one, { versions: one.versions.slice(0, 1), current: 0 });
    }
  }

  async function check(): Promise<void> {
    for (const m of [0, 1]) {
      const { versions, current } = modelOf(m);
      const state = now(m);
      equal(api.version(files[m]).number, current, 'the number');
      equal(api.history(files[m]).length, versions.length, 'the history');
      const names = [
        ...(others[m] as string[]),
        ...Object.values(state).flatMap(({ exported }) => exported ?? []),
      ].sort();
      const exported = api.exports(files[m]).map((one: Any) => one.name);
      deepEqual(exported.sort(), names, 'the exports');
      const later = await load(files[m] as string);
      deepEqual(Object.keys(later).sort(), names, 'what later importers see');
      if (random(3) === 0) {
        const beside = await load(`${files[m]}?hotswap=${current}`).catch((error: Any) => error);
        if (beside instanceof Error)
          ok(/cannot be imported: values are bound .*mock/.test(beside.message), beside.message);
        else deepEqual(Object.keys(beside).sort(), names, 'the version beside it');
      }
      for (const [name, one] of Object.entries(state)) {
        const log: number[] = [];
        const gives = expected(state, name, log);
        const imported = one.exported === undefined ? undefined : later[one.exported];
        for (const f of new Set([held[m]?.[name], imported]))
          if (f !== undefined) deepEqual([await called(f), ...LOG], [gives, ...log], name);
        ok(api.code(`${files[m]}#${name}`), 'the code');
        (held[m] as Record<string, Any>)[name] ??= imported;
      }
      for (const [name, f] of Object.entries(held[m] as Record<string, Any>)) {
        if (state[name] === undefined && f !== undefined)
          equal(await called(f), 'ERR_HOTSWAP_REMOVED', `${name} is gone`);
      }
    }
  }

  try {
    for (let i = 0; i < steps; i++) {
      await step();
      await check();
    }
  } catch (error) {
    return { failed: String((error as Error).stack), done };
  }
  return {
    kept: models.map(({ versions, current }) => {
      let at = current;
      const isMocked = ({ layers }: Fn): boolean => layers.some(({ mock }) => mock !== undefined);
      while (Object.values(versions[at]?.state ?? {}).some(isMocked)) at = versions[at]?.parent ?? 0;
      return at;
    }),
  };
}

/** Runs in the next program on the same cache: every version of every module, in any order, does what an instance of its own does. */
async function revisit(load: Load, seed: number): Promise<unknown> {
  const api = await load('hotswap');
  (globalThis as Any).LOG = [];
  const files = ['./m0.js', './m1.js'];
  for (const file of files) await load(file);
  const random = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * n);
  };
  const outcome = async (namespace: Any): Promise<string> => {
    const all: Any[] = [];
    for (const name of Object.keys(namespace).sort()) {
      const isCalled = typeof namespace[name] === 'function' && name !== 'K';
      let given = isCalled ? namespace[name]() : undefined;
      if (given?.next !== undefined) given = given.next().value;
      all.push([name, typeof given === 'function' ? given() : await given]);
    }
    return JSON.stringify(all);
  };
  const kept = files.map((file) => api.version(file).number);
  const wrong: string[] = [];
  for (const file of files) {
    const numbers = api.history(file).map(({ number }: Any) => number);
    for (let i = 0; i < 30; i++) {
      const [from, number] = [api.version(file).number, numbers[random(numbers.length)]];
      // A mock is in no cache.
      const beside = await load(`${file}?hotswap=${number}`).catch((error: Error) => error);
      if (beside instanceof Error) continue;
      await api.restore(file, number);
      const [live, alone] = [await outcome(await load(file)), await outcome(beside)];
      if (live !== alone) wrong.push(`${file} ${from} to ${number}: ${live}, and alone ${alone}`);
    }
  }
  return { kept, wrong };
}

for (const [seed, env] of [
  [11, {}],
  [12, { HOTSWAP_CACHE_DIR: '' }],
  [13, {}],
] as const) {
  test(`edits at random, from seed ${seed}${'HOTSWAP_CACHE_DIR' in env ? ', in memory' : ', and again after a restart'}`, async () => {
    const app = program({
      'm0.js': M0,
      'm1.js': M1,
      'app.js': `console.log(JSON.stringify(await (${drive})((url) => import(url), ${seed}, 50)));`,
      'again.js': `console.log(JSON.stringify(await (${revisit})((url) => import(url), ${seed})));`,
    });
    try {
      const { failed, done, kept } = await app.json<{ failed?: string; done?: string[]; kept: number[] }>({
        env,
      });
      assert.is(failed, undefined, `${failed}\nafter\n${done?.join('\n')}`);
      if ('HOTSWAP_CACHE_DIR' in env) return;
      assert.equal(await app.json({ entry: 'again.js', env: { HOTSWAP_SILENT: '1' } }), { kept, wrong: [] });
    } finally {
      app.remove();
    }
  });
}

test.run();
