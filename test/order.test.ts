// What a save evaluates runs in the order of its text, as in a program that starts: what is new, what is another, and members of classes among it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

/** What it is about: the text, the text that is saved, what is looked at then, and what that must be. */
type Case = [what: string, before: string, after: string, probe: string, expected: unknown];

const SCRIPT: Case[] = [
  [
    'a changed constant, then a new statement',
    'const N = 1; const out = [];',
    'const N = 2; const out = []; out.push(N);',
    'out',
    [2],
  ],
  [
    'a changed variable, then a new statement',
    'let N = 1; const out = [];',
    'let N = 2; const out = []; out.push(N);',
    'out',
    [2],
  ],
  [
    'a changed export, then a new statement',
    'export const N = 1; const out = [];',
    'export const N = 2; const out = []; out.push(N);',
    'out',
    [2],
  ],
  [
    'a changed default export, then a new constant',
    'const out = []; export default out;',
    'const out = []; const a = 1; export default [a]; const b = a + 1; out.push(b);',
    '[out, typeof a]',
    [[2], 'number'],
  ],
  [
    'a new constant, then a changed one that uses it',
    'const N = 1;',
    'const M = 5; const N = M + 1;',
    'N',
    6,
  ],
  [
    'a changed constant, then what a function makes of it',
    'const N = 1; function f() { return N; }',
    'const N = 2; function f() { return N; } const q = f();',
    'q',
    2,
  ],
  [
    'a changed constant, then a changed loop over it',
    'const R = 1; const out = []; for (const r of [R]) out.push(r);',
    'const out = []; const R = [2, 3]; for (const r of R) out.push(r);',
    'out',
    [1, 2, 3],
  ],
  [
    'a changed constant, then one that awaits what a function makes of it',
    'const N = 1; function f() { return N; } const out = [];',
    'const N = 2; function f() { return N; } const out = []; out.push(await f()); out.push(await N);',
    'out',
    [2, 2],
  ],
  [
    'a changed function that calls another one, then what awaits it',
    'const g = async () => 1; async function f() { await null; return g(); }',
    'const g = async () => 2; async function f() { await null; return [await g()]; } const q = await f();',
    'q',
    [2],
  ],
  [
    'a new function, before the statement that stands above it',
    'const out = [];',
    'const out = []; out.push(f()); function f() { return 4; }',
    'out',
    [4],
  ],
  [
    'an import, before the statement that stands above it',
    'const out = [];',
    "const out = []; out.push(sep); import { sep } from 'node:path/posix';",
    'out',
    ['/'],
  ],
  [
    'a new `var` without a value keeps what was given to it above',
    'let s = 0;',
    'let s = 1; set(); function set() { x = 5; } var x;',
    'x',
    5,
  ],
  [
    'a class with a field more, then its use',
    'class A {} let s = 0;',
    'class A { x = 1; } let s = 0; s = new A().x;',
    's',
    1,
  ],
  [
    'a class with a getter more, then its use',
    'class A {} let s = 0;',
    'class A { get x() { return 1; } } let s = 0; s = new A().x;',
    's',
    1,
  ],
  [
    'a class with a method more, then its descriptor',
    'class A {} let s = 0;',
    "class A { m() {} } let s = 0; s = Object.getOwnPropertyDescriptor(A.prototype, 'm').value.name;",
    's',
    'm',
  ],
  [
    'a class with a static field more, then its use',
    'class A {} let s = 0;',
    'class A { static x = 1; } let s = 0; s = A.x;',
    's',
    1,
  ],
  [
    'a class with another static field, then its use',
    'class A { static x = 0; } let s = 0;',
    'class A { static x = 1; } let s = 0; s = A.x;',
    's',
    1,
  ],
  [
    'static fields of a class among themselves, after a constant and before another',
    'class A { static a = 1; static b = A.a; } let s = 0;',
    'const N = 4; class A { static z = N; static a = A.z; static b = A.a + A.z; } let s = [A.a, A.b, A.z];',
    's',
    [4, 8, 4],
  ],
  [
    'a static method that is a property by now',
    'class S { static ser() { return 5; } }',
    'class S {} S.ser = () => 6;',
    'S.ser()',
    6,
  ],
  [
    'a static field that is a property by now',
    'class S { static ser = () => 5; }',
    'class S {} S.ser = () => 6;',
    'S.ser()',
    6,
  ],
  [
    'a method that is a property by now',
    'class S { m() { return 5; } }',
    'class S {} S.prototype.m = () => 6;',
    'new S().m()',
    6,
  ],
];

