// Texts and processes in which a program starts as in plain Node: first statements of every kind, imports on one line, and hostile settings.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

/** Modules that export `f`, and what they begin with or how they are written. */
const WRITTEN: Record<string, string> = {
  'a byte order mark, then an arrow': "\uFEFFexport const f = () => 'A'; export const g = () => 1;\n",
  'a byte order mark, then a function': "\uFEFFexport function f() { return 'A'; }\n",
  'a byte order mark, then an import':
    "\uFEFFimport { sep } from 'node:path'; export const f = () => 'A' + sep.slice(1);\n",
  'a byte order mark, then a directive': "\uFEFF'use strict'; export const f = () => 'A';\n",
  'a byte order mark, a line for the shell': "\uFEFF#!/usr/bin/env node\nexport const f = () => 'A';\n",
  'a line for the shell': "#!/usr/bin/env node\nexport const f = () => 'A';\n",
  'a line for the shell, then CR LF':
    "#!/usr/bin/env node\r\nexport const f = () => 'A';\r\nexport const g = () => 1;\r\n",
  'a line for the shell, then U+2028': "#!/usr/bin/env node\u2028export const f = () => 'A';\n",
  'CR LF': "export const g = () => 1;\r\nexport const f = () => 'A';\r\n",
  'U+2028': "\u2028export const f = () => 'A';\n",
  'white space beyond ASCII': "\u3000export\u2003const\u2028f = () => 'A';\n",
  'escapes in the name': "export function \\u0066() { return 'A'; }\nexport const g = () => 1;\n",
  'escapes in a list': "const \\u{66} = () => 'A'; export { \\u0066 };\n",
  'a name between white space beyond ASCII': "const h = () => 'A'; export { h\u3000as\u2003f };\n",
};

/** Asks for the exports, edits, goes back, saves, adds an export, and imports anew. */
const SCRIPT = `const FILE = M.replace('m.js', 'FILE'); const url = new URL(FILE, 'file://' + process.cwd() + '/');
  const { readFileSync, writeFileSync } = await import('node:fs'); const m = await import(url);
  const out = [exports(FILE).map((one) => one.name).sort().join(), m.f()];
  await rewrite(FILE + '#' + m.f.name, () => 'B'); out.push(m.f()); await rollback(FILE); out.push(m.f());
  writeFileSync(url, readFileSync(url, 'utf8').replace("'A'", "'C'")); out.push((await reload(FILE)).number, m.f());
  await addExport(FILE + '#extra', 7); out.push(Object.keys(await import(url)).sort().join());
  return out;`;

const table: Record<string, Case> = {};
for (const [name, text] of Object.entries(WRITTEN))
  for (const file of ['w.js', 'w.ts']) {
    if (file === 'w.ts' && text.startsWith('\uFEFF#!')) continue; // which is no TypeScript
    const names = text.includes('export const g') ? 'f,g' : 'f';
    table[`${name}, in ${file.slice(2)}`] = [
      { [file]: text, 'm.js': '' },
      SCRIPT.replace("'FILE'", `'${file}'`),
      [names, 'A', 'B', 'A', 2, 'C', `extra,${names}`],
    ];
  }
const STORE = 'export class Store { static kind = 1 } export interface Shape {} export default 2;';
const DECORATE =
  '(globalThis as any).Reflect.told ??= []; const D = (...all: any[]) => (on: any) => { on.told = all.map((one) => one?.kind ?? one); };';

/** Text of a module in TypeScript that stands for `w.ts`, and what its `value()` gives. */
const typed = (text: string, value: unknown, script = ''): Case => [
  {
    'w.ts': text,
    's.ts': STORE,
    'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
    'm.js': '',
  },
  `const FILE = M.replace('m.js', 'w.ts'); const url = new URL(FILE, 'file://' + process.cwd() + '/'); const m = await import(url);
  const { readFileSync, writeFileSync } = await import('node:fs');
  const save = async (from, to) => { writeFileSync(url, readFileSync(url, 'utf8').replace(from, to)); return (await reload(FILE)).summary; };
  ${script} return await m.value();`,
  value,
];

Object.assign(table, {
  'two imports on a line, of which the second is used by no code': typed(
    `import { Store, type Shape } from './s.js'; import * as all from './s.js'; ${DECORATE} @D(Store) class App { shape?: Shape; all?: typeof all } export const value = () => (App as any).told;`,
    [1],
  ),
  'three imports on a line, and a comma in a comment before a namespace': typed(
    `import { Store, Shape } from './s.js'; import two, /* a, b */ * as all from './s.js'; import three, { Store as Other } from './s.js'; ${DECORATE} @D(Store, two, three) class App { shape?: Shape; all?: typeof all; o?: Other } export const value = () => (App as any).told;`,
    [1, 2, 2],
  ),
  'an import = require, as TypeScript has it in an ES module': typed(
    `import fs = require('node:fs'); import path = require('node:path'); import os = require('node:os'); import nothing = require('nowhere');
export import url = require('node:url'); import type types = require('nowhere'); let o: nothing.X | types.Y | os.X;
enum E { A = 1 } export const value = () => [fs.existsSync('/'), path.posix.join('a', 'b'), typeof url.URL, E.A, typeof require];`,
    [true, 'a/b', 'function', 1, 'undefined'],
  ),
  'an import = require that is saved as another': typed(
    "import p = require('node:path');\nexport const value = () => p.posix.join('a', 'b');\n",
    'Linux a',
    `await save("p = require('node:path')", "os = require('node:os')"); await save("p.posix.join('a', 'b')", "os.type().replace(/^(?!Linux).*/, 'Linux') + ' a'");`,
  ),
  'an alias of a namespace': typed(
    'namespace N { export namespace M { export const x = 1 } } import M = N.M; export const value = () => M.x;',
    1,
  ),
});

