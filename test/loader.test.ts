// An unedited program must behave as it does without the loader: each case runs twice and both outcomes are compared.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Outcome, program, type RunOptions } from './program.ts';

interface Case extends Omit<RunOptions, 'hot'> {
  files: Record<string, string>;
  packages?: string[];
  /** lowest Node that knows what the case uses */
  since?: number;
}

/** `show(label, f)` prints what `f` gives, or its error with every frame of the stack, without columns. */
const SHOW = `const trace = (e) => String(e.stack).replaceAll(/:(\\d+):\\d+/g, ':$1').replaceAll(import.meta.url, 'here');
const show = (label, f) => { try { const v = f(); v?.catch?.(() => {}); console.log(label, v); } catch (e) { console.log(label, e?.constructor?.name, trace(e)); } };
`;

/** Says that the second line of a file is line 8 of orig.ts. */
const MAP = JSON.stringify({ version: 3, sources: ['orig.ts'], names: [], mappings: ';AAOA' });

const CASES: Record<string, string | Case> = {
  'functions, arrows, methods, accessors': `
    export function add(a, b) { return a + b; }
    const mul = (a, b,) => a * b, id = x => x, zero = () => ({ z: 0 }), later = async (x) => x;
    class Cart { #n = 1; static made = 0; constructor(n = 2) { this.#n = n; Cart.made++; } get n() { return this.#n; } set n(v) { this.#n = v; }
      total(k) { return this.#n * k; } static of(n) { return new this(n); } #secret() { return this.#n; } tell() { return this.#secret(); } field = (x) => this.#n + x; }
    class Big extends Cart { constructor(n) { super(n); this.big = true; } total(k) { return super.total(k) + 1; } }
    const big = Big.of(4); big.n = 7;
    console.log(add(1, 2), mul(2, 3), id(1), zero(), await later(5), big.total(2), big.tell(), big.field(1), big.big, Cart.made, new Cart().n);
    for (const f of [add, mul, id, zero, later, Cart, Big, Cart.of, Big.prototype.total]) console.log(f.name, f.length, Object.getOwnPropertyNames(f), f.constructor.name);`,

  'circular imports call hoisted functions before evaluation': {
    files: {
      'app.js': `import { b } from './b.js'; import * as ns from './app.js';
export function early(x) { return 'early ' + x; }
export async function soon({ a } = { a: 1 }) { return a; }
export function* gen(n = 2) { while (n--) yield n; }
export default function () { return 'default'; }
export const late = () => 1;
export class K { static m() { return 'm'; } }
console.log(b, Object.keys(ns), await soon());`,
      'b.js': `import def, { early, soon, gen, late, K } from './app.js'; import * as ns from './app.js';
export const b = early(1) + def() + [...gen()] + def.name;
try { late(); } catch (e) { console.log(e.name, e.message); }
try { new K(); } catch (e) { console.log(e.name, e.message); }
console.log(Object.keys(soon), await soon({ a: 5 }), await soon());
try { ns.late; } catch (e) { console.log(e.name, e.message); }`,
    },
  },

  'parameters: defaults and patterns, and the errors in them': `${SHOW}
const a1 = ({ a, b: { c = 3 } = {}, ...rest }, [d, , e = d] = [1, 2], f = a + c, ...more) => [a, c, rest, d, e, f, more];
const a2 = ( // first
  { x }, /* between */ y = // why
    x + 1
  , // after
  [z] = [
    y /* deep */ ,
  ], // last
) => // body next
  [x, y, z];
const a3 = async ({ x }, y = x) => { await null; return [x, y]; };
const a4 = ({}) => 1, a5 = ([]) => 1, a6 = ({ ...r }) => r, a7 = ({ ['k' + 1]: k }) => k, a8 = ({ 'a-b': v, 0: w }) => [v, w];
const a9 = ({ a } = null) => a, a10 = ({ a: { b } }) => b, a11 = ([a, [b]]) => b, a12 = ({ a } = {}, { b } = a) => b;
const a13 = (f = () => 1, g = function () {}, h = class {}, { i = () => 2, j: j2 = class {} } = {}, k = (() => 3)) => [f, g, h, i, j2, k].map((x) => x.name);
const a14 = (a = b, b = 1) => a, a15 = (a = a) => a, a16 = ({ a = a }) => a, a17 = ([a = b, b]) => a;
const a18 = (a = (() => { throw new Error('in default'); })()) => a;
const a19 = (cb = () => v, v = 1) => { v = 2; return cb(); }, a20 = (v, cb = () => v) => { v = 2; return cb(); };
const a21 = (v, cb = () => v) => { var v = 9; return [v, cb()]; }, a22 = ({ v }, cb = () => v) => { let w = v; { let v = 3; w += v; } return [w, cb()]; };
const a23 = (...[p, q = p]) => [p, q], a24 = (a, ...{ length }) => length, a25 = ({ a }, ...[{ b }]) => [a, b];
const a28 = ({ a = 1 }, { b }) => [a, b], a29 = ({
  a
}, {
  b = 2
  , c }) => [a, b, c], a30 = ([ a ] = []) => a, a31 = ([a] = 1, [b] = {}) => [a, b], a32 = ({ a: { b } = {} }) => b, a33 = ({
  ['a']: b
}) => b, a34 = ({ // c
  /* d */ ...r }) => r;
const a26 = (get = 1, set = 2, of = 3, async = 4, await1 = 5) => get + set + of + async + await1;
const a27 = ({ get: g, set, async, static: s, class: c }) => [g, set, async, s, c];
function f1({ a }, b, c = a, d = arguments.length, { e } = { e: arguments[3] }) { return [a, b, c, d, e, arguments.length]; }
function f2(a, b = () => a, { c } = {}) { a = 2; return [b(), arguments[0]]; }
function f3({ a }) { var a; return a; }
function f4({ a }, b = typeof inner) { function inner() {} return [a, b]; }
function f5({ a } = f5.fallback) { return a; } f5.fallback = { a: 'fb' };
function f6({ get }, { set } = this) { return [get, set]; }
async function f7({ a }) { return a; }
function* f8({ a }) { yield a; }
async function* f9({ a }) { yield a; }
class C { constructor({ a }, b = a) { this.a = a; this.b = b; } m({ a }, b = this.b) { return [a, b]; } static s([a] = []) { return a; } set v({ a }) { this.w = a; } #p({ a }) { return a; } p(x) { return this.#p(x); }
  async am({ a }) { return a; } *gm({ a }) { yield a; } }
const o = { m({ a }, b = super.toString) { return [a, typeof b]; }, set v([a]) { this.w = a; }, async n({ a }) { return a; }, ['c' + 1]({ a }) { return a; }, arrow: ({ a }) => a };
const all = { a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, f1, f2, f3, f4, f5, f6, f7, f8, f9 };
const inputs = [[], [undefined], [null], [1], ['xy'], [{ a: 1, x: 2, v: 3, get: 4 }, [5], undefined, 7], [[1, [2]], { b: 3 }], [{ a: { b: 1 }, k1: 6, 'a-b': 7, 0: 8 }], [{ get a() { throw new RangeError('getter'); }, get v() { throw 1; } }], [[]], [Symbol.iterator]];
for (const [name, f] of Object.entries(all)) {
  console.log(name, f.name, f.length);
  for (const args of inputs) {
    show(name, () => f(...args));
    try { await f(...args); } catch (e) { console.log('async', String(e.stack ?? e).split('\\n')[0], e.stack && trace(e)); }
    try { const all = f(...args); all?.catch?.(() => {}); for (const x of all) console.log('yields', x); } catch (e) { console.log('iterating', e.name, e.message); }
  }
}
for (const args of inputs) {
  const c = Object.create(C.prototype);
  show('new', () => new C(...args)); show('m', () => c.m(...args)); show('s', () => C.s(...args)); show('set', () => { c.v = args[0]; return c.w; });
  show('private', () => new C({ a: 1 }).p(...args)); show('om', () => o.m(...args)); show('ov', () => { o.v = args[0]; return o.w; }); show('oc', () => o.c1(...args)); show('arrow', () => o.arrow(...args));
  show('gm', () => [...c.gm(...args)]);
  for (const k of [() => c.am(...args), () => o.n(...args)]) { const box = {}; show('call', () => { box.p = k(); return typeof box.p; }); await box.p.then(console.log, (e) => console.log(String(e), e.stack && trace(e))); }
}`,

  'order of evaluation in parameters': `
const log = []; const note = (x, v) => (log.push(x), v);
const src = (n) => new Proxy({}, { get: (_, k) => typeof k === 'symbol' ? undefined : note(n + k.toString(), undefined), ownKeys: () => note(n + 'keys', []), has: (_, k) => note(n + 'has', true) });
const it = (n, count = 0) => ({ [Symbol.iterator]: () => note(n + 'iter', { next: () => note(n + 'next', { done: count++ > 3, value: undefined }), return: () => note(n + 'return', {}) }) });
const f = ({ a = note('da', 1), [note('key', 'b')]: b = note('db', 2), ...r }, [c = note('dc', 3), ...[]], d = note('dd', 4), ...[e = note('de')]) => note('body', [a, b, c, d, e]);
function g({ a = note('da', 1), b: { c } = note('db', {}) }, [d, e = note('de', 5)], h = note('dh')) { return note('body', [a, c, d, e, h]); }
try { f(src('s'), it('i')); } catch (e) { log.push(e.message); }
f(src('s'), [][Symbol.iterator]());
g(src('s'), it('i')); g.call(null, src('s'), it('i'), undefined); new g(src('t'), it('j'), 1);
console.log(log.join());`,

  'generators: return, throw, delegation, laziness': `${SHOW}
function* g(a = console.log('default runs at call'), { b } = { b: 2 }) { try { const x = yield a; console.log('got', x); yield b; } catch (e) { console.log('caught', e); yield 'c'; } finally { console.log('finally'); yield 'f'; } return 'r'; }
async function* ag({ a }, b = a) { try { yield* [a, Promise.resolve(b)]; } finally { console.log('afinally'); await null; yield 'late'; } }
const it = g(); console.log('made'); console.log(it.next(), it.next(5), it.return(9), it.next(), it.next());
const i2 = g(1); i2.next(); console.log(i2.throw('boom'), i2.next(), i2.next());
const i3 = g(); console.log(i3.return(1), i3.next());
const j = ag({ a: 1 }); console.log(await j.next(), await j.return('x'), await j.next(), await j.next());
const k = ag({ a: 1 }); try { await k.throw(new Error('t')); } catch (e) { console.log(e.message); }
show('sync throw', () => ag()); show('sync throw', () => g(1, null));
console.log(Object.getPrototypeOf(it) === g.prototype, it instanceof g, Object.getOwnPropertyNames(g), Object.getOwnPropertyNames(ag), g.constructor.name, ag.constructor.name, [...g.call({ t: 1 })]);
const o = { *gen() { yield this.v; yield super.toString(); }, v: 3, async *ag() { for await (const x of [1, Promise.resolve(2)]) yield x; }, *[Symbol.iterator]() { yield* this.gen(); } };
console.log([...o]); for await (const x of o.ag()) console.log(x);
show('new g', () => new g());`,

  'arguments, this, new.target, super': `${SHOW}
function f(a, b) { arguments[0] = 9; return [a, arguments.length, this === undefined, new.target === f, arguments[Symbol.iterator] === Array.prototype.values, Object.getOwnPropertyNames(arguments)]; }
show('f', () => f(1, 2, 3)); show('new f', () => new f()); show('callee', () => (function () { return arguments.callee; })());
function N(x) { if (!new.target) return new N(x); this.x = x; this.sub = new.target.name; const inner = () => new.target === N; this.inner = inner(); }
class S extends N { } show('N', () => [N(1), new N(2), new S(3), Reflect.construct(N, [4], Array), Reflect.construct(N, [5], class Q {})]);
function R() { return Object.freeze({ r: 1 }); } show('R', () => new R());
function P() { this.p = 1; return 5; } show('P', () => new P());
const bound = f.bind({}, 7); show('bound', () => [bound(), bound.name, bound.length, new bound()]);
const m = { meth(a, b) { return a; }, get g() { return 1; }, set g(v) {}, async am() {}, *gm() {}, arrow: () => {}, fn: function () {} };
for (const [k, d] of Object.entries(Object.getOwnPropertyDescriptors(m))) for (const h of ['value', 'get', 'set']) if (d[h]) { show(k + h, () => [d[h].name, d[h].length, 'prototype' in d[h], Object.getOwnPropertyNames(d[h]), Object.keys(d)]); show(k, () => new d[h]()); }
class A { constructor(...a) { this.a = a; } who() { return 'A' + this.a; } static who() { return 'sA'; } get v() { return 'v'; } static #sp() { return 1; } static sp() { return A.#sp(); } }
class B extends A { constructor() { super(...arguments); this.t = new.target.name; } who() { return super.who() + 'B'; } static who() { return super.who() + 'sB'; } get v() { return super.v + 'b'; } set v(x) { super.w = x; } arrow = () => super.who(); static arrow = () => super.who(); ['c' + 'k']() { return super.v; } }
class D extends B { constructor() { const x = 1; super(x, 2); this.d = () => this.who(); } }
class E extends B { constructor() { 'use strict'; super(1)
 this.e = 1 } }
class F extends B { constructor() { super(); return { f: 1 }; } }
class G extends B { constructor() { (super(7)) } }
class H extends B { constructor() { super(this); } }
class I extends B { constructor() { } }
class J extends B { constructor() { super(); super(); } }
class K extends null { static s() { return 1; } } class L extends null { constructor() { return Object.create(L.prototype); } l() { return 1; } }
class M extends B { constructor({ a }, b = a) { super(a, b); this.m = b; } } class O extends A { constructor() { super(); return 1; } } class Q extends A { constructor() { super() /* c */ ; /* d */ [1].map((x) => x); } }
const b = new B(1, 2); b.v = 5; console.log(b, b.who(), B.who(), b.v, b.arrow(), B.arrow(), b.ck(), A.sp());
for (const X of [A, B, D, E, F, G, H, I, J, K, L, M, O, Q]) { show(X.name, () => new X({ a: 1 })); show(X.name, () => X()); console.log(X.length, Object.getOwnPropertyNames(X), Object.getOwnPropertyNames(X.prototype ?? {})); }
show('D', () => new D().d()); show('H', () => new H());
function Old() { return Reflect.construct(Array, [], new.target); } console.log(Array.isArray(new Old()), new Old() instanceof Old);`,

  'names of anonymous functions and classes': {
    files: {
      'app.js': `import d1 from './d1.js'; import d2 from './d2.js'; import d3 from './d3.js'; import d4 from './d4.js'; import d5 from './d5.js'; import d6 from './d6.js'; import d7 from './d7.js';
console.log([d1, d2, d3, d4, d5, d6, d7].map((f) => [f.name, f.length, typeof f.prototype]), d3.name, d7());
const a = () => {}, b = function () {}, c = class {}, d = (() => {}), e = class { static name = 'own'; }, f = class { static { this.x = 1; } }, g = class { static name() {} };
let h; h = () => {}; (h = () => {}); const o = { h: () => {}, ['x' + 1]: () => {}, [Symbol('sym')]: () => {}, [Symbol()]: function () {}, 'q r': () => {}, 1: () => {}, get z() { return 1; }, async k() {}, __proto__: () => {} };
const { i = () => {} } = {}, [j = () => {}] = []; let l; ({ l = () => {} } = {}); let m = null; m ??= () => {}; let n; n ||= (() => {}); o.p = () => {}; o['q'] = () => {};
console.log([a, b, c, d, f, h, i, j, l, m, n, o.p, o.q].map((x) => x.name), e.name, typeof g.name, Reflect.ownKeys(o).map((k) => [k, o[k].name]), Object.getPrototypeOf(o).name);
class K { a = () => {}; 'b c' = () => {}; #d = () => {}; static e = () => {}; [Symbol('s')] = () => {}; f = class {}; static [Symbol.hasInstance]() { return true; } get d() { return this.#d; } static #p() {} static get p() { return this.#p; } }
const k = new K(); console.log(k.a.name, k['b c'].name, k.d.name, K.e.name, k[Object.getOwnPropertySymbols(k)[0]].name, k.f.name, 1 instanceof K, K.p.name);
console.log((() => {}).name, (function () {}).name, (class {}).name, (0, () => {}).name, [() => {}][0].name, ((x) => x)(() => {}).name, (true ? () => {} : 0).name, (a || (() => {})).name);
console.log(new Function('a', 'return a').name, (function named() { return typeof named; })(), (class N { static n() { return N.name; } }).n());`,
      'd1.js': 'export default () => 1',
      'd2.js': 'export default function () { return 1 }',
      'd3.js': 'export default class { m() {} }',
      'd4.js': 'export default (function () {})',
      'd5.js': 'export default async (a, b) => { await a }',
      'd6.js': 'export default (class { static s = () => 1 })',
      'd7.js': 'export default function* () {}\n;[1].forEach((x) => x)',
    },
  },

  'classes: private members, static blocks, fields, accessors, computed keys': `${SHOW}
const seq = []; const key = (k) => (seq.push(k), k);
class A { static #count = 0; #x = seq.push('field'); static { seq.push('block1'); this.inBlock = () => A.#count++; } [key('a')] = seq.push('fa'); static [key('b')] = seq.push('sb'); static { seq.push('block2'); const local = (x) => x + 1; A.two = local(1); }
  [key('m')]() { return this.#x; } get [key('g')]() { return this.#get; } static async *[key('ag')]() { yield A.#count; } get #get() { return 'private get'; } set #get(v) { this.#x = v; } setIt(v) { this.#get = v; return this.#x; } static has(o) { return #x in o && #priv in o; } #priv() { return 1; }
  static async #sa() { return 's'; } static sa() { return A.#sa(); } *#pg() { yield this.#x; } pg() { return [...this.#pg()]; } swap = (o) => o.#x; static f = function () { return this; }; 'quoted key'() { return 1; } 123() { return 2; } async() { return 'async'; } get() { return 'get'; } set() { return 'set'; } static() { return 'static'; } static static() { return 'ss'; } static async() { return 'sa'; } await() { return 'aw'; } 'constructor2'() {} }
const a = new A();
console.log(seq.join(), a.m(), a.g, await A.ag().next(), a.setIt(4), A.has(a), A.has({}), await A.sa(), a.pg(), a.swap(a), A.f(), a['quoted key'](), a[123](), a.async(), a.get(), a.set(), a.static(), A.static(), A.async(), a.await(), A.inBlock(), A.two);
show('wrong this', () => A.prototype.m.call({})); show('wrong set', () => A.prototype.setIt.call({})); show('no getter', () => { class Q { set #v(x) {} get() { return this.#v; } } new Q().get(); }); show('method write', () => { class Q { #m() {} w() { this.#m = 1; } } new Q().w(); });
class W { set #v(x) {} get() { return this.#v; } #m() {} w() { this.#m = 1; } static [(() => 'computed')()] = 1; [((x) => x)('cm')]() { return 'cm'; } get [function () { return 'name'; }()]() { return 'gn'; } }
show('no getter', () => new W().get()); show('method write', () => new W().w()); console.log(W.computed, new W().cm(), new W().name);
const anon = [class { static x = 1; m() { return 1; } }, class extends Array { constructor() { super(3); } get l() { return this.length; } }]; console.log(anon.map((c) => c.name), new anon[1]().l, Object.getOwnPropertyNames(anon[0]));
var v = class Inner { static me() { return Inner; } static { try { v; console.log(v === undefined); } catch (e) { console.log(e.message); } } }; console.log(v.me() === v);
try { class T { static { T.x = later; } } } catch (e) { console.log(e.message); } let later = 1;
class Z extends (() => class { base() { return 'b'; } })() { base() { return super.base(); } } console.log(new Z().base()); class Y { static [Symbol.iterator] = function* () { yield 1; }; static get [Symbol.species]() { return Array; } } console.log([...Y], Y[Symbol.species].name);
show('tdz', () => { new L(); }); class L { } const M = class { static n = M2; } ; var M2; console.log(M.n);
show('extends', () => { class X extends 5 {} });
function mixin(Base) { return class extends Base { mixed({ a } = {}) { return [super.hello?.(), a]; } }; } console.log(new (mixin(class { hello() { return 'hi'; } }))().mixed());
const frozen = Object.freeze(class { static f = (x) => x; static m() { return 'frozen'; } }); console.log(frozen.m(), frozen.f(2));`,

  'functions as keys': `const o = { [() => 1]: 1, [async (x) => x]: 2, [(function () {})]: 3, m: { [class { m() {} }]: 4 } }; class C { [(x) => x] = 1; static [() => {}]() { return 2; } get [function* () {}]() { return 3; } }
console.log(Object.keys(o), Object.keys(new C()), Object.getOwnPropertyNames(C), Object.getOwnPropertyNames(C.prototype), o[() => 1], o[async (x) => x], C[() => {}]());`,

  'directives and what only looks like one': `
function a() { 'use strict' }
function b() { 'use strict'
  return 1 }
function c() { "a directive"; 'another' ; return 2 }
function d() { 'x' + 1; return 3 }
function e() { ('use strict'); return 4 }
function f() { 'x'
  .length; return 5 }
function g() { 'x' /* c */ ; // d
  return 6 }
function h() { 'use strict' /* c */ }
const i = () => { 'use strict'; return 7 }, j = (x) => { "use strict"
  return x }, k = async x => { 'use strict' /* c */
  /* d */ return x }, l = () => { 'use nothing'; return 9 }, m = () => { 'x'
  [0]; return 10 }, n = () => { 'use strict' };
class C { constructor() { 'use strict'; this.c = 1 } m() { 'use strict'
 return this } get g() { 'y' } static async *s() { 'use strict'; yield 1 } }
class D extends C { constructor() { 'use strict'; super() } }
const o = { m() { 'z'; return 1 }, set s(v) { 'z' } };
console.log(a(), b(), c(), d(), e(), f(), g(), h(), i(), j(8), await k(8), l(), m(), n(), new C().m(), new D().g, await C.s().next(), o.m(), (o.s = 1));
console.log((() => { 'use strict'; return this })(), (function () { return this })());`,

  'an arrow without parentheses below a line without a semicolon': `
    let async = 1, a = 2; function f() { a
x => x; async
y => () => y, a++; return a } console.log(f());`,

  'arrows of every shape': `
const a = x=>x,b=(x)=>x,c=()=>({}),d=()=>({a:1}).a,e=x=>(x,x+1),f=x=>x?1:2,g=async x=>await x,h=async(x)=>x,i=async()=>{},j=x=>y=>x+y,k=(x,y,)=>x+y,l=(...r)=>r,m=(x,...r)=>[x,r],n=x=>{},o=x=>{return x},p=x=>[...x],q=_=>_,r=$=>$,s=async=>async,t=(async)=>async,u=x=>void 0,v=x=>x=>x,w=x=>function(){return x},y=x=>class{static x=x},z=x=>/=>/.test(x);
const aa = x =>
  x
  , bb = x => /* c */ x /* d */, cc = x => // c
  (x) // d
  , dd = (x) /* c */ => x, ee = /* c */ x /* d */ => x, ff = async /* c */ x /* d */ => x, gg = async /* c */ (x /* d */) /* e */ => x, hh = (/* none */) => 1, ii = (
  ) => 2, jj = (x, // c
  y // d
  ) => x + y, kk = (x /* c */, /* d */) => x, ll = (/* ( */ x /* ) */) => x, mm = ( // )
  x) => x, nn = (...r /* c */) => r, oo = (... /* c */ r) => r, pp = (x, ... r
  ) => r, qq = (x /*,*/ , ) => x, rr = async(x,)=>x;
const ss = x => x in { a: 1 }, tt = (x) => (x = 5, x), uu = x => x = 6, vv = (x) => typeof x, ww = x => -x, xx = x => x?.y, yy = x => x ?? 1, zz = x => new Date(x).getTime(), ab = x => (yieldy => yieldy)(x), ac = x => x\`tag\`, ad = x => \`t\${x}\`, ae = x => ([x] = [x + 1], x), af = x => import.meta.url === x, ag = async x => { for await (const y of [x]) return y; }, ah = x => ({ x }), ai = x => ({ x }.x), aj = x => ((x)), ak = x => (((x), x));
for (const fn of [a,b,c,d,e,f,g,h,i,k,l,m,n,o,q,r,s,t,u,yy,zz,aa,bb,cc,dd,ee,ff,gg,hh,ii,jj,kk,ll,mm,nn,oo,pp,qq,rr,tt,uu,vv,ww,xx,ab,ad,ae,af,ag,ah,ai,aj,ak]) console.log(fn.name, fn.length, await fn(1, 2, 3), fn.hasOwnProperty('prototype'), fn.constructor.name);
console.log(j(1)(2), p('ab'), v(1)(2), w(3)(), y(4).x, z('=>'), ss('a'), ac((x) => x[0]));
for (var n1 = x => x + 1, n2 = 0; n2 < 2; n2++) console.log(n1(n2));
for (const f1 = (x) => (x in { a: 1 }), n3 = [0]; n3[0] < 1; n3[0]++) console.log(f1('a'));
for (var f2 in { x: () => 1 }) console.log(f2); for (var f3 of [() => 1, x => x]) console.log(f3(2)); if ((() => true)()) console.log((() => 1)()); switch ((x => x)(1)) { case (() => 1)(): console.log('case'); }
lab: for (;;) { for (;;) { break lab; } } other: { (() => { })(); break other; } do { var once = (x => x)(0) } while (once); try { throw (() => 'thrown')() } catch (caught) { console.log(caught) }
var x1 = 1, x2 = () => x1
;[1].map(x => x * 2).forEach(x => console.log(x))
;(() => console.log('iife'))()
;(async () => { console.log('async iife') })()
!function () { console.log('bang') }()
void (() => {})(), +(() => 1)(), new (function () { this.made = 1 })(), new (class { constructor() { console.log('anon') } })
const cond = true ? x => x : y => y, opt = null ?? (x => x), and = true && (() => 'and'), nested = { a: { b: [x => x, { c: () => 1 }] } }, spread = { ...{ s: () => 1 } }, sp = [...[() => 1]], call = ((f) => f)(...[x => x]), tpl = \`\${(() => 'in template')()}\`, del = delete { a: () => 1 }.a, ass = (x1 = () => 2), chain = [3, 1, 2].sort((a, b) => a - b).map((x) => x)?.filter?.(x => x > 1), thrown = () => { throw 1 };
console.log(cond(1), opt(2), and(), nested.a.b[0](3), nested.a.b[1].c(), spread.s(), sp[0](), call(4), tpl, del, ass(), chain, x1());`,

  'asm.js': `function Asm(stdlib) { 'use asm'; function f(x) { x = x | 0; return (x + 1) | 0; } return { f: f }; }
console.log(Asm(globalThis).f(1));`,

  'names from everywhere: unicode, escapes, shadowing, keywords': `
const ünï = (ø) => ø, \\u0061bc = x => x, 变量 = ({ 键 }) => 键, $ = ($) => $, _ = (_, __) => __, 𠮷 = (𠮷) => 𠮷, undefined1 = (undefined) => undefined, get = (of) => of, async = (async) => async;
function globalThis2(globalThis) { return globalThis } function shadow(Reflect, Object, Symbol) { new.target; return [Reflect, Object, Symbol] } const sh = ({ Reflect }, Object = 1) => [Reflect, Object];
class 类 { #私 = 1; 方法(参 = this.#私) { return 参 } static \\u{62}b() { return 'b' } get \\u0067() { return 'g' } 'é'() { return 1 } }
console.log(ünï(1), abc(2), 变量({ 键: 3 }), $(4), _(1, 5), 𠮷(6), undefined1(7), get(8), async(9), globalThis2(1), shadow(1, 2, 3), new shadow(1), sh({ Reflect: 1 }), new 类().方法(), 类.bb(), new 类().g, new 类().é(), 变量.name, 𠮷.name);
export { ünï as 'a string name', 𠮷 as 'emoji 😀', $ as default };
import * as self from './app.js'; console.log(Object.keys(self));
const arguments1 = 1, eval1 = (x) => eval('x'), evil = (x, y = eval('x')) => y, e3 = ({ x }) => eval('x'), e4 = (0, eval); console.log(eval1(1), evil(2), e3({ x: 3 }), typeof e4('this'));
function ev() { var local = 1; eval('var local = 2'); return [local, eval('arguments.length'), eval('new.target')] } console.log(ev(1, 2));`,

  'CRLF and other line ends':
    SHOW.replaceAll('\n', '\r\n') +
    "function a() {\r\n  'use strict'\r\n  throw new Error('a');\r\n}\r\nconst b = ({\r\n x }, // c\r\n y = 1\r\n) => {\r\n  throw new Error('b'); };\u2028const c = (\u2029x = 1\r) =>\r\n\r\n x.y.z;\rshow('a', a);show('b', () => b({}));\nshow('c', () => c());\u2028export const d = 1;\r\nexport default () =>\r1;\r\n",
  'a byte order mark': `\uFEFF${SHOW}const f = ({ a }) => a; export const x = 1; show('f', f);`,
  'a byte order mark and a hashbang': `\uFEFF#!/usr/bin/env node\nconst f = ({ a }) => a; export const x = 1; console.log(f({ a: 1 }));`,
  'a hashbang': `#!/usr/bin/env node\n${SHOW}const f = () => { throw new Error('line'); }; show('f', f); export {};`,
  'a hashbang with CRLF': `#!/usr/bin/env node\r\nconst f = () => 1; console.log(f(), new Error().stack.split('\\n').length); export {};`,
  'a hashbang and nothing else': '#!/usr/bin/env node',
  'a hashbang ended by U+2028': '#!x\u2028console.log((() => 1)()); export {}',
  'an empty module': '',
  'a comment and no more': '// nothing',
  'a minified module':
    `import*as s from"node:path";import{join as j}from"node:path";var a=1,b=(e,t)=>{let n=t;return n+e},c=class{static#a=1;static get a(){return c.#a}constructor(){this.x=1}y(){return this.x}},d=async function*(e){yield*e},f=e=>e?b(e,1):c.a;function g(e){return e&&g(e-1)}export{b as x,c as y,d as default,f as z};console.log(b(1,2),c.a,new c().y(),f(0),f(1),g(3),typeof s.join,j("a","b"),(()=>{})(),[1,2].map(e=>e*2));for(let e of[1])console.log(e);export const h=({a:e,b:{c:t}={}},[n]=[1],...r)=>e+t+n+r.length;console.log(h({a:1}));if(a)function i(){}else;`.replace(
      'if(a)function i(){}else;',
      'export*from"./app.js";',
    ),

  'exports of every form, and their live bindings': {
    files: {
      'app.js': `import * as lib from './lib.js'; import def, { x as y, 'a b' as ab, bump, swap, arrow } from './lib.js'; import * as all from './all.js'; import * as cjs from './c.cjs'; import cdef, { named } from './c.cjs'; import data from './d.json' with { type: 'json' };
console.log(Object.keys(lib), lib, y, ab, def(), typeof arrow); bump(); console.log(y, lib.let1, lib.v, lib.fresh); swap(); console.log(def(), lib.fn());
for (const k of ['c', 'let1', 'fn', 'default', 'nope', 'arrow']) { try { lib[k] = 1; console.log('assigned', k); } catch (e) { console.log(e.name + ': ' + e.message); } try { delete lib[k]; } catch (e) { console.log(e.message); } console.log(Object.getOwnPropertyDescriptor(lib, k)); }
console.log(Object.keys(all), all.ns === lib, Object.isFrozen(lib), Object.isSealed(lib), Reflect.ownKeys(lib), cjs, cdef, named, data, Object.prototype.toString.call(all));
import('./lib.js').then((again) => console.log(again === lib)); console.log(await import('./cyc.js'));
try { lib.writeConst(); } catch (e) { console.log(e.name + ': ' + e.message); } for (const w of Object.keys(lib.writers)) { try { lib.writers[w](); console.log(w, 'no error'); } catch (e) { console.log(w, e.name + ': ' + e.message); } } console.log(lib);
try { await import('./bad.js'); } catch (e) { console.log(e.name, e.message); } try { await import('./ambiguous.js'); } catch (e) { console.log(e.name, e.message); }`,
      'lib.js': `export const c = { a: 1 }, { d, e: [f] } = { d: 2, e: [3] }; export let let1 = 1; export var v = 1; export const x0 = 5; let x = 1; export { x, x as 'a b', fn as other, Cls as default2 }; export class Cls { static s() { return Cls; } }
export const arrow = () => arrow; export function fn() { return fn.v ?? 'fn'; } export default function def() { return def2; } let def2 = 'def'; export { default as path } from 'node:path'; export const fresh = undefined; export const g = function () {}, K = class {}, h = (1, () => 1), n = -1, nan = NaN, big = 1n, re = /x/g, sym = Symbol.iterator;
export function bump() { x++; let1 += 1; v = 'v2'; } export function swap() { def2 = 'swapped'; fn.v = 'new'; } const w = 1, w1 = 1, w2 = 1, w3 = 1, w4 = 1, w5 = 1, w6 = 1, w7 = 1, w8 = 1, w9 = 1; export { w, w1, w2, w3, w4, w5, w6, w7, w8, w9 }; export function writeConst() { w = 2; }
export const writers = { inc() { w1++; }, pattern() { [w2] = [1]; }, object() { ({ a: w3 } = { a: 1 }); }, paren() { (w4) = 1; }, parenInPattern() { [(w5)] = [2]; }, forOf() { for (w6 of [1]); }, forIn() { for (w7 in { a: 1 }); }, logical() { w8 &&= 3; }, rest() { [...w9] = [1]; }, evil() { eval('x0 = 6'); }, restObject() { ({ ...ro } = {}); }, deflt() { [df = 1] = []; }, parenObject() { ({ a: (po) } = { a: 3 }); }, forParen() { for ((fp) of [1]); }, forPattern() { for ([fq] of [[1]]); }, exp() { ex **= 2; } }; export const ro = 1, df = 1, po = 1, fp = 1, fq = 1, ex = 3;`,
      'all.js': `export * from './lib.js'; export * as ns from './lib.js'; export * as 'string ns' from './lib.js'; export { default } from './lib.js'; export const x0 = 'own';`,
      'cyc.js': `import * as me from './cyc.js'; export const one = 1; try { me.two; } catch (e) { console.log(e.name, e.message); } export const two = { me: Reflect.ownKeys(me).length }; export { me as 'self' };`,
      'bad.js': `import { nope } from './lib.js'; export const f = () => nope;`,
      'ambiguous.js': `import { q } from './star.js'; console.log(q);`,
      'star.js': `export * from './s1.js'; export * from './s2.js';`,
      's1.js': `export const q = () => 1;`,
      's2.js': `export const q = () => 2;`,
      'c.cjs': `exports.named = function named() { return 1; }; exports.other = (() => this === exports)(); Object.defineProperty(exports, '__esModule', { value: true });`,
      'd.json': `{ "a": [1, 2] }`,
    },
  },

  'stack traces: frames and lines': `${SHOW}
function plain() { throw new Error('plain'); }
const arrow = () => { throw new Error('arrow'); }, expr = () => plain(), asy = async () => { await null; plain(); };
class A { constructor() { plain(); } static s() { return new A(); } get g() { return expr(); } m = () => expr(); #p() { return this.g; } p() { return this.#p(); } static { this.t = () => plain(); } }
const o = { m() { return plain(); }, 'q r': () => plain(), get g() { return plain(); }, [Symbol.iterator]: function* () { yield plain(); }, async am() { plain(); } };
show('plain', plain); show('arrow', arrow); show('expr', expr); show('new', () => A.s()); show('m', () => o.m()); show('q', () => o['q r']()); show('g', () => o.g); show('it', () => [...o]); show('t', () => A.t());
class B extends A { constructor() { super(); } } show('B', () => new B()); show('map', () => [1].map((x) => plain())); show('sort', () => [1, 2].sort((a, b) => plain())); show('proxy', () => new Proxy({}, { get: (t, k) => plain() }).x);
show('json', () => JSON.stringify({ toJSON() { return plain(); } })); show('prim', () => +{ valueOf: () => plain() }); show('replace', () => 'a'.replace(/a/, () => plain()));
for (const f of [asy, () => o.am(), async () => { await asy(); }]) await f().catch((e) => console.log(trace(e)));
await new Promise((r) => setTimeout(() => { show('timer', plain); r(); })); await new Promise((r) => process.nextTick(() => { show('tick', plain); r(); }));
Error.stackTraceLimit = 1; show('limit 1', () => (({ a }) => a)()); Error.stackTraceLimit = 0; show('limit 0', () => (({ a }) => a)(null)); Error.stackTraceLimit = Infinity; show('limit infinite', () => (({ a }) => a)(null));
Error.stackTraceLimit = 10; let calls = 0; Error.prepareStackTrace = (e, sites) => (calls++, e + ' ' + sites.length + ' ' + sites.map((s) => [s.getFunctionName(), s.getTypeName(), s.getMethodName(), s.getLineNumber(), s.isConstructor(), s.isToplevel(), s.isAsync(), s.isNative(), s.isEval(), s.getFileName()?.startsWith('file:')]).join(';'));
show('sites', () => A.s()); show('sites', () => o.m()); show('sites', () => (({ a }) => a)(null)); show('sites', () => (([a]) => a)(null)); try { o.g } catch (e) { console.log(e.stack, calls) } Error.prepareStackTrace = undefined;
delete Error.stackTraceLimit; show('no limit', () => (({ a }) => a)(null)); Error.stackTraceLimit = 5; const cap = {}; function capture() { Error.captureStackTrace(cap, capture); } (() => capture())(); console.log(trace(cap));
Error.captureStackTrace = () => console.log('patched'); show('patched', () => (({ a }) => a)(null));
let depth = 0; const rec = (x) => (depth++, rec(x + 1)); show('overflow', () => { try { rec(0); } catch (e) { return e.name + e.message + (depth > 1000); } });
console.log(new Error('here').stack.split('\\n').map((l) => l.replace(/:\\d+\\)?$/, '')).join('|'));
show('messages', () => undefined.x); show('messages', () => { null.f(); }); show('messages', () => o.nope()); show('messages', () => nope); show('messages', () => { const c = 1; c = 2; }); const notNew = () => {}; show('messages', () => new notNew()); show('messages', () => { let [a] = {}; }); show('messages', () => A()); show('messages', () => o.m.x.y); show('messages', () => [...5]); show('messages', () => tdz); let tdz; show('messages', () => arrow.x()); show('messages', () => new arrow()); show('messages', () => class extends undefined {}); show('messages', () => Symbol() + ''); show('messages', () => ({}) instanceof arrow); show('messages', () => 1 in 1); show('messages', () => { for (const x of 5); }); show('messages', () => JSON.parse('{'));`,

  'a program cannot see the loader': `
const f = (a, { b } = {}) => a; class A { m() {} static s = 1; } function g(x, y = 1) { return new.target; } const o = { get a() { return 1; } };
console.log(Object.keys(globalThis)); for (const k in globalThis) console.log(k);
for (const x of [f, A, g, A.prototype.m, Object.getOwnPropertyDescriptor(o, 'a').get]) console.log(Object.getOwnPropertyDescriptors(x), x.length, Object.prototype.toString.call(x), typeof x, Object.isExtensible(x));
console.log(Object.getOwnPropertyNames(A), JSON.stringify(process.argv.slice(2)), import.meta.main ?? 'no main', typeof require, typeof module, this, new Error().stack.split('\\n').length, Error.stackTraceLimit, process.listenerCount('exit'), process.listenerCount('uncaughtException'), process.listenerCount('warning'), process.sourceMapsEnabled, Object.keys(import.meta));
process.on('exit', (c) => console.log('exit', c));`,

  'the order of microtasks, ticks and timers': {
    files: {
      'app.js': `
const log = []; const push = (x) => log.push(x);
const a1 = async (x) => x, a2 = async ({ x }) => { await null; return x; }, a3 = async () => a1(1), a4 = async () => { return a1(1); }, a5 = async () => await a1(1), a6 = (x) => a1(x), a7 = async (x = 1) => { try { return await a1(x); } finally { push('f'); } };
async function b1(x) { return x; } async function b2({ x }) { await null; return x; } async function* ag() { yield 1; yield a1(2); return a1(3); } class C { async m(x) { return b1(x); } async *g() { yield* ag(); } static async s() { throw 1; } }
const thenable = { then: (r) => { push('then'); r('t'); } }; process.nextTick(() => push('tick'));
const fs = { a1, a2, a3, a4, a5, a6, a7, b1, b2, m: (x) => new C().m(x), s: () => C.s(), rej: async () => { throw 1; }, then: async () => thenable, bad: async ({ x: { y: { z } } }) => z, bad2: async (x, y = nope()) => x, ret: async () => Promise.reject(2) };
for (const [k, f] of Object.entries(fs)) f({ x: 1 }).then(() => push(k), () => push(k + '!')).then(() => push(k + '2'));
(async () => { for await (const x of new C().g()) push('g' + x); })(); let p = Promise.resolve(); for (let i = 0; i < 12; i++) p = p.then(() => push(i)); queueMicrotask(() => push('q'));
await a2({ x: 1 }); push('after await'); await import('./other.js').then((m) => push(Object.keys(m).join())); push('imported'); console.log(log.join(' '));`,
      'other.js': `export const x = async () => 1; await x(); export default () => {};`,
    },
  },

  'built-ins that the program has patched': {
    files: {
      'app.js': `const iterators = { array: [][Symbol.iterator](), map: new Map().entries(), set: new Set().entries(), string: ''[Symbol.iterator](), regexp: ''.matchAll(/x/g) }; const define = Object.defineProperty, { apply, construct } = Reflect;
const table = { Array: 'isArray from', 'Array.prototype': 'at concat every filter find forEach includes indexOf join map pop push slice some sort splice', String: 'raw', 'String.prototype': 'charCodeAt endsWith includes indexOf match matchAll replace replaceAll slice split startsWith trim', 'RegExp.prototype': 'exec test flags', Object: 'assign create defineProperty entries freeze getOwnPropertyDescriptor keys', 'Object.prototype': 'hasOwnProperty toString', 'Function.prototype': 'apply', 'Map.prototype': 'get has set', 'Set.prototype': 'add has', JSON: 'parse stringify', Math: 'max min', 'BigInt.prototype': 'toString', 'Number.prototype': 'toString', Symbol: 'for', Reflect: 'construct', Promise: 'resolve', Date: 'now', Error: 'captureStackTrace', Buffer: 'from alloc', globalThis: 'Array BigInt Date Error JSON Map Math Number Object RegExp Set String Symbol URL Uint8Array TextDecoder Buffer' };
const places = []; for (const [path, names] of Object.entries(table)) for (const name of names.split(' ')) places.push([path === 'globalThis' ? globalThis : path.split('.').reduce((o, k) => o[k], globalThis), name, path]);
for (const name of ['replace', 'split', 'match', 'matchAll', 'search']) places.push([RegExp.prototype, Symbol[name], 'RegExp']); places.push([Array.prototype, Symbol.iterator, 'Array'], [String.prototype, Symbol.iterator, 'String'], [Map.prototype, Symbol.iterator, 'Map']); for (const k of Object.keys(iterators)) places.push([Object.getPrototypeOf(iterators[k]), 'next', k]);
const seen = []; let n = 0; const write = console.log;
for (const [on, key, label] of places) for (const kind of ['throws', 'counts', 'getter']) { const old = Object.getOwnPropertyDescriptor(on, key); const f = old.value ?? old.get; let calls = 0, m, failed;
  const spy = kind === 'throws' ? function () { throw 'patched'; } : function () { calls++; return new.target ? construct(f, arguments) : apply(f, this, arguments); };
  const now = kind === 'getter' ? { get: () => old.get ? apply(old.get, globalThis, []) : f, configurable: true } : old.get ? { ...old, get: spy } : { ...old, value: spy }; let imported; n++; const url = './lib.js?' + n;
  define(on, key, now); try { imported = import(url); } catch (e) { failed = e; } define(on, key, old);
  const during = calls; try { m = await imported; failed ??= m.f({ a: n }) === n && m.g().length; } catch (e) { failed = e; } seen.push([label, key, kind, during, failed]); }
write(n, seen.map((one) => one.map(String).join(' ')).join('\\n'));
const before = Array.prototype.map; Array.prototype.map = 5; await import('./lib.js?last'); console.log(Array.prototype.map, before.name); delete Array.prototype.forEach; await import('./lib.js?deleted'); console.log('forEach' in Array.prototype);`,
      'lib.js': `export const f = ({ a, b: [c] = [1] }, d = 2) => a; export function g(x, { y } = {}) { return [x, y, k]; } class K { static { this.s = 1; } #p = 1; m() { return this.#p; } constructor() { this.q = 1; } } export const k = new K().m(), data = { a: 1 }; export default (x) => x;`,
    },
  },

  'source maps of the program': {
    flags: ['--enable-source-maps'],
    files: {
      'app.js': `for (const name of ['inline', 'external', 'percent', 'nowhere', 'empty', 'broken']) { const m = await import(\`./\${name}.js\`); try { m.f(1); } catch (e) { console.log(name, e.stack.split('\\n').slice(0, 2).map((l) => l.replaceAll(import.meta.dirname, '').replace('file://', ''))); } }`,
      ...Object.fromEntries(
        Object.entries({
          inline: `data:application/json;base64,${Buffer.from(MAP).toString('base64')}`,
          external: 'maps/external.map',
          percent: `data:application/json,${encodeURIComponent(MAP)}`,
          nowhere: 'nowhere.map',
          empty: 'data:application/json;base64,e30=',
          broken: 'data:application/json;base64,xxx',
        }).map(([name, map]) => [
          `${name}.js`,
          `export const f = (x) => {\n  throw new Error('mapped'); };\n//# sourceMappingURL=${map}`,
        ]),
      ),
      'maps/external.map': MAP,
    },
  },

  'a module of thousands of functions': {
    timeout: 20_000, // it takes about 2 seconds; with a search for each function's line from the top, 40
    files: {
      'app.js': `import { all } from './big.js'; console.log(all.length, all.reduce((sum, f) => sum + f({ a: 1 }), 0));`,
      'big.js': `${Array.from({ length: 15_000 }, (_, i) =>
        i % 2
          ? `const f${i} = ({ a, b = ${i} }, c = 1) => a + b + c;`
          : `function f${i}({ a }, c = [a]) { return a + c[0]; }`,
      ).join('\n')}\nexport const all = [${Array.from({ length: 15_000 }, (_, i) => `f${i}`).join()}];`,
    },
  },

  'top-level await, and modules that wait for each other': {
    files: {
      'app.js': `import { a } from './a.js'; import './b.js'; console.log('app', a()); const f = async () => { const m = await import('./lazy.js'); return m.default({ n: 2 }); }; console.log(await f(), await Promise.all([f(), f()])); for await (const x of (async function* () { yield 1; })()) console.log(x);
await import('./throws.js').catch((e) => console.log(e.message)); await import('./throws.js').catch((e) => console.log(e.message)); try { await import('./rejects.js'); } catch (e) { console.log(e); } export const z = await f();`,
      'a.js': `console.log('a starts'); await new Promise((r) => setTimeout(r, 20)); export const a = () => 'a'; console.log('a ends');`,
      'b.js': `console.log('b starts'); import { a } from './a.js'; await null; console.log('b', a());`,
      'lazy.js': `console.log('lazy'); export default ({ n }, m = n) => n + m; export const unused = await (async () => 1)();`,
      'throws.js': `export const f = () => 1; throw new Error('while evaluating');`,
      'rejects.js': `await Promise.reject('rejected'); export const f = () => 1;`,
    },
  },

  'CommonJS beside ES modules': {
    files: {
      'app.js': `import { createRequire } from 'node:module'; import cjs, { two } from './c.cjs'; import * as ns from './c.cjs'; const require = createRequire(import.meta.url);
console.log(cjs.one(2), two, Object.keys(ns), require('./c.cjs') === cjs, require('./d.json'), await cjs.dyn()); import fs, { readFileSync } from 'node:fs'; console.log(fs.readFileSync === readFileSync, await import('./d.json', { with: { type: 'json' } }));
try { await import('./throws.cjs'); } catch (e) { console.log(e.message, e.stack.split('\\n').length); } const plugin = (await import('plug')).default; console.log(plugin({ a: 1 }), (await import('noty')).name, (await import('./m.mjs')).m());`,
      'c.cjs': `const { a = 1 } = {}; exports.one = (x, y = a) => { return x + y; }; exports.two = 2; exports.dyn = () => import('./m.mjs').then((m) => m.m({ v: 3 })); exports.self = () => module.children.length;`,
      'm.mjs': `export const m = ({ v } = { v: 'none' }) => v;`,
      'd.json': '{ "d": true }',
      'throws.cjs': `const f = () => { throw new Error('cjs'); }; f();`,
      'node_modules/plug/package.json': '{ "name": "plug", "type": "module", "exports": "./i.js" }',
      'node_modules/plug/i.js': `export default ({ a }) => 'plug ' + a;`,
      'node_modules/noty/package.json': '{ "name": "noty", "main": "i.js" }',
      'node_modules/noty/i.js': `exports.name = (() => 'noty')();`,
    },
  },
  'node_modules too, when included': {
    env: { HOTSWAP_INCLUDE: '**' },
    files: {
      'app.js': `import { f } from 'plug'; console.log(f({ a: 1 }));`,
      'node_modules/plug/package.json': '{ "name": "plug", "type": "module", "exports": "./i.js" }',
      'node_modules/plug/i.js': `export const f = ({ a }) => 'plug ' + a;`,
    },
  },
  'an entry that is CommonJS': {
    entry: 'main.cjs',
    files: {
      'main.cjs': `console.log(require.main === module, __filename.endsWith('main.cjs'), this === exports); import('./app.js').then((m) => console.log(m.f({ a: 1 }), require('./lib.cjs')()));`,
      'app.js': `export const f = ({ a }) => a;`,
      'lib.cjs': `module.exports = () => 'lib';`,
    },
  },
  'require of an ES module': {
    since: 22,
    files: {
      'app.js': `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); const a = require('./a.js'); console.log(Object.keys(a), a.f({ x: 1 }), a.default(), a === await import('./a.js'), require('./m.mjs').m); try { require('./tla.js'); } catch (e) { console.log(e.code); } console.log(a.chain()); try { require('./bad.js'); } catch (e) { console.log(e.name, e.message); } try { require('./throws.js'); } catch (e) { console.log(e.message); }`,
      'a.js': `import { m } from './m.mjs'; export const f = ({ x }, y = x) => x + y; export default function () { return 'd'; } export const data = { a: 1 }; export const chain = () => m;`,
      'm.mjs': `export const m = 'm'; export { m as 'module.exports' };`,
      'tla.js': `export const f = () => 1; await f();`,
      'bad.js': `const f = () => 1;\nlet let1; let let1;`,
      'throws.js': `const f = () => { throw new Error('required'); }; f();`,
    },
  },
  'a package without a type': {
    files: {
      'package.json': '{}',
      'start.mjs': `import { f } from './lib.mjs'; import * as c from './c.js'; import * as d from './detected.js'; console.log(f({ a: 1 }), c, d.g?.({ a: 2 })); setTimeout(() => {}, 50);`,
      'lib.mjs': `export const f = ({ a }) => a;`,
      'c.js': `exports.c = () => 1; exports.d = 2;`,
      'detected.js': `export { f as g } from './lib.mjs'; export const h = ({ a }) => import.meta.url;`,
    },
    entry: 'start.mjs',
  },
  'other kinds of modules and URLs': {
    files: {
      'app.js': `const a = await import('./m.js?x=1#h'), b = await import('./m.js?x=2'), c = await import('./m.js'); console.log(a === b, a.f() === b.f(), new Set([a.url, b.url, c.url].map((u) => u.replace(/.*m.js/, ''))), a.n(), a.n(), b.n(), c === await import(import.meta.resolve('./m.js')));
console.log((await import('data:text/javascript,export default (x) => x;export const u = import.meta.url')).default(3)); console.log((await import('./sp ace/ü.js')).default({ a: 1 })); console.log((await import('./100%25.js')).default()); console.log(await import('./noext').catch((e) => e.code), await import('./a.unknown').catch((e) => e.code)); console.log((await import('./m.js?nohotswap=1')).n(), (await import('./m.js?x=hotswap%3D')).n());`,
      'm.js': `let i = 0; export const f = () => import.meta; export const n = () => ++i, url = import.meta.url;`,
      'sp ace/ü.js': `export default ({ a }) => 'ü' + a;`,
      '100%.js': `export default () => '100%';`,
      noext: `export const f = () => 1;`,
      'a.unknown': `export const f = () => 1;`,
    },
  },

  'worker threads': {
    files: {
      'app.js': `import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'; import { f } from './lib.js';
if (isMainThread) { const run = (w) => new Promise((r) => { const out = []; w.on('message', (m) => out.push(m)); w.on('error', (e) => out.push(e.message, e.stack.split('\\n').length)); w.on('exit', (c) => r([...out, c])); });
  console.log(await run(new Worker(new URL(import.meta.url), { workerData: { a: 1 } }))); console.log(await run(new Worker(new URL('./w.js', import.meta.url), { execArgv: [], env: {} }))); console.log(await run(new Worker(new URL('./throws.js', import.meta.url))));
  console.log(await run(new Worker("import('node:fs').then(() => require('node:worker_threads').parentPort.postMessage((() => 'eval')()))", { eval: true }))); console.log(await Promise.all([1, 2, 3].map((a) => run(new Worker(new URL(import.meta.url), { workerData: { a } })))));
} else { parentPort.postMessage([f(workerData), Object.keys(globalThis).length > 0]); }`,
      'lib.js': `export const f = ({ a }, b = a) => a + b;`,
      'w.js': `import { parentPort } from 'node:worker_threads'; import { f } from './lib.js'; parentPort.postMessage(f({ a: 5 }));`,
      'throws.js': `const f = ({ a }) => a; f();`,
    },
  },
  'child processes and cluster': {
    files: {
      'app.js': `import { fork, execFileSync } from 'node:child_process'; import cluster from 'node:cluster'; import { f } from './lib.js';
if (cluster.isPrimary && !process.send) { const child = fork(new URL('./child.js', import.meta.url).pathname, ['x']); child.on('message', (m) => console.log('child says', m)); child.send({ a: 1 }); await new Promise((r) => child.on('exit', (c) => { console.log('exit', c); r(); }));
  const w = cluster.fork({ N: 1 }); w.on('message', (m) => console.log('worker says', m)); await new Promise((r) => w.on('exit', (c) => { console.log('worker exit', c); r(); })); console.log(execFileSync(process.execPath, ['-p', '1 + 1']).toString());
} else { process.send(f({ a: process.env.N })); process.disconnect(); }`,
      'lib.js': `export const f = ({ a }, b = a) => a + b;`,
      'child.js': `import { f } from './lib.js'; process.on('message', (m) => { process.send([f(m), process.argv.slice(2)]); process.disconnect(); });`,
    },
  },

  'what cannot be found': `for (const name of ['./nope.js', 'nope', 'node:nope', './', '#nope', 'hotswap/nope', 'file:///nope.js', 'data:text/javascript,export const a = () => 1', './%2f.js']) {
  try { console.log(Object.keys(await import(name))); } catch (e) { console.log(e.name, e.code, e.message); }
}
try { console.log(import.meta.resolve('./nope.js') === new URL('./nope.js', import.meta.url).href, import.meta.resolve('node:fs')); import.meta.resolve('nope'); } catch (e) { console.log(e.code, e.message); }
if (!import.meta.url.includes('?')) console.log(import.meta.filename, import.meta.dirname, Object.keys(import.meta)); export const x = () => 1;`,
};

