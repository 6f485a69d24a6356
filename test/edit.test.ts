// rewrite and inject in all combinations of what is changed, what is given, and what stands in between.
import { test } from 'uvu';
import { type Case, cases } from './cases.ts';

const CART = `export class Cart {
  #n = 1;
  constructor(n = 1) { this.#n = n; }
  total(k) { return this.#n * k; }
  get size() { return this.#n; }
  set size(v) { this.#n = v; }
  static of(n) { return new this(n); }
  #secret() { return 'secret'; }
  tell() { return this.#secret(); }
  static #hidden() { return 'hidden'; }
  static reveal() { return Cart.#hidden(); }
  field = (x) => this.#n + x;
  static make = (n) => new Cart(n);
}
export class Big extends Cart {
  constructor(n) { super(n); this.big = true; }
  total(k) { return super.total(k) + 1; }
  static of(n) { return super.of(n); }
}
export const cart = new Cart(2), big = new Big(3);
`;

const KINDS: Record<string, Case> = {
  'a declaration by an arrow': [
    'export function f(a, b) { return a + b; }',
    'await rewrite(m.f, (a, b) => a * b); return [m.f(3, 4), m.f.name, text()]',
    [12, 'f', 'export function f(a, b) { return a * b; }'],
  ],
  'a declaration by a function': [
    'export function f(a) { return a; }',
    'await rewrite(m.f, function g(a) { return this === undefined ? a + 1 : 0; }); const { f } = m; return [f(1), text()]',
    [2, 'export function f(a) { return this === undefined ? a + 1 : 0; }'],
  ],
  'a declaration by a method': [
    'export function f(a) { return a; }',
    'await rewrite(m.f, { anything(a) { return a + 1; } }.anything); return [m.f(1), text()]',
    [2, 'export function f(a) { return a + 1; }'],
  ],
  'a declaration by an async method': [
    'export function f(a) { return a; }',
    'await rewrite(m.f, { async g(a) { return a + 1; } }.g); return [await m.f(1), m.f(1) instanceof Promise, text()]',
    [2, true, 'export async function f(a) { return a + 1; }'],
  ],
  'a declaration by a generator': [
    'export function f(a) { return a; }',
    'await rewrite(m.f, function* (a) { yield a; yield a + 1; }); return [[...m.f(1)], text()]',
    [[1, 2], 'export function* f(a) { yield a; yield a + 1; }'],
  ],
  'a declaration by a source string of each form': [
    'export function f(a) { return a; }',
    `const out = [];
for (const source of ['a => a + 1', '(a) => { return a + 2 }', 'function (a) { return a + 3 }', 'function g(a) { return a + 4 }', 'g(a) { return a + 5 }',
  'const g = (a) => a + 6', 'export function g(a) { return a + 7 }', 'export default (a) => a + 8', '(function (a) { return a + 9 })', 'static g(a) { return a + 10 }', '#g(a) { return a + 11 }', '[1 + 1](a) { return a + 12 }', "'x y'(a) { return a + 13 };", '// note\\na => a + 14']) {
  try { await rewrite(m.f, source); } catch (e) { out.push(e.message); }
  out.push(m.f(0));
}
return out;`,
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
  ],
  'an arrow by an arrow': [
    'export const f = (a, b) => a + b;',
    'await rewrite(m.f, (a, b) => a - b); return [m.f(3, 4), m.f.name, text()]',
    [-1, 'f', 'export const f = (a, b) => a - b;'],
  ],
  'an arrow with one bare parameter': [
    'export const f = a => a;',
    'await rewrite(m.f, a => -a); return [m.f(3), text()]',
    [-3, 'export const f = (a) => -a;'],
  ],
  'an arrow by a function': [
    'export const f = (a) => a;',
    'await rewrite(m.f, function (a) { return arguments.length + a; }); return [m.f(1, 2, 3), m.f.name, text()]',
    [4, 'f', 'export const f = function (a) { return arguments.length + a; };'],
  ],
  'an arrow by an async arrow, and back': [
    'export const f = (a) => a;',
    'await rewrite(m.f, async (a) => a + 1); const x = await m.f(1); await rollback(M); return [x, m.f(1)]',
    [2, 1],
  ],
  'an arrow that returns an object': [
    'export const f = () => 1;',
    'await rewrite(m.f, () => ({ a: 1 })); return [m.f(), text()]',
    [{ a: 1 }, 'export const f = () => ({ a: 1 });'],
  ],
  'an arrow whose parameters cannot be moved': [
    'export const f = (a) => a;',
    'await rewrite(m.f, (a = b, b = 1) => a); return [m.f(5), await no((async () => m.f())()).then((s) => s.split("\\n")[0])]',
    [5, "ReferenceError: Cannot access 'b' before initialization"],
  ],
  'an arrow that is a statement, by a function': [
    '() => 1;\nexport const done = 1;',
    'await rewrite(at("anonymous"), function () { return 2; }); return text()',
    '(function () { return 2; });\nexport const done = 1;',
  ],
  'a function expression by an arrow': [
    'export const f = function (a) { return a; };',
    'await rewrite(m.f, (a) => a + 1); return [m.f(1), text()]',
    [2, 'export const f = function (a) { return a + 1; };'],
  ],
  'a named function expression': [
    'export const f = function fact(n) { return n < 2 ? 1 : n * fact(n - 1); };',
    'await rewrite(m.f, (n) => n); return [m.f(4), m.f.name, text()]',
    [4, 'fact', 'export const f = function fact(n) { return n; };'],
  ],
  'the own name of a function expression is the function that callers hold': [
    `import { EventEmitter } from 'node:events';
export const e = new EventEmitter(); export let n = 0;
e.on('x', function handler() { n++; e.off('x', handler); });
export const c = function cc() { return (cc.memo ??= []).push(1); };
export const g = function* gg() { yield gg; };
export const a = async function aa() { return aa; };
export const t = function tt() { return [new.target === tt, this instanceof tt]; };
export const o = { p: function pp(n) { return n ? pp(n - 1) : pp; } };
export const s = function ss(ss) { return typeof ss; };
export class K { static f = function ff() { return ff; }; }`,
    `c(); function c() { return m.c(); }
await inject(at("e.on('x')[1]"), '() => { globalThis.hi = 1 }'); m.e.emit('x'); m.e.emit('x'); const out = [m.n, m.e.listenerCount('x')];
await inject(m.c, () => {}); out.push(m.c(), c()); await rewrite(m.c, 'function other() { return (other.memo ??= []).push(2) + (() => other.memo.length)() }'); out.push(c()); await rollback(M); out.push(c(), m.c.memo.length);
await rewrite(m.g, 'function* gg() { yield [gg] }'); await rewrite(m.a, 'async function aa() { return [aa] }'); await rewrite(m.t, 'function tt() { return { is: new.target === tt && this instanceof tt } }'); await rewrite(m.o.p, 'function pp(n) { return n ? pp(n - 1) : [pp] }'); await rewrite(m.s, 'function ss(n) { return n ? ss(n - 1) : [ss] }'); await rewrite(m.K.f, 'function ff() { return [() => ff] }');
out.push(m.g().next().value[0] === m.g, (await m.a())[0] === m.a, new m.t().is, m.o.p(2)[0] === m.o.p, m.s(2)[0] === m.s, m.K.f()[0]() === m.K.f);
await around(m.c, (next, ...args) => next(...args)); return [...out, m.c()]`,
    [1, 0, 2, 3, 8, 5, 5, true, true, true, true, true, true, 6],
  ],
  'a function that gets a name of its own in its file means the one that callers hold': [
    'export const c = () => 0;\nexport let d = function () { return 0; };\nexport const o = { p() { return 0; } };\n',
    `const { writeFileSync } = await import('node:fs'); const save = (c, d) => { writeFileSync(new URL('./m.js', import.meta.url), 'export const c = ' + c + ';\\nexport let d = ' + d + ';\\nexport const o = { p() { return 0; } };\\n'); return reload(M); };
const { d } = m; await save('function cc() { return (cc.memo ??= []).push(1); }', 'function* dd() { yield 0; }'); const out = [m.c(), m.c(), m.c.memo.length]; await save('function cc() { return cc.memo.length + (() => cc)().length; }', 'function dd(a) { return [dd, () => dd]; }'); const [x, y] = d();
out.push(m.c(), x === d, y() === d); await rollback(M); return [...out, m.c()]`,
    [1, 2, 2, 2, true, true, 3],
  ],
  'source that uses the name of the function expression it is for': [
    'export const f = function named(n) { return n ? named(n - 1) + 1 : 0; };',
    `await rewrite(m.f, 'function (n) { return n ? named(n - 1) + 2 : 0; }'); const out = [m.f(3), text()]; await rewrite(m.f, '(n) => n ? named(n - 1) + 3 : 0'); out.push(m.f(3)); await rewrite(m.f, 'function other(n) { return n ? named(n - 1) + other(0) + 4 : 0; }'); out.push(m.f(3)); await rewrite(m.f, '(n) => named + n', { bind: { named: 5 } }); return [...out, m.f(3)]`,
    [6, 'export const f = function named(n) { return n ? named(n - 1) + 2 : 0; };', 9, 12, 8],
  ],
  'new code that assigns to an exported constant': [
    {
      'm.js':
        'export const K = 5, O = { K: 1 };\nexport function f() { return K; }\nexport const make = () => { const g = () => [K, f]; return g; };\nexport class C { m() { return K; } }\nexport let L = 1;',
      'n.js': "import { K, L } from './m.js';\nexport const seen = () => [K, L];",
    },
    `const { seen } = await import('./n.js'); const g = m.make(); const out = [];
const run = (f) => { try { return f(); } catch (e) { return e.constructor.name + ' ' + e.message; } };
for (const body of ['K = 1', 'K += 1', 'K++', '--K', '[K] = [1]', '({ K } = O)', '({ a: K = 2 } = {})', '(K) = 1', '[...K] = [1]', 'for (K of [1]) ;', 'for (K in { a: 1 }) ;', '(() => { K = 1 })()', 'K ??= 1; return K', 'K &&= 1', 'const TypeError = 1; K = 1', '{ const K = 1; K = 2 }', '{ let K = 1; K = 2; return K }', 'L = K + 1; return L']) { await rewrite(m.f, '() => { ' + body + ' }'); out.push(run(m.f)); }
await rewrite(at('make > g'), '() => { K = 1 }'); out.push(run(g), run(m.make())); await rewrite(at('C.prototype.m'), 'm() { K = 1 }'); out.push(run(() => new m.C().m())); await addExport(at('h'), '() => { K = 1 }'); const { h } = await import('./m.js'); out.push(run(h)); const v = await import('./m.js?hotswap=' + version(M).number); out.push(run(() => new v.C().m()), m.K, seen());
return [[...new Set(out.slice(0, -3))], out.length, ...out.slice(-3)]`,
    [
      ['TypeError Assignment to constant variable.', 5, 2, 6],
      25,
      'TypeError Assignment to constant variable.',
      5,
      [5, 6],
    ],
  ],
  'an anonymous default function': [
    'export default function (a) { return a; }',
    'await rewrite(m.default, (a) => a + 1); return [m.default(1), m.default.name, text()]',
    [2, 'default', 'export default function (a) { return a + 1; }'],
  ],
  'a default arrow by a function': [
    'export default (a) => a;',
    'await rewrite(m.default, function (a) { return a + 1; }); return [m.default(1), functions(M).map((f) => f.path)]',
    [2, ['default']],
  ],
  'a default arrow by a function that calls itself': [
    'export default (a) => a;',
    'await rewrite(m.default, function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }); return [m.default(4), functions(M).map((f) => f.path)]',
    [24, ['default']],
  ],
  'a method, for instances that exist': [
    CART,
    'await rewrite(m.Cart.prototype.total, function (k) { return k + this.size; }); return [m.cart.total(5), new m.Cart(7).total(5), m.cart.total.name, m.cart.total.length]',
    [7, 12, 'total', 1],
  ],
  'a method that uses #private and super': [
    CART,
    `await rewrite(at('Big.prototype.total'), '(k) => super.total(k) * 100'); await rewrite(at('Cart.prototype.total'), 'total(k) { return this.#n + k + this.#secret().length }'); return [m.big.total(2), m.cart.total(2)]`,
    [1100, 10],
  ],
  'a getter and a setter': [
    CART,
    `await rewrite(at('Cart.prototype.get size'), 'get size() { return this.#n * 10 }'); await rewrite(at('Cart.prototype.set size'), '(v) => { this.#n = v + 1 }'); m.cart.size = 4; return m.cart.size`,
    50,
  ],
  'a static method, with this and super': [
    CART,
    `await rewrite(m.Cart.of, function (n) { return new this(n * 2); }); const a = m.Cart.of(2).size; await rewrite(at('Big.of'), '(n) => super.of(n + 1)'); return [a, m.Big.of(1).size, m.Big.of(1).big]`,
    [4, 4, true],
  ],
  '#private methods of instances and of the class': [
    CART,
    `await rewrite(at('Cart.prototype.#secret'), '() => "new " + this.#n'); await rewrite(at('Cart.#hidden'), () => 'shown'); return [m.cart.tell(), m.Cart.reveal()]`,
    ['new 2', 'shown'],
  ],
  'an arrow in a field, for instances that exist': [
    CART,
    `await rewrite(at('Cart.prototype.field'), '(x) => this.#n * x'); const a = [m.cart.field(5), new m.Cart(3).field(5)]; await rewrite(m.Cart.make, 'n => new Cart(n + 1)'); return [...a, m.Cart.make(1).size]`,
    [10, 15, 2],
  ],
  'an arrow in a field by a function': [
    CART,
    `await rewrite(m.cart.field, function (x) { return this === undefined ? x : this.size; }); return m.cart.field(5)`,
    2,
  ],
  'an arrow in a field with super': [
    'class A { v() { return 1 } }\nexport class B extends A { f = () => 0; static s = () => 0; v() { return 2 } }\nexport const b = new B();',
    `await rewrite(at('B.prototype.f'), '() => super.v()'); return b = m.b.f();`.replace('b = ', ''),
    1,
  ],
  'a base constructor': [
    CART,
    `await rewrite(at('Cart.prototype.constructor'), 'constructor(n) { this.#n = n * 10; this.made = new.target.name }'); return [new m.Cart(1).size, new m.Big(1).size, new m.Big(1).made, m.cart.size, m.Cart.name]`,
    [10, 10, 'Big', 2, 'Cart'],
  ],
  'a derived constructor keeps its super call': [
    CART,
    `await rewrite(at('Big.prototype.constructor'), function (n) { this.bigger = n; }); const b = new m.Big(4); return [b.size, b.big ?? null, b.bigger, code(at('Big.prototype.constructor'))]`,
    [4, null, 4, 'constructor(n) { super(n); this.bigger = n; }'],
  ],
  'a derived constructor whose super call would mean other parameters': [
    CART,
    `return [await no(rewrite(at('Big.prototype.constructor'), function (a, n) { this.bigger = n; })), await no(rewrite(at('Big.prototype.constructor'), () => {})), await no(rewrite(at('Big.prototype.constructor'), 'constructor(n) { super(n + 1) }')), await no(rewrite(at('Big.prototype.constructor'), 'constructor(n) { super(n); this.x = n }')), new m.Big(3).x]`,
    ['OUT_OF_SCOPE n', 'OUT_OF_SCOPE n', 'accepted', 'accepted', 3],
  ],
  'a derived constructor with another super call, for who holds the class as it was': [
    'export class A { constructor(v) { this.v = v; } }\nexport class B extends A { constructor(v, w) { super(v); this.w = w; } m() { return 1; } }\nexport const keep = { B };\nexport class C extends B {}',
    `const to = (source) => rewrite(at('B.prototype.constructor'), source), made = () => [new m.B(1, 2), new m.keep.B(1, 2), new m.C(1, 2)].map(({ v, w }) => v + w), out = [];
out.push((await to('constructor(v, w) { super(v + 1); this.w = "new" + w; }')).deferred, made(), new m.keep.B() instanceof m.B); out.push((await to('constructor(v, w) { super(v + 1); this.w = "newer" + w; }')).deferred?.length, made());
await rollback(M); out.push(made()); await rollback(M); out.push(made()); await to('constructor(v, w) { super(v); this.w = "same" + w; }'); return [...out, made()]`,
    [
      [
        {
          path: 'B.prototype.constructor',
          names: [],
          reason: 'a class that exists calls the constructor it extends as it did',
        },
      ],
      ['2new2', 3, '2new2'],
      true,
      1,
      ['2newer2', 3, '2newer2'],
      ['2new2', 3, '2new2'],
      [3, 3, 3],
      ['1same2', '1same2', '1same2'],
    ],
  ],
  'names in new code that are ours': [
    `export function mk() { const x = 1; return { f: () => x }; }
export const own = (hs$e0, hs$o = 1) => { const hs$self = () => hs$e0 + hs$o; return hs$self(); };
export function f() { return 1; }
export class C { m() { return 1; } }`,
    `const k = m.mk(), out = []; const refused = async (target, to) => { try { await rewrite(target, to); out.push('accepted'); } catch (e) { out.push([e.code, e.line, ...e.names ?? [], /names that begin with hs\\$ are hotswap's own/.test(e.message)].join(' ')); } };
await refused(k.f, '(hs$e0) => [x, hs$e0]'); await refused(m.f, '() => {\\n  let hs$o = 1; return hs$o;\\n}'); await refused(m.f, (a) => { function hs$self() {} return a; }); await refused(at('C.prototype.m'), 'm() { try {} catch (hs$meta) {} }'); await refused(m.f, '({ hs$life }) => 1'); await refused(m.f, '() => class hs$home {}'); await refused(m.f, '() => { let h\\\\u0073$i; }');
await refused(m.f, '(o) => o.hs$e0 + o?.["hs$o"] + { hs$x: 2, hs$m() {} }.hs$x + "hs$q"'); out.push(m.f({ hs$e0: 1, hs$o: 3 })); await refused(m.f, () => 2); return [...out, m.own(1), k.f(), m.f(), history(M).length]`,
    [
      'ERR_HOTSWAP_SYNTAX 1 hs$e0 true',
      'ERR_HOTSWAP_SYNTAX 4 hs$o true',
      'ERR_HOTSWAP_SYNTAX 3 hs$self true',
      'ERR_HOTSWAP_SYNTAX 4 hs$meta true',
      'ERR_HOTSWAP_SYNTAX 3 hs$life true',
      'ERR_HOTSWAP_SYNTAX 3 hs$home true',
      'ERR_HOTSWAP_SYNTAX 3 hs$i true',
      'accepted',
      '6hs$q',
      'accepted',
      2,
      1,
      2,
      3,
    ],
  ],
  'a saved file with names that are ours': [
    'export function f() { return 1; }\n',
    `const { writeFileSync } = await import('node:fs'); const save = (text) => { writeFileSync(new URL('./m.js', import.meta.url), text); return reload(M).then(() => 'accepted', (e) => [e.code, e.line].join(' ')); };
return [await save('export function f() { return 1; }\\n\\nexport const a = (hs$o) => 1;\\n'), m.f(), await save('export function f() { return 2; }\\nexport const a = 1;\\n'), m.f()]`,
    ['ERR_HOTSWAP_SYNTAX 3', 1, 'accepted', 2],
  ],
  'an async function': [
    'export async function f(a) { await null; return a; }',
    'await rewrite(m.f, async (a) => { await null; return a + 1; }); return [await m.f(1), text()]',
    [2, 'export async function f(a) { await null; return a + 1; }'],
  ],
  'a generator': [
    'export function* f(a) { yield a; }',
    'await rewrite(m.f, { *g(a) { yield a; return yield a + 1; } }.g); const i = m.f(1); return [i.next(), i.next(), i.next("r"), m.f.name]',
    [{ value: 1, done: false }, { value: 2, done: false }, { value: 'r', done: true }, 'f'],
  ],
  'an async generator': [
    'export async function* f(a) { yield a; }',
    'await rewrite(m.f, async function* (a) { yield a + 1; }); const all = []; for await (const x of m.f(1)) all.push(x); return all',
    [2],
  ],
  'an object literal: method, accessor, arrow, function, computed key': [
    `export const o = { base: 2, m(x) { return x; }, get g() { return 1; }, a: (x) => x, f: function (x) { return x; }, ['c' + 1](x) { return x; }, async am() { return 1; }, *gm() { yield 1; } };`,
    `await rewrite(m.o.m, function (x) { return this.base * x; }); await rewrite(at('o.get g'), () => 5); await rewrite(m.o.a, (x) => x + 1); await rewrite(m.o.f, (x) => x + 2); await rewrite(m.o.c1, (x) => x + 3); await rewrite(m.o.am, async () => 7); await rewrite(m.o.gm, function* () { yield 8; });
return [m.o.m(4), m.o.g, m.o.a(1), m.o.f(1), m.o.c1(1), await m.o.am(), [...m.o.gm()], text()]`,
    [
      8,
      5,
      2,
      3,
      4,
      7,
      [8],
      `export const o = { base: 2, m(x) { return this.base * x; }, get g() { return 5; }, a: (x) => x + 1, f: function (x) { return x + 2; }, ['c' + 1](x) { return x + 3; }, async am() { return 7; }, *gm() { yield 8; } };`,
    ],
  ],
  'a method in an object literal with super': [
    'export const base = { hi() { return "base" } };\nexport const o = { __proto__: base, hi() { return "o" } };',
    `await rewrite(m.o.hi, 'hi() { return super.hi() + "!" }'); return m.o.hi()`,
    'base!',
  ],
  "kinds that cannot take each other's calls: a new function, for all who call it by name": [
    'export function* g() { yield 1; }\nexport async function a() { return 1; }\nexport async function* ag() {}\nexport const uses = () => [g(), a()];\nexport class C { *m() {} static async s() {} }',
    `const { g, a } = m; const c = new m.C(); await rewrite(m.g, () => 'plain'); await rewrite(m.a, () => 2); await rewrite(m.ag, async () => 3); await rewrite(at('C.prototype.m'), () => 4); await rewrite(at('C.s'), function* () { yield 5; });
     const now = [m.g(), m.a(), await m.ag(), m.uses(), c.m(), [...m.C.s()], [...g()], await a()]; await rewrite(m.g, () => 'again'); await rewrite(m.a, () => 6); const later = [m.g(), m.a(), await a()];
     await rollback(M, 99); return [now, later, [...m.g()], [...g()], await m.a(), [...c.m()], history(M).length]`,
    [['plain', 2, 3, ['plain', 2], 4, [5], [1], 2], ['again', 6, 6], [1], [1], 1, [], 8],
  ],
  'kinds that an accessor or a constructor cannot have': [
    'export class C { get x() { return 1 } set x(v) {} constructor() {} }',
    `return [await no(rewrite(at('C.prototype.get x'), async () => 1)), await no(rewrite(at('C.prototype.get x'), (a) => 1)), await no(rewrite(at('C.prototype.set x'), () => 1)), await no(rewrite(at('C.prototype.set x'), (...a) => 1)), await no(rewrite(at('C.prototype.set x'), 'get x() { return 1 }')), await no(rewrite(at('C.prototype.constructor'), function* () {})), history(M).length]`,
    ['STRUCTURAL', 'ARITY', 'ARITY', 'ARITY', 'STRUCTURAL', 'STRUCTURAL', 1],
  ],

  'new.target': [
    'export function F() { this.t = new.target === F; }\nexport function G() {}',
    `await rewrite(m.F, 'function () { this.t = new.target && new.target.name; }'); return [new m.F().t, Reflect.construct(m.F, [], class Q {}).t, m.F.call({}) ?? null, await no(rewrite(m.G, 'function () { return new.target }'))]`,
    ['F', 'Q', null, 'STRUCTURAL'],
  ],
  'a constructor function with instances': [
    'export function P(x) { this.x = x; }\nP.prototype.get = function () { return this.x; };\nexport const p = new P(1);',
    `await rewrite(m.P, function (x) { this.x = x * 2; }); await rewrite(at('P.prototype.get'), function () { return [this.x]; }); return [new m.P(2).get(), m.p.get(), new m.P(1) instanceof m.P]`,
    [[4], [1], true],
  ],
  'a function named class or get': [
    'export const o = { class() { return 1 }, get() { return 2 }, async() { return 3 }, static() { return 4 } };',
    `for (const key of ['class', 'get', 'async', 'static']) await rewrite(m.o[key], () => 'new'); return [Object.values(m.o).map((f) => f()), code(m.o.class), text()]`,
    [
      ['new', 'new', 'new', 'new'],
      "class() { return 'new'; }",
      "export const o = { class() { return 'new'; }, get() { return 'new'; }, async() { return 'new'; }, static() { return 'new'; } };",
    ],
  ],
  'parameters with comments, patterns and defaults': [
    'export function f(a) { return a; }',
    `await rewrite(m.f, (
  a, // first
  { b, c = 2 } = {}, // second
) => [a, b, c]); return [m.f(1, { b: 3 }), m.f.length, text()]`,
    [
      [1, 3, 2],
      1,
      `export function f(
  a, // first
  { b, c = 2 } = {}, // second
) { return [a, b, c]; }`,
    ],
  ],
  'a value from another realm': [
    'export function f(a) { return a; }',
    `const { runInNewContext } = await import('node:vm'); await rewrite(m.f, runInNewContext('(a) => a + 1')); return m.f(1)`,
    2,
  ],
  'a hot function as the new code': [
    'export function f(a) { return a; }\nexport function g(a) { return a * 2; }\nexport const h = ({ a } = { a: 1 }) => a;',
    `await rewrite(m.f, m.g); const x = m.f(4); await rewrite(m.g, (a) => a * 3); await rewrite(m.f, m.g); await rewrite(m.g, m.h); return [x, m.f(4), m.g({ a: 9 }), text()]`,
    [
      8,
      12,
      9,
      'export function f(a) { return a * 3; }\nexport function g({ a } = { a: 1 }) { return a; }\nexport const h = ({ a } = { a: 1 }) => a;',
    ],
  ],
  'length and name follow the new code, and come back': [
    'export function f(a) {}\nexport const g = function old(a, b) {};',
    `const at0 = [m.f.length, m.g.length, m.g.name]; await rewrite(m.f, (a, b, c) => {}); await rewrite(m.g, (a) => {}); const now = [m.f.length, m.g.length, m.g.name]; await reset(M); return [at0, now, [m.f.length, m.f.name, m.g.length, m.g.name], Object.getOwnPropertyDescriptor(m.f, 'length')]`,
    [
      [1, 2, 'old'],
      [3, 1, 'old'],
      [1, 'f', 2, 'old'],
      { value: 1, writable: false, enumerable: false, configurable: true },
    ],
  ],
  'length of something that only wraps the hot function is left alone': [
    'const memo = (f) => (...args) => f(...args);\nexport let f = (a) => a;\nf = memo(f);',
    `await rewrite(at('f'), (a, b, c) => [a, b, c]); return [m.f.length, m.f(1, 2, 3)]`,
    [0, [1, 2, 3]],
  ],
  'a frozen function': [
    'export const f = Object.freeze((a) => a);\nexport const o = Object.freeze({ m(a) { return a; } });',
    `await rewrite(m.f, (a, b) => b); await rewrite(m.o.m, (a, b) => b); return [m.f(1, 2), m.o.m(1, 2), m.f.length]`,
    [2, 2, 1],
  ],
  'an object whose properties throw when looked at': [
    'export const o = new Proxy({ m(a) { return a; } }, { getOwnPropertyDescriptor() { throw new Error("trap"); } });',
    `const { m: f } = m.o; await rewrite(f, (a) => a + 1); return [m.o.m(1), history(M).length]`,
    [2, 2],
  ],
};