cases(table, { env: { HOTSWAP_CACHE_DIR: '' } });

for (const how of ['preventExtensions', 'freeze'])
  test(`a module that is imported after Object.${how}(globalThis) runs as it is, and why it is not hot is said`, async () => {
    const made = program({
      'm.js': `export const f = (x) => x + 1;
export class A { #p = 1; m({ a } = { a: 2 }) { return a + this.#p; } }
export function* g() { yield 1; }`,
      'app.js': `import { rewrite } from 'hotswap';
Object.${how}(globalThis);
const m = await import('./m.js');
const refused = await rewrite(m.f, () => 5).catch((error) => error.code + ' ' + /closed its global object/.test(error.message));
console.log(JSON.stringify([m.f(1), new m.A().m(), ...m.g(), refused]));`,
    });
    try {
      const { stdout, stderr, code } = await made.run({ env: { HOTSWAP_CACHE_DIR: '' } });
      assert.is(code, 0, stderr);
      assert.equal(JSON.parse(stdout), [2, 3, 1, 'ERR_HOTSWAP_STRUCTURAL true']);
      assert.match(
        stderr,
        /^hotswap: .*m\.js is not hot and runs as it is: the program has closed its global object .*\n$/,
      );
    } finally {
      made.remove();
    }
  });

test('long sums are hot, at the first start and at later ones', async () => {
  const sum = (operator: string, n: number): string => `${`1${operator}`.repeat(n)}1`;
  const made = program({
    'm.js': `export const x = ${sum('+', 5000)};\nexport const y = ${sum('&&', 5000)};\nexport const s = ${"'a' + x + ".repeat(1500)}'b';
class P { #a = 1; static has(o) { return ${sum('*', 200)} * (#a in o) } }\nexport function f() { return P.has(new P()); }\n`,
    'app.js': `import { functions, rewrite } from 'hotswap'; import * as m from './m.js';
const out = [functions('./m.js').length, m.x, m.y, m.s.length, m.f()]; await rewrite(m.f, '() => P.has({}) + x');
console.log(JSON.stringify([...out, m.f()]));`,
  });
  try {
    for (const start of ['first', 'later']) {
      const { stdout, stderr, code } = await made.run({ env: { HOTSWAP_PERSIST: '0' } });
      assert.is(code, 0, stderr);
      assert.equal([start, JSON.parse(stdout), stderr], [start, [2, 5001, 1, 7501, 1, 5001], '']);
    }
  } finally {
    made.remove();
  }
});

test('a module loads among built-ins that the program has made accessors which throw', async () => {
  const holders = [
    'Map.prototype.set',
    'Set.prototype.add',
    'Promise.resolve',
    'Array.prototype.push',
    'RegExp.prototype.exec',
    'String.prototype.slice',
    'Object.keys',
    'JSON.parse',
    'Date.now',
  ];
  const files: Record<string, string> = {
    'app.js': `const out = [];
for (const [i, name] of ${JSON.stringify(holders)}.entries()) {
  const path = name.split('.'), key = path.pop(), holder = path.reduce((on, one) => on[one], globalThis);
  const before = Object.getOwnPropertyDescriptor(holder, key);
  Object.defineProperty(holder, key, { get() { throw new Error(name) }, configurable: true });
  const loading = import('./m' + i + '.js');
  const restore = (value) => { Object.defineProperty(holder, key, before); return value; };
  out[i] = await new Promise((resolve) => Promise.prototype.then.call(loading, (m) => resolve(restore(m.f())), (error) => resolve(restore(error.message))));
}
const { functions } = await import('hotswap');
console.log(JSON.stringify([out, out.map((_, i) => functions('./m' + i + '.js').length)]));`,
  };
  holders.forEach((_, i) => {
    files[`m${i}.js`] = `export const f = () => ${i};`;
  });
  const made = program(files);
  try {
    const expected = [holders.map((_, i) => i), holders.map(() => 1)];
    for (const env of [{ HOTSWAP_CACHE_DIR: '' }, {}, {}]) assert.equal(await made.json({ env }), expected);
  } finally {
    made.remove();
  }
});

test('where Node requires no ES modules the program runs as it is, and why is said once', async () => {
  const made = program({
    'm.js': 'export const f = () => 1;',
    'app.js': `import { f } from './m.js'; import { rewrite } from 'hotswap';
console.log(JSON.stringify([f(), await rewrite('./m.js#f', () => 2).catch(({ code }) => code)]));`,
  });
  try {
    const flags = ['--no-experimental-require-module', '--import', 'hotswap/register'];
    const { stdout, stderr, code } = await made.run({ hot: false, flags });
    assert.is(code, 0, stderr);
    assert.equal(JSON.parse(stdout), [1, 'ERR_HOTSWAP_NOT_HOT']);
    assert.match(stderr, /^hotswap: no module is hot.* --no-experimental-require-module .*\n$/);
  } finally {
    made.remove();
  }
});

test("require.cache lists none of our files after a program's first start", async () => {
  const settings = '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }';
  const made = program({
    'tsconfig.json': settings,
    'app.ts': `import { createRequire } from 'node:module';
enum E { A } const D = (on: any): any => {}; @D class A { constructor(e: E) {} }
console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));`,
  });
  try {
    const env = { HOTSWAP_CACHE_DIR: '', HOTSWAP_INCLUDE: '**/some/**' };
    assert.equal(await made.json({ entry: 'app.ts', env }), []);
  } finally {
    made.remove();
  }
});

test.run();
