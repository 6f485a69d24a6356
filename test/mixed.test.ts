// Saves, edits, transactions, ways back and saves that fail, in an order by chance: the program answers as one that starts with its text.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BESIDE, SCRIPT, TYPED } from './forms.ts';
import { program } from './program.ts';
import { randomFrom } from './random.ts';

/** New code for functions, by their paths; where a form has none of that path the edit is refused. */
const CODE = {
  'm.js': [
    ['f', '(x) => [x, RATE, "new"]'],
    ['f', 'function (x) { return [g(x), LIMIT]; }'],
    ['g', '(x) => x * 100'],
    ['h', '() => [RATE, LIMIT]'],
    ['C.prototype.m', 'm() { return [this.x, RATE, "m"]; }'],
    ['B.prototype.base', 'base() { return [LIMIT, this.z]; }'],
    ['C.t', 't() { return [this.s, "t"]; }'],
  ],
  'm.ts': [
    ['f', '(x: number) => [x, RATE, "new"]'],
    ['P.prototype.sum', 'sum(): any { return [Object.keys(this), RATE]; }'],
    ['K.prototype.m', 'm(): any { return [this.v, E.A]; }'],
    ['g', '(v: any) => [v, N.z]'],
    ['N > q', '() => [RATE]'],
  ],
};

const APP = `import { writeFileSync } from 'node:fs';
import { code, history, reload, reset, restore, rewrite, rollback, transaction } from 'hotswap';
const [UNITS, CODE, name, seed, steps] = JSON.parse(process.env.CASE);
${randomFrom}
const next = randomFrom(seed), random = (below) => Math.floor(next() * below), one = (list) => list[random(list.length)];
const names = Object.keys(UNITS);
let form = Object.fromEntries(names.map((unit) => [unit, 0]));
const textOf = (form) => names.map((unit) => UNITS[unit][form[unit]] + '\\n').join('');
const url = new URL(name, import.meta.url), file = url.href;
writeFileSync(url, textOf(form));
const m = await import(file), held = m.probe;
const other = () => {
  const changed = { ...form };
  for (let i = random(3) === 0 ? 3 : 1; i > 0; i--) { const unit = one(names); changed[unit] = random(UNITS[unit].length); }
  return changed;
};
const edit = ([path, text]) => rewrite(file + '#' + path, text);
const STEPS = {
  save() { form = other(); writeFileSync(url, textOf(form)); return reload(file); },
  edit: () => edit(one(CODE)),
  two: () => transaction(async () => { await edit(one(CODE)); await edit(one(CODE)); }),
  back: () => rollback(file, 1 + random(4)),
  to: () => restore(file, random(history(file).length)),
  reset: () => reset(file),
  async fail() {
    writeFileSync(url, textOf(other()) + 'throw new Error("on purpose");\\n');
    const error = await reload(file).then(() => Error('it was taken over'), (error) => error);
    if (!/on purpose/.test(error.message)) throw error;
  },
};
const ORDER = ['save', 'save', 'save', 'save', 'edit', 'edit', 'two', 'back', 'to', 'fail', 'reset'];
const done = {};
let wrong;
for (let n = 0; n < steps && wrong === undefined; n++) {
  const step = one(ORDER);
  try {
    const version = await STEPS[step]().catch((error) => {
      if (!/MISSING|TOO_MANY/.test(error.code)) throw error;
    });
    if (version?.deferred) break; // what it names keeps its code, so the answers may differ
    done[step] = (done[step] ?? 0) + 1;
    const text = code(file), fresh = new URL(n + name, import.meta.url);
    writeFileSync(fresh, text);
    const [now, theirs, anew] = [m.probe(), held(), (await import(fresh)).probe()];
    if (now !== anew || theirs !== anew) wrong = { step, now, theirs, anew, text };
  } catch (error) {
    wrong = { step, error: error.stack };
  }
}
console.log(JSON.stringify({ wrong, done }));`;

for (const [name, units] of Object.entries({ 'm.js': SCRIPT, 'm.ts': TYPED }))
  test(`steps with ${name} in an order by chance`, async () => {
    const all = new Set<string>();
    for (let seed = 1, count = 0; count < 100; seed++) {
      const made = program({ 'app.js': APP, ...BESIDE });
      const env = { CASE: JSON.stringify([units, CODE[name as 'm.js'], name, seed, 60]) };
      const { wrong, done } = (await made.json({ env })) as {
        wrong?: object;
        done: Record<string, number>;
      };
      made.remove();
      assert.equal([seed, wrong], [seed, undefined]);
      for (const [step, times] of Object.entries(done)) {
        all.add(step);
        count += times;
      }
    }
    assert.equal([...all].sort(), ['back', 'edit', 'fail', 'reset', 'save', 'to', 'two']);
  });

test.run();
