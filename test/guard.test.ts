// The start guard: versions that end their program at its start, and the starts after that. Versions are written to a cache as an edit
// would write them, so that any text can be one.
import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModuleLog } from '../cache/log.ts';
import { putObject, sha256 } from '../cache/objects.ts';
import { type Outcome, type Program, program, type RunOptions } from './program.ts';
import { randomFrom } from './random.ts';

const CACHE = 'node_modules/.cache/hotswap';
const M = 'export const f = () => 0;\nexport const g = () => 1;\n';
const APP = `import { f } from './m.js';\nconsole.log('up', f());\nsetTimeout(() => console.log('still up'), 150);\n`;

/** Makes a text the newest version of a module, as an edit of the one before would. */
function version(made: Program, text: string, name = 'm.js'): void {
  const log = new ModuleLog(made.file(CACHE), made.url(name));
  const base = sha256(made.read(name));
  const id = putObject(made.file(CACHE), text, '.js').id;
  putObject(made.file(CACHE), made.read(name), '.js');
  const parent = log.era(base).current;
  log.appendVersion(base, { id, parent, at: Date.now(), summary: '~f', kept: true });
}

/** How a start ended, what it printed, and what it said of versions that are set aside. */
async function start(
  made: Program,
  options: RunOptions = {},
): Promise<[end: number | string | null, out: string, aside: string[]]> {
  const { stdout, stderr, code, signal } = await made.run(options);
  return [code ?? signal, stdout.trim().replaceAll('\n', ', '), asideIn({ stderr })];
}

/** e.g. `m.js 3, 2 -> 1: the program ended with "Error: boom"` */
function asideIn({ stderr }: Pick<Outcome, 'stderr'>): string[] {
  const line =
    /^hotswap: .*\/([\w.]+): versions? ([\d, ]+) (?:is|are) set aside, as (.*); (?:version (\d+)|the file) runs?\. await restore\(".*\/\1", (\d+)\) brings it back$/gm;
  return [...stderr.matchAll(line)].map(
    ([, file, numbers, why, other]) =>
      `${file} ${numbers} -> ${other ?? 0}: ${why?.replace(/[\d.]+ m?s after its start /, '')}`,
  );
}

/** Notes that are left of starts. */
function notes(made: Program): string[] {
  return made.exists(`${CACHE}/starts`)
    ? readdirSync(made.file(`${CACHE}/starts`)).filter((name) => name !== 'health')
    : [];
}

/** A program that is killed after eleven seconds, which the others need not wait for. */
const long = program({
  'm.js': M,
  'app.js': `import { f } from './m.js'; setTimeout(() => process.kill(process.pid, 'SIGKILL'), 11_000); console.log(f(), process.listenerCount('SIGTERM'), process.listenerCount('exit')); setTimeout(() => console.log(process.listenerCount('SIGTERM'), process.listenerCount('exit')), 10_500);`,
});
version(long, M.replace('0', '1'));
const longEnd = start(long);

/** What a version does at its start, and what is said of it. */
const CRASHES: Record<string, [text: string, why: string]> = {
  'it throws at the top level': ['throw new Error("boom")', 'the program ended with "Error: boom"'],
  'it throws after an await': [
    'await null; throw new TypeError("boom")',
    'the program ended with "TypeError: boom"',
  ],
  'it throws in a timer': [
    'setTimeout(() => { throw new Error("late") }, 20)',
    'the program ended with "Error: late"',
  ],
  'it rejects a promise': ['Promise.reject(new Error("no"))', 'the program ended with "Error: no"'],
  'it throws what is no error': ['throw null', 'the program ended with "null"'],
  'it ends the program': ['process.exit(3)', 'the program ended with exit code 3'],
  'it ends the program later': [
    'setTimeout(() => process.exit(3), 20)',
    'the program ended with exit code 3',
  ],
  'it sets an exit code': ['process.exitCode = 4', 'the program ended with exit code 4'],
  'it kills the program': [
    'process.kill(process.pid, "SIGKILL")',
    'the program was killed, or crashed, less than ten seconds after its start',
  ],
  'it aborts': [
    'process.abort()',
    'the program was killed, or crashed, less than ten seconds after its start',
  ],
  'it ends by a fault of memory': [
    'process.kill(process.pid, "SIGSEGV")',
    'the program was killed, or crashed, less than ten seconds after its start',
  ],
  'it waits for ever': ['await new Promise(() => {})', 'the program ended with exit code 13'],
};

