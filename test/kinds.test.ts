// One name that is declared in one way, then in another: each of 23 kinds becomes each other one and goes back, with a save that fails in
// between. After each step the module, who imported it, and who holds a former value are as if the program had started with the text.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

/** The module that is saved, a name `n` of some kind in it: `x` tells two texts of one kind apart. */
const TEXTS = `const VALUES = {
  number: (x) => String(x), function: (x) => \`function () { return \${x}; }\`, arrow: (x) => \`() => \${x}\`,
  class: (x) => \`class { q = \${x}; w() { return [this.q, \${x}]; } static s = \${x}; }\`, object: (x) => \`{ o: \${x}, f() { return \${x}; } }\`,
};
export const KINDS = {};
for (const keyword of ['const', 'let', 'var'])
  for (const [value, text] of Object.entries(VALUES)) KINDS[keyword + ' ' + value] = (x) => \`\${keyword} n = \${text(x)};\`;
Object.assign(KINDS, {
  function: (x) => \`function n() { return \${x}; }\`,
  async: (x) => \`async function n() { return \${x}; }\`,
  generator: (x) => \`function* n() { yield \${x}; }\`,
  class: (x) => \`class n { q = \${x}; w() { return [this.q, \${x}]; } static s = \${x}; }\`,
  named: (x) => \`import { n\${x} as n } from './k.js';\`,
  default: (x) => \`import n from './d\${x}.js';\`,
  namespace: (x) => \`import * as n from './d\${x}.js';\`,
  absent: () => '',
});
const EXPORTS = { not: '', list: 'export { n };', default: 'export default n;' };
export const textOf = (kind, x, exported) => KINDS[kind](x) + (kind === 'absent' ? '' : '\\n' + EXPORTS[exported]) + \`
export const probe = () => JSON.stringify(typeof n === 'undefined' ? 'none' : describe(n)); export const take = () => typeof n === 'undefined' ? undefined : n;
const describe = (n) => {
  if (typeof n !== 'function') return typeof n === 'object' ? [Object.keys(n), n.o ?? n.default, n.f?.()] : n;
  if (/^class/.test(n.toString())) { const one = new n(); return ['class', Object.keys(one), one.q, one.w(), n.s, n.name, one instanceof n]; }
  const result = n(); if (result instanceof Promise) result.catch(() => {});
  return ['function', result instanceof Promise ? 'promise' : typeof result?.next === 'function' ? [...result] : result, n.length];
}; export { describe };\`;`;

const APP = `import { writeFileSync } from 'node:fs'; import { reload, restore, rollback } from 'hotswap'; import { KINDS, textOf } from './texts.js';
const attempt = (look) => { try { return look(); } catch (error) { return 'throws ' + error.message; } };
const exported = process.env.EXPORTED, share = Number(process.env.SHARE), wrong = [];
let pairs = 0;
/** What a program has that starts with a text. */
const texts = new Map(), started = (text) => {
  const file = new URL('./fresh' + texts.size + '.js', import.meta.url);
  if (!texts.has(text)) { writeFileSync(file, text); texts.set(text, import(file)); }
  return texts.get(text);
};
for (const [i, from] of Object.keys(KINDS).entries()) for (const [j, to] of Object.keys(KINDS).entries()) {
  if (from === to && to === 'absent' || (i + j) % share !== 0) continue;
  const file = new URL('./m' + ++pairs + '.js', import.meta.url), save = (text) => writeFileSync(file, text);
  const [first, other, third] = [textOf(from, 1, exported), textOf(to, 2, exported), textOf(from, 2, exported)];
  save(first);
  const m = await import(file), held = [m.take()];
  let looks = 0;
  const look = async (text, version) => {
    const fresh = await started(text), says = [];
    looks++;
    const compare = (what, now, then) => { if (now !== then) says.push(what + ': ' + now + ', not ' + then); };
    compare('the module', attempt(m.probe), attempt(fresh.probe));
    const name = { list: 'n', default: 'default' }[exported];
    const imported = (of) => attempt(() => JSON.stringify(m.describe(of[name])));
    if (name in m && name in fresh && !version?.deferred) compare('its importers', imported(m), imported(fresh));
    for (const one of held) if (typeof one === 'function') {
      const result = attempt(() => String(m.describe(one)));
      if (result.startsWith('throws') && !/was removed|is no function any more/.test(result)) says.push('a holder: ' + result);
    }
    held.push(m.take());
    if (says.length > 0) wrong.push(from + ' to ' + to + ', step ' + looks + ': ' + says.join('; '));
  };
  try {
    save(other); await look(other, await reload(file.href));
    await look(first, await rollback(file.href));
    save(third + '\\nthrow new Error("not this one");');
    if (await reload(file.href).catch(() => 'refused') !== 'refused') wrong.push(from + ': was not refused');
    await look(first);
    save(third); await look(third, await reload(file.href));
    await look(other, await restore(file.href, 1));
    save(first); await look(first, await reload(file.href));
  } catch (error) { wrong.push(from + ' to ' + to + ': ' + error.message); }
}
console.log(JSON.stringify([pairs, wrong]));`;

const IMPORTED = {
  'k.js': 'export const n1 = 101; export function n2() { return 102; }',
  'd1.js': 'export default function d() { return 201; } export const o = 1;',
  'd2.js': 'export default function d() { return 202; } export const o = 2;',
};

for (const [exported, share, pairs] of [
  ['not', 1, 528],
  ['list', 3, 176],
  ['default', 5, 105],
] as const)
  test(`each kind of a name becomes each other one and goes back, ${exported === 'not' ? 'in its module' : `exported (${exported})`}`, async () => {
    const made = program({ 'texts.js': TEXTS, 'app.js': APP, ...IMPORTED });
    const env = { EXPORTED: exported, SHARE: String(share), HOTSWAP_CACHE_DIR: '' };
    assert.equal(await made.json({ env, timeout: 120_000 }), [pairs, []]);
    made.remove();
  });

test('who holds a function that has moved to another file calls it there, and what is saved there', async () => {
  const made = program({
    'price.js': 'export const price = (x) => x * 3;',
    'm.js':
      'function price(x) { return x * 2; } const held = [price]; export const ask = () => [held[0](2), price(2)];',
    'app.js': `import { writeFileSync } from 'node:fs'; import { reload, rollback } from 'hotswap'; import * as m from './m.js';
const seen = [m.ask()], save = async (name, text) => { writeFileSync(new URL(name, import.meta.url), text); await reload(name); seen.push(m.ask()); };
await save('./m.js', "import { price } from './price.js'; const held = [price]; export const ask = () => [held[0](2), price(2)];");
await save('./price.js', 'export const price = (x) => x * 4;');
await rollback('./m.js'); seen.push(m.ask());
console.log(JSON.stringify(seen));`,
  });
  assert.equal(await made.json(), [
    [4, 4],
    [6, 6],
    [8, 8],
    [4, 4],
  ]);
  made.remove();
});

test.run();
