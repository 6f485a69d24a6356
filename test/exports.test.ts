// Exports that come and go: who sees them, who is told that they are gone, and that each way leads back.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analyse } from '../api/plan/analysis.ts';
import { addExpressionText, addValueText, removeExportText } from '../api/text/exporting.ts';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

const place = (source: string, name: string) => ({
  module: 'file:///m.js',
  analysis: analyse(source, 'the case'),
  name,
});

/** A text, the export to remove, and the text without it, or the code and names of the refusal. */
const REMOVALS: Record<string, [from: string, name: string, to: string]> = {
  'a function on a line of its own': ['let a;\nexport function f() {}\nlet b;\n', 'f', 'let a;\nlet b;\n'],
  'between blank lines': ['let a;\n\nexport function f() {}\n\nlet b;\n', 'f', 'let a;\n\nlet b;\n'],
  'with its documentation': ['/** About f. */\nexport function f() {}\nlet b;\n', 'f', 'let b;\n'],
  'a comment above it stays': ['// License\nexport function f() {}\n', 'f', '// License\n'],
  'on one line with others': ['let a; export function f() {} let b;', 'f', 'let a;  let b;'],
  'the last line, without an end': ['let a;\nexport function f() {}', 'f', 'let a;\n'],
  'with CR LF': ['let a;\r\n\r\nexport function f() {}\r\n\r\nlet b;\r\n', 'f', 'let a;\r\n\r\nlet b;\r\n'],
  'the first of several variables': ['export const a = 1, b = 2;', 'a', 'export const b = 2;'],
  'the last of several': ['export const a = 1, b = 2;', 'b', 'export const a = 1;'],
  'one in the middle': ['export let a, b = [1, 2], c;', 'b', 'export let a, c;'],
  'from a list, with its code': [
    'function f() {}\nfunction g() {}\nexport { f, g };\n',
    'f',
    'function g() {}\nexport { g };\n',
  ],
  'a list of one': ['function f() {}\nexport { f };\n', 'f', ''],
  'a list of one with a comma': ['function f() {}\nexport { f, };\n', 'f', ''],
  'under another name': ['function f() {}\nexport { f as g };\n', 'g', ''],
  'under a string': ['function f() {}\nexport { f as "a-b" };\n', 'a-b', ''],
  'one of two names for one function': [
    'function f() {}\nexport { f, f as g };\n',
    'g',
    'function f() {}\nexport { f };\n',
  ],
  'a default function': ['export default function f() {}\nlet a;\n', 'default', 'let a;\n'],
  'a default expression': ['export default () => 1;\nlet a;\n', 'default', 'let a;\n'],
  'a default variable, with its code': ['const f = () => 1;\nexport default f;\n', 'default', ''],
  'a default that is exported by name as well': [
    'export const f = () => 1;\nexport default f;\n',
    'default',
    'export const f = () => 1;\n',
  ],
  'what comes from elsewhere': ['export { a, b } from "x";', 'a', 'export { b } from "x";'],
  'a namespace from elsewhere': ['export * as a from "x";\nlet b;\n', 'a', 'let b;\n'],
  'an import that is passed on stays imported': [
    'import x from "x";\nexport { x };\n',
    'x',
    'import x from "x";\n',
  ],
  'an import that is the default stays imported, and so does what comes with it': [
    'import { f, n } from "x";\nexport default f;\n',
    'default',
    'import { f, n } from "x";\n',
  ],
  'a class': ['export class A { m() { return new A(); } }\nlet b;\n', 'A', 'let b;\n'],
  'one that calls only itself': ['export function f() { return f(); }\n', 'f', ''],
  'one that others call': [
    'export function f() {}\nfunction g() { return f(); }\nconst h = () => [f];\n',
    'f',
    'OUT_OF_SCOPE g h',
  ],
  'one that the top level calls': ['export function f() {}\nf();\n', 'f', 'OUT_OF_SCOPE the top level'],
  'one that another export holds': [
    'export const f = 1;\nexport const o = { w: f };\n',
    'f',
    'OUT_OF_SCOPE the top level',
  ],
  'one that a field holds': [
    'export const f = 1;\nexport class A { x = f; }\n',
    'f',
    'OUT_OF_SCOPE the top level',
  ],
  'one that a static calls': [
    'export function f() {}\nexport class A { static x = f(); }\n',
    'f',
    'OUT_OF_SCOPE the top level',
  ],
  'one that a class extends': [
    'export class A {}\nexport class B extends A {}\n',
    'A',
    'OUT_OF_SCOPE the top level',
  ],
  'one that is a default': [
    'export const f = 1;\nexport const { x = f } = {};\n',
    'f',
    'OUT_OF_SCOPE the top level',
  ],
  'one that the default export holds': [
    'export const f = 1;\nexport default [f];\n',
    'f',
    'OUT_OF_SCOPE the top level',
  ],
  'a name of a constant that has another': [
    'export const f = 1, g = 2;\nexport { f as h };\n',
    'f',
    'const f = 1, g = 2; export { g };\nexport { f as h };\n',
  ],
  'the default of a function that has a name': [
    'export default function f() {}\nexport { f };\n',
    'default',
    'function f() {}\nexport { f };\n',
  ],
  'one that hides behind another of its name': [
    'export function f() {}\nfunction g(f) { return f(); }\n',
    'f',
    'function g(f) { return f(); }\n',
  ],
  'one taken out of an object': ['export const { a, b } = o;', 'a', 'STRUCTURAL'],
  'one that is not there': ['export let a, b;', 'c', 'MISSING a b'],
  'a variable that is not exported': ['let c; export let a;', 'c', 'MISSING a'],
  'one of everything from elsewhere': ['export * from "x"; export let a;', 'c', 'MISSING a'],
};