for (const [name, [text, why]] of Object.entries(CRASHES)) {
  test(`a version is set aside at the next start: ${name}`, async () => {
    const made = program({ 'm.js': M, 'app.js': APP });
    version(made, M.replace('0', '1'));
    version(made, `${M.replace('0', '2')}${text};\n`);
    const first = await made.run();
    assert.ok((first.code ?? first.signal) !== 0, first.stderr);
    assert.match(first.stderr, /runs version 2 /);
    assert.equal(await start(made), [0, 'up 1, still up', [`m.js 2 -> 1: ${why}`]]);
    assert.equal(notes(made), []);
    made.remove();
  });
}

test('versions are set aside one after the other, until one is healthy; the others are said in one line', async () => {
  const made = program({ 'm.js': M, 'app.js': APP });
  for (const n of [1, 2, 3]) version(made, `${M.replace('0', `${n}`)}${n === 1 ? '' : `throw ${n};`}\n`);
  const ends = [];
  for (let i = 0; i < 4; i++) ends.push(await start(made));
  assert.equal(ends, [
    [1, '', []],
    [1, '', ['m.js 3 -> 2: the program ended with "3"']],
    [0, 'up 1, still up', ['m.js 3, 2 -> 1: the program ended with "3"']],
    [0, 'up 1, still up', ['m.js 3, 2 -> 1: the program ended with "3"']],
  ]);
  made.remove();
});

test('a text that does not parse or cannot be linked is set aside within the same start: nothing of the program has run', async () => {
  const made = program({
    'm.js': M,
    'n.js': 'export const n = 1;\n',
    'all.js': `export * from './m.js';\nexport { n as k } from './n.js';\n`,
    'user.js': `console.log('runs');\nimport { g } from './all.js';\nexport const u = g;\n`,
    'app.js': `import { k } from './all.js'; import './o.js'; import { u } from './user.js'; console.log('up', u(), k);`,
    'o.js': 'export const o = 1;\n',
    'p.js': 'export const p = 1;\n',
  });
  version(made, M.replace('1', '5'));
  version(made, 'export const f = () => 0;\n');
  version(made, 'export const n = ;', 'n.js');
  version(made, `import { q } from './p.js';\nexport const o = q;\n`, 'o.js');
  version(made, `import './gone.js';\nexport const o = q;\n`, 'o.js');
  const asides = [
    'm.js 2 -> 1: USER imports "g", which it does not export',
    'n.js 1 -> 0: it does not parse',
    'o.js 2, 1 -> 0: it imports ./gone.js, which is not there',
  ];
  for (const more of [[], []]) {
    const [code, out, said] = await start(made);
    assert.equal(
      [code, out, said.map((line) => line.replace(/\/.*user\.js:2/, 'USER')).sort()],
      [0, 'runs, up 5 1', [...asides, ...more]],
    );
  }
  made.remove();
});

test('an export that others need and that cannot be looked for before: the next start', async () => {
  const made = program({ 'm.js': M, 'app.js': `import { g } from '#m'; console.log('up', g());` });
  made.write('package.json', '{ "type": "module", "imports": { "#m": "./m.js" } }');
  version(made, 'export const f = () => 0;\n');
  assert.equal(await start(made), [1, '', []]);
  const why = `the program ended with "SyntaxError: The requested module '#m' does not provide an export named 'g'"`;
  assert.equal(await start(made), [0, 'up 1', [`m.js 1 -> 0: ${why}`]]);
  made.remove();
});

test('what is set aside is in history() and status(); reapply() leaves it, restore() brings it back, and so does making it anew', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import { f } from './m.js'; import * as h from 'hotswap';
if (process.env.DO) console.log(JSON.stringify(await eval('(async () => { ' + process.env.DO + ' })()')));`,
  });
  const bad = `${M.replace('0', '2')}if (!process.env.FINE) throw new Error('boom');\n`;
  version(made, M.replace('0', '1'));
  version(made, bad);
  assert.is((await start(made))[0], 1);
  const seen = async (script: string, FINE = ''): Promise<unknown> =>
    made.json({ env: { DO: script, FINE } });
  const about = `h.history('./m.js').map((one) => one.setAside?.replace(/\\d+/, 'N') ?? ''), h.status().setAside.map(({ module, number, at }) => [module.slice(-4), number, at instanceof Date])`;
  const why = 'the program ended N ms after its start with "Error: boom"';
  assert.equal(await seen(`return [f(), ${about}, await h.reapply(), f()]`), [
    1,
    ['', '', why],
    [['m.js', 2, true]],
    [],
    1,
  ]);
  // Another edit is made of what runs; the one that is set aside stays so.
  assert.equal(
    await seen(
      `const { parent, number } = await h.rewrite(f, '() => 3'); return [parent, number, (await h.rollback('./m.js')).number]`,
    ),
    [1, 3, 1],
  );
  assert.equal(await seen(`return [f(), (await h.restore('./m.js', 2)).number, ${about}]`, '1'), [
    1,
    2,
    ['', '', '', ''],
    [],
  ]);
  assert.equal(await start(made), [1, '', []]);
  assert.equal(await start(made), [0, '', ['m.js 2 -> 1: the program ended with "Error: boom"']]);
  // Made anew, it is a version like others.
  made.write('text', bad);
  assert.equal(
    await seen(
      `const { readFileSync, writeFileSync } = await import('node:fs'); const was = readFileSync('m.js'); writeFileSync('m.js', readFileSync('text')); const { number } = await h.reload('./m.js'); writeFileSync('m.js', was); return [number, h.status().setAside.length]`,
      '1',
    ),
    [4, 0],
  );
  made.remove();
});

test('a program that ends with 0 at once is healthy; what was healthy once is never set aside in that program', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import { f } from './m.js'; if (process.argv[2] === 'now') process.exit(0); if (process.argv[2]) throw new Error('for another reason'); console.log(f());`,
  });
  version(made, M.replace('0', '1'));
  for (const args of [['now'], ['fail'], ['fail'], []])
    assert.equal(
      await start(made, { args }),
      args.length === 0 ? [0, '1', []] : [args[0] === 'now' ? 0 : 1, '', []],
    );
  assert.equal(notes(made), []);
  made.remove();
});

