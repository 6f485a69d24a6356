// `hotswap run` gives a program all that plain Node would: its parent's IPC channel, signals once, descriptors, loaders in the order asked for.
// How it is called, what it waits for, and where its cache cannot be written.
import {
  type ChildProcess,
  execFileSync,
  fork,
  type SerializationType,
  spawn,
  spawnSync,
} from 'node:child_process';
import { chmodSync, openSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Program, program, ROOT } from './program.ts';
import { type Running, running } from './running.ts';

const COMMAND = join(ROOT, 'lib/cli/hotswap.js');
const isWindows = process.platform === 'win32';
const { NODE_OPTIONS: _none, ...env } = process.env;

const started = new Set<ChildProcess>();
test.after.each(() => {
  for (const child of started) child.kill(); // which the command passes on
  started.clear();
});

function hotswap(
  { dir }: Program,
  words: string[],
  more: Record<string, string> = {},
): Running & { child: ChildProcess } {
  const child = spawn(process.execPath, [COMMAND, ...words], { cwd: dir, env: { ...env, ...more } });
  started.add(child);
  return { child, ...running(child) };
}

test('process.exit(1) is a crash, as programs and frameworks end that have caught an error; other codes are passed on', async () => {
  const made = program({
    'app.js': `import { start } from './start.js';
try { start(); } catch (error) { console.log('caught ' + error.message); process.exit(1); }
console.log('up');`,
    'start.js': "export const start = () => { throw new Error('no port'); };\n",
    'asked.js':
      "process.on('SIGTERM', () => process.exit(1));\nsetInterval(() => {}, 1000);\nconsole.log('up');",
    'two.js': 'process.exit(2);',
    'unset.js': 'process.exitCode = 1;',
  });
  const { said, line, ended } = hotswap(made, ['run', 'app.js']);
  await line('stdout', /caught no port/);
  await said(/^hotswap: app\.js ended with exit code 1; it is started again at the next save$/);
  made.write('start.js', 'export const start = () => {};\n');
  await said(/^hotswap: start\.js was saved; app\.js is started again$/);
  await line('stdout', /^up$/);
  assert.is(await ended, 0);
  assert.is(await hotswap(made, ['run', 'two.js']).ended, 2);
  assert.is(await hotswap(made, ['run', 'unset.js']).ended, 1);
  if (!isWindows) {
    const asked = hotswap(made, ['run', 'asked.js']);
    await asked.line('stdout', /up/);
    asked.child.kill('SIGTERM');
    assert.is(await asked.ended, 1, 'who is asked to end is not waited with');
  }
  made.remove();
});

const TALKS = `import { connected } from 'node:process';
process.on('message', (message, handle) => {
  if (message === 'server') return handle.close(() => process.send('has the server'));
  process.send({ message, map: new Map([[1, 2]]), fn: 1 });
  if (message === 'end') { process.send('last'); process.exit(3); }
  if (message === 'leave') process.disconnect();
});
process.on('disconnect', () => console.log('disconnected'));
process.send(['ready', connected, Object.keys(process.env).some((one) => one.startsWith('NODE_CHANNEL'))]);
`;

