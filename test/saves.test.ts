// Many saves, one after the other: whatever a file has been, the running program answers as one that starts with what it is.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';
import { randomFrom } from './random.ts';

/** What the file is made of, each in several forms. What they say depends on each other, and on no state. */
const UNITS = {
  RATE: ['const RATE = 1;', 'const RATE = 2;', 'export const RATE = 3;', 'const [RATE] = [4];'],
  LIMIT: ['const LIMIT = 10;', 'export const LIMIT = 20;', 'const LIMIT = 30, OTHER = 31;'],
  double: [
    '',
    "import { double } from './k.js';",
    "import { triple as double } from './k.js';",
    'const double = (x) => -x;',
  ],
  f: [
    'function f(x) { return [x, RATE]; }',
    'const f = (x) => [x, RATE, LIMIT];',
    'function f(x) { return [g(x), RATE]; }',
    'export function f(x, y = RATE) { return [x, y]; }',
    'function f(x) { const inner = () => [x, LIMIT]; return inner(); }',
  ],
  g: [
    'function g(x) { return x + RATE; }',
    'function g(x) { return [LIMIT].map((v) => v * x + RATE)[0]; }',
    'const g = function (x) { return x - RATE; };',
  ],
  h: [
    'const h = (() => { let n = 5; return () => n + RATE; })();',
    'const h = (() => { let n = 5; return () => [n, LIMIT]; })();',
    'const h = () => RATE;',
  ],
  B: [
    'class B { z = 1; base() { return this.z + RATE; } }',
    'class B { z = 2; w = 3; base() { return this.z + RATE; } }',
    'class B { z = 1; base() { return [this.z, LIMIT]; } }',
  ],
  C: [
    'class C extends B { x = 1; m() { return this.x + RATE; } static s = 2; static t() { return C.s + LIMIT; } get y() { return g(this.x); } }',
    'class C extends B { x = 4; m() { return [this.x, LIMIT]; } static s = 2; static t() { return C.s - LIMIT; } get y() { return g(this.x) + 1; } }',
    'class C extends B { x = 4; v = 9; m() { return [this.x, this.v, super.base()]; } static s = 3; static t() { return this.s; } get y() { return 7; } }',
    'class C { x = 1; base() { return 0; } m() { return this.x + RATE; } static s = 2; static t() { return RATE; } get y() { return LIMIT; } #p = 1; }',
  ],
  more: ['', "'more', "],
};

const SAVES = `import { writeFileSync } from 'node:fs';
import { reload } from 'hotswap';
const [UNITS, seed, saves] = JSON.parse(process.env.CASE);
${randomFrom}
const next = randomFrom(seed), random = (below) => Math.floor(next() * below);
const { more: MORE, ...DECLARATIONS } = UNITS;
const form = Object.fromEntries(Object.keys(UNITS).map((unit) => [unit, 0]));
const text = () => Object.keys(DECLARATIONS).map((unit) => DECLARATIONS[unit][form[unit]]).join('\\n') + \`
export function probe() { return JSON.stringify([\${MORE[form.more]}f(1), g(2), h(), new C().m(), new C().base(), C.t(), C.s, new C().y, \${form.double ? 'double(4)' : '0'}, RATE, LIMIT, new B().base(), Object.keys(new C()).sort()]); }
\`;
const file = new URL('./m.js', import.meta.url);
writeFileSync(file, text());
const m = await import('./m.js');
const held = m.probe;
const trail = [];
let [last, wrong] = [text(), undefined];
for (let n = 1; n <= saves && wrong === undefined; ) {
  const units = Array.from({ length: random(3) === 0 ? 3 : 1 }, () => Object.keys(UNITS)[random(Object.keys(UNITS).length)]);
  for (const unit of units) form[unit] = random(UNITS[unit].length);
  if (text() === last) continue;
  writeFileSync(file, (last = text()));
  trail.push(units.map((unit) => unit + form[unit]).join());
  try {
    await reload(file.href);
    const [now, theirs, fresh] = [m.probe(), held(), (await import('./m.js?n=' + n++)).probe()];
    if (now !== fresh || theirs !== fresh) wrong = { now, theirs, fresh };
  } catch (error) {
    wrong = { error: error.stack };
  }
}
console.log(JSON.stringify(wrong ? { ...wrong, trail: trail.slice(-40) } : 'as if started anew'));`;

for (const seed of [1, 2, 3])
  test(`saves in an order by chance, ${seed}`, async () => {
    const made = program({
      'app.js': SAVES,
      'k.js': 'export const double = (x) => x * 2; export const triple = (x) => x * 3;',
    });
    assert.equal(await made.json({ env: { CASE: JSON.stringify([UNITS, seed, 80]) } }), 'as if started anew');
    made.remove();
  });

test('a function, then a constant that it uses, then both again', async () => {
  const made = program({
    'm.js': '',
    'app.js': `import { writeFileSync } from 'node:fs'; import { reload } from 'hotswap';
const save = (body, rate) => writeFileSync(new URL('./m.js', import.meta.url), 'const RATE = ' + rate + '; export function probe() { return [' + body + ', RATE]; }');
save(0, 0); const m = await import('./m.js'), seen = [];
for (const [body, rate] of [[1, 0], [1, 1], [2, 1], [2, 0], [1, 0], [1, 1]]) { save(body, rate); await reload('./m.js'); seen.push(m.probe()); }
console.log(JSON.stringify(seen));`,
  });
  const seen = [
    [1, 0],
    [1, 1],
    [2, 1],
    [2, 0],
    [1, 0],
    [1, 1],
  ];
  assert.equal(await made.json(), seen);
  made.remove();
});

test.run();
