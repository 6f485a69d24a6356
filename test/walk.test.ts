// Saves by chance, each compared with a fresh import of the same text: constants, functions, classes, namespaces and statements, each of which
// logs what it saw when it was evaluated; saves that fail, and ways back, in between. A seed repeats a run.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';
import { randomFrom } from './random.ts';

// biome-ignore lint/suspicious/noExplicitAny: it runs in a program of its own
type Any = any;

/** Something that is evaluated: what it logs is told by its stamp, which no other has, and which it gets anew with each change. */
interface Piece {
  stamp: number;
  /** ids of the units that it reads */
  reads: string[];
  /** how it is written */
  form: number;
}

interface Unit extends Piece {
  id: string;
  kind: 'const' | 'derived' | 'function' | 'arrow' | 'class' | 'statement' | 'namespace';
  /** of a class, by name: static fields `s`, `t`, a method `m`, a getter `g`, a field `f`, and `x`, a static of three kinds */
  members: Record<string, Piece>;
}

interface State {
  units: Unit[];
  /** what `u.js` exports; the first two always, as a namespace keeps what it was loaded with */
  names: string[];
}

/** Runs in the program. @param modules `node:fs` and `hotswap` @returns what went wrong; undefined: nothing */
async function walk(
  { writeFileSync, hotswap }: Any,
  random: (below: number) => number,
  load: (url: string) => Promise<Any>,
  steps: number,
): Promise<Any> {
  const { reload, restore, transaction, version } = hotswap;
  let log: [number, string][] = [];
  (globalThis as Any).log = (stamp: number, ...values: unknown[]) => {
    log.push([stamp, JSON.stringify(values)]);
    return values.length === 1 ? values[0] : values;
  };
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  let stamps = 0;
  let ids = 0;

  // The text of a state.

  const isCalled = ({ kind }: Unit): boolean => kind === 'function' || kind === 'arrow';

  /** An expression that says what a unit is. */
  function reading({ id, kind, members }: Unit): string {
    if (kind === 'function' || kind === 'arrow') return `${id}()`;
    if (kind === 'namespace') return `Object.keys(${id}).join()`;
    if (kind !== 'class') return id;
    const ways: Record<string, string> = {
      s: `${id}.s`,
      t: `${id}.t`,
      m: `new ${id}().m()`,
      g: `new ${id}().g`,
      f: `new ${id}().f`,
    };
    ways.x = members.x?.form === 1 ? `${id}.x()` : `${id}.x`;
    const all = Object.keys(members).map((name) => ways[name]);
    return `[${[...all, `Object.getOwnPropertyNames(${id}.prototype).sort().join()`].join()}]`;
  }

  function textOf({ units }: State, u: string): string {
    const byId = new Map(units.map((unit) => [unit.id, unit]));
    const given = ({ stamp, reads }: Piece): string =>
      [stamp, ...reads.map((id) => reading(byId.get(id) as Unit))].join(', ');
    const classText = ({ id, form, members }: Unit): string => {
      const body = Object.entries(members).map(([name, one]) => {
        const values = given(one);
        if (name === 'm') return `m() { return [${values}]; }`;
        if (name === 'g') return `get g() { return [${values}]; }`;
        if (name === 'f') return `f = [${values}];`;
        if (name === 'x' && one.form === 1) return `static x() { return [${values}]; }`;
        return name === 'x' && one.form === 2 ? '' : `static ${name} = log(${values});`;
      });
      const whole = `{ ${body.join(' ')} }`;
      const text = [`class ${id} ${whole}`, `export class ${id} ${whole}`, `const ${id} = class ${whole};`][
        form % 3
      ];
      return members.x?.form === 2 ? `${text}\n${id}.x = log(${given(members.x)});` : `${text}`;
    };
    const texts: Record<Unit['kind'], (unit: Unit) => (string | undefined)[]> = {
      const: ({ id, stamp }) =>
        ['const', 'export const', 'let', 'var', 'export let'].map((word) => `${word} ${id} = ${stamp};`),
      derived: (one) => [
        `const ${one.id} = log(${given(one)});`,
        `export const ${one.id} = log(${given(one)});`,
        `let ${one.id} = log(${given(one)});`,
        `const { ${one.id} } = { ${one.id}: log(${given(one)}) };`,
        `const ${one.id} = await log(${given(one)});`,
      ],
      function: (one) => [`function ${one.id}() { return [${given(one)}]; }`],
      arrow: (one) => [`const ${one.id} = () => [${given(one)}];`],
      class: (one) => [classText(one)],
      statement: (one) => [
        `log(${given(one)});`,
        `for (const value of [${given(one)}]) log(${one.stamp}, value);`,
        `{ const all = [${given(one)}]; log(${one.stamp}, all); }`,
      ],
      namespace: ({ id }) => [`import * as ${id} from '${u}';`],
    };
    const lines = units.map((one) => {
      const forms = texts[one.kind](one);
      return forms[one.form % forms.length];
    });
    const values = units.filter(({ kind }) => kind !== 'statement').map(reading);
    return `${lines.join('\n')}\nexport function probe() { return JSON.stringify([${values.join(', ')}]); }\n`;
  }

  const exportsOf = ({ names }: State): string =>
    names.map((name) => `export const ${name} = () => '${name}';`).join('\n');

  // Changes of a state.

  /** What a unit at a place may read: values above it, and functions, which only other kinds of units call before they stand. */
  function readsAt(units: readonly Unit[], at: number): string[] {
    const own = units[at] as Unit;
    const above = units.filter(
      (one, i) =>
        one !== own &&
        one.kind !== 'statement' &&
        (i < at || (one.kind === 'function' && own.kind !== 'function')),
    );
    return above.length === 0 ? [] : Array.from({ length: random(3) }, () => pick(above).id);
  }

  function newUnit(
    kind = pick([
      'const',
      'const',
      'derived',
      'derived',
      'function',
      'arrow',
      'class',
      'statement',
      'statement',
      'namespace',
    ] as const),
  ): Unit {
    const unit: Unit = {
      id: `${kind.charAt(0).toUpperCase()}${ids++}`,
      kind,
      stamp: ++stamps,
      reads: [],
      form: random(5),
      members: {},
    };
    if (kind === 'class') for (let i = 0; i < 4; i++) changeMember(unit);
    return unit;
  }

  function changeMember({ members }: Unit): void {
    const name = pick(['s', 't', 'm', 'g', 'f', 'x']);
    if (members[name] !== undefined && random(2) === 0) delete members[name];
    else members[name] = { stamp: ++stamps, reads: [], form: random(3) };
  }

  function change(before: State): State {
    const after = structuredClone(before);
    const { units, names } = after;
    for (let n = 1 + random(4); n > 0; n--) {
      const at = random(units.length);
      const one = units[at] as Unit;
      const what = random(11);
      if (what < 2 && units.length < 16) {
        units.splice(at, 0, newUnit());
        for (const piece of piecesOf(units[at] as Unit)) piece.reads = readsAt(units, at);
      } else if (what === 2 && units.length > 4) units.splice(at, 1);
      else if (what === 3) units.splice(random(units.length), 0, ...units.splice(at, 1));
      else if (what < 6 && one.kind === 'class') changeMember(one);
      else if (what < 8) {
        const pieces =
          one.kind === 'class' ? Object.values(one.members).filter(() => random(2) === 0) : [one];
        for (const piece of pieces) Object.assign(piece, { stamp: ++stamps, reads: readsAt(units, at) });
      } else if (what < 10 && one.kind !== 'class') Object.assign(one, { form: random(5), stamp: ++stamps });
      else if (names.length > 2 && random(2) === 0) names.splice(2 + random(names.length - 2), 1);
      else if (names.length < 5) names.push(`e${ids++}`);
    }
    followed(before, after);
    return after;
  }

  function piecesOf(unit: Unit): Piece[] {
    return [unit, ...Object.values(unit.members)];
  }

  /** Gives a stamp to all that is made of what changes: a save makes nothing anew that says the same. */
  function followed(before: State, after: State): void {
    const { units } = after;
    const all = new Set(units.map(({ id }) => id));
    const was = new Map(before.units.map((one) => [one.id, JSON.stringify(one)]));
    for (const unit of units)
      for (const piece of piecesOf(unit)) {
        const { kind } = unit;
        piece.reads = kind === 'const' || kind === 'namespace' ? [] : piece.reads.filter((id) => all.has(id));
      }
    const isOther = String(before.names) !== String(after.names);
    const changed = new Set(
      units
        .filter((one) => was.get(one.id) !== JSON.stringify(one) || (isOther && one.kind === 'namespace'))
        .map(({ id }) => id),
    );
    const stamped = new Set<Piece>();
    for (let size = -1; size !== changed.size; ) {
      size = changed.size;
      for (const unit of units)
        for (const piece of piecesOf(unit)) {
          if (stamped.has(piece) || !piece.reads.some((id) => changed.has(id))) continue;
          stamped.add(piece);
          changed.add(unit.id);
          const isCode = isCalled(unit) || piece === unit.members.m || piece === unit.members.g;
          if (!isCode && !(piece === unit.members.x && piece.form === 1)) piece.stamp = ++stamps;
        }
    }
  }

  // The program, and a fresh one.

  let imports = 0;
  async function fresh(state: State): Promise<{ log: typeof log; probe: string }> {
    const number = ++imports;
    writeFileSync('fresh-u.js', exportsOf(state));
    writeFileSync('fresh.js', textOf(state, `./fresh-u.js?${number}`));
    log = [];
    const { probe } = await load(`./fresh.js?${number}`);
    return { log, probe: probe() };
  }

  function save(state: State, text = textOf(state, './u.js')): Promise<Any> {
    writeFileSync('u.js', exportsOf(state));
    writeFileSync('m.js', text);
    log = [];
    return transaction(async () => {
      for (const file of ['./u.js', './m.js']) await reload(file);
    });
  }

  const trail: string[] = [];
  const numbers = (): [number, number] => [version('./u.js').number, version('./m.js').number];
  let state: State = {
    units: (['const', 'const', 'function', 'class', 'namespace', 'statement'] as const).map((kind) =>
      newUnit(kind),
    ),
    names: ['e', 'f'],
  };
  writeFileSync('u.js', exportsOf(state));
  writeFileSync('m.js', textOf(state, './u.js'));
  const m = await load('./m.js');
  const look = (): string => {
    try {
      return m.probe();
    } catch (error) {
      return String(error);
    }
  };
  const known = new Map([[String(numbers()), state]]);
  const wrong = (what: string, seen: unknown): Any => ({ what, seen, trail: trail.slice(-3) });
  /** what statements did stays done (`C.x = …`), so that a text with them says no more what is */
  const hasGiven = (text: string): boolean => /\.x = log/.test(text);
  const renew = ({ units }: State): void => {
    for (const { members } of units) if (members.x?.form === 2) members.x.stamp = ++stamps;
  };

  for (let done = 0; done < steps; ) {
    if (random(6) === 0) {
      const [key, to] = pick([...known]);
      if (key === String(numbers())) continue;
      const [u, at] = key.split(',').map(Number);
      trail.push(`back to ${key}\n${textOf(to, './u.js')}`);
      await transaction(async () => {
        await restore('./u.js', u);
        await restore('./m.js', at);
      });
      const { probe } = await fresh(to);
      if (!hasGiven(textOf(to, '')) && look() !== probe) return wrong('a way back', { live: look(), probe });
      state = structuredClone(to);
      renew(state);
      followed(to, state);
      done++;
      continue;
    }
    const after = change(state);
    const text = textOf(after, './u.js');
    const stampsBefore = new Set(
      textOf(known.get(String(numbers())) as State, '')
        .match(/\d+/g)
        ?.map(Number),
    );
    if (text === textOf(state, './u.js') && exportsOf(after) === exportsOf(state)) continue;
    const expected = await fresh(after).catch(() => undefined); // what stands in its dead zone, or has no value yet
    if (expected === undefined || /null/.test(JSON.stringify(expected))) continue;
    if (random(5) === 0) {
      const lines = text.split('\n');
      lines.splice(random(lines.length - 1), 0, "throw new Error('on purpose');");
      trail.push(`fails\n${lines.join('\n')}`);
      const before = [look(), ...numbers()];
      const error = await save(after, lines.join('\n')).catch((one: Error) => one);
      if (!/on purpose/.test(error?.message)) return wrong('a save that fails', String(error?.stack));
      if (hasGiven(text)) renew(state);
      else if (String([look(), ...numbers()]) !== String(before))
        return wrong('nothing is to change', [before, look()]);
      if (hasGiven(text) || random(2) === 0) continue;
    }
    trail.push(text);
    try {
      await save(after);
    } catch (error) {
      return wrong('a save that is refused', (error as Error).stack);
    }
    const own = (all: typeof log): string =>
      JSON.stringify(all.filter(([stamp]) => !stampsBefore.has(stamp)));
    if (own(log) !== own(expected.log))
      return wrong('what is evaluated', { live: own(log), fresh: own(expected.log) });
    if (look() !== expected.probe) return wrong('what is there', { live: look(), fresh: expected.probe });
    state = after;
    known.set(String(numbers()), state);
    done++;
  }
  return undefined;
}

for (const seed of [1, 2, 3, 4])
  test(`saves are what a fresh start is, in the order of their texts, from seed ${seed}`, async () => {
    const made = program({
      'app.js': `import { writeFileSync } from 'node:fs';
import * as hotswap from 'hotswap';
${randomFrom}
const next = randomFrom(${Number(process.env.SEED ?? seed)});
const found = await (${walk})({ writeFileSync, hotswap }, (below) => Math.floor(next() * below), (url) => import(url), ${Number(process.env.STEPS ?? 60)});
console.log(JSON.stringify(found ?? 'as a fresh start'));`,
    });
    const found = await made.json<Any>({ env: { HOTSWAP_CACHE_DIR: '' } });
    const { what, seen, trail = [] } = found;
    assert.is(
      typeof found,
      'string',
      `${what}: ${JSON.stringify(seen, null, 1)}\nafter\n${trail.join('\n---\n')}`,
    );
    made.remove();
  });

test.run();