test('a program that ends without its versions in the same way: they run again, and that end is laid to them no more', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import { f } from './m.js'; console.log(f()); process.exit(process.env.FINE ? 0 : 7);`,
  });
  version(made, M.replace('0', '1'));
  version(made, M.replace('0', '2'));
  const outs = [];
  for (let i = 0; i < 6; i++) outs.push((await start(made)).slice(0, 2).join(' '));
  assert.equal(outs, ['7 2', '7 1', '7 0', '7 2', '7 2', '7 2']);
  assert.equal(await start(made, { env: { FINE: '1' } }), [0, '2', []]);
  made.remove();
});

test('a port in use at the first of two starts is no fault of a version; at the second it is', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import { f } from './m.js'; import { createServer } from 'node:net'; console.log(f()); if (process.argv[2]) { const first = createServer().listen(0, () => createServer().listen(first.address().port)); }`,
  });
  version(made, M.replace('0', '1'));
  assert.equal(await start(made, { args: ['busy'] }), [1, '1', []]);
  assert.equal(await start(made), [0, '1', []]);
  version(made, M.replace('0', '2'));
  for (const out of ['2', '2']) assert.equal(await start(made, { args: ['busy'] }), [1, out, []]);
  assert.is((await start(made))[1], '1');
  made.remove();
});

test('a signal in the first second is no crash, whether the program hears it or not', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import { f } from './m.js'; if (process.argv[2]) process.on(process.argv[2], () => process.exit(9)); setInterval(() => {}, 1000); console.log(f(), process.pid);`,
  });
  version(made, M.replace('0', '1'));
  for (const [signal, ...args] of [['SIGINT'], ['SIGTERM'], ['SIGHUP'], ['SIGTERM', 'SIGTERM']] as [
    NodeJS.Signals,
    ...string[],
  ][]) {
    const child = made.start({ args });
    const out = await new Promise<string>((resolve) =>
      child.stdout?.once('data', (data) => resolve(String(data))),
    );
    child.kill(signal);
    const end = await new Promise((resolve) => child.once('exit', (code, by) => resolve(code ?? by)));
    assert.equal([out[0], end], ['1', args.length === 0 ? signal : 9]);
  }
  assert.equal(notes(made), []);
  made.remove();
});

test('two processes that start at once and crash are one crash', async () => {
  const made = program({ 'm.js': M, 'app.js': APP, 'up/README': '' });
  version(made, M.replace('0', '1'));
  // Each waits for the other before it ends.
  version(
    made,
    `${M.replace('0', '2')}const fs = process.getBuiltinModule('node:fs');
fs.writeFileSync('up/' + process.pid, '');
setInterval(() => { if (fs.readdirSync('up').length > 2) throw 1; }, 5);\n`,
  );
  assert.equal(
    (await Promise.all([start(made), start(made)])).map(([code]) => code),
    [1, 1],
  );
  const next = await Promise.all([start(made), start(made)]);
  for (const one of next)
    assert.equal(one, [0, 'up 1, still up', ['m.js 2 -> 1: the program ended with "1"']]);
  made.remove();
});

test('a worker thread that ends by a version goes without it next time, within one process too', async () => {
  const made = program({
    'm.js': M,
    'w.js': `import { f } from './m.js'; import { parentPort } from 'node:worker_threads'; parentPort.postMessage(f());`,
    'app.js': `import { Worker } from 'node:worker_threads'; const out = [];
for (let i = 0; i < 3; i++) await new Promise((done) => { const one = new Worker('./w.js'); one.on('message', (message) => out.push(message)); one.on('error', ({ message }) => out.push(message)); one.on('exit', done); });
console.log(out.join());`,
  });
  version(made, `${M.replace('0', '1')}throw new Error('boom');\n`);
  const [code, out] = await start(made);
  assert.equal([code, out], [0, 'boom,0,0']);
  made.remove();
});

test('a module that cannot be evaluated, in a program that goes on: it is set aside at the next start', async () => {
  const made = program({
    'm.js': M,
    'app.js': `const out = await import('./m.js').then((m) => m.f(), (error) => error.message); setTimeout(() => console.log(out), 50);`,
  });
  version(made, `${M.replace('0', '1')}throw new Error('boom');\n`);
  assert.equal(await start(made), [0, 'boom', []]);
  assert.equal(await start(made), [0, '0', ['m.js 1 -> 0: it could not be evaluated: "Error: boom"']]);
  made.remove();
});

test('a program without versions writes nothing and hears nothing', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import './m.js'; console.log(process.listenerCount('exit'), process.listenerCount('SIGTERM')); throw 1;`,
  });
  const plain = await made.run({ hot: false });
  assert.equal((await made.run()).stdout, plain.stdout);
  assert.not(made.exists(`${CACHE}/starts`));
  made.remove();
});

