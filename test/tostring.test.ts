// What `Function.prototype.toString` gives of hot functions: the author's text of the code that runs, as plain Node gives it.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { instrument } from '../loader/instrument.ts';
import { Layout } from '../loader/layout.ts';
import { eachChild, isClass, isFunction, type Node, tryParse } from '../loader/parse.ts';
import { HAS_PARSER, program, ROOT } from './program.ts';

/** Functions of every kind; `list` has them. */
const KINDS = `
const g = () => 2;
export class A extends Object {
  static #p = 1; static { globalThis.z = 1 }
  constructor(a = g()) { super(); this.a = a }
  m(a = 2) { return (b = g(), { c }, ...d) => b + c; }
  get x() { return 1 } static async *gen() { yield x => y => x + y } [((q) => q)]() {} static /* of */ of() {}
}
const getter = (of, key) => Object.getOwnPropertyDescriptor(of, key).get;
export const list = [
  (a, b) => a + b, x => x, async x => x, ({ a, b = g() }, [c] = []) => { return a + c; }, function (a, b = g()) { return a },
  ( a /* one */, b = 2 // two
  , ) => ( { a } ), A, A.prototype.m, new A().m(), getter(A.prototype, 'x'), A.gen, A.of, { async foo() { return () => this } }.foo,
  getter({ get ['a' + 1]() { return 1 } }, 'a1'), function named(n) { return named.x + n }, (a) => (b) => (c = (d) => d) => a + b + c(1),
  function* () { yield 1 }, class { }, class B { f = (x) => x; static g = (y) => y }, (() => { const k = 5; class L { get v() { return k } }; return L })(),
  (...a) => a, (a, ...[b]) => b, (a = 1, f = () => a, c = (p) => { 'use x'; return p }) => f(c), (a) => { 'use strict'; return () => a },
  async (a) => { await a; for await (const x of a) { } }, (cb = () => 1, b) => cb(), (a, b = a) => { var a = 3; return a + b; },
  (0, eval)('(x) => x + 1'), new Function('a', 'return a'), parseInt, g.bind(), new Proxy(g, {}),
];
`;

const files = program({
  'kinds.js': KINDS,
  'all.js': `
    import { A, list } from './kinds.js';
    console.log(JSON.stringify([...list.map(String), ...list.map((one) => \`\${one}\`), ...Object.getOwnPropertyNames(A.prototype)]));`,
  'parser.js': `import { list } from './kinds.js'; list.map(String); console.log(${HAS_PARSER});`,
  'same.js': `
    import vm from 'node:vm';
    const t = Function.prototype.toString;
    const f = (a, b) => a + b;
    const thrown = (of, run) => { try { return run(); } catch (error) { return [error.constructor === TypeError, error.message]; } };
    console.log(JSON.stringify([
      t.name, t.length, String(t), t + '', 'prototype' in t, Object.getOwnPropertyDescriptor(Function.prototype, 'toString'),
      Reflect.ownKeys(t), Object.getOwnPropertyDescriptors(t), typeof t, Object.getPrototypeOf(t) === Function.prototype,
      ...[1, {}, null, undefined, /x/, { __proto__: f }].map((one) => thrown(0, () => t.call(one))), thrown(0, () => new t()),
      t.call(vm.runInNewContext('(x)=>x')), vm.runInNewContext('String(f) + f', { f }), vm.runInNewContext(\`(\${f})(1, 2)\`),
      new Function('return ' + f)()(1, 2), String((x) => x) === String((x) => x), { [f]: 1 }, t.call(f), Reflect.apply(t, f, []),
    ]));`,
  'worker.js': `
    import { Worker } from 'node:worker_threads';
    const run = () => require('node:worker_threads').parentPort.postMessage([1, 2].map((x) => x * 2));
    new Worker('(' + run + ')()', { eval: true }).on('message', (doubled) => {
      new Worker(new URL('./inside.js', import.meta.url)).on('message', (text) => console.log(JSON.stringify([doubled, text])));
    });`,
  'inside.js': `
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage(String((a, b = 1) => a + b));`,
  'frozen.js': `const add = (a, b) => a + b; console.log(add(1, 2));`,
  'own.js': `
    import { rewrite } from 'hotswap';
    import { list } from './kinds.js';
    const before = Function.prototype.toString;
    Function.prototype.toString = function () { return 'mine ' + before.call(this); };
    await rewrite(list[0], (a, b) => a * b);
    console.log(JSON.stringify([list[0](3, 4), String(list[0])]));`,
});