for (const [name, [from, remove, to]] of Object.entries(REMOVALS)) {
  test(`removes ${name}`, () => {
    let found: string;
    try {
      found = removeExportText(place(from, remove)).source;
    } catch (error) {
      const { code, names = [] } = error as { code: string; names?: string[] };
      found = [code.replace('ERR_HOTSWAP_', ''), ...names].join(' ');
    }
    assert.is(found, to);
  });
}

test('a new export goes to the end, on lines of its own', () => {
  assert.is(
    addValueText(place('let a;', 'b'), [1, { c: 'd' }]).source,
    'let a;\n\nexport const b = [1, { "c": "d" }];\n',
  );
  assert.is(addValueText(place('', 'b'), 1).source, 'export const b = 1;\n');
  assert.is(
    addValueText(place('let a;\r\n', 'default'), null).source,
    'let a;\r\n\r\nexport default null;\r\n',
  );
  assert.is(
    addExpressionText(place('let a; // c', 'b'), ' a + 1 // d').source,
    'let a; // c\n\nexport const b = a + 1;\n',
  );
  const map = new Map();
  assert.equal(addValueText(place('let b$;\n', 'b'), map), {
    source: 'let b$;\n\nexport const b = b$$;\n',
    values: { b$$: map },
  });
});

const F = `const RATE = 2;
let n = 0;
export function add(a, b) { n++; return a + b; }
export const twice = (x) => x * RATE;
export class Cart { #x = 1; constructor() { this.y = 2; } total() { return this.#x; } }
function helper() { return 'h'; }
export default function main() { return n; }
export { helper as help };
`;
const SAYS = `const says = (f) => { try { return f(); } catch (error) { return error.code ?? error.message; } };\nconst again = () => import(M.replace(/^\\.\\/\\d+/, '.'));\n`;