/** Programs that end in an error: what stands on stderr, and the exit code, must be the same. */
const FAILURES: Record<string, string> = {
  'an uncaught error': `import { readFileSync } from 'node:fs';
function inner({ a }) {
  throw new TypeError('uncaught ' + a);
}
const outer = (x) =>
  inner(x);
outer({ a: 1 });`,
  'an uncaught pattern': `function f(
  {
    a
  }
) {
  return a;
}
f();`,
  'an uncaught error in an arrow with defaults': `const f = (
  a = 1,
  b =
    a.b.c.d,
) => b;
setTimeout(() => {
  f();
});`,
  'an unhandled rejection': `const f = async () => {
  throw new Error('rejected');
};
f();`,
  'an unhandled rejection of no error': `const f = async () => { throw { a: 1 }; };
f();`,
  'an exit code and handlers': `process.on('exit', (c) => console.log('exit', c)); process.on('uncaughtException', (e, o) => { console.log(e.message, o); process.exitCode = 3; }); setTimeout(() => { throw new Error('x'); }); const f = () => 1; f();`,
  'an await that never settles': `const f = () => new Promise(() => {});
await f();`,
  'a missing import': `export const x = () => 1;
import { nope } from './app.js';`,
  'a syntax error': 'export const a = 1;\nconst b = ;\nfunction f() {}',
  'a syntax error in an import': 'export const a = (x) => x;\nimport { } from',
  'a duplicate declaration': 'const f = (x) => x; let a = 1;\nlet a = 2; function g() { return 1; }',
  'duplicate parameters': 'const f = ({ a }, a) => a; console.log(f({ a: 1 }, 2));',
  'duplicate parameters of a function': 'export function f(a, { a }) { return a; }',
  'a parameter declared again': 'const f = (a, b = 1) => { let a; return a; };',
  'a strict directive after a pattern':
    "const f = ({ a }) => { 'use strict'; return a; }; console.log(f({ a: 1 }));",
  'a strict directive after a rest parameter':
    "const f = (...a) => { 'use strict'; return a; }; console.log(f(1));",
  'a strict directive in a method': "class A { m([a]) { 'use strict'; return a; } }",
  'an undeclared export': 'export { nope }; const f = () => 1;',
  'a duplicate export': 'export const f = () => 1;\nexport { f };',
  'an undeclared private name': 'class A { m() { return this.#x; } }',
  'super outside a method': 'function f() { super.x; }',
  'super call in a base class': 'class A { constructor() { super(); } }',
  'await in a default': 'const f = async (a = await 1) => a;',
  'await in a default of an arrow': 'const f = (a = await 1) => a;',
  'yield in a default': 'function* f(a = yield) {}',
  'arguments in a field': 'class A { x = () => arguments; }',
  'an octal literal': 'const f = () => 010;',
  with: 'function f() { with ({}) {} }',
  'break out of nothing': 'const f = () => { break; };',
  'return at the top': 'const f = () => 1;\nreturn f();',
  'new.target at the top': 'const f = () => 1; new.target;',
  'a reserved word': 'const f = (let) => 1; var yield1, interface;',
  'a bad regular expression': 'const f = () =>\n  /[/;',
  'a bad regular expression group': 'const f = () => {\n  /(?<a>.)(?<a>.)(/;\n};',
  'an HTML comment': 'const f = () => 1;\n<!-- x',
  'two defaults': 'export default () => 1;\nexport default 2;',
  'a decorator': 'export {};\n@dec class A {\n  m() { return 1; } }',
  'an accessor field': 'class A {\n  accessor x = 1; m() { return 1; } }',
  'import twice':
    'import { a } from "./app.js"; import { a } from "./app.js"; export { f }; const f = () => 1;',
  'assigning to an import':
    'import { f } from "./app.js"; export const g = () => 1; export let f1; export { g as f };\nf = 1;',
  'eval as a name': 'const f = (eval) => 1;',
  'delete of a name': 'const f = (x) => delete x;',
  'TypeScript in a JavaScript file': 'const f = (x: number) => x;\nexport {};',
  JSX: 'const f = () => <a/>;\nexport {};',
  'an enum': 'enum A { B }\nexport {};',
};

