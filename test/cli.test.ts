// The command: what it answers to words, what the program that it runs sees, and how it ends or begins anew.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HAS_PARSER, type Program, program, ROOT } from './program.ts';
import { type Running, running } from './running.ts';

const COMMAND = join(ROOT, JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).bin.hotswap);

interface Command extends Running {
  child: ChildProcess;
}

const started = new Set<ChildProcess>();
test.after.each(() => {
  for (const child of started) child.kill();
  started.clear();
});

/** Runs the command in a program's folder. */
function hotswap({ dir }: Program, ...words: string[]): Command {
  const { NODE_OPTIONS: _none, ...env } = process.env;
  const child = spawn(process.execPath, [COMMAND, ...words], { cwd: dir, env });
  started.add(child);
  return { child, ...running(child) };
}

test('words: help, version, and what is not understood', async () => {
  const made = program({ 'app.js': '', 'src/main.ts': '', 'src/maim.d': '' });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const table: [words: string[], code: number, stdout: RegExp, stderr: RegExp][] = [
    [['--help'], 0, /^Usage: hotswap run /, /^$/],
    [['run', '--help'], 0, /^Usage: hotswap run /, /^$/],
    [['--version'], 0, new RegExp(`^${version}$`), /^$/],
    [[], 2, /^$/, /it needs a command.*--help/],
    [['serve'], 2, /^$/, /there is no command or file "serve"/],
    [['run'], 2, /^$/, /run needs the file of a program/],
    [['run', '--inspect'], 2, /^$/, /run needs the file of a program/],
    [['run', 'nowhere.js'], 2, /^$/, /there is no file nowhere\.js in .*hotswap-test/],
    [
      ['src/mian.js'],
      2,
      /^$/,
      /there is no command or file "src\/mian\.js", did you mean src\/main\.ts\? Usage/,
    ],
    [['run', 'ap.js'], 2, /^$/, /there is no file ap\.js in .*, did you mean app\.js\? Usage/],
    [['run', 'nowhere/app.js'], 2, /^$/, /there is no file nowhere\/app\.js in .*hotswap-test[^,]*\. Usage/],
    [['runn', 'app.js'], 2, /^$/, /no command or file "runn", did you mean run\? Usage/],
    [['run', 'src'], 2, /^$/, /src is a directory without index\.js or package\.json\. Usage/],
    [['run', '-e', '1'], 2, /^$/, /run takes a file, and not -e/],
    [['run', '--no-such-option', 'app.js'], 9, /^$/, /bad option/],
    [['run', 'app.js'], 0, /^$/, /^$/],
    [['prepare', '--help'], 0, /hotswap prepare/, /^$/],
    [['prepare'], 2, /^$/, /prepare needs the file of a program/],
    [['prepare', 'app.js', 'nowhere.js'], 2, /^$/, /there is no file nowhere\.js in .*hotswap-test/],
    [['prepare', '-e', '1'], 2, /^$/, /prepare takes a file, and not -e/],
    [['prepare', 'app.js'], 0, /^$/, /^hotswap: .*app\.js is prepared: 1 module, in .*hotswap$/],
  ];
  for (const [words, code, stdout, stderr] of table) {
    const { ended, line } = hotswap(made, ...words);
    assert.is(await ended, code, `${words}: ${line.all('stderr').join('\n')}`);
    assert.match(line.all('stdout').join('\n'), stdout);
    assert.match(line.all('stderr').join('\n'), stderr);
  }
  made.remove();
});

