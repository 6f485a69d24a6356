// Everything that can be aimed at, by every way of naming it, and what a program sees when it looks.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { globsIn } from '../loader/config.ts';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

const FORMS: Record<string, Case> = {
  'a function value': [
    'export function f() { return 1; }',
    'await rewrite(m.f, () => 2); return [m.f(), code(m.f)]',
    [2, 'function f() { return 2; }'],
  ],
  '<url>#path': [
    'export function f() { return 1; }',
    'await rewrite(version(M).module + "#f", () => 2); return [version(M).module.startsWith("file:///"), m.f()]',
    [true, 2],
  ],
  '<relative path>#path, with and without the dot, and an absolute one': [
    'export function f() { return 1; }',
    `const { resolve } = await import('node:path'); const out = []; let i = 2; for (const name of [M, M.slice(2), resolve(M), './x/../' + M]) { await rewrite(name + '#f', String(i++).replace(/.*/, '() => $&')); out.push(m.f()); } return out`,
    [2, 3, 4, 5],
  ],
  '{ module, path } with a URL, a path and a namespace': [
    'export function f() { return 1; }',
    `const out = []; let i = 2; for (const module of [new URL('./m.js', import.meta.url), M, m]) { await rewrite({ module, path: 'f' }, String(i++).replace(/.*/, '() => $&')); out.push(m.f()); } return out`,
    [2, 3, 4],
  ],
  'a URL with a version means the module': [
    'export function f() { return 1; }',
    'await rewrite(m.f, () => 2); await rewrite(version(M).module + "?hotswap=0#f", () => 3); return [m.f(), code(version(M).module + "?hotswap=1#f")]',
    [3, 'function f() { return 3; }'],
  ],
  'a URL with a query of its own is a module of its own': [
    'export function f() { return 1; }',
    `const url = new URL('./m.js?x=1', import.meta.url).href; const other = await import(url); await rewrite(url + '#f', () => 2); return [m.f(), other.f(), (await import(url + '&hotswap=1')).f()]`,
    [1, 2, 2],
  ],
  'names with spaces, parentheses, percent signs, hashes and letters of all kinds': [
    {
      'm.js': 'export {}',
      'a b (c)/100%/ü💥[x].js': 'export function f() { return 1; }',
      'x#y.js': 'export function f() { return 1; }',
    },
    `const out = []; const dir = M.slice(0, -5); for (const file of ['a b (c)/100%/ü💥[x].js', 'x#y.js']) { const url = (await import('node:url')).pathToFileURL(dir + '/' + file).href; const mod = await import(url); await rewrite(url + '#f', () => 2); out.push(mod.f()); await rewrite({ module: dir + '/' + file, path: 'f' }, () => 3); out.push(mod.f()); if (!file.includes('#')) { await rewrite(dir + '/' + file + '#f', () => 4); out.push(mod.f(), code(dir + '/' + file + '#f'), code(dir + '/' + file)); } } return out`,
    [2, 3, 4, 'function f() { return 4; }', 'export function f() { return 4; }', 2, 3],
  ],
  'exports of files with letters that a URL may have as they are or not': [
    {
      'm.js': "export * from './[id]~^.js';",
      '[id]~^.js': 'export const g = (a) => a; globalThis.runs = (globalThis.runs ?? 0) + 1;',
    },
    `const file = M.replace('m.js', '[id]~^.js'); await import((await import('node:url')).pathToFileURL(file)); return [exports(M), exports(file).length, globalThis.runs]`,
    [[{ name: 'g', kind: 'function', arity: 1 }], 1, 1],
  ],
  'URLs that name no file here, as without a drive on Windows and with a host elsewhere': [
    'export function f() { return 1; }',
    `const out = []; for (const url of [process.platform === 'win32' ? 'file:///a/m.js' : 'file://server/share/m.js', 'file:///C:/a%2fm.js', 'file://[/m.js']) { out.push(await no(rewrite(url + '#f', () => 2)), await no(rewrite({ module: url, path: 'f' }, () => 2))); try { history(url); } catch (error) { out.push(error.code); } } return [...new Set(out)]`,
    ['NOT_HOT', 'ERR_HOTSWAP_NOT_HOT'],
  ],
  'large and small letters, where the file system takes them for one': [
    { 'm.js': 'export function f() { return 1; }', 'other.js': '' },
    `const fs = await import('node:fs'); const M2 = M.replace('m.js', 'M.JS'); const not = fs.existsSync(M2) ? 'NOT_HOT' : await no(rewrite(M2 + '#f', () => 2)); try { fs.linkSync(M, M2); fs.linkSync(M, M + '.js'); } catch {} await rewrite(M2 + '#f', () => 3); return [not, m.f(), await no(rewrite(M + '.js#f', () => 4))]`,
    ['NOT_HOT', 3, 'NOT_HOT'],
  ],
  '/n insists on the arity': [
    'export function f(a, b = 1) { return 1; }',
    `return [await no(rewrite(at('f/1'), (a) => 2)), await no(rewrite(at('f/2'), (a, b) => 2)), await no(rewrite(at('f/1'), (a, b) => 2)), await no(rewrite(at('f/1'), (a, b = 2, ...c) => 3)), await no(inject(at('f/0'), () => 1)), code(at('f/1'))]`,
    ['accepted', 'ARITY', 'ARITY', 'accepted', 'ARITY', 'function f(a, b = 2, ...c) { return 3; }'],
  ],
  'exported names that are not the variables': [
    'function total() { return 1; }\nconst o = { m() { return 1; } };\nclass K { m() { return 1; } }\nexport { total as sum, total as "a sum", o as box, K as Klass, total as default };',
    `const out = []; for (const path of ['sum', 'a sum', 'default', 'total']) { await rewrite(at(path), String(out.length + 2).replace(/.*/, '() => $&')); out.push(m.sum()); } await rewrite(at('box.m'), () => 5); await rewrite(at('Klass.prototype.m'), () => 6); return [...out, m.box.m(), new m.Klass().m()]`,
    [2, 3, 4, 5, 5, 6],
  ],
  'default exports of every form': [
    {
      'm.js': 'export {}',
      '1.js': 'export default function named() { return 1; }',
      '2.js': 'export default function () { return 1; }',
      '3.js': 'export default () => 1;',
      '4.js': 'const f = () => 1; export default f;',
      '5.js': 'export default { fetch() { return 1; }, deep: { er: () => 1 } };',
      '6.js': 'export default class K { m() { return 1; } }',
      '7.js': 'export default class { m() { return 1; } static s() { return 1; } }',
      '8.js': 'export default [() => 1];',
      '9.js': 'function f() { return 1; } export { f as default };',
    },
    `const out = []; const paths = { 1: ['default', 'named'], 2: ['default'], 3: ['default'], 4: ['default', 'f'], 5: ['default.fetch', 'default.deep.er'], 6: ['default.prototype.m', 'K.prototype.m'], 7: ['default.prototype.m', 'default.s'], 8: ['default[0]'], 9: ['default', 'f'] };
for (const [n, list] of Object.entries(paths)) { await import('./' + n + '.js'); for (const path of list) out.push(n + path + ' ' + await no(rewrite(M.replace('m.js', n + '.js#') + path, '() => 2'))); } return out.filter((one) => !one.endsWith(' accepted'))`,
    [],
  ],
  'a namespace object, told by what it holds': [
    {
      'm.js': `export * from './one.js'; export { two } from './two.js';`,
      'one.js': 'export function f() { return 1; } export const n = NaN;',
      'two.js': 'export function two() { return 1; } export let f = 5, n = 6; export default 7;',
      'same1.js': 'export const x = 1;',
      'same2.js': 'export const x = 1;',
      'same3.js': 'export const x = {};',
    },
    `const one = await import('./one.js'), two = await import('./two.js'), s1 = await import('./same1.js'), s2 = await import('./same2.js'), s3 = await import('./same3.js');
await rewrite({ module: one, path: 'f' }, () => 2); await rewrite({ module: two, path: 'two' }, () => 3); return [m.f(), m.two(), await no(reset(m)), await no(reset(s1)), version(s3).module.endsWith('same3.js'), await no(reset({})), await no(reset(globalThis))]`,
    [2, 3, 'NOT_HOT f n two', 'BAD_TARGET x', true, 'BAD_TARGET', 'BAD_TARGET'],
  ],
};

