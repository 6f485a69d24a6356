// TypeScript and JSX: what runs is what the compiler would have made, lines are the author's, and edits speak the language.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analyse } from '../api/plan/analysis.ts';
import { tryParse, tryRead } from '../loader/parse.ts';
import { type Program, program, ROOT } from './program.ts';

const REACT = {
  'node_modules/react/package.json':
    '{ "name": "react", "type": "module", "exports": { ".": "./index.js", "./jsx-runtime": "./jsx-runtime.js" } }',
  'node_modules/react/jsx-runtime.js': `export const jsx = (type, { children, ...props }, key) => typeof type === 'function' ? type({ ...props, children })
  : '<' + type + Object.entries(props).map(([k, v]) => typeof v === 'function' ? '' : ' ' + k + '=' + v).join('') + (key === undefined ? '' : ' key=' + key) + '>' + [children].flat(9).join('') + '</' + type + '>';
export const jsxs = jsx;
export const Fragment = ({ children }) => [children].flat(9).join('');`,
  'node_modules/react/index.js': `import { jsx, Fragment } from './jsx-runtime.js';
export { Fragment };
export const createElement = (type, props, ...children) => jsx(type, { ...props, children });
export default { createElement, Fragment };`,
};

/** Runs the body of an async function that has all of hotswap and `print`. */
async function run<T>(
  files: Record<string, string>,
  script: string,
  options: Parameters<Program['run']>[0] = {},
) {
  const app = program({ ...files, 'app.ts': appText(script) });
  try {
    return await app.json<T>({ entry: 'app.ts', env: { HOTSWAP_CACHE_DIR: '' }, ...options });
  } finally {
    app.remove();
  }
}

const appText = (script: string) => `import * as api from 'hotswap';
const { rewrite, inject, code, ast, functions, exports, rollback, restore, reset, reload, history, addExport, removeExport, around } = api;
const no = async (promise: Promise<unknown>): Promise<string> => {
  try { await promise; return 'accepted' } catch (error: any) { return error.code?.replace('ERR_HOTSWAP_', '') ?? String(error) }
};
const lines = (stack: string): number[] => stack.split('\\n').filter((one) => one.includes('.ts')).map((one) => Number(/:(\\d+):\\d+\\)?$/.exec(one)![1]));
console.log(JSON.stringify(await (async () => { ${script} })()));
`;

