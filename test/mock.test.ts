// Mocks: what they record, how they go, and in the test runners that people have, each as a process of its own.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

const MOCKS: Record<string, Case> = {
  'calls: this, arguments, result and error, in the order in which they began': [
    'export function f(a) { if (a === "bad") throw new Error(a); return this ? this.k + a : a; }',
    `const { f } = m; const mocked = await mock(f); f(1, 2); f.call({ k: 1 }, 2); try { f('bad'); } catch {}
     return mocked.calls.map((one) => [one.this ?? null, one.arguments, one.result ?? null, one.error?.message ?? null])`,
    [
      [null, [1, 2], 1, null],
      [{ k: 1 }, [2], 3, null],
      [null, ['bad'], null, 'bad'],
    ],
  ],
  'with what it is to do, closure and all; an unpersisted version': [
    'export const f = (a) => a; export const g = (a) => f(a) + 1;',
    `let k = 10; const mocked = await mock(m.f, (a) => a * k); const out = [m.g(2)]; k = 100; out.push(m.g(2), mocked.calls.length, version(M).persisted);
     mocked.restore(); return [...out, m.g(2), version(M).number, mocked.calls.length]`,
    [21, 201, 2, false, 3, 0, 2],
  ],
  'live and gone again at once, without a promise': [
    'export function f() { return "f"; }',
    `const mocked = mock(m.f, () => 'mock'); const out = [m.f()]; mocked.restore(); out.push(m.f()); mocked.restore(); await mocked.restore(); out.push(m.f());
     { const again = mock(m.f, () => 'again'); out.push(m.f()); again[Symbol.dispose](); } out.push(m.f());
     { const awaited = await mock(m.f, () => 'awaited'); out.push(m.f(), 'then' in awaited); await awaited[Symbol.asyncDispose](); } return [...out, m.f(), mocked.calls.length]`,
    ['mock', 'f', 'f', 'again', 'f', 'awaited', false, 'f', 1],
  ],
  'after edits that were asked for before': [
    'export function f() { return "f"; }',
    `const edit = rewrite(m.f, () => 'new'); const mocked = mock(m.f); const gone = mocked.restore(); const out = [m.f()]; await edit; await mocked; await gone;
     return [...out, m.f(), text(), mocked.calls.length]`,
    ['f', 'new', `export function f() { return 'new'; }`, 0],
  ],
  'restore leaves what came after, of other functions and of this one': [
    'export function f(a) { return a; } export function g() { return "g"; }',
    `const mocked = await mock(m.f, () => 'mock'); await rewrite(m.g, () => 'new'); let n = 0; await around(m.f, (next, a) => [n++, next(a)]);
     const out = [m.f(1), m.g()]; mocked.restore(); return [...out, m.f(1), m.g(), mocked.calls.length, functions(M).map((one) => one.path)]`,
    [[0, 'mock'], 'new', [1, 1], 'new', 1, ['f', 'f > next2', 'g']],
  ],
  'restore of one whose shell was edited': [
    'export const log = []; export function f(a) { return a; }',
    `const mocked = await mock(m.f, () => 'mock'); await inject(m.f, '() => { log.push(a); }', { at: 'end' }); const out = [m.f(1)]; mocked.restore(); return [...out, m.f(2), m.log]`,
    ['mock', 2, [1, 2]],
  ],
  'restore of one that is gone': [
    'export function f() { return "f"; }',
    `const one = await mock(m.f); await rewrite(m.f, () => 'new'); one.restore(); const out = [m.f(), version(M).number];
     const two = await mock(m.f, () => 'mock'); await rollback(M); two.restore(); out.push(m.f(), version(M).number); await restore(M, 3); out.push(m.f()); two.restore(); return [...out, m.f()]`,
    ['new', 2, 'new', 2, 'mock', 'new'],
  ],
  'two, restored in the order in which they came': [
    'export function f() { return "f"; }',
    `const one = await mock(m.f, () => 'one'), two = await mock(m.f, () => 'two'); const out = [m.f()]; one.restore(); out.push(m.f()); two.restore();
     return [...out, m.f(), version(M).number, one.calls.length, two.calls.length, text()]`,
    ['two', 'two', 'f', 0, 0, 2, 'export function f() { return "f"; }'],
  ],
  'of two functions, restored in the order in which they came': [
    'export const f = () => "f"; export const g = () => "g";',
    `const one = await mock(m.f, () => 1), two = await mock(m.g, () => 2); one.restore(); const out = [m.f(), m.g(), version(M).persisted]; two.restore(); return [...out, m.g(), version(M).number]`,
    ['f', 2, false, 'g', 0],
  ],
  'a version with a mock that is made live again': [
    'export function f() { return "f"; }',
    `const mocked = await mock(m.f, () => 'mock'); mocked.restore(); await restore(M, 1); const out = [m.f(), mocked.calls.length]; mocked.restore(); return [...out, m.f()]`,
    ['mock', 1, 'f'],
  ],
  'inside a factory: every closure, and edits inside stay': [
    `export const handlers = []; export function plugin(on) { let n = 0; on(() => ++n); return n; } plugin((one) => handlers.push(one));`,
    `const [handler] = m.handlers; handler(); const mocked = await mock(m.plugin, () => 'mock'); await rewrite(handler, '() => (n += 10)'); const out = [handler(), m.plugin()]; mocked.restore();
     const deep = await mock(handler, () => 'deep'); out.push(handler(), m.plugin((one) => handler === one || out.push(one()))); deep.restore(); return [...out, handler(), code(m.plugin)]`,
    [11, 'mock', 'deep', 'deep', 0, 21, 'function plugin(on) { let n = 0; on(() => (n += 10)); return n; }'],
  ],
  'methods, constructors, getters, async functions and generators': [
    `export class A { constructor(a) { this.a = a; } m(b) { return this.a + b; } get x() { return this.a; } async later() { return this.a; } *all() { yield this.a; } }
     export class B extends A { constructor(a) { super(a); this.b = a; } m(b) { return super.m(b) * 10; } }`,
    `const mocks = []; for (const path of ['A.prototype.constructor', 'A.prototype.m', 'A.prototype.get x', 'A.prototype.later', 'A.prototype.all', 'B.prototype.constructor', 'B.prototype.m']) mocks.push(mock(at(path)));
     const b = new m.B(2); const out = [b.m(1), b.x, await b.later(), [...b.all()], b.b, mocks.map((one) => one.calls.length), mocks[1].calls[0].this === b, mocks[3].calls[0].result instanceof Promise];
     for (const one of mocks) one.restore(); return [...out, new m.B(1).m(1), mocks[0].calls.length, version(M).number]`,
    [30, 2, 2, [2], 2, [1, 1, 1, 1, 1, 1, 1], true, true, 20, 1, 0],
  ],
  'in a transaction and in a plan': [
    'export function f() { return "f"; }',
    `let mocked; await transaction(async () => { mocked = await mock(m.f, () => 'mock'); }); const out = [m.f()]; await transaction(() => mocked.restore()); out.push(m.f());
     await plan(() => { mocked = mock(m.f, () => 'never'); }); mocked.restore(); return [...out, m.f(), history(M).length]`,
    ['mock', 'f', 'f', 2],
  ],
  'during a transaction of others, after it': [
    'export function f() { return "f"; } export function g() { return "g"; }',
    `const mocked = await mock(m.f, () => 'mock'); let go; const open = new Promise((resolve) => (go = resolve)); let begun; const started = new Promise((resolve) => (begun = resolve));
     const other = transaction(async () => { await rewrite(m.g, () => 'new'); begun(); await open; }); await started; const gone = mocked.restore(); const out = [m.f()]; go(); await other; await gone; return [...out, m.f(), m.g()]`,
    ['mock', 'f', 'new'],
  ],
  'what is refused': [
    'export function f() { return "f"; } export class A {}',
    `return [await no(mock(m.f, 5)), await no(mock(m.f, class {})), await no(mock(m.f, m.f)), await no(mock(m.A)), await no(mock('./nowhere.js#f')), m.f()]`,
    ['NO_SOURCE', 'SYNTAX', 'BAD_TARGET', 'BAD_TARGET', 'NOT_HOT', 'f'],
  ],
};

