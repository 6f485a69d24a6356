// Clauses: how a body is divided, what is put into some of them, and others put between them; as texts, then running.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bindings } from '../api/given/bind.ts';
import type { Destination } from '../api/given/check.ts';
import { given } from '../api/given/given.ts';
import { analyse } from '../api/plan/analysis.ts';
import { addClauseText, type Order } from '../api/text/addclause.ts';
import { clausesOf } from '../api/text/clauses.ts';
import { type At, type Clauses, injectText } from '../api/text/inject.ts';
import { type Case, cases } from './cases.ts';

function destination(module: string, path: string, bind: object = {}): Destination {
  const analysis = analyse(module, 'm.js');
  const hot = analysis.functions.find((one) => one.path === path);
  if (hot === undefined) throw new Error(`no ${path} among ${analysis.functions.map((one) => one.path)}`);
  return { module: 'm.js', hot, analysis, bound: new Set(Object.keys(bind)), kept: {} };
}

function codeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as { code?: string }).code?.replace('ERR_HOTSWAP_', '') ?? error;
  }
}

/** Bodies of `function f(a, b) {…}`, and their clauses. */
const DIVIDED: Record<string, string[]> = {
  '': [''],
  ' // nothing\n': [''],
  'x()': ['x()'],
  "'use strict'; x(); y();": ['x(); y();'],
  "'use strict'": [''],
  'if (a) return 1;': ['if (a) return 1;', ''],
  'if (a) return 1\nif (b) throw 2\nreturn 3': ['if (a) return 1', 'if (b) throw 2', 'return 3'],
  'if(a)return 1;if(b){x();return}y();return 3': ['if(a)return 1;', 'if(b){x();return}', 'y();return 3'],
  'if (a) return 1\r\nif (b) return 2\r\nx()\r\n': ['if (a) return 1', 'if (b) return 2', 'x()'],
  '/* 1 */ if /* 2 */ (a) /* 3 */ return /* 4 */ 1 /* 5 */; // 6\n/* 7 */ x() // 8\n': [
    'if /* 2 */ (a) /* 3 */ return /* 4 */ 1 /* 5 */;',
    'x()',
  ],
  // empty statements are nothing, unless there is no guard
  ';if (a) { return 1 }; ; if (b) return 2;; x();': ['if (a) { return 1 }', 'if (b) return 2;', 'x();'],
  ';x()': [';x()'],
  'if (a) return 1;;': ['if (a) return 1;', ''],
  // what leads is guards alone
  'const c = a; if (c) return 1; return 2': ['const c = a; if (c) return 1; return 2'],
  'if (a) return 1; const c = a; if (c) return 2; x()': [
    'if (a) return 1;',
    'const c = a; if (c) return 2; x()',
  ],
  'if (a) return 1; x(); if (b) return 2;': ['if (a) return 1;', 'x(); if (b) return 2;'],
  'if (a) return 1; if (b) x(); if (a) return 2': ['if (a) return 1;', 'if (b) x(); if (a) return 2'],
  'if (a) return h(); function h() {}': ['if (a) return h();', 'function h() {}'],
  'if (a) x(); else return 1; y()': ['if (a) x(); else return 1; y()'],
  // else
  'if (a) return 1; else if (b) { return 2 } x()': ['if (a) return 1;', 'if (b) { return 2 }', 'x()'],
  'if (a) return 1; else if (b) return 2; else return 3; x()': [
    'if (a) return 1;',
    'if (b) return 2;',
    'return 3;',
  ],
  'if (a) return 1; else { throw 2 }': ['if (a) return 1;', '{ throw 2 }'],
  'if (a) return 1; else x(); y()': ['if (a) return 1;', 'x(); y()'],
  'if (a) return 1; else { x(); y() }': ['if (a) return 1;', '{ x(); y() }'],
  'if (a) return 1; else if (b) x(); else return 2; y()': [
    'if (a) return 1;',
    'if (b) x(); else return 2; y()',
  ],
  'if (a) { if (b) return 1; else return 2 } x()': ['if (a) { if (b) return 1; else return 2 }', 'x()'],
  'if (a) if (b) return 1; else return 2\nx()': ['if (a) if (b) return 1; else return 2', 'x()'],
  'if (a) { if (b) return 1; } x()': ['if (a) { if (b) return 1; } x()'],
  // switch
  'switch (a) { case 1: return 1; case 2: x(); throw 2 } y()': [
    'case 1: return 1;',
    'case 2: x(); throw 2',
    'y()',
  ],
  'switch (a) { case 1: case 2: return 1; default: return 2 }': [
    'case 1: case 2: return 1;',
    'default: return 2',
  ],
  'switch (a) { default: return 2; case 1: { return 1 } break; } y()': [
    'default: return 2;',
    'case 1: { return 1 } break;',
  ],
  'switch (a) { case 1: return 1; case 2: x(); break; case 3: return 3 } if (b) return 4': [
    'case 1: return 1;',
    'case 3: return 3',
    'if (b) return 4',
  ],
  'switch (a) { case 1: x(); case 2: return 2; default: y() } z()': ['case 2: return 2;', 'z()'],
  'switch (a) { case 1: x(); case 2: return 2; } if (b) return 3': [
    'case 2: return 2;',
    'if (b) return 3',
    '',
  ],
  'switch (a) { case 1: if (b) break; return 1; case 2: return 2 } y()': ['case 2: return 2', 'y()'],
  'switch (a) { case 1: for (;;) { break } return 1; case 2: for (;;) { switch (b) { case 1: break } } } y()':
    ['case 1: for (;;) { break } return 1;', 'case 2: for (;;) { switch (b) { case 1: break } }', 'y()'],
  'switch (a) { case 1: x(); break } y()': ['switch (a) { case 1: x(); break } y()'],
  'switch (a) {} y()': ['switch (a) {} y()'],
  'switch (a) { case 1: return 1; case 2: }': ['case 1: return 1;', ''],
  'if (a) return 1; switch (b) { case 1: return 2 } if (a) return 3; y()': [
    'if (a) return 1;',
    'case 1: return 2',
    'if (a) return 3;',
    'y()',
  ],
  // ways to leave, and not to
  'if (a) try { return 1 } catch { throw 2 } finally { x() } y()': [
    'if (a) try { return 1 } catch { throw 2 } finally { x() }',
    'y()',
  ],
  'if (a) try { x() } finally { return 1 } y()': ['if (a) try { x() } finally { return 1 }', 'y()'],
  'if (a) try { return 1 } catch {} y()': ['if (a) try { return 1 } catch {} y()'],
  'if (a) for (;;) { if (b) return 1 } y()': ['if (a) for (;;) { if (b) return 1 }', 'y()'],
  'if (a) while (true) { if (b) break; } y()': ['if (a) while (true) { if (b) break; } y()'],
  'if (a) o: while (1) for (;;) { if (b) break o; } y()': [
    'if (a) o: while (1) for (;;) { if (b) break o; } y()',
  ],
  'if (a) o: while (1) for (;;) { if (b) continue o; } y()': [
    'if (a) o: while (1) for (;;) { if (b) continue o; }',
    'y()',
  ],
  'if (a) do { return 1 } while (b); y()': ['if (a) do { return 1 } while (b);', 'y()'],
  'if (a) do { if (b) continue; return 1 } while (b); y()': [
    'if (a) do { if (b) continue; return 1 } while (b); y()',
  ],
  'if (a) for (const x of b) return x; y()': ['if (a) for (const x of b) return x; y()'],
  'if (a) { o: { return 1 } } y()': ['if (a) { o: { return 1 } }', 'y()'],
  'if (a) o: { if (b) break o; return 1 } y()': ['if (a) o: { if (b) break o; return 1 } y()'],
  'if (a) { return h(); function h() {} } y()': ['if (a) { return h(); function h() {} }', 'y()'],
  'if (a) { (() => { return 1 })() } y()': ['if (a) { (() => { return 1 })() } y()'],
};