/** Constructs, each a module that exports what is to be the same as from the compiler's own output. */
const CONSTRUCTS: Record<string, string> = {
  enums: `enum A { X, Y = 5, Z } enum S { P = 'p', Q = P + 'q' } const enum C { One = 1, Two = One << 1 } enum D { L = 'abc'.length, M = 7 }
    export enum E { R } export default [A, S, C.Two, D.L, D.M, A[6], E];`,
  'merged enums and namespaces': `enum A { X } namespace A { export const n = () => A.X + 1 } function f() { return f.y } namespace f { export let y = 3 } class K {} namespace K { export const z = 1 }
    export default [A.n(), f(), K.z];`,
  namespaces: `namespace N { let hidden = 1; export const x = 2; export function f(a = hidden) { hidden++; return a + x + hidden; } export namespace I { export class C { v = x } } }
    namespace P.Q { export const deep = [1] } namespace Types { export interface X {} } declare namespace Amb { const x: number }
    export default [N.f(), N.f(), new N.I.C().v, P.Q.deep, typeof (globalThis as any).Types];`,
  'parameter properties': `class A { log: string[] = ['field ' + (this as any).a]; constructor(private a: number, public readonly b = a + 1, protected c?: string) { this.log.push('body ' + this.a) } get() { return [this.a, this.b, this.c, this.log, Object.keys(this)] } }
    class B extends A { constructor(override readonly b: number, public d = b) { super(b * 2, 9); this.log.push('b ' + this.b) } }
    class X extends B { constructor(public e: string) { const t = e + '!'; super(5); this.e += t } }
    export default [new A(1).get(), new B(4).get(), new X('x').get()];`,
  fields: `class A { a?: string; b!: number; static s: string; readonly c = 1; declare d: number; #p: number = 2; get p() { return this.#p } static { A.s = 'set' } accessor = 1; [key: string]: unknown }
    export default [Object.keys(new A()), A.s, new A().p];`,
  'abstract, overloads, optional': `abstract class A { abstract x: number; abstract m(): number; n(): number { return this.m() } } class B extends A { x = 1; m(a?: number): number; m(): number { return this.x } }
    function f(a: string): string; function f(a: number): number; function f(a: any): any { return a } export default [new B().n(), f(1), f('a')];`,
  'assertions and wrappers': `let o: any = { a: { b: [1] } }; (o as any).a!.b![0]!++; (<any>o).c = <number>2; const [p] = o.a.b as number[]; const q = { ...(o as object) } satisfies object; let u = o.c!
    ;(o as { z: number }).z = 1
    const { z, ...rest }: { z: number } = o; export default [p, q, u, z, rest];`,
  generics: `class Box<in out T extends object = {}> { constructor(public v: T) {} map<U extends object>(f: (v: T) => U): Box<U> { return new Box<U>(f(this.v)) } }
    const id = <T,>(x: T): T => x; const inst = id<number>; async function later<T>(x: T): Promise<T> { return await Promise.resolve<T>(x) }
    export default [new Box<{ a: number }>({ a: 1 }).map(({ a }) => ({ b: a })), id<string>('s'), inst(1), await later(2)];`,
  'this parameters and accessors': `const o = { n: 1, m(this: { n: number }, k: number): number { return this.n + k }, get g(): number { return 3 }, set g(v: number) { this.n = v } };
    function f(this: { n: number }): number { return this.n } export default [o.m(1), f.call(o), o.g, f.length, o.m.length];`,
  'imports of types only':
    `import type { T } from './nowhere.js'; import { type U } from './nowhere.js'; import V, { W } from './nowhere.js'; import type D, * as NS from './nowhere.js';
    import { value, type Type, Shape } from './lib.js'; import other, * as all from './lib.js'; let x: V | W | T | U | Shape; export type { T }; export { type U, value as again };
    export default [value, typeof x, Object.keys(all)];`.replace(
      'import type D, * as NS',
      'import type * as NS',
    ),
  'automatic semicolons': `let a = 1
    type T = string
    ;[a] = [2]
    let b = a as number
    ;(b as any) = 3
    const f = (x: number
    ): Promise<
      number
    > => Promise.resolve(x)
    class K { x = 1 as number
      private ['y'] = 2
      declare z: number
      ['w']() { return 4 } }
    function g() { return <
      T
    >(x: T) => x }
    interface I {}
    export default [a, b, await f(5), new K().w(), Object.keys(new K()), g()(6)]`,
  'closures over namespaces and enums': `function outer() { enum L { A = 1 } let n = 0; const inc = (): number => { n += L.A; return n }; class P { constructor(private k: number) {} v() { return this.k + n } } return [inc(), inc(), new P(5).v()] } export default outer();`,
  'generators and async': `function* g<T>(this: void, ...xs: T[]): Generator<T> { yield* xs } const a = async <T extends number>(x: T, { y = 1 }: { y?: number } = {}): Promise<number> => x + y; export default [[...g(1, 2)], await a(1), await a(1, { y: 5 })];`,
  'names that look like modifiers': `class A { declare = 1; readonly = 2; abstract() { return 3 } static async = 4; get: number = 5; set?: string; private() { return 6 } type = 7 } const type = 1, as = 2; let abstract = 3; export default [new A(), A.async, new A().abstract(), new A().private(), type as number, as as number, abstract];`,
};

test('every construct runs as the compiler would have it', async () => {
  const lib =
    'export const value = 1; export default 2; export interface Shape { a: 1 } export type Type = 1;';
  const names = Object.keys(CONSTRUCTS);
  const files: Record<string, string> = { 'lib.ts': lib };
  names.forEach((name, i) => (files[`c${i}.ts`] = CONSTRUCTS[name] as string));
  const show = `const show = (_k: string, v: any) => typeof v === 'function' ? String(v.name) : v;
    const out: string[] = []; for (let i = 0; i < ${names.length}; i++) out.push(JSON.stringify((await import('./c' + i + '.js')).default, show)); return out;`;
  const app = program({ ...files, 'app.ts': appText(show), 'tsconfig.json': TSCONFIG });
  try {
    const env = { HOTSWAP_CACHE_DIR: '' };
    const ours = await app.json<string[]>({ entry: 'app.ts', env });
    writeFileSync(app.file('app.ts'), appText(show));
    try {
      execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', app.dir], {
        stdio: 'pipe',
      });
    } catch {
      // it complains about types and writes all the same
    }
    const theirs = await app.json<string[]>({ entry: 'out/app.js', env, hot: false });
    names.forEach((name, i) => assert.is(ours[i], theirs[i], name));
  } finally {
    app.remove();
  }
});