const TEXT: Record<string, Case> = {
  'the rest of the text stays as it is': [
    `#!/usr/bin/env node
// header
import   fs from 'node:fs'   ;

/** doc of f */
export   function   f ( a ) { // inside
\treturn a  ; } // after

const   odd = [ 1,2 , ] // no semicolon
export { odd as  weird }
`,
    'await rewrite(m.f, (a) => a + 1); return text()',
    `#!/usr/bin/env node
// header
import   fs from 'node:fs'   ;

/** doc of f */
export   function f(a) { return a + 1; } // after

const   odd = [ 1,2 , ] // no semicolon
export { odd as  weird }
`,
  ],
  'a body keeps its own layout and comments': [
    'export const f = (a) => a;',
    `await rewrite(m.f, (a) => {
  // why
  const b = a; /* what */

  return b;
}); return text()`,
    'export const f = (a) => {\n  // why\n  const b = a; /* what */\n\n  return b;\n};',
  ],
  'CRLF, a BOM and odd line ends': [
    '\uFEFFexport const a = 1;\r\nexport function f() {\r\n  return 1;\r\n}\r\nexport const u = "\u2028";\r\n',
    `await rewrite(m.f, () => 2); return [m.f(), JSON.stringify(text())]`,
    [
      2,
      JSON.stringify(
        '\uFEFFexport const a = 1;\r\nexport function f() { return 2; }\r\nexport const u = "\u2028";\r\n',
      ),
    ],
  ],
  'astral characters before the function': [
    'export const s = "💥é"; export const 𝒳 = 1; export function f() { return s; }',
    `await rewrite(m.f, 'function () { return s + s + 𝒳 }'); return [m.f(), text()]`,
    ['💥é💥é1', 'export const s = "💥é"; export const 𝒳 = 1; export function f() { return s + s + 𝒳 }'],
  ],
  'the same text again is no new version': [
    'export function f() { return 1; }',
    `await rewrite(m.f, () => 2); const a = await rewrite(m.f, () => 2); return [a.number, history(M).length]`,
    [1, 2],
  ],
  'comments alone are a version and run nothing anew': [
    'export function f() { return 1; }',
    `await rewrite(m.f, 'function () { /* new */ return 1; }'); return [history(M).at(-1).summary, code(m.f)]`,
    ['comments and layout', 'function f() { /* new */ return 1; }'],
  ],
};