cases(MOCKS);

/** A program under test, whose modules know each other; a test of it mocks the innermost. */
const SHOP = {
  'payments.js': 'export async function charge(amount) { throw new Error("the network, in a test"); }\n',
  'clock.js': 'export class Clock { now() { return Date.now(); } }\nexport default new Clock();\n',
  'shop.js': `import { charge } from './payments.js';
import clock from './clock.js';
const pay = charge;
export async function checkout(cart) {
  const { ok } = await pay(cart.total);
  return ok ? { at: clock.now() } : 'refused';
}
`,
};

const BODY = `
  const charged = await mock(charge, async () => ({ ok: true }));
  const clock = await mock(Clock.prototype.now, () => 5);
  assert.deepEqual(await checkout({ total: 30 }), { at: 5 });
  assert.deepEqual(charged.calls[0].arguments, [30]);
  charged.restore();
  clock.restore();
  await assert.rejects(checkout({ total: 30 }), /the network/);
`;

const HEAD = `import assert from 'node:assert';
import { mock } from 'hotswap';
import { charge } from './payments.js';
import { Clock } from './clock.js';
import { checkout } from './shop.js';
`;

test('in node:test, with its own mocks as well', async () => {
  const app = program({
    ...SHOP,
    'shop.test.js': `${HEAD}import { test, mock as nodeMock } from 'node:test';
test('checkout', async () => {${BODY}});
test('one of its own', async (t) => {
  const fn = t.mock.fn(async () => ({ ok: false }));
  const charged = await mock(charge, fn);
  assert.equal(await checkout({ total: 1 }), 'refused');
  assert.equal(fn.mock.callCount(), 1);
  t.after(() => charged.restore());
});
test('restored', () => assert.rejects(checkout({ total: 30 }), /the network/));
`,
  });
  try {
    const { stdout, code } = await app.run({ flags: ['--test'], entry: 'shop.test.js' });
    assert.match(stdout, /(?:^|\n)\S+ pass 3/, stdout);
    assert.is(code, 0, stdout);
  } finally {
    app.remove();
  }
});