for (const [body, expected] of Object.entries(DIVIDED)) {
  test(`clauses of ${body}`, () => {
    const module = `function f(a, b) {${body}}`;
    const { hot } = destination(module, 'f');
    assert.equal(
      clausesOf(hot.node, hot.derived).map(({ from, to }) => module.slice(from, to)),
      expected,
    );
  });
}

type Inject = [body: string, at: At, clauses: Clauses, after: string, code?: string];

/** Bodies of `function f(a, b) {…}` before and after. */
const INJECTED: Record<string, Inject> = {
  'a branch that is no block, and what is left': [
    'if (a) return 1; return 2',
    0,
    'all',
    'if (a) { log(); return 1; } log(); return 2',
  ],
  'the end of each': [
    'if (a) return 1; return 2',
    'end',
    'all',
    'if (a) { const result = 1; log(); return result; } const result = 2; log(); return result;',
  ],
  'after a return, where nothing comes': ['if (a) return 1; x()', 1, [0], 'if (a) { return 1; log(); } x()'],
  'a block': ['if (a) { x(); return 1 }', 1, [0], 'if (a) { x(); log(); return 1 }'],
  'nothing that is left': ['if (a) return 1', 0, [1], 'if (a) return 1; log();'],
  'lines of their own': [
    '\n  if (a)\n    return 1 // why\n  if (b) {\n    return 2\n  }\n',
    0,
    'all',
    '\n  if (a)\n    { log();\n    return 1 } // why\n  if (b) {\n    log();\n    return 2\n  }\n  log();\n',
  ],
  'after a return with a comment on its line': [
    '\n  if (a)\n    return 1 // why\n  x()',
    1,
    [0],
    '\n  if (a)\n    { return 1; log(); } // why\n  x()',
  ],
  'an endless loop with a comment on its line': [
    '\n  if (a)\n    for (;;) x() // why\n  y()',
    'end',
    [0],
    '\n  if (a)\n    { for (;;) x(); log(); } // why\n  y()',
  ],
  'cases share a scope': [
    'switch (a) { case 1: return 1; case 2: return 2; default: { return 3 } }',
    'end',
    'all',
    'switch (a) { case 1: { const result = 1; log(); return result; } case 2: { const result = 2; log(); return result; } default: { const result = 3; log(); return result; } }',
  ],
  'the beginning of cases': [
    'switch (a) { case 1: case 2: return 1; case 3: { x(); return 2 } break }',
    0,
    [0, 1],
    'switch (a) { case 1: case 2: log(); return 1; case 3: { log(); x(); return 2 } break }',
  ],
  'the end of a case before its break': [
    'switch (a) { case 1: throw 1; break; }',
    'end',
    [0],
    'switch (a) { case 1: { log(); throw 1; } break; }',
  ],
  'an else that does not leave, and what follows': [
    'if (a) return 1; else x(); y()',
    0,
    [1],
    'if (a) return 1; else { log(); x(); } y()',
  ],
  'between that else and what follows': [
    'if (a) return 1; else x(); y()',
    1,
    [1],
    'if (a) return 1; else x(); log(); y()',
  ],
  'an else that is all that is left': [
    'if (a) return 1; else { x(); y() }',
    1,
    [1],
    'if (a) return 1; else { x(); log(); y() }',
  ],
  'an else if': [
    'if (a) return 1; else if (b) return 2; else throw 3',
    0,
    [1, 2],
    'if (a) return 1; else if (b) { log(); return 2; } else { log(); throw 3 }',
  ],
  'a list after a line without a semicolon': [
    'if (a) {\n  x()\n  return\n}\ny()',
    'end',
    [0],
    'if (a) {\n  x()\n  ;[1].map(log);\n  return\n}\ny()',
    '() => { [1].map(log) }',
  ],
  'a return before a function': [
    'if (a) { return h(); function h() {} }',
    'end',
    [0],
    'if (a) { const result = h(); log(); return result; function h() {} }',
  ],
  'each once, in any order': ['if (a) return 1; x()', 0, [1, 0, 1], 'if (a) { log(); return 1; } log(); x()'],
  none: ['if (a) return 1; x()', 0, [], 'if (a) return 1; x()'],
  'declarations in each': [
    'if (a) return 1; x()',
    0,
    'all',
    'if (a) { { const c = 1; log(c) } return 1; } { const c = 1; log(c) } x()',
    '() => { const c = 1; log(c) }',
  ],
  'CR LF': ['\r\n  if (a)\r\n    return 1\r\n', 0, [0], '\r\n  if (a)\r\n    { log();\r\n    return 1 }\r\n'],
};