test('functions of every kind have the text that plain Node gives', async () => {
  const plain = await files.json({ entry: 'all.js', hot: false });
  assert.equal(await files.json({ entry: 'all.js' }), plain);
  assert.equal(await files.json({ entry: 'all.js' }), plain, 'at a start from the cache');
  assert.equal(await files.json({ entry: 'all.js', flags: ['--enable-source-maps'] }), plain);
  await files.run({ entry: 'parser.js' });
  assert.is(await files.json({ entry: 'parser.js' }), false, 'no parser is loaded for it');
});

test('toString cannot be told from that of V8', async () => {
  assert.equal(await files.json({ entry: 'same.js' }), await files.json({ entry: 'same.js', hot: false }));
});

test('a function can be sent to a worker as text, and workers have it too', async () => {
  assert.equal(await files.json({ entry: 'worker.js' }), [[2, 4], '(a, b = 1) => a + b']);
});

test('a program whose built-ins are frozen runs', async () => {
  const flags = ['--frozen-intrinsics', '--no-warnings'];
  const { stdout, stderr } = await files.run({ entry: 'frozen.js', flags });
  assert.equal([stdout, stderr], ['3\n', '']);
});

test('a program may put its own toString in the place', async () => {
  assert.equal(await files.json({ entry: 'own.js' }), [12, 'mine (a, b) => a * b']);
});

test('after edits it is the text of the version that runs', async () => {
  const edited = program({
    'm.js': `
export const add = (a, b) => a + b;
export function outer(n) { return (x) => x + n; }
export class A { #p = 1; m() { return this.#p; } static s() { return 1; } }
export function named(a = 1) { return a; }
export const gone = () => 1;
`,
    'app.js': `
import { readFileSync, writeFileSync } from 'node:fs';
import { around, inject, reload, restore, rewrite, rollback } from 'hotswap';
import * as m from './m.js';
const inner = m.outer(1);
const { m: method } = m.A.prototype;
const seen = {};
const look = (what) => (seen[what] = [m.add, m.outer, inner, m.A, method, m.named].map(String));
look('loaded');
await rewrite(m.add, (x, y) => x * y);
await rewrite('./m.js#outer > return', '(y) => y * n');
await rewrite('./m.js#A.prototype.m', 'm(a = 5) { return this.#p + a }');
await inject(m.named, () => { globalThis.q = 1; });
look('edited');
await rewrite(m.outer, 'function outer(k) { const q = 5; return (x) => x + k + q; }');
seen.stale = [String(inner), String(m.outer), String(m.outer(2)), inner(3), m.outer(2)(3)];
await rollback('./m.js', 20);
look('rolled back');
const text = readFileSync('m.js', 'utf8');
writeFileSync('m.js', text.replace('#p = 1', '#p = 2').replace('(a = 1)', '(a = 1, f = () => a)').replace(/export const gone.*/, '')
  + 'export class N { a() { return () => (z) => z } }\\nexport const made = (e) => { const f = (h) => h + e; return f; };');
const { gone } = m;
await reload('./m.js');
look('saved');
const { N, made } = await import('./m.js');
seen.new = [N, new N().a, new N().a(), new N().a()(), made, made(1), gone].map(String);
writeFileSync('m.js', text);
console.log(JSON.stringify(seen));`,
  });
  const seen = await edited.json<Record<string, unknown[]>>();
  const loaded = [
    '(a, b) => a + b',
    'function outer(n) { return (x) => x + n; }',
    '(x) => x + n',
    'class A { #p = 1; m() { return this.#p; } static s() { return 1; } }',
    'm() { return this.#p; }',
    'function named(a = 1) { return a; }',
  ];
  assert.equal(seen.loaded, loaded);
  assert.equal(seen.edited, [
    '(x, y) => x * y',
    'function outer(n) { return (y) => y * n; }',
    '(y) => y * n',
    'class A { #p = 1; m(a = 5) { return this.#p + a } static s() { return 1; } }',
    'm(a = 5) { return this.#p + a }',
    'function named(a = 1) { globalThis.q = 1; return a; }',
  ]);
  const outer = 'function outer(k) { const q = 5; return (x) => x + k + q; }';
  assert.equal(seen.stale, ['(y) => y * n', outer, '(x) => x + k + q', 3, 10]);
  assert.equal(seen['rolled back'], loaded);
  assert.equal(seen.saved?.[5], 'function named(a = 1, f = () => a) { return a; }');
  assert.equal(seen.new, [
    'class N { a() { return () => (z) => z } }',
    'a() { return () => (z) => z }',
    '() => (z) => z',
    '(z) => z',
    '(e) => { const f = (h) => h + e; return f; }',
    '(h) => h + e',
    '() => 1',
  ]);
  edited.remove();
});

