// Programs under import-in-the-middle, on which OpenTelemetry, Datadog and Sentry are built: whoever imports a module imports one that stands
// before it. Saves, versions and modules that failed work as without it, in each order of the loaders, and what is traced stays traced.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';
import { running } from './running.ts';

const TRACER = `import { Hook } from 'import-in-the-middle';
new Hook((exported, name) => {
  if (!name.endsWith('traced.js')) return;
  const { traced } = exported;
  exported.traced = (...args) => 'traced ' + traced(...args);
});
`;
const SETUPS: Record<string, string> = {
  'module.register': `import { register } from 'node:module';\nregister('import-in-the-middle/hook.mjs', import.meta.url);\n${TRACER}`,
  'synchronous hooks': `import { register } from 'import-in-the-middle/register-hooks.mjs';\nregister();\n${TRACER}`,
};

/** Answers on stdin: each line is evaluated with what `app.js` imports. */
const APP = `import { createInterface } from 'node:readline';
import { a, N, LIST } from './a.js';
import { traced } from './traced.js';
import * as use from './use.ts';
import * as hotswap from 'hotswap';
createInterface({ input: process.stdin }).on('line', async (line) => {
  let answer;
  try { answer = await eval('(async () => ' + line + ')()'); } catch (error) { answer = error.name; }
  console.log('= ' + JSON.stringify(answer));
});
`;
const A = "export const N = 1;\nexport const LIST = ['one'];\nexport const a = () => 'a1';\n";

for (const [kind, setup] of Object.entries(SETUPS)) {
  if (kind !== 'module.register' && process.version.startsWith('v20.')) continue; // which has none
  for (const order of ['before', 'after']) {
    test(`${kind}, asked for ${order} us`, async () => {
      const made = program(
        {
          'setup.js': setup,
          'app.js': APP,
          'a.js': A,
          'traced.js': 'export const traced = () => 1;\n',
          'use.ts': "import { a } from './a.js';\nexport const use = (): string => a();\n",
          'page.js': "import { missing } from './a.js';\nexport const page = () => missing();\n",
        },
        ['import-in-the-middle'],
      );
      const ours = ['--import', 'hotswap/register'];
      const theirs = ['--import', './setup.js'];
      const flags = order === 'before' ? [...theirs, ...ours] : [...ours, ...theirs];
      const child = made.start({ hot: false, flags, env: { HOTSWAP_WATCH: '1', NODE_NO_WARNINGS: '1' } });
      const { line, said } = running(child);
      const ask = async (expression: string): Promise<unknown> => {
        child.stdin?.write(`${expression}\n`);
        return JSON.parse((await line('stdout', /^= (.*)/))[1] as string);
      };
      try {
        assert.equal(await ask('[a(), N, LIST, traced(), use.use()]'), ['a1', 1, ['one'], 'traced 1', 'a1']);
        assert.equal(
          await ask("hotswap.modules().map((url) => url.replace(/.*\\//, '')).sort()"),
          ['a.js', 'app.js', 'setup.js', 'traced.js', 'use.ts'].filter(
            (one) => order === 'after' || one !== 'setup.js',
          ),
        );
        assert.is(await ask("import('./page.js').then(({ page }) => page())"), 'SyntaxError');

        made.write('a.js', A.replace('a1', 'a2').replace('N = 1', 'N = 2').replace("'one'", "'one', 'two'"));
        await said(/^hotswap: page\.js: not run so far; the next import loads it anew$/);
        await said(/^hotswap: a\.js v1: ~N, ~LIST, ~a, state kept$/);
        assert.equal(await ask('[a(), N, LIST, use.use()]'), ['a2', 2, ['one', 'two'], 'a2']);
        made.write('traced.js', 'export const traced = () => 2;\n');
        await said(/^hotswap: traced\.js v1: ~traced, state kept$/);
        assert.is(await ask('traced()'), 'traced 2');

        made.write('use.ts', "import { a, b } from './a.js';\nexport const use = (): string => a() + b();\n");
        made.write('a.js', `${A}export const b = () => 'b';\nexport const missing = () => 'no more';\n`);
        await said(/^hotswap: use\.ts v1: /);
        assert.equal(await ask('[a(), N, LIST, use.use()]'), ['a1', 1, ['one'], 'a1b']);
        assert.is(await ask("import('./page.js').then(({ page }) => page())"), 'no more');
        assert.is(await ask("import('./a.js').then(({ b }) => b())"), 'b');
        assert.is(await ask("import('./a.js?hotswap=1').then(({ a }) => a())"), 'a2');
        await ask("hotswap.rollback('./a.js')");
        assert.equal(await ask('[a(), N, LIST]'), ['a2', 2, ['one', 'two']]);
        assert.equal(line.rest('stderr'), []);
      } finally {
        child.kill('SIGKILL');
        made.remove();
      }
    });
  }
}

test.run();