for (const [name, [body, at, clauses, after, code = '() => log()']] of Object.entries(INJECTED)) {
  test(`inject into clauses: ${name}`, () => {
    const to = destination(`function f(a, b) {${body}}`, 'f');
    const { source } = injectText(to, given(code, 'the injected source'), bindings(undefined), at, clauses);
    assert.is(source, `function f(a, b) {${after}}`);
    analyse(source, 'the result');
  });
}

const REFUSED_INJECTIONS: [at: unknown, clauses: unknown][] = [
  [2, [0]],
  [1, [2]],
  [-1, 'all'],
  ['start', [0]],
  [0, [3]],
  [0, [0, 3]],
  [0, [-1]],
  [0, ['0']],
  [0, [0.5]],
  [0, 1],
  [0, 'some'],
  [0, null],
  [0, {}],
];

for (const [at, clauses] of REFUSED_INJECTIONS) {
  test(`inject at ${JSON.stringify(at)} of clauses ${JSON.stringify(clauses)} is refused`, () => {
    const to = destination('function f(a) { if (a) return 1; else if (b) { return 2 } }', 'f');
    const inject = () =>
      injectText(
        to,
        given('() => 1', 'the injected source'),
        bindings(undefined),
        at as At,
        clauses as Clauses,
      );
    assert.is(codeOf(inject), 'MISSING');
  });
}

type Add = [module: string, code: string, order: Order, after: string, bind?: Record<string, unknown>];

