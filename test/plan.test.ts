// plan as a table: two texts, and what must be replaced or stands in the way.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analyse } from '../api/plan/analysis.ts';
import { plan } from '../api/plan/plan.ts';
import type { Unit } from '../api/plan/units.ts';
import type { HotFunction } from '../loader/functions.ts';

/** `other` is what else has come at the top level, with `-` what is gone, with `~` what is evaluated anew. */
const CASES: Record<string, [from: string, to: string, replaced: string[], other?: string]> = {
  nothing: ['const a = 1; function f() {}', 'const a = 1; function f() {}', []],
  'layout, comments, semicolons and quotes': [
    'const a = "x"; function f(a, b) { return a + b; }',
    "// new\nconst a = 'x'\n\nfunction f(a,\n  b) {\n  /* why */ return a + b\n}\n",
    [],
  ],
  'how a number is spelled': ['const a = 0x10;', 'const a = 16;', []],
  'the raw text of a template': ['const a = String.raw`\\u0041`;', 'const a = String.raw`A`;', [], '~a'],
  'a regular expression': ['const f = () => /a/g;', 'const f = () => /a/i;', ['f']],
  'a big number and a hole': [
    'function f() { return [1n, , 2]; }',
    'function f() { return [2n, , 2]; }',
    ['f'],
  ],
  'a body': ['function f() { return 1; }', 'function f() { return 2; }', ['f']],
  parameters: ['const f = (a) => a;', 'const f = (a, b) => a;', ['f']],
  'from an arrow to a function': ['const f = (a) => a;', 'const f = function (a) { return a; };', ['f']],
  'parentheses around a function': ['const f = () => 1;', 'const f = (() => 2);', ['f']],
  'two of three': [
    'function a() { return 1; } function b() { return 1; } const c = () => 1;',
    'function a() { return 2; } function b() { return 1; } const c = () => 2;',
    ['a', 'c'],
  ],
  'a method, an accessor, a #private one, a field and a constructor': [
    'class A { constructor() { 1; } m() { 1; } get x() { return 1; } #p() { 1; } f = () => 1; static s() { 1; } }',
    'class A { constructor() { 2; } m() { 2; } get x() { return 2; } #p() { 2; } f = () => 2; static s() { 2; } }',
    [
      'A.prototype.constructor',
      'A.prototype.m',
      'A.prototype.get x',
      'A.prototype.#p',
      'A.prototype.f',
      'A.s',
    ],
  ],
  'an inline callback': ["app.get('/x', () => 1);", "app.get('/x', () => 2);", ["app.get('/x')[1]"]],
  'the text beside an inline callback': ["app.get('/x', () => 1);", "app.get('/y', () => 1);", [], '-? ?'],
  'an equal sibling less: the one that is left has not changed': [
    'function f(on) { on(() => 1); on(() => 2); }',
    'function f(on) { on(() => 2); }',
    ['f'],
  ],
  'equal siblings, one changed and one added around one that stays': [
    'function f(on) { on(() => 1); on(() => 2); }',
    'function f(on) { on(() => 3); on(() => 2); on(() => 4); }',
    ['f', 'f > on()[0]'],
  ],
  'a declaration of another name inside a function': [
    'function f() { function a() {} return 1; }',
    'function f() { function b() {} return 1; }',
    ['f'],
  ],
  'the super call of a class made inside a function': [
    'function f() { return class extends A { constructor(x) { super(x); } }; }',
    'function f() { return class extends A { constructor(x) { super(x, 1); } }; }',
    ['f > return.prototype.constructor'],
  ],
  'a new variable': ['const a = 1;', 'const a = 1; const b = 2;', [], 'b'],
  'a new variable beside another': ['const a = 1;', 'const a = 1, b = 2;', [], 'b'],
  'a new function between others': [
    'function a() { return 1; } function c() {}',
    'function a() { return 2; } function b() {} function c() {}',
    ['a'],
    'b',
  ],
  'functions in another order': ['function a() {} function b() {}', 'function b() {} function a() {}', []],
  'a new variable that awaits': ['', 'const a = await b;', [], 'a'],
  'a new statement': ['a();', 'a(); b();', [], '?'],
  'a statement less': ['a(); b();', 'b();', [], '-?'],
  'a new statement at the front': ['const a = 1;', 'import "b"; const a = 1;', [], '?'],
  'a variable less': ['const a = 1; const b = 2;', 'const b = 2;', [], '-a'],
  'an initialiser': ['const a = 1; function f() {}', 'const a = 2; function f() {}', [], '~a'],
  'a name': ['const a = () => 1;', 'const b = () => 1;', [], '-a b'],
  'let instead of const': ['const a = 1;', 'let a = 1;', [], '~a'],
  'an export more': ['const a = 1; export { a };', 'const a = 1; export { a, a as b };', []],
  'an export less': ['export const a = 1;', 'const a = 1;', []],
  'where an import comes from': ['import a from "a";', 'import a from "b";', [], '~a'],
  'one import more': ['import { a } from "a";', 'import { a, b } from "a";', [], 'b'],
  'another name of an import': ['import { a } from "a";', 'import { b as a } from "a";', [], '~a'],
  'a method more': ['class A { m() {} }', 'class A { n() {} m() {} }', [], 'A.prototype.n'],
  'a method less, and a getter more': [
    'class A { m() {} static s() {} }',
    'class A { get x() { return 1; } m() { 1; } }',
    ['A.prototype.m'],
    '-A.s A.prototype.get x',
  ],
  'a #private method more': ['class A { m() {} }', 'class A { m() {} #p() {} }', [], '~A'],
  'a constructor more': ['class A { m() {} }', 'class A { constructor() {} m() {} }', [], '~A'],
  'methods in another order': ['class A { m() {} n() {} }', 'class A { n() {} m() {} }', []],
  'a method turned static': ['class A { m() {} }', 'class A { static m() {} }', [], '-A.prototype.m A.m'],
  'a field': ['class A { x = 1; m() {} }', 'class A { x = 2; m() {} }', [], '~A'],
  'what a class extends': ['class A extends B { m() {} }', 'class A extends C { m() {} }', [], '~A'],
  'what super gets': [
    'class A extends B { constructor(x) { super(x); 1; } }',
    'class A extends B { constructor(x) { super(x + 1); 1; } }',
    ['A.prototype.constructor'],
    '~A',
  ],
  'what follows super': [
    'class A extends B { constructor(x) { super(x); 1; } }',
    'class A extends B { constructor(x) { super(x); 2; } }',
    ['A.prototype.constructor'],
  ],
  'a computed key': ['const o = { [a]() {} };', 'const o = { [b]() {} };', [], '~o'],
  'both a function and what is around it': [
    'const a = 1; function f() { return 1; }',
    'const a = 2; function f() { return 2; }',
    ['f'],
    '~a',
  ],
  'an empty module': ['', 'const a = 1;', [], 'a'],
};