const NAMES: Record<string, Case> = {
  'a closure is refused, even where the module has the name': [
    'const RATE = 2; export function f(a) { return a * RATE; }',
    'const RATE = 3, other = 4; return [await no(rewrite(m.f, (a) => a * RATE)), await no(rewrite(m.f, (a) => a * RATE + other)), m.f(1), history(M).length]',
    ['OUT_OF_SCOPE RATE', 'OUT_OF_SCOPE RATE other', 2, 1],
  ],
  'a source string is resolved in the module': [
    'import { sep } from "node:path"; const RATE = 2; let count = 0; class K {} export function f(a) { return a; } export { count };',
    `await rewrite(m.f, '(a) => { count++; return [a * RATE, typeof sep, new K() instanceof K] }'); return [m.f(2), m.count, await no(rewrite(m.f, '() => RATE + nope + nada'))]`,
    [[4, 'string', true], 1, 'OUT_OF_SCOPE nope nada'],
  ],
  'names that a function has of its own': [
    'export function f() {}',
    `const free = [];
const take = async (fn) => free.push((await no(rewrite(m.f, fn))).replace('OUT_OF_SCOPE ', ''));
const x = 1, y = 1, z = 1, K = 1, e = 1, i = 1, q = 1;
await take(() => { const { x, y: [z] } = { x: 1, y: [2] }; return x + z; });
await take(({ x }, [y = 1], ...z) => x + y + z);
await take((a = x) => a);
await take(() => { x: for (;;) { break x; } });
await take(() => ({ x: 1, y() { return 2; }, get z() { return 3; } }));
await take(() => ({ x }));
await take(() => ({ [x]: 1 }));
await take((a) => a.x + a?.y + a['z']);
await take(() => typeof x);
await take(() => { try { throw 1; } catch (e) { return e; } });
await take(() => { try { throw 1; } catch { return e; } });
await take(() => { { let x = 1; } return x; });
await take(() => { { var x = 1; } return x; });
await take(() => { for (let i = 0; i < 1; i++); for (const q of []) ; return i + q; });
await take(() => { class K { static s = K; #p = 1; m() { return this.#p; } [x]() {} } return K; });
await take(() => { function q() { return q; } return q; });
await take(() => { const f = function q() { return q; }; return q; });
await take(() => { x = 1; [y] = []; ({ z } = {}); i++; });
await take(() => { const inner = () => { const deeper = () => x; const x = 1; return deeper; }; return inner; });
await take(() => (x) => (y) => x + y + z);
await take(function () { return arguments.length + (() => arguments[0])(); });
await take(function named() { return named; });
await take(async () => { for await (const x of []) await x; });
await take(() => { switch (1) { case 1: let x = 1; return x; } });
await take(() => { switch (1) { case 1: let x = 1; } return x; });
await take((a, b = () => a + x) => b);
await take(() => undefined ?? NaN ?? Infinity ?? globalThis ?? process ?? console ?? structuredClone);
return free;`,
    [
      'accepted',
      'accepted',
      'x',
      'accepted',
      'accepted',
      'x',
      'x',
      'accepted',
      'x',
      'accepted',
      'e',
      'x',
      'accepted',
      'i q',
      'x',
      'accepted',
      'q',
      'x y z i',
      'accepted',
      'z',
      'accepted',
      'accepted',
      'accepted',
      'accepted',
      'x',
      'x',
      'accepted',
    ],
  ],
  'this, arguments, super and #names that come from outside': [
    'export class A { n = 1; m() { return this.n; } }\nexport function f() {}',
    `class B { #p = 1; all() { return [() => this.#p, () => this, () => super.toString, () => new.target]; } }
const outer = function () { return () => arguments; };
return [...await Promise.all(new B().all().map((fn) => no(rewrite(m.f, fn)))), await no(rewrite(m.f, outer())), await no(rewrite(m.f, B.prototype.all))]`,
    [
      'OUT_OF_SCOPE this #p',
      'OUT_OF_SCOPE this',
      'OUT_OF_SCOPE super',
      'OUT_OF_SCOPE new.target',
      'OUT_OF_SCOPE arguments',
      'OUT_OF_SCOPE #p super',
    ],
  ],
  'a default that names what only the body declares': [
    'export function f() {}',
    'const hiddenHere = 1; return await no(rewrite(m.f, (a = hiddenHere) => { var hiddenHere = 2; return a + hiddenHere; }))',
    'OUT_OF_SCOPE hiddenHere',
  ],
  'a global that the module hides': [
    'const fetch = 1; export function f() { return fetch; }',
    'return [await no(rewrite(m.f, () => fetch)), await no(rewrite(m.f, () => URL.name))]',
    ['OUT_OF_SCOPE fetch', 'accepted'],
  ],
  'a global that the program made': [
    'globalThis.madeHere = 5; export function f() {}',
    'await rewrite(m.f, () => madeHere); return m.f()',
    5,
  ],
  'typeof of a name that nobody has, in source': [
    'export function f() {}',
    `await rewrite(m.f, '() => typeof nobody'); return [m.f(), await no(rewrite(m.f, '() => typeof nobody + nobody'))]`,
    ['undefined', 'OUT_OF_SCOPE nobody'],
  ],
  'a name that the old code already had nowhere': [
    'export function f() { return missing; }',
    `await rewrite(m.f, '() => { try { return missing } catch (e) { return e.name } }'); return m.f()`,
    'ReferenceError',
  ],
  'a method does not see its own name': [
    'export function total(n) { return n; }',
    'return await no(rewrite(m.total, { total(n) { return n ? total(n - 1) : 0; } }.total))',
    'OUT_OF_SCOPE total',
  ],
};

