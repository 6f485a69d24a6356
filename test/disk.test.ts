// The cache on disk: losses of power, what cannot be read, full disks, transactions, several processes, and what is freed.
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { collect, type Freed } from '../cache/collect.ts';
import { ModuleLog } from '../cache/log.ts';
import { sha256 } from '../cache/objects.ts';
import { type Program, program, ROOT } from './program.ts';
import { randomFrom } from './random.ts';

const CACHE = 'node_modules/.cache/hotswap';
const FG = 'export function f() { return 0; }\nexport function g() { return 0; }\n';
const HEAD = `import { f, g } from './m.js'; import * as hotswap from 'hotswap'; const { history, reapply, reload, reset, restore, rewrite, rollback, transaction, version } = hotswap;
const M = './m.js'; const say = (...all) => console.log(JSON.stringify(all)); const why = (op) => op().then((v) => v?.number ?? 'done', (e) => e.code ?? String(e.stack));
`;

/** A program whose module has two functions, with a script that is what \`text\` says. */
function app(text: string, files: Record<string, string> = {}): Program {
  return program({
    'm.js': FG,
    'app.js': HEAD + text,
    'now.js': `${HEAD}say(f(), g(), version(M).number);`,
    ...files,
  });
}

const now = async (one: Program): Promise<unknown> => one.json({ entry: 'now.js' });

function logsOf(one: Program): string[] {
  const root = one.file(`${CACHE}/modules`);
  return readdirSync(root).map((name) => join(root, name, 'log'));
}

const textsIn = (one: Program): string[] =>
  existsSync(one.file(`${CACHE}/objects`)) ? readdirSync(one.file(`${CACHE}/objects`)) : [];

