/** Starts: what the cache of instrumented texts serves, and what it must not. Each program is run again and observed from outside. */
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fingerprint } from '../cache/fingerprint.ts';
import { ModuleLog } from '../cache/log.ts';
import { putObject, sha256 } from '../cache/objects.ts';
import { Transforms } from '../cache/transforms.ts';
import { isAlone } from '../loader/direct.ts';
import { HAS_PARSER, type Program, program, type RunOptions } from './program.ts';

const CACHE = 'node_modules/.cache/hotswap';

/** Says what `f` gives, and whether the parser has been loaded into the process. */
const SAYS = `console.log(JSON.stringify([f(), g(), ${HAS_PARSER}]));`;

const FILES = {
  'app.js': `import { f } from './m.js'; import { g } from './n.ts';\n${SAYS}`,
  'm.js': `export function f(n = 1) { return n; }`,
  'n.ts': `export const g = (): string => 'g';`,
};

const COLD = [1, 'g', true];
const WARM = [1, 'g', false];

/** A file of the one directory of transforms that there is. */
function kept(app: Program, name: 'index' | 'texts'): string {
  const directory = join(app.dir, CACHE, 'transforms');
  const ids = readdirSync(directory).filter((one) => one !== 'compiled');
  assert.is(ids.length, 1);
  return join(directory, ids[0] as string, name);
}

async function quiet(app: Program, options?: RunOptions): Promise<unknown> {
  const { stdout, stderr, code } = await app.run(options);
  assert.equal([stderr, code], ['', 0]);
  return JSON.parse(stdout);
}

test('a second start parses nothing, and loads no parser', async () => {
  const app = program(FILES);
  assert.equal([await quiet(app), await quiet(app), await quiet(app)], [COLD, WARM, WARM]);
  app.remove();
});

test('what a program has loaded is kept when it ends at once', async () => {
  const app = program({ ...FILES, 'app.js': FILES['app.js'].replace('));', ')); process.exit(0);') });
  assert.equal([await quiet(app), await quiet(app)], [COLD, WARM]);
  app.remove();
});

test('a changed file is never served: same size, same time', async () => {
  const app = program(FILES);
  await quiet(app);
  const { atime, mtime } = statSync(app.file('m.js'));
  app.write('m.js', FILES['m.js'].replace('n = 1', 'n = 2'));
  utimesSync(app.file('m.js'), atime, mtime);
  assert.equal(
    [await quiet(app), await quiet(app)],
    [
      [2, 'g', true],
      [2, 'g', false],
    ],
  );
  app.write('m.js', FILES['m.js']);
  assert.equal(((await quiet(app)) as unknown[])[0], 1);
  app.remove();
});

test('the settings of TypeScript count', async () => {
  const app = program({ ...FILES, 'n.ts': `class A { x; } export const g = () => String('x' in new A());` });
  app.write('tsconfig.json', '{ "compilerOptions": { "useDefineForClassFields": true } }');
  const out = [await quiet(app), await quiet(app)];
  app.write('tsconfig.json', '{ "compilerOptions": { "useDefineForClassFields": false } }');
  out.push(await quiet(app), await quiet(app));
  assert.equal(
    out.map((one) => (one as unknown[]).slice(1)),
    [
      ['true', true],
      ['true', false],
      ['false', true],
      ['false', false],
    ],
  );
  app.remove();
});