test('a program that was prepared has a first start like any later one, and has not run before', async () => {
  const made = program({
    'app.js': `import { a } from './a.js'; import b from './b.ts'; import c from './c.cjs'; import d from './d.json' with { type: 'json' };
console.log(JSON.stringify([a, b, c, d, (await import('./later.js')).later, ${HAS_PARSER}]));`,
    'a.js': `console.log('a runs'); export const a = await Promise.resolve(1);`,
    'b.ts': `enum Side { Left = 2 }\nexport default Side.Left as number;`,
    'c.cjs': `console.log('c runs'); module.exports = 3;`,
    'd.json': '4',
    'later.js': 'export const later = 5;',
    'empty.cjs': '',
    'broken.js': `import './wrong.js';`,
    'wrong.js': 'export const fine = 1;\nconst = 2;',
    'lost.js': `import './nowhere.js';`,
  });
  const [cannot, one] = [
    /^hotswap: .*broken\.js cannot be prepared:\n.*wrong\.js:2\nconst = 2;/,
    /^hotswap: .*lost\.js cannot be prepared:\n(.*\n)*.*Cannot find module .*nowhere\.js/,
  ];
  for (const [words, code, says] of [
    [
      ['app.js', './later'],
      0,
      /^hotswap: .*app\.js is prepared: 3 modules, in .*node_modules.*hotswap\n.*later\.js is prepared: 1 module, in/,
    ],
    [['--no-warnings', '--', 'broken.js'], 1, cannot],
    [['lost.js'], 1, one],
    [['empty.cjs'], 1, /^hotswap: .*empty\.cjs cannot be prepared: neither it nor/],
  ] as [string[], number, RegExp][]) {
    const { ended, line } = hotswap(made, 'prepare', ...words);
    assert.is(await ended, code);
    assert.match(line.all('stderr').join('\n'), says);
    assert.equal(line.all('stdout'), []);
  }
  assert.is((await made.run()).stdout, 'a runs\nc runs\n[1,2,3,4,5,false]\n');
  const off = await made.run({
    hot: false,
    entry: COMMAND,
    args: ['prepare', 'app.js'],
    env: { HOTSWAP_CACHE_DIR: '' },
  });
  assert.match(off.stderr, /cannot be prepared: there is no cache, it is turned off/);
  made.remove();
});

const SEES = `const own = { argv: process.argv.slice(1), main: import.meta.main ?? null, env: [process.env.NAME ?? null, ...Object.keys(process.env).filter((one) => /^HOTSWAP_RUN/.test(one))], title: process.title, ipc: [process.send === undefined, process.connected ?? null], cwd: process.cwd(), tty: process.stdin.isTTY ?? null };
console.log(JSON.stringify(own));
`;

test('a program sees what it would see with plain Node: arguments, options, main, environment', async () => {
  const made = program({
    'app.mjs': SEES,
    'main.cjs': `console.log(JSON.stringify([require.main === module, process.argv.slice(2)]));`,
    '.env': 'NAME=value\n',
  });
  const plain = (...words: string[]): unknown =>
    JSON.parse(
      execFileSync(process.execPath, words, { cwd: made.dir, stdio: ['pipe', 'pipe', 'ignore'] }).toString(),
    );
  const tables: string[][] = [
    ['app.mjs', '--port', '3000', '--', '-x'],
    ['--env-file=.env', '--title', 'shop', 'app.mjs', '--help'],
    ['--env-file', '.env', '--no-warnings', './app.mjs'],
    ['main.cjs', 'run', '--version'],
  ];
  for (const words of tables) {
    for (const given of [words, words[0]?.startsWith('-') ? words : ['--', ...words]]) {
      const { line, ended } = hotswap(made, 'run', ...given);
      assert.is(await ended, 0, line.all('stderr').join('\n'));
      assert.equal(JSON.parse(line.all('stdout')[0] as string), plain(...words), given.join(' '));
    }
  }
  made.remove();
});

