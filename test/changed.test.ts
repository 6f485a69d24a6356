// The analysis of a changed text, for which only the changed statements are read, is that of the whole text.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Analysis, analyseAhead, analysed, analyseWhole } from '../api/plan/analysis.ts';
import { changed } from '../api/plan/changed.ts';
import { exportedLocals } from '../api/plan/exported.ts';
import type { ClassScope } from '../loader/functions.ts';
import { eachChild, type Node } from '../loader/parse.ts';
import type { Scope } from '../loader/scopes.ts';
import { ROOT } from './program.ts';
import { randomFrom } from './random.ts';

/** So many variables and functions in one scope that it has an accessor of its own, whose name tells its place. */
const CROWDED = `export const lib = (() => { ${Array.from({ length: 20 }, (_, i) => `let v${i} = ${i}; function f${i}(a) { return a ? v${i} : f${(i + 1) % 20}; }`).join('\n')} return f1; })();`;

const TEXTS = [
  `#!/usr/bin/env node
'use strict';
import { a as b, c } from './other.js';
// a comment before
export function price(item, { rate = 1.2, ...rest } = {}) {
  return item.cost * rate + Object.keys(rest).length;
}
export const total = (items) => items.map((one) => price(one)).reduce((x, y) => x + y, 0);
let calls = 0, seen = new Map();

/** A cart. */
export class Cart extends Base {
  #items = [];
  static of(...items) { const cart = new Cart(); items.forEach((item) => cart.add(item)); return cart; }
  static { this.made = () => calls; }
  constructor() { super(); calls++; }
  add(item) { this.#items.push(item); super.add?.(item); return () => this.#items.length; }
  get size() { return this.#items.length }
  set size(n) { this.#items.length = n }
  *[Symbol.iterator]() { yield* this.#items }
  onClick = () => this.add(new.target);
}
app.use((req, res, next) => next());
app.use((req, res, next) => { seen.set(req, res); next(); });
app.get('/x', async (req, res) => { res.send(await c(req.body)) });
export default function () { return [...seen].filter(([k, v]) => k && v); }
if (calls) { var hoisted = () => hoisted; let inner = function self(n) { return n ? self(n - 1) : inner }; }
for (const key of [1, 2]) { const f = () => key; seen.set(key, f); }
`,
  // Without semicolons, and with line ends of another system.
  `const a = (x) => x\r\nconst b = function () { return a(1) }\r\nlet d = 'no semicolon'\r\nexport const o = {\r\n  m() { return this.n },\r\n  get n() { return 2 },\r\n  f: (v) => v ?? a,\r\n}\r\napp.use(() => {})\r\napp.use(() => {})\r\nb()\r\n;[1, 2].forEach((n) => n)\r\nexport default (z) => z\r\n`,
  // Beyond ASCII and beyond the Basic Multilingual Plane, and separators of lines that are none of Windows or Unix.
  `const 名前 = '𝒳𝒴', 𝒻 = (é) => é + '😀'\u2028export function größe(ß) { /* 😀 */ return \`\${ß}😀\${(() => 名前)()}\` }\u2029export const r = /😀\\u{1F600}/u, n = 10n, g = () => r.test(𝒻(1))\nclass К { метод() { return 名前 } }\n`,
  // One line, and functions inside functions.
  `function one(){return 1}function two(a){const b=()=>a;function three(){return b}return{three,b,four(){return three}}}async function*five(){yield await two()}var six=one,seven=(function eight(){return eight})();export{one,two as default};`,
  `export const first = () => 1;\n${CROWDED}\nexport function last(x) { return lib(x); }\nfunction before() { return last(() => last); }`,
];

