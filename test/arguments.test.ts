// What a call is given: whatever it is, a refusal is a HotswapError that says what it got, and nothing has changed.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

const M = `export function f(a) { return 1; }
export const g = (a) => 1;
`;

test('no value makes a call fail otherwise than by a HotswapError', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import * as api from 'hotswap'; import * as m from './m.js';
const revoked = (of) => { const { proxy, revoke } = Proxy.revocable(of, {}); revoke(); return proxy; };
const values = { revokedObject: revoked({}), revokedFunction: revoked(function () {}), revokedArray: revoked([]), tag: { get [Symbol.toStringTag]() { throw new Error('asked'); } },
  toString: { toString() { throw new Error('asked'); } }, name: Object.defineProperty(() => 1, 'name', { get() { throw new Error('asked'); } }), bigint: 5n, symbol: Symbol('s'), null: null, undefined,
  NaN, array: [], class: class {}, empty: Object.create(null), bound: m.f.bind(1), date: new Date(NaN), text: '', hash: '#', url: new URL('file:///x'), regexp: /x/ };
const calls = Object.keys(api).filter((name) => /^[a-z]/.test(name) && !['stop', 'start', 'purge', 'reapply', 'status', 'modules'].includes(name));
const wrong = [], before = [api.code('./m.js'), api.history('./m.js').length];
for (const [what, v] of Object.entries(values)) {
  const forms = [[v], ['./m.js', v], ['./m.js#f', v], ['./m.js#f', () => 1, v], [m.f, () => {}, v], ['swap', v], ['./m.js', 0, v], ['./m.js#f', (a) => {}, 0, v],
    ['./m.js#f', () => {}, { bind: v }], ['./m.js#f', () => {}, { at: v }], ['./m.js#f', () => {}, { clauses: v }], [{ module: v, path: 'f' }], [{ module: './m.js', path: v }]];
  for (const call of calls) for (const form of forms) {
    try {
      const result = await api.plan(() => api[call](...form)).catch((error) => { if (!(error instanceof api.HotswapError)) throw error; });
      await api.reset('./m.js');
    } catch (error) { wrong.push(call + ' ' + forms.indexOf(form) + ' ' + what + ': ' + error.stack); }
  }
}
for (const [call, ...args] of [['restore', './m.js', 5n], ['restore', './m.js', Symbol('s')], ['rollback', './m.js', revoked([])], ['on', 5n, () => {}], ['transaction', class {}], ['transaction', revoked(() => {})]])
  try { await api[call](...args); wrong.push(call + ' was done'); } catch (error) { if (!(error instanceof api.HotswapError)) wrong.push(call + ': ' + error.stack); }
console.log(JSON.stringify({ wrong, calls: calls.length > 20, same: api.code('./m.js') === before[0] }));`,
  });
  assert.equal(await made.json(), { wrong: [], calls: true, same: true });
  made.remove();
});

test('a target of many # is found or refused in the time that its length takes', async () => {
  const made = program({
    'm.js': M,
    'a#b/c#d.js': M,
    'app.js': `import { rewrite } from 'hotswap'; import * as m from './m.js'; import { f } from './a%23b/c%23d.js';
const refused = [];
for (const target of ['#'.repeat(20000) + 'x', './m.js' + '#'.repeat(20000) + 'f', './c#d#'.repeat(20000) + 'f']) await rewrite(target, () => 2).catch(({ code }) => refused.push(code));
await rewrite('./a#b/c#d.js#f', () => 2); const first = f();
await rewrite(new URL('./a%23b/c%23d.js#f', import.meta.url).href, () => 3);
console.log(JSON.stringify([refused, first, f(), m.f()]));`,
  });
  const refused = ['ERR_HOTSWAP_NOT_HOT', 'ERR_HOTSWAP_MISSING', 'ERR_HOTSWAP_NOT_HOT'];
  assert.equal(await made.json(), [refused, 2, 3, 1]);
  made.remove();
});

test('an expression with commas is one export', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import { addExport, exports, rollback } from 'hotswap'; import './m.js';
await addExport('./m.js#s', '(1, 2)'); await addExport('./m.js#t', '1, 3'); await addExport('./m.js#u', '((a) => (a, 4))');
const error = await addExport('./m.js#v', '(1, z = 2)').catch(({ code }) => code);
const { s, t, u } = await import('./m.js?hotswap=3');
console.log(JSON.stringify([s, t, u(1), error, exports('./m.js').map(({ name }) => name)]));`,
  });
  assert.equal(await made.json(), [2, 3, 4, 'ERR_HOTSWAP_STRUCTURAL', ['f', 'g', 's', 't', 'u']]);
  made.remove();
});

test('what could not be swapped in turn is refused, by an edit and by a save, and says why', async () => {
  const made = program({
    'm.js': M,
    'app.js': `import { reload, rewrite } from 'hotswap'; import { f, g } from './m.js'; import { writeFileSync } from 'node:fs';
const said = ({ code, path, line, message }) => [code, path, line, /"use asm"|its own parameter/.exec(message)?.[0]];
const seen = [await rewrite(f, 'function f(a) { "use asm"; return 2; }').catch(said)];
writeFileSync('m.js', 'export function f(a) { return 2; }\\n\\nexport const g = (a, b = b) => 2;'); seen.push(await reload('./m.js').catch(said), [f(), g()]);
writeFileSync('m.js', 'export function f(a) { return 3; }\\nexport const g = (a, b = 1) => 3;'); await reload('./m.js');
console.log(JSON.stringify([...seen, [f(), g()]]));`,
  });
  assert.equal(await made.json(), [
    ['ERR_HOTSWAP_STRUCTURAL', 'f', 1, '"use asm"'],
    ['ERR_HOTSWAP_STRUCTURAL', 'g', 3, 'its own parameter'],
    [1, 1],
    [3, 3],
  ]);
  made.remove();
});

test('a module with a list of very many items is edited like any other', async () => {
  const made = program({
    'm.js': `export const all = [${'0,'.repeat(300_000)}];\nexport const f = () => all.length;`,
    'app.js': `import { rewrite } from 'hotswap'; import { f } from './m.js';
await rewrite(f, '() => [all.length]'); console.log(JSON.stringify(f()));`,
  });
  assert.equal(await made.json(), [300_000]);
  made.remove();
});

test.run();
