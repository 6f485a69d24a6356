// Namespaces: who imports one (`import * as u`), straight or through others, finds the exports that its module has gained or lost since.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

const M = `import * as u from './u.js';
export const get = () => u.a();
export const keys = () => Object.keys(u).join();
export class C { size = Object.keys(u).length; }`;

const FILES = {
  'u.js': 'export const a = () => 1;',
  'm.js': M,
  'as.js': "export * as u from './u.js';",
  'list.js': "import * as u from './u.js';\nexport { u as v };",
  'again.js': "export { u as w } from './as.js';",
  'all.js': "export * from './u.js';\nexport const own = 1;",
  'far.js': "export * from './all.js';",
  'k.js': `import { u } from './as.js';
import { v } from './list.js';
import * as all from './all.js';
import * as far from './far.js';
import * as as from './as.js';
import * as again from './again.js';
export const keys = () => [u, v, all, far, as.u, again.w].map((one) => Object.keys(one).join());`,
  'main.js': "import { a } from './far.js';\nexport const get = () => a();",
};

const HEAD = `import { writeFileSync } from 'node:fs';
import { history, on, reload, restore, rollback, transaction } from 'hotswap';
import * as k from './k.js';
import * as m from './m.js';
import * as main from './main.js';
const save = (name, text) => writeFileSync(new URL(name, import.meta.url), text);
const told = [];
for (const event of ['swap', 'rollback', 'error']) on(event, ({ module = '' }) => told.push(event + ' ' + module.split('/').pop()));
const M = ${JSON.stringify(M)};
const seen = [];
const look = async () => {
  const later = await Promise.all(['./as.js', './all.js', './far.js'].map((one) => import(one)));
  const keys = [Object.keys(later[0].u), Object.keys(later[1]), Object.keys(later[2])].map(String);
  seen.push([m.keys(), new m.C().size, k.keys(), keys, told.splice(0)]);
};
`;

/** What is seen where a module exports these names. */
const where = (names: string, told: string[] = []): unknown => {
  const size = names.split(',').length;
  const own = `${names},own`;
  return [names, size, [names, names, own, own, names, names], [names, own, own], told];
};

async function seen(body: string): Promise<unknown> {
  const made = program({ ...FILES, 'app.js': `${HEAD}${body}\nconsole.log(JSON.stringify(seen));` });
  const all = await made.json({ env: { HOTSWAP_PERSIST: '0' } });
  made.remove();
  return all;
}

test('exports that come and go are in every namespace of their module, and in those that pass them on', async () => {
  const body = `await look();
save('u.js', 'export const a = () => 1; export const b = () => 2;'); await reload('./u.js'); await look();
save('m.js', M.replace('u.a()', 'u.b()')); await reload('./m.js'); seen.push(m.get()); await look();
save('u.js', 'export const a = () => 1; export const b = () => 3; export const c = 5;'); await reload('./u.js');
save('main.js', "import { a, c } from './far.js'; export const get = () => a() + c;"); await reload('./main.js');
seen.push([m.get(), main.get()]); await look();
await rollback('./u.js'); seen.push(m.get()); await look();
await rollback('./m.js'); await rollback('./u.js', 9); seen.push(m.get()); await look();
await restore('./u.js', 2); await look();
seen.push(history('./m.js').length, history('./k.js').length);`;
  assert.equal(await seen(body), [
    where('a'),
    where('a,b', ['swap u.js']),
    2,
    where('a,b', ['swap m.js']),
    [3, 6],
    where('a,b,c', ['swap u.js', 'swap main.js']),
    2,
    where('a,b', ['rollback u.js']),
    1,
    where('a', ['rollback m.js', 'rollback u.js']),
    where('a,b,c', ['swap u.js']),
    2,
    1,
  ]);
});

test('a new export and its use through a namespace, together, in any order; and refused, nothing has changed', async () => {
  const body = `save('u.js', 'export const a = () => 1; export const b = () => 2;');
save('m.js', M.replace('u.a()', 'u.b()'));
await transaction(async () => { await reload('./m.js'); await reload('./u.js'); });
seen.push(m.get()); await look();
save('u.js', "export const a = () => 1; export const c = 5; throw new Error('on purpose');");
await reload('./u.js').catch(() => {}); seen.push(m.get()); await look();
save('u.js', 'export const a = () => 1; export const d = () => 4;');
save('m.js', M.replace('u.a()', 'u.d()') + "\\nthrow new Error('on purpose');");
await transaction(async () => { await reload('./u.js'); await reload('./m.js'); }).catch(() => {}); seen.push(m.get()); await look();
save('m.js', M.replace('u.a()', 'u.d()'));
await transaction(async () => { await reload('./u.js'); await reload('./m.js'); }); seen.push(m.get()); await look();`;
  assert.equal(await seen(body), [
    2,
    where('a,b', ['swap m.js', 'swap u.js']),
    2,
    where('a,b', ['error u.js']),
    2,
    where('a,b', ['error m.js']),
    4,
    where('a,d', ['swap u.js', 'swap m.js']),
  ]);
});

test('a version that imports a namespace and comes back finds what its module exports by then', async () => {
  const body = `save('m.js', 'export const get = () => 0; export const keys = () => "none"; export class C { size = 0; }');
await reload('./m.js');
save('u.js', 'export const a = () => 1; export const b = () => 2;'); await reload('./u.js');
await rollback('./m.js'); await look();
await restore('./m.js', 1);
await rollback('./u.js');
await rollback('./m.js'); await look();`;
  assert.equal(await seen(body), [
    where('a,b', ['swap m.js', 'swap u.js', 'rollback m.js']),
    where('a', ['swap m.js', 'rollback u.js', 'rollback m.js']),
  ]);
});

test.run();