const CASES: Record<string, Case> = {
  'a function is added, and whoever imports from then on has it': [
    F,
    `${SAYS}const v = await addExport(at('sub'), (a, b) => a - b); const later = await again(); return [v.number, v.summary, v.persisted, later.sub(5, 3), later.add === m.add, later.default === m.default, Object.keys(later).join(), later === m, 'sub' in m, exports(M).map((one) => [one.name, one.kind, one.arity ?? null].join(' ')).at(-1)]`,
    [1, '+sub', true, 2, true, true, 'Cart,add,default,help,sub,twice', false, false, 'sub function 2'],
  ],
  'it is a hot function as any other': [
    F,
    `${SAYS}await addExport(at('sub'), (a, b) => a - b); const { sub } = await again(); const held = sub; await rewrite(sub, (a) => a * 10); await inject(at('sub'), 'n += 5'.replace(/.*/, '() => { n += 5 }')); return [held(5, 3), held.length, held.name, m.default(), code(held), functions(M).map((one) => one.path).at(-1), (await rollback(M, 2)).number, held(5, 3), held.length]`,
    [50, 1, 'sub', 5, 'function sub(a) { n += 5; return a * 10; }', 'sub', 1, 2, 2],
  ],
  'old and new functions use it by its name': [
    F,
    `${SAYS}await addExport(at('area'), 'function area(r) { return [r * RATE, n, this === undefined] }'); await rewrite(m.add, '(a) => [area(a), area?.(a), typeof area, { area }.area.length, [area].length, ((area))(1), (() => area(a))(), area.call(7, 1)[2]]'); return m.add(3)`,
    [[6, 0, true], [6, 0, true], 'function', 1, 1, [2, 0, true], [6, 0, true], false],
  ],
  'new ones use each other, and themselves': [
    F,
    `${SAYS}await addExport(at('even'), 'function even(k) { return k === 0 || odd(k - 1) }').catch((error) => error.names); await transaction(async () => { await addExport(at('odd'), 'function odd(k) { return k !== 0 && !odd(k - 1) }'); await addExport(at('even'), 'function even(k) { return !odd(k) }'); }); const { odd, even } = await again(); return [odd(5), even(5), even(4), odd(4), history(M).map((one) => one.summary)]`,
    [true, false, true, false, ['as loaded', '+odd, +even']],
  ],
  'values: constants, values no text can carry, and expressions': [
    F,
    `${SAYS}const map = new Map([[1, 2]]); const a = await addExport(at('limits'), { max: 5 }); const b = await addExport(at('double'), 'RATE * 21'); const c = await addExport(at('store'), map); const d = await addExport(at('Box'), class Box { v = 1; }); await rewrite(m.add, '() => [limits.max, double, store.get(1), new Box().v, () => { limits = 1 }]'); const now = await again(); return [a.persisted, b.persisted, c.persisted, d.persisted, m.add().slice(0, 4), says(m.add()[4]), now.store === map, now.limits, now.double, exports(M).slice(5).map((one) => one.name + ' ' + one.kind)]`,
    [
      true,
      true,
      false,
      false,
      [5, 42, 2, 1],
      "Cannot assign to read only property 'limits' of object '[object Object]'",
      true,
      { max: 5 },
      42,
      ['limits value', 'double value', 'store value', 'Box class'],
    ],
  ],
  'async functions, generators and classes from source': [
    F,
    `${SAYS}await addExport(at('later'), async (x) => { await null; return x; }); await addExport(at('count'), function* (k) { while (k) yield k--; }); await addExport(at('Box'), 'class { #v = RATE; static made = 0; constructor() { Box.made++; } get v() { return this.#v; } }'); const now = await again(); const box = new now.Box(); await rewrite(at('Box.prototype.get v'), '() => this'.replace(/.*/, 'get v() { return this.#v * 100 }')); await rewrite(now.count, function* (k) { yield k; }); return [await now.later(4), [...now.count(3)], box.v, new now.Box().v, now.Box.made, now.Box.name]`,
    [4, [3], 200, 200, 2, 'Box'],
  ],
  'bound values go with it': [
    F,
    `${SAYS}const seen = new Set(); const v = await addExport(at('note'), (x) => { seen.add(x); return () => seen.size; }, { bind: { seen } }); const { note } = await again(); note(1); return [v.persisted, note(2)(), [...seen]]`,
    [false, 2, [1, 2]],
  ],
  'a variable that is there is exported': [
    F,
    `${SAYS}const v = await addExport(at('RATE')); const w = await addExport(at('n')); const now = await again(); m.add(1, 2); await rewrite(m.twice, '(x) => x'); return [v.summary, now.RATE, now.n, exports(M).map((one) => one.name).join()]`,
    ['+RATE', 2, 1, 'add,twice,Cart,default,help,RATE,n'],
  ],
  'a removed one is told so to whoever holds it, and comes back': [
    F,
    `${SAYS}const held = { add: m.add, bound: m.add.bind(null, 1), Cart: m.Cart, cart: new m.Cart() }; const v = await removeExport(m.add); await removeExport(m.Cart); const out = [v.summary, says(() => held.add(1, 2)), says(() => held.bound(2)), says(() => m.add(1)), says(() => new held.Cart()), held.cart.total(), exports(M).map((one) => one.name).join(), Object.keys(await again()).join(), await no((async () => code(held.add))())]; await rollback(M, 2); out.push(held.add(1, 2), held.bound(2), new held.Cart().total(), (await again()) === m, m.default()); return out`,
    [
      '-add',
      'ERR_HOTSWAP_REMOVED',
      'ERR_HOTSWAP_REMOVED',
      'ERR_HOTSWAP_REMOVED',
      'ERR_HOTSWAP_REMOVED',
      1,
      'twice,default,help',
      'default,help,twice',
      'accepted',
      3,
      3,
      1,
      true,
      2,
    ],
  ],
  'arrows, lists, defaults and values are removed as well': [
    F,
    `${SAYS}const before = { ...m }; await removeExport(m.twice); await removeExport(at('help')); await removeExport(at('default')); return [says(() => before.twice(1)), says(() => before.help()), says(() => before.default()), code(M).split('\\n').length, history(M).map((one) => one.summary).slice(1), (await reset(M)).number, before.twice(2), before.help(), before.default()]`,
    [
      'ERR_HOTSWAP_REMOVED',
      'ERR_HOTSWAP_REMOVED',
      'ERR_HOTSWAP_REMOVED',
      5,
      ['-twice', '-help', '-default'],
      0,
      4,
      'h',
      0,
    ],
  ],
  'a default that is a variable is gone for whoever holds it, and so is a class': [
    {
      'm.js': 'const f = () => 1;\nexport default f;\nexport let kept;\n',
      'k.js': 'class Box { constructor() { this.v = 1; } }\nexport default Box;\n',
    },
    `${SAYS}const f = m.default; const K = M.replace('m.js', 'k.js'); const { default: Box } = await import(K.replace(/^\\.\\/\\d+/, '.')); const v = await removeExport(f); const w = await removeExport(Box); const gone = [says(f), says(() => new Box()), Object.keys(await again()).join()]; await rollback(M); await rollback(K); return [v.summary, w.summary, gone, f(), new Box().v, (await again()) === m]`,
    ['-default', '-default', ['ERR_HOTSWAP_REMOVED', 'ERR_HOTSWAP_REMOVED', 'kept'], 1, 1, true],
  ],
  'an async one rejects, a generator fails at the first step': [
    'export async function a() {}\nexport function* g() {}\n',
    `${SAYS}const { a, g } = m; await removeExport(a); await removeExport(g); const started = g(); return [await no(a()), says(() => started.next())]`,
    ['REMOVED', 'ERR_HOTSWAP_REMOVED'],
  ],
  'removed, and added again otherwise: who held the first has the second': [
    F,
    `${SAYS}const { add } = m; await removeExport(add); await addExport(at('add'), (a, b, c) => a * b * c); return [add(2, 3, 4), add.length, (await again()).add === add, (await rollback(M)).number, says(() => add(1, 2)), (await rollback(M)).number, add(1, 2)]`,
    [24, 3, true, 1, 'ERR_HOTSWAP_REMOVED', 0, 3],
  ],
  'a class that was edited and mocked comes back as the same one': [
    F,
    `${SAYS}await addExport(at('Box'), 'class Box { constructor(w) { this.w = w; } static of() { return new Box(9); } }'); const later = await again(); const { Box } = later; await inject(at('Box.prototype.constructor'), '() => { this.z = 1; }'); await mock(at('Box.of'), () => 'mock'); await removeExport(Box); const gone = [says(() => new Box()), says(() => new later.Box())]; await rollback(M); return [gone, { ...new Box(2) }, Box === later.Box, Box.of(), (await rollback(M)).number, Box.of().w]`,
    [['ERR_HOTSWAP_REMOVED', 'ERR_HOTSWAP_REMOVED'], { z: 1, w: 2 }, true, 'mock', 2, 9],
  ],
  'a class and a mock of its method in one step': [
    F,
    `${SAYS}await transaction(async () => { await addExport(at('Box'), 'class Box { #v = 1; get() { return this.#v; } }'); await mock(at('Box.prototype.get'), function () { return ['mock', this.constructor.name]; }); }); const { Box } = await again(); const first = new Box().get(); await rewrite(at('Box.prototype.get'), 'get() { return this.#v + 1; }'); return [first, new Box().get()]`,
    [['mock', 'Box'], 2],
  ],
  'within a transaction a function is found where it will be': [
    `export function make(on) { on(() => 'a'); on(() => 'b'); }`,
    `const all = []; m.make((f) => all.push(f)); const [, b] = all; await transaction(async () => { await rewrite(m.make, "function make(on) { on(() => 'new'); on(() => 'a'); on(() => 'b'); }"); await inject(b, '() => { globalThis.met = true; }'); }); const late = []; m.make((f) => late.push(f())); return [code(b), globalThis.met, b(), late]`,
    ["() => { globalThis.met = true; return 'b'; }", true, 'b', ['new', 'a', 'b']],
  ],
  'removed twice, by name and by value': [
    F,
    `await removeExport(m.add); return [await no(removeExport(at('add'))), await no(removeExport(m.add)), history(M).length]`,
    [
      'MISSING twice Cart default help',
      'MISSING twice Cart.prototype.constructor Cart.prototype.total helper main',
      2,
    ],
  ],
  'state that a version declared is there again when it comes back': [
    F,
    `${SAYS}await addExport(at('seen'), 'new Map()'); await rewrite(m.add, '(k) => seen.set(k, k).size'); m.add(1); m.add(2); await rollback(M, 2); m.add(1, 1); await restore(M, 2); return [m.add(3), m.default()]`,
    [3, 1],
  ],
  'namespaces, old and new, name the module': [
    F,
    `${SAYS}await addExport(at('sub'), () => 1); const later = await again(); return [version(m).number, version(later).number, code(later) === code(m)]`,
    [1, 1, true],
  ],
  'exports from elsewhere, with others beside them': [
    {
      'm.js':
        'export * from "./k.js"; export { b as c } from "./k.js"; export * as k from "./k.js"; export let own = 1;',
      'k.js': 'export const a = 1, b = 2;',
    },
    `${SAYS}await addExport(at('f'), () => 1); const later = await again(); const first = Object.keys(later).join(); await removeExport(at('c')); return [first, later.c, later.k === m.k, Object.keys(await again()).join(), exports(M).map((one) => one.name).join()]`,
    ['a,b,c,f,k,own', 2, true, 'a,b,f,k,own', 'a,b,k,own,f'],
  ],
  'a module without exports': [
    'globalThis.kept = () => 1;',
    `${SAYS}await addExport(at('f'), () => 1); return [(await again()).f(), Object.keys(m).length]`,
    [1, 0],
  ],
  'what cannot be added': [
    F,
    `const twoOf = at('q') + '/2'; return [await no(addExport(at('add'), () => 1)), await no(addExport(at('RATE'), () => 1)), await no(addExport(at('nothing'))), await no(addExport(at('class'), () => 1)), await no(addExport(at('a-b'), () => 1)), await no(addExport(at('q'), () => RATE)), await no(addExport(at('q'), '() => zzz')), await no(addExport(at('q'), 'zzz + 1')), await no(addExport(at('q'), '1 +')), await no(addExport(at('q'), Math.max)), await no(addExport(twoOf, (a) => a)), await no(addExport(m.add, () => 1)), await no(addExport('q', () => 1)), await no(addExport(at('q'), () => 1, null)), history(M).length, code(M) === ${JSON.stringify(F)}, functions(M).length, exports(M).length]`,
    [
      'BAD_TARGET',
      'BAD_TARGET',
      'BAD_TARGET',
      'BAD_TARGET',
      'BAD_TARGET',
      'OUT_OF_SCOPE RATE',
      'OUT_OF_SCOPE zzz',
      'STRUCTURAL q',
      'SYNTAX',
      'NO_SOURCE',
      'ARITY',
      'BAD_TARGET',
      'BAD_TARGET',
      'SYNTAX',
      1,
      true,
      6,
      5,
    ],
  ],
};