const TSCONFIG = `{ "compilerOptions": { "target": "es2022", "module": "esnext", "moduleResolution": "bundler", "outDir": "out", "noEmitOnError": false, "isolatedModules": true, "skipLibCheck": true, "types": [] }, "include": ["*.ts"] }`;

test('a plain text is as long as its source, and types leave nothing behind', () => {
  for (const text of [...Object.values(CONSTRUCTS), readFileSync(join(ROOT, 'api/plan/plan.ts'), 'utf8')]) {
    const found = tryRead(text, 'ts', { parser: tryParse });
    assert.ok('program' in found, 'errors' in found ? found.errors[0]?.message : '');
    assert.is(found.plain.length, text.length);
    assert.equal(found.plain.match(/\n/g), text.match(/\n/g));
  }
  const { program: tree } = analyse(
    'let a = 1 as T;\nexport const f = (x?: number): x is 1 => x! as any',
    'file:///a.ts',
  );
  assert.not.match(JSON.stringify(tree), /"type":"TS/);
});

test('positions in a stack are the ones of the source, columns too where only types go', async () => {
  const body = 'export const where = (x: number = 1): string => new Error(String(x)).stack!;\n';
  const plain = `interface A {\n  a: 1;\n}\ntype B =\n  | 1\n  | 2;\n${body}export function at<T>(\n  this: void,\n  f: () => T,\n): T {\n  const g = f as any;\n  return g();\n}`;
  const mixed = `${plain}\nexport enum E {\n  A,\n  B = (() => 1)(),\n}\nexport function boom() {\n  return (\n    where()\n  );\n}\nexport const chain = {\n  a() { return this; },\n  b() {\n    return where(\n\n      2 as number\n    );\n  },\n};\nexport const call = () => chain\n  .a()\n  .b();`;
  const result = await run(
    { 'p.ts': plain, 'm.ts': mixed },
    `const p = await import('./p.ts'), m = await import('./m.ts');
     const own = (stack: string) => lines(stack.split('\\n').filter((one) => !one.includes('app.ts')).join('\\n'));
     return [own(p.at(() => p.where())), /p\\.ts:13:(\\d+)/.exec(p.at(() => p.where()))![1], own(m.where()), own(m.boom()), own(m.chain.b()), own(m.call())];`,
  );
  assert.equal(result, [[7, 13], '10', [7], [7, 21], [7, 27], [7, 27, 35]]);
});

test('edits are TypeScript, and so are versions', async () => {
  const result = await run(
    {
      'm.ts': `export enum Color { Red, Green }
let hits = 0;
interface Item { cost: number }
export function price(item: Item, tax: number = 2): number { hits++; return item.cost * tax; }
export const pick = <T,>(xs: readonly T[]): T | undefined => xs[0];
export class Cart<T extends Item> {
  #items: T[] = [];
  constructor(private readonly owner: string) {}
  public add(item: T): this { this.#items.push(item); return this; }
  static of<U extends Item>(...items: U[]): Cart<U> { const cart = new Cart<U>('of'); items.forEach((one) => cart.add(one)); return cart; }
  get total(): number { return this.#items.reduce((sum: number, one) => sum + price(one), 0); }
  protected name(): string { return this.owner; }
}
export function make(base: number) {
  const step = base as number;
  const add = (n: number): number => n + step;
  return { add, twice(n: number): number { return add(add(n)); } };
}
export const hitCount = () => hits;
`,
    },
    `const m = await import('./m.ts'); const M = './m.ts'; const out: unknown[] = [];
     const cart = m.Cart.of({ cost: 1 }, { cost: 2 }); const made = m.make(10);
     out.push(cart.total);
     await rewrite(m.price, \`function (item: Item, ...rest: number[]): number {
       enum Local { Factor = 3 }
       const [tax = Local.Factor] = rest as number[]
       return item.cost * tax! + (Color.Green satisfies number);
     }\`);
     out.push(cart.total, m.price({ cost: 10 }), m.price.length, m.hitCount(), code(m.price).split('\\n')[0]);
     await rewrite(m.pick, '<T>(xs: T[]): T => xs[xs.length - 1]!'); out.push(m.pick([1, 2, 3]), code(m.pick));
     await rewrite(M + '#Cart.prototype.add', 'add(item: T): this { this.#items.unshift(item); this.#items.length = 1; return this }'); out.push(cart.add({ cost: 5 }).total);
     await rewrite(M + '#Cart.prototype.constructor', 'constructor(private readonly owner: string, public tag = owner + "!") { }'); out.push(new m.Cart('me'));
     await inject(M + '#make > add', '() => { hits += step as number }'); out.push(made.twice(1), m.hitCount());
     await rewrite(M + '#make > add', '(n: number): number => (n * step) as number'); out.push(made.add(4), made.twice(1));
     await rewrite(M + '#Cart.of', (...items: any[]) => items.length); out.push(m.Cart.of({ cost: 1 } as any));
     await around(m.pick, '(next: Function, xs: any[]): any => [next(xs) as any]'); out.push(m.pick([7]));
     await addExport(M + '#extra', '(x: number): string => \`\${x as any}\`'); out.push(((await import('./m.ts')) as any).extra(3));
     out.push(await no(rewrite(m.price, '(a: number => 1')), await no(rewrite(m.price, '(a: Nope): number => nope')));
     const count = history(M).length; out.push(count);
     await reset(M); out.push(m.price({ cost: 10 }), m.pick([1, 2]), made.add(4));
     await restore(M, 1); out.push(m.price({ cost: 10 }), functions(M).length, exports(M).map((one) => one.name + ' ' + one.kind).join());
     out.push((ast(m.price) as any).returnType?.type, (ast(M) as any).body[2].type);
     return out;`,
  );
  assert.equal(result, [
    6,
    11,
    31,
    1,
    2,
    'function price(item: Item, ...rest: number[]): number {',
    3,
    '<T>(xs: T[]): T => xs[xs.length - 1]!',
    16,
    { owner: 'me', tag: 'me!' },
    21,
    22,
    40,
    100,
    1,
    [7],
    '3',
    'SYNTAX',
    'OUT_OF_SCOPE',
    10,
    20,
    1,
    14,
    31,
    13,
    'Color value,price function,pick function,Cart class,make function,hitCount function',
    'TSTypeAnnotation',
    'TSInterfaceDeclaration',
  ]);
});

test('a stack of a new version names its lines', async () => {
  const result = await run(
    { 'm.ts': 'enum A { X }\n\nexport function f(): string {\n  return "";\n}\n' },
    `const m = await import('./m.ts');
     await rewrite(m.f, \`function (): string {
       enum B { Y }
       type T = string;
       const e: Error = new Error('x' as T)
       return e.stack!
     }\`);
     return lines(m.f())[0];`,
  );
  assert.is(result, 6);
});

test('types are no code: a change of types changes nothing that runs', async () => {
  const result = await run(
    {
      'm.ts':
        'interface A { a: 1 }\nexport function f(a: A): number { return 1 as number }\nexport const c = 1 as number;',
    },
    `const m = await import('./m.ts'); const { writeFileSync } = await import('node:fs');
     writeFileSync('m.ts', 'interface A { a: 1; b: 2 }\\ntype B = A\\nexport function f<T extends B>(a?: T): 1 { return 1 as any }\\nexport const c: number = 1;');
     const v = await reload('./m.ts'); return [v.number, v.summary, m.f({} as any)];`,
  );
  assert.equal(result, [1, 'types', 1]);
});

test('a file that changes on disk: enums, classes, imports that were of types only', async () => {
  const result = await run(
    {
      'm.ts': `import { helper, Shape } from './lib.js';\nenum E { A = 1 }\nlet n = 5;\nexport function f(s?: Shape): number { return n + E.A }\nexport { E };`,
      'lib.ts':
        'export const helper = (): number => 100; export interface Shape {} console.log = console.log;',
    },
    `const m = await import('./m.ts'); const { readFileSync, writeFileSync } = await import('node:fs'); const out: unknown[] = [m.f()];
     const text = readFileSync('m.ts', 'utf8');
     writeFileSync('m.ts', text.replace('A = 1', 'A = 2, B')); await reload('./m.ts'); out.push(m.f(), m.E.B);
     await rewrite(m.f, '(): number => helper() + n'); out.push(m.f());
     await rollback('./m.ts'); out.push(m.f()); await rollback('./m.ts'); out.push(m.f());
     return out;`,
  );
  assert.equal(result, [6, 7, 3, 105, 7, 6]);
});

test('a class that was edited and removed comes back as the same one', async () => {
  const result = await run(
    {
      'm.ts':
        'export class Box<T = number> { constructor(private x: T) {} get(): T { return this.x } }\nexport const kept: string = "";',
    },
    `const m = await import('./m.ts'); const { Box } = m; const M = './m.ts'; const box = new Box(4); const out: unknown[] = [];
     await rewrite(M + '#Box.prototype.get', 'get(): T { return [this.x] as any }'); await removeExport(M + '#Box'); out.push(await no((async () => new Box(1))()));
     out.push(await no(rollback(M)), box.get(), new Box(5).get(), m.Box === Box, (await import(M)).Box === Box);
     await reset(M); out.push(box.get()); return out;`,
  );
  assert.equal(result, ['REMOVED', 'accepted', [4], [5], true, true, 4]);
});

test('classes in a method or static field that a class has gained set the properties of their parameters', async () => {
  const result = await run(
    { 'm.ts': 'export class Box { one(): number { return 1 } }\n' },
    `const m: any = await import('./m.ts'); const { writeFileSync } = await import('node:fs'); const box = new m.Box();
     writeFileSync('m.ts', \`export class Box { one(): number { return 1 }
       two(): number { return new (class { constructor(private x: number) {} get(): number { return this.x } })(2).get() }
       static of = (n: number) => new (class extends Box { constructor(public y = n) { super() } })() }\`);
     const v = await reload('./m.ts'); return [v.summary, box.two(), m.Box.of(3)];`,
  );
  assert.equal(result, ['+Box.prototype.two, +Box.of', 2, { y: 3 }]);
});

test('versions survive a restart and can be imported side by side', async () => {
  const app = program({
    'm.ts': `enum K { A = 1 }\nexport let calls: number = 0;\nexport function f(x: number = K.A): string { calls++; return 'v0 ' + x; }\n`,
    'app.ts': appText(`const m = await import('./m.ts');
      if (process.env.STEP === '1') { await rewrite(m.f, 'function (x: number = K.A + 1): string { return ("v1 " + x) as string }'); return [m.f(), m.calls]; }
      const zero = await import('./m.ts?hotswap=0' as string), one = await import('./m.ts?hotswap=1' as string);
      return [m.f(), zero.f(), one.f(), one.calls, code(m.f), history('./m.ts').length, (await reset('./m.ts')).number, m.f()];`),
  });
  try {
    const first = await app.json({ entry: 'app.ts', env: { STEP: '1' } });
    assert.equal(first, ['v1 2', 0]);
    const text = 'function f(x: number = K.A + 1): string { return ("v1 " + x) as string }';
    assert.equal(await app.json({ entry: 'app.ts' }), ['v1 2', 'v0 1', 'v1 2', 0, text, 2, 0, 'v0 1']);
  } finally {
    app.remove();
  }
});

test('a module is named as imports name it: x.js for x.ts, where there is no x.js', async () => {
  const result = await run(
    {
      'm.ts': 'export const f = (): number => 1;',
      'view.tsx': 'export const f = (): number => 2;',
      'both.ts': 'export const f = (): number => 3;',
      'both.js': 'export const f = () => 4;',
    },
    `const m = await import('./m.js'), { resolve } = await import('node:path'); await import('./view.jsx' as string); await import('./both.js'); await import('./both.ts');
     const last = (name: any): string => api.version(name).module.split('/').at(-1)!; const out: unknown[] = [];
     for (const name of ['./m.js', 'm.js', resolve('m.js'), new URL('./m.js', import.meta.url), new URL('./m.js?hotswap=0', import.meta.url).href, './view.jsx', './both.js']) out.push(last(name));
     const mocked = await api.mock('./m.js#f', () => 9); out.push(m.f()); await mocked.restore(); out.push(m.f());
     return [...out, await no((async () => api.version('./m.mjs'))()), await no((async () => api.version('./none.js'))())];`,
  );
  assert.equal(result, [
    ...['m.ts', 'm.ts', 'm.ts', 'm.ts', 'm.ts', 'view.tsx', 'both.js'],
    ...[9, 1, 'NOT_HOT', 'NOT_HOT'],
  ]);
});

test('JSX, and edits of it', async () => {
  const result = await run(
    {
      ...REACT,
      'v.tsx': `import { useless } from './nowhere.js';
const Item = ({ n, children }: { n: number; children?: unknown }) => <li id={n}>{children}</li>;
export function List({ items }: { items: number[] }): string {
  return (
    <ul>
      {items.map((n) => <Item n={n} key={n}>no {n}</Item>)}
      <></>
    </ul>
  ) as unknown as string;
}
export const page = (title: string) => {
  const Local = ({ t }: { t: string }) => <h1>{t}</h1>;
  const ui = { Box: ({ children }: any) => <div>{children}</div> };
  return () => <ui.Box><Local t={title} /><button onClick={() => title}>go</button></ui.Box>;
};
export function where() {
  const x = <p>
    text
  </p>;
  return new Error(String(x)).stack!;
}
`,
      'plain.jsx': `export const Hello = ({ name }) => <b {...{ id: 1 }} key="k">{name}</b>;`,
      'none.tsx': 'export const f = (): number => 1;',
    },
    `const v: any = await import('./v.tsx'), p: any = await import('./plain.jsx'), none = await import('./none.tsx'); const out: unknown[] = []; const page = v.page('T');
     out.push(v.List({ items: [1, 2] }), page(), p.Hello({ name: 'x' }), lines(v.where().replaceAll('.tsx', '.ts'))[0]);
     out.push(functions('./v.tsx').map((one) => one.path));
     await rewrite(v.List, '({ items }: { items: number[] }) => <ol>{items.map((n) => <Item n={n * 2} />)}</ol>'); out.push(v.List({ items: [1] }));
     await rewrite('./v.tsx#page > return', '() => <ui.Box><><Local t={title + "!"} /></></ui.Box>'); out.push(page());
     await rewrite('./plain.jsx#Hello', '({ name }) => <i>{name}</i>'); out.push(p.Hello({ name: 'y' }));
     await rollback('./v.tsx', 2); out.push(v.List({ items: [1] }));
     out.push(await no(rewrite(none.f, '() => <p/>')));
     return out;`,
  );
  assert.equal(result, [
    '<ul><li id=1>no 1</li><li id=2>no 2</li></ul>',
    '<div><h1>T</h1><button>go</button></div>',
    '<b id=1 key=k>x</b>',
    20,
    [
      'Item',
      'List',
      'List > return items.map()[0]',
      'page',
      'page > Local',
      'page > ui.Box',
      'page > return',
      'page > return > return <button>.onClick',
      'where',
    ],
    '<ol><li id=2></li></ol>',
    '<div><h1>T!</h1></div>',
    '<i>y</i>',
    '<ul><li id=1>no 1</li></ul>',
    'STRUCTURAL',
  ]);
});

test('JSX as tsconfig.json and comments want it', async () => {
  const result = await run(
    {
      ...REACT,
      'node_modules/own/package.json':
        '{ "name": "own", "type": "module", "exports": { "./jsx-runtime": "./r.js" } }',
      'node_modules/own/r.js': "export const jsx = (t, p) => 'own ' + t; export const jsxs = jsx;",
      'tsconfig.json':
        '{ "compilerOptions": { "jsx": "react", /* comments may stand here */ "jsxFactory": "h" } }',
      'a.tsx': 'const h = (t: string) => "h " + t; export const f = () => <a />;',
      'b.tsx': '/** @jsxImportSource own */\nexport const f = () => <b />;',
      'sub/tsconfig.json': '{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "own" } }',
      'sub/c.tsx': 'export const f = () => <c />;',
    },
    `const all: any[] = [await import('./a.tsx'), await import('./b.tsx'), await import('./sub/c.tsx')]; const first = all.map((one) => one.f());
     for (const name of ['./a.tsx', './b.tsx', './sub/c.tsx']) await rewrite(name + '#f', '() => <z />'); return [first, all.map((one) => one.f())];`,
  );
  assert.equal(result, [
    ['h a', 'own b', 'own c'],
    ['h z', 'own z', 'own z'],
  ]);
});

test('decorators as TypeScript has them, with the types they are told', async () => {
  const module = `const log: unknown[] = []; (Reflect as any).metadata ??= (key: string, value: any) => (on: any, name?: string) => { log.push([key, name ?? on.name, [value].flat().map((one: any) => one?.name)]) };
const note = (word: string) => (...args: any[]): any => { log.push([word, typeof args[0], args[1], typeof args[2]]) };
class Db {}
@note('class') export class S {
  @note('field') name: string = 'n';
  constructor(@note('param') private readonly db: Db, @note('p2') public n: number = 2) {}
  @note('method') run(@note('arg') a: string, { b = 1 }: { b?: number } = {}): Promise<number> { return Promise.resolve(b + this.n); }
  @note('static') static make(): S { return new S(new Db()); }
}
export const seen = () => log;`;
  const app = program({
    'm.ts': module,
    'app.ts':
      appText(`const m = await import('./m.ts'); const out: unknown[] = [m.seen(), await m.S.make().run('a')];
      await rewrite('./m.ts#S.prototype.run', 'async run(a: string): Promise<number> { return this.n * 10 }'); out.push(await m.S.make().run('a'));
      await rewrite('./m.ts#S.prototype.constructor', 'constructor(@note("again") private readonly db: Db, public n = 7) {}'); out.push(m.S.make().n, code('./m.ts#S.prototype.run'));
      return JSON.parse(JSON.stringify(out));`),
    'tsconfig.json': TSCONFIG.replace(
      '"types"',
      '"experimentalDecorators": true, "emitDecoratorMetadata": true, "types"',
    ),
  });
  try {
    const env = { HOTSWAP_CACHE_DIR: '' };
    const ours = await app.json<unknown[]>({ entry: 'app.ts', env });
    app.write('app.ts', appText('return [(await import("./m.js")).seen()];'));
    try {
      execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', app.dir], {
        stdio: 'pipe',
      });
    } catch {
      // as above
    }
    const theirs = await app.json<unknown[]>({ entry: 'out/app.js', env, hot: false });
    assert.equal(ours[0], theirs[0]);
    assert.equal(ours.slice(1), [3, 20, 7, 'async run(a: string): Promise<number> { return this.n * 10 }']);
  } finally {
    app.remove();
  }
});