const PATHS: Record<string, Case> = {
  'classes: methods, accessors, static, #private, fields, computed, string and symbol keys': [
    `const key = 'dyn';
export class K {
  constructor() {}
  m() {} get a() { return 1; } set a(v) {} static s() {} static get sa() { return 1; } #p() {} static #sp() {} get #pa() { return 1; }
  field = () => {}; static sfield = () => {}; 'a-b'() {} 'ok'() {} 1() {} [key]() {} [Symbol.iterator]() {} static async *gen() {} #pf = () => {}; ['x' + 'y'] = () => {};
  list = [() => {}, function () {}]; wrapped = wrap(() => {}, 'x');
}
function wrap(f) { return f; }
export const Expr = class { m() {} };`,
    'return functions(M).map((f) => f.path + " " + f.kind)',
    [
      'K.prototype.constructor constructor',
      'K.prototype.m method',
      'K.prototype.get a getter',
      'K.prototype.set a setter',
      'K.s method',
      'K.get sa getter',
      'K.prototype.#p method',
      'K.#sp method',
      'K.prototype.get #pa getter',
      'K.prototype.field arrow',
      'K.sfield arrow',
      "K.prototype['a-b'] method",
      'K.prototype.ok method',
      'K.prototype[1] method',
      'K.prototype[key] method',
      'K.prototype[Symbol.iterator] method',
      'K.gen method',
      'K.prototype.#pf arrow',
      "K.prototype['x' + 'y'] arrow",
      'K.prototype.list[0] arrow',
      'K.prototype.list[1] function',
      'K.prototype.wrapped = wrap()[0] arrow',
      'wrap function',
      'Expr.prototype.m method',
    ],
  ],
  'objects, calls, assignments and equals': [
    `const app = { get(...a) { return app; }, use() {}, on() {} };
const resolvers = { Query: { users: () => [], 'user-by': (id) => id }, get x() { return 1; } };
app.get('/x', (req, res) => {}); app.get('/x', () => {}, () => {});
app.get('/a', () => {}).get('/b', () => {}); app.use(() => {}); app.use(() => {});
setTimeout(function later() {}, 0); new Promise((resolve) => resolve()); exportsLike.f = () => {}; exportsLike['g-h'] = function () {};
var exportsLike = globalThis.box = {};
export const memo = wrap(() => {}), list = [() => {}, { m() {} }]; function wrap(f) { return f; }
(() => {})(); (function named() {})(); export default app;`.replace(
      'exportsLike.f = () => {}; exportsLike',
      'globalThis.boxf = () => {}; globalThis',
    ),
    'return functions(M).map((f) => f.path)',
    [
      'app.get',
      'app.use',
      'app.on',
      'resolvers.Query.users',
      "resolvers.Query['user-by']",
      'resolvers.get x',
      "app.get('/x')[1]",
      "app.get('/x')[1]~2",
      "app.get('/x')[2]",
      "app.get('/a')[1]",
      "app.get('/b')[1]",
      'app.use()[0]',
      'app.use()[0]~2',
      'setTimeout()[0]',
      'new Promise()[0]',
      'globalThis.boxf',
      "globalThis['g-h']",
      'memo = wrap()[0]',
      'list[0]',
      'list[1].m',
      'wrap',
      'iife',
      'iife~2',
    ],
  ],
  'each of them can be changed': [
    `export const out = []; const app = { handlers: {}, get(path, ...f) { app.handlers[path] = [...(app.handlers[path] ?? []), ...f]; return app; } };
app.get('/x', () => 1); app.get('/x', () => 2, () => 3); export const memo = ((f) => (x) => f(x))((x) => x); const sym = Symbol('s');
export class K { 'a-b'() { return 1; } [sym]() { return 1; } static [sym + ''.slice(0) && 'q']() { return 1; } static get sa() { return 1; } }
export const o = { [sym]: () => 1, [(() => 'k')()]() { return 1; }, 'x y': { z: () => 1 } }; export { app, sym };`.replace(
      `static [sym + ''.slice(0) && 'q']`,
      `static ['q']`,
    ),
    `const paths = ["app.get('/x')[1]", "app.get('/x')[1]~2", "app.get('/x')[2]", "K.prototype['a-b']", 'K.prototype[sym]', "K.q", 'K.get sa', 'o[sym]', "o[(() => 'k')()]", "o['x y'].z"];
const missing = paths.filter((path) => !functions(M).some((f) => f.path === path)); if (missing.length) return [missing, functions(M).map((f) => f.path)];
for (const path of paths) await rewrite(at(path), '() => 9'); const k = new m.K(); return [m.app.handlers['/x'].map((f) => f()), k['a-b'](), k[m.sym](), m.K.q(), m.K.sa, m.o[m.sym](), m.o.k(), m.o['x y'].z()]`,
    [[9, 9, 9], 9, 9, 9, 9, 9, 9, 9],
  ],
  'a lone accessor answers to its name, a pair does not': [
    'export class K { get a() { return 1; } set a(v) {} get b() { return 1; } static set c(v) {} }\nexport const o = { get d() { return 1; } };',
    `return [await no(rewrite(at('K.prototype.b'), () => 2)), await no(rewrite(at('K.c'), (v) => {})), await no(rewrite(at('o.d'), () => 2)), await no(rewrite(at('K.prototype.a'), () => 2)), new m.K().b, m.o.d].map((one) => String(one).split(' ')[0])`,
    ['accepted', 'accepted', 'accepted', 'MISSING', '2', '2'],
  ],
  'a path that is not there: what may have been meant comes first': [
    `export function price() {} export class Pool { acquire() {} get size() { return 1; } set size(n) {} }\n${Array.from({ length: 20 }, (_, i) => `export function zz${i}() {}`).join(' ')}`,
    `const said = async (path) => (await rewrite(at(path), () => 1).catch((e) => e.message)).replace(/^.*? has no hot function /, '').replace(/; it has .*|it has .*/, '');
return [await said('prise'), await said('acquire'), await said('Pool.acquire'), await said('size'), await said('Pool.prototype.size'), await said('zz99'), await said('nothingLikeIt'), await said('p')]`,
    [
      '"prise"; did you mean price? ',
      '"acquire"; did you mean Pool.prototype.acquire? ',
      '"Pool.acquire"; did you mean Pool.prototype.acquire? ',
      '"size"; did you mean Pool.prototype.get size or Pool.prototype.set size? ',
      '"Pool.prototype.size"; did you mean Pool.prototype.get size or Pool.prototype.set size? ',
      '"zz99"; did you mean zz9 or zz19? ',
      '"nothingLikeIt"',
      '"p"',
    ],
  ],
  'an accessor by its function value': [
    'export class K { get a() { return 1; } }\nexport const o = { set d(v) { this.v = v; } };',
    `await rewrite(Object.getOwnPropertyDescriptor(m.K.prototype, 'a').get, () => 2); await rewrite(Object.getOwnPropertyDescriptor(m.o, 'd').set, function (v) { this.v = v * 2; }); m.o.d = 4; return [new m.K().a, m.o.v]`,
    [2, 8],
  ],
  'a method by its value where a function stands in its key': [
    `export const o = { [((x) => 'k' + x)(1)](a) { return a; } }; export class K { static [(() => 'm')()]() { return 1; } }`,
    `await rewrite(m.o.k1, (a) => a + 1); await rewrite(m.K.m, () => 5); return [m.o.k1(1), m.K.m(), code(m.o.k1)]`,
    [2, 5, "[((x) => 'k' + x)(1)](a) { return a + 1; }"],
  ],
  'a function by its value where a function stands in its parameters': [
    'export function f(a, cb = (x) => x) { return cb(a); }\nexport const g = (a, cb = (x) => x) => cb(a);',
    `const out = [code(m.f), code(m.g)]; await rewrite(m.f, (a) => a + 1); await rewrite(m.g, (a) => a + 2); return [...out, m.f(1), m.g(1)]`,
    ['function f(a, cb = (x) => x) { return cb(a); }', '(a, cb = (x) => x) => cb(a)', 2, 3],
  ],
};