/** Modules with an `f`, before and after. */
const ADDED: Record<string, Add> = {
  first: [
    'function f(a, b) { return 1 }',
    '(x, y) => { if (x) return y }',
    0,
    'function f(a, b) { if (a) return b; return 1 }',
  ],
  'in the middle': [
    'function f(a) {\n  if (a > 1) return 1\n  return 2\n}',
    '(x) => { if (x < 0) return 0 }',
    1,
    'function f(a) {\n  if (a > 1) return 1\n  if (a < 0) return 0;\n  return 2\n}',
  ],
  last: [
    'function f(a) { if (a) return 1 }',
    '(a) => { if (a === 0) return 0; else return 2 }',
    'end',
    'function f(a) { if (a) return 1; if (a === 0) return 0; else return 2; }',
  ],
  'to nothing': ['function f(a) {}', '(a) => { if (a) return 0 }', 1, 'function f(a) { if (a) return 0; }'],
  nothing: ['function f(a) { x() }', '(a) => {}', 0, 'function f(a) { x() }'],
  'to an expression': [
    'const f = (a) => a + 1',
    '(n) => { if (n < 0) throw n }',
    0,
    'const f = (a) => { if (a < 0) throw a; return a + 1; }',
  ],
  'after an expression': [
    'const f = a => ({ a })',
    '(n) => n',
    1,
    'const f = a => { return ({ a }); return a; }',
  ],
  'an expression': [
    'function f(a) { x() }',
    '(n) => ({ n })',
    'end',
    'function f(a) { x(); return ({ n: a }); }',
  ],
  'after directives and super': [
    'class A extends B { constructor(a) { super(a); this.a = a } } function f() {}',
    '(x) => { if (x) return }',
    0,
    'class A extends B { constructor(a) { super(a); if (a) return; this.a = a } } function f() {}',
  ],
  'before a switch': [
    'function f(a) { switch (a) { case 1: return 1 } }',
    '(x) => { if (x) return 0 }',
    0,
    'function f(a) { if (a) return 0; switch (a) { case 1: return 1 } }',
  ],
  'after a switch': [
    'function f(a) { switch (a) { case 1: return 1; case 2: return 2 } x() }',
    '(x) => { if (x) return 0 }',
    2,
    'function f(a) { switch (a) { case 1: return 1; case 2: return 2 } if (a) return 0; x() }',
  ],
  'inside a switch': [
    'function f(a) {\n  switch (a.b) {\n    case 1: return 1\n    case 2: case 3: return 2\n    default: x()\n  }\n}',
    '(x) => { if (x) return 0 }',
    1,
    'function f(a) {\n  switch (a.b) {\n    case 1: return 1\n    } if (a) return 0;\n    switch (a.b) {\n    case 2: case 3: return 2\n    default: x()\n  }\n}',
  ],
  'before an else if': [
    'function f(a) { if (a) return 1; else if (b) return 2; else return 3 }',
    '(x) => { if (x) return 0 }',
    1,
    'function f(a) { if (a) return 1; if (a) return 0; if (b) return 2; else return 3 }',
  ],
  'before an else': [
    'function f(a) { if (a) { return 1 }else{ x() } }',
    '(x) => { if (x) return 0 }',
    1,
    'function f(a) { if (a) { return 1 }if (a) return 0; { x() } }',
  ],
  'parameters that change places': [
    'function f(a, b) {}',
    '(b, a) => { if (b) return { a, b } }',
    0,
    'function f(a, b) { if (a) return { a: b, b: a }; }',
  ],
  'a parameter that is assigned to': [
    'function f(a) { return a }',
    '(a) => { a++; if (a > 2) return a }',
    0,
    'function f(a) { { let a2 = a; a2++; if (a2 > 2) return a2; } return a }',
  ],
  "a variable that is called like the target's parameter": [
    'function f(a) { return a }',
    '(x) => { if (x) { const a = 1; return x + a } }',
    0,
    'function f(a) { { const x2 = a; if (x2) { const a = 1; return x2 + a } } return a }',
  ],
  'a parameter hidden inside': [
    'function f(a) {}',
    '(x) => { if (x) return [1].map((x) => x) }',
    0,
    'function f(a) { if (a) return [1].map((x) => x); }',
  ],
  declarations: [
    'function f(a) { const k = 1; return k }',
    '(x) => { const k = x.k; if (k) return k // c\n }',
    0,
    'function f(a) { { const k = a.k; if (k) return k; // c\n } const k = 1; return k }',
  ],
  'a var': [
    'function f(a) { let k = 1; return k }',
    '(x) => { if (x) { var k = x.k; return k } }',
    0,
    'function f(a) { if (a) { var k2 = a.k; return k2 } let k = 1; return k }',
  ],
  'patterns and defaults written alike': [
    'const f = ({ a, b: [c] = [] }, d = 1, ...e) => a',
    '({ a: x, b: [y] = [] }, z = 1, ...e) => { if (x) return { c: y + z, e } }',
    0,
    'const f = ({ a, b: [c] = [] }, d = 1, ...e) => { if (a) return { c: c + d, e }; return a; }',
  ],
  'a parameter that is not used': [
    'const f = ({ a }, b) => a',
    '(_, b) => { if (b) return 1 }',
    0,
    'const f = ({ a }, b) => { if (b) return 1; return a; }',
  ],
  'plain constants in place': [
    'function f(a) {}',
    '(x) => { if (x > N) return [N.toFixed(1), { S }] }',
    0,
    'function f(a) { if (a > 2) return [2 .toFixed(1), { S: "s" }]; }',
    { N: 2, S: 's' },
  ],
  'others declared': [
    'function f(a) {}',
    '(x) => { if (x > N) return O }',
    0,
    'function f(a) { { const N = -1; const O = [1]; if (a > N) return O; } }',
    { N: -1, O: [1] },
  ],
  'one that calls itself': [
    'function f(n) { return n }',
    'function g(k) { if (k > 3) return g(k - 1) }',
    0,
    'function f(n) { if (n > 3) return f(n - 1); return n }',
  ],
  'a directive of its own': [
    'function f() { x() }',
    "function () { 'use strict'; if (y) return 1 }",
    0,
    'function f() { if (y) return 1; x() }',
  ],
  'a line without a semicolon before it': [
    'function f(a) {\n  if (a) return 1\n  x()\n}',
    '(a) => { (a ?? x)(); if (a) return }',
    1,
    'function f(a) {\n  if (a) return 1\n  ;(a ?? x)(); if (a) return;\n  x()\n}',
  ],
};

