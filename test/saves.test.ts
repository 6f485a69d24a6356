// Many saves, one after the other: whatever a file has been, the running program answers as one that starts with what it is.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BESIDE, SCRIPT, TYPED } from './forms.ts';
import { program } from './program.ts';
import { randomFrom } from './random.ts';

const SAVES = `import { writeFileSync } from 'node:fs';
import { reload } from 'hotswap';
const [UNITS, name, seed, saves] = JSON.parse(process.env.CASE);
${randomFrom}
const next = randomFrom(seed), random = (below) => Math.floor(next() * below);
const names = Object.keys(UNITS);
const form = Object.fromEntries(names.map((unit) => [unit, 0]));
const text = () => names.map((unit) => UNITS[unit][form[unit]] + '\\n').join('');
const file = new URL(name, import.meta.url);
writeFileSync(file, text());
const m = await import(file);
const held = m.probe;
const trail = [];
let [last, wrong] = [text(), undefined];
for (let n = 1; n <= saves && wrong === undefined; ) {
  const units = Array.from({ length: random(3) === 0 ? 3 : 1 }, () => names[random(names.length)]);
  for (const unit of units) form[unit] = random(UNITS[unit].length);
  if (text() === last) continue;
  writeFileSync(file, (last = text()));
  trail.push(units.map((unit) => unit + form[unit]).join());
  try {
    await reload(file.href);
    const [now, theirs, fresh] = [m.probe(), held(), (await import(file.href + '?n=' + n++)).probe()];
    if (now !== fresh || theirs !== fresh) wrong = { now, theirs, fresh };
  } catch (error) {
    wrong = { error: error.stack };
  }
}
console.log(JSON.stringify(wrong ? { ...wrong, trail: trail.slice(-40) } : 'as if started anew'));`;

for (const [name, units] of Object.entries({ 'm.js': SCRIPT, 'm.ts': TYPED }))
  for (const seed of [1, 2, 3])
    test(`saves of ${name} in an order by chance, ${seed}`, async () => {
      const made = program({
        'app.js': SAVES,
        ...BESIDE,
      });
      const env = { CASE: JSON.stringify([units, name, seed, 80]) };
      assert.equal(await made.json({ env }), 'as if started anew');
      made.remove();
    });