const LOOK: Record<string, Case> = {
  'functions() gives paths, kinds, arity and lines of the current version': [
    '// one\nexport function f(a, b) { return 1; }\nexport const g = async (a) => a;\n',
    `const a = functions(M); await rewrite(m.f, 'function (a) {\\n\\n return 2 }'); return [a, functions(M)]`,
    [
      [
        { path: 'f', kind: 'function', arity: 2, line: 2 },
        { path: 'g', kind: 'arrow', arity: 1, line: 3 },
      ],
      [
        { path: 'f', kind: 'function', arity: 1, line: 2 },
        { path: 'g', kind: 'arrow', arity: 1, line: 5 },
      ],
    ],
  ],
  'exports(): aliases, default, classes, values, re-exports and export *': [
    {
      'm.js': `import { inner } from './b.js'; import fs from 'node:fs';
export const n = 1; export let obj = {}; export function f(a, b) {} export class K { constructor(a) {} } export { f as g, f as 'a b', inner, fs }; export default (a, b, c) => 1;
export { inner as again, default as b } from './b.js'; export * from './c.js'; export * as ns from './c.js'; export { join } from 'node:path'; export const { d, e: [h] } = { d: 1, e: [() => 1] };`,
      'b.js': 'export const inner = (x) => x; export default class B {}',
      'c.js': `export const deep = (a, b) => a; export default 1; export * from './m.js'; export function f() {}`,
    },
    'return exports(M).map(({ name, kind, arity }) => [name, kind, ...(arity === undefined ? [] : [arity])].join(" "))',
    [
      'n value',
      'obj value',
      'f function 2',
      'K class 1',
      'g function 2',
      'a b function 2',
      'inner function 1',
      'fs value',
      'default function 3',
      'again function 1',
      'b class 0',
      'deep function 2',
      'ns value',
      'join value',
      'd value',
      'h function 0',
    ],
  ],
  'exports() follows an edit': [
    'export function f(a) {}',
    'await rewrite(m.f, (a, b, c) => 1); return exports(m)',
    [{ name: 'f', kind: 'function', arity: 3 }],
  ],
  'modules() lists what is hot, in order of loading': [
    { 'm.js': `import './dep.js'; export {};`, 'dep.js': 'export {}', 'c.cjs': '', 'd.json': '{}' },
    `await import('./c.cjs'); await import('./d.json', { with: { type: 'json' } }); const here = import.meta.url.slice(0, -7); return modules().filter((url) => url.startsWith(here)).map((url) => url.slice(here.length))`,
    ['case.js', 'm.js', 'dep.js'],
  ],
  'code() of everything': [
    '/* c */ export function f(a) { return a; }\nexport class K { static async s() {} get g() { return 1; } }\nexport default class { m() {} }',
    `const other = (x) => x + 1; return [code(m.f), code(at('f')), code({ module: m, path: 'f' }), code(at('K.s')), code(m.K), code(m.default), code(m) === code(M), code(other), code('x => x'), code('m() { return 1 }'), code('async () => {}'), code(Object.getOwnPropertyDescriptor(m.K.prototype, 'g').get), code('function f() { return this.#x }'.replace('this.#x', '"#x"')), code(class A {})]`,
    [
      'function f(a) { return a; }',
      'function f(a) { return a; }',
      'function f(a) { return a; }',
      'async s() {}',
      'class K { static async s() {} get g() { return 1; } }',
      'class { m() {} }',
      true,
      '(x) => x + 1',
      'x => x',
      'm() { return 1 }',
      'async () => {}',
      'get g() { return 1; }',
      'function f() { return "#x" }',
      'class A {}',
    ],
  ],
  'code() of a class follows its methods': [
    'export class K { m() { return 1; } }',
    'await rewrite(m.K.prototype.m, () => 2); return [code(m.K), code(m.K.prototype.m)]',
    ['class K { m() { return 2; } }', 'm() { return 2; }'],
  ],
  'ast() is ESTree with offsets into code()': [
    '/* c */ export function f(a) { return a; }\nexport class K { static async s() {} get g() { return 1; } }\nexport const o = { m() {} };',
    `const cut = (t) => { const tree = ast(t), text = code(t); const inner = tree.value ?? tree; return [tree.type, text.slice(tree.start, tree.end) === text || tree.type, text.slice(inner.body.start, inner.body.end)]; }; return [cut(m.f), cut(at('K.s')), cut(m.K), cut(at('o.m')), cut('(x) => ({ y: x })'), cut((a) => a), ast(m).type, ast(M).body.length, ast(new URL('./m.js', import.meta.url)).type]`,
    [
      ['FunctionDeclaration', true, '{ return a; }'],
      ['Property', true, '{}'],
      ['ClassExpression', true, '{ static async s() {} get g() { return 1; } }'],
      ['Property', true, '{}'],
      ['ArrowFunctionExpression', true, '({ y: x })'],
      ['ArrowFunctionExpression', true, 'a'],
      'Program',
      3,
      'Program',
    ],
  ],
};