test('hotswap run: a program that a version ends starts without it', async () => {
  const made = program({ 'm.js': M, 'app.js': APP });
  version(made, `${M.replace('0', '1')}process.exit(5);\n`);
  const run = () =>
    made.run({ hot: false, entry: 'node_modules/hotswap/lib/cli/hotswap.js', args: ['run', 'app.js'] });
  assert.is((await run()).code, 5);
  const { code, stdout } = await run();
  assert.equal([code, stdout.split('\n')[0]], [0, 'up 0']);
  made.remove();
});

/** What a version does: nothing, or an end that says whose it is, or one that does not. */
const ENDS = [
  () => '',
  () => '',
  (word: string) => `throw new Error('${word}')`,
  (word: string) => `setTimeout(() => { throw new Error('${word}'); })`,
  () => 'process.exit(3)',
  () => 'process.kill(process.pid, "SIGKILL")',
];

test('versions by chance: every supervised program comes up, after few restarts, and what was healthy stays', async () => {
  for (const seed of [1, 2, 3]) {
    const chance = randomFrom(seed);
    const next = (below: number): number => Math.floor(chance() * below);
    const names = ['a.js', 'b.js', 'c.js'];
    const text = (name: string, n: number, end: string) => `export const ${name[0]} = ${n};\n${end}\n`;
    const made = program({
      ...Object.fromEntries(names.map((name) => [name, text(name, 0, '')])),
      'app.js': `${names.map((name) => `import { ${name[0]} } from './${name}';`).join(' ')} setTimeout(() => console.log([a, b, c].join()), 30);`,
    });
    const counts = [0, 0, 0];
    const good = [[0], [0], [0]];
    const telling = seed % 2 === 0;
    let healthy: number[] = [];
    for (let round = 0; round < 2; round++) {
      const many = 1 + next(5);
      for (let i = 0; i < many; i++) {
        const which = next(3);
        const number = (counts[which] = (counts[which] as number) + 1);
        const end = (ENDS[next(telling ? 4 : ENDS.length)] as (word: string) => string)(
          `${'xyz'[which]}${'abcdefghijkl'[number]}`,
        );
        if (end === '') good[which]?.push(number);
        version(made, text(names[which] as string, number, end), names[which]);
      }
      let restarts = 0;
      let last = await start(made);
      while (last[0] !== 0 && restarts <= many + 1) {
        restarts++;
        last = await start(made);
      }
      const about = `seed ${seed}, round ${round}: ${restarts} restarts, ${JSON.stringify([last, good])}`;
      assert.ok(restarts <= many + 1 && last[0] === 0, about);
      const runs = last[1].split(',').map(Number);
      // With ends that tell whose they are, each module runs the newest of its versions that does not end the program.
      if (telling)
        assert.equal(
          runs,
          good.map((one) => one.at(-1)),
          about,
        );
      runs.forEach((number, which) => {
        assert.ok(good[which]?.includes(number), about);
        // What ran healthy goes on running, or what is newer.
        assert.ok(number >= (healthy[which] ?? 0), about);
      });
      healthy = runs;
    }
    made.remove();
  }
});

test('a program that stays up for ten seconds is healthy, also when it is killed then', async () => {
  const [end, out] = await longEnd;
  assert.is(end, 'SIGKILL');
  assert.match(out, /^1 1 \d, 0 \d$/);
  assert.equal(notes(long), []);
  long.remove();
});

test.run();
