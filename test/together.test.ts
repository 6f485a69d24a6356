// Files that are saved together: all of them go in, in the order in which they would be evaluated, or nothing has happened.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';

const APP = `import { mkdirSync, writeFileSync } from 'node:fs';
import { history, on } from 'hotswap';
const told = [];
let wake = () => {};
for (const event of ['swap', 'rollback', 'error'])
  on(event, ({ module = '' }) => {
    told.push(event + ' ' + module.split('/').pop());
    if (module.endsWith('/m.js')) wake();
  });
const write = (dir, files) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(new URL(dir + name, import.meta.url), text);
};
const all = {};
for (const [n, [what, before, after]] of JSON.parse(process.env.CASES).entries()) {
  const dir = './g' + n + '/';
  mkdirSync(new URL(dir, import.meta.url));
  write(dir, before);
  const { get } = await import(dir + 'm.js');
  await new Promise((resolve) => setTimeout(resolve, 300)); // the files are watched
  told.length = 0;
  globalThis.ran = [];
  const seen = [get()];
  const look = setInterval(() => get() !== seen.at(-1) && seen.push(get()), 1);
  const taken = new Promise((resolve) => (wake = resolve));
  write(dir, after);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100); // news of all of them comes at once
  await taken;
  await new Promise((resolve) => setTimeout(resolve, 20));
  clearInterval(look);
  all[what] = { seen, ran, told: [...told], versions: history(dir + 'm.js').length };
}
console.log(JSON.stringify(all));
process.exit();`;

const U = 'export const a = () => 1;';
const M = "import { a } from './u.js'; export const get = () => a();";
const REFUSED = { seen: [1], told: ['error m.js'], versions: 1 };
const BOTH = { ran: [], told: ['swap u.js', 'swap m.js'], versions: 2 };

type Case = [what: string, before: Record<string, string>, after: Record<string, string>, expected: unknown];

const CASES: Case[] = [
  [
    'a file that throws: what is good runs once, and is never live',
    { 'u.js': U, 'm.js': M },
    {
      'u.js': "export const a = () => 2; ran.push('u');",
      'm.js': "import { a } from './u.js'; export const get = () => a() + 10; throw new Error('on purpose');",
    },
    { ...REFUSED, ran: ['u'] },
  ],
  [
    'a file that throws, with what another exports only now',
    { 'u.js': U, 'm.js': M },
    {
      'u.js': "export const a = () => 2; export const b = ran.push('u');",
      'm.js':
        "import { a, b } from './u.js'; export const get = () => a() + b; throw new Error('on purpose');",
    },
    { ...REFUSED, ran: ['u'] },
  ],
  [
    'an import that another does not export: nothing runs',
    { 'u.js': U, 'm.js': M },
    {
      'u.js': "export const a = () => 2; export const b = ran.push('u');",
      'm.js': "import { a, c } from './u.js'; export const get = () => a() + c;",
    },
    { ...REFUSED, ran: [] },
  ],
  [
    'a new file that uses what another exports only now, and throws',
    { 'u.js': U, 'm.js': M },
    {
      'u.js': 'export const a = () => 2; export const b = 7;',
      'n.js': "import { b } from './u.js'; ran.push(b); throw new Error('on purpose');",
      'm.js': "import './n.js'; import { a } from './u.js'; export const get = () => a();",
    },
    { told: ['error m.js'], versions: 1, ran: [7] },
  ],
  [
    'an export and its use',
    { 'u.js': U, 'm.js': M },
    {
      'u.js': "export const a = () => 2; export const b = ran.push('u') + 4; ",
      'm.js': "import { a, b } from './u.js'; export const get = () => a() + b; ran.push(get());",
    },
    { ...BOTH, ran: ['u', 7] },
  ],
  [
    'a new file that uses what another exports only now, as it is evaluated',
    { 'u.js': U, 'm.js': M },
    {
      'u.js': 'export const a = () => 2; export const b = 7;',
      'n.js': "import { b } from './u.js'; export const sum = b + 1; export const n = () => b + sum;",
      'm.js': "import { n } from './n.js'; export const get = () => n();",
    },
    { ...BOTH, now: 15 },
  ],
  [
    'a function that is moved to a new file, which imports what it used',
    { 'm.js': 'const rate = 2; const price = (x) => x * rate; export const get = () => price(3);' },
    {
      'm.js': "import { price } from './price.js'; export const rate = 3; export const get = () => price(3);",
      'price.js': "import { rate } from './m.js'; export const price = (x) => x * rate;",
    },
    { seen: [6, 9], told: ['swap m.js'], versions: 2, ran: [] },
  ],
  [
    'two files that import each other, each with an export that the other uses',
    { 'm.js': "import './k.js'; export const get = () => 1;", 'k.js': "import './m.js';" },
    {
      'm.js': "import { k } from './k.js'; export const three = () => 3; export const get = () => k();",
      'k.js': "import { three } from './m.js'; export const k = () => three() + 1;",
    },
    { seen: [1, 4], told: ['swap k.js', 'swap m.js'], versions: 2, ran: [] },
  ],
  [
    'a file that awaits, and one that uses what it exports',
    { 'u.js': U, 'm.js': M },
    {
      'u.js': 'export const a = () => 2; export const b = await 5;',
      'm.js': "import { a, b } from './u.js'; const c = b + 1; export const get = () => a() + c;",
    },
    { ...BOTH, now: 8 },
  ],
  [
    'a file that awaits what another exports only now',
    { 'u.js': U, 'm.js': M },
    {
      'u.js': 'export const a = () => 2; export const b = 5;',
      'm.js': "import { a, b } from './u.js'; const c = await (b + 1); export const get = () => a() + c;",
    },
    { ...BOTH, now: 8 },
  ],
];

test('files that are saved together', async () => {
  const made = program({ 'app.js': APP });
  const env = {
    CASES: JSON.stringify(CASES),
    HOTSWAP_WATCH: '1',
    HOTSWAP_SILENT: '1',
    HOTSWAP_CACHE_DIR: '',
  };
  const all = await made.json<Record<string, { seen: number[] }>>({ env });
  for (const [what, , , expected] of CASES) {
    const { seen = [], ...rest } = all[what] ?? {};
    const now = seen.at(-1);
    const found = { seen, now, ...rest } as Record<string, unknown>;
    for (const [key, value] of Object.entries(expected as object))
      assert.equal(found[key], value, `${what}: ${key}`);
  }
  made.remove();
});

test.run();