test('TypeScript is shown as the JavaScript that runs', async () => {
  const typed = program({
    'blanked.ts': `
export const add = (a: number, b?: number): number => a + (b as number);
export class C<T> { constructor(readonly_: T, private_ = 1) {} m(x: T): T { return x } }
console.log(JSON.stringify([add, C, C.prototype.m].map(String)));`,
    'printed.tsx': `/** @jsxRuntime classic @jsx h */
const h = (...all: unknown[]) => all;
enum Color { Red = 1, Blue = (() => 2)() as any }
namespace Ns { export const f = (a: number) => a + Color.Red; }
class P { constructor(private a: number) {} m(x: string): string { return x + this.a } static async s<T>(x: T) { return x } }
export const add = (a: number, b: number): number => a + b;
export const view = (p: { x: number }) => <div onClick={() => p.x}>{p.x}</div>;
console.log(JSON.stringify([Ns.f, P, P.prototype.m, P.s, add, view].map(String)));`,
  });
  const squeezed = (texts: string[]): string[] => texts.map((text) => text.replace(/\s+/g, ' '));
  assert.equal(squeezed(await typed.json({ entry: 'blanked.ts' })), [
    '(a , b ) => a + (b )',
    'class C { constructor(readonly_ , private_ = 1) {} m(x ) { return x } }',
    'm(x ) { return x }',
  ]);
  assert.equal(squeezed(await typed.json({ entry: 'printed.tsx' })), [
    '(a) => a + Color.Red',
    'class P { a; constructor(a) { ; this.a = a; } m(x) { return x + this.a; } static async s(x) { return x; } }',
    'm(x) { return x + this.a; }',
    'async s(x) { return x; }',
    '(a, b) => a + b',
    '(p) => h("div", { onClick: () => p.x }, p.x)',
  ]);
  typed.remove();
});

/** The functions and classes of a text, as V8 gives each. */
function textsOf(source: string): string[] {
  const texts: string[] = [];
  const look = (node: Node, whole: { start: number; end: number } = node): void => {
    if (isFunction(node) || isClass(node)) texts.push(source.slice(whole.start, whole.end));
    eachChild(node, (child) => {
      const isMethod =
        (node.type === 'MethodDefinition' && !node.static) ||
        (node.type === 'Property' && (node.method || node.kind !== 'init'));
      look(child, isMethod && child === node.value ? node : undefined);
    });
  };
  look(tryParse(source, 'js').program);
  return texts;
}

const LIBRARIES = ['acorn/dist/acorn.mjs', 'marked/lib/marked.esm.js', 'zod/v4/core/schemas.js'];
for (const name of LIBRARIES) {
  test(`every function of ${name} has its author's text`, () => {
    const source = readFileSync(`${ROOT}node_modules/${name}`, 'utf8');
    const prefix = 'hs$abcdefg';
    const options = { prefix, importGates: false, mapped: false, url: 'file:///m.js', settings: undefined };
    const { code, layout = '' } = instrument(source, options) as { code: string; layout?: string };
    const laidOut = new Layout(prefix, layout);
    const shown = textsOf(code).map((text) => laidOut.authorText(text) ?? text);
    const left = new Map<string, number>();
    for (const text of shown) left.set(text, (left.get(text) ?? 0) + 1);
    for (const text of textsOf(source)) {
      assert.ok((left.get(text) ?? 0) > 0, text);
      left.set(text, (left.get(text) as number) - 1);
    }
  });
}

test.after(() => files.remove());
test.run();
