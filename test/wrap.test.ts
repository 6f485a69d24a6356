// The texts of replaced and wrapped functions as tables, the way back of each, and what the plan makes of them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bindings } from '../api/given/bind.ts';
import type { Destination } from '../api/given/check.ts';
import { given } from '../api/given/given.ts';
import { analyse } from '../api/plan/analysis.ts';
import { plan } from '../api/plan/plan.ts';
import { type How, replaceText, unwrapText, type Wrapper, wrapText } from '../api/text/wrap.ts';

function destination(
  module: string,
  path: string,
  bind: object = {},
  kept: Destination['kept'] = {},
): Destination {
  const analysis = analyse(module, 'm.js');
  const hot = analysis.functions.find((one) => one.path === path);
  if (hot === undefined) throw new Error(`no ${path} among ${analysis.functions.map((one) => one.path)}`);
  return { module: 'm.js', hot, analysis, bound: new Set(Object.keys(bind)), kept };
}

/** A value that no text can carry: a mock, say. */
const closure: Wrapper = { what: undefined, value: () => 1, bind: undefined };

const written = (fn: unknown, bind?: Record<string, unknown>): Wrapper => ({
  what: given(fn, 'the wrapper'),
  value: fn,
  bind: bind === undefined ? undefined : bindings(bind),
});

type Row = [module: string, path: string, after: string];

const REPLACED: Record<string, Row> = {
  'a declaration': [
    'export function f(a, b) { return a; } // c',
    'f',
    'export function f(a) { return replacement.apply(this, arguments); } // c',
  ],
  'an arrow': [
    'const f = async a => a;',
    'f',
    'const f = async (a, ...rest) => { return replacement(a, ...rest); };',
  ],
  'an arrow that has a this': [
    'class A { f = () => this; }',
    'A.prototype.f',
    'class A { f = (...rest) => { return replacement.call(this, ...rest); }; }',
  ],
  'parameters with patterns, defaults and rest': [
    'function f({ a }, b = g(), ...c) {}',
    'f',
    'function f(arg) { return replacement.apply(this, arguments); }',
  ],
  'an async function': [
    'async function f() {}',
    'f',
    'async function f(arg) { return replacement.apply(this, arguments); }',
  ],
  'a generator': [
    'function* f(a) {}',
    'f',
    'function* f(a) { return yield* replacement.apply(this, arguments); }',
  ],
  'an async generator': [
    'const o = { async *[k](a) {} };',
    'o[k]',
    'const o = { async *[k](a) { return yield* await replacement.apply(this, arguments); } };',
  ],
  'a getter': [
    'class A { get x() { return 1; } }',
    'A.prototype.get x',
    'class A { get x() { return replacement.apply(this, arguments); } }',
  ],
  'a setter with a pattern': [
    'class A { set x({ y }) {} }',
    'A.prototype.set x',
    'class A { set x(arg) { return replacement.apply(this, arguments); } }',
  ],
  'a derived constructor': [
    'class A extends B { constructor(a, b) { super(b); this.a = a; } }',
    'A.prototype.constructor',
    'class A extends B { constructor(a, b) { super(b); return replacement.apply(this, arguments); } }',
  ],
  'a method with super': [
    'const o = { f(a) { super.f(); } };',
    'o.f',
    'const o = { f(a) { return replacement.apply(this, arguments); } };',
  ],
  'names that are taken': [
    'import { replacement } from "x"; const f = (rest) => rest;',
    'f',
    'import { replacement } from "x"; const f = (rest, ...rest2) => { return replacement2(rest, ...rest2); };',
  ],
};

for (const [name, [module, path, after]] of Object.entries(REPLACED)) {
  test(`replace: ${name}`, () => {
    const to = destination(module, path);
    const { source, values } = replaceText(to, Math.max, 1);
    assert.is(source, after);
    assert.is(Object.values(values)[0], Math.max);
    analyse(source, 'the result');
  });
}