for (const serialization of ['json', 'advanced'] as SerializationType[]) {
  test(`the IPC channel of a parent (${serialization}): messages, handles, the last message, disconnecting from either side`, async () => {
    const made = program({ 'talks.js': TALKS });
    const map = serialization === 'json' ? {} : new Map([[1, 2]]);
    const begin = (): { child: ChildProcess; next: () => Promise<unknown>; seen: Running } => {
      const child = fork(COMMAND, ['run', 'talks.js'], { cwd: made.dir, env, serialization, silent: true });
      started.add(child);
      const messages: unknown[] = [];
      let wake = (): void => {};
      child.on('message', (message) => {
        messages.push(message);
        wake();
      });
      const next = async (): Promise<unknown> => {
        while (messages.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        return messages.shift();
      };
      return { child, next, seen: running(child) };
    };
    const one = begin();
    assert.equal(await one.next(), ['ready', true, false]);
    one.child.send('hello');
    assert.equal(await one.next(), { message: 'hello', map, fn: 1 });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
    one.child.send('server', server, () => server.close());
    assert.is(await one.next(), 'has the server');
    one.child.send('end');
    assert.equal(await one.next(), { message: 'end', map, fn: 1 });
    assert.is(await one.next(), 'last');
    assert.is(await one.seen.ended, 3);

    const two = begin();
    await two.next();
    const left = new Promise((resolve) => two.child.on('disconnect', resolve));
    two.child.send('leave');
    await left;
    await two.seen.line('stdout', /disconnected/);
    assert.is(await two.seen.ended, 0);

    const three = begin();
    await three.next();
    // Node emits no `close` for a process that was disconnected from here.
    const exited = new Promise((resolve) => three.child.on('exit', resolve));
    three.child.disconnect();
    await three.seen.line('stdout', /disconnected/);
    assert.is(await exited, 0);
    made.remove();
  });
}

/** Runs a command on a terminal of its own, with stdin from elsewhere, and presses Ctrl-C once it says `up`. */
const TERMINAL = `import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.dup2(os.open('/dev/null', os.O_RDONLY), 0)
    os.execvp(sys.argv[1], sys.argv[1:])
out, sent = b'', False
while True:
    try:
        data = os.read(fd, 1000)
    except OSError:
        break
    if not data:
        break
    out += data
    if b'up' in out and not sent:
        sent = True
        os.write(fd, b'\\x03')
os.waitpid(pid, 0)
print(out.decode())
`;
const hasTerminals = !isWindows && spawnSync('python3', ['-c', 'import pty']).status === 0;

test('a signal reaches the program once: Ctrl-C on a terminal from which stdin is not read, and what is sent to the command alone', async () => {
  const made = program({
    'counts.js': `const seen = {};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']) process.on(signal, () => { seen[signal] = (seen[signal] ?? 0) + 1; });
console.log('up');
setTimeout(() => { console.log('saw ' + JSON.stringify(seen)); process.exit(0); }, 700);
`,
    'terminal.py': TERMINAL,
  });
  if (isWindows) return;
  if (hasTerminals) {
    const out = execFileSync('python3', ['terminal.py', process.execPath, COMMAND, 'run', 'counts.js'], {
      cwd: made.dir,
      env,
      encoding: 'utf8',
    });
    assert.match(out, /saw {"SIGINT":1}/);
  }
  const alone = hotswap(made, ['run', 'counts.js']);
  await alone.line('stdout', /up/);
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGTERM'] as const) {
    alone.child.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const [, saw = ''] = await alone.line('stdout', /^saw (.*)/);
  assert.equal(JSON.parse(saw), { SIGINT: 1, SIGHUP: 1, SIGUSR1: 1, SIGUSR2: 1, SIGWINCH: 1, SIGTERM: 1 });
  assert.is(await alone.ended, 0);
  made.remove();
});

test('descriptors that the command was started with are the program’s', async () => {
  if (process.platform !== 'linux') return; // where the system tells which those are
  const made = program({
    'reads.js': "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync(3, 'utf8'));\n",
    'given.txt': 'from outside',
  });
  const stdio = ['ignore', 'pipe', 'pipe', openSync(made.file('given.txt'), 'r')] as const;
  const out = spawnSync(process.execPath, [COMMAND, 'run', 'reads.js'], {
    cwd: made.dir,
    env,
    stdio: [...stdio],
  });
  assert.is(String(out.stdout), 'from outside\n', String(out.stderr));
  made.remove();
});

const TYPED = `import { name } from './lib';
function logged(method: any, _context: unknown) { return (...args: any[]) => 'logged ' + method(...args); }
class Shop { @logged open(): string { return name(); } }
console.log(new Shop().open());
setInterval(() => console.log(name()), 20);
`;
const lib = (text: string): string => `export const name = (): string => '${text}';\n`;

test('a loader that is asked for keeps its place: tsx sees TypeScript that only it can run, and a save right at the start is taken over', async () => {
  const made = program({ 'app.ts': TYPED, 'lib.ts': lib('first') }, ['tsx']);
  const { line, said } = hotswap(made, ['run', '--import', 'tsx', 'app.ts']);
  await line('stdout', /^logged first$/);
  made.write('lib.ts', lib('second'));
  await said(/^hotswap: lib\.ts v1: .*state kept$/);
  await line('stdout', /^second$/);
  made.remove();
});

test('what is called: a file without run, the command of a package, node before it; and the way where something else is meant', async () => {
  const made = program({
    'src/index.ts':
      "console.log('ran', ...process.argv.slice(2), process.execArgv.includes('--no-warnings'));\n",
    'package.json':
      '{ "type": "module", "scripts": { "start": "NODE_ENV=test node --inspect src/index.ts", "serve": "tool start" } }',
    'node_modules/tool/cli.js':
      "#!/usr/bin/env node\nimport('../../app.js').then(({ app }) => console.log(app, process.argv[2], process.argv[1].endsWith('tool')));\n",
    'node_modules/tool/package.json': '{ "name": "tool", "bin": "cli.js" }',
    'node_modules/.bin/other':
      '#!/bin/sh\nbasedir=$(dirname "$0")\nexec node  "$basedir/../tool/cli.js" "$@"\n',
    'app.js': "export const app = 'app';\n",
  });
  if (!isWindows) symlinkSync('../tool/cli.js', made.file('node_modules/.bin/tool'));
  const table: [words: string, code: number, says: RegExp][] = [
    ['src/index.ts a', 0, /^ran a false$/],
    ['--no-warnings src/index.ts', 0, /^ran true$/],
    ['run node --no-warnings src/index.ts b', 0, /^ran b true$/],
    ['node src/index.ts', 0, /^ran false$/],
    ['run other start', 0, /^app start false$/],
    ...((isWindows
      ? []
      : [
          ['run tool start', 0, /^app start true$/],
          ['run npx tool go', 0, /^app go true$/],
        ]) as [string, number, RegExp][]),
    [
      'run npm start',
      2,
      /npm runs a script, and hotswap a program: put hotswap into the script, "start": "NODE_ENV=test hotswap run --inspect src\/index\.ts" in package\.json, and run npm start as ever/,
    ],
    ['npm run serve', 2, /no command or file "npm": npm runs a script.*"serve": "hotswap run tool start"/],
    [
      'run nodemon --watch src src/index.ts',
      2,
      /nodemon starts Node itself.*hotswap run src src\/index\.ts follows/,
    ],
    ['run tsx watch app.ts', 2, /tsx starts Node itself.*hotswap run app\.ts follows/],
    ['src/none.ts', 2, /there is no command or file "src\/none\.ts"\. Usage/],
  ];
  for (const [words, code, says] of table) {
    const { ended, line } = hotswap(made, words.split(' '));
    assert.is(await ended, code, `${words}: ${line.all('stderr').join('\n')}`);
    assert.match([...line.all('stdout'), ...line.all('stderr')].join('\n'), says, words);
  }
  made.remove();
});

test('a cache that cannot be written: prepare fails and says so; under run one notice, and versions in memory', async () => {
  const made = program({
    'app.js':
      "import { b } from './b.js';\nimport { history, version } from 'hotswap';\nsetInterval(() => console.log(b(), history('./b.js').length, version('./b.js').persisted), 20);\n",
    'b.js': "export const b = () => 'one';\n",
    blocked: '',
  });
  const off = { HOTSWAP_CACHE_DIR: 'blocked/cache' };
  const prepares = hotswap(made, ['prepare', 'app.js'], off);
  assert.is(await prepares.ended, 1);
  await prepares.said(
    /^hotswap: .*app\.js is not prepared: 2 of its 2 modules could not be written to .*cache: .*blocked is no directory$/,
  );
  const runs = hotswap(made, ['run', 'app.js'], off);
  await runs.said(
    /^hotswap: versions are kept in memory, as the cache cannot be written: .*blocked is no directory; HOTSWAP_CACHE_DIR names another$/,
  );
  await runs.line('stdout', /^one 1 true$/);
  made.write('b.js', "export const b = () => 'two';\n");
  await runs.said(/^hotswap: b\.js v1: ~b, state kept$/);
  await runs.line('stdout', /^two 2 false$/);
  made.write('b.js', "export const b = () => 'three';\n");
  await runs.said(/^hotswap: b\.js v2: ~b, state kept$/);
  await runs.line('stdout', /^three 3 false$/);
  assert.equal(runs.line.rest('stderr'), []);
  runs.child.kill();

  // One that was filled before is read.
  if (process.getuid?.() !== 0 && !isWindows) {
    await hotswap(made, ['prepare', 'app.js'], { HOTSWAP_CACHE_DIR: 'cache' }).ended;
    chmodSync(made.file('cache'), 0o500);
    const read = hotswap(made, ['prepare', 'app.js'], { HOTSWAP_CACHE_DIR: 'cache' });
    assert.is(await read.ended, 0);
    chmodSync(made.file('cache'), 0o700);
  }
  made.remove();
});

test.run();
