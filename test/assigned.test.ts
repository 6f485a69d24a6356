// A save that fails takes back what its statements have assigned; closures that are made after a save have the `length` of its text.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

/** What it is about, the text, what the text that fails says before it throws, what is looked at, and what that must be, before and after. */
type Case = [what: string, before: string, after: string, probe: string, expected: unknown];

const FAILED: Case[] = [
  ['a variable', 'let a; a = 1;', 'let a; a = 2;', 'a', 1],
  ['an exported variable', 'export let a; a = 1;', 'export let a; a = 2;', 'a', 1],
  [
    'several, one after the other',
    'let a, b; a = 1, b = a;',
    'let a, b; a = 2, b = a + a;',
    '[a, b]',
    [1, 1],
  ],
  ['in parentheses', 'var a; (a = 1);', 'var a; (a = 2);', 'a', 1],
  [
    'a function',
    'let f; f = () => 1;',
    'let f; f = (x) => 2, f.x = 1;',
    '[f(), f.length, f.x]',
    [1, 0, null],
  ],
  [
    'by a pattern',
    'let a, b; [a, { b }] = [1, { b: 1 }];',
    'let a, b; [a = 2, { b = 2 }] = [, {}];',
    '[a, b]',
    [1, 1],
  ],
  ['by a rest', 'let a; [...a] = [1];', 'let a; [...a] = [2];', 'a', [1]],
  ['counted', 'let a = 1;', 'let a = 1; a++; a += 2; a **= 2;', 'a', 1],
  ['in a loop', 'let a; for (a of [1]);', 'let a; for (a of [2, 3]);', 'a', 1],
  ['in a block', 'let a; if (true) { a = 1; }', 'let a; if (true) { a = 2; }', 'a', 1],
  [
    'in a function that is called there',
    'let a; (() => { a = 1; })();',
    'let a; (() => { a = 2; })();',
    'a',
    1,
  ],
  ['in a value', 'let a = 1; const b = 1;', 'let a = 1; const b = (a = 2);', '[a, b]', [1, 1]],
  ['a property', 'const o = {}; o.x = 1;', 'const o = {}; o.x = 2;', 'o', { x: 1 }],
  ['a property that was not there', 'const o = {};', "const o = {}; o.x = 2; o['y'] = 3;", 'o', {}],
  [
    'a property of a property',
    'const o = { p: {} }; o.p.x = 1;',
    'const o = { p: {} }; o.p.x = 2;',
    'o',
    { p: { x: 1 } },
  ],
  [
    'a method put on a prototype',
    'function A() {} A.prototype.m = A;',
    'function A() {} A.prototype.m = A, A.prototype.n = A;',
    'Object.keys(A.prototype)',
    ['m'],
  ],
  [
    'a setter',
    'let a = 1; const o = { set x(v) { a = v; } };',
    'let a = 1; const o = { set x(v) { a = v; } }; o.x = 1;',
    '[a, Object.keys(o)]',
    [1, ['x']],
  ],
  ['a variable that is a parameter there', 'let a = 1;', 'let a = 1; ((a) => { a = 2; })();', 'a', 1],
];

const FAILS = `import { writeFileSync } from 'node:fs';
import { reload } from 'hotswap';
const seen = [];
for (const [n, [, before, after, probe]] of JSON.parse(process.env.CASES).entries()) {
  const file = new URL('./m' + n + '.js', import.meta.url);
  const save = (text, last = '') => writeFileSync(file, text + '\\nexport const probe = () => (' + probe + ');' + last);
  save(before);
  const m = await import(file);
  const all = [m.probe()];
  for (let i = 0; i < 2; i++) {
    save(after, "\\nthrow new Error('planned');");
    all.push(await reload(m).then(() => 'went in', (error) => /planned/.test(error.message) ? m.probe() : error.message));
  }
  save(before);
  await reload(m);
  seen.push([...all, m.probe()]);
}
console.log(JSON.stringify(seen));`;

test('what statements of a save that fails have assigned is what it was', async () => {
  const made = program({ 'app.js': FAILS });
  const seen = await made.json<unknown[][]>({
    env: { CASES: JSON.stringify(FAILED), HOTSWAP_CACHE_DIR: '' },
  });
  const wrong = FAILED.flatMap(([what, , , , expected], i) =>
    JSON.stringify(seen[i]) === JSON.stringify(Array(4).fill(expected)) ? [] : [[what, ...(seen[i] ?? [])]],
  );
  assert.equal(wrong, []);
  made.remove();
});

const MAKERS = `export const handler = (code) => (req, res) => [code, req];
export class Server { route() { return { run(a) { return [1, a]; } }; } }
export function outer() { return () => (a) => a; }
export const unrelated = () => 1;`;

const WIDER = MAKERS.replace('(req, res)', '(err, req, res, next)')
  .replace('run(a)', 'run(a, b)')
  .replace('(a) => a', '(a, b, c) => [a, c]');

const LENGTHS = `import { writeFileSync } from 'node:fs';
import { reload, restore } from 'hotswap';
const file = new URL('./makers.js', import.meta.url);
const m = await import(file);
const old = m.handler(5);
const seen = [];
const look = () => seen.push([m.handler(1).length, new m.Server().route().run.length, m.outer()().length, old.length, old(7, 8)]);
look();
for (const text of JSON.parse(process.env.TEXTS)) {
  writeFileSync(file, text);
  await reload(m);
  look();
}
await restore(m, 0);
look();
console.log(JSON.stringify(seen));`;

test('closures that are made after a save have the length of its text, and as before on the way back', async () => {
  const made = program({ 'app.js': LENGTHS, 'makers.js': MAKERS });
  const other = WIDER.replace('=> 1;', '=> 2;');
  const texts = [WIDER, other, other.replace('[code, req]', '[code, err]'), MAKERS, WIDER];
  const seen = await made.json<unknown[]>({ env: { TEXTS: JSON.stringify(texts), HOTSWAP_CACHE_DIR: '' } });
  assert.equal(seen, [
    [2, 1, 1, 2, [5, 7]],
    [4, 2, 3, 2, [5, 8]],
    [4, 2, 3, 2, [5, 8]],
    [4, 2, 3, 2, [5, 7]],
    [2, 1, 1, 2, [5, 7]],
    [4, 2, 3, 2, [5, 8]],
    [2, 1, 1, 2, [5, 7]],
  ]);
  made.remove();
});

test.run();
