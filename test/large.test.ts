// Large modules and large saves: what is done in pieces, and with many functions at once, comes to the same.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

/** A module of many functions; what they do and where they say that they stand. */
const MANY = `const many = (n, v, gap = '\\n') => 'let calls = 0;' + gap + Array.from({ length: n }, (_, i) =>
  \`export function f\${i}(a) { calls++; const inner = (b) => [a, b, \${v}]; if (a === 'line') return new Error().stack.split('\\\\n')[1]; return inner(\${i}); }\`).join(gap) + gap + 'export const count = () => calls;' + gap;
const lineOf = (frame) => Number(/:(\\d+):\\d+\\)?$/.exec(frame)[1]);`;

for (const [what, gap, lines] of [
  ['a line each', "'\\n'", '[2, 102, 301]'],
  ['all on one line', "' '", '[1, 1, 1]'],
  ['some lines apart, CR LF', "'\\r\\n\\r\\n'", '[3, 203, 601]'],
] as const)
  test(`a save of 300 changed functions, ${what}: all run the new code, with its lines and their state`, async () => {
    const made = program({
      'app.js': `import { writeFileSync } from 'node:fs'; import { reload, rollback } from 'hotswap'; ${MANY}
writeFileSync('m.js', many(300, 1, ${gap})); const m = await import('./m.js'); const held = [m.f0, m.f100, m.f299], inner = m.f7(3);
writeFileSync('m.js', many(300, 2, ${gap})); const v = await reload('./m.js');
const all = Array.from({ length: 300 }, (_, i) => m['f' + i](5).join()).every((one, i) => one === '5,' + i + ',2');
const seen = [all, held.map((f) => lineOf(f('line'))), held.map((f) => f(1)[2]), m.count()];
await rollback('./m.js'); seen.push(held.map((f) => f(1)[2]), m.count()); console.log(JSON.stringify(seen));`,
    });
    assert.equal(await made.json(), [true, JSON.parse(lines), [2, 2, 2], 307, [1, 1, 1], 310]);
    made.remove();
  });

test('a save of many changed functions of which one is refused changes nothing', async () => {
  const made = program({
    'app.js': `import { writeFileSync } from 'node:fs'; import { reload } from 'hotswap'; ${MANY}
const text = (v, odd) => many(50, v) + odd; writeFileSync('m.js', text(1, 'export function g() { return 1; }')); const m = await import('./m.js');
writeFileSync('m.js', text(2, 'export function g() { const hs$q = 2; return hs$q; }')); const error = await reload('./m.js').catch(({ code, path }) => [code, path]);
const seen = [error, m.f1(1)[2], m.f49(1)[2]];
writeFileSync('m.js', text(3, 'export function g() { return 3; }')); await reload('./m.js');
console.log(JSON.stringify([...seen, m.f1(1)[2], m.f49(1)[2], m.g()]));`,
  });
  const [error, ...values] = await made.json<[unknown, ...unknown[]]>();
  assert.equal(error, ['ERR_HOTSWAP_SYNTAX', 'g']);
  assert.equal(values, [1, 1, 3, 3, 3]);
  made.remove();
});

test('edits of a module of 200 KB keep their order, whoever waits for which', async () => {
  const made = program({
    'app.js': `import { writeFileSync } from 'node:fs'; import { history, mock, rewrite, rollback, transaction } from 'hotswap'; ${MANY}
writeFileSync('m.js', many(1200, 1)); const m = await import('./m.js'); let turns = 0, on = true; (function tick() { turns++; if (on) setImmediate(tick); })();
const edits = [rewrite(m.f1, () => 'first'), rewrite('./m.js#f1', () => 'second'), mock(m.f2, () => 'mocked'), rewrite({ module: './m.js', path: 'f3' }, () => 'third')];
await Promise.all(edits); const seen = [m.f1(), m.f2(), m.f3(), history('./m.js').length];
const refused = await rewrite('./m.js#nowhere', () => 1).catch(({ code }) => code);
await transaction(() => { rewrite(m.f4, () => 4); rewrite('./m.js#f5', () => 5); }); seen.push(m.f4(), m.f5());
await rollback('./m.js', 2); seen.push(m.f4(0)[2], m.f3(0)[2] ?? m.f3(0)); on = false;
console.log(JSON.stringify([...seen, refused, turns > 2]));`,
  });
  assert.equal(await made.json(), ['second', 'mocked', 'third', 5, 4, 5, 1, 1, 'ERR_HOTSWAP_MISSING', true]);
  made.remove();
});

test.run();