test('a class that is made anew has its parameters for fields only where the settings say so', async () => {
  const text = (more: string): string =>
    `class Base { got = 0; set a(v: number) { this.got = v; } }\nexport class Sub extends Base { constructor(public a = 7) { super(); } ${more} }`;
  const app = `import { writeFileSync } from 'node:fs'; import { reload } from 'hotswap'; import * as m from './m.ts';
const seen = [new m.Sub().got]; writeFileSync(new URL('./m.ts', import.meta.url), ${JSON.stringify(text('x = 1;'))});
await reload(m); console.log(JSON.stringify([...seen, new m.Sub().got, new m.Sub().x]));`;
  for (const [define, got] of [
    [false, 7],
    [true, 0],
  ] as const) {
    const settings = JSON.stringify({ compilerOptions: { useDefineForClassFields: define } });
    const made = program({ 'app.js': app, 'm.ts': text(''), 'tsconfig.json': settings });
    assert.equal(await made.json(), [got, got, 1]);
    made.remove();
  }
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

/** Saves each text in turn; what is seen after each, and what could not be done. */
const SEEN = `import { writeFileSync } from 'node:fs'; import { reload, rollback } from 'hotswap';
const [texts, probe, back] = JSON.parse(process.env.CASE);
const file = new URL('./m.js', import.meta.url), save = (text) => writeFileSync(file, text);
save(texts[0]); const m = await import('./m.js');
const look = new Function('m', 'old', 'return ' + probe), old = look(m);
const seen = [], note = ({ deferred = [] }) => seen.push([look(m, old), deferred.map(({ path, names }) => path + ': ' + names)]);
for (const text of texts.slice(1)) { save(text); note(await reload(m)); }
for (let i = 0; i < back; i++) note(await rollback(m));
console.log(JSON.stringify(seen));`;

async function seen(texts: string[], probe: string, back = 0): Promise<unknown> {
  const made = program({ 'm.js': '', 'k.js': 'export const a = 1, b = 2;', 'app.js': SEEN });
  const all = await made.json({ env: { CASE: JSON.stringify([texts, probe, back]), HOTSWAP_PERSIST: '0' } });
  made.remove();
  return all;
}

const fields = (rate: number, more = ''): string => `const RATE = ${rate};
export class Cart { rate = RATE; static made = 0; constructor() { Cart.made++; } total() { return RATE; } ${more} }
const Box = class { size = RATE; };
export const boxed = () => new (class extends Box {})();
class Case extends Box {}
export const cased = () => new Case();`;

test('what a field is given follows a constant, there and back; state stays, and instances stay instances', async () => {
  const probe = '[new m.Cart().rate, m.Cart.made > 2, m.boxed().size, m.cased().size, (old?.cart ?? 0)]';
  assert.equal(await seen([fields(1), fields(2), fields(3, 'more() {}'), fields(3)], probe, 3), [
    [[2, false, 2, 2, 0], []],
    [[3, true, 3, 3, 0], []],
    [[3, true, 3, 3, 0], []],
    [[3, true, 3, 3, 0], []],
    [[2, true, 2, 2, 0], []],
    [[1, true, 1, 1, 0], []],
  ]);
  const held =
    '({ cart: old?.cart ?? new m.Cart(), is: !old || [old.cart instanceof m.Cart, old.cart.rate, old.cart.total()] }) ';
  assert.equal(
    ((await seen([fields(1), fields(2)], held, 1)) as [{ is: unknown }][]).map(([{ is }]) => is),
    [
      [true, 1, 2],
      [true, 1, 1],
    ],
  );
});

test('what a field is given follows an import', async () => {
  const text = (name: string): string =>
    `import { ${name} as rate } from './k.js';\nexport class Cart { rate = rate; }`;
  assert.equal(await seen([text('a'), text('b')], 'new m.Cart().rate', 1), [
    [2, []],
    [1, []],
  ]);
});

for (const [what, declared, made] of [
  ['has #private names', 'export class X { #p = 1; x = RATE; }', 'new m.X().x'],
  ['is exported as a constant', 'export const X = class { x = RATE; };', 'new m.X().x'],
  ['is exported without a name', 'export default class { x = RATE; }', 'new m.default().x'],
  ['is part of another statement', 'export const all = [class { x = RATE; }];', 'new m.all[0]().x'],
] as const)
  test(`a class that ${what} keeps what its fields are given until one is changed, and it is said once`, async () => {
    const text = (rate: number, more = ''): string =>
      `const RATE = ${rate}; export const id = 0;\n${declared}\n${more}`;
    const path = /all|default/.exec(declared)?.[0].replace('all', 'all[0]') ?? 'X';
    assert.equal(await seen([text(1), text(2), text(2, 'const other = 1;'), text(1)], made), [
      [1, [`${path}: RATE`]],
      [1, []],
      [1, []],
    ]);
  });

test('a namespace still names its module where importers keep a class that is another by now', async () => {
  const text = (size: number): string =>
    `export const Box = class { size = ${size}; };\nexport const f = () => ${size};`;
  const all = (await seen([text(1), text(2), text(3)], 'm.f()')) as [number][];
  assert.equal(
    all.map(([f]) => f),
    [2, 3],
  );
});

test('a class that becomes a constant, and a constant that goes back to its class with another method', async () => {
  const texts = [
    'class K { k = 1; }',
    'const K = class { k = 1; };',
    'const K = class { k = 2; };',
    'class K { k = 2; }',
    'class K { k = 1; is() {} }',
  ];
  const whole = (text: string): string =>
    `${text}\nexport const k = () => [new K().k, Object.getOwnPropertyNames(K.prototype).join()];`;
  const expected = [1, 2, 2].map((k) => [[k, 'constructor'], []]);
  assert.equal(await seen(texts.map(whole), 'm.k()'), [...expected, [[1, 'constructor,is'], []]]);
  const constants = [
    'const K = class { k = 1; };',
    'const K = class { k = 2; };',
    'const K = class { k = 1; is() {} };',
  ];
  assert.equal(await seen(constants.map(whole), 'm.k()', 2), [
    [[2, 'constructor'], []],
    [[1, 'constructor,is'], []],
    [[2, 'constructor'], []],
    [[1, 'constructor'], []],
  ]);
});

test.run();