test('saved decorators run: those of members too, and those before the export', async () => {
  const module = `export const log: string[] = [];
const note = (word: string) => (...args: any[]): any => { log.push(word); if (args[2]?.value) args[2].value = () => word; };
export class S { @note('one') m(): unknown { return 1; } n(): unknown { return 2; } }
`;
  const app = program({
    'm.ts': module,
    'app.ts': `import { readFileSync, writeFileSync } from 'node:fs';
import { reload } from 'hotswap';
import { log, S } from './m.ts';
const [old, text, out] = [new S(), readFileSync('m.ts', 'utf8'), []] as [S, string, unknown[]];
for (const [from, to] of [["'one'", "'two'"], [' n()', " @note('more') n()"], ["@note('one') ", ''], ['export class', "@note('class') export class"], ['m(): unknown { return 1', 'm(): unknown { return 5']] as const) {
  log.length = 0;
  writeFileSync('m.ts', text.replace(from, to));
  const { summary } = await reload('./m.ts');
  out.push([summary, old.m(), new S().n(), log.join()].join(' '));
  writeFileSync('m.ts', text);
  await reload('./m.ts');
  out.push(old.m());
}
console.log(JSON.stringify(out));
`,
    'tsconfig.json': TSCONFIG.replace('"types"', '"experimentalDecorators": true, "types"'),
  });
  try {
    assert.equal(await app.json({ entry: 'app.ts', env: { HOTSWAP_CACHE_DIR: '' } }), [
      '~S two 2 two',
      'one',
      '~S one more one,more',
      'one',
      '~S 1 2 ',
      'one',
      '~S one 2 one,class',
      'one',
      '~S.prototype.m one 2 ',
      'one',
    ]);
  } finally {
    app.remove();
  }
});