test('exit codes and signals go through', async () => {
  const isWindows = process.platform === 'win32'; // where signals of another process end it at once, and nobody hears them
  const made = program({
    'three.js': 'process.exit(3);',
    'code.js': 'process.exitCode = 1;',
    'waits.js': `process.on('SIGTERM', () => { console.log('closing'); setTimeout(() => process.exit(5), 10); }); setInterval(() => {}, 1000); console.log('up');`,
    'plain.js': `setInterval(() => {}, 1000); console.log('up');`,
    'kills.js': `process.kill(process.pid, 'SIGKILL');`,
    'stdin.js': `for await (const text of process.stdin) console.log('got ' + text);`,
  });
  assert.is(await hotswap(made, 'run', 'three.js').ended, 3);
  assert.is(await hotswap(made, 'run', 'code.js').ended, 1);
  assert.is(await hotswap(made, 'run', 'kills.js').ended, isWindows ? 1 : 'SIGKILL');
  if (!isWindows) {
    const closes = hotswap(made, 'run', 'waits.js');
    await closes.line('stdout', /up/);
    closes.child.kill('SIGTERM');
    await closes.line('stdout', /closing/);
    assert.is(await closes.ended, 5);
  }
  for (const signal of isWindows ? [] : (['SIGTERM', 'SIGINT', 'SIGHUP'] as const)) {
    const ends = hotswap(made, 'run', 'plain.js');
    await ends.line('stdout', /up/);
    ends.child.kill(signal);
    assert.is(await ends.ended, signal);
  }
  const reads = hotswap(made, 'run', 'stdin.js');
  reads.child.stdin?.end('hello');
  await reads.line('stdout', /got hello/);
  assert.is(await reads.ended, 0);
  made.remove();
});

const SERVER = `import { createServer } from 'node:http';
import { answer } from './src/answer.js';
let hits = 0;
const server = createServer((req, res) => res.end(answer(++hits)));
server.listen(0, () => console.log('port ' + server.address().port));
`;

test('a server runs on while its files are saved', async () => {
  const made = program({
    'server.js': SERVER,
    'src/answer.js': "export const answer = (n) => 'hello ' + n;\n",
  });
  const { line, said, child, ended } = hotswap(made, 'run', 'server.js');
  const port = (await line('stdout', /port (\d+)/))[1];
  const get = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();
  assert.is(await get(), 'hello 1');
  made.write('src/answer.js', "export const answer = (n) => 'good day ' + n;\n");
  await said(/^hotswap: src\/answer\.js v1: ~answer, state kept$/);
  assert.is(await get(), 'good day 2');
  made.write('server.js', SERVER.replace('answer(++hits)', "answer(++hits) + '!'"));
  await said(/^hotswap: server\.js v1: ~/);
  assert.is(await get(), 'good day 3!');
  child.kill('SIGTERM');
  assert.is(await ended, 'SIGTERM');
  made.remove();
});

test('a program that ends with an uncaught error is started again at the next save', async () => {
  const made = program({
    'app.js':
      "import { name } from './lib.js';\nconsole.log('name ' + name);\nif (name === 'late') setTimeout(() => { throw new Error('late'); }, 5);\n",
    'lib.js': 'export const name = ;',
  });
  const { said, line, ended } = hotswap(made, 'run', 'app.js');
  await said(/SyntaxError/);
  await said(/^hotswap: app\.js ended with an error; it is started again at the next save$/);
  made.write('lib.js', "import './nowhere.js';\nexport const name = 1;");
  await said(/^hotswap: lib\.js was saved; app\.js is started again$/);
  await said(/ERR_MODULE_NOT_FOUND/);
  await said(/ended with an error/);
  made.write('lib.js', 'export const other = 1;');
  await said(/does not provide an export named/);
  await said(/ended with an error/);
  made.write('lib.js', "export const name = 'late';");
  await line('stdout', /name late/);
  await said(/Error: late/);
  await said(/ended with an error/);
  made.write('node_modules/other/index.js', '');
  made.write('notes.txt', 'none');
  made.write('lib.js', "Promise.reject(new Error('unhandled'));\nexport const name = 2;");
  await said(/lib\.js was saved/);
  await said(/Error: unhandled/);
  await said(/ended with an error/);
  made.write('lib.js', "export const name = 'good';");
  await line('stdout', /name good/);
  assert.is(await ended, 0);
  made.remove();
});

test('an error that the program sees to is none, and a signal while it waits for a save ends the command', async () => {
  const made = program({
    'sees.js': "process.on('uncaughtException', () => process.exit(4));\nnull.x;",
    'app.js': 'null.x;',
  });
  assert.is(await hotswap(made, 'run', 'sees.js').ended, 4);
  const waits = hotswap(made, 'run', 'app.js');
  await waits.said(/ended with an error/);
  waits.child.kill('SIGINT');
  assert.is(await waits.ended, 'SIGINT');
  made.remove();
});

test.run();
