// Another loader makes JavaScript of TypeScript, as tsx does: what is saved goes through it as well, on whichever side of us it is.
import { closeSync, openSync, writeSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program, type RunOptions } from './program.ts';
import { running } from './running.ts';

/** Compiles `.ts`, with a source map, and says that Node is to use it. */
const COMPILER = `import * as module from 'node:module';
process.setSourceMapsEnabled(true);
const hooks = \`import { transformSync } from 'oxc-transform';
const isOurs = (url) => /^[^?]*[.]ts([?]|$)/.test(url) && !url.includes('/node_modules/') && !url.includes('/lib/');
export const made = (url, result) => {
  if (!isOurs(url)) return result;
  const { code, map, errors } = transformSync(url.replace(/[?].*/, ''), Buffer.from(result.source).toString(), { lang: 'ts', sourcemap: true });
  if (errors.length > 0) throw new Error('COMPILER: ' + errors[0].message);
  const text = JSON.stringify(map), names = 'var made = true;';
  return { ...result, format: 'module', source: code + names + '\\\\n//# sourceMappingURL=data:application/json;base64,' + Buffer.from(text).toString('base64') };
};
export const of = (url, context) => isOurs(url) ? { ...context, format: 'module' } : context;
export const load = async (url, context, next) => made(url, await next(url, of(url, context)));\`;
const url = 'data:text/javascript,' + encodeURIComponent(hooks.replace("'oxc-transform'", JSON.stringify(import.meta.resolve('oxc-transform'))));
if (module.registerHooks === undefined) module.register(url);
else {
  const { made, of } = await import(url);
  module.registerHooks({ load: (url, context, next) => made(url, next(url, of(url, context))) });
}
`;

/** Answers on stdin: each line is evaluated with `m` and `hotswap`. */
const APP = `import { createInterface } from 'node:readline';
import * as m from './m.js';
import * as hotswap from 'hotswap';
interface Answer { value: unknown }
let asked = 0;
for await (const line of createInterface({ input: process.stdin })) {
  asked++;
  const answer: Answer = { value: null };
  try { answer.value = await (0, eval)('(async (m, hotswap) => ' + line + ')')(m, hotswap); } catch (error) { answer.value = String(error); }
  console.log('= ' + JSON.stringify(answer.value ?? null));
}
`;

const M = `import { tax } from './k.js';

interface Item {
  cost: number;
}

enum Unit { One = 1 }
let count: number = 0;

/** What it comes to. */
export function total(item: Item): number {
  count++;

  if (item.cost < 0) throw new Error('less than nothing');
  return item.cost * tax() * Unit.One;
}
export const counted = (): number => count;
`;
const K = 'export const tax = (): number => 2;\n';

const ORDERS: Record<string, RunOptions> = {
  'before us': { hot: false, flags: ['--import', './compiler.mjs', '--import', 'hotswap/register'] },
  'after us': { flags: ['--import', './compiler.mjs'] },
};