cases({ ...FORMS, ...PATHS, ...LOOK });

test('a bare specifier, a package import and a package of the same name as a folder', async () => {
  const app = program({
    'package.json':
      '{ "type": "module", "imports": { "#inside": "./src/inside.js", "#deep/*": "./src/*.js" } }',
    'src/inside.js': 'export function f() { return 1; }',
    'src/lib.js': 'export function f() { return 1; }',
    'node_modules/dep/package.json':
      '{ "type": "module", "exports": { ".": "./main.js", "./sub": "./lib/sub.js" } }',
    'node_modules/dep/main.js': 'export function f() { return 1; }',
    'node_modules/dep/lib/sub.js': 'export function f() { return 1; }',
    'node_modules/@scope/pkg/package.json': '{ "type": "module", "main": "index.js" }',
    'node_modules/@scope/pkg/index.js': 'export function f() { return 1; }',
    'node_modules/cold/package.json': '{ "type": "module", "main": "index.js" }',
    'node_modules/cold/index.js': 'export function f() { return 1; }',
    'dep/readme.txt': 'a folder with the name of the package',
    'app.js': `import * as inside from '#inside'; import * as lib from '#deep/lib'; import * as dep from 'dep'; import * as sub from 'dep/sub'; import * as pkg from '@scope/pkg'; import * as cold from 'cold'; import { rewrite } from 'hotswap';
const out = [];
for (const [name, mod] of Object.entries({ '#inside': inside, '#deep/lib': lib, dep, 'dep/sub': sub, '@scope/pkg': pkg, cold })) {
  try { await rewrite(name + '#f', () => 2); await rewrite({ module: name, path: 'f' }, '() => 3'); out.push(mod.f()); } catch (e) { out.push(e.code); }
}
console.log(JSON.stringify(out));`,
  });
  const out = await app.json({ env: { HOTSWAP_INCLUDE: 'node_modules/dep/**, **/@scope/pkg/*.js' } });
  app.remove();
  assert.equal(out, [3, 3, 3, 3, 3, 'ERR_HOTSWAP_NOT_HOT']);
});