const DAMAGE: Record<string, (index: string, texts: string) => void> = {
  'an empty index': (index) => writeFileSync(index, ''),
  'a torn last line': (index) => writeFileSync(index, readFileSync(index, 'utf8').slice(0, -30)),
  'a line of something else': (index) => appendFileSync(index, 'null\n{"a":1}\nnot JSON\n[]\n'),
  'lines of numbers': (index) =>
    writeFileSync(index, readFileSync(index, 'utf8').replace(/,(\d+),(\d+),/g, ',1,99999999,')),
  'negative sizes': (index) =>
    writeFileSync(index, readFileSync(index, 'utf8').replace(/,(\d+),(\d+),/g, ',-1,-5,')),
  'no texts': (_index, texts) => writeFileSync(texts, ''),
  'half of the texts': (_index, texts) =>
    writeFileSync(texts, readFileSync(texts).subarray(0, readFileSync(texts).length / 2)),
  'a digit that is another': (_index, texts) =>
    writeFileSync(texts, readFileSync(texts, 'utf8').replace(/\$\w/, '$z')),
  'texts of others': (_index, texts) =>
    writeFileSync(texts, readFileSync(texts, 'utf8').replaceAll('n = 1', 'n = 7')),
};
for (const [name, damage] of Object.entries(DAMAGE)) {
  test(`damage is found, and mended: ${name}`, async () => {
    const app = program(FILES);
    await quiet(app);
    damage(kept(app, 'index'), kept(app, 'texts'));
    const [again, then] = [await quiet(app), await quiet(app)] as [unknown[], unknown[]];
    assert.equal([again.slice(0, 2), then], [[1, 'g'], WARM]);
    app.remove();
  });
}

test('a cache that cannot be written serves nothing, is no error, and is told of once', async () => {
  const app = program(FILES);
  app.write('file', '');
  const env = { HOTSWAP_CACHE_DIR: app.file('file/cache') };
  for (let i = 0; i < 2; i++) {
    const { stdout, stderr, code } = await app.run({ env });
    assert.equal([JSON.parse(stdout), code], [COLD, 0]);
    const said = `hotswap: versions are kept in memory, as the cache cannot be written: ${app.file('file')} is no directory; HOTSWAP_CACHE_DIR names another\n`;
    assert.is(stderr, said);
  }
  app.remove();
});

test('several processes that start at once', async () => {
  const many = Array.from({ length: 90 }, (_, i) => [`m${i}.js`, `export const f${i} = () => ${i};`]);
  const app = program({
    ...FILES,
    ...Object.fromEntries(many),
    'app.js': `${many.map((_, i) => `import { f${i} } from './m${i}.js';`).join('\n')}
${FILES['app.js']}const sum = [${many.map((_, i) => `f${i}()`).join()}].reduce((a, b) => a + b); if (sum !== 4005) throw sum;`,
  });
  const starts = await Promise.all([quiet(app), quiet(app), quiet(app), quiet(app)]);
  assert.equal(
    starts.map((one) => (one as unknown[])[0]),
    [1, 1, 1, 1],
  );
  await quiet(app);
  assert.equal(await quiet(app), WARM);
  app.remove();
});

test('the API and modules that are not in the cache, in any order and at once', async () => {
  const orders = [
    `import { rewrite } from 'hotswap'; import { f } from './m.js';`,
    `import { f } from './m.js'; import { rewrite } from 'hotswap';`,
    `const [{ rewrite }, { f }] = await Promise.all([import('hotswap'), import('./m.js')]);`,
    `const [{ f }, { rewrite }] = await Promise.all([import('./m.js'), import('hotswap')]);`,
    `const [{ rewrite }, { f }] = await Promise.all([import('./api.js'), import('./m.js')]);`,
  ];
  for (const order of orders) {
    const app = program({
      'app.js': `${order} await rewrite(f, () => 'new'); console.log(JSON.stringify(f()));`,
      'm.js': `import './o.js'; ${FILES['m.js']}`,
      'o.js': `export const o = () => 1;`,
      'api.js': `import './o.js'; export { rewrite } from 'hotswap';`,
    });
    const env = { HOTSWAP_RELOAD: '0' };
    assert.equal([await quiet(app, { env }), await quiet(app, { env })], ['new', 'new'], order);
    app.remove();
  }
});

