// The text edits as tables: a module, a path and new code, and the module's text after it; bound values as text.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bindings, literalOf } from '../api/given/bind.ts';
import type { Destination } from '../api/given/check.ts';
import { given } from '../api/given/given.ts';
import { freeReferences } from '../api/given/scope.ts';
import { analyse } from '../api/plan/analysis.ts';
import { type At, injectText } from '../api/text/inject.ts';
import { rewriteText } from '../api/text/rewrite.ts';

function destination(module: string, path: string, bind: object): Destination {
  const analysis = analyse(module, 'm.js');
  const hot = analysis.functions.find((one) => one.path === path);
  if (hot === undefined) throw new Error(`no ${path} among ${analysis.functions.map((one) => one.path)}`);
  return { module: 'm.js', hot, analysis, bound: new Set(Object.keys(bind)), kept: {} };
}

type Rewrite = [module: string, path: string, code: string, after: string, bind?: Record<string, unknown>];

const REWRITES: Record<string, Rewrite> = {
  'a declaration keeps its name and what is before it': [
    'export async function f(a) { a; } // c',
    'f',
    'x => x',
    'export function f(x) { return x; } // c',
  ],
  'an arrow stays an arrow': [
    'const f = a => a;',
    'f',
    'async (b) => { await b }',
    'const f = async (b) => { await b };',
  ],
  'an arrow becomes a function for a function': [
    'go(a => a, 1)',
    'go()[0]',
    'function* () { yield 1 }',
    'go(function* () { yield 1 }, 1)',
  ],
  'an arrow in an expression': [
    'const f = x || ((a) => a);',
    'f',
    'function () {}',
    'const f = x || (function () {});',
  ],
  'a named expression keeps its name': [
    'go(function named(n) { return n })',
    'go()[0]',
    'function other(n) { return n ? other(n - 1) : 0 }',
    'go(function named(n) { return n ? named(n - 1) : 0 })',
  ],
  'a named expression whose name the new code means otherwise': [
    'const x = 1; go(function x() {})',
    'go()[0]',
    '() => x',
    'const x = 1; go(function () { return x; })',
  ],
  'a method keeps its key and takes its kind': [
    'const o = { async "a b"(x) { x }, y }',
    "o['a b']",
    '(z) => z',
    'const o = { "a b"(z) { return z; }, y }',
  ],
  'a method with a computed key': [
    'const o = { async *[ a[0] ] (x) { x } }',
    'o[a[0]]',
    'function* g() { yield 1 }',
    'const o = { *[ a[0] ]() { yield 1 } }',
  ],
  'a static method keeps static': [
    'class A { static /* c */ async m() {} }',
    'A.m',
    '() => 1',
    'class A { static /* c */ m() { return 1; } }',
  ],
  'an accessor': [
    'class A { static get x() { return 1 } }',
    'A.get x',
    'get anything() { return 2 }',
    'class A { static get x() { return 2 } }',
  ],
  'a #private method': [
    'class A { #p() {} }',
    'A.prototype.#p',
    'function (a) { return this.#p(a) }',
    'class A { #p(a) { return this.#p(a) } }',
  ],
  'a function that calls itself': [
    'const o = { f(n) { return n } }',
    'o.f',
    'function g(n) { return n ? g(n - 1) : { g } }',
    'const o = { f(n) { return n ? o.f(n - 1) : { g: o.f } } }',
  ],
  'a function that assigns to its own name by a pattern': [
    'export function f() {}',
    'f',
    'function g(o) { ({ g = 1 } = o) }',
    'export function f(o) { ({ g: f = 1 } = o) }',
  ],
  constants: [
    'function f() {}',
    'f',
    "() => { 'use strict'; return N + { N } }",
    "function f() { 'use strict'; const N = 1; return N + { N } }",
    { N: 1 },
  ],
  'constants in parameters': [
    'function f() {}',
    'f',
    '(a = N, { [K]: b } = { N }) => b',
    'function f(a = (1), { [("k")]: b } = { N: 1 }) { return b; }',
    { N: 1, K: 'k' },
  ],
  'a comment before the closing parenthesis': [
    'function f() {}',
    'f',
    '(a, // first\n b // second\n) => a',
    'function f(a, // first\n b // second\n) { return a; }',
  ],
  'constants after a directive without a semicolon': [
    'function f() {}',
    'f',
    "function () {\n  'use strict'\n  return N\n}",
    "function f() {\n  'use strict'; const N = 1;\n  return N\n}",
    { N: 1 },
  ],
  'constants after super': [
    'class B extends A { constructor(x) { super(x)\n1 } }',
    'B.prototype.constructor',
    'constructor(x) { super(x)\nN }',
    'class B extends A { constructor(x) { super(x); const N = 1;\nN } }',
    { N: 1 },
  ],
  'a super call without a semicolon': [
    'class B extends A { constructor(x) { super(x)\n} }',
    'B.prototype.constructor',
    '(x) => { 2 }',
    'class B extends A { constructor(x) { super(x); 2 } }',
  ],
  'a constructor that keeps its super call': [
    'class B extends A { constructor(x) { super(x); 1; } }',
    'B.prototype.constructor',
    '(x) => { 2; }',
    'class B extends A { constructor(x) { super(x); 2; } }',
  ],
};