Object.assign(CASES, {
  'what other hot modules need is not removed, and they are named': [
    {
      'm.js': `export const f = () => 1;\nexport const g = () => 2;\nexport default class {}\nexport const h = () => 3, k = 4;\n`,
      'user.js': `import { f } from './m.js';\nimport Base from './m.js';\nimport * as all from './m.js';\nexport const use = () => f();\nexport class A extends Base {}\nexport const K = all.k;\nexport const later = () => all.h();\n`,
      'passes.js': `export { g as other } from './m.js';\nexport * from './m.js';\n`,
      'through.js': `import { h } from './passes.js';\nexport const t = () => h();\n`,
    },
    `const user = await import('./user.js'); await import('./passes.js'); await import('./through.js');
const why = async (name) => removeExport(at(name)).then(() => 'removed', ({ code, names }) => [code.slice(12), ...names.map((one) => one.split('/').at(-1))].join(' '));
const out = []; for (const name of ['f', 'g', 'default', 'k', 'h']) out.push(await why(name));
await transaction(async () => { await rewrite(user.use, '() => 5'); await removeExport(at('f')); }).catch(({ code }) => out.push(code.slice(12)));
return out`,
    [
      'OUT_OF_SCOPE user.js:1 user.js:4',
      'OUT_OF_SCOPE passes.js:1',
      'OUT_OF_SCOPE user.js:2 user.js:5',
      'OUT_OF_SCOPE user.js:6',
      'OUT_OF_SCOPE through.js:1 through.js:2',
      'OUT_OF_SCOPE',
    ],
  ],
} satisfies Record<string, Case>);
cases(CASES);