const BIND: Record<string, Case> = {
  'JSON values become constants of the text': [
    'export function f(a) { return a; }',
    `let RATE, NAME, DEEP, ZERO, NULL; const v = await rewrite(m.f, (a) => [a * RATE, NAME, DEEP, Object.is(ZERO, -0), NULL], { bind: { RATE: 2, NAME: "it's\\n", DEEP: { a: [1, { b: null }], 'x-y': true }, ZERO: -0, NULL: null } }); return [m.f(3), v.persisted, text()]`,
    [
      [6, "it's\n", { a: [1, { b: null }], 'x-y': true }, true, null],
      true,
      `export function f(a) { const RATE = 2; const NAME = "it's\\n"; const DEEP = { "a": [1, { "b": null }], "x-y": true }; const ZERO = -0; const NULL = null; return [a * RATE, NAME, DEEP, Object.is(ZERO, -0), NULL]; }`,
    ],
  ],
  'directives stay first': [
    'export function f(a) { return a; }',
    `let X; await rewrite(m.f, function (a) { 'use strict'; return a + X; }, { bind: { X: 1 } }); return [m.f(1), text()]`,
    [2, "export function f(a) { 'use strict'; const X = 1; return a + X; }"],
  ],
  'in parameters, shorthand and nested scopes': [
    'export function f(a) { return a; }',
    `let X, Y, Z; await rewrite(m.f, (a = X, { [Y]: b = X } = { k: 5 }, c = { X }) => { { let X = 'inner'; a += X; } const g = (X) => X; return [a, b, c, { Z }, g(1), X]; }, { bind: { X: 1, Y: 'k', Z: 3 } }); return m.f()`,
    ['1inner', 5, { X: 1 }, { Z: 3 }, 1, 1],
  ],
  'values that no text can carry are live and not persisted': [
    'export function f(a) { return a; }',
    `const seen = []; const v = await rewrite(m.f, (a) => seen.push(a), { bind: { seen } }); m.f(5); const map = new Map([[1, 2]]); const w = await rewrite(m.f, (a) => map.get(a), { bind: { map } }); return [seen, v.persisted, m.f(1), w.persisted, history(M).map((one) => one.persisted)]`,
    [[], true, 2, false, [true, true, false]],
  ],
  'what JSON cannot say exactly': [
    'export function f() {}',
    `let V; const out = [];
const cyclic = {}; cyclic.self = cyclic;
for (const value of [undefined, NaN, Infinity, 1n, Symbol.iterator, () => 1, new Date(0), /x/, cyclic, [, 1], Object.create(null), { get a() { return 1; } }, Object.defineProperty({}, 'h', { value: 1 }), { [Symbol()]: 1 }, Object.assign([1], { x: 1 }), new (class K {})(), new Proxy({}, {}), { toJSON() {} }, new Number(1)]) {
  const v = await rewrite(m.f, () => V, { bind: { V: value } });
  out.push([v.persisted, Object.is(m.f(), value)]);
}
return out.filter(([persisted, same]) => persisted || !same)`,
    [],
  ],
  '__proto__ as a key is a key': [
    'export function f() {}',
    `let V; const value = JSON.parse('{"__proto__": {"a": 1}, "b": 2}'); await rewrite(m.f, () => V, { bind: { V: value } }); return [Object.keys(m.f()), m.f().a ?? null]`,
    [['__proto__', 'b'], null],
  ],
  'very deep values': [
    'export function f() {}',
    `let V; let deep = 1; for (let i = 0; i < 20000; i++) deep = [deep]; const v = await rewrite(m.f, () => V, { bind: { V: deep } }); return [v.persisted, m.f() === deep]`,
    [false, true],
  ],
  'a name that is bound and not used changes nothing': [
    'export function f() { return 0; }',
    `const v = await rewrite(m.f, () => 1, { bind: { unused: new Map(), other: 1 } }); return [v.persisted, m.f(), text()]`,
    [true, 1, 'export function f() { return 1; }'],
  ],
  'bad names and bad bags': [
    'export function f() {}',
    `return [await no(rewrite(m.f, () => 1, { bind: { 'a-b': 1 } })), await no(rewrite(m.f, () => 1, { bind: 1 })), await no(rewrite(m.f, () => 1, { bind: null })), await no(rewrite(m.f, () => 1, null)), await no(rewrite(m.f, () => 1, 3)), await no(inject(m.f, () => 1, 'end')), history(M).length]`,
    ['SYNTAX', 'SYNTAX', 'SYNTAX', 'SYNTAX', 'SYNTAX', 'SYNTAX', 1],
  ],
  'a bound name wins over one of the module': [
    'const RATE = 2; export function f(a) { return RATE; }',
    `let RATE; await rewrite(m.f, () => RATE, { bind: { RATE: 9 } }); const a = m.f(); const map = new Map(); await rewrite(m.f, () => RATE, { bind: { RATE: map } }); const b = m.f() === map; await rewrite(m.f, '() => RATE', { bind: { RATE: 7 } }); return [a, b, m.f()]`,
    [9, true, 7],
  ],
  'a bound name wins over calling itself': [
    'export function f(n) { return n; }',
    `const helper = (n) => 'helper ' + n; let g = (n) => n ? g(n - 1) : 0; await rewrite(m.f, g, { bind: { g: helper } }); return m.f(3)`,
    'helper 2',
  ],
  'values are taken at the call, not when its turn comes': [
    'export function f(a) { return a; }\nexport function g() { return 1; }',
    `let X; const options = { bind: { X: 1 } }; const first = rewrite(m.f, () => X, options); options.bind.X = 2; const second = rewrite(m.g, () => X, options); options.bind = { X: 3 }; await Promise.all([first, second]); return [m.f(), m.g()]`,
    [1, 2],
  ],
  'bound values stay with a function that something is injected into': [
    'export function f() { return 0; }',
    `const log = new Set(); const map = new Map([[1, 'one']]); await rewrite(m.f, () => map.get(1), { bind: { map } }); await inject(m.f, () => log.add('a'), { bind: { log } }); const b = m.f(); await rollback(M); const c = [m.f(), log.size]; await rollback(M); return [b, c, m.f()]`,
    ['one', ['one', 1], 0],
  ],
  'two injections that bind one name to two values': [
    'const out = "module"; export function f() { return out; }',
    `let out; const a = new Set(), b = new Set(); await inject(m.f, () => out.add(1), { bind: { out: a } }); await inject(m.f, () => { out.add(2); ({ out }); }, { bind: { out: b } }); return [m.f(), [...a], [...b]]`,
    ['module', [1], [2]],
  ],
};