test('what does not parse is reported with file, line and a frame', async () => {
  const app = program({
    'app.ts': 'import "./bad.ts";',
    'bad.ts': 'const a: number = 1;\nconst b = (: string) => 1;\n',
    'view.tsx': 'export const v = <p>;\n',
    'deco.ts': 'const d = () => {};\n@d() class A {}\n',
  });
  try {
    for (const [entry, file, line] of [
      ['app.ts', 'bad.ts', 2],
      ['view.tsx', 'view.tsx', 1],
      ['deco.ts', 'deco.ts', 2],
    ] as const) {
      const { stderr, code } = await app.run({ entry });
      assert.is(code, 1);
      assert.ok(stderr.includes(file), stderr);
      assert.match(stderr, new RegExp(`\\(line ${line}\\)|:${line} cannot`), stderr);
      assert.match(stderr, new RegExp(`\\n *${line} [|│]`), stderr);
      assert.not.match(stderr, /loader[\\/]\w+\.js/, 'no frames of ours');
    }
  } finally {
    app.remove();
  }
});

test('frames show what the author wrote, where it stands', async () => {
  const result = await run(
    {
      'm.ts': 'export function f(): string { return "a" }\n',
      'n.ts': 'import { tmpdir } from "node:os";\nexport function f(): string { return tmpdir() }\n',
    },
    `const m = await import('./m.ts'); await import('./n.ts'); const { writeFileSync } = await import('node:fs');
     const shown = (error: any): string => error.message.slice(error.message.indexOf('\\n') + 1);
     const save = (text: string, file = './m.ts') => (writeFileSync(file, text), reload(file).then(() => 'accepted', shown));
     const out: unknown[] = [];
     out.push(await save('const secret: number = 1;\\nexport { secret as number, nope };\\nexport function f(u: string): string { return "b" }'));
     out.push(await save('enum E { A = 1 }\\nconst secret: number = 1;  export { secret as number, nope };\\nexport function f(u: string): string { return "b" }'));
     out.push(await save('import { tmpdir } from "node:os";\\nexport function f(): string { return tmpdir() }\\nlet a: string, tmpdir: () => string = () => "x";\\n', './n.ts'));
     out.push(await rewrite(m.f, 'function f(u: string): string {\\n  const run = (n: number): number => n;\\n  let k: number = 1; namespace N { export const x = 1 }\\n  return "c";\\n}').catch(shown));
     return out;`,
  );
  assert.equal(result, [
    '   ,-[2:28]\n 2 | export { secret as number, nope };\n   :                            ^^^^\n   `----',
    '   ,-[2:55]\n 2 | const secret: number = 1;  export { secret as number, nope };\n   :                                                       ^^^^\n   `----',
    '   ,-[1:10]\n 1 | import { tmpdir } from "node:os";\n   :          ^^^^^^ `tmpdir` has already been declared here\n 3 | let a: string, tmpdir: () => string = () => "x";\n   :                ^^^^^^ It can not be redeclared here\n   `----',
    '   ,-[3:22]\n 3 |   let k: number = 1; namespace N { export const x = 1 }\n   :                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n   `----',
  ]);
});

