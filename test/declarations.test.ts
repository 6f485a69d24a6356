// Enums and namespaces that are saved otherwise, by themselves and merged: they become what the file, loaded anew, would make.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

/** `script` has `m`, `save(text)`, `edit(from, to)` (a piece of the text that was saved last), `no(promise)`, `M` and all of hotswap. */
type Case = [module: string, script: string, expected: unknown];

const CASES: Record<string, Case> = {
  'a namespace': [
    'namespace Geo { export const PI = 3; }\nexport function render() { return Geo.PI; }',
    `const v = await edit('PI = 3', 'PI = 4'); const out = [v.summary, m.render()]; await rollback(M); return [...out, m.render()]`,
    ['~Geo', 4, 3],
  ],
  'an exported namespace, and what is in it: functions, nested ones, an enum': [
    'export namespace N {\n  let hidden = 1;\n  export function f() { return hidden++ + I.x; }\n  export namespace I { export const x = 10 }\n  export enum E { A = 1 }\n  export namespace P.Q { export const y = 5 }\n}\nexport const f = N.f; export const all = () => [N.f(), N.I.x, N.E.A, N.E[1], N.P.Q.y];',
    `m.f(); const out = [];
     const says = async (from, to) => { const { summary } = await edit(from, to); out.push([summary, m.all().join(), m.f()].join(' ')); };
     await says('I.x;', 'I.x + 100;'); await says('x = 10', 'x = 20'); await says('A = 1', 'A = 2, B = 1'); await says('y = 5', 'y = 6'); await says('hidden++', '(hidden += 2)');
     out.push(m.N.E.B); return out`,
    [
      '~N > f 112,10,1,A,5 113',
      '~N 121,20,1,A,5 114',
      '~N 121,20,2,B,5 115',
      '~N 121,20,2,B,6 116',
      '~N > f 124,20,2,B,6 119',
      1,
    ],
  ],
  'a dotted namespace': [
    'namespace A.B { export const x = 1 }\nexport namespace C.D { export const y = 1 }\nexport const f = () => A.B.x;',
    `const v = await edit('x = 1', 'x = 2'); const w = await edit('y = 1', 'y = 2'); return [v.summary, w.summary, m.f(), m.C.D.y, exports(M).map((one) => one.name).join()]`,
    ['~A', '~C', 2, 2, 'C,f'],
  ],
  'new ones, merged and alone, that see themselves and each other': [
    'export const f = (): any => 0;',
    `const v = await save('namespace Geo { export const PI = 3; export const half = () => Geo.PI / 2 }\\nenum E { A = 1, B = E.A + 1 }\\nenum E { C = 7 }\\nclass K { static own = 1; z() { return K.z } }\\nnamespace K { export const z = Geo.PI }\\nfunction g() { return g.y }\\nnamespace g { export const y = 6 }\\nexport const f = (): any => [Geo.half(), E.B, E[7], new K().z(), K.own, g()];');
     const out = [v.summary, m.f()]; const w = await edit('PI = 3', 'PI = 5'); out.push(w.summary, m.f()[0]); await edit('Geo.PI / 2', 'Geo.PI / 5'); out.push(m.f()[0]); await edit('y = 6', 'y = 8'); out.push(m.f()[5]); await restore(M, 1); return [...out, m.f()]`,
    ['+Geo, +E, +K, +g, ~f', [1.5, 2, 'C', 3, 1, 6], '~Geo', 2.5, 1, 8, [1.5, 2, 'C', 3, 1, 6]],
  ],
  'merged enums': [
    'enum E { A = 1 }\nconst between = 0;\nenum E { B = 2 }\nexport const f = () => E; export { E };',
    `const out = []; const says = async (from, to) => { const { summary } = await edit(from, to); out.push(summary, JSON.stringify(m.f()), m.E === m.f()); };
     await says('B = 2', 'B = 5'); await says('A = 1', 'A = 7'); await says('enum E { B = 5 }', ''); await says('A = 7 }', 'A = 7 } enum E { C = A + 1 }'); await restore(M, 1); out.push(JSON.stringify(m.f())); return out`,
    [
      ...['~E', '{"1":"A","5":"B","A":1,"B":5}', true],
      ...['~E', '{"5":"B","7":"A","A":7,"B":5}', true],
      ...['~E', '{"7":"A","A":7}', true],
      ...['~E', '{"7":"A","8":"C","A":7,"C":8}', true],
      '{"1":"A","5":"B","A":1,"B":5}',
    ],
  ],
  'an enum with a namespace, and merged namespaces': [
    'export enum E { A = 1 }\nexport namespace E { export const name = () => E[1] }\nexport namespace N { export const a = 1 }\nexport namespace N { export const b = 2 }',
    `const out = []; const says = async (from, to) => { const { summary } = await edit(from, to); out.push([summary, m.E.A, m.E.name(), m.N.a, m.N.b].join(' ')); };
     await says('A = 1', 'A = 1, B'); await says('E[1]', 'E[2]'); await says('b = 2', 'b = 3'); await says('a = 1', 'a = 2'); await restore(M, 0); return [...out, JSON.stringify(m.N), m.E.name(), exports(M).length]`,
    ['~E 1 A 1 2', '~E > name 1 B 1 2', '~N 1 B 1 3', '~N 1 B 2 3', '{"a":1,"b":2}', 'A', 2],
  ],
  'a function keeps being the one that it is, and so do those who hold it': [
    'export function f(): any { return [f.y, Object.keys(f)]; }\nexport namespace f { export const y = 3; export const old = 1 }',
    `const { f } = m; const out = []; const says = async (from, to) => { const { summary } = await edit(from, to); out.push(summary, f(), m.f === f); };
     await says('y = 3; export const old = 1', 'y = 4'); await says('[f.y,', '[f.y + 1,'); await says('y = 4', 'y = 5'); await says('export namespace f { export const y = 5 }', ''); await restore(M, 1); out.push(f()); await restore(M, 0); return [...out, f()]`,
    [
      ...['~f', [4, ['y']], true],
      ...['~f', [5, ['y']], true],
      ...['~f', [6, ['y']], true],
      ...['~f', [null, []], true],
      [4, ['y']],
      [3, ['y', 'old']],
    ],
  ],
  'a class keeps its instances and statics; made anew, it has what adds to it': [
    'export class K { static made = 0; constructor() { K.made++ } z(): any { return [K.z, K.made] } }\nexport namespace K { export const z = 1; export interface T {} }',
    `const { K } = m; const k = new K(); const out = []; const says = async (from, to) => { const { summary } = await edit(from, to); out.push(summary, k.z(), m.K === K); };
     await says('z = 1', 'z = 2'); await says('[K.z,', '[K.z * 10,'); await says('static made', 'x = 1; static made'); new m.K(); out.push(k.z()); await says('z = 2', 'z = 3'); await restore(M, 1); return [...out, k.z(), m.K === K]`,
    [
      ...['~K', [2, 1], true],
      ...['~K.prototype.z', [20, 1], true],
      ...['~K', [20, 1], false],
      [20, 2],
      ...['~K', [30, 2], false],
      ...[[2, 2], true],
    ],
  ],
  'a file that has its first enum keeps all else that it has': [
    'export class K { static made = 0; x = 1; constructor() { K.made++ } z(): any { return [K.made, this.x] } }\nexport const held = { count: 0, f() { return 1 } };\nexport function f(a: number = 1): number { return a }',
    `const { K, held } = m; const k = new K(); held.count = 5;
     const v = await save('enum E { A = 1 }\\nexport class K { static made = 0; x = 1; constructor() { K.made++ } z(): any { return [K.made, this.x, E.A] } }\\nexport const held = { count: 0, f() { return 2 } };\\nexport function f(a: number = 1): number { return a }');
     return [v.summary, k.z(), m.K === K, m.held === held, held.count, held.f()]`,
    ['+E, ~K.prototype.z, ~held.f', [1, 1, 1], true, true, 5, 2],
  ],
  'what fails leaves all as it was': [
    'export function f(): any { return f.y; }\nexport namespace f { export const y = 3 }\nexport enum E { A = 1 }\nexport namespace E { export const n = 1 }',
    `const { E } = m; const out = [await no(edit('y = 3', 'y = (() => { throw new Error("no") })()')), m.f(), await no(edit('n = 1', 'n = nowhere.x')), m.E === E, m.E.n];
     return [...out, version(M).number, (await edit('n = nowhere.x', 'n = 2; export const other = 1').catch((error) => error.code)), m.f()]`,
    ['STRUCTURAL', 3, 'STRUCTURAL', true, 1, 0, 'ERR_HOTSWAP_STRUCTURAL', 3],
  ],
  'an export that is several declarations is removed as one': [
    'export enum E { A = 1 }\nexport enum E { B = 2 }\nexport const f = () => 1;',
    `await removeExport(M + '#E'); return [code(M), await rollback(M).then(() => m.E.B)]`,
    ['export const f = () => 1;', 2],
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