/** What is put in place of a function, or anywhere. */
const PIECES = [
  '(a) => a',
  '(a) => {\n  const b = () => a;\n  return b;\n}',
  'function () { return 1 }',
  'function named(x, y = 2) {\r\n return x + y }',
  'async (q) => { await q; app.use(() => {}) }',
  '{ return price(() => 😀) }',
  '() => { var hoisted = 1; let q = calls; calls = q; }',
  'app.use(() => {})',
  ' /* a comment */ ',
  '// to the end',
  '\n',
  ';',
  '',
  'x',
  '(',
  '})',
  '`${',
  'let extra = 1;',
  '\nfunction added(q) { return () => q + calls; }\n',
  '\nexport function price() { return b() }\n',
  "import { calls, seen } from './more.js';\n",
  '\nconst price = (b) => b;\n',
  'export { a as b };',
  'export default 1;',
  "'use strict'",
  'export ',
  'in ',
  '\u2028',
];

test('what changes a function, and what changes anything', () => {
  let shared = 0;
  let tried = 0;
  for (const [number, text] of TEXTS.entries()) {
    const random = randomFrom(number + 1);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    let current = analyseWhole(text, 'a case');
    for (let i = 0; i < 600; i++) {
      const { source, functions } = current;
      const hot = pick(functions);
      const aimed = i % 2 === 0 && hot !== undefined;
      const from = Math.floor(random() * source.length);
      const [start, end] = aimed
        ? [random() < 0.5 ? hot.start : (hot.node.body?.start ?? hot.start), hot.end]
        : [from, from + Math.floor(random() ** 4 * 20)];
      const next = source.slice(0, start) + pick(PIECES) + source.slice(end);
      const found = changed(next, current);
      let whole: Analysis;
      try {
        whole = analyseWhole(next, 'a changed case');
      } catch (error) {
        assert.is(found, undefined, `${error}\n${next}`);
        continue;
      }
      tried++;
      if (found !== undefined) {
        shared++;
        same(found, whole);
      }
      // On from here, unless little is left.
      current =
        i % 50 === 49 || next.length < text.length / 2 ? analyseWhole(text, 'a case') : (found ?? whole);
    }
  }
  assert.ok(tried > 600 && shared > tried / 3, `${shared} of ${tried} shared what they had in common`);
});