const RECURSION: Record<string, Case> = {
  'a named function, an arrow and a function expression call what they replace': [
    'export function f(n) { return 0; }\nexport const g = (n) => 0;\nexport const o = { h(n) { return 0; } };\nexport class K { static s(n) { return 0; } }',
    `const fact = (n) => (n < 2 ? 1 : n * fact(n - 1)); function down(n) { return n ? [n, ...down(n - 1)] : []; }
await rewrite(m.f, fact); await rewrite(m.g, down); await rewrite(m.o.h, down); await rewrite(m.K.s, fact); return [m.f(4), m.g(2), m.o.h(2), m.K.s(3), text()]`,
    [
      24,
      [2, 1],
      [2, 1],
      6,
      'export function f(n) { return (n < 2 ? 1 : n * f(n - 1)); }\nexport const g = function (n) { return n ? [n, ...g(n - 1)] : []; };\nexport const o = { h(n) { return n ? [n, ...o.h(n - 1)] : []; } };\nexport class K { static s(n) { return (n < 2 ? 1 : n * K.s(n - 1)); } }',
    ],
  ],
  'where nothing names the function': [
    'export const list = [1, 2, 3].map((n) => n);\nexport const call = (f) => f(3);\nexport const r = { v: 0 }; export const keep = []; keep.push((n) => n);',
    `await rewrite(at('keep.push()[0]'), function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }); const fact = (n) => (n < 2 ? 1 : n * fact(n - 1)); return [m.keep[0](4), await no(rewrite(at('keep.push()[0]'), fact))]`,
    [24, 'accepted'],
  ],
  'its name as a shorthand, and hidden by a variable of its own': [
    'export function f(n) { return 0; }',
    `function g(n) { const o = { g }; return n ? o.g(n - 1) : typeof o.g; } await rewrite(m.f, g); const a = m.f(2); function h(n) { const f = 1; return h; } return [a, text(), await no(rewrite(m.f, h))]`,
    [
      'function',
      'export function f(n) { const o = { g: f }; return n ? o.g(n - 1) : typeof o.g; }',
      'OUT_OF_SCOPE h',
    ],
  ],
  'a running recursion continues in the new code': [
    'export async function f(n, wait) { if (n === 0) return ["old end"]; await wait(n); return ["old " + n, ...(await f(n - 1, wait))]; }',
    `let changed; const wait = async (n) => { if (n === 2) await (changed = rewrite(m.f, async (n) => ["new " + n])); }; return await m.f(3, wait)`,
    ['old 3', 'old 2', 'new 1'],
  ],
  'a running call and a running generator finish in the old code': [
    'export async function f(wait) { await wait; return "old"; }\nexport function* g() { yield "old 1"; yield "old 2"; }',
    `let go; const running = m.f(new Promise((r) => (go = r))); const it = m.g(); const first = it.next().value; await rewrite(m.f, async () => 'new'); await rewrite(m.g, function* () { yield 'new'; }); go(); return [await running, await m.f(), first, it.next().value, [...m.g()]]`,
    ['old', 'new', 'old 1', 'old 2', ['new']],
  ],
  'a function expression that calls itself by its own name, replaced again while it runs': [
    'export const f = function self(n) { return n; };',
    `await rewrite(m.f, 'function self(n, then) { then(n); return n ? ["one", ...self(n - 1, then)] : [] }'); const old = []; let p; const first = m.f(2, () => {}); const second = await (async () => { const out = m.f(3, (n) => { if (n === 3) p = rewrite(m.f, () => ["two"]); }); await p; return out; })(); return [first, second, m.f(1)]`,
    [['one', 'one'], ['one', 'one', 'one'], ['two']],
  ],
};