for (const [name, [module, path, code, after, bind = {}]] of Object.entries(REWRITES)) {
  test(`rewrite: ${name}`, () => {
    const { source } = rewriteText(
      destination(module, path, bind),
      given(code, 'the new source'),
      bindings(bind),
    );
    assert.is(source, after);
    analyse(source, 'the result');
  });
}

type Inject = [body: string, at: At, code: string, after: string];

/** Bodies of `function f(a) {…}`. */
const INJECTIONS: Record<string, Inject> = {
  'before the first': ['x(); y();', 0, '() => log()', 'log(); x(); y();'],
  between: ['x(); y();', 1, '() => { log() }', 'x(); log(); y();'],
  'after the last': ['x(); y()', 2, '() => { log(); }', 'x(); y(); log();'],
  'after directives': ["'use strict'\nx()", 0, '() => log()', "'use strict'\nlog();\nx()"],
  'a list after a line without a semicolon': [
    'x()\ny()',
    1,
    '() => { [1].map(log) }',
    'x()\n;[1].map(log);\ny()',
  ],
  'on a line of its own, where statements have lines of their own': [
    'x();\n    return y;',
    'end',
    '() => log()',
    'x();\n    const result = y;\n    log();\n    return result;',
  ],
  'at the end, before a return leaves': [
    'return x;',
    'end',
    '() => log()',
    'const result = x; log(); return result;',
  ],
  'at the end, where result is taken': [
    'const result = 1; return result',
    'end',
    '() => log()',
    'const result = 1; const result2 = result; log(); return result2;',
  ],
  'at the end, before a throw': ['throw x', 'end', '() => log()', 'log(); throw x'],
  'at the end of both arms': [
    'if (a) return 1; else { return 2 }',
    'end',
    '() => log()',
    'if (a) { const result = 1; log(); return result; } else { const result = 2; log(); return result; }',
  ],
  'at the end of one arm and of the body': [
    'if (a) { return } else { x() }',
    'end',
    '() => log()',
    'if (a) { log(); return } else { x() } log();',
  ],
  'at the end of a try': [
    'try { return 1 } catch { return 2 }',
    'end',
    '() => log()',
    'try { const result = 1; log(); return result; } catch { const result = 2; log(); return result; }',
  ],
  'at the end of a finally that returns': [
    'try { return 1 } finally { return 2 }',
    'end',
    '() => log()',
    'try { return 1 } finally { const result = 2; log(); return result; }',
  ],
  'at the end of a switch': [
    'switch (a) { case 1: return 1; default: x(); return 2 }',
    'end',
    '() => log()',
    'switch (a) { case 1: { const result = 1; log(); return result; } default: x(); { const result = 2; log(); return result; } }',
  ],
  'at the end, after a loop': ['for (;;) { return 1 }', 'end', '() => log()', 'for (;;) { return 1 } log();'],
  'at the end of a returned function': ['return () => 1', 'end', '() => log()', 'log(); return () => 1'],
  'at the end of a returned class': [
    'return class {}',
    'end',
    '() => log()',
    'const result = (0, class {}); log(); return result;',
  ],
  'at the end of a list of values': [
    'return x(),y',
    'end',
    '() => log()',
    'const result = (x(),y); log(); return result;',
  ],
  'at the end of a return without a space': [
    'return"x"',
    'end',
    '() => log()',
    'const result ="x"; log(); return result;',
  ],
  'at the end of nothing': ['', 'end', '() => log()', 'log();'],
  'declarations in a block': ['x();', 0, '() => { const b = 1; log(b) }', '{ const b = 1; log(b) } x();'],
  'a var that collides': [
    'x(); var b;',
    0,
    '() => { var b = 1, c = { b }; log(b, c) }',
    '{ var b2 = 1, c = { b: b2 }; log(b2, c) } x(); var b;',
  ],
  'a var that hides a parameter': [
    'x(a);',
    0,
    '() => { var { a } = y; (() => a)(); { let a; a } }',
    '{ var { a: a2 } = y; (() => a2)(); { let a; a } } x(a);',
  ],
  'a return': [
    'x();',
    0,
    '() => { if (a) return; log() }',
    'injected: { if (a) break injected; log() } x();',
  ],
  'a return of an object': [
    'x();',
    0,
    '() => { return { a: 1 } }',
    'injected: { { ({ a: 1 }); break injected; } } x();',
  ],
  'a comment at the end': ['x();', 0, '() => { log() // why\n }', 'log(); // why\n x();'],
  'an expression that would open something else': ['x();', 0, "() => 'use strict'", "('use strict'); x();"],
  'a directive of its own': ['x();', 0, "() => { 'use strict'; log() }", 'log(); x();'],
  'an async function': ['x();', 0, 'async () => log()', 'log(); x();'],
};