test('a path holds when routes are added above, and while the file is laid out anew', async () => {
  const routes = (above: string) => `import { rewrite, functions, history } from 'hotswap';
const routes = new Map(); const app = { get(path, ...handlers) { routes.set(path, handlers); return app; } };
${above}
app.get('/price', (req) => 'old price');
const path = functions('./app.js').map((one) => one.path).find((one) => one.includes('/price'));
await rewrite('./app.js#' + path, () => 'new price');
console.log(JSON.stringify([path, routes.get('/price')[0]()]));`;
  const found = [];
  for (const above of [
    '',
    `app.get('/a', () => 1);`,
    `app.get('/a', () => 1).get('/b', (x) => x, () => 2);\napp.get('/c', () => 3)`,
  ]) {
    const app = program({ 'app.js': routes(above) });
    found.push(await app.json());
    app.remove();
  }
  assert.equal(found, [
    ["app.get('/price')[1]", 'new price'],
    ["app.get('/price')[1]", 'new price'],
    ["app.get('/price')[1]", 'new price'],
  ]);
});

test('what hotswap is made of is never hot, whatever HOTSWAP_INCLUDE names', async () => {
  const app = program(
    {
      'm.js': 'export function f() { return 0; }',
      'app.js': `import { f } from './m.js'; import { marked } from 'marked'; import { modules, rewrite } from 'hotswap';
await rewrite(f, () => 1); await import('hotswap'); console.log(JSON.stringify([f(), typeof marked, modules().map((url) => /node_modules.([\\w-]+)/.exec(url)?.[1] ?? url.split('/').at(-1)).sort()]));`,
    },
    ['marked'],
  );
  const { stdout, stderr, code } = await app.run({ env: { HOTSWAP_INCLUDE: '**' } });
  app.remove();
  assert.is(code, 0, stderr);
  assert.equal(JSON.parse(stdout), [1, 'function', ['app.js', 'm.js', 'marked']]);
  assert.is(stderr, '');
});

