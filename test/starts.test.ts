// Texts and processes in which a program starts as in plain Node: first statements of every kind, imports on one line, and hostile settings.
import { test } from 'uvu';
import { type Case, cases } from './cases.ts';

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

test.run();