for (const [name, [body, at, code, after]] of Object.entries(INJECTIONS)) {
  test(`inject: ${name}`, () => {
    const to = destination(`function f(a) { ${body} }`, 'f', {});
    const { source } = injectText(to, given(code, 'the injected source'), bindings(undefined), at);
    assert.is(source.replace(/^function f\(a\) \{\s*|\s*\}$/g, ''), after);
    analyse(source, 'the result');
  });
}

test('values that are bound to names already there get names of their own', () => {
  const set = new Set();
  const to = destination('const out = 1; function f(a) { return out; }', 'f', {});
  const bind = bindings({ out: set, unused: set });
  const { source, values } = injectText(
    { ...to, bound: new Set(['out', 'unused']) },
    given('() => out.add({ out })', 'the injected source'),
    bind,
    0,
  );
  assert.equal(
    [source, Object.keys(values)],
    ['const out = 1; function f(a) { out2.add({ out: out2 }); return out; }', ['out2']],
  );
});

const LITERALS: [value: unknown, text: string | undefined][] = [
  [1, '1'],
  [-0, '-0'],
  [1e21, '1e+21'],
  [NaN, undefined],
  [Infinity, undefined],
  [1n, undefined],
  ["it's \u2028\n`$x`", '"it\'s \u2028\\n`$x`"'],
  ['\ud800', '"\\ud800"'],
  [true, 'true'],
  [null, 'null'],
  [undefined, undefined],
  [[], '[]'],
  [[1, [null]], '[1, [null]]'],
  [[1, undefined], undefined],
  // biome-ignore lint/suspicious/noSparseArray: the case
  [[1, , 2], undefined],
  [{}, '{}'],
  [{ a: 1, 'b-c': { d: [] } }, '{ "a": 1, "b-c": { "d": [] } }'],
  [JSON.parse('{"__proto__":1}'), '{ ["__proto__"]: 1 }'],
  [{ a: undefined }, undefined],
  [{ a() {} }, undefined],
  [Object.create({ a: 1 }), undefined],
  [new Date(0), undefined],
  [new (class extends Array {})(), undefined],
  [Object.assign([1], { x: 1 }), undefined],
  [/x/, undefined],
  [Symbol('s'), undefined],
];

for (const [value, text] of LITERALS) {
  test(`literalOf ${text ?? String(typeof value === 'object' ? Object.prototype.toString.call(value) : typeof value)}`, () => {
    const literal = literalOf(value);
    assert.is(literal, text);
    if (literal !== undefined) assert.equal(new Function(`return (${literal})`)(), value);
  });
}

const FREE: Record<string, string> = {
  '(a, { b, c: d = e }, ...f) => [a, b, d, f, g]': 'e g',
  '() => { x: for (;;) break x }': '',
  '() => ({ a, b: c, [d]: e, f() {}, get g() { return h } })': 'a c d e h',
  '() => { var a; { let b; const c = 1; function d() {} } b }': 'b',
  '() => { try { a } catch (e) { e } e }': 'a e',
  '() => class A extends B { static [c] = d; #e = f; m() { return A } static { var g; } }': 'B c d f',
  'function f() { f(); arguments; (() => arguments)() }': 'f',
  '() => typeof a === b': 'a b',
  '() => { a = 1; [b] = []; ({ c } = {}); d++; for (e of f); for (const g in h); }': 'a b c d e f h',
  '(a = b, c = () => a + d) => c': 'b d',
  '() => { switch (a) { case 1: let b; b } b }': 'a b',
  '() => `${a}` + b`c${d}` + e?.f?.[g] + import.meta.h + new i.j(k)': 'a b d e g i k',
  'async () => { for await (const a of b) await a; }': 'b',
};

for (const [code, names] of Object.entries(FREE)) {
  test(`free names of ${code}`, () => {
    assert.is([...freeReferences(given(code, 'the source').node).names.keys()].join(' '), names);
  });
}

test.run();