test('HOTSWAP_INCLUDE and HOTSWAP_EXCLUDE choose modules', async () => {
  const app = program({
    'a.js': 'export {}',
    'b/c.js': 'export {}',
    'b/d.js': 'export {}',
    'node_modules/dep/package.json': '{ "type": "module", "main": "index.js" }',
    'node_modules/dep/index.js': 'export {}',
    'app.js': `import './a.js'; import './b/c.js'; import './b/d.js'; import 'dep'; import { modules } from 'hotswap';
console.log(JSON.stringify(modules().map((url) => url.slice(import.meta.url.lastIndexOf('/') + 1)).sort()));`,
  });
  const run = (env: Record<string, string>) => app.json<string[]>({ env });
  const all = await run({});
  const some = await run({ HOTSWAP_INCLUDE: 'node_modules/**', HOTSWAP_EXCLUDE: 'b/**' });
  const one = await run({ HOTSWAP_EXCLUDE: './{a,z}.js,**/d.js' });
  const none = await run({ HOTSWAP_INCLUDE: `${app.dir}/node_modules/**`, HOTSWAP_EXCLUDE: '**' });
  app.remove();
  assert.equal(
    [all, some, one, none],
    [
      ['a.js', 'app.js', 'b/c.js', 'b/d.js'],
      ['a.js', 'app.js', 'node_modules/dep/index.js'],
      ['app.js', 'b/c.js'],
      [],
    ],
  );
});

test('a list of globs is divided at commas that are within no brackets', () => {
  const table: [list: string, globs: string[]][] = [
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['**/node_modules/{a,b}/**', ['**/node_modules/{a,b}/**']],
    ['{a,{b,c},@(d,e)}.js,f[,x].js, g', ['{a,{b,c},@(d,e)}.js', 'f[,x].js', ' g']],
    ['a{b,c', ['a{b', 'c']],
    ['a}b,c', ['a}b', 'c']],
    ['src/(x,y', ['src/(x', 'y']],
    ['a,,b,', ['a', '', 'b', '']],
  ];
  for (const [list, globs] of table) assert.equal(globsIn(list), globs, list);
});

test.run();
