// A module whose every part takes several forms, in JavaScript and in TypeScript; `probe` answers what they all say.

/** What it is made of, each in several forms. What they say depends on each other, and on no state. */
export const SCRIPT = {
  RATE: ['const RATE = 1;', 'const RATE = 2;', 'export const RATE = 3;', 'const [RATE] = [4];'],
  LIMIT: ['const LIMIT = 10;', 'export const LIMIT = 20;', 'const LIMIT = 30, OTHER = 31;'],
  double: [
    'const double = () => 0;',
    "import { double } from './k.js';",
    "import { triple as double } from './k.js';",
    'const double = (x) => -x;',
  ],
  f: [
    'function f(x) { return [x, RATE]; }',
    'const f = (x) => [x, RATE, LIMIT];',
    'function f(x) { return [g(x), RATE]; }',
    'export function f(x, y = RATE) { return [x, y]; }',
    'function f(x) { const inner = () => [x, LIMIT]; return inner(); }',
  ],
  g: [
    'function g(x) { return x + RATE; }',
    'function g(x) { return [LIMIT].map((v) => v * x + RATE)[0]; }',
    'const g = function (x) { return x - RATE; };',
  ],
  h: [
    'const h = (() => { let n = 5; return () => n + RATE; })();',
    'const h = (() => { let n = 5; return () => [n, LIMIT]; })();',
    'const h = () => RATE;',
  ],
  B: [
    'class B { z = 1; base() { return this.z + RATE; } }',
    'class B { z = 2; w = 3; base() { return this.z + RATE; } }',
    'class B { z = 1; base() { return [this.z, LIMIT]; } }',
    'class B { z = RATE; base() { return this.z + RATE; } }',
    'class B { z = 1; w = [LIMIT, RATE]; base() { return [this.z, this.w]; } static made = [RATE]; }',
  ],
  K: [
    'const K = class { k = RATE; };',
    'const K = class { k = RATE; is() { return [this.k, LIMIT]; } };',
    'const K = class { k = LIMIT; q = (() => RATE)(); };',
    'class K { k = LIMIT; }',
  ],
  L: ['class L extends K { l = [RATE, new K().k]; }', 'const L = class extends K { l = LIMIT; };'],
  C: [
    'class C extends B { x = 1; m() { return this.x + RATE; } static s = 2; static t() { return C.s + LIMIT; } get y() { return g(this.x); } }',
    'class C extends B { x = 4; m() { return [this.x, LIMIT]; } static s = 2; static t() { return C.s - LIMIT; } get y() { return g(this.x) + 1; } }',
    'class C extends B { x = 4; v = 9; m() { return [this.x, this.v, super.base()]; } static s = 3; static t() { return this.s; } get y() { return 7; } }',
    'class C { x = 1; base() { return 0; } m() { return this.x + RATE; } static s = 2; static t() { return RATE; } get y() { return LIMIT; } #p = 1; }',
  ],
  probe: ['', "'more', "].map(
    (more) =>
      `export function probe() { return JSON.stringify([${more}f(1), g(2), h(), new C().m(), new C().base(), C.t(), C.s, new C().y, double(4), RATE, LIMIT, new B().base(), Object.keys(new C()).sort(), new K(), new L(), Object.getOwnPropertyNames(K.prototype)]); }`,
  ),
};

/** The same of TypeScript, with what it merges. */
export const TYPED = {
  RATE: ['const RATE: number = 1;', 'const RATE = 2 as number;', 'export const RATE = 3;'],
  E: [
    'enum E { A = 1, B }',
    'enum E { A = 1, B, C = 9 }',
    'const enum E { A = 5, B }',
    'enum E { A = 1 }\nenum E { B = 7 }',
  ],
  N: [
    'namespace N { export const z = 1; export function q(): number { return z + RATE; } }',
    'namespace N { export const z = 2; export function q(): number { return z; } }',
    'namespace N { export const z = 3; export const q = () => [z, RATE]; }',
  ],
  f: [
    'function f(x: number): unknown { return [x, RATE]; }\nnamespace f { export const n = 1; }',
    'function f(x: number): unknown { return [x, RATE, 1]; }\nnamespace f { export const n = 2; export const m = () => RATE; }',
    'const f = Object.assign((x: number) => [x], { n: 9 });',
  ],
  P: [
    'class P { constructor(public a: number = RATE, readonly b = 2) {} sum(): number { return this.a + this.b; } }',
    'class P { constructor(public a: number = RATE, readonly c = 3) {} sum(): number { return this.a + RATE; } }',
    'class P { private q: number = RATE; constructor(public a = 1) {} sum(): number { return this.q; } }',
    'abstract class Q { abstract m(): number; t() { return this.m() + RATE; } }\nclass P extends Q { m() { return 3; } sum() { return this.t(); } }',
  ],
  dec: [
    'const dec = (..._: any[]): any => {};',
    'function dec(target: any, key?: any): any { (target.marks ??= []).push(key); }',
  ],
  K: [
    '@dec class K { @dec m() { return RATE; } v: number = E.A; }',
    '@dec class K { m() { return [RATE]; } v: number = E.B; }',
    'class K { declare w: string; v = N.z; m() { return this.v; } }',
    'class K<T = number> { v?: T; m(): T | undefined { return this.v; } static s = 4; }',
  ],
  T: ['type T = number;', 'interface T { a: number }', 'type T = typeof RATE;'],
  double: [
    "import type { X } from './k.js'; const double = (x: X) => x;",
    "import { type X, double } from './k.js';",
    "import { triple as double } from './k.js';",
  ],
  g: [
    'const g = <V,>(v: V): V => v;',
    'const g = (v: any): any => [v satisfies any, RATE!];',
    'function g(v: T): T; function g(v: any): any { return [v, E.A]; }',
  ],
  probe: ['', ' // more'].map(
    (more) =>
      `export function probe() {${more}\n  return JSON.stringify([RATE, E.A, E.B, N.z, N.q(), f(1), f.n, new P().sum(), Object.keys(new P()).sort(), new K().m(), new K().v, g(4 as any), double(4)]); }`,
  ),
};

/** What they import, and how TypeScript is meant. */
export const BESIDE = {
  'k.js': 'export const double = (x) => x * 2; export const triple = (x) => x * 3;',
  'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
};