for (const cached of [true, false]) {
  test(`LibHotSwap: exports come and go ${cached ? 'with' : 'without'} the cache`, async () => {
    const app = program({
      'm.js': 'export const vsn = 0;\nexport function one() { return 1; }\n',
      'app.js': `import { addExport, exports, history, removeExport, rollback } from 'hotswap';
const M = './m.js'; await import(M); const out = [];
const names = () => exports(M).map((one) => one.name + '/' + (one.arity ?? '')).join();
await addExport(M + '#two', (a) => a + 2); out.push(names(), (await import(M)).two(1));
await addExport(M + '#three/2', (a, b) => a + b + 3); out.push(names(), (await import(M)).three(1, 1));
await removeExport(M + '#two/1'); out.push(names());
await rollback(M, 2); out.push(names(), (await import(M)).two(1));
await rollback(M); out.push(names(), history(M).length);
console.log(JSON.stringify(out));`,
    });
    try {
      assert.equal(await app.json(cached ? {} : { env: { HOTSWAP_CACHE_DIR: '' } }), [
        'vsn/,one/0,two/1',
        3,
        'vsn/,one/0,two/1,three/2',
        5,
        'vsn/,one/0,three/2',
        'vsn/,one/0,two/1',
        3,
        'vsn/,one/0',
        4,
      ]);
    } finally {
      app.remove();
    }
  });
}

test('after a restart an added export is there natively, and a removed one is not', async () => {
  const app = program({
    'm.js': 'export function one() { return 1; }\nexport function old() {}\n',
    'first.js': `import { addExport, removeExport } from 'hotswap'; import { old } from './m.js';
await addExport('./m.js#two', '() => one() + 1'); await removeExport(old); console.log(1);`,
    'app.js': `import { code, history, removeExport, rollback } from 'hotswap'; import * as m from './m.js';
const out = [Object.keys(m).join(), m.two()]; const { two } = m;
await rollback('./m.js'); out.push(Object.keys(await import('./m.js')).join());
await rollback('./m.js'); try { two() } catch (error) { out.push(error.code) } out.push(Object.keys(await import('./m.js')).join(), history('./m.js').length);
console.log(JSON.stringify(out));`,
  });
  try {
    await app.run({ entry: 'first.js' });
    assert.equal(await app.json(), ['one,two', 2, 'old,one,two', 'ERR_HOTSWAP_REMOVED', 'old,one', 3]);
  } finally {
    app.remove();
  }
});

test.run();
