// Files that a save does nothing with: one true line for each kind, when one is saved; and what is followed although it looks like them.
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kindOf } from '../watch/others.ts';
import { program } from './program.ts';
import { running } from './running.ts';

/** The files that a program has loaded, and the directories that are looked at, are found half a second after its last module. */
const looked = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1200));

test('which files programs read by themselves', () => {
  const table: [file: string, kind: string | undefined][] = [
    ['.env', 'environment'],
    ['.env.local', 'environment'],
    ['views/index.ejs', 'template'],
    ['schema.graphql', 'template'],
    ['config/default.json', 'data'],
    ['config.yaml', 'data'],
    ['package.json', undefined],
    ['tsconfig.build.json', undefined],
    ['src/a.ts', undefined],
    ['README.md', undefined],
    ['.envrc', undefined],
  ];
  for (const [file, kind] of table) assert.is(kindOf(file), kind, file);
});

test('CommonJS behind a require, settings, templates and data are said once each; JSON that is imported later and links are followed', async () => {
  const made = program({
    'app.js': `import './first.cjs';
import { real } from './link.js';
const { default: later } = await import('./later.json', { with: { type: 'json' } });
console.log('up');
setInterval(() => console.log(later.n + real()), 20);
`,
    'first.cjs': "require('./second.cjs');\n",
    'second.cjs': '// one\n',
    'later.json': '{ "n": 1 }',
    'views/page.ejs': 'one',
    'config/default.json': '{}',
    'real.js': 'export const real = () => 10;\n',
    'notes.md': 'one',
  });
  mkdirSync(made.file('real'));
  renameSync(made.file('real.js'), made.file('real/real.js'));
  symlinkSync('real/real.js', made.file('link.js'));
  const child = made.start({ flags: ['--preserve-symlinks'], env: { HOTSWAP_WATCH: '1' } });
  const { line, said } = running(child);
  try {
    await line('stdout', /^up$/);
    await looked();
    made.write('notes.md', 'two');
    made.write('second.cjs', '// two\n');
    await said(/^hotswap: second\.cjs is no hot module \(CommonJS, or excluded\)/);
    made.write('.env', 'A=1');
    await said(/^hotswap: \.env is read when a program starts: what was saved counts from a restart on$/);
    made.write('views/page.ejs', 'two');
    await said(
      /^hotswap: views\/page\.ejs is no module: what the program has read of it stays until it reads it again$/,
    );
    made.write('config/default.json', '{ "a": 1 }');
    await said(/^hotswap: config\/default\.json is no module that is imported: /);
    for (const file of ['.env', 'views/page.ejs', 'config/default.json', 'first.cjs'])
      made.write(file, 'again');
    made.write('later.json', '{ "n": 2 }');
    await said(/^hotswap: later\.json: ~n; its importers have it$/);
    await line('stdout', /^12$/);
    made.write('real/real.js', 'export const real = () => 20;\n');
    await said(/^hotswap: link\.js v1: ~real, state kept$/);
    await line('stdout', /^22$/);
    assert.is(line.all('stderr').length, 6, line.all('stderr').join('\n'));
  } finally {
    child.kill('SIGKILL');
    made.remove();
  }
});

test('a program that is CommonJS is told once that saves of it wait for a restart', async () => {
  const made = program({
    'package.json': '{}',
    'app.js': "require('./lib.js');\nconsole.log('up');\nsetInterval(() => {}, 1000);\n",
    'lib.js': 'module.exports = 1;\n',
  });
  const child = made.start({ env: { HOTSWAP_WATCH: '1' } });
  const { line, said } = running(child);
  try {
    await said(
      /^hotswap: app\.js is CommonJS: files of ES modules \(\.mjs, or \.js where package\.json says "type": "module"\) are taken over when they are saved, and others wait for a restart$/,
    );
    made.write('lib.js', 'module.exports = 2;\n');
    await looked();
    assert.is(line.all('stderr').length, 1);
  } finally {
    child.kill('SIGKILL');
    made.remove();
  }
});

test.run();