for (const [name, [from, to, replaced, other = '']] of Object.entries(CASES)) {
  test(name, () => {
    const found = plan(analyse(from, 'from'), analyse(to, 'to'));
    const names = (mark: string, units: Unit[]) => units.map((unit) => mark + (unit.names.join() || '?'));
    const paths = (mark: string, members: HotFunction[]) => members.map((one) => mark + one.path);
    const others = [
      ...names('-', found.removed),
      ...paths('-', found.lessMembers),
      ...names('', found.added),
      ...paths('', found.moreMembers),
      ...names('~', found.changed),
    ];
    assert.equal([found.replaced.map((one) => one.path), others.join(' ')], [replaced, other]);
  });
}

test('a text that was looked at lately is not read again: of short ones the last 128, of long ones the last 16', () => {
  const text = (n: number, length: number): string => `const a = ${n};${' '.repeat(length)}`;
  for (const [length, count] of [
    [100, 128],
    [20_000, 16],
  ] as const) {
    const all = Array.from({ length: count }, (_, n) => analyse(text(n, length), 'file:///a.js'));
    for (const [n, one] of all.entries()) assert.is(analyse(text(n, length), 'file:///a.js'), one);
    analyse(text(count, length), 'file:///a.js');
    assert.is(analyse(text(1, length), 'file:///a.js'), all[1]);
    assert.is.not(analyse(text(0, length), 'file:///a.js'), all[0]);
  }
});

test.run();
