/**
 * What the optimised code of a hot function has of its patch point: nothing. No clock is read; V8 is asked (`--allow-natives-syntax`).
 *
 * Two kinds of evidence. (a) The probe: a plain assignment to the cell deoptimises the code at once. Code that took the cell
 * for a constant must go then. An edit through the API would prove nothing: it deletes the cell, and code that reads a
 * configurable global depends on its not being deleted, whether or not it is constant (V8: `ReduceGlobalAccess` in
 * js-native-context-specialization.cc). An assignment makes code invalid only where it changes the cell's type, undefined →
 * constant → constant type → mutable (`PropertyCell::UpdatedType` in objects.cc), and only code for the first two was compiled
 * without reading it. A cell of constant type is read, although code depends on it; therefore the probe gives a cell that
 * holds a function another one of the same shape, which changes the type of a constant and not that one's. Cells of both
 * kinds that are read are made here as well, and there the probe must not deoptimise.
 * (b) The code itself: release builds of Node have V8's disassembler (`--print-opt-code`). Code that reads a cell names it; code
 * without a check has no more branches than what plain Node makes of the same function.
 */
import { readdirSync, rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

interface Kind {
  /** a module; TAG becomes a number by which its function is found in V8's output */
  code: string;
  /** path of the function whose cell is written */
  path: string;
  /** expressions of the module `m`: the function that is optimised, a call of it, and that with the cell where it is another */
  fn: string;
  call: string;
  hot?: string;
  /** how many more branches there may be than in plain Node, and why, as none of them is a check */
  more?: [branches: number, why: string];
}

const F = { path: 'f', fn: 'm.f', call: 'm.f(3, 4)' };
const INSTANCE = 'export const o = new C(5);';

const KINDS: Record<string, Kind> = {
  declaration: { ...F, code: 'export function f(a, b) { return a * b + TAG; }' },
  'function expression': { ...F, code: 'export const f = function (a, b) { return a * b + TAG; };' },
  'function expression with a name': {
    ...F,
    code: 'export const f = function own(a, b) { return a * b + TAG; };',
  },
  'arrow with an expression': { ...F, code: 'export const f = (a, b) => a * b + TAG;' },
  'arrow with a block': { ...F, code: 'export const f = (a, b) => { const c = a * b; return c + TAG; };' },
  'arrow with one bare parameter': { ...F, code: 'export const f = a => a + TAG;' },
  'arrow with a default': {
    ...F,
    code: 'export const f = (a, b = 2) => a * b + TAG;',
    more: [1, 'undefined is told apart twice'],
  },
  'arrow with a pattern': {
    ...F,
    code: 'export const f = ({ a, b }) => a * b + TAG;',
    call: 'm.f({ a: 3, b: 4 })',
    more: [2, 'null and undefined are told apart before the pattern is taken from them'],
  },
  'arrow with a rest parameter': { ...F, code: 'export const f = (a, ...b) => a * b.length + TAG;' },
  'function with a default that runs code': {
    ...F,
    code: 'const two = () => 2; export function f(a, b = two()) { return a * b + TAG; }',
    more: [1, 'undefined is told apart twice'],
  },
  method: {
    code: `export class C { constructor(n) { this.n = n; } go(a, b) { return a * b + this.n + TAG; } } ${INSTANCE}`,
    path: 'C.prototype.go',
    fn: 'm.o.go',
    call: 'm.o.go(3, 4)',
  },
  getter: {
    code: `export class C { constructor(n) { this.n = n; } get twice() { return this.n * 2 + TAG; } } ${INSTANCE}`,
    path: 'C.prototype.get twice',
    fn: 'Object.getOwnPropertyDescriptor(m.C.prototype, "twice").get',
    call: 'm.o.twice',
  },
  setter: {
    code: `export class C { constructor(n) { this.n = n; } set twice(v) { this.n = v * 2 + TAG; } } ${INSTANCE}`,
    path: 'C.prototype.set twice',
    fn: 'Object.getOwnPropertyDescriptor(m.C.prototype, "twice").set',
    call: '(m.o.twice = 3)',
  },
  'static method': {
    code: 'export class C { static of(a, b) { return a * b + TAG; } }',
    path: 'C.of',
    fn: 'm.C.of',
    call: 'm.C.of(3, 4)',
  },
  '#private method': {
    code: `export class C { #go(a, b) { return a * b + TAG; } hand() { return this.#go; } } ${INSTANCE.replace('5', '')} export const go = o.hand();`,
    path: 'C.prototype.#go',
    fn: 'm.go',
    call: 'm.go.call(m.o, 3, 4)',
  },
  constructor: {
    code: 'export class C { constructor(a, b) { this.a = a * b + TAG; this.b = b; } }',
    path: 'C.prototype.constructor',
    fn: 'm.C',
    call: 'new m.C(3, 4)',
  },
  'derived constructor': {
    code: 'class B { n = 1; }\nexport class C extends B { constructor(a, b) { super(); this.a = a * b + TAG; } }',
    path: 'C.prototype.constructor',
    fn: 'm.C',
    call: 'new m.C(3, 4)',
  },
  "object literal's method": {
    code: 'export const table = { go(a, b) { return a * b + TAG; } };',
    path: 'table.go',
    fn: 'm.table.go',
    call: 'm.table.go(3, 4)',
  },
  generator: {
    ...F,
    code: 'export function* f(a, b) { yield a * b + TAG; }',
    call: 'm.f(3, 4).next()',
    more: [
      Infinity,
      'what follows a yield* that is resumed is compiled, although nothing can have come there',
    ],
  },
  'async function': { ...F, code: 'export async function f(a, b) { return a * b + TAG; }' },
  'async arrow': { ...F, code: 'export const f = async (a, b) => a * b + TAG;' },
  'async generator': {
    ...F,
    code: 'export async function* f(a, b) { yield a * b + TAG; }',
    call: 'm.f(3, 4).next()',
    more: [Infinity, 'as in a generator'],
  },
  'closure that writes what it captured': {
    code: 'export function make(n) { let calls = 0; return (a, b) => { calls++; return a * b + n + TAG; }; }\nexport const f = make(5);',
    path: 'make > return',
    fn: 'm.f',
    call: 'm.f(3, 4)',
  },
  'function inside another': {
    code: 'export function make(n) { const k = n * 2; return function (a, b) { return a * b + k + TAG; }; }\nexport const f = make(5);',
    path: 'make > return',
    fn: 'm.f',
    call: 'm.f(3, 4)',
  },
  'inline callback': {
    code: 'const routes = new Map();\nroutes.set(1, (a, b) => a * b + TAG);\nexport const f = routes.get(1);',
    path: 'routes.set(1)[1]',
    fn: 'm.f',
    call: 'm.f(3, 4)',
  },
  'function in a default parameter': {
    code: 'export function make(a, f = (x, y) => x * y + TAG) { return f; }\nexport const f = make(1);',
    path: 'make > f',
    fn: 'm.f',
    call: 'm.f(3, 4)',
  },
  'caller that a hot function is inlined into': {
    code: 'export function inner(a, b) { return a * b; }\nexport function f(a, b) { return inner(a, b) + TAG; }',
    path: 'inner',
    fn: 'm.f',
    call: 'm.f(3, 4)',
    hot: 'm.inner',
  },
};

const NAMES = Object.keys(KINDS);
const tagOf = (name: string): number => 700_100 + NAMES.indexOf(name);

/** Whether the function had optimised code: as soon as that was made, after many calls, after one write of its cell. */
interface Answers {
  unedited: boolean[];
  mutable: boolean[];
  swapped: boolean[];
  constantType: boolean[];
  rolledBack: boolean[];
  edited: boolean[];
}

const EXPECTED: Answers = {
  unedited: [true, true, false],
  mutable: [true, true, true],
  swapped: [true, true, false],
  constantType: [true, true, true],
  rolledBack: [true, true, false],
  edited: [true, true, false],
};

// biome-ignore lint/suspicious/noExplicitAny: functions of every kind, and all of hotswap
type Any = any;
type Run = { path: string; module: string; fn: Any; hot: Any; call: () => unknown; cell: string | undefined };

/** Runs in the program, as text: it may use nothing from here. @param api hotswap; undefined: plain Node, where there are no cells */
async function drive(kinds: Run[], api: Any, { setFlagsFromString }: Any): Promise<Partial<Answers>[]> {
  const native = (name: string): Any => new Function('f', `return %${name}(f)`);
  const prepare = native('PrepareFunctionForOptimization');
  const optimise = native('OptimizeFunctionOnNextCall');
  // Not GetOptimizationStatus, whose bits have moved from one V8 to the next.
  const isOptimised = native('ActiveTierIsTurbofan');
  const cells = globalThis as Any;
  // Or it would have the function inlined, which then is not called at all.
  for (const { call } of kinds) native('NeverOptimizeFunction')(call);
  const answers: Partial<Answers>[] = kinds.map(() => ({}));

  /** Makes optimised code of each, which V8 prints or does not, then asks each. */
  const round = (
    key: keyof Answers,
    times: number,
    prints: boolean,
    write?: (run: Run, i: number) => void,
  ): void => {
    setFlagsFromString(prints ? '--print-opt-code' : '--no-print-opt-code');
    kinds.forEach(({ fn, hot, call }, i) => {
      prepare(fn);
      prepare(hot);
      for (let k = 0; k < 3; k++) call();
      optimise(fn);
      call();
      (answers[i] as Answers)[key] = [isOptimised(fn)];
    });
    setFlagsFromString('--no-print-opt-code');
    kinds.forEach((run, i) => {
      for (let k = 0; k < times; k++) run.call();
      const answer = (answers[i] as Answers)[key];
      answer.push(isOptimised(run.fn));
      if (write === undefined) return;
      write(run, i);
      answer.push(isOptimised(run.fn));
    });
  };
  const assign = ({ cell, path }: Run, value: unknown): void => {
    if (cell === undefined) throw new Error(`no cell is named in the text of ${path}`);
    const gate = cell.replace(/\d+$/, '');
    cells[cells[gate] === true ? cell : gate] = value;
  };
  const values = (): Any[] => kinds.map(({ cell }) => cells[cell as string]);
  const edit = (text: string): Promise<unknown> =>
    api.transaction(async () => {
      for (const { module, path } of kinds) await api.inject(`${module}#${path}`, `() => { ${text} }`);
    });
  const undo = (n: number): Promise<unknown> =>
    api.transaction(async () => {
      for (const { module } of kinds) await api.rollback(module, n);
    });

  if (api === undefined) {
    round('unedited', 300, true);
    return answers;
  }
  round('unedited', 300, true, (run) => assign(run, () => {}));

  for (const run of kinds) for (const value of [{}, 1, undefined]) assign(run, value);
  round('mutable', 300, true, (run) => assign(run, 0));

  await edit('0');
  await edit('1');
  const former = values();
  await edit('2');
  const latter = values();
  round('swapped', 0, false, (run, i) => assign(run, former[i]));
  round('constantType', 0, false, (run, i) => assign(run, latter[i]));

  await undo(2);
  await undo(1);
  round('rolledBack', 300, true, (run) => assign(run, () => {}));

  await edit('3');
  await undo(1);
  round('edited', 300, false);
  await edit('4');
  kinds.forEach(({ fn }, i) => void answers[i]?.edited?.push(isOptimised(fn)));
  return answers;
}

/** The program: the same with and without the hooks. */
function files(): Record<string, string> {
  const made: Record<string, string> = {};
  const runs = NAMES.map((name, i) => {
    const { code, path, fn, call, hot = fn } = KINDS[name] as Kind;
    made[`k${i}.js`] = code.replace('TAG', String(tagOf(name)));
    return `await import('./k${i}.js').then((m) => ({ module: './k${i}.js', path: ${JSON.stringify(path)}, fn: ${fn}, hot: ${hot}, call: () => ${call}, cell: /hs\\$\\w+\\$\\d+/.exec(globalThis[Symbol.for("hotswap")]?.toStringOfV8.call(${hot}))?.[0] }))`;
  });
  made['app.js'] = `import v8 from 'node:v8';
const api = process.argv[2] === 'hot' ? await import('hotswap') : undefined;
const kinds = [${runs.join(',\n')}];
console.log(JSON.stringify(await (${drive})(kinds, api, v8)));`;
  return made;
}

interface Code {
  /** V8's names of objects that the code holds are in there */
  text: string;
  /** how many of its instructions decide where to go on */
  branches: number;
}

/** After address, offset and bytes: a conditional jump of x64, of arm64. */
const BRANCH = /^0x\S+ +\S+ +\S+ +(?:j(?!mp)[a-z]+|b\.[a-z]+|cbn?z|tbn?z) /;

/** The code that V8 printed, by the number in the function's text, in the order in which it was made. */
function codes(printed: string): Map<number, Code[]> {
  const found = new Map<number, Code[]>();
  for (const block of printed.split('--- Raw source ---').slice(1)) {
    const [source = '', rest = ''] = block.split('--- Optimized code ---');
    const tag = Number(/\b7001\d\d\b/.exec(source)?.[0]);
    const text = /^Instructions [^\n]*\n([\s\S]*?)\r?\n\r?\n/m.exec(rest)?.[1];
    if (Number.isNaN(tag) || text === undefined) continue;
    const branches = text.split('\n').filter((line) => BRANCH.test(line)).length;
    found.set(tag, [...(found.get(tag) ?? []), { text, branches }]);
  }
  return found;
}

const answers: Record<string, Partial<Answers>> = {};
let plain: Map<number, Code[]>;
let hot: Map<number, Code[]>;

// A test, as uvu does not say what fails before the first.
test('every kind is optimised, with the hooks and without', async () => {
  const app = program(files());
  const run = async (isHot: boolean) => {
    // To files, one an isolate: on a pipe V8 loses lines.
    const flags = ['--allow-natives-syntax', '--redirect-code-traces'];
    const env = { HOTSWAP_CACHE_DIR: '', HOTSWAP_SILENT: '1' };
    const args = isHot ? ['hot'] : [];
    const answers = await app.json<Partial<Answers>[]>({ hot: isHot, flags, env, args });
    const printed = readdirSync(app.dir).filter((name) => name.endsWith('.asm'));
    const texts = printed.map((name) => app.read(name));
    for (const name of printed) rmSync(app.file(name));
    return { answers, code: codes(texts.join('\n')) };
  };
  try {
    let hooked = await run(true);
    // Once in some 400 runs V8 does not inline a callee, and its cell is none of the caller's then. A check would be there each time.
    const isOdd = (answer: Partial<Answers>) => JSON.stringify(answer) !== JSON.stringify(EXPECTED);
    for (let i = 0; i < 2 && hooked.answers.some(isOdd); i++) hooked = await run(true);
    const bare = await run(false);
    NAMES.forEach((name, i) => Object.assign((answers[name] = {}), hooked.answers[i]));
    hot = hooked.code;
    plain = bare.code;
    for (const [i, name] of NAMES.entries())
      assert.equal(bare.answers[i], { unedited: [true, true] }, `${name}, in plain Node`);
  } finally {
    app.remove();
  }
});

for (const name of NAMES) {
  test(`${name}: no check in optimised code`, () => {
    assert.equal(answers[name], EXPECTED);
  });

  test(`${name}: the instructions`, () => {
    // Somebody's own build of Node may have no disassembler; those of nodejs.org have one.
    if (plain.size + hot.size === 0) return;
    const [unedited, mutable, rolledBack, ...rest] = hot.get(tagOf(name)) ?? [];
    const [usual] = plain.get(tagOf(name)) ?? [];
    if (!unedited || !usual) throw new Error('V8 has not printed its code');
    const cell = /PropertyCell name=[^>]*hs\$/;
    assert.not.match(unedited.text, cell);
    if (!mutable || !rolledBack || rest.length > 0)
      throw new Error(`V8 made code for it ${hot.get(tagOf(name))?.length} times, not 3`);
    assert.not.match(rolledBack.text, cell);
    assert.match(mutable.text, cell);
    const [more] = KINDS[name]?.more ?? [0];
    if (more === Infinity) return;
    for (const { branches } of [unedited, rolledBack])
      assert.ok(branches <= usual.branches + more, `${branches} branches, in plain Node ${usual.branches}`);
    assert.ok(mutable.branches > usual.branches + more, 'a check would not be seen');
  });
}

test.run();
