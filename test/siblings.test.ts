// Random edits of functions that nothing but their place tells apart: whatever came and went, calls from now on make what the text
// says, and a closure that exists never runs the code of another.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';
import { randomFrom } from './random.ts';

const APP = `import { writeFileSync } from 'node:fs'; import { reload, restore, rollback } from 'hotswap';
${randomFrom}
let next; const random = (n) => (next() * 2 ** 32) % n;
let ids = 0;
const item = (deep) => ({ id: ++ids, at: 0, label: random(3) === 0 ? ['/a', '/b'][random(2)] : '', kind: random(3), inner: deep && random(2) ? Array.from({ length: 1 + random(2) }, () => item(false)) : [] });
const text = ({ id, at, label, kind, inner }) => { const body = '{ n++; ' + inner.map(text).join(' ') + ' return [' + id + ', ' + at + ']; }'; return 'on(' + (label && JSON.stringify(label) + ', ') + ['(on) => ', 'function (on) ', 'async (on) => '][kind] + body + ');'; };
const whole = (items) => 'let n = 0;\\nexport function app(on) {\\n  let n = 1;\\n' + items.map((one) => '  ' + text(one) + '\\n').join('') + '  return () => n;\\n}\\n';
const flat = (items) => items.flatMap((one) => [one, ...flat(one.inner)]);
const lists = (items) => [items, ...items.flatMap((one) => lists(one.inner))];
const problems = [];
for (let run = 1; run <= 60; run++) {
  next = randomFrom(run * 7919); let items = Array.from({ length: 2 + random(3) }, () => item(true)); const file = './m' + run + '.js'; writeFileSync(file, whole(items));
  const m = await import(file), versions = [structuredClone(items)], live = []; let deferred = [];
  const call = async (closure, step, isFresh) => {
    const inner = [], [id, at] = await closure.fn((...all) => inner.push(all.at(-1))), now = flat(items).find((one) => one.id === closure.id);
    if (id !== closure.id && now !== undefined && !closure.gone) problems.push([run, step, closure.id, 'ran the code of', id]);
    closure.gone ||= now === undefined;
    if (!closure.gone && at !== now.at && (isFresh || (deferred.length === 0 && !closure.behind))) problems.push([run, step, closure.id, 'ran', at, 'not', now.at]);
    closure.behind = !closure.gone && at !== now.at;
    return inner;
  };
  const fresh = async (step) => {
    const walk = async (functions, items) => {
      if (functions.length !== items.length) return problems.push([run, step, 'made', functions.length, 'not', items.length]);
      for (const [i, fn] of functions.entries()) { const closure = { fn, id: items[i].id }; live.push(closure); await walk(await call(closure, step, true), items[i].inner); }
    };
    const made = []; m.app((...all) => made.push(all.at(-1))); await walk(made, items);
  };
  await fresh(0);
  for (let step = 1; step <= 10; step++) {
    const way = random(10); let version;
    if (way < 2 && step > 1) version = await rollback(file, 1 + random(2));
    else if (way < 3) version = await restore(file, random(versions.length));
    if (version !== undefined) items = structuredClone(versions[version.number]);
    else {
      const list = lists(items)[random(lists(items).length)], what = random(10);
      if (what < 4) list.splice(random(list.length + 1), 0, item(list === items)); else if (what < 6 && list.length > 1) list.splice(random(list.length), 1); else flat(items)[random(flat(items).length)].at = ++ids;
      writeFileSync(file, whole(items)); version = await reload(file); versions[version.number] = structuredClone(items);
    }
    deferred = version.deferred ?? [];
    for (const one of [...live]) await call(one, step, false);
    await fresh(step);
    live.splice(0, Math.max(0, live.length - 40));
  }
}
console.log(JSON.stringify(problems.slice(0, 5)));`;

test('sixty modules, ten edits each', async () => {
  const app = program({ 'app.js': APP });
  try {
    assert.equal(await app.json({ env: { HOTSWAP_CACHE_DIR: '' } }), []);
  } finally {
    app.remove();
  }
});

test.run();