test('in uvu', async () => {
  const app = program(
    {
      ...SHOP,
      'tests/shop.js': `${HEAD.replaceAll("'./", "'../")}import { suite } from 'uvu';
const it = suite('shop');
it('checkout', async () => {${BODY}});
it('restored', () => assert.rejects(checkout({ total: 30 }), /the network/));
it.run();
const hooked = suite('hooked');
let charged;
hooked.before.each(() => { charged = mock(charge, () => ({ ok: false })); });
hooked.after.each(() => charged.restore());
for (const name of ['one', 'two']) {
  hooked(name, async () => { assert.equal(await checkout({ total: 1 }), 'refused'); assert.equal(charged.calls.length, 1); });
}
hooked.run();
`,
    },
    ['uvu'],
  );
  try {
    const { stdout, stderr, code } = await app.run({ entry: 'node_modules/uvu/bin.js', flags: [] });
    assert.is(code, 0, stdout + stderr);
    assert.match(stdout, /Passed:\s+4/);
  } finally {
    app.remove();
  }
});

test('with using, where Node has it, and at the next start nothing is left', async () => {
  const app = program({
    ...SHOP,
    'app.js': `${HEAD}import { history, version } from 'hotswap';
let text = 'skipped';
try { new Function('{ using a = null; }'); text = 'using'; } catch {}
if (text === 'using') await (await import('./using.js')).default();
console.log(JSON.stringify([text, version('./payments.js').number, await checkout({ total: 1 }).catch((error) => error.message)]));
`,
    'using.js': `${HEAD}export default async function () {
  {
    using charged = await mock(charge, () => ({ ok: true }));
    using clock = mock(Clock.prototype.now, () => 5);
    assert.deepEqual(await checkout({ total: 30 }), { at: 5 });
  }
  await assert.rejects(checkout({ total: 30 }), /the network/);
  {
    await using charged = mock(charge, () => ({ ok: false }));
    assert.equal(await checkout({ total: 30 }), 'refused');
  }
}
`,
  });
  try {
    for (let start = 0; start < 2; start++) {
      const { stdout, stderr, code } = await app.run();
      assert.is(code, 0, stderr);
      const [how, number, message] = JSON.parse(stdout) as unknown[];
      assert.is(how, Number(process.versions.node.split('.')[0]) >= 24 ? 'using' : 'skipped');
      assert.is(number, 0);
      assert.is(message, 'the network, in a test');
      assert.is(stderr, '');
    }
  } finally {
    app.remove();
  }
});

test('wrappers that are persisted are there at the next start, and nothing else is', async () => {
  const app = program({
    'm.js':
      'export const log = [];\nexport function plugin(on) { let n = 0; on(() => ++n); }\nexport function f(a) { return a; }\n',
    'first.js': `import * as m from './m.js';
import { around, before, mock, replace } from 'hotswap';
await around(m.plugin, (next, on) => next((one) => on(() => one() * 10)));
await before(m.f, '(a) => log.push(a)');
let k = 1;
await replace(m.f, () => k);
await mock(m.f);
console.log(JSON.stringify(m.f(1)));
`,
    'second.js': `import * as m from './m.js';
import { code, functions, rewrite, rollback, version } from 'hotswap';
const handlers = [];
m.plugin((one) => handlers.push(one));
const out = [version('./m.js').number, m.f(5), m.log, handlers[0]()];
await rewrite('./m.js#plugin > next > on()[0]', '() => (n += 5)');
out.push(handlers[0]());
await rollback('./m.js', 3);
out.push(handlers[0](), m.f(6), m.log, version('./m.js').number);
console.log(JSON.stringify(out));
`,
  });
  try {
    assert.is(await app.json<unknown>({ entry: 'first.js' }), 1);
    assert.equal(await app.json<unknown>({ entry: 'second.js' }), [2, 5, [5], 10, 60, 70, 6, [5], 0]);
  } finally {
    app.remove();
  }
});

test.run();