/** Around each a closure goes, and is taken away again: every letter is then where it was. */
const WRAPPED: Record<string, Row> = {
  'a declaration': [
    'export function f(a, b) {\n  return a + b;\n}\n',
    'f',
    'export function f(a, b) { const next = (a, b) => {\n  return a + b;\n}; return mock.call(this, next, ...arguments); }\n',
  ],
  'a concise arrow': [
    'const f = a => ({ a });',
    'f',
    'const f = (a, ...rest) => { const next = a => ({ a }); return mock(next, a, ...rest); };',
  ],
  'an async arrow that has a this': [
    'function g() { return async () => await this; }',
    'g > return',
    'function g() { return async (...rest) => { const next = async () => await this; return mock.call(this, next, ...rest); }; }',
  ],
  'arguments and this': [
    'function f(a) { return [this, arguments]; }',
    'f',
    'function f(a) { const next = function (a) { return [this, arguments]; }; return mock.call(this, next.bind(this), ...arguments); }',
  ],
  'patterns and defaults go with the code': [
    'function f({ a }, b = a, ...c) { return b; }',
    'f',
    'function f(arg) { const next = ({ a }, b = a, ...c) => { return b; }; return mock.call(this, next, ...arguments); }',
  ],
  'a default that an arrow would not be hot with': [
    'function f(a = b) { var b = 1; return a; }',
    'f',
    'function f() { const next = function (a = b) { var b = 1; return a; }; return mock.call(this, next, ...arguments); }',
  ],
  'an async generator method with a computed key': [
    'const o = { async *[k /* ( */] ( a ) /* c */ { yield a; } };',
    'o[k]',
    'const o = { async *[k /* ( */] ( a ) { const next = async function* ( a ) /* c */ { yield a; }; return yield* await mock.call(this, next, ...arguments); } };',
  ],
  'super and new.target': [
    'class A extends B { f(a) { return super.f(a, new.target); } }',
    'A.prototype.f',
    'class A extends B { f(a, ...rest) { const next = (a) => { return super.f(a, new.target); }; return mock.call(this, next, a, ...rest); } }',
  ],
  'a derived constructor': [
    'class A extends B {\n  constructor({ a }) {\n    super(a);\n    this.a = a;\n  }\n}',
    'A.prototype.constructor',
    'class A extends B {\n  constructor({ a }) {\n    super(a); const next = ({ a }) => {\n    this.a = a;\n  }; return mock.call(this, next, ...arguments); }\n}',
  ],
  'a derived constructor with super further on': [
    'class A extends B { constructor(a) { super(a); super.b(a); } }',
    'A.prototype.constructor',
    'class A extends B { constructor(a, ...rest) { super(a); const next = (a) => { super.b(a); }; return mock.call(this, next, a, ...rest); } }',
  ],
  'a getter and a setter': [
    'class A { static get x() { return 1; } }',
    'A.get x',
    'class A { static get x() { const next = () => { return 1; }; return mock.call(this, next, ...arguments); } }',
  ],
  'a setter with a default': [
    'class A { set x(v = 1) { y = v; } } let y;',
    'A.prototype.set x',
    'class A { set x(arg) { const next = (v = 1) => { y = v; }; return mock.call(this, next, ...arguments); } } let y;',
  ],
  'names that are taken': [
    'function f(rest, next) { return next(mock); } let mock;',
    'f',
    'function f(rest, next) { const next2 = (rest, next) => { return next(mock); }; return mock2.call(this, next2, ...arguments); } let mock;',
  ],
  'directives, labels and comments': [
    'function f() { "use strict"; a: for (;;) break a; /* end */ }',
    'f',
    'function f() { const next = () => { "use strict"; a: for (;;) break a; /* end */ }; return mock.call(this, next, ...arguments); }',
  ],
};

for (const [name, [module, path, after]] of Object.entries(WRAPPED)) {
  test(`wrap: ${name}`, () => {
    const { source, values } = wrapText(destination(module, path), closure, 'around', 'mock');
    assert.is(source, after);
    const { analysis, hot } = destination(source, path);
    assert.is(unwrapText(analysis, hot, Object.keys(values)[0] as string), module);
  });

  test(`wrap twice, and take the inner one out, then the other: ${name}`, () => {
    const once = wrapText(destination(module, path), closure, 'around', 'mock');
    const [inner] = Object.keys(once.values) as [string];
    const twice = wrapText(destination(once.source, path, {}, once.values), closure, 'around', 'mock');
    const outer = Object.keys(twice.values).find((one) => one !== inner) as string;
    const both = destination(twice.source, path);
    const left = unwrapText(both.analysis, both.hot, inner);
    const one = destination(left, path);
    // A shell that hands on what it takes may need other parameters; the code inside is the same.
    const back = unwrapText(one.analysis, one.hot, outer);
    assert.is(back, module);
    assert.is(unwrapText(both.analysis, both.hot, outer), once.source);
  });
}

type Written = [
  how: How,
  fn: unknown,
  bind: Record<string, unknown> | undefined,
  module: string,
  after: string,
];

