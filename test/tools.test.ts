// What tools meet: processes of a cluster, names that only a loader resolves, and tests whose edits are not for the application.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';
import { running } from './running.ts';

test('each process of a cluster says its line with its number, the first one without', async () => {
  const made = program({
    'app.js': `import cluster from 'node:cluster';
import { f } from './f.js';
if (cluster.isPrimary) { cluster.fork(); cluster.fork(); }
setInterval(f, 1000);
console.log('up');
`,
    'f.js': 'export const f = () => 1;\n',
  });
  const child = made.start({ env: { HOTSWAP_WATCH: '1' } });
  const { line } = running(child);
  try {
    for (let i = 0; i < 3; i++) await line('stdout', /^up$/);
    await new Promise((resolve) => setTimeout(resolve, 700));
    made.write('f.js', 'export const f = () => 2;\n');
    for (let i = 0; i < 3; i++) await line('stderr', /f\.js v\d: ~f, state kept$/);
    const lines = line.all('stderr').filter((one) => one.includes('f.js'));
    assert.is(lines.filter((one) => /^hotswap: f\.js/.test(one)).length, 1, lines.join('\n'));
    assert.is(new Set(lines.filter((one) => /^hotswap\[\d+\]: f\.js/.test(one))).size, 2, lines.join('\n'));
  } finally {
    child.kill();
    made.remove();
  }
});

test('a name that only a loader resolves names its module', async () => {
  const made = program({
    'alias.js': `import * as module from 'node:module';
const led = (one) => one.startsWith('@/') ? new URL(one.slice(2), ${JSON.stringify('ROOT')}).href : one;
if (module.registerHooks) module.registerHooks({ resolve: (one, context, next) => next(led(one), context) });
else module.register('data:text/javascript,' + encodeURIComponent('const led = ' + led + '; export const resolve = (one, context, next) => next(led(one), context);'));
`,
    'app.js': `import { price } from '@/src/price.js';
import { mock, version } from 'hotswap';
await mock('@/src/price.js#price', () => 5);
let refusal;
try { version('@/src/nowhere.js'); } catch ({ code }) { refusal = code; }
console.log(JSON.stringify([price(), version('@/src/price.js').number, refusal]));
`,
    'src/price.js': 'export const price = () => 1;\n',
  });
  made.write('alias.js', made.read('alias.js').replace('"ROOT"', JSON.stringify(made.url('./'))));
  assert.equal(await made.json({ flags: ['--import', './alias.js'] }), [5, 1, 'ERR_HOTSWAP_NOT_HOT']);
  made.remove();
});

test('what a test rewrites is not live at the next start of the application, unless that is asked for', async () => {
  const edits = `import { price } from './price.js';
import { rewrite, version } from 'hotswap';
await rewrite(price, () => 50);
console.log(JSON.stringify([price(), version('./price.js').persisted]));
`;
  const made = program(
    {
      'price.js': 'export const price = () => 1;\n',
      'app.js': "import { price } from './price.js';\nconsole.log(price());\n",
      'price.test.js': edits,
      'nodetest.mjs': `import { test } from 'node:test';\ntest('one', async () => { await import('./edits.js'); });\n`,
      'edits.js': edits,
    },
    ['uvu', 'dequal', 'diff', 'kleur', 'sade', 'mri'],
  );
  assert.equal(await made.json({ entry: 'price.test.js' }), [50, false]);
  assert.is((await made.run()).stdout, '1\n');
  const ran = await made.run({ flags: ['--test'], entry: 'nodetest.mjs' });
  assert.is(ran.code, 0, ran.stdout);
  assert.is((await made.run()).stdout, '1\n');
  assert.equal(await made.json({ entry: 'price.test.js', env: { HOTSWAP_PERSIST: '1' } }), [50, true]);
  assert.is((await made.run()).stdout, '50\n');
  made.remove();
});

test('a line says types where only those have changed, and names no import that is still written there', async () => {
  const made = program({
    'app.ts': `import { f, type Item } from './f.ts';\nconsole.log('up', f({ n: 1 } as Item));\nsetInterval(() => {}, 1000);\n`,
    'f.ts': `import { slug } from './slug.ts';\nexport interface Item { n: number }\nexport const f = (item: Item) => slug + item.n;\n`,
    'slug.ts': 'export const slug = 5;\n',
  });
  const child = made.start({ entry: 'app.ts', env: { HOTSWAP_WATCH: '1' } });
  const { line, said } = running(child);
  try {
    await line('stdout', /^up 6$/);
    await new Promise((resolve) => setTimeout(resolve, 700));
    const text = made.read('f.ts');
    made.write('f.ts', text.replace('n: number', 'n: number; more?: string'));
    assert.is((await said(/f\.ts/)).input, 'hotswap: f.ts v1: types: nothing to do');
    made.write('f.ts', text.replace('n: number', 'n: number; /* any */\n more?: string'));
    assert.is((await said(/f\.ts/)).input, 'hotswap: f.ts v2: comments and layout: nothing to do');
    made.write('f.ts', text.replace('slug + item.n', 'item.n'));
    assert.is((await said(/f\.ts/)).input, 'hotswap: f.ts v3: ~f, state kept');
    made.write('f.ts', text);
    assert.is((await said(/f\.ts/)).input, 'hotswap: f.ts v4: ~f, state kept');
  } finally {
    child.kill();
    made.remove();
  }
});

test.run();