test('graphs that are loaded at once, share modules and go round in circles: every function can be called when it can', async () => {
  const files: Record<string, string> = {
    'plain.js': `import { early4 } from './m4.js'; export const seen = early4(); export function late() { return seen; }`,
  };
  const most = 40;
  for (let i = 0; i < most; i++) {
    const next = `./m${(i + 1) % most}.js`;
    files[`m${i}.js`] =
      `import { early${(i + 1) % most} as next } from '${next}'; ${i === 4 ? "import { late } from './plain.js'; late;" : ''}
export const called = next(); export function early${i}() { return ${i}; } export const far = () => import('./m${(i * 7) % most}.js');`;
  }
  const app = program({
    ...files,
    'app.js': `const all = await Promise.all([${Array.from({ length: most }, (_, i) => `import('./m${(i * 11) % most}.js')`).join()}]);
const more = await Promise.all(all.map(({ far }) => far()));
console.log(JSON.stringify([all.length, more.every(({ called }) => typeof called === 'number')]));`,
    'order.js': `import './m5.js'; import { called } from './m3.js'; const later = import('./m9.js'); await import('./m5.js?again'); console.log(JSON.stringify([called, (await later).called]));`,
  });
  for (const env of [{}, {}, { HOTSWAP_EXCLUDE: app.file('plain.js') }, { HOTSWAP_CACHE_DIR: '' }]) {
    assert.equal(await quiet(app, { env }), [most, true]);
    assert.equal(await quiet(app, { env, entry: 'order.js' }), [4, 10]);
  }
  app.remove();
});

test('built-ins that stay patched while modules are loaded and begin to run', async () => {
  const app = program({
    'app.js': `import './first.js'; import { f } from './m.js'; const out = [];
for (const name of ['a', 'b']) { const { g } = await import('./' + name + '.js'); out.push(g()); }
console.log(JSON.stringify([...out, f(), calls.length]));`,
    'first.js': `globalThis.calls = []; for (const on of [Map.prototype, Set.prototype]) for (const key of ['set', 'get', 'has', 'add']) if (on[key]) on[key] = () => { calls[calls.length] = key; throw new Error('patched ' + key); };
Date.now = () => { throw new Error('patched now'); }; Object.assign = () => { throw new Error('patched assign'); };`,
    'm.js': FILES['m.js'],
    'a.js': `import './c.js'; export const g = () => 'a'; class K { static s = 1; m() {} }`,
    'b.js': `import './c.js'; export const g = () => 'b';`,
    'c.js': `export const h = () => 'c';`,
  });
  assert.equal(
    [await quiet(app), await quiet(app)],
    [
      ['a', 'b', 1, 0],
      ['a', 'b', 1, 0],
    ],
  );
  app.remove();
});

test('each built-in that is patched by itself, at a warm start: nothing of ours calls it', async () => {
  const app = program({
    'app.js': `import { patched } from './patched.js'; const calls = [];
for (const [i, { on, key, name }] of patched.entries()) {
  const before = Object.getOwnPropertyDescriptor(on, key);
  const call = (fn) => ({ value: new Proxy(fn, { apply(f, self, args) { calls[calls.length] = name; return Reflect.apply(f, self, args); }, construct(f, args, as) { calls[calls.length] = 'new ' + name; return Reflect.construct(f, args, as); } }) })['value'];
  Object.defineProperty(on, key, before.get ? { ...before, get: call(before.get) } : { ...before, value: call(before.value) });
  const imported = import('./m' + i % 40 + '.js?' + i);
  Object.defineProperty(on, key, before);
  if ((await imported).f(i) !== i) throw new Error(name);
}
console.log(JSON.stringify([patched.length > 400, calls]));`,
    // What Node itself calls because there are hooks.
    'through.js': `import * as module from 'node:module'; module.registerHooks?.({ load: (url, context, next) => next(url, context) });`,
    'patched.js': `const iterators = [[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), ''.matchAll(/x/g)].map((one) => Object.getPrototypeOf(one));
const typed = Object.getPrototypeOf(Uint8Array.prototype);
const holders = { Object, Function, Array, String, RegExp, Number, BigInt, Map, Set, WeakMap, Promise, Date, URL, TextDecoder, Buffer, Uint8Array, Int32Array };
const all = [...Object.entries(holders).flatMap(([name, one]) => [[name, one], [name + '.prototype', one.prototype]]), ...Object.entries({ Math, JSON, Reflect, Atomics, iterators, typed, globalThis })];
export const patched = all.flatMap(([name, on]) => on === iterators ? on.map((one, i) => [name + i, one]) : [[name, on]]).flatMap(([name, on]) => Reflect.ownKeys(on).flatMap((key) => {
  const { configurable, writable, value, get } = Object.getOwnPropertyDescriptor(on, key);
  const isOurs = on === globalThis && /^(hs\\$|Proxy$|Object$|Reflect$|queueMicrotask|Error$|Promise$)/.test(String(key));
  return configurable && key !== 'constructor' && !isOurs && (get ? on !== globalThis : writable && typeof value === 'function') ? [{ on, key, name: name + '.' + String(key) }] : [];
}));`,
    ...Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`m${i}.js`, `export const f = (n = ${i}) => n;`]),
    ),
  });
  const [, plain] = (await quiet(app, { hot: false, flags: ['--import', './through.js'] })) as [
    boolean,
    string[],
  ];
  await quiet(app);
  const [isMost, calls] = (await quiet(app)) as [boolean, string[]];
  assert.ok(isMost);
  const times = (list: string[], name: string) => list.filter((one) => one === name).length;
  assert.equal(
    calls.filter((name) => times(calls, name) > times(plain, name)),
    [],
  );
  app.remove();
});