test('what Node decides: package.json, extensions, files without one, CommonJS', async () => {
  const app = program({
    'package.json': '{}',
    'esm.ts': 'export const a: number = 1;',
    'm.mts': 'export const m: number = 2;',
    'view.jsx': 'export const v = 1;',
    'app.mts': `import { a } from './esm.ts'; import { m } from './m.mjs'; import { v } from './view.jsx'; import { modules } from 'hotswap';
      const missing = await import('./nope.js' as string).catch((error: any) => error.code + ' ' + /nope\\.\\w+/.exec(error.message));
      console.log(JSON.stringify([a, m, v, modules().map((one) => one.split('/').at(-1)).sort(), missing]));`,
  });
  try {
    const { stdout, stderr, code } = await app.run({ entry: 'app.mts' });
    assert.is(code, 0, stderr);
    assert.equal(JSON.parse(stdout), [
      1,
      2,
      1,
      ['app.mts', 'esm.ts', 'm.mts', 'view.jsx'],
      'ERR_MODULE_NOT_FOUND nope.js',
    ]);
    assert.not.match(stderr, /Experimental|stripping/i);
  } finally {
    app.remove();
  }
});

test('with source maps asked for, columns are right as well', async () => {
  const app = program({
    'm.ts':
      'enum A { X }\nexport function f(a: number,\n  b: string = `x`): never {\n  const t: string = b;   throw new Error(t as string);\n}\n',
    'app.ts': appText(
      `try { (await import('./m.ts')).f(1) } catch (error: any) { return /m\\.ts:(\\d+:\\d+)/.exec(error.stack)![1] }`,
    ),
  });
  try {
    const flags = ['--enable-source-maps'];
    assert.is(await app.json({ entry: 'app.ts', flags }), '4:32');
  } finally {
    app.remove();
  }
});

test('a program in JavaScript loads nothing of this', async () => {
  const app = program({
    'm.js': 'export const f = () => 1;',
    'app.js': `import { f } from './m.js'; import { rewrite } from 'hotswap'; import { createRequire } from 'node:module'; await rewrite(f, () => 2);
      const { cache } = createRequire(import.meta.url);
      console.log(JSON.stringify([f(), Object.keys(cache).filter((one) => /oxc-transform|get-tsconfig|tslib/.test(one))]));`,
  });
  try {
    assert.equal(await app.json(), [2, []]);
  } finally {
    app.remove();
  }
});

test.run();