const TYPED: Case[] = [
  [
    'a namespace of a class, after the constant between them',
    'const out: number[] = []; class A {} namespace A { export const n = 1; } out.push(A.n);',
    'const out: number[] = []; class A {} const N = 2; namespace A { export const n = N; } out.push(A.n, 0);',
    'out',
    [1, 2, 0],
  ],
  [
    'a namespace of a function, after the constant between them',
    'let s = 0; function f() { return 1; } namespace f { export const n = 1; }',
    'let s = 0; function f() { return 2; } const N = f() + 1; namespace f { export const n = N; } s = f.n;',
    's',
    3,
  ],
  [
    'an enum, then a constant',
    'enum E { A = 1 } const out: number[] = [];',
    'enum E { A = 2 } const q = E.A; const out: number[] = []; out.push(q);',
    'out',
    [2],
  ],
];

const SAVES = `import { writeFileSync } from 'node:fs';
import { reload } from 'hotswap';
const seen = [];
for (const [n, [, before, after, probe]] of JSON.parse(process.env.CASES).entries()) {
  const file = new URL('./m' + n + process.env.EXTENSION, import.meta.url);
  const save = (text) => writeFileSync(file, text + '\\nexport const probe = () => (' + probe + ');');
  save(before);
  const m = await import(file);
  save(after);
  try {
    await reload(m);
    seen.push(m.probe());
  } catch (error) {
    seen.push(error.message);
  }
}
console.log(JSON.stringify(seen));`;

for (const [extension, cases] of [
  ['.js', SCRIPT],
  ['.ts', TYPED],
] as const)
  test(`a save is evaluated in source order, ${extension}`, async () => {
    const made = program({ 'app.js': SAVES });
    const env = { CASES: JSON.stringify(cases), EXTENSION: extension, HOTSWAP_CACHE_DIR: '' };
    const seen = await made.json<unknown[]>({ env });
    const wrong = cases.flatMap(([what, , , , expected], i) =>
      JSON.stringify(seen[i]) === JSON.stringify(expected) ? [] : [[what, seen[i]]],
    );
    assert.equal(wrong, []);
    made.remove();
  });

const WAYS = `import { writeFileSync } from 'node:fs';
import { reload, restore } from 'hotswap';
const seen = [];
for (const [n, [, texts, probe, ways]] of JSON.parse(process.env.CASES).entries()) {
  const file = new URL('./m' + n + '.js', import.meta.url);
  const save = (text) => writeFileSync(file, text + '\\nexport const probe = () => (' + probe + ');');
  save(texts[0]);
  const m = await import(file);
  for (const text of texts.slice(1)) {
    save(text);
    await reload(m);
  }
  const all = [];
  for (const number of ways) {
    await restore(m, number);
    all.push(m.probe());
  }
  seen.push(all);
}
console.log(JSON.stringify(seen));`;

/** Texts that are saved in turn, what is looked at in each version gone to after that, and what that must be. */
const GONE: [what: string, texts: string[], probe: string, ways: number[], expected: unknown[]][] = [
  [
    'a class whose static field was changed, that was gone, and comes back as it was first',
    ['class C { static s = 1; }', 'class C { static s = 2; }', 'const C = { s: 0 };'],
    'C.s',
    [0, 1, 0],
    [1, 2, 1],
  ],
  [
    'a class that was made anew, was gone, and comes back as it was first',
    ['class C { f = 1; m() {} }', 'class C { f = 2; m() {} }', ''],
    "typeof C === 'function' && [new C().f, Object.getOwnPropertyNames(C.prototype).join()]",
    [0, 1, 0],
    [
      [1, 'constructor,m'],
      [2, 'constructor,m'],
      [1, 'constructor,m'],
    ],
  ],
  [
    'a constant class that was made anew twice, with nothing of its name between',
    ['const C = class { f = 1; };', 'const C = class { f = 2; };', '', 'const C = class { f = 3; };'],
    'new C().f',
    [0, 1, 3, 0],
    [1, 2, 3, 1],
  ],
  [
    'a static field, and what a statement has put in its place',
    ['class S { static ser = () => 5; }', 'class S {} S.ser = () => 6;'],
    'S.ser()',
    [0, 1, 0, 1],
    [5, 6, 5, 6],
  ],
  [
    'a method, and what a statement has put in its place',
    ['class S { m() { return 5; } }', 'class S {} S.prototype.m = () => 6;'],
    'new S().m()',
    [0, 1, 0, 1],
    [5, 6, 5, 6],
  ],
  [
    'a static field, and a static method of its name',
    ['class S { static x = () => 5; }', 'class S { static x() { return 6; } }'],
    'S.x()',
    [0, 1, 0, 1],
    [5, 6, 5, 6],
  ],
];

test('a class that was changed in place, made anew or gone is what its text says whenever it comes back', async () => {
  const made = program({ 'app.js': WAYS });
  const seen = await made.json<unknown[]>({ env: { CASES: JSON.stringify(GONE), HOTSWAP_CACHE_DIR: '' } });
  const wrong = GONE.flatMap(([what, , , , expected], i) =>
    JSON.stringify(seen[i]) === JSON.stringify(expected) ? [] : [[what, seen[i]]],
  );
  assert.equal(wrong, []);
  made.remove();
});

test.run();
