// Enums and namespaces that are saved otherwise, by themselves and merged: they become what the file, loaded anew, would make.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

/** `script` has `m`, `save(text)`, `edit(from, to)` (a piece of the text that was saved last), `no(promise)`, `M` and all of hotswap. */
type Case = [module: string, script: string, expected: unknown];

const CASES: Record<string, Case> = {
  'a file that has its first enum keeps all else that it has': [
    'export class K { static made = 0; x = 1; constructor() { K.made++ } z(): any { return [K.made, this.x] } }\nexport const held = { count: 0, f() { return 1 } };\nexport function f(a: number = 1): number { return a }',
    `const { K, held } = m; const k = new K(); held.count = 5;
     const v = await save('enum E { A = 1 }\\nexport class K { static made = 0; x = 1; constructor() { K.made++ } z(): any { return [K.made, this.x, E.A] } }\\nexport const held = { count: 0, f() { return 2 } };\\nexport function f(a: number = 1): number { return a }');
     return [v.summary, k.z(), m.K === K, m.held === held, held.count, held.f()]`,
    ['+E, ~K.prototype.z, ~held.f', [1, 1, 1], true, true, 5, 2],
  ],
};

const names = Object.keys(CASES);

/** Every case in one program: a folder and a module each. */
async function results(): Promise<Record<string, unknown>> {
  const files: Record<string, string> = {
    'app.js': `import * as api from 'hotswap';
import { readFileSync, writeFileSync } from 'node:fs';
const AsyncFunction = (async () => {}).constructor;
const out = {};
for (const [i, [name, script]] of JSON.parse(readFileSync('cases.json', 'utf8')).entries()) {
  const M = './' + i + '/m.ts';
  const no = async (promise) => { try { await promise; return 'accepted' } catch (error) { return error.code?.replace('ERR_HOTSWAP_', '') ?? String(error) } };
  const save = (text) => { writeFileSync(M, text); return api.reload(M) };
  const edit = (from, to) => { const text = readFileSync(M, 'utf8'); if (!text.includes(from)) throw new Error('no ' + from); return save(text.replace(from, () => to)) };
  const given = { ...api, m: await import(M), M, no, save, edit };
  try { out[name] = await new AsyncFunction(...Object.keys(given), script)(...Object.values(given)) }
  catch (error) { out[name] = String(error.stack) }
}
console.log(JSON.stringify(out));
`,
    'cases.json': JSON.stringify(names.map((name) => [name, CASES[name]?.[1]])),
  };
  names.forEach((name, i) => (files[`${i}/m.ts`] = CASES[name]?.[0] as string));
  const app = program(files);
  try {
    return await app.json({ env: { HOTSWAP_CACHE_DIR: '' } });
  } finally {
    app.remove();
  }
}

let found: Record<string, unknown> = {};
test.before(async () => {
  found = await results();
});
for (const name of names) test(name, () => assert.equal(found[name], CASES[name]?.[2]));

test.run();