/** All that a cleaning of a cache comes to. */
function collected(cacheDir: string): Freed {
  const work = collect(cacheDir, Number.POSITIVE_INFINITY);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Makes files as old as those that nobody is about to name. */
function age(one: Program): void {
  const then = Date.now() / 1000 - 60;
  for (const name of textsIn(one)) utimesSync(one.file(`${CACHE}/objects/${name}`), then, then);
}

const BASE = 'a'.repeat(64);
const version = (n: number) => ({
  id: sha256(String(n)),
  parent: n - 1,
  at: n,
  summary: `~f${n}`,
  kept: true,
});

/** What a log of a cache says of a base: numbers and ids, and the one in force. */
function saidBy(cacheDir: string): { said: string; log: ModuleLog } {
  const log = new ModuleLog(cacheDir, 'file:///m.js');
  const { versions, current } = log.era(BASE);
  return {
    said: JSON.stringify([current, [...versions].map(({ number, summary }) => [number, summary])]),
    log,
  };
}

test('zeros behind any part of a line, as a loss of power leaves them: what was written before holds', () => {
  const one = program({});
  try {
    const log = new ModuleLog(one.dir, 'file:///m.js');
    const states: [size: number, said: string][] = [[0, saidBy(one.dir).said]];
    for (const n of [1, 2, 3]) {
      log.appendVersion(BASE, version(n));
      states.push([statSync(log.file).size, saidBy(one.dir).said]);
    }
    const whole = readFileSync(log.file);
    for (let size = 0; size <= whole.length; size += 3) {
      for (const zeros of ['\0\0\0', '\0'.repeat(5000), '\0\0\n']) {
        writeFileSync(log.file, whole.subarray(0, size));
        appendFileSync(log.file, zeros);
        const { said, log: again } = saidBy(one.dir);
        const [, expected] = states.findLast(([end]) => end <= size + (whole[size] === 10 ? 1 : 0)) as [
          number,
          string,
        ];
        // Zeros in the place of a line break alone leave a whole line that was altered.
        if (again.damaged === undefined) assert.is(said, expected, `${size} bytes and ${zeros.length} zeros`);
        else assert.is(whole[size], 10, `${size} bytes and ${zeros.length} zeros`);
        const next = again.appendVersion(BASE, version(9));
        const after = saidBy(one.dir);
        assert.is(after.log.era(BASE).current, next?.number);
        assert.equal(after.log.losses, []);
      }
    }
  } finally {
    one.remove();
  }
});

test('a line that was deleted takes only what it said with it: the others keep their numbers, and that is said', async () => {
  const one = app(
    `if (process.argv[2]) { for (const n of [1, 2, 3]) await rewrite(f, '() => ' + n); await rollback(M); } else { say(f(), version(M).number, history(M).map((v) => v.number + v.summary).join()); say(await why(() => restore(M, 1)), await why(() => restore(M, 3)), f(), (await rewrite(g, () => 1)).number); }`,
  );
  try {
    await one.run({ args: ['make'] });
    const [log = ''] = logsOf(one);
    const lines = readFileSync(log, 'utf8').split('\n');
    writeFileSync(log, lines.toSpliced(0, 1).join('\n'));
    const { stdout, stderr } = await one.run();
    assert.equal(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      [
        [2, 2, '0as loaded,1lost,2~f,3~f'],
        ['ERR_HOTSWAP_NO_VERSION', 3, 3, 4],
      ],
    );
    assert.match(
      stderr,
      `before line 1 of ${log} lines are missing, so that what they said of ${one.file('m.js')} is lost: version 1; the other versions keep their numbers`,
    );
    assert.not.match((await one.run({ entry: 'now.js' })).stderr, 'missing');
    assert.equal(await now(one), [3, 1, 4]);
  } finally {
    one.remove();
  }
});

test('any lines deleted: versions are what they were, or lost', () => {
  const one = program({});
  const random = randomFrom(7);
  try {
    const log = new ModuleLog(one.dir, 'file:///m.js');
    for (let n = 1; n <= 12; n++) {
      log.appendVersion(BASE, version(n));
      if (n % 5 === 0) log.appendRestore(BASE, n - 2);
    }
    const lines = readFileSync(log.file, 'utf8').trimEnd().split('\n');
    for (let round = 0; round < 200; round++) {
      const left = lines.filter(() => random() < 0.7);
      writeFileSync(log.file, left.map((line) => `${line}\n`).join(''));
      const { log: again } = saidBy(one.dir);
      const { versions, current } = again.era(BASE);
      for (const { number, summary } of versions) assert.ok(summary === `~f${number}` || summary === 'lost');
      const whole = left.length === 0 || left.at(-1) === lines[left.length - 1];
      assert.is(again.losses.length > 0, !whole, left.join('\n'));
      const last = left.length === 0 ? undefined : JSON.parse(left.at(-1) as string);
      const isThere = last?.number !== undefined || versions.at(last?.to)?.kept;
      if (last !== undefined && isThere) assert.is(current, last.number ?? last.to);
    }
  } finally {
    one.remove();
  }
});

for (const [name, harm] of Object.entries({
  empty: (file: string) => writeFileSync(file, ''),
  'full of zeros': (file: string) => writeFileSync(file, Buffer.alloc(statSync(file).size)),
  'a named pipe': (file: string) => {
    rmSync(file);
    execFileSync('mkfifo', ['-m', '600', file]);
  },
})) {
  if (process.platform === 'win32' && name === 'a named pipe') continue;
  test(`texts that are ${name}: the nearest version that is whole runs, and that is said`, async () => {
    const one = app(
      `for (const n of [1, 2, 3]) await rewrite(f, '() => ' + n * 11); await rewrite(g, () => 5);`,
    );
    try {
      await one.run();
      const holding = (text: string) =>
        textsIn(one).filter((id) => readFileSync(one.file(`${CACHE}/objects/${id}`), 'utf8').includes(text));
      for (const id of holding('33')) harm(one.file(`${CACHE}/objects/${id}`));
      const { stdout, stderr } = await one.run({ entry: 'now.js', timeout: 20_000 });
      assert.is(stdout, '[22,0,2]\n', stderr);
      assert.match(
        stderr,
        /^hotswap: the cached version .* Version 4 of .*m\.js is not applied, and version 2 is used, the nearest before it that is whole\n/,
      );
      rmSync(one.file(`${CACHE}/objects`), { recursive: true });
      const none = await one.run({ entry: 'now.js', timeout: 20_000 });
      assert.is(none.stdout, '[0,0,0]\n');
      assert.match(none.stderr, /Version 4 of .*m\.js is not applied, and the file is used\n$/);
    } finally {
      one.remove();
    }
  });
}

const unreadable: Record<string, [harm: (one: Program, log: string) => void, said: RegExp]> = {
  'a log that is a directory': [
    (_one, log) => {
      rmSync(log);
      mkdirSync(log);
    },
    /^hotswap: the history of .*m\.js cannot be read \(.* is a directory, and no file\), so that none of its versions is live again and the file is used\n$/,
  ],
  'a log that is a named pipe': [
    (_one, log) => {
      rmSync(log);
      execFileSync('mkfifo', ['-m', '600', log]);
    },
    /cannot be read \(.* is a pipe or a device, and no file\)/,
  ],
  'a file where its directory was': [
    (_one, log) => {
      rmSync(join(log, '..'), { recursive: true });
      writeFileSync(join(log, '..'), '', { mode: 0o600 });
    },
    /cannot be read \((?:.* is no directory|ENOTDIR.*)\)/,
  ],
  'a file where the directory of all was': [
    (one) => {
      rmSync(one.file(`${CACHE}/modules`), { recursive: true });
      writeFileSync(one.file(`${CACHE}/modules`), '', { mode: 0o600 });
    },
    /^hotswap: the histories in .*modules cannot be read \(ENOTDIR.*\), so that no version is live again and the files are used\. .*\n$/,
  ],
  'a log of somebody else': [
    (_one, log) => {
      if (process.getuid?.() === 0) execFileSync('chown', ['65534', log]);
      else chmodSync(log, 0o000);
    },
    /the history of .*m\.js cannot be read \(/,
  ],
};

for (const [name, [harm, said]] of Object.entries(unreadable)) {
  if (process.platform === 'win32') continue;
  test(`${name}: that is said, the file runs and is hot, and a way back needs no disk`, async () => {
    const one = app(
      `if (process.argv[2]) await rewrite(f, () => 1); else { say(f(), await why(() => rewrite(f, () => 2)), await why(() => transaction(async () => { await rewrite(f, () => 2); })), f(), await why(() => rollback(M)), hotswap.modules().length); }`,
    );
    try {
      await one.run({ args: ['make'] });
      harm(one, logsOf(one)[0] as string);
      const { stdout, stderr } = await one.run({ timeout: 20_000 });
      assert.equal(JSON.parse(stdout), [0, 'ERR_HOTSWAP_CACHE', 'ERR_HOTSWAP_CACHE', 0, 0, 2]);
      assert.match(stderr, said);
    } finally {
      one.remove();
    }
  });
}

test('a full disk: edits are refused, and every way back works, is said not to be on disk, and is written once there is room', async () => {
  const one = app(
    `import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'; for (const n of [1, 2, 3]) await rewrite(f, '() => ' + n);
const log = 'small/cache/modules/' + readdirSync('small/cache/modules')[0] + '/log'; // whose last page is to have no room for a line
for (let i = 0; f() !== 3 || 4096 - (statSync(log).size % 4096) > 200; i++) await (i % 2 ? restore(M, 3) : rollback(M));
const fill = (size) => { try { writeFileSync('small/fill' + size, Buffer.alloc(size)); } catch {} }; for (const size of [1 << 20, 1 << 12, 1]) fill(size);
say(await why(() => rewrite(f, '() => "' + 'x'.repeat(200000) + '"')), f()); const v = await rollback(M); say(v.number, v.persisted, f()); say((await restore(M, 3)).number, f(), (await reset(M)).number, f(), await why(() => rollback(M, 0)));
const both = await transaction(async () => { await restore(M, 2); }); say(both[0].number, f());
if (process.argv[2]) { for (const size of [1 << 20, 1 << 12, 1]) rmSync('small/fill' + size, { force: true }); await new Promise((r) => setTimeout(r, 6000)); }`,
  );
  mkdirSync(one.file('small'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', one.file('small')], {
      stdio: 'ignore',
    });
  } catch {
    one.remove();
    return; // only a machine that lets us mount can tell
  }
  try {
    const env = { HOTSWAP_CACHE_DIR: 'small/cache', HOTSWAP_COMPILE_CACHE: '0' };
    const { stdout, stderr, code } = await one.run({ env, args: ['wait'] });
    assert.is(code, 0, stderr);
    assert.equal(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      [
        ['ERR_HOTSWAP_CACHE', 3],
        [2, false, 2],
        [3, 3, 0, 0, 0],
        [2, 2],
      ],
    );
    assert.match(
      stderr,
      /^hotswap: .*m\.js is back at version 2 in this process, and that is not on disk: .*\. It is tried again; until it can be written, a start runs version 3\n/,
    );
    assert.match(stderr, /that version 2 runs is on disk now\n$/, stderr);
    assert.equal(await one.json({ env, entry: 'now.js' }), [2, 0, 2]);
  } finally {
    execFileSync('umount', [one.file('small')]);
    one.remove();
  }
});

const TWO: Record<string, string> = {
  'a.js': 'export const f = () => 0;\n',
  'b.js': 'export const g = () => 0;\n',
  'now.js': `import { f } from './a.js'; import { g } from './b.js'; console.log(JSON.stringify([f(), g()]));`,
};

test('a transaction over two modules, killed at any time: at the next start all of it has happened, or nothing', async () => {
  const one = program({
    ...TWO,
    'app.js': `import { f } from './a.js'; import { g } from './b.js'; import { rewrite, transaction } from 'hotswap';
for (let i = f() + 1; ; i++) { await transaction(async () => { await rewrite(f, '() => ' + i); await rewrite(g, '() => ' + i); }); if (f() !== i || g() !== i) throw new Error('not live'); console.log(i); }`,
  });
  const random = randomFrom(11);
  try {
    let last = 0;
    for (let round = 0; round < 6; round++) {
      const child = one.start();
      let said = '';
      await new Promise<void>((resolve) => {
        child.stdout?.on('data', (data) => {
          if (said === '') setTimeout(() => child.kill('SIGKILL'), 40 * random());
          said += data;
        });
        child.on('close', () => resolve());
      });
      const acknowledged = Number(said.trimEnd().split('\n').at(-1)) || last;
      const [f, g] = await one.json<[number, number]>({ entry: 'now.js' });
      assert.is(f, g);
      assert.ok(f >= acknowledged, `${f} after ${acknowledged}`);
      last = f;
    }
  } finally {
    one.remove();
  }
});

test('a transaction of which one line was written when its process was killed: nobody reads it, and edits go on', async () => {
  const one = program({
    ...TWO,
    'make.js': `import { f } from './a.js'; import { g } from './b.js'; import { rewrite } from 'hotswap'; await rewrite(f, () => 1); await rewrite(g, () => 1);`,
    'edit.js': `import { f } from './a.js'; import { g } from './b.js'; import { rewrite } from 'hotswap'; console.log(JSON.stringify([(await rewrite(f, () => 3)).number, (await rewrite(g, () => 3)).number]));`,
  });
  try {
    await one.run({ entry: 'make.js' });
    // What a process leaves that is killed between the two lines.
    const child = spawn(
      process.execPath,
      [
        '-e',
        `const { ModuleLog } = await import(${JSON.stringify(new URL('../cache/log.js', import.meta.url).href)}); const { beginPending } = await import(${JSON.stringify(new URL('../cache/pending.js', import.meta.url).href)});
const logs = ${JSON.stringify(['a.js', 'b.js'].map(one.url))}.map((url) => new ModuleLog(${JSON.stringify(one.file(CACHE))}, url));
for (const log of logs) log.era(''); const { part } = beginPending(${JSON.stringify(one.file(CACHE))}, logs); const found = logs[0].newestBase; const era = logs[0].era(found); logs[0].appendVersion(found, { ...era.versions.at(1), parent: 1, at: 5, summary: 'half' }, { part }); process.kill(process.pid, 'SIGKILL');`,
        '--input-type=module',
      ],
      { stdio: 'inherit' },
    );
    await new Promise((resolve) => child.on('close', resolve));
    const halves = () => logsOf(one).filter((log) => readFileSync(log, 'utf8').includes('half')).length;
    assert.is(halves(), 1);
    assert.equal(await one.json({ entry: 'now.js' }), [1, 1]);
    assert.equal([halves(), existsSync(one.file(`${CACHE}/pending`))], [0, false]);
    assert.equal(await one.json({ entry: 'edit.js' }), [2, 2]);
    const { stdout, stderr } = await one.run({ entry: 'now.js' });
    assert.is(stdout, '[3,3]\n');
    assert.not.match(stderr, 'missing');
  } finally {
    one.remove();
  }
});

test('two processes edit one module: an edit of another function rests on what the other has made, and both are live after a restart', async () => {
  const one = app(
    `import { execFileSync } from 'node:child_process'; const other = (...args) => JSON.parse(execFileSync(process.execPath, ['--import', 'hotswap/register', 'other.js', ...args], { stdio: ['ignore', 'pipe', 'ignore'] }));
say(f(), g()); other('f', 'their f'); const v = await rewrite(g, () => 'my g'); say(f(), g(), v.number, v.parent, v.summary);
other('f', 'another f'); say(await why(() => rewrite(f, () => 'my f')), f()); try { await rewrite(f, () => 'my f'); } catch (e) { say(e.code, e.names, /reapply()/.test(e.message)); }
say((await reapply()).length, f(), await why(() => rewrite(f, () => 'my f')), f());
other('f', 'same'); say((await rewrite(f, '() => "same"')).number, f()); other('back'); say((await rewrite(g, () => 'g of mine')).number, f(), g());
other('f', 'x'); say(await why(() => transaction(async () => { await rewrite(g, () => 'in a transaction'); })), f(), g()); other('f', 'y'); say((await rewrite(f, () => n, { bind: { n: Symbol() } })).persisted, g()); other('f', 'z'); say((await rollback(M)).number);`,
    {
      'other.js': `${HEAD}const [, , what, value] = process.argv; if (what === 'back') await rollback(M); else await rewrite(hotswap.modules().map((m) => m + '#' + what).find((m) => m.includes('/m.js')), '() => ' + JSON.stringify(value)); say(f(), g());`,
    },
  );
  try {
    const { stdout, stderr } = await one.run();
    assert.equal(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      [
        [0, 0],
        ['their f', 'my g', 2, 1, '~g'],
        ['ERR_HOTSWAP_CONFLICT', 'their f'],
        ['ERR_HOTSWAP_CONFLICT', ['f'], true],
        [1, 'another f', 4, 'my f'],
        [5, 'same'],
        [6, 'my f', 'g of mine'],
        ['done', 'x', 'in a transaction'],
        [false, 'in a transaction'],
        [8],
      ],
      stderr,
    );
    assert.equal(await now(one), ['x', 'in a transaction', 8]);
  } finally {
    one.remove();
  }
});

test('two processes edit at once, one function each: every edit that was acknowledged is live after a restart', async () => {
  const one = app('', {
    'edit.js': `${HEAD}const which = process.argv[2] === 'f' ? f : g; for (let i = 1; i <= 25; i++) await rewrite(which, '() => ' + i); say(which());`,
  });
  try {
    const out = await Promise.all(['f', 'g'].map((which) => one.json({ entry: 'edit.js', args: [which] })));
    assert.equal(out, [[25], [25]]);
    assert.equal(await now(one), [25, 25, 50]);
  } finally {
    one.remove();
  }
});

test('HOTSWAP_PERSIST=0 takes its own back, and no text that another module needs', async () => {
  const same = 'export function f() { return 0; }\n';
  const one = program({
    'a.js': same,
    'b.js': same,
    'app.js': `import { rewrite } from 'hotswap'; await rewrite('./' + process.argv[2] + '.js#f', () => 'edited');`,
    'now.js': `import * as a from './a.js'; import * as b from './b.js'; console.log(JSON.stringify([a.f(), b.f()]));`,
  });
  one.write('app.js', `import './a.js'; import './b.js'; ${one.read('app.js')}`);
  try {
    // One stores the text, the other finds it and names it too.
    const first = one.start({ args: ['a'], env: { HOTSWAP_PERSIST: '0' } });
    await new Promise((resolve) => first.on('close', resolve));
    assert.equal(textsIn(one), []);
    one.write(
      'wait.js',
      `${one.read('app.js')} process.stdin.resume(); console.log('done'); process.stdin.on('data', () => process.exit());`,
    );
    const waits = one.start({ entry: 'wait.js', args: ['a'], env: { HOTSWAP_PERSIST: '0' } });
    await new Promise((resolve) => waits.stdout?.once('data', resolve));
    await one.run({ args: ['b'] });
    waits.stdin?.write('x');
    await new Promise((resolve) => waits.on('close', resolve));
    assert.equal(await one.json({ entry: 'now.js' }), [0, 'edited']);
  } finally {
    one.remove();
  }
});

test('edits after a save that was taken back are live after a restart, as the file is what was saved', async () => {
  const one = app(
    `import { writeFileSync } from 'node:fs'; await rewrite(g, () => 'g'); writeFileSync('m.js', ${JSON.stringify(FG.replace('return 0', "return 'saved'"))}); await reload(M); await rollback(M); await rewrite(f, () => 'edited'); say(f(), g());`,
  );
  try {
    assert.equal(await one.json(), ['edited', 'g']);
    one.write(
      'now.js',
      `${HEAD}say(f(), g(), version(M).number, (await rollback(M)).number, f(), g(), (await rollback(M)).number, f(), (await rollback(M)).number, f());`,
    );
    const { stdout, stderr } = await one.run({ entry: 'now.js' });
    assert.equal(JSON.parse(stdout), ['edited', 'g', 3, 2, 0, 'g', 1, 0, 0, 'saved']);
    assert.not.match(stderr, 'changed on disk');
  } finally {
    one.remove();
  }
});

test('durable: an edit waits for its text, its line and the names of both; without, for none', async () => {
  const one = app(
    `await rewrite(f, () => 1); process.send?.(0); console.log(JSON.stringify(globalThis.synced)); await start.call; await rewrite(f, () => 2); console.log(JSON.stringify(globalThis.synced));`.replace(
      'await start.call; ',
      'globalThis.synced.length = 0; ',
    ),
    {
      'count.mjs': `import fs from 'node:fs'; globalThis.synced = []; const { fsyncSync } = fs; fs.fsyncSync = (fd) => { globalThis.synced.push(fs.readlinkSync('/proc/self/fd/' + fd).replace(/.*\\/hotswap/, '').replace(/[0-9a-f]{64}/, 'N').replace(/spares.*|N\\.js.*/, 'text')); return fsyncSync(fd); };`,
    },
  );
  try {
    if (!existsSync('/proc/self/fd')) return;
    const flags = ['--import', './count.mjs', '--import', 'hotswap/register'];
    const go = async (env: Record<string, string>): Promise<string[][]> =>
      (await one.run({ hot: false, flags, env })).stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    assert.equal(await go({}), [[], []]);
    const [first = [], second = []] = await go({
      HOTSWAP_DURABLE: '1',
      HOTSWAP_CACHE_DIR: one.file('hotswap'),
    });
    assert.match(second.join(' '), /^\S*\/text \/objects \/modules\/N\/log$/);
    for (const name of ['/objects', '/modules/N/log', '/modules/N', '/modules', ''])
      assert.ok(first.includes(name), `${name} of ${first}`);
  } finally {
    one.remove();
  }
});

test('hotswap gc: texts that cannot be gone back to and what killed processes have left are freed, and nothing else', async () => {
  const one = app(
    `if (process.argv[2]) { for (let i = 1; i <= 30; i++) await rewrite(f, '() => ' + i + "/* " + 'x'.repeat(20000) + ' */'); } else say(f(), history(M).length, await why(() => rollback(M, 5)), f(), await why(() => restore(M, 3)));`,
  );
  try {
    await one.run({ args: ['make'] });
    const gone = 2 ** 22 - 1; // no process has this number
    for (const name of [
      `objects/${'b'.repeat(64)}.js.${gone}.abc`,
      `spares/${gone}.abc`,
      `modules/${gone}.abc`,
    ])
      if (!name.startsWith('modules')) {
        mkdirSync(one.file(`${CACHE}/${name.split('/')[0]}`), { recursive: true });
        writeFileSync(one.file(`${CACHE}/${name}`), 'left');
      }
    assert.is(textsIn(one).length, 32);
    const gc = (env: Record<string, string> = {}) =>
      one.run({ entry: join(ROOT, 'lib/cli/hotswap.js'), args: ['gc'], hot: false, env });
    const first = await gc();
    assert.match(first.stderr, /^hotswap: freed 2 files that a process has left \(0\.0 KB\) in .*hotswap\n$/);
    assert.is(textsIn(one).length, 31);
    const env = { HOTSWAP_ROLLBACK_LENGTH: '5' };
    const second = await gc(env);
    assert.match(second.stderr, /^hotswap: freed 24 texts \(\d+\.\d KB\) in /, second.stderr);
    assert.is(textsIn(one).length, 7);
    assert.match((await gc(env)).stderr, /^hotswap: there is nothing to free in /);
    assert.equal(await one.json({ env }), [30, 7, 25, 25, 'ERR_HOTSWAP_NO_VERSION']);
  } finally {
    one.remove();
  }
});

test('a cache is cleaned while processes edit: no text that a version needs is lost', async () => {
  const one = app('', {
    'edit.js': `${HEAD}const which = process.argv[2] === 'f' ? f : g; for (let i = 1; i <= 60; i++) { await rewrite(which, '() => ' + (i % 7)).catch(reapply); if (i % 3 === 0) await rollback(M); } say(0);`,
  });
  try {
    const edits = Promise.all(['f', 'g'].map((which) => one.json({ entry: 'edit.js', args: [which] })));
    let done = false;
    edits.finally(() => {
      done = true;
    });
    while (!done) {
      try {
        age(one); // as if nobody had written for long
      } catch {
        // one that was being written
      }
      collected(one.file(CACHE));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await edits;
    const { stderr } = await one.run({ entry: 'now.js' });
    assert.not.match(stderr, 'is not applied');
  } finally {
    one.remove();
  }
});

test('HOTSWAP_ROLLBACK_LENGTH frees the texts that memory holds', async () => {
  const one = app(
    `const big = 'x'.repeat(50000); const edit = async (from, to) => { for (let i = from; i < to; i++) await rewrite(f, '() => ' + i + '/* ' + big + i + ' */'); gc(); return process.memoryUsage().heapUsed + process.memoryUsage().external; };
const before = await edit(0, 100); const after = await edit(100, 500); say((after - before) / 400 < 25000, history(M).length, await why(() => rollback(M, 3)), await why(() => restore(M, 490)));`,
  );
  try {
    const env = { HOTSWAP_CACHE_DIR: '', HOTSWAP_ROLLBACK_LENGTH: '5' };
    assert.equal(await one.json({ env, flags: ['--expose-gc'] }), [true, 7, 496, 'ERR_HOTSWAP_NO_VERSION']);
  } finally {
    one.remove();
  }
});

test('a way back past a re-export whose file is no more: its module is loaded', async () => {
  const one = program({
    'gone.js': 'export let x = 7; export const add = () => ++x;\n',
    'm.js': "export const f = () => 1;\nexport { x as b, add } from './gone.js';\n",
    'app.js': `import { rmSync, writeFileSync } from 'node:fs'; import * as m from './m.js'; import { reload, restore, rewrite, rollback } from 'hotswap'; const say = (...all) => console.log(JSON.stringify(all));
await rewrite(m.f, '() => 2'); writeFileSync('m.js', 'export const f = () => 3;\\n'); say((await reload('./m.js')).number, m.f());
rmSync('gone.js'); const again = async () => { const n = await import('./m.js'); m.add(); return [m.f(), m.b, n.b]; };
say((await rollback('./m.js')).number, await again()); say((await rollback('./m.js')).number, await again()); say((await restore('./m.js', 2)).number, m.f());
writeFileSync('m.js', "export const f = () => 4; export { x } from './gone.js';"); say(await reload('./m.js').then(() => 'done', (e) => e.code));`,
  });
  try {
    const { stdout, stderr } = await one.run();
    assert.equal(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      [[2, 3], [1, [2, 8, 8]], [0, [1, 9, 9]], [2, 3], ['ERR_HOTSWAP_STRUCTURAL']],
      stderr,
    );
  } finally {
    one.remove();
  }
});

test.run();