for (const [order, options] of Object.entries(ORDERS)) {
  test(`a loader that is registered ${order}: saves are taken over, and traces name the author's lines`, async () => {
    const files = { 'compiler.mjs': COMPILER, 'app.ts': APP, 'm.ts': M, 'k.ts': K };
    const app = program(files, ['oxc-transform']);
    const env = { HOTSWAP_WATCH: '1' };
    const child = app.start({ entry: 'app.ts', ...options, env });
    const { line, said } = running(child);
    const ask = async (expression: string): Promise<unknown> => {
      child.stdin?.write(`${expression}\n`);
      return JSON.parse((await line('stdout', /^= (.*)/))[1] as string);
    };
    const at = `(() => { try { m.total({ cost: -1 }) } catch ({ stack }) { return /at (?:Module\\.)?(\\w+) .*?(m\\.ts:\\d+)/.exec(stack).slice(1).join(' ') } })()`;
    try {
      assert.is(await ask('m.total({ cost: 3 })'), 6);
      assert.is(await ask(at), 'total m.ts:14');
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.equal(line.all('stderr'), []);

      app.write('m.ts', M.replace('item.cost * tax()', 'item.cost * tax() + 100'));
      assert.is((await said(/m\.ts/)).input, 'hotswap: m.ts v1: ~total, state kept');
      assert.equal(await ask('[m.total({ cost: 3 }), m.counted()]'), [106, 3]);
      assert.is(await ask(at), 'total m.ts:14');

      const more = M.replace('\n/** What', '\nconst FEE: number = 7;\n\n\n/** What').replace(
        'tax()',
        'tax() + FEE',
      );
      app.write('m.ts', more);
      assert.match((await said(/m\.ts/)).input, /^hotswap: m\.ts v2: \+FEE, ~total, state kept$/);
      assert.equal(await ask('[m.total({ cost: 3 }), m.counted()]'), [13, 5]);
      assert.is(await ask(at), 'total m.ts:17');

      app.write('m.ts', more.replace('let count', 'let = count'));
      await said(/^hotswap: m\.ts is not taken over; v2 runs on$/);
      assert.is(await ask('m.total({ cost: 3 })'), 13);

      app.write('k.ts', `${K}export const rate = (): number => 5;\n`);
      app.write('m.ts', more.replace('{ tax }', '{ tax, rate }').replace('tax() + FEE', 'rate()'));
      await said(/m\.ts v3/);
      assert.is(await ask('m.total({ cost: 3 })'), 15);
      await ask(`hotswap.rewrite('./m.js#total', '() => 50')`);
      assert.is(await ask('m.total({ cost: 3 })'), 50);
      app.write('m.ts', M);
      assert.match(
        (await said(/m\.ts v5/)).input,
        /edits made since the file was loaded \(v4\) are not in the file/,
      );
      assert.is(await ask('m.total({ cost: 3 })'), 6);
      assert.is(await ask(`hotswap.reload('./m.js').then((one) => one.number)`), 5);
      await ask(`hotswap.restore('./m.js', 1)`);
      assert.is(await ask('m.total({ cost: 3 })'), 106);
    } finally {
      child.kill('SIGKILL');
      app.remove();
    }
  });
}

test('a file that is written while another of the burst is being made: what is edited as soon as both run stays', async () => {
  // Making takes as long as it may on a machine that is busy.
  const slow = COMPILER.replace(
    'const { code, map',
    `if (url.includes('/k.ts')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
  const { code, map`,
  );
  const k = (n: number) => `export const k = (): number => ${n};\n`;
  const m = (n: number) => `export const f = (): unknown => ${n};\n`;
  const app = program(
    {
      'compiler.mjs': slow,
      'app.ts': `import { f } from './m.js'; import './k.js'; import { rewrite } from 'hotswap'; console.log('up');
setInterval(async () => { const n = f(); if (n !== 0 && n !== 'mem') { await rewrite(f, () => 'mem'); setTimeout(() => console.log('= ' + f()), 150); } }, 0);\n`,
      'm.ts': m(0),
      'k.ts': k(0),
    },
    ['oxc-transform'],
  );
  const env = { HOTSWAP_WATCH: '1', HOTSWAP_CACHE_DIR: '' };
  const child = app.start({ entry: 'app.ts', ...ORDERS['before us'], env });
  const { line } = running(child);
  try {
    await line('stdout', /^up$/);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (let n = 1; n < 7; n++) {
      app.write('k.ts', k(n));
      const fd = openSync(app.file('m.ts'), 'w');
      await new Promise((resolve) => setTimeout(resolve, 10 + 8 * n));
      writeSync(fd, m(n));
      closeSync(fd);
      assert.is((await line('stdout', /^= (.*)/))[1], 'mem');
    }
  } finally {
    child.kill('SIGKILL');
    app.remove();
  }
});

test.run();