const MODULE: Record<string, Case> = {
  'import.meta and import() in new code': [
    { 'm.js': 'export function f() {}', 'beside.js': 'export const here = "beside";' },
    `await rewrite(m.f, 'async () => [import.meta.url, (await import("./beside.js")).here, (() => import.meta.filename ?? import.meta.url)() !== undefined, import.meta === import.meta]'); const out = await m.f(); return [out[0] === version(M).module, ...out.slice(1)]`,
    [true, 'beside', true, true],
  ],
  'import.meta and import() in a method and a constructor': [
    {
      'm.js': 'export class A { m() {} constructor() {} static #p() {} static p() { return A.#p(); } }',
      'beside.js': 'export const here = "beside";',
    },
    `await rewrite(at('A.prototype.m'), 'async m() { return [import.meta.url, (await import("./beside.js")).here] }'); await rewrite(at('A.prototype.constructor'), 'constructor() { this.url = import.meta.url }'); await rewrite(at('A.#p'), '() => import.meta.url'); const a = new m.A(); const out = await a.m(); const url = version(M).module; return [out[0] === url, out[1], a.url === url, m.A.p() === url]`,
    [true, 'beside', true, true],
  ],
  'exports and other modules see it, and module state stays': [
    {
      'm.js': `import { twice } from './twice.js'; export let count = 0; export function f(a) { count++; return twice(a); } export { twice };`,
      'twice.js': 'export function twice(a) { return a * 2; }',
    },
    `m.f(1); await rewrite(m.twice, (a) => a * 10); const a = m.f(1); await rewrite(m.f, '(a) => { count += 10; return twice(a) + 1 }'); return [a, m.f(1), m.count]`,
    [10, 11, 12],
  ],
  'errors in new code name a file that exists, and the line': [
    '// one\n// two\nexport function f() {\n  return 1;\n}\nexport class K {\n  m() {}\n}\nexport const o = {\n  get g() { return 1 }\n}\nexport const thrower = () => {}',
    `const { existsSync, readFileSync } = await import('node:fs'); const { fileURLToPath } = await import('node:url');
await rewrite(m.f, 'function () {\\n  const x = 1;\\n  throw new Error("here 1"); }');
await rewrite(at('K.prototype.m'), 'm() {\\n\\n throw new Error("here 2") }');
await rewrite(at('o.get g'), () => {
  throw new Error('here 3');
});
await rewrite(m.thrower, () => { throw new Error('here 4'); });
const K = m.K; const out = [];
for (const call of [m.f, () => new K().m(), () => m.o.g, m.thrower]) {
  try { call(); } catch (error) {
    const [, url, line, column] = /(file:\\S+):(\\d+):(\\d+)/.exec(error.stack);
    const file = fileURLToPath(url);
    out.push(existsSync(file) && readFileSync(file, 'utf8').split('\\n')[line - 1].includes('throw new Error(') && readFileSync(file, 'utf8').split('\\n')[line - 1].includes(error.message));
  }
}
return out`,
    [true, true, true, true],
  ],
  'a stack trace of a path with quotes in it': [
    { 'm.js': 'export {}', 'o\'brien "x"/m.js': 'export function f() {}' },
    `const { pathToFileURL } = await import('node:url'); const { resolve } = await import('node:path'); const url = pathToFileURL(resolve(M.slice(0, -5), 'o\\'brien "x"', 'm.js')).href; const { f } = await import(url); await rewrite(f, '() => { throw new Error("here") }'); try { f(); } catch (e) { return /hotswap.objects/.test(e.stack.split('\\n')[1]); }`,
    true,
  ],
  'super in an object that nothing leads to': [
    'export const kept = []; kept.push({ __proto__: { hi() { return "base" } }, hi() { return "old" } });',
    `const path = functions(M)[1].path; const a = await no(rewrite(at(path), 'hi() { return super.hi() }')); return [a, await no(rewrite(at(path), () => 'new')), m.kept[0].hi()]`,
    ['STRUCTURAL', 'accepted', 'new'],
  ],
  'a stack trace names the function': [
    'export function f() {}\nexport const g = () => {};\nexport class K { m() {} static s() {} #p() {} p() { this.#p(); } }',
    `const boom = 'function () { throw new Error("x") }'; const out = []; for (const path of ['f', 'g', 'K.prototype.m', 'K.s', 'K.prototype.#p']) await rewrite(at(path), boom);
const k = new m.K(); for (const call of [m.f, m.g, () => k.m(), () => m.K.s(), () => k.p()]) { try { call(); } catch (e) { out.push(/at (?:(?:async|Object|K|Function)[ .])?(?:K\\.)?(\\S+)/.exec(e.stack.split('\\n')[1])[1]); } }
return out`,
    ['f', 'g', 'm', 's', '#p'],
  ],
  'a module whose evaluation never ends': [
    'export function f() { return 1; }',
    `const { writeFileSync } = await import('node:fs'); const { dirname, join } = await import('node:path'); const { fileURLToPath } = await import('node:url');
const file = join(dirname(fileURLToPath(import.meta.url)), 'stuck.js'); writeFileSync(file, 'globalThis.stuck = () => f(); function f() { return 1; } setInterval(() => {}, 1e9).unref(); await new Promise(() => {}); class Late { m() {} }');
import(file); while (!globalThis.stuck) await new Promise((r) => setTimeout(r)); await rewrite(file + '#f', () => 2); return [globalThis.stuck(), await no(rewrite(file + '#Late.prototype.m', () => 1))]`,
    [2, 'STRUCTURAL'],
  ],
};

const IN = ['c', 'c', 'b', 'b', 'a', 'a', 1, 'a', 'b', 'c'];