/** An edit of a function reads its statement alone. */
for (const [before, after, reads] of [
  ['const f = () => 1;\nconst g = () => f;\n', 'const f = () => [2, 3];\nconst g = () => f;\n', true],
  ['const f = () => 1\nconst g = () => f\n', 'const f = () => 2\nconst g = () => f\n', true],
  // The next line could go on with what is now before it.
  ['const f = () => {}\n;[1].map(f)', 'const f = () => {}\n[1].map(f)', true],
  ['const f = g\n;[1].map(f)', 'const f = h\n[1].map(f)', true],
  ['const f = g\n;[1].map(f)', 'const f = h\n;[1].map(f)', true],
  ['let f = 1;\n[1].map(f)', 'let f = 2\n[1].map(f)', false],
  ['const f = () => {}\n(1, f)()', 'const f = function () {}\n(1, f)()', false],
  ['a\nb.c = () => 1', 'a\n(b).c = () => 1', false],
  ['a = f\n;[1].map(f)', 'a = f\n// a comment\n;[1].map(f)', true],
  ['a = f\n;[1].map(f)', 'a = f\n;[1].map(f)\n(1)', true],
  ['if (a) {} b()', 'if (a) {} c(1)', true],
  ['if (a) {} b()', 'if (a) {} (1)', false],
  ['a()\nb()', 'a()\n+b()', false],
  ['a()\nb()', 'a();\n+b()', true],
  // Statements that come, go and change places, before, between and after others, and names that others see with them.
  ['const f = () => 1; const g = () => f;', 'const h = () => 1; const g = () => f;', true],
  ['const f = () => g;\nconst h = (g) => g;', 'const f = () => g;\nlet g = f;\nconst h = (g) => g;', true],
  ['const f = () => g;\nlet g = f;\nconst h = (g) => g;', 'const f = () => g;\nconst h = (g) => g;', true],
  ['const f = () => g;\nlet g = f;\n', 'const f = () => g;\nimport g from "g";\n', true],
  ['const f = () => 1;\n', "import { g } from 'g';\nconst f = () => 1;\n", true],
  ['const f = () => 1;\n', 'const f = () => 1;\n\nexport function g() { return f; }\n', true],
  [
    'const f = () => 1;\nexport { f };\n',
    'const f = () => 1;\nfunction g() { return f; }\nexport { f };\n',
    true,
  ],
  ['const f = () => 1;\nexport { f };\n', 'const f = () => 1;\nexport { f as g };\n', true],
  ['const f = () => 1;\nfunction g() {}\n', 'function g() {}\nconst f = () => 1;\n', true],
  ['const f = () => 1;', '', true],
  ['', 'const f = () => 1;', true],
  ['#!node\nf(() => 1)\n', '#!node\ng()\nf(() => 1)\n', true],
  ['#!node\nf(() => 1)\n', '#!nodes\nf(() => 1)\n', false],
  ['f(() => 1)\n', '#!node\nf(() => 1)\n', false],
  // Numbers that tell functions apart.
  ['use(() => 1); use(() => 2);', 'use(1); use(() => 2);', false],
  ['use(() => 1);\nuse(() => 2);', 'use(() => 1);\nuse(() => 2);\nuse(() => 3);', true],
  ['use(() => 1);\nuse(() => 2);', 'use(() => 0);\nuse(() => 1);\nuse(() => 2);', false],
  ['if (x) { var f = () => 1; }\n() => f;', 'if (x) { let f = () => 1; }\n() => f;', false],
  ['if (x) { var f = () => 1; }\ng(() => f);', 'if (x) { let f = () => 1; }\ng(() => f);', true],
  // What only the whole text can tell is wrong.
  ['export { a }; export { b as c }; let a, b;', 'export { a }; export { b as a }; let a, b;', false],
  ["export { a }; export * as c from 'x'; let a;", "export { a }; export * as a from 'x'; let a;", false],
  ['export let a; function b() {}', 'export let a; export function a() {}', false],
  ["export { a as 'b' }; let a, c;", "export { a as 'b' }; export let b; let a, c;", false],
  ['export default 1;\nlet a;', 'export default 1;\nlet a;\nexport default 2;', false],
  ['let a;\nf();', "let a;\n'use strict';\nf();", false],
  [`const f = () => 1;\n${CROWDED}`, `const f = () => 2;\n${CROWDED}`, true],
  [`const f = () => 1;\n${CROWDED}`, `const f = () => 12;\n${CROWDED}`, false],
  ["f();\n'use strict';\ng();", "'use strict';\ng();", false],
  ["'use strict';\ng();", "f();\n'use strict';\ng();", false],
  ["'use strict';\ng();", "'use strict';\nf();\ng();", true],
  // A comment that goes on over the next statement.
  ['f(); g(() => 1);', '// f(); g(() => 1);', false],
  ['a();\nf(); g(() => 1);', 'a();\n// f(); g(() => 1);', false],
  ['f(); /* more */ g(() => 1);', '/* f(); /* more */ g(() => 1);', false],
  ['f(() => 1);g();', 'f(() => 2);//;g();', false],
] as [string, string, boolean][]) {
  test(`${JSON.stringify(after).slice(0, 80)} after ${JSON.stringify(before).slice(0, 80)}`, () => {
    const found = changed(after, analyseWhole(before, 'a case'));
    assert.is(found !== undefined, reads);
    if (found !== undefined) same(found, analyseWhole(after, 'a case'));
  });
}

/** Long texts, of which pieces are read at imports and exports: real ones, and with what may stand at such a place. */
const LONG: Record<string, string> = {
  ...Object.fromEntries(
    ['graphql/type/definition.mjs', 'acorn/dist/acorn.mjs', 'zod/v4/core/schemas.js'].map((name) => [
      name,
      readFileSync(join(ROOT, 'node_modules', name), 'utf8'),
    ]),
  ),
  'texts, templates and comments that look like exports': `#!/usr/bin/env node\n'use strict';\n${Array.from(
    { length: 900 },
    (_, i) =>
      `'text ${i}';\nexport function f${i}(a) { return [a, ${i}].map((one) => \`\nexport const no = \${one};\n\`); } /*\nexport default 2;\n*/\nlet v${i} = () => f${i}\n;[1].map(v${i})\n`,
  ).join('')}`,
};

for (const [name, text] of Object.entries(LONG))
  test(`a long text that is read in pieces: ${name}`, async () => {
    const url = `file:///${encodeURIComponent(name)}`;
    await analyseAhead(text, url);
    const found = analysed(text, url);
    assert.ok(found !== undefined && text.length > 2 ** 16);
    same(found, analyseWhole(text, url));
    assert.equal(
      exportedLocals(text, url).map((one) => one.name),
      exportedLocals(text, `${url}?other`).map((one) => one.name),
    );
  });