const HOWS: Record<string, Written> = {
  'around: a function that stands alone': [
    'around',
    (next: (x: number) => number, x: number) => Math.round(next(x)),
    undefined,
    'function f(a) { return a; }',
    'function f(a) { const next = (a) => { return a; }; const around = (next, x) => Math.round(next(x)); return around(next, ...arguments); }',
  ],
  'around: source text with names of the module': [
    'around',
    'function (next, x) { return this.k + next(x) + a + next2; }',
    undefined,
    'let next2; function f(a) { return a; }',
    'let next2; function f(a2) { const next = (a) => { return a; }; const around = function (next, x) { return this.k + next(x) + a + next2; }; return around.call(this, next, ...arguments); }',
  ],
  'around: constants': [
    'around',
    '(next, x) => next(x) * RATE',
    { RATE: 2 },
    'const f = (a) => a;',
    'const f = (a, ...rest) => { const next = (a) => a; const around = (next, x) => { const RATE = 2; return next(x) * RATE; }; return around(next, a, ...rest); };',
  ],
  'around: values whose names the old code uses': [
    'around',
    '(next, x) => next(x) + seen({ seen })',
    { seen: Math.max },
    'let seen; const f = (a) => seen;',
    'let seen; const f = (a, ...rest) => { const next = (a) => seen; const around = (next, x) => next(x) + seen2({ seen: seen2 }); return around(next, a, ...rest); };',
  ],
  'before: a method': [
    'before',
    'log(a) { console.log(a); }',
    undefined,
    'function f(a) { return a; }',
    'function f(a) { const next = (a) => { return a; }; const before = function (a) { console.log(a); }; before.call(this, ...arguments); return next(...arguments); }',
  ],
  'after: an async function': [
    'after',
    '(r) => console.log(r)',
    undefined,
    'async function f(result) { return 1; }',
    'async function f(result) { const next = async (result) => { return 1; }; const after = (r) => console.log(r); const result2 = await next(...arguments); after(result2, ...arguments); return result2; }',
  ],
  'after: any other': [
    'after',
    '(r) => console.log(r)',
    undefined,
    'const f = () => 1;',
    'const f = (...rest) => { const next = () => 1; const after = (r) => console.log(r); const done = (result) => { after(result, ...rest); return result; }; const result = next(...rest); return result instanceof Promise ? result.then(done) : done(result); };',
  ],
  'onError: a generator': [
    'onError',
    '(error) => { throw error; }',
    undefined,
    'function* f() { yield this; }',
    'function* f() { const next = function* () { yield this; }; const onError = (error) => { throw error; }; try { return yield* next.call(this, ...arguments); } catch (error) { return onError(error, ...arguments); } }',
  ],
  'onError: any other': [
    'onError',
    '(error) => 0',
    undefined,
    'function f() { throw 1; }',
    'function f() { const next = () => { throw 1; }; const onError = (error) => 0; const failed = (error) => onError(error, ...arguments); try { const result = next(...arguments); return result instanceof Promise ? result.catch(failed) : result; } catch (error) { return failed(error); } }',
  ],
};

for (const [name, [how, fn, bind, module, after]] of Object.entries(HOWS)) {
  test(name, () => {
    const { source } = wrapText(destination(module, 'f', bind), written(fn, bind), how);
    assert.is(source, after);
    analyse(source, 'the result');
  });
}

test('a function value that uses anything from where it was written is bound', () => {
  const seen: unknown[] = [];
  const wrapper = written((next: () => unknown) => seen.push(next()));
  const { source, values } = wrapText(destination('const f = () => 1;', 'f'), wrapper, 'around');
  assert.is(source, 'const f = (...rest) => { const next = () => 1; return around(next, ...rest); };');
  assert.is(values.around, wrapper.value);
});

test('so is one that uses a global which the module hides', () => {
  const wrapper = written((next: () => number) => Math.round(next()));
  const { values } = wrapText(destination('let Math; const f = () => 1;', 'f'), wrapper, 'around');
  assert.is(values.around, wrapper.value);
});

test('what no function inside could do is refused', () => {
  for (const [module, path] of [
    ['const o = { *f() { yield super.x; } };', 'o.f'],
    ['function f() { return [new.target, arguments]; }', 'f'],
  ] as const) {
    assert.throws(
      () => wrapText(destination(module, path), closure, 'around'),
      (error: { code?: string }) => error.code === 'ERR_HOTSWAP_STRUCTURAL',
    );
  }
});

test('a wrapper that something was put beside hands its calls to next', () => {
  const source =
    'function f(a) { log(); const next = (a) => a; const result = mock.call(this, next, ...arguments); return result; }';
  const { analysis, hot } = destination(source, 'f');
  assert.is(
    unwrapText(analysis, hot, 'mock'),
    'function f(a) { log(); const next = (a) => a; const result = next(...arguments); return result; }',
  );
});

test('the functions inside are the same ones, there and back', () => {
  const module =
    'class P extends Q { constructor(on) { super(() => 0); on(() => 1, () => () => 2); } } function f(on) { on(() => 1); }';
  for (const [path, inside] of [
    ['f', { 'on()[0]': 'next > on()[0]' }],
    [
      'P.prototype.constructor',
      {
        'on()[0]': 'next > on()[0]',
        'on()[1]': 'next > on()[1]',
        'on()[1] > return': 'next > on()[1] > return',
      },
    ],
  ] as const) {
    const { source } = wrapText(destination(module, path), closure, 'around', 'mock');
    const [before, after] = [analyse(module, 'm.js'), analyse(source, 'm.js')];
    const moves = Object.entries(inside).map(([from, to]) => [`${path} > ${from}`, `${path} > ${to}`]);
    const next = `${path} > next`;
    const there = plan(before, after);
    assert.equal(
      there.replaced.map((one) => one.path),
      [path],
    );
    assert.equal(there.moves, [...moves, [undefined, next]]);
    const back = plan(after, before);
    assert.equal(
      back.replaced.map((one) => one.path),
      [path],
    );
    assert.equal(back.moves, [...moves.map(([from, to]) => [to, from]), [next, undefined]]);
  }
});

test.run();