for (const [name, value] of [...Object.entries(CASES), ...Object.entries(FAILURES)]) {
  const {
    files,
    packages,
    since = 0,
    ...options
  } = typeof value === 'string' ? { files: { 'app.js': value } } : value;
  if (Number.parseInt(process.versions.node, 10) < since) continue;
  test(name, async () => {
    const app = program(files, packages);
    const [plain, hot] = await Promise.all([app.run({ ...options, hot: false }), app.run(options)]);
    app.remove();
    assert.is(
      plain.code === 0,
      !(name in FAILURES),
      `the case itself is not as it should be: ${plain.stderr}`,
    );
    assert.equal(differences(lines(plain), lines(hot)), []);
  });
}

/**
 * What a run printed, without what does not count: columns, which a patch point moves, the line of source that Node
 * shows above an error, where the patch point can be seen, and process ids in warnings.
 */
function lines({ stdout, stderr, code, signal }: Outcome): string[] {
  const errors = stderr
    .replaceAll(/^(file:.*:\d+)\n.*\n *\^+$/gm, '$1')
    .replaceAll(/\(node:\d+\)/g, '(node)');
  const text = `${stdout}\n${errors}\n${code ?? signal}`.replaceAll(/:(\d+):\d+/g, ':$1');
  return text.split('\n');
}

/** The first lines that differ, each as it is without the loader and with it. */
function differences(plain: string[], hot: string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < Math.max(plain.length, hot.length) && found.length < 20; i++) {
    if (plain[i] !== hot[i]) found.push(`plain ${plain[i] ?? 'ends'}`, `hot   ${hot[i] ?? 'ends'}`);
  }
  return found;
}

test.run();