test('a newest version that does not parse: the file runs, and that is said', async () => {
  for (const name of ['m.mjs', 'm.ts']) {
    const text = `export function f() { return 'file'; }`;
    const app = program({
      'app.js': `import { f } from './${name}'; import { rewrite, reset, history } from 'hotswap';
if (process.argv[2] === 'reset') await reset('./${name}');
else { const made = await rewrite(f, () => 'edited'); console.log(JSON.stringify([f(), made.number, history(made.module).length])); }`,
      [name]: text,
    });
    const cache = join(app.dir, CACHE);
    const { id } = putObject(cache, `${text}\n/\n`, name.slice(1));
    const log = new ModuleLog(cache, app.url(name));
    log.appendVersion(sha256(text), { id, parent: 0, at: 1, summary: '~f', kept: true });
    const said = `hotswap: ${app.file(name)}: version 1 is set aside, as it does not parse; the file runs. `;
    const first = await app.run({ args: ['reset'] });
    assert.equal([first.code, first.stderr.startsWith(said)], [0, true]);
    const { stdout, stderr, code } = await app.run();
    assert.equal([JSON.parse(stdout), code, stderr], [['edited', 2, 3], 0, '']);
    app.remove();
  }
});

test('fingerprints: of a text and of its bytes the same, of any other text another', () => {
  const texts = ['', ...'aabcdefgh'].map((_, i, all) => all.slice(0, i).join(''));
  texts.push('\u00e9\u4e2d\u{1f600}', 'x'.repeat(70_000), `${'x'.repeat(69_999)}y`);
  const long = 'export const value = 1;\n'.repeat(4);
  for (let i = 0; i < long.length; i++)
    for (const one of ['A', '\u00e9', '']) texts.push(long.slice(0, i) + one + long.slice(i + 1));
  const different = [...new Set(texts)];
  for (const text of different) {
    assert.match(fingerprint(text), /^[0-9a-f]{16}$/);
    assert.is(fingerprint(text), fingerprint(Buffer.from(text)));
  }
  assert.is(new Set(different.map((text) => fingerprint(text))).size, different.length);
});

test("V8's code is kept too, where Node can and nobody else does", async () => {
  const app = program(FILES);
  const has = process.version.startsWith('v20.') ? 0 : 1;
  const compiled = (directory: string) =>
    app.exists(directory) ? readdirSync(app.file(directory)).length : 0;
  await quiet(app, { env: { HOTSWAP_COMPILE_CACHE: '0' } });
  assert.is(compiled(`${CACHE}/transforms/compiled`), 0);
  await quiet(app, { env: { NODE_V8_COVERAGE: app.file('coverage') } });
  assert.is(compiled(`${CACHE}/transforms/compiled`), 0);
  await quiet(app, { env: { NODE_COMPILE_CACHE: app.file('theirs') } });
  assert.equal([compiled(`${CACHE}/transforms/compiled`), compiled('theirs')], [0, has]);
  assert.equal(await quiet(app), WARM);
  assert.is(compiled(`${CACHE}/transforms/compiled`), has);
  app.write('purge.js', `import { purge } from 'hotswap'; await purge(); process.reallyExit(0);`);
  await app.run({ entry: 'purge.js' });
  assert.is(compiled(`${CACHE}/transforms/compiled`), 0);
  app.remove();
});

