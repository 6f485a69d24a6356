// Coverage: what V8 counts of an unedited program is written as plain Node writes it, and so node:test and c8 report the same.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Program, program, type RunOptions } from './program.ts';

const LIB = `export const add = (a, b) => a + b;

export function pick(a, b = 2) {
  if (a > b) {
    return a;
  }
  return b;
}

export class Cart {
  #items = [];
  static made = 0;
  constructor() { Cart.made++; }
  add(item) { this.#items.push(item); return this; }
  total() {
    return this.#items.reduce((sum, x) => sum + x, 0);
  }
}

export const f = ({ a, b = () => 1 }) => a + b();
export const never = () => {
  return 1;
};
`;

const FORMS = `
class A { static a = 1; b = 2; static c() {} }
class B { x() {} static { globalThis.z = 1 } static q = 2 }
class C { static c() {} }
class D { static
 #p = 1; static async = class { m() { return 1 } } }
class E extends Object { ['k'] = 1; static ['z' + 1] = 2; constructor(a = 1) { super(); if (a) return; this.a = a } }
const o = { a: (x) => 1, b(x) { return 1 }, get c() { return 1 }, async *d(a, b = a ? 1 : 2) { yield* [1]; yield 2 } };
const f = (a, b = a ? 1 : 2, { c = a || 3 } = {}) => b;
function g(a, b = a ? 1 : 2, { c = a || 3 } = {}) { var { d = a || 4 } = {}; return b + (d ? 1 : 2); }
const h = ([a, b = 1] = [], ...[c]) => { const inner = () => a + b; return inner; };
const i = (a, b = a, k = () => b) => { var a = 3; try { if (a) throw 1; return a } catch { return 2 } finally { o.a(); } };
function* gen() { const x = yield 1; if (x) return 2; }
f(1, 2, { c: 1 }); f(1); g(1, 2, { c: 1 }); h(); h([1])(); i(1); new E(); new E(0); [...gen()]; o.c; for await (const x of o.d()) { }
const never = (a) => { if (a) return 1; return 2; };
export default new C();
const list = [(a) => 1, (b) => o.b(1), function () {}, (a, b = 1) => 3];
list[1]();
label: for (const x of list) { switch (x.length) { case 0: continue label; case 9: break label; default: x() } }
await Promise.all([1].map(async (x) => { await x; return x ? 1 : 2; }));
`;

const files = program({
  'lib.js': LIB,
  'app.js': `import { add, Cart, f, pick } from './lib.js'; add(1, 2); pick(1); pick(3); new Cart().add(1).total(); f({ a: 1 });`,
  'forms.js': FORMS,
  'lib.test.js': `
import test from 'node:test';
import assert from 'node:assert';
import { add, Cart, f, pick } from './lib.js';
test('all', () => { assert.equal(add(1, 2) + pick(1) + pick(3), 8); assert.equal(new Cart().add(1).total(), 1); assert.equal(f({ a: 1 }), 2); });`,
  'exits.js': `
import { Worker } from 'node:worker_threads';
import { add, pick } from './lib.js';
add(1, 2);
process.on('exit', () => { pick(3); process.exit(); });
new Worker(new URL('./app.js', import.meta.url)).on('exit', () => process.exit());`,
  'often.js': `
import { takeCoverage } from 'node:v8';
import { add, pick } from './lib.js';
// Files are named by the millisecond: of two in one, plain Node keeps the second alone.
const take = () => { takeCoverage(); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3); };
take(); add(1, 2); take(); pick(1); pick(3);
setTimeout(() => { take(); pick(1); }, 5);`,
  'edited.js': `
import { mock, rewrite } from 'hotswap';
import { add, never } from './lib.js';
await rewrite(add, (a, b) => { return a * b; });
await mock(never, () => 2);
add(1, 2); never();`,
  // as a compiler of another language would leave it
  'made.js': `export const a = (x) => x ? 1 : 2;\na(1);\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(
    JSON.stringify({
      version: 3,
      sources: ['made.coffee'],
      names: [],
      mappings: 'AAAA;AACA',
      sourcesContent: ['a\nb'],
    }),
  ).toString('base64')}\n`,
});

type Report = Record<string, unknown>;

/** What was written of the program's own files: the ranges of each function and whether it has a name, in order of the scripts. */
async function counted(of: Program, options: RunOptions): Promise<Report> {
  const directory = of.file('counted');
  rmSync(directory, { recursive: true, force: true });
  const { code, stderr } = await of.run({ ...options, env: { NODE_V8_COVERAGE: directory, ...options.env } });
  assert.is(stderr, '');
  assert.is(code, 0);
  const seen: Record<string, string[]> = {};
  const maps: Record<string, object> = {};
  for (const name of readdirSync(directory)) {
    const report = JSON.parse(readFileSync(`${directory}/${name}`, 'utf8'));
    for (const [url, map] of Object.entries(report['source-map-cache'] ?? {}))
      if (url.startsWith(of.url(''))) maps[url] = map as object;
    for (const { url, functions } of report.result) {
      if (!url.startsWith(of.url('')) || url.includes('node_modules')) continue;
      const shown = functions.map(
        (one: { functionName: string; isBlockCoverage: boolean; ranges: object[] }) =>
          JSON.stringify([
            one.functionName !== '',
            one.isBlockCoverage,
            ...one.ranges.map((range) => Object.values(range).join()),
          ]),
      );
      (seen[url] ??= []).push(shown.sort().join('\n'));
    }
  }
  for (const texts of Object.values(seen)) texts.sort();
  return { seen, maps };
}

for (const entry of ['app.js', 'forms.js', 'exits.js', 'often.js', 'made.js']) {
  test(`what is counted of ${entry} is what plain Node counts`, async () => {
    const plain = await counted(files, { entry, hot: false });
    assert.equal(await counted(files, { entry }), plain);
    assert.equal(await counted(files, { entry, flags: ['--enable-source-maps'] }), plain, 'with source maps');
  });
}

test('code that an edit has replaced is not covered, and what was evaluated for it is not counted', async () => {
  const { seen } = await counted(files, { entry: 'edited.js', env: { HOTSWAP_PERSIST: '0' } });
  const [texts = ''] = (seen as Record<string, string[]>)[files.url('lib.js')] as string[];
  const body = '=> '.length;
  const at = LIB.indexOf('=> a + b;') + body;
  assert.match(texts, new RegExp(`\\[true,true,"19,${at + 5},1","${at},${at + 5},0"\\]`));
});

/** The table that node:test prints of the library. */
function rowsOf(stdout: string): string[] {
  return stdout.split('\n').flatMap((line) => /\blib\.js +\|.*/.exec(line)?.[0].replace(/ +/g, ' ') ?? []);
}

test('node:test reports the same lines, branches and functions', async () => {
  const flag = '--experimental-test-coverage';
  const report = async (hot: boolean, flags: string[]) =>
    rowsOf((await files.run({ entry: 'lib.test.js', hot, flags })).stdout);
  const plain = await report(false, ['--test', flag]);
  assert.is(plain.length, 1);
  assert.equal(await report(true, ['--test', flag]), plain);
  assert.equal(await report(true, ['--test', flag, '--enable-source-maps']), plain, 'with source maps');
  assert.equal(await report(true, [flag]), plain, 'in a process of its own');
});

test.after(() => files.remove());
test.run();
