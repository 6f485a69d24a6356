// Functions put in the place of others and around them, of every kind, in a running program.
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
  field = (x) => this.#n + x;
}
export class Big extends Cart {
  constructor(n) { super(n); this.big = true; }
  total(k) { return super.total(k) + 1; }
}
export const cart = new Cart(2), big = new Big(3);
`;

const FACTORY = `export function counter(step) {
  let n = 0;
  return () => (n += step);
}
export const one = counter(1), ten = counter(10);
`;

const PLUGIN = `export const routes = {};
export let starts = 0;
const app = { get: (path, handler) => { routes[path] = handler; } };
export function plugin(app, { start = 0 } = {}) {
  starts++;
  let n = start;
  app.get('/a', () => ++n);
  app.get('/b', function () { return -n; });
}
plugin(app);
export const again = () => plugin(app, { start: 100 });
`;

const REPLACE: Record<string, Case> = {
  'a closure, for everyone who holds the function': [
    'export function f(a) { return a; } const held = [f]; export const call = (...a) => held[0].call("me", ...a); export const bound = f.bind("it");',
    `const seen = []; const v = await replace(m.f, function (a, b) { seen.push([this, a, b, arguments.length]); return 'new'; });
     return [m.call(1), m.bound(2, 3, 4), seen, m.f.length, m.f.name, v.persisted, v.number, code(m.f)]`,
    [
      'new',
      'new',
      [
        ['me', 1, null, 1],
        ['it', 2, 3, 3],
      ],
      2,
      'f',
      false,
      1,
      'function f(a, arg) { return replacement.apply(this, arguments); }',
    ],
  ],
  'native, bound and proxied functions': [
    'export const f = (a) => a;',
    `const out = []; for (const value of [Math.max, [].join.bind(['a', 'b']), new Proxy((x) => x * 2, {})]) { await replace(m.f, value); out.push(m.f(5)); } return out`,
    [5, 'a5b', 10],
  ],
  'a hot function of another module: edits of it count here and there': [
    {
      'm.js': 'export { g } from "./g.js"; export function f() { return "f"; }',
      'g.js': 'let k = 1; export function g() { return "g" + k++; }',
    },
    `await replace(m.f, m.g); const out = [m.f(), m.g()]; await rewrite(m.g, 'function g() { return "new" + k++; }'); return [...out, m.f(), m.g()]`,
    ['g1', 'g2', 'new3', 'new4'],
  ],
  'a hot function of the same module': [
    'let k = 1; export function g() { return "g" + k++; } export function f() { return "f"; }',
    `await replace(m.f, m.g); const out = [m.f()]; await rewrite(m.g, 'function g() { return "new" + k++; }'); return [...out, m.f(), m.g()]`,
    ['g1', 'new2', 'new3'],
  ],
  'async functions and arrows give promises': [
    'export async function f() {} export const g = async (a) => a;',
    `await replace(m.f, () => 1); await replace(m.g, (a) => a + 1); const [p, q] = [m.f(), m.g(1)]; return [p instanceof Promise, await p, q instanceof Promise, await q]`,
    [true, 1, true, 2],
  ],
  'a generator goes through what the value gives': [
    'export function* f() { yield 0; } export async function* g() { yield 0; }',
    `await replace(m.f, (a) => [a, a]); await replace(m.g, async function* (a) { yield a; yield this.k; });
     const out = [...m.f(1)]; for await (const x of m.g.call({ k: 5 }, 2)) out.push(x);
     await replace(m.g, async () => [7]); for await (const x of m.g()) out.push(x); return out`,
    [1, 1, 2, 5, 7],
  ],
  'methods, accessors, static, #private and inherited ones': [
    CART,
    `const { Cart, cart, big } = m; const log = [];
     await replace(Cart.prototype.total, function (k) { return [this === cart, k]; });
     await replace(at('Cart.prototype.get size'), () => 'size');
     await replace(at('Cart.prototype.set size'), (v) => log.push(v));
     await replace(at('Cart.prototype.#secret'), () => 'told');
     await replace(Cart.of, (n) => n);
     cart.size = 9;
     return [cart.total(3), big.total(3), cart.size, log, cart.tell(), Cart.of(4), cart.field(1)]`,
    [[true, 3], 'false,31', 'size', [9], 'told', 4, 3],
  ],
  'constructors: what the body does, with fields and super as before': [
    CART,
    `const log = []; await replace(at('Cart.prototype.constructor'), function (n) { log.push(this instanceof m.Cart, n); });
     await replace(at('Big.prototype.constructor'), function (n) { this.kind = 'big' + n; });
     const big = new m.Big(5); return [log, big.size, big.big ?? 'none', big.kind, big instanceof m.Big, new m.Cart(1).size]`,
    [[true, 5, true, 1], 1, 'none', 'big5', true, 1],
  ],
  'a constructor that gives another object': [
    'export class A { constructor() { this.a = 1; } } export function F() { this.f = 1; }',
    `await replace(at('A.prototype.constructor'), () => ({ other: 1 })); await replace(m.F, function () { this.f = 2; }); return [new m.A(), new m.F()]`,
    [{ other: 1 }, { f: 2 }],
  ],
  'every closure of a factory': [
    FACTORY,
    `const { one, ten, counter } = m; one(); ten();
     await replace(one, () => 'same'); const out = [one(), ten(), counter(5)()]; await rollback(M); return [...out, one(), ten()]`,
    ['same', 'same', 'same', 2, 20],
  ],
  'a factory: closures that exist are not its': [
    FACTORY,
    `const { one, counter } = m; one(); await replace(counter, (s) => () => s); const out = [one(), m.counter(7)()];
     await rollback(M); await rewrite(one, '() => n + 100'); return [...out, one()]`,
    [2, 7, 102],
  ],
  'twice, back, and again': [
    'export function f() { return 0; }',
    `const [a, b] = [() => 'a', () => 'b']; await replace(m.f, a); await replace(m.f, b); const out = [m.f()];
     await rollback(M); out.push(m.f()); await restore(M, 2); out.push(m.f()); await reset(M); out.push(m.f()); await restore(M, 1); return [...out, m.f()]`,
    ['b', 'a', 'b', 0, 'a'],
  ],
  'edits of other functions on top keep it; a rewrite ends it': [
    'export function f() { return 0; } export const g = () => f() + 1;',
    `let k = 10; await replace(m.f, () => k++); await rewrite(m.g, 'async () => f() + 2'); const out = [await m.g(), version(M).persisted];
     await inject(m.f, () => { globalThis.injected = true; }); out.push(m.f(), globalThis.injected);
     await rewrite(m.f, () => 5); return [...out, m.f(), version(M).persisted, text()]`,
    [12, false, 11, true, 5, true, 'export function f() { return 5; } export const g = async () => f() + 2;'],
  ],
  recursion: [
    'export function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }',
    `const seen = []; await replace(m.fact, (n) => { seen.push(n); return n ? m.fact(n - 1) + 1 : 0; }); return [m.fact(3), seen]`,
    [3, [3, 2, 1, 0]],
  ],
  'what is refused, and changes nothing': [
    CART,
    `const { Cart } = m; const before = text();
     return [await no(replace(Cart.of, 5)), await no(replace(Cart.of, class {})), await no(replace(Cart.of, Cart.of)), await no(replace(at('Cart.of/1'), () => 1)),
       await no(replace(Cart, () => 1)), text() === before, history(M).length]`,
    ['NO_SOURCE', 'SYNTAX', 'BAD_TARGET', 'ARITY', 'BAD_TARGET', true, 1],
  ],
  'in a transaction, and planned': [
    'export function f() { return 0; } export function g() { return 0; }',
    `const [planned] = await plan(() => replace(m.f, () => 1)); const versions = await transaction(async () => { await replace(m.f, () => 1); await around(m.g, (next) => next() + m.f()); });
     return [planned.replaced, versions.length, versions[0].persisted, m.f(), m.g(), history(M).length]`,
    [['f'], 1, false, 1, 1, 2],
  ],
};

const AROUND: Record<string, Case> = {
  'a wrapper that stands alone is persisted': [
    'export function f(a) { return a; }',
    `const v = await around(m.f, (next, a) => Math.round(next(a))); return [m.f(1.6), v.persisted, m.f.length, m.f.name]`,
    [2, true, 1, 'f'],
  ],
  'a closure is not': [
    'export function f(a) { return a; }',
    `const calls = []; const v = await around(m.f, (next, ...args) => { calls.push(args); return next(...args); }); return [m.f(1, 2), m.f(), calls, v.persisted]`,
    [1, null, [[1, 2], []], false],
  ],
  'a function that imports stays one of its own module': [
    { 'm.js': 'export function f(a) { return a; }', 'own.js': 'export const k = 5;' },
    `const v = await around(m.f, async (next, a) => next(a) + (await import('./own.js')).k); return [await m.f(1), v.persisted]`,
    [6, false],
  ],
  'source text is resolved in the module': [
    'const RATE = 3; export const f = (a) => a;',
    `const v = await around(m.f, '(next, a) => next(a) * RATE'); return [m.f(2), v.persisted, await no(around(m.f, '(next) => nowhere()'))]`,
    [6, true, 'OUT_OF_SCOPE nowhere'],
  ],
  'bind: JSON is written, other values are bound, what is left open is refused': [
    'export const f = (a) => a;',
    `let k = 1; const v = await around(m.f, (next, a) => next(a) * RATE, { bind: { RATE: 2 } }); const w = await around(m.f, (next, a) => add(next(a)), { bind: { add: (x) => x + k } });
     return [m.f(5), v.persisted, w.persisted, await no(around(m.f, (next) => next(k) + RATE, { bind: { RATE: 2 } }))]`,
    [11, true, false, 'OUT_OF_SCOPE k'],
  ],
  'this, arguments and what next is given': [
    'export function f(a, b = 5) { return [this?.k, a, b, arguments.length]; }',
    `await around(m.f, function (next, ...args) { return [this?.k, args.length, next(...args), next('x', undefined, 1)]; }); return m.f.call({ k: 1 }, 'a')`,
    [1, 1, [1, 'a', 5, 1], [1, 'x', 5, 3]],
  ],
  'old defaults run with the code, and not without it': [
    'let n = 0; const count = () => ++n; export function f({ a } = {}, b = count()) { return b; } export const ran = () => n;',
    `await around(m.f, (next, skip) => (skip === 0 ? 'skipped' : next(skip))); return [m.f(0), m.ran(), m.f(), m.ran()]`,
    ['skipped', 0, 1, 1],
  ],
  'methods, accessors, super, #private, fields, constructors': [
    CART,
    `const log = []; const wrapper = function (next, ...args) { log.push([this?.constructor?.name, ...args]); return next(...args); };
     for (const path of ['Cart.prototype.total', 'Cart.prototype.get size', 'Cart.prototype.set size', 'Cart.prototype.#secret', 'Cart.of', 'Cart.prototype.field', 'Cart.prototype.constructor', 'Big.prototype.constructor', 'Big.prototype.total'])
       await around(at(path), wrapper);
     const big = new m.Big(4); big.size = 6;
     const out = [big.total(2), big.size, big.tell(), m.cart.field(1), m.Cart.of(3).size, big.big];
     await around(m.Big.prototype.total, (next, k) => next(k) + log.length * 0 + 100);
     return [...out, big.total(1), log.length, log[0]]`,
    [13, 6, 'secret', 3, 3, true, 107, 13, ['Big', 4]],
  ],
  'async, generators and async generators': [
    `export async function a(x) { await null; if (x < 0) throw new Error('neg'); return x; }
     export function* g(x) { const got = yield x; return [got, this?.k]; }
     export async function* ag(x) { yield x; yield x + 1; }`,
    `const log = [];
     await around(m.a, async (next, x) => (await next(x)) + 1 + log.length);
     await around(m.g, function* (next, x) { log.push('g'); yield 'first'; return yield* next(x); });
     await around(m.ag, async function* (next, x) { for await (const y of next(x)) yield [y, log.length]; });
     const it = m.g.call({ k: 1 }, 5); const out = [await m.a(1), log.length, it.next().value, it.next().value, it.next('got').value];
     for await (const y of m.ag(1)) out.push(y);
     return [...out, await m.a(-1).catch((e) => e.message)]`,
    [2, 0, 'first', 5, ['got', 1], [1, 1], [2, 1], 'neg'],
  ],
  'new.target, labels and directives': [
    'export function F(a) { "use strict"; all: for (;;) for (;;) break all; this.made = new.target === F; this.a = a; }',
    `const log = []; await around(m.F, (next, a) => { log.push(a); next(a + 1); }); return [new m.F(1), log]`,
    [{ made: true, a: 2 }, [1]],
  ],
  'recursion goes through the wrapper': [
    'export function fact(n) { return n < 2 ? 1 : n * fact(n - 1); } export const fib = function self(n) { return n < 2 ? n : self(n - 1) + self(n - 2); };',
    `let n = 0; await around(m.fact, (next, x) => { n++; return next(x); }); await around(m.fib, (next, x) => { n++; return next(x); }); return [m.fact(4), n, m.fib(3), n]`,
    [24, 4, 2, 9],
  ],
  'twice, and one of the two undone': [
    'export const f = (a) => [a];',
    `const tag = (t) => (next, a) => [t, ...next(a)]; await around(m.f, tag('in')); await around(m.f, tag('out')); const out = [m.f(1)];
     await rollback(M); out.push(m.f(1)); await restore(M, 2); out.push(m.f(1)); await reset(M); return [...out, m.f(1)]`,
    [['out', 'in', 1], ['in', 1], ['out', 'in', 1], [1]],
  ],
  'around what was injected into, replaced, and the other way round': [
    'export const log = []; export function f(a) { return a; }',
    `await inject(m.f, '() => { log.push("injected " + a); }'); await around(m.f, (next, a) => next(a + 1)); const out = [m.f(1)];
     await inject(m.f, '() => { log.push("outside " + a); }', { at: 'end' }); out.push(m.f(2));
     await replace(m.f, (a) => -a); await around(m.f, (next, a) => next(a) * 2); out.push(m.f(3)); await rollback(M, 2); return [...out, m.f(4), m.log]`,
    [2, 3, -6, 5, ['injected 2', 'injected 3', 'outside 2', 'injected 5', 'outside 4']],
  ],
  'the code that was there can be edited where it is now': [
    'export function f(a) { return a; }',
    `let k = 10; await around(m.f, (next, a) => next(a) + k); await rewrite(at('f > next'), '(a) => a * 100'); return [m.f(2), functions(M).map((one) => one.path)]`,
    [210, ['f', 'f > next']],
  ],
};

const INSIDE: Record<string, Case> = {
  'closures inside keep their link, there and back': [
    PLUGIN,
    `const { routes } = m; routes['/a'](); let n = 0;
     const v = await around(m.plugin, (next, ...args) => { n++; return next(...args); });
     const out = [v.deferred ?? null, functions(M).map((one) => one.path).filter((one) => one.includes('/a'))];
     await rewrite(routes['/a'], '() => (n += 10)'); out.push(routes['/a'](), routes['/b']());
     const [a, b] = [routes['/a'], routes['/b']]; m.again(); out.push(n, routes['/a'](), routes['/b'](), a(), b());
     await rollback(M, 2); out.push(a(), routes['/a']());
     await rewrite(a, '() => (n -= 1)'); out.push(a(), routes['/a'](), code(a)); return out`,
    [
      null,
      ["plugin > next > app.get('/a')[1]"],
      11,
      -11,
      1,
      110,
      -110,
      21,
      -21,
      22,
      111,
      21,
      110,
      '() => (n -= 1)',
    ],
  ],
  'twice around, and inside edits on the way': [
    PLUGIN,
    `const { routes } = m; const { '/a': a } = routes; await around(m.plugin, (next, ...args) => next(...args)); await rewrite(a, '() => (n += 10)');
     const v = await around(m.plugin, (next, ...args) => next(...args)); await rewrite(a, '() => (n += 100)'); const out = [v.deferred ?? null, a()];
     await rollback(M); out.push(a()); await rollback(M); out.push(a()); await rollback(M); out.push(a()); await rollback(M); out.push(a()); await restore(M, 4); return [...out, a(), code(a)]`,
    [null, 100, 110, 120, 121, 122, 222, '() => (n += 100)'],
  ],
  'a closure with its own captured variables, around each': [
    FACTORY,
    `const { one, ten } = m; let calls = 0; await around(one, (next) => { calls++; return next() * 2; }); const out = [one(), one(), ten(), calls, m.counter(3)()]; await reset(M); return [...out, one(), ten()]`,
    [2, 4, 20, 3, 6, 3, 20],
  ],
  'an arrow inside that has no this to hand on': [
    'export function make(k) { return (a) => a + k; } export const f = make(1);',
    `const v = await around(m.f, function (next, a) { return [this ?? null, next(a)]; }); return [v.deferred ?? null, m.f(1), m.make(2)(1)]`,
    [null, [null, 2], [null, 3]],
  ],
};

const KINDS = `export function make(k) {
  class A { #n = k; m(a) { return this.#n + a; } static s() { return k; } }
  class B extends A { constructor(q) { super(q); this.q = super.m(1); } m(a) { return super.m(a) * 2; } *g() { yield* [1, this.q]; } get x() { return super.m(0); } }
  return { A, B };
}
export const { A, B } = make(10), b = new B(5), a = new A();
export default (a, { b } = { b: a }) => [a, b];
export const o = { f: async function () { return [this === o, await 1]; }, g: async (x) => [x, await 2], h() { return super.toString === Object.prototype.toString; } };
export const curry = (a) => (b) => (c) => [a, b, c];
export const held = curry(1)(2);
export const look = async () => JSON.stringify([b.m(1), a.m(1), A.s(), b.x, [...b.g()], new B(7).q, await o.f(), await o.g(3), o.h(), held(3), curry(4)(5)(6), new (make(20).B)().m(1)]);
`;

const EVERYTHING: Record<string, Case> = {
  'every function of a module wrapped, one inside the other: nothing is told apart, on the way there and back':
    [
      KINDS,
      `const first = await m.look(), same = async () => [await m.look(), JSON.stringify(m.default(1)), JSON.stringify(m.default(1, { b: 2 }))].join() === [first, '[1,1]', '[1,2]'].join();
     const paths = functions(M).map((one) => one.path).filter((path) => path !== 'look').reverse(); const odd = [];
     for (const path of paths) { const { deferred } = await around(at(path), (next, ...args) => next(...args)); if (deferred || !(await same())) odd.push([path, deferred]); }
     for (const path of paths) { const { deferred } = await rollback(M); if (deferred || !(await same())) odd.push(['back from', path, deferred]); }
     const mocks = []; for (const path of paths) mocks.push(await mock(at(path))); if (!(await same())) odd.push('mocked');
     for (const one of mocks) one.restore(); return [paths.length, odd, await same(), mocks.every((one) => one.calls.length > 0), version(M).number]`,
      [14, [], true, true, 0],
    ],
};

const HOOKS: Record<string, Case> = {
  'before: this and arguments; its result is ignored, its error is the call’s': [
    CART,
    `const log = []; await before(m.Cart.prototype.total, function (...args) { log.push(this === m.cart, args); if (args[0] === 0) throw new Error('zero'); return 'ignored'; });
     const out = [m.cart.total(2, 3)]; try { m.cart.total(0); } catch (error) { out.push(error.message); } return [...out, log]`,
    [4, 'zero', [true, [2, 3], true, [0]]],
  ],
  'after: the result and the arguments, once it is there': [
    `export function f(a) { return a * 2; } export async function g(a) { await null; return a * 2; } export const h = (a) => Promise.resolve(a);
     export function* k(a) { yield a; return 'done'; } export function bad() { throw new Error('bad'); }`,
    `const log = []; for (const name of ['f', 'g', 'h', 'k', 'bad']) await after(m[name], (...args) => { log.push([name, ...args]); return 'ignored'; });
     const out = [m.f(1), [...m.k(4)]]; const g = m.g(2), h = m.h(3); out.push(log.length, await g, await h); try { m.bad(); } catch { out.push('bad'); }
     return [...out, log]`,
    [
      2,
      [4],
      2,
      4,
      3,
      'bad',
      [
        ['f', 2, 1],
        ['k', 'done', 4],
        ['h', 3, 3],
        ['g', 4, 2],
      ],
    ],
  ],
  'onError: a throw or a rejection; what it returns is the result': [
    `export function f(a) { if (a) throw new Error('f' + a); return 'fine'; } export async function g() { await null; throw new Error('g'); } export const h = () => Promise.reject(new Error('h'));
     export function* k() { yield 1; throw new Error('k'); } export const again = () => { throw new Error('first'); };`,
    `const log = []; for (const name of ['f', 'g', 'h', 'k']) await onError(m[name], (error, ...args) => { log.push(args); return 'caught ' + error.message; });
     await onError(m.again, (error) => { throw new Error(error.message + ' again ' + log.length); });
     const it = m.k(); it.next(); const out = [m.f(0), m.f(1), await m.g(2), await m.h(3), it.next().value]; try { m.again(); } catch (error) { out.push(error.message); } return [...out, log]`,
    ['fine', 'caught f1', 'caught g', 'caught h', 'caught k', 'first again 4', [[1], [2], [3], []]],
  ],
  'standing alone or as source text they are persisted': [
    'export const log = []; export function f(a) { return a; }',
    `const v = await before(m.f, '(a) => log.push(a)'); await after(m.f, 'function (result) { log.push(result); }'); const w = await onError(m.f, () => 0); return [v.persisted, w.persisted, m.f(7), m.log]`,
    [true, true, 7, [7, 7]],
  ],
  natives: [
    'export const f = (a) => [a];',
    `const log = []; const v = await after(m.f, log.push.bind(log)); m.f(1); return [v.persisted, log]`,
    [false, [[1], 1]],
  ],
  'what is refused': [
    `export function* g() { yield super_; } const super_ = 1; export const o = { __proto__: { m() {} }, *m() { yield super.m; } };`,
    `const before = text(); return [await no(around(m.o.m, () => [])), await no(around(m.g, 5)), await no(around(m.g, class {})), await no(around(m.g, '1')), await no(around(m.g, m.g)), await no(around(m.g, () => [], null)), text() === before]`,
    ['STRUCTURAL', 'NO_SOURCE', 'SYNTAX', 'SYNTAX', 'BAD_TARGET', 'SYNTAX', true],
  ],
};

cases({ ...REPLACE, ...AROUND, ...INSIDE, ...EVERYTHING, ...HOOKS });

test.run();