test.run();

function same(found: Analysis, whole: Analysis): void {
  const [one, other] = [described(found), described(whole)];
  for (const key of Object.keys(other) as (keyof typeof other)[])
    assert.equal(one[key], other[key], `${key} of ${JSON.stringify(whole.source)}`);
}

/** All of an analysis as plain data, in which a node is its place in the tree. */
function described(analysis: Analysis) {
  const places = new Map<Node, string>();
  const number = (node: Node, place: string): void => {
    places.set(node, `${place} ${node.type} ${node.start}-${node.end}`);
    let count = 0;
    eachChild(node, (child, key) => number(child, `${place}.${key}${count++}`));
  };
  number(analysis.program, '');
  const place = (node: Node | null | undefined): string | undefined => {
    if (!node) return undefined;
    return places.get(node) ?? `${node.type} that is not in the tree`;
  };
  const ofClass = (one: ClassScope | undefined) => one && [one.index, one.path, place(one.node)];
  const scopes = new Map<Scope, object>();
  const ofScope = (one: Scope | undefined): object | undefined => {
    if (one === undefined) return undefined;
    let known = scopes.get(one);
    if (known === undefined) {
      const { variables, context, privates, isBody, inner, handedOver } = one;
      // What is captured of the module's own variables, and assigned to, is not kept up: nothing asks.
      const own = [...variables.values()].map(({ name, constant, captured, assigned }) =>
        one.parent === undefined ? [name, constant] : [name, constant, captured, assigned],
      );
      known = {
        parent: ofScope(one.parent),
        owner: place(one.owner),
        block: place(one.block),
        own,
        context: context && [...context].map(([name, { captured }]) => [name, captured]),
        privates: privates && [...privates],
        isBody,
        inner: one.parent === undefined ? 0 : inner,
        handedOver,
      };
      scopes.set(one, known);
    }
    return known;
  };
  const functions = analysis.functions.map((hot) => ({
    index: hot.index,
    path: hot.path,
    kind: hot.kind,
    async: hot.async,
    generator: hot.generator,
    arity: hot.arity,
    line: hot.line,
    start: hot.start,
    end: hot.end,
    node: place(hot.node),
    owner: place(hot.owner),
    classScope: ofClass(hot.classScope),
    memberOf: ofClass(hot.memberOf),
    isStatic: hot.isStatic,
    derived: hot.derived,
    reach: hot.reach && [
      typeof hot.reach.root === 'string' ? hot.reach.root : ofClass(hot.reach.root),
      hot.reach.keys,
    ],
    local: hot.local,
    parent: hot.parent && analysis.functions.indexOf(hot.parent),
    surroundings: hot.surroundings,
    scope: ofScope(hot.scope),
  }));
  const parts = analysis.parts.map((part) => ({
    start: part.start,
    end: part.end,
    statement: place(part.statement),
    functions: part.functions.map((hot) => analysis.functions.indexOf(hot)),
    classes: part.classes.map((one) => analysis.classes.indexOf(one)),
    names: part.names,
    accessors: part.accessors.map(({ name, block, names }) => [name, place(block), names]),
    references: part.references.map((one) => ({
      ...one,
      node: place(one.node),
      parent: place(one.parent),
      scope: ofScope(one.scope),
    })),
  }));
  return {
    source: analysis.source,
    program: analysis.program,
    functions,
    classes: analysis.classes.map(ofClass),
    parts,
    accessors: analysis.accessors.map(({ name, block, names }) => [name, place(block), names]),
    top: ofScope(analysis.top),
  };
}
