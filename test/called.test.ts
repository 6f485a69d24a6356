// Which functions are called where they stand, and by nobody later: of those alone nothing need be said when they keep their code.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { analyse } from '../api/plan/analysis.ts';
import { isCalledThereOnly } from '../api/plan/called.ts';
import { program } from './program.ts';

/** Code inside a function, in which `F` is the one that is asked about, by whether it is only called there. */
const CODE: Record<'only' | 'kept', string[]> = {
  only: [
    '(F)()',
    'return [1, 2].map(F)',
    'return [...all].filter(F).length',
    'Object.keys(all).forEach(F)',
    'Object.entries(all).filter((x) => x).map((F))',
    'return Array.from(all, F)',
    'await new Promise(F)',
    'return text.replace(/x/g, F)',
    '[3, 1].toSorted(F)',
  ],
  kept: [
    'all.map(F)',
    'app.get("/", F)',
    'return F',
    'const f = F; return f',
    '[F].map((f) => f)',
    'new Later(F)',
    'setTimeout(F)',
    '[1].map(1, F)',
    'text.replace(pattern, F)',
    'const Array = mine; Array.from(all, F)',
    'const Promise = mine; new Promise(F)',
    '[1]["map"](F)',
    'Object.keys(all).then(F)',
    '(F).call()',
  ],
};
for (const [what, all] of Object.entries(CODE))
  for (const code of all)
    test(`${what}: ${code}`, () => {
      const text = `async function around(all, text, app) { ${code.replace('F', '(one) => [one, "here"]')}; }`;
      const analysis = analyse(text, 'file:///called.js');
      const hot = analysis.functions.find(
        ({ start, end }) => text.slice(start, end) === '(one) => [one, "here"]',
      );
      assert.is(hot && isCalledThereOnly(analysis, hot), what === 'only');
    });

for (const [how, code] of [
  ['async', '(async () => {})()'],
  ['a generator', '[...(function* () {})()]'],
  ['named', '(function again() { return again; })()'],
] as const)
  test(`kept: one that is ${how}`, () => {
    const analysis = analyse(`function around() { ${code}; }`, 'file:///called.js');
    const [, hot] = analysis.functions;
    assert.is(hot && isCalledThereOnly(analysis, hot), false);
  });

test('a save says nothing of callbacks that are over, and names those that are held', async () => {
  const text = (add: string, held: string): string =>
    `export const rows = (all, rate) => ({ sums: Object.values(all).map((x) => x${add}), held: (x) => x${held} });`;
  const made = program({
    'm.js': text('', ''),
    'app.js': `import { writeFileSync } from 'node:fs'; import { reload } from 'hotswap'; import { rows } from './m.js';
const seen = [], { held } = rows({ a: 1 }, 2), save = async (text) => { writeFileSync('m.js', text); seen.push(((await reload('./m.js')).deferred ?? []).map(({ path }) => path), rows({ a: 1 }, 2).sums, held(1)); };
await save(${JSON.stringify(text(' * rate', ''))}); await save(${JSON.stringify(text(' * rate', ' + rate'))}); console.log(JSON.stringify(seen));`,
  });
  assert.equal(await made.json(), [[], [2], 1, ['rows > return.held'], [2], 1]);
  made.remove();
});

test.run();