const INJECT: Record<string, Case> = {
  'at 0, between, and after the last statement': [
    'export const log = [];\nexport function f() {\n  log.push(1);\n  log.push(2);\n}',
    `await inject(m.f, 'log.push("a")'.replace(/.*/, '() => { $& }'), { at: 1 }); await inject(m.f, '() => log.push("b")'); await inject(m.f, '() => log.push("c")', { at: 4 }); m.f(); return [m.log, text()]`,
    [
      ['b', 1, 'a', 2, 'c'],
      'export const log = [];\nexport function f() {\n  log.push("b");\n  log.push(1);\n  log.push("a");\n  log.push(2);\n  log.push("c");\n}',
    ],
  ],
  'an index past the end, and others that are none': [
    'export function f() { 1; 2; }\nexport const g = (a) => a;',
    `return [await no(inject(m.f, () => 1, { at: 3 })), await no(inject(m.f, () => 1, { at: -1 })), await no(inject(m.f, () => 1, { at: 1.5 })), await no(inject(m.f, () => 1, { at: '1' })), await no(inject(m.f, () => 1, { at: 1n })), await no(inject(m.f, () => 1, { at: null })), await no(inject(m.g, () => 1, { at: 2 })), await no(inject(m.f, () => 1, { at: 2 }))]`,
    ['MISSING', 'MISSING', 'MISSING', 'MISSING', 'MISSING', 'MISSING', 'MISSING', 'accepted'],
  ],
  'code without semicolons': [
    'export const log = []\nexport function f() {\n  log.push(1)\n  log.push(2)\n}\nexport function g() {\n  "use strict"\n}\nexport function h() {\n  const a = 1\n  return a\n}\nexport function o() {\n  const a = log\n  log.push(4)\n}\nexport function d() { do log.push("d"); while (0) }',
    `await inject(m.f, '() => log.push("end")', { at: 'end' }); await inject(m.f, '() => log.push("last")', { at: 3 }); await inject(m.g, '() => log.push("g")'); await inject(m.g, '() => log.push("g2")', { at: 'end' }); await inject(m.h, '() => log.push("h")', { at: 'end' }); await inject(m.o, '() => { [1].forEach((x) => log.push(x + "o")) }', { at: 1 }); await inject(m.d, '() => { (0, log).push("d2") }', { at: 'end' }); m.f(); m.g(); m.h(); m.o(); m.d(); return m.log`,
    [1, 2, 'end', 'last', 'g', 'g2', 'h', '1o', 4, 'd', 'd2'],
  ],
  'injected code without semicolons, or that ends in a comment': [
    'export const log = []\nexport function f() {\n  (0, log).push(1)\n  return 1\n}',
    `for (const [i, source] of ['() => { log.push("a") // note\\n }', '() => { log.x = {} }', '() => { if (1) log.y = {} }', '() => { /* only */ }', '() => { // only\\n }', '() => {}', '() => { log.push("b") /* c */ }', '() => { log.z = function () {} }', '() => { while (0); }', '() => { do {} while (0) }', '() => { const q = 1 // q\\n }', 'function () {\\n  log.push("c")\\n}'].entries()) for (const where of [0, 1, 'end']) await inject(m.f, source, { at: where }).catch((e) => m.log.push(i + e.message));
m.f(); return [m.log, m.f()]`,
    [[...IN, ...IN], 1],
  ],
  'before the final return leaves, after its work': [
    'export const log = [];\nexport function f() {\n  return log.push("work"); // why\n}\nexport function g() { return /* c */ log.push("work") }\nexport function h() { return }\nexport function i() { return (\n  // note\n  1\n) }',
    `for (const f of [m.f, m.g, m.h, m.i]) await inject(f, '() => log.push("end")', { at: 'end' }); m.f(); m.g(); m.h(); return [[...m.log], m.i(), text()]`,
    [
      ['work', 'end', 'work', 'end', 'end'],
      1,
      'export const log = [];\nexport function f() {\n  const result = log.push("work");\n  log.push("end");\n  return result; // why\n}\nexport function g() { const result = /* c */ log.push("work"); log.push("end"); return result; }\nexport function h() { log.push("end"); return }\nexport function i() { const result = (\n  // note\n  1\n); log.push("end"); return result; }',
    ],
  ],
  'early returns leave early': [
    'export const log = [];\nexport function f(x) { if (x) return "early"; log.push("work"); return "late"; }',
    `await inject(m.f, '() => log.push("end")', { at: 'end' }); return [m.f(1), m.log.length, m.f(0), m.log]`,
    ['early', 0, 'late', ['work', 'end']],
  ],
  'a throw that a catch of the function takes is no end of it': [
    `export const log = [];
export function a(x) { try { log.push('work'); throw x; } catch (e) { log.push('caught'); return e; } }
export function b(x) { try { throw x; } catch (e) { throw e + 1; } }
export function c(x) { try { throw x; } catch (e) { log.push('caught'); } }
export function d(x) { try { throw x; } finally { log.push('finally'); } }
export function e(x) { try { try { throw x; } finally { log.push('finally'); } } catch (e) { return e; } }
export function f(x) { try { if (x) throw x; else return 'none'; } catch { return 'caught'; } finally { log.push('finally'); } }
export function g(x) { try { throw x; } catch (e) { try { throw e + 1; } catch (e) { return e; } } }
export function h(x) { try { switch (x) { case 1: throw x; default: { return x; } } } catch (e) { return -e; } }
export function i(x) { out: { try { if (x) break out; throw x; } catch (e) { return e; } } }
export function j(x) { out: { try { throw x; } catch (e) { return e; } } }
export function k(x) { out: for (;;) { if (x) continue out; return x; } }`,
    `for (const f of 'abcdefghijk') await inject(m[f], '() => log.push("end")', { at: 'end' });
const run = (f, x) => { m.log.length = 0; try { return [m[f](x), m.log.join()]; } catch (e) { return ['threw ' + e, m.log.join()]; } };
return [run('a', 1), run('b', 1), run('c', 1), run('d', 1), run('e', 1), run('f', 1), run('f', 0), run('g', 1), run('h', 1), run('h', 2), run('i', 1), run('i', 0), run('j', 1), run('k', 0)[0]]`,
    [
      [1, 'work,caught,end'],
      ['threw 2', 'end'],
      [null, 'caught,end'],
      ['threw 1', 'end,finally'],
      [1, 'finally,end'],
      ['caught', 'end,finally'],
      ['none', 'end,finally'],
      [2, 'end'],
      [-1, 'end'],
      [2, 'end'],
      [null, 'end'],
      [0, ''],
      [1, 'end'],
      0,
    ],
  ],
  'every end of a final if, switch and try': [
    `export const log = [];
export function a(x) { if (x) { return 1; } else if (x === 0) return 2; else { throw new Error("no"); } }
export function b(x) { switch (x) { case 1: return "one"; case 2: case 3: { return "more"; } default: return "none"; } }
export async function c(x) { try { return await x(); } catch (e) { return e; } finally { log.push("finally"); } }
export function d(x) { try { return x(); } catch (e) { log.push("caught"); } }
export function e(x) { if (x) { return 1; } else { log.push("else"); } }
export function g(x) { { { return x; } } }
export function h(x) { throw x; }
export function i(x) { for (;;) { return x; } }`,
    `for (const f of [m.a, m.b, m.c, m.d, m.e, m.g, m.h]) await inject(f, '() => log.push("end")', { at: 'end' });
const out = []; const run = async (f, x) => { try { out.push(await f(x)); } catch (e) { out.push(String(e)); } out.push(m.log.splice(0).join()); };
await run(m.a, 1); await run(m.a, 0); await run(m.a); await run(m.b, 1); await run(m.b, 2); await run(m.b, 9); await run(m.c, () => 5); await run(m.c, () => { throw 6; }); await run(m.d, () => 7); await run(m.d, () => { throw 8; }); await run(m.e, 1); await run(m.e, 0); await run(m.g, 9); await run(m.h, 10);
return out`,
    [
      1,
      'end',
      2,
      'end',
      'Error: no',
      'end',
      'one',
      'end',
      'more',
      'end',
      'none',
      'end',
      5,
      'end,finally',
      6,
      'end,finally',
      7,
      'end',
      null,
      'caught,end',
      1,
      'end',
      null,
      'else,end',
      9,
      'end',
      '10',
      'end',
    ],
  ],
  'a concise arrow': [
    'export const log = [];\nexport const f = (a) => a + 1, g = () => ({ a: 1 }), h = async (a) => await a, i = () => (\n  // why\n  2\n);',
    `await inject(m.f, '() => log.push("0")'); await inject(m.g, '() => log.push("end")', { at: 'end' }); await inject(m.h, 'async () => log.push(await "1")', { at: 1 }); await inject(m.i, '() => log.push("i")'); return [m.f(1), m.g(), await m.h(3), m.i(), m.log, text()]`,
    [
      2,
      { a: 1 },
      3,
      2,
      ['0', 'end', '1', 'i'],
      'export const log = [];\nexport const f = (a) => { log.push("0"); return a + 1; }, g = () => { const result = ({ a: 1 }); log.push("end"); return result; }, h = async (a) => { const result = await a; log.push(await "1"); return result; }, i = () => { log.push("i"); return (\n  // why\n  2\n); };',
    ],
  ],
  'functions that are returned keep their names': [
    'export const f = () => () => 1, g = () => { return function () {} }, h = () => class {}, i = () => { return (() => 1) };',
    `for (const fn of [m.f, m.g, m.h, m.i]) await inject(fn, () => 1, { at: 'end' }); return [m.f, m.g, m.h, m.i].map((fn) => fn().name)`,
    ['', '', '', ''],
  ],
  'a result that other code calls result': [
    'export const result = "module";\nexport function f() { const result2 = 2; return [result, result2]; }',
    `await inject(m.f, '() => { const result3 = result; }', { at: 'end' }); await inject(m.f, () => 1, { at: 'end' }); return m.f()`,
    ['module', 2],
  ],
  'a return leaves the injected code only': [
    'export const log = [];\nexport function f(x) { log.push("body"); return x; }',
    `await inject(m.f, '() => { if (log.length > 1) return; log.push("in"); for (const x of [1, 2]) { if (x === 2) return { a: 1, b: 2 }; log.push(x) } log.push("never") }');
await inject(m.f, '() => { try { return function () {} } finally { log.push("finally") } }'); await inject(m.f, '() => { if (0) return class {}; else return () => { return 3 } }', { at: 'end' }); await inject(m.f, '() => { injected: for (;;) { return log.push("l"), 1 } }', { at: 'end' }); await inject(m.f, '() => { return // nothing\\n }'); await inject(m.f, '() => { return (x => x) }'); await inject(m.f, '() => { return [1] /* c */ }');
return [m.f(5), m.log]`,
    [5, ['finally', 'in', 1, 'body', 'l']],
  ],
  'injecting twice, and going back by one': [
    'export const log = [];\nexport function f() { return "r"; }',
    `await inject(m.f, '() => log.push(1)', { at: 'end' }); await inject(m.f, '() => log.push(2)', { at: 'end' }); m.f(); const a = m.log.splice(0); await rollback(M); m.f(); return [a, m.log]`,
    [[1, 2], [1]],
  ],
  'declarations do not collide': [
    'export const log = [];\nconst total = "module";\nexport function f(a) { const b = 2; var c = 3; log.push(a, b, c, total); return b; }',
    `const source = '() => { const b = "b"; let total = "t"; function a() { return 1 } class Q {} log.push(b, total, typeof a) }'; await inject(m.f, source); await inject(m.f, source); await inject(m.f, source, { at: 'end' }); const r = m.f(1); return [r, m.log]`,
    [2, ['b', 't', 'function', 'b', 't', 'function', 1, 2, 3, 'module', 'b', 't', 'function']],
  ],
  'var does not collide either': [
    'export const log = [];\nconst total = "module";\nlet free = "free";\nexport function f(a) { const b = 2; var c = 3; log.push(a, b, c, total, free); { let inner = 1; } return b; }',
    `const source = '() => { for (var a = 0, b = 1; a < 1; a++) var [c, { total }] = [7, { total: 8 }]; if (1) { var t = a; } const get = () => ({ a, total, t }); { let a = "block"; log.push(a) } var free; var get2 = (a) => a; log.push(get(), b, c, free, get2(5)) }';
await inject(m.f, source); await inject(m.f, source, { at: 'end' }); const r = m.f(1); return [r, m.log.length, m.log]`,
    [
      2,
      17,
      (() => {
        const one = ['block', { a: 1, total: 8, t: 1 }, 1, 7, null, 5];
        return [...one, 1, 2, 3, 'module', 'free', ...one];
      })(),
    ],
  ],
  'a var that the injected code alone uses stays as it is': [
    'export const log = [];\nexport function f() { return 1; }',
    `await inject(m.f, '() => { var t = 1; log.push(t) }'); return [m.f(), text()]`,
    [1, 'export const log = [];\nexport function f() { { var t = 1; log.push(t) } return 1; }'],
  ],
  'the function that is injected calls itself': [
    'export function f() { return 1; }\nconst g = 1;',
    `const out = []; return [await no(inject(m.f, function g() { g(); })), await no(inject(m.f, 'function h() { h() }'))]`,
    ['OUT_OF_SCOPE g', 'OUT_OF_SCOPE h'],
  ],
  'a value whose global would be a variable there': [
    'export function f(console) { return console; }\nexport function g() { return 1; }',
    `return [await no(inject(m.f, () => console.log())), await no(inject(m.g, () => console)), await no(inject(m.f, '() => console'))]`,
    ['OUT_OF_SCOPE console', 'accepted', 'accepted'],
  ],
  'source uses the variables of the function, this and arguments': [
    'export const log = [];\nexport function f(a, { b }) { const c = 3; return c; }\nexport class K { #p = 1; m() { return 1; } }',
    `await inject(m.f, '() => log.push(a, b, arguments.length)'); await inject(m.f, 'function () { log.push(c, arguments[0]) }', { at: 'end' }); await inject(at('K.prototype.m'), '() => log.push(this.#p)'); await inject(at('K.prototype.m'), function () { this.seen = true; }); const k = new m.K(); k.m(); return [m.f(1, { b: 2 }), m.log, k.seen]`,
    [3, [1, 1, 2, 2, 3, 1], true],
  ],
  'parameters and generators are refused': [
    'export function f() {}',
    `return [await no(inject(m.f, (a) => a)), await no(inject(m.f, (...a) => a)), await no(inject(m.f, function* () { yield 1; })), await no(inject(m.f, async () => { await 1; })), await no(inject(m.f, async () => 1)), await no(inject(m.f, async () => { for await (const x of []); })), await no(inject(m.f, async () => (async () => await 1)()))]`,
    ['ARITY', 'ARITY', 'SYNTAX', 'SYNTAX', 'accepted', 'SYNTAX', 'accepted'],
  ],
  'constructors, base and derived': [
    'export const log = [];\nexport class A { constructor(x) { this.x = x; } }\nexport class B extends A { constructor(x) { "a directive"; super(x)\nthis.y = x } }\nexport class C extends A { constructor() { super(1) } }',
    `await inject(at('A.prototype.constructor'), '() => log.push("A0")'); await inject(at('A.prototype.constructor'), '() => log.push(this.x)', { at: 'end' }); await inject(at('B.prototype.constructor'), '() => { (0, log).push(this.x, this.y) }'); await inject(at('B.prototype.constructor'), '() => log.push(this.y)', { at: 'end' }); await inject(at('C.prototype.constructor'), '() => { log.push("C" + this.x) }', { at: 'end' }); await inject(at('C.prototype.constructor'), '() => { [1].map((x) => log.push(x)) }', { at: 0 }); new m.B(5); new m.C(); return m.log`,
    ['A0', 5, 5, null, 5, 'A0', 1, 1, 'C1'],
  ],
  'async functions, generators, accessors, static blocks of text': [
    'export const log = [];\nexport async function f(a) { const b = await a; return b; }\nexport function* g() { yield 1; return 2; }\nexport async function* h() { yield 1; }\nexport class K { get x() { return 1; } set x(v) { log.push(v); } static s() { return 2; } #p() { return 3; } p() { return this.#p(); } a = (x) => x; }',
    `await inject(m.f, 'async () => { log.push(await "f") }', { at: 1 }); await inject(m.g, '() => log.push("g")', { at: 'end' }); await inject(m.h, 'async () => { await null; log.push("h") }'); for (const p of ['K.prototype.get x', 'K.prototype.set x', 'K.s', 'K.prototype.#p', 'K.prototype.a']) await inject(at(p), '() => log.push("' + p + '")');
const k = new m.K(); k.x = 9; const out = [await m.f(1), [...m.g()], k.x, m.K.s(), k.p(), k.a(4)]; for await (const x of m.h()) out.push(x); return [out, m.log]`,
    [
      [1, [1], 1, 2, 3, 4, 1],
      ['K.prototype.set x', 9, 'f', 'g', 'K.prototype.get x', 'K.s', 'K.prototype.#p', 'K.prototype.a', 'h'],
    ],
  ],
  'a string alone does not become a directive': [
    'export function f(a = 1) { return a; }',
    `await inject(m.f, () => 'use strict'); await inject(m.f, () => { 'use strict'; }); await inject(m.f, () => 1, { at: 1 }); return [m.f(), m.f.length]`,
    [1, 0],
  ],
  'comments before a statement stay with it': [
    'export const log = [];\nexport function f() {\n  // about the work\n  log.push(1); // done\n  // last words\n}',
    `await inject(m.f, '() => log.push(0)'); await inject(m.f, '() => log.push(2)', { at: 'end' }); m.f(); return [m.log, text()]`,
    [
      [0, 1, 2],
      'export const log = [];\nexport function f() {\n  // about the work\n  log.push(0);\n  log.push(1); // done\n  log.push(2);\n  // last words\n}',
    ],
  ],
  'an empty body, and one of comments': [
    'export const log = [];\nexport function f() {}\nexport function g() { // nothing\n}\nexport const h = () => { /* x */ };',
    `for (const fn of [m.f, m.g, m.h]) { await inject(fn, '() => log.push("0")'); await inject(fn, '() => log.push("end")', { at: 'end' }); fn(); } for (const fn of [m.f, m.g, m.h]) await reset(M).then(() => inject(fn, '() => log.push("e")', { at: 'end' })).then(fn); return m.log`,
    ['0', 'end', '0', 'end', '0', 'end', 'e', 'e', 'e'],
  ],
};

cases({ ...KINDS, ...TEXT, ...NAMES, ...BIND, ...RECURSION, ...MODULE, ...INJECT });

test.run();
