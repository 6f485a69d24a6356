// plan as a table: two texts, and what must be replaced or stands in the way.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analyse } from '../api/analysis.ts';
import { plan } from '../api/plan.ts';
import type { Unit } from '../api/units.ts';

/** `come` are names that are new at the top level, and with `-` those that are gone. */
const CASES: Record<
  string,
  [from: string, to: string, replaced: string[], structural: string[], come?: string]
> = {
  nothing: ['const a = 1; function f() {}', 'const a = 1; function f() {}', [], []],
  'layout, comments, semicolons and quotes': [
    'const a = "x"; function f(a, b) { return a + b; }',
    "// new\nconst a = 'x'\n\nfunction f(a,\n  b) {\n  /* why */ return a + b\n}\n",
    [],
    [],
  ],
  'how a number is spelled': ['const a = 0x10;', 'const a = 16;', [], []],
  'the raw text of a template': ['const a = String.raw`\\u0041`;', 'const a = String.raw`A`;', [], ['A']],
  'a regular expression': ['const f = () => /a/g;', 'const f = () => /a/i;', ['f'], []],
  'a big number and a hole': [
    'function f() { return [1n, , 2]; }',
    'function f() { return [2n, , 2]; }',
    ['f'],
    [],
  ],
  'a body': ['function f() { return 1; }', 'function f() { return 2; }', ['f'], []],
  parameters: ['const f = (a) => a;', 'const f = (a, b) => a;', ['f'], []],
  'from an arrow to a function': ['const f = (a) => a;', 'const f = function (a) { return a; };', ['f'], []],
  'parentheses around a function': ['const f = () => 1;', 'const f = (() => 2);', ['f'], []],
  'two of three': [
    'function a() { return 1; } function b() { return 1; } const c = () => 1;',
    'function a() { return 2; } function b() { return 1; } const c = () => 2;',
    ['a', 'c'],
    [],
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
    [],
  ],
  'an inline callback': ["app.get('/x', () => 1);", "app.get('/x', () => 2);", ["app.get('/x')[1]"], []],
  'the text beside an inline callback': ["app.get('/x', () => 1);", "app.get('/y', () => 1);", [], ["'/y'"]],
  'an equal sibling less: the one that is left has not changed': [
    'function f(on) { on(() => 1); on(() => 2); }',
    'function f(on) { on(() => 2); }',
    ['f'],
    [],
  ],
  'equal siblings, one changed and one added around one that stays': [
    'function f(on) { on(() => 1); on(() => 2); }',
    'function f(on) { on(() => 3); on(() => 2); on(() => 4); }',
    ['f', 'f > on()[0]'],
    [],
  ],
  'a declaration of another name inside a function': [
    'function f() { function a() {} return 1; }',
    'function f() { function b() {} return 1; }',
    ['f'],
    [],
  ],
  'the super call of a class made inside a function': [
    'function f() { return class extends A { constructor(x) { super(x); } }; }',
    'function f() { return class extends A { constructor(x) { super(x, 1); } }; }',
    ['f > return.prototype.constructor'],
    [],
  ],
  'a new variable': ['const a = 1;', 'const a = 1; const b = 2;', [], [], 'b'],
  'a new variable beside another': ['const a = 1;', 'const a = 1, b = 2;', [], [], 'b'],
  'a new function between others': [
    'function a() { return 1; } function c() {}',
    'function a() { return 2; } function b() {} function c() {}',
    ['a'],
    [],
    'b',
  ],
  'functions in another order': [
    'function a() {} function b() {}',
    'function b() {} function a() {}',
    [],
    [],
  ],
  'a new variable that awaits': ['', 'const a = await b;', [], ['a = await b'], 'a'],
  'a new statement': ['a();', 'a(); b();', [], ['b();'], '?'],
  'a statement less, which cannot be undone': ['a(); b();', 'b();', [], ['a();'], '-?'],
  'a new statement at the front': ['const a = 1;', 'import "b"; const a = 1;', [], ['import "b";'], '?'],
  'a variable less': ['const a = 1; const b = 2;', 'const b = 2;', [], [], '-a'],
  'an initialiser': ['const a = 1; function f() {}', 'const a = 2; function f() {}', [], ['2']],
  'a name': ['const a = () => 1;', 'const b = () => 1;', [], [], '-a b'],
  'let instead of const': ['const a = 1;', 'let a = 1;', [], ['let a = 1;']],
  'an export more': ['const a = 1; export { a };', 'const a = 1; export { a, a as b };', [], []],
  'an export less': ['export const a = 1;', 'const a = 1;', [], []],
  'where an import comes from': ['import a from "a";', 'import a from "b";', [], ['"b"']],
  'a method more': ['class A { m() {} }', 'class A { m() {} n() {} }', [], ['{ m() {} n() {} }']],
  'a method turned static': ['class A { m() {} }', 'class A { static m() {} }', [], ['static m() {}']],
  'a field': ['class A { x = 1; m() {} }', 'class A { x = 2; m() {} }', [], ['2']],
  'what a class extends': ['class A extends B { m() {} }', 'class A extends C { m() {} }', [], ['C']],
  'what super gets': [
    'class A extends B { constructor(x) { super(x); 1; } }',
    'class A extends B { constructor(x) { super(x + 1); 1; } }',
    [],
    ['super(x + 1);'],
  ],
  'what follows super': [
    'class A extends B { constructor(x) { super(x); 1; } }',
    'class A extends B { constructor(x) { super(x); 2; } }',
    ['A.prototype.constructor'],
    [],
  ],
  'a computed key': ['const o = { [a]() {} };', 'const o = { [b]() {} };', [], ['b']],
  'both a function and what is around it': [
    'const a = 1; function f() { return 1; }',
    'const a = 2; function f() { return 2; }',
    ['f'],
    ['2'],
  ],
  'an empty module': ['', 'const a = 1;', [], [], 'a'],
};

for (const [name, [from, to, replaced, structural, come = '']] of Object.entries(CASES)) {
  test(name, () => {
    const found = plan(analyse(from, 'from'), analyse(to, 'to'));
    const names = (units: Unit[]) => units.map((unit) => unit.names.join() || '?');
    assert.equal(
      [
        found.replaced.map((one) => one.path),
        found.structural.map((one) => one.text),
        [...names(found.removed).map((one) => `-${one}`), ...names(found.added)].join(' '),
      ],
      [replaced, structural, come],
    );
  });
}

test('what stands in the way has its line', () => {
  const found = plan(
    analyse('const a = 1;\nconst b = 1;\n', 'from'),
    analyse('const a = 1;\n\n\nconst b = 2;\n', 'to'),
  );
  assert.equal(found.structural, [{ line: 4, text: '2' }]);
});

test.run();