for (const [name, [module, code, order, after, bind = {}]] of Object.entries(ADDED)) {
  test(`add a clause: ${name}`, () => {
    const path = module.startsWith('class') ? 'A.prototype.constructor' : 'f';
    const to = destination(module, path, bind);
    const { source } = addClauseText(to, given(code, 'the new clause'), bindings(bind), order);
    assert.is(source, after);
    analyse(source, 'the result');
  });
}

const REFUSED_ADDITIONS: [module: string, code: string, order: unknown, error: string][] = [
  ['function f(a) {}', '() => 1', 0, 'ARITY'],
  ['function f(a) {}', '(a, b) => 1', 0, 'ARITY'],
  ['function f(a, b = 1) {}', '(a, b = 2) => b', 0, 'ARITY'],
  ['function f(a, b = 1) {}', '(a, ...b) => b', 0, 'ARITY'],
  ['function f(a, b = a) {}', '(x, b = x) => b', 0, 'ARITY'],
  ['function f(b, a, c = a) {}', '(a, b, c = a) => c', 0, 'ARITY'],
  ['function f({ a }) {}', '(a) => a', 0, 'ARITY'],
  ['function f({ a }) {}', '({ b }) => b', 0, 'ARITY'],
  ['function f({ a }) {}', '({ a, ...b }) => b', 0, 'ARITY'],
  ['function f(a) {}', '(a, b = 1) => b', 0, 'ARITY'],
  ['function f({ q }, c = x) {}', '(x, c = x) => c', 0, 'ARITY'],
  ['function f(y, c = y) {}', '(x, c = y) => c', 0, 'ARITY'],
  ['function f(a) {}', '(x) => { var x = 1; return x }', 0, 'SYNTAX'],
  ['function f(a) {}', 'async (a) => 1', 0, 'SYNTAX'],
  ['async function f(a) {}', 'function* (a) { yield 1 }', 0, 'SYNTAX'],
  ['async function* f(a) {}', 'function* (a) { yield 1 }', 0, 'SYNTAX'],
  ['const f = (a) => a', 'function (a) { return this }', 0, 'OUT_OF_SCOPE'],
  ['const f = (a) => a', 'function (a) { return arguments }', 0, 'OUT_OF_SCOPE'],
  ['const f = (a) => a', 'function (a) { return () => new.target }', 0, 'OUT_OF_SCOPE'],
  ['function f(a) { let f }', 'function g(a) { return g() }', 0, 'OUT_OF_SCOPE'],
  ['function f(a) { if (a) return 1 }', '(a) => 1', 3, 'MISSING'],
  ['function f(a) {}', '(a) => 1', -1, 'MISSING'],
  ['function f(a) {}', '(a) => 1', 0.5, 'MISSING'],
  ['function f(a) {}', '(a) => 1', '0', 'MISSING'],
  ['function f(a) {}', '(a) => 1', undefined, 'MISSING'],
  ['function f(a) { switch (g(a)) { case 1: return 1; case 2: return 2 } }', '(a) => 1', 1, 'STRUCTURAL'],
  [
    'function f(a) { switch (a) { case 1: return 1; case 2: break; case 3: return 3 } }',
    '(a) => 1',
    1,
    'STRUCTURAL',
  ],
  [
    'function f(a) { switch (a) { case 1: return 1; case 2: x(); case 3: return 3 } }',
    '(a) => 1',
    1,
    'STRUCTURAL',
  ],
  ['function f(a) { switch (a) { default: return 1; case 2: return 2 } }', '(a) => 1', 1, 'STRUCTURAL'],
  ['function f(a) { switch (a) { case 1: return b; case 2: let b; return 2 } }', '(a) => 1', 1, 'STRUCTURAL'],
];

