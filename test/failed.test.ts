// Modules that fail when they are loaded, and are mended while the program runs: the next import is their first load, and nothing waits.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { program } from './program.ts';
import { running } from './running.ts';

/** Answers on stdin: for each name what its module's `page` gives, or the error of its import. */
const APP = `import { createInterface } from 'node:readline';
import { a } from './a.js';
for await (const line of createInterface({ input: process.stdin })) {
  const answers = await Promise.all(line.split(' ').map(async (name) => {
    try { return name === 'a' ? a() : (await import('./' + name)).page(); } catch (error) { return error.name; }
  }));
  console.log('= ' + JSON.stringify(answers));
}
`;
const a = (n: number): string => `export const a = () => ${n};\n`;
const page = (text: string): string => `export const page = () => ${text};\n`;

interface Asked {
  write(name: string, text: string): void;
  said(pattern: RegExp): Promise<RegExpExecArray>;
  ask(names: string): Promise<unknown>;
  stderr(): string[];
}

async function asked(files: Record<string, string>, work: (app: Asked) => Promise<void>): Promise<void> {
  const made = program({ 'app.js': APP, 'a.js': a(1), ...files });
  const child = made.start({ env: { HOTSWAP_WATCH: '1' } });
  const { line, said } = running(child);
  const ask = async (names: string): Promise<unknown> => {
    child.stdin?.write(`${names}\n`);
    return JSON.parse((await line('stdout', /^= (.*)/))[1] as string);
  };
  try {
    assert.equal(await ask('a'), [1]);
    await work({ ...made, said, ask, stderr: () => line.rest('stderr') });
  } finally {
    child.kill('SIGKILL');
    made.remove();
  }
}

/** Looked at 500 ms after the last module was loaded: which modules have failed, and what files they miss. */
const looked = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 900));

test('a module that could not be linked, threw, did not parse or missed a file is loaded once it is mended', () =>
  asked(
    {
      'link.js': `import { missing } from './lib.js';\n${page('missing()')}`,
      'throws.js': `import { lib } from './lib.js';\nif (lib() === 1) throw new RangeError('thrown');\n${page('lib()')}`,
      'syntax.js': `import { lib } from './lib.js';\nexport const page = () => lib(;\n`,
      'typed.ts': `import { lib } from './lib.js';\nexport const page = (): number => lib(;\n`,
      'gone.js': `import { gone } from './later.js';\n${page('gone()')}`,
      'lib.js': 'export const lib = () => 1;\n',
    },
    async ({ ask, write, said, stderr }) => {
      const all = 'link.js throws.js syntax.js gone.js';
      assert.equal(await ask(all), ['SyntaxError', 'RangeError', 'SyntaxError', 'Error']);
      assert.is.not(((await ask('typed.ts')) as [unknown])[0], 1);
      await looked();

      // What was saved together with it goes in, and so does what is saved later.
      write('syntax.js', `import { lib } from './lib.js';\n${page('lib()')}`);
      write('a.js', a(2));
      await said(/^hotswap: syntax\.js: not run so far; the next import loads it anew$/);
      await said(/^hotswap: a\.js v1: ~a, state kept$/);
      assert.equal(await ask('a syntax.js'), [2, 1]);
      write('typed.ts', `import { lib } from './lib.js';\nexport const page = (): number => lib() + ;\n`);
      await said(/^hotswap: typed\.ts is not taken over; nothing of it runs$/);
      write('typed.ts', `import { lib } from './lib.js';\nexport const page = (): number => lib();\n`);
      await said(/^hotswap: typed\.ts: not run so far/);
      assert.equal(await ask('typed.ts'), [1]);

      // What they import is mended, or comes.
      write('lib.js', 'export const lib = () => 2;\nexport const missing = () => 3;\n');
      await said(
        /^hotswap: (link\.js, throws\.js|throws\.js, link\.js): not run so far; the next import loads them anew$/,
      );
      await said(/^hotswap: lib\.js v1: \+missing, ~lib, state kept$/);
      write('later.js', 'export const gone = () => 4;\n');
      await said(/^hotswap: gone\.js: not run so far/);
      assert.equal(await ask(`${all} typed.ts a`), [3, 2, 2, 4, 2, 2]);

      // From then on they are like any other module.
      write('link.js', `import { missing } from './lib.js';\n${page('missing() * 10')}`);
      await said(/^hotswap: link\.js v1: ~page, state kept$/);
      write('later.js', 'export const gone = () => 5;\n');
      await said(/^hotswap: later\.js v1: ~gone, state kept$/);
      assert.equal(await ask(all), [30, 2, 2, 5]);
      assert.equal(stderr(), []);
    },
  ));

test('one that fails again is loaded again; a module that runs may come to import one that had failed', () =>
  asked(
    {
      'page.js': "import './mid.js';\nthrow new TypeError('first');\n",
      'mid.js': "import { x } from './deep.js';\nexport const mid = x;\n",
      'deep.js': 'export const y = () => 1;\n',
    },
    async ({ ask, write, said }) => {
      assert.equal(await ask('page.js'), ['SyntaxError']);
      write('deep.js', 'export const x = () => 1;\n');
      await said(/not run so far; the next import loads them anew$/);
      assert.equal(await ask('page.js'), ['TypeError']);
      write('page.js', "throw new RangeError('second');\n");
      await said(/^hotswap: page\.js: not run so far/);
      assert.equal(await ask('page.js'), ['RangeError']);
      write('page.js', `import { mid } from './mid.js';\nlet n = 0;\n${page('mid() + n++')}`);
      await said(/^hotswap: page\.js: not run so far/);
      write('a.js', "import { page } from './page.js';\nexport const a = () => page();\n");
      await said(/^hotswap: a\.js v1: /);
      assert.equal(await ask('a'), [1]);
      assert.equal(await ask('page.js'), [2], 'the same instance');
      write('deep.js', 'export const x = () => 100;\n');
      await said(/^hotswap: deep\.js v1: ~x, state kept$/);
      assert.equal(await ask('page.js'), [102]);
    },
  ));

test('a module that has yet to run, as another awaits something, is no failed one', async () => {
  const app = (n: number): string =>
    `import { lib } from './waits.js';\nconsole.log('runs');\nsetInterval(() => console.log(lib() + ' ' + ${n}), 20);\n`;
  const waits = (n: number): string =>
    `export const lib = () => ${n};\nconsole.log('waits');\nawait new Promise((resolve) => process.stdin.once('data', resolve));\nprocess.stdin.unref();\n`;
  const made = program({ 'app.js': app(1), 'waits.js': waits(1) });
  const child = made.start({ env: { HOTSWAP_WATCH: '1' } });
  const { line, said } = running(child);
  try {
    await line('stdout', /waits/);
    await looked();
    made.write('waits.js', waits(2));
    await said(/^hotswap: waits\.js v1: ~lib, state kept$/);
    made.write('app.js', app(2));
    await said(/^hotswap: app\.js: not run yet; what was saved goes in when it runs$/);
    child.stdin?.write('go\n');
    await said(/^hotswap: app\.js v1: /);
    await line('stdout', /^2 2$/);
    assert.is(line.all('stdout').filter((one) => one === 'runs').length, 1);
  } finally {
    child.kill('SIGKILL');
    made.remove();
  }
});

test.run();