test("V8's code is kept of a server that a signal ends, and of what it has loaded since", async () => {
  if (process.version.startsWith('v20.')) return;
  const app = program({
    ...FILES,
    'server.js': `import './app.js'; process.stdin.on('data', () => import('./late.js'));`,
    'late.js': 'export const late = () => 1;',
  });
  const directory = app.file(`${CACHE}/transforms/compiled`);
  const written = () => (existsSync(directory) ? readdirSync(directory, { recursive: true }).length : 0);
  const grown = async (from: number) => {
    for (let i = 0; i < 400 && written() <= from; i++) await new Promise((done) => setTimeout(done, 50));
    return written();
  };
  const server = app.start({ entry: 'server.js' });
  const ended = new Promise((done) => server.once('exit', (_, signal) => done(signal)));
  try {
    const before = await grown(1); // the directory of this Node's
    server.stdin?.write('late\n');
    const after = await grown(before);
    assert.ok(before > 1 && after > before, `${before} entries, then ${after}`);
    server.kill('SIGINT');
    assert.is(await ended, 'SIGINT');
  } finally {
    server.kill('SIGKILL');
  }
  app.remove();
});

test('which preloads leave Node to answer for us', () => {
  const ours = new URL('../loader/register.js', import.meta.url).href;
  const cases: [execArgv: string[], options: string | undefined, alone: boolean][] = [
    [['--import', 'hotswap/register'], undefined, true],
    [['--import=hotswap/register', '--enable-source-maps'], '--no-warnings', true],
    [['--import', ours, '--inspect=0'], '', true],
    [[], '--import hotswap/register', true],
    [[], undefined, false],
    [['--import', 'tsx', '--import', 'hotswap/register'], undefined, false],
    [['--import', 'hotswap/register'], '--import tsx', false],
    [['-r', './x.cjs', '--import', 'hotswap/register'], undefined, false],
    [['--loader=./x.mjs', '--import', 'hotswap/register'], undefined, false],
    [['--import', 'hotswap/register', '--preserve-symlinks'], undefined, false],
    [['--import', './loader/register.js'], undefined, false],
    [['--import', './mine/hotswap/register'], undefined, false],
  ];
  for (const [execArgv, options, alone] of cases)
    assert.is(isAlone(execArgv, options), alone, execArgv.join(' '));
});

test('what nothing leads to any more goes; what others have added is found', () => {
  const app = program({});
  const cache = app.file('cache');
  const id = '0123456789abcdef';
  const text = 'x'.repeat(50_000);
  const made = (n: number) => ({ prefix: `hs$${n}`, code: text + n, layout: `[[${n}],[],[]]` });
  const one = new Transforms(cache, id);
  for (let n = 0; n < 300; n++) {
    one.put('file:///often.js', String(n), made(n));
    if (n === 0) one.put('file:///once.js', 'of', { prefix: 'hs$once', code: undefined });
    one.write();
  }
  const other = new Transforms(cache, id);
  assert.equal(other.get('file:///once.js', 'of'), { prefix: 'hs$once', code: undefined, layout: undefined });
  assert.equal(other.get('file:///often.js', '299'), made(299));
  assert.equal(
    [other.get('file:///often.js', '298'), other.get('file:///never.js', 'of')],
    [undefined, undefined],
  );
  assert.ok(statSync(join(cache, 'transforms', id, 'texts')).size < 2_500_000);

  other.put('file:///other.js', 'of', made(1));
  one.put('file:///often.js', '300', made(300));
  other.write();
  one.write();
  const third = new Transforms(cache, id);
  assert.equal(
    [third.get('file:///other.js', 'of'), third.get('file:///often.js', '300')],
    [made(1), made(300)],
  );

  for (let n = 0; n < 12; n++) {
    const next = new Transforms(cache, n.toString(16).padStart(16, '0'));
    next.put('file:///a.js', 'of', made(n));
    next.write();
    const at = new Date(2020, 0, 1 + n);
    utimesSync(join(cache, 'transforms', n.toString(16).padStart(16, '0'), 'index'), at, at);
  }
  assert.is(readdirSync(join(cache, 'transforms')).length, 8);
  assert.ok(third.get('file:///other.js', 'of'));
  app.remove();
});

test.run();