for (const [module, code, order, error] of REFUSED_ADDITIONS) {
  test(`${code} at ${JSON.stringify(order)} of ${module} is refused`, () => {
    const to = destination(module, 'f');
    const add = () => addClauseText(to, given(code, 'the new clause'), bindings(undefined), order as Order);
    assert.is(codeOf(add), error);
  });
}

const AREA = `export const log = [];
export function area(shape) {
  if (shape.kind === 'square') return shape.side ** 2;
  if (shape.kind === 'rectangle') {
    log.push('rectangle');
    return shape.w * shape.h;
  }
  throw new Error('unknown ' + shape.kind);
}
`;
const SHAPES = `const shapes = [{ kind: 'square', side: 2 }, { kind: 'rectangle', w: 2, h: 3 }, { kind: 'circle', r: 1 }];
const run = () => shapes.map((s) => { try { return Math.round(m.area(s)); } catch (e) { return e.message; } });
`;

const RUNNING: Record<string, Case> = {
  'listed with their source': [
    AREA,
    'return [clauses(m.area), clauses(at("area"))[2], await no(clauses), await no((async () => clauses(at("nope")))())]',
    [
      [
        { index: 0, source: "if (shape.kind === 'square') return shape.side ** 2;" },
        {
          index: 1,
          source:
            "if (shape.kind === 'rectangle') {\n    log.push('rectangle');\n    return shape.w * shape.h;\n  }",
        },
        { index: 2, source: "throw new Error('unknown ' + shape.kind);" },
      ],
      { index: 2, source: "throw new Error('unknown ' + shape.kind);" },
      'accepted',
      'MISSING area',
    ],
  ],
  'injected into one, into two and into all': [
    AREA,
    `${SHAPES}const out = []; const put = async (clauses, at) => { const { number } = await inject(m.area, '() => log.push(shape.kind)', { clauses, at }); const r = run(); out.push([number, r, m.log.splice(0)]); await rollback(M); };
await put([0]); await put([1, 2]); await put('all'); await put('all', 'end'); await put([1], 1); await put([]); out.push([run(), m.log.splice(0)]); return out`,
    (() => {
      const r = [4, 6, 'unknown circle'];
      const [s, t, c] = ['square', 'rectangle', 'circle'];
      return [
        [1, r, [s, t]],
        [2, r, [t, t, c]],
        [3, r, [s, t, t, c]],
        [4, r, [s, t, t, c]],
        [5, r, [t, t]],
        [0, r, [t]],
        [r, [t]],
      ];
    })(),
  ],
  'a refused one changes nothing': [
    AREA,
    `${SHAPES}const before = text(); const out = [await no(inject(m.area, () => 1, { clauses: [3] })), await no(inject(m.area, () => 1, { clauses: 'all', at: 2 })), await no(inject(m.area, (x) => 1, { clauses: 'all' })), await no(inject(m.area, () => before, { clauses: 'all' })), await no(addClause(m.area, () => 1, 0)), await no(addClause(m.area, (s) => before, 0)), await no(addClause(m.area, (s) => 1, 4)), await no(addClause(m.area, 'not a function', 0)), await no(addClause(m.area, (s) => 1)), await no(addClause(m.area, (s) => 1, 0, null))]; return [out, text() === before, history(M).length, run()]`,
    [
      [
        'MISSING',
        'MISSING',
        'ARITY',
        'OUT_OF_SCOPE before',
        'ARITY',
        'OUT_OF_SCOPE before',
        'MISSING',
        'SYNTAX',
        'MISSING',
        'SYNTAX',
      ],
      true,
      1,
      [4, 6, 'unknown circle'],
    ],
  ],
  'added first, and undone': [
    AREA,
    `${SHAPES}const before = run(); const v = await addClause(m.area, (thing) => { if (thing.kind === 'circle') return Math.PI * thing.r ** 2; }, 0); const after = run(); const listed = clauses(m.area).map((c) => c.source); await rollback(M); return [before, after, v.number, listed, run()]`,
    [
      [4, 6, 'unknown circle'],
      [4, 6, 3],
      1,
      [
        "if (shape.kind === 'circle') return Math.PI * shape.r ** 2;",
        "if (shape.kind === 'square') return shape.side ** 2;",
        "if (shape.kind === 'rectangle') {\n    log.push('rectangle');\n    return shape.w * shape.h;\n  }",
        "throw new Error('unknown ' + shape.kind);",
      ],
      [4, 6, 'unknown circle'],
    ],
  ],
  'added at each place': [
    'export function f(n) { if (n === 1) return "one"; if (n === 2) return "two"; }',
    `const out = []; for (const order of [0, 1, 2, 3, 'end']) { await addClause(m.f, (k) => { if (k > 1) return 'many'; }, order); out.push([1, 2, 3].map(m.f)); await rollback(M); } return out`,
    [
      ['one', 'many', 'many'],
      ['one', 'many', 'many'],
      ['one', 'two', 'many'],
      ['one', 'two', 'many'],
      ['one', 'two', 'many'],
    ],
  ],
  'added between cases': [
    'export function f(n) { switch (n) { case 1: return "one"; case 2: return "two"; default: return "other"; } }',
    `const out = []; for (const order of [1, 2, 3]) { await addClause(m.f, (k) => { if (k > 0) return 'many'; }, order); out.push([0, 1, 2, 3].map(m.f), clauses(m.f).length); await rollback(M); } return out`,
    [
      ['other', 'one', 'many', 'many'],
      4,
      ['other', 'one', 'two', 'many'],
      4,
      ['other', 'one', 'two', 'other'],
      3,
    ],
  ],
  // LibHotSwap's own suite: injection into {0, [0]} of one function and of two, clauses added once and twice, rollback.
  'as LibHotSwap: code injected into one function, and into two': [
    'export const log = [];\nexport const test = () => "ok";\nexport function alt() { return "okay"; }',
    `const out = []; const injected = '() => { log.push(1); }'; const look = () => out.push(m.test(), m.alt(), m.log.length);
look(); await inject(m.test, injected, { at: 0, clauses: [0] }); look(); await inject(m.alt, injected, { at: 0, clauses: [0] }); look(); await inject(m.test, injected, { at: 0, clauses: [0] }); look(); return out`,
    ['ok', 'okay', 0, 'ok', 'okay', 1, 'ok', 'okay', 3, 'ok', 'okay', 6],
  ],
  'as LibHotSwap: clauses added once, twice, and undone': [
    'export function test(_n) { return "ok"; }',
    `const out = []; const look = () => out.push([42, 24, 0].map((n) => m.test(n)));
const clause1 = function (n) { if (n === 42) return 24; }, clause2 = function (n) { if (n === 24) return 42; };
look(); await addClause(m.test, clause1, 0); look(); await addClause(m.test, clause2, 0); look(); await rollback(M, 1); look(); await addClause(m.test, clause2, 0); await rollback(M, 2); look(); return out`,
    [
      ['ok', 'ok', 'ok'],
      [24, 'ok', 'ok'],
      [24, 42, 'ok'],
      [24, 'ok', 'ok'],
      ['ok', 'ok', 'ok'],
    ],
  ],
  'as LibHotSwap: a wildcard first makes the others unreachable': [
    'export function test(n) { if (n) return "n"; return "ok"; }',
    `await addClause(m.test, () => 'any', 0).catch(() => 0); await addClause(m.test, (_) => 'any', 0); return [m.test(0), m.test(1), clauses(m.test).length]`,
    ['any', 'any', 1],
  ],
  'methods, accessors, static and private ones, constructors': [
    `export const log = [];
export class A { #n = 1; constructor(n) { if (n === 0) return; this.n = n; } m(k) { if (k) return this.#n; return 'rest'; } get x() { if (this.n) return 'x'; return 'none'; } set x(v) { if (v) { this.n = v; return } this.n = -1; } static s(k) { switch (k) { case 1: return 'one'; default: return 'other'; } } #p(k) { return k; } p(k) { return this.#p(k); } }
export class B extends A { constructor(n) { super(n); if (n > 5) throw new Error('big'); this.b = true; } }`,
    `const out = []; for (const p of ['A.prototype.constructor', 'A.prototype.m', 'A.prototype.get x', 'A.prototype.set x', 'A.s', 'A.prototype.#p', 'B.prototype.constructor']) { out.push(clauses(at(p)).length); await inject(at(p), '() => log.push("' + p.split('.').at(-1) + '")', { clauses: 'all' }); }
const b = new m.B(2); b.m(0); b.m(1); b.x; b.x = 0; b.x; m.A.s(1); m.A.s(2); b.p(1); try { new m.B(9) } catch (e) { out.push(e.message) }
out.push(m.log.splice(0).join());
await addClause(at('A.prototype.m'), function (q) { if (q === 7) return [this.n, q]; }, 0); await addClause(at('A.prototype.#p'), 'p(q) { if (q === 8) return this.#n + q; }', 0); await addClause(at('B.prototype.constructor'), '(q) => { if (q === 4) { this.four = true; return; } }', 0); await addClause(at('A.prototype.get x'), 'get x() { if (this.n === 3) return "three"; }', 0);
return [...out, b.m(7), b.p(8), new m.B(4).four, new m.B(4).b ?? 'no b', new m.B(3).x]`,
    [
      2,
      2,
      2,
      2,
      2,
      1,
      2,
      'big',
      'constructor,constructor,m,m,get x,set x,get x,s,s,#p,constructor,constructor',
      [-1, 7],
      9,
      true,
      'no b',
      'three',
    ],
  ],
  'async functions and generators': [
    `export const log = [];
export async function a(x) { if (await x === 1) return 'one'; return await x; }
export function* g(x) { if (x === 1) { yield 'one'; return 'done'; } yield x; }
export async function* h(x) { if (x) throw await x; yield x; }`,
    `await inject(m.a, 'async () => { log.push(await "a") }', { clauses: 'all', at: 'end' }); await inject(m.g, '() => log.push("g")', { clauses: [0], at: 1 }); await inject(m.h, async () => { await null; }, { clauses: 'all' });
const out = [await m.a(1), await m.a(2), [...m.g(1)], [...m.g(2)], (await m.h(0).next()).value, await m.h('h').next().catch((e) => e), m.log];
await addClause(m.a, async (y) => { if (await y === 3) return 'three'; }, 0); await addClause(m.a, (y) => { if (y === 4) return 'four'; }, 0); await addClause(m.g, function* (y) { if (y === 3) { yield 'three'; return; } }, 0);
return [...out, await m.a(3), await m.a(4), [...m.g(3)], [...m.g(4)]]`,
    ['one', 2, ['one'], [2], 0, 'h', ['a', 'a', 'g'], 'three', 'four', ['three'], [4]],
  ],
  'functions inside functions, with what they capture': [
    `export function make(base) { let calls = 0; const f = (n) => { calls++; if (n < 0) return 'negative'; return base + n; }; return [f, (n) => { if (n) return calls; return base; }]; }`,
    `const [f, g] = m.make(10); f(1); const v = await addClause(at('make > return[1]').replace('return[1]', functions(M).at(-1).path.split(' > ')[1]), '(k) => { if (k === 9) return [base, calls]; }', 0); await inject(at('make > f'), '() => { calls += 10; }', { clauses: [0] });
return [v.deferred ?? null, g(9), g(1), g(0), f(2), g(1), m.make(1)[1](9)]`,
    [null, [10, 1], 1, 10, 12, 12, [1, 0]],
  ],
  'bound values, in what is injected and in what is added': [
    'export function f(n) { if (n) return "n"; return "rest"; }',
    `const seen = new Set(); const v = await inject(m.f, () => { seen.add(1); }, { clauses: [0], bind: { seen } }); m.f(0); const a = seen.size; m.f(1);
const w = await addClause(m.f, (k) => { if (k === LIMIT) return [...seen, NAME]; }, 0, { bind: { LIMIT: 3, NAME: 'x', seen: [7] } }); const r = [v.persisted, a, seen.size, m.f(3), m.f(1), clauses(m.f).length]; await rollback(M, 2); return [...r, m.f(3)]`,
    [false, 0, 1, [7, 'x'], 'n', 1, 'n'],
  ],
  "source text may use the module's variables and the target's": [
    'const RATE = 2; let last;\nexport const seen = () => last;\nexport function f(n, { m } = {}) { if (n) return n; }',
    `await addClause(m.f, '(k, { m } = {}) => { last = k; if (m) return k * RATE + arguments.length; }', 'end'); return [m.f(1, { m: 1 }), m.seen() ?? null, m.f(0, { m: 1 }), m.seen(), m.f(0) ?? null]`,
    [1, null, 2, 0, null],
  ],
  'a clause calls the function that it goes into': [
    'export const fact = (n) => n;\nexport function f(n) { return n; }',
    `await addClause(m.f, function self(k) { if (k > 3) return self(k - 1) * 2; }, 0); await addClause(m.fact, 'function fact(n) { if (n > 1) return n * fact(n - 1) }', 0); return [m.f(5), m.fact(5), m.f.name, m.f.length]`,
    [12, 120, 'f', 1],
  ],
  'closures made in a clause stay what they are when another is put before it': [
    'export function f(n) { if (n === 1) return [1].map((x) => () => x + n)[0]; return [2].map((x) => () => x * n)[0]; }',
    `const one = m.f(1), many = m.f(5); const v = await addClause(m.f, (k) => { if (k === 0) return [3].map((x) => () => x - k)[0]; }, 0); await inject(m.f, () => { [4].map((x) => x); }, { clauses: 'all' });
const paths = functions(M).map((one) => one.path).filter((path) => path.endsWith('return')); await rewrite(at(paths[1]), '() => [x, n]'); return [v.deferred ?? null, one(), many(), m.f(0)(), m.f(1)(), m.f(5)(), await rollback(M, 3).then(() => [one(), many(), m.f(1)()])]`,
    [null, [1, 1], 10, 3, [1, 1], 10, [2, 10, 2]],
  ],
  'everyone who holds the function, and running calls': [
    AREA,
    `${SHAPES}const held = [m.area, m.area.bind(null)]; await addClause(m.area, (s) => { if (s.kind === 'circle') return 3; }, 'end'); await addClause(m.area, (s) => { if (s.kind === 'circle') return 4; }, 2); return [held.map((f) => f(shapes[2])), history(M).length]`,
    [[4, 4], 3],
  ],
};

const imported: Record<string, Case> = {};
for (const [name, [module, script, expected]] of Object.entries(RUNNING)) {
  imported[name] = [module, `const { addClause, clauses } = await import('hotswap');\n${script}`, expected];
}
cases(imported);

test.run();
