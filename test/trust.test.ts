// Whose files are used, as root and as another user: a cache, settings and texts of somebody else's never run.
import { execFile, execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fingerprint } from '../cache/fingerprint.ts';
import { isOwnGroup } from '../cache/own.ts';
import { printable } from '../node.ts';
import { type Program, program, ROOT, type RunOptions } from './program.ts';

/** A user who is neither root nor the owner of anything here. */
const OTHER = 65534;

/** What needs somebody else. */
const testAsRoot = process.geteuid?.() === 0 ? test : test.skip;

const CACHE = 'node_modules/.cache/hotswap';
const FILES = {
  'app.js': `import { f } from './m.js'; import { rewrite, status, version } from 'hotswap';
if (process.argv[2] === 'edit') await rewrite(f, () => 'edited');
console.log(JSON.stringify([f(), status().cacheDir === null ? 'memory' : 'disk', version(new URL('m.js', import.meta.url)).number]));`,
  'm.js': `export const f = () => 'file';`,
};
const FRESH = ['file', 'disk', 0];
const EDITED = ['edited', 'disk', 1];
const MEMORY = ['file', 'memory', 0];

/** A program with an edit on disk. */
async function edited(): Promise<Program> {
  const app = program(FILES);
  assert.equal(await app.json({ args: ['edit'] }), EDITED);
  return app;
}

async function ran(app: Program, options: RunOptions = {}): Promise<[out: unknown, said: string]> {
  const { stdout, stderr, code } = await app.run(options);
  assert.is(code, 0, stderr);
  return [JSON.parse(stdout), stderr];
}

function under(directory: string): string[] {
  return readdirSync(directory, { recursive: true }).map((name) => join(directory, String(name)));
}

/** What somebody else may have done to a file or directory. */
type Deed = (path: string) => void;
const given: Deed = (path) => chownSync(path, OTHER, OTHER);
const open =
  (mode: number): Deed =>
  (path) =>
    chmodSync(path, mode);
const moved = (path: string): string => join(dirname(path), `moved-${basename(path)}`);
const linked: Deed = (path) => {
  renameSync(path, moved(path));
  symlinkSync(moved(path), path);
};

/** Does work after a deed, and undoes that. */
async function after<T>(path: string, deed: Deed, work: () => Promise<T>): Promise<T> {
  const { mode } = statSync(path);
  deed(path);
  const result = await work();
  if (lstatSync(path).isSymbolicLink()) {
    unlinkSync(path);
    renameSync(moved(path), path);
  }
  chownSync(path, 0, 0);
  chmodSync(path, mode);
  return result;
}

test('what is written is for nobody else, whatever the umask', async () => {
  if (process.platform === 'win32') return;
  const app = program(FILES);
  const before = process.umask(0);
  const edit = app.json({ args: ['edit'] });
  process.umask(before);
  assert.equal(await edit, EDITED);
  const names = under(app.file(CACHE)).filter((name) => !/compiled./.test(name)); // what Node makes in there nobody else can reach
  const modes = [app.file(CACHE), ...names].map((name) => [name, statSync(name)] as const);
  assert.equal(
    modes.filter(([, one]) => (one.mode & 0o777) !== (one.isDirectory() ? 0o700 : 0o600)),
    [],
  );
  assert.ok(modes.length > 8, `${modes.length} files`);
  app.remove();
});

testAsRoot('a cache, or a part of it, that is not ours alone is not used, and a line says why', async () => {
  const table: [path: string, deed: Deed, said: RegExp][] = [
    [CACHE, given, /hotswap belongs to user 65534\. A cache holds/],
    [CACHE, open(0o777), /hotswap can be written by everybody \(mode 777\)/],
    [CACHE, open(0o1777), /hotswap can be written by everybody \(mode 1777\)/],
    [CACHE, open(0o770), /hotswap can be written by group 0 \(mode 770\)/],
    ['node_modules/.cache', given, /\.cache belongs to user 65534/],
    ['node_modules', open(0o777), /node_modules can be written by everybody/],
    [`${CACHE}/objects`, given, /objects belongs to user 65534/],
    [`${CACHE}/modules`, open(0o703), /modules can be written by everybody/],
    [`${CACHE}/objects`, linked, /objects is a link/],
  ];
  const app = await edited();
  for (const [path, deed, expected] of table) {
    const [out, said] = await after(app.file(path), deed, () => ran(app));
    assert.equal(out, MEMORY, `${path} ${expected}`);
    assert.match(said, expected);
    assert.match(said, /^hotswap: versions are kept in memory: .*; HOTSWAP_CACHE_DIR names another\n$/);
  }
  assert.equal((await ran(app))[0], EDITED);
  app.remove();
});

testAsRoot("a log or a text of somebody else's, or a link to one, does not run", async () => {
  const app = await edited();
  const log = under(app.file(`${CACHE}/modules`)).find((name) => name.endsWith('log')) as string;
  const isEdit = (name: string): boolean => readFileSync(name, 'utf8').includes('edited');
  const text = under(app.file(`${CACHE}/objects`)).find(isEdit) as string;
  const table: [path: string, deed: Deed, said: RegExp][] = [
    [text, given, /belongs to user 65534/],
    [text, open(0o622), /can be written by everybody/],
    [text, linked, /ELOOP/],
    [log, given, /history of .*m\.js cannot be read \(.*log belongs to user 65534\)/],
    [log, open(0o666), /log can be written by everybody \(mode 666\)/],
    [log, linked, /ELOOP/],
  ];
  for (const [path, deed, expected] of table) {
    const [out, said] = await after(path, deed, () => ran(app));
    assert.equal(out, FRESH, `${path} ${expected}`);
    assert.match(said, expected);
  }
  assert.equal((await ran(app))[0], EDITED);
  app.remove();
});

testAsRoot('lines that somebody could append to the index of instrumented texts do not run', async () => {
  const app = program({
    ...FILES,
    'app.js': `import { f } from './m.js'; console.log(JSON.stringify(f()));`,
  });
  const homes = (): string[] =>
    (app.exists(CACHE) ? under(app.file(`${CACHE}/transforms`)) : []).filter((name) =>
      existsSync(join(name, 'index')),
    );
  const isWritten = (home: string): boolean => readFileSync(join(home, 'index'), 'utf8').includes('m.js');
  // Hooks on another thread may end before they have written what they made.
  for (let i = 0; i < 10 && !homes().some(isWritten); i++) assert.is(await app.json(), 'file');
  const [home = ''] = homes();
  const [index, texts] = [join(home, 'index'), join(home, 'texts')];
  const planted = readFileSync(texts, 'utf8').replaceAll("'file'", "'evil'");
  writeFileSync(texts, planted);
  for (const line of readFileSync(index, 'utf8').split('\n')) {
    const [url, of, at, size] = line === '' ? [] : JSON.parse(line);
    const print = fingerprint(planted.slice(at, at + size));
    if (url !== undefined) appendFileSync(index, `\n${JSON.stringify([url, of, at, size, print])}\n`);
  }
  assert.is(await app.json(), 'evil'); // of our own doing it would run: that is what the texts are for
  const deeds: [path: string, deed: Deed][] = [
    [index, open(0o666)],
    [index, given],
    [index, linked],
    [texts, given],
    [home, open(0o777)],
  ];
  for (const [path, deed] of deeds) assert.is(await after(path, deed, () => app.json()), 'file', path);
  app.remove();
});

testAsRoot("a directory of somebody else's in Node's compile cache: it is not used", async () => {
  if (process.version.startsWith('v20.')) return;
  const app = program({
    'app.js': `import { getCompileCacheDir } from 'node:module'; console.log(JSON.stringify(getCompileCacheDir() ?? null));`,
  });
  assert.match(await app.json(), /compiled/);
  const [inside] = readdirSync(app.file(`${CACHE}/transforms/compiled`));
  given(app.file(`${CACHE}/transforms/compiled/${inside}`));
  assert.is(await app.json(), null);
  app.remove();
});

testAsRoot(
  "settings come from the program's own package, and not from what others may have put above it",
  async () => {
    const inside = Object.entries(FILES).flatMap(([name, text]) => [
      [`open/${name}`, text],
      [`open/in/${name}`, text],
    ]);
    const app = program(Object.fromEntries(inside));
    app.write('open/package.json', '{ "type": "module", "hotswap": { "cacheDir": "theirs", "vsn": 7 } }');
    rmSync(app.file('package.json'));
    open(0o1777)(app.file('open'));
    const [above, said] = await ran(app, { entry: 'open/in/app.js' });
    assert.equal([above, app.exists(`open/in/${CACHE}`)], [FRESH, true]);
    assert.match(
      said,
      /^hotswap: "hotswap" in .*package\.json is not used: .*open can be written by everybody \(mode 1777\)\n$/,
    );

    const [at, why] = await ran(app, { entry: 'open/app.js' });
    assert.equal([at, app.exists('open/node_modules'), app.exists('open/theirs')], [MEMORY, false, false]);
    assert.match(why, /versions are kept in memory: .*open can be written by everybody/);

    open(0o755)(app.file('open'));
    given(app.file('open/package.json'));
    const [owned, whose] = await ran(app, { entry: 'open/app.js' });
    assert.equal([owned, app.exists('open/theirs')], [FRESH, false]);
    assert.match(whose, /"hotswap" in .*package\.json is not used: it belongs to user 65534/);

    chownSync(app.file('open/package.json'), 0, 0);
    const own = await ran(app, { entry: 'open/app.js' });
    assert.equal([own, app.exists('open/theirs')], [[['file', 'disk', 7], ''], true]);
    app.remove();
  },
);

testAsRoot(
  'another user has a cache of his own, and neither reads nor runs what is in ours, nor we what is in his',
  async () => {
    const app = await edited();
    open(0o755)(app.dir);
    const run = promisify(execFile);
    const nodeAs = (user: number): string[] => [
      ...['--reuid', String(user), '--regid', String(user), '--clear-groups'],
      process.execPath,
    ];
    try {
      const look = `require('fs').readFileSync(${JSON.stringify(join(ROOT, 'package.json'))})`;
      await run('setpriv', [...nodeAs(OTHER), '-e', look]);
    } catch {
      return app.remove(); // Node, or what is tested, is where he may not look
    }
    const as = async (user: number, cacheDir: string | undefined, args: string[] = []) => {
      const env = { ...process.env, HOME: '/', NODE_OPTIONS: '', HOTSWAP_CACHE_DIR: cacheDir };
      const start = ['--import', 'hotswap/register', 'app.js', ...args];
      const { stdout, stderr } = await run('setpriv', [...nodeAs(user), ...start], { cwd: app.dir, env });
      return [JSON.parse(stdout), stderr];
    };
    const [out, said] = await as(OTHER, undefined);
    assert.equal(out, MEMORY);
    assert.match(said, /^hotswap: versions are kept in memory: .*hotswap cannot be looked at: EACCES/);

    const his = app.file('his');
    mkdirSync(his, { mode: 0o755 });
    given(his);
    assert.equal((await as(OTHER, join(his, 'cache'), ['edit']))[0], EDITED);
    assert.equal((await as(OTHER, join(his, 'cache')))[0], EDITED);
    for (const [user, why] of [
      [0, /his.cache belongs to user 65534\./],
      [OTHER - 1, /cannot be looked at|belongs to user 65534\./],
    ] as const) {
      const [others, told] = await as(user, join(his, 'cache'));
      assert.equal(others, MEMORY);
      assert.match(told, why);
    }
    app.remove();
  },
);

test('a named pipe, or a directory, in the place of a file of the cache is not waited for', async () => {
  if (process.platform === 'win32') return;
  const app = await edited();
  const pipe: Deed = (path) => {
    unlinkSync(path);
    execFileSync('mkfifo', ['-m', '600', path]);
  };
  const directory: Deed = (path) => {
    unlinkSync(path);
    mkdirSync(path, { mode: 0o700 });
  };
  const parts = under(app.file(CACHE)).filter((name) => /(log|index|texts|\.js)$/.test(name));
  assert.is(parts.length, 5, parts.join());
  const texts = parts.map((name) => readFileSync(name));
  for (const deed of [pipe, directory]) {
    for (const name of parts) deed(name);
    const [out] = await ran(app, { timeout: 20_000 });
    assert.equal(out, FRESH);
    const { stdout } = await app.run({ args: ['edit'], timeout: 20_000 });
    assert.not.match(stdout, /file/, 'an edit is made, or refused');
    parts.forEach((name, i) => {
      rmSync(name, { recursive: true, force: true });
      mkdirSync(dirname(name), { recursive: true, mode: 0o700 });
      writeFileSync(name, texts[i] as Buffer, { mode: 0o600 });
    });
  }
  assert.equal((await ran(app))[0], EDITED);
  app.remove();
});

test('no URL gives a program the text of a file', async () => {
  const app = program({
    'secret.txt': 'secret',
    'm.js': `export const f = () => 'secret';`,
    'app.js': `import { f } from './m.js'; import { rewrite } from 'hotswap'; await rewrite(f, () => 'secret too');
const out = [];
for (const file of ['./secret.txt', './m.js', './m.js?x', '/etc/hostname'])
  for (const what of ['text', 'text1', 'text2', 'fresh1', 'text281474976710655'])
    for (const query of ['?hotswap=' + what, '?a&hotswap=' + what, '?hotswap=' + what + '&iitm=true'])
      try { const { default: text } = await import(file + query); if (text !== undefined) out.push(file + query, text); } catch {}
for (const url of ['hotswap:gates/00000001', 'hotswap:cells/1', 'hotswap:text/1'])
  try { out.push(url, ...Object.keys(await import(url))); } catch {}
console.log(JSON.stringify([out.filter((one) => !one.startsWith('hotswap:')), f()]));`,
  });
  assert.equal(await app.json(), [[], 'secret too']);
  app.remove();
});

test('what somebody has put on Object.prototype is no option, no setting and no target', async () => {
  const app = program({
    'm.js': `export const f = () => 'file'; export const g = (x) => { if (x) return 1; return 2; };`,
    'app.js': `const polluted = { cacheDir: 'evil', persist: false, rollbackLength: 0, include: ['**'], silent: true, watch: true, unload: true,
  HOTSWAP_CACHE_DIR: 'evil', HOTSWAP_PERSIST: '0', hotswap: { cacheDir: 'evil' }, vsn: 9, bind: { RATE: 1 }, at: 'end', clauses: [0] };
for (const [key, value] of Object.entries(polluted)) Object.defineProperty(Object.prototype, key, { value, configurable: true, writable: true, enumerable: process.argv[2] === 'enumerable' });
const { code, inject, rewrite, start, status, stop, version } = await import('hotswap');
const code2 = async (work) => { try { await work(); return 'done'; } catch (error) { return error.code; } };
const out = [];
await start(); out.push(status().cacheDir.endsWith('node_modules/.cache/hotswap'), status().rollbackLength > 1, status().include.length, status().watch);
const { f, g } = await import('./m.js');
out.push(await code2(() => rewrite(f, () => RATE)), await code2(() => rewrite(f, () => RATE, {})), await code2(() => { Object.assign(Object.prototype, { module: './m.js', path: 'f' }); const done = rewrite({}, () => 1); delete Object.prototype.module; delete Object.prototype.path; return done; }));
await inject(g, () => { globalThis.told = 1; }); out.push(code(g).indexOf('told') < code(g).indexOf('if (x)'), version('./m.js').number);
await stop(); out.push((await import('node:fs')).existsSync('node_modules/.cache/hotswap/objects'));
for (const key of Object.keys(polluted)) delete Object.prototype[key];
console.log(JSON.stringify(out));`,
  });
  const scope = 'ERR_HOTSWAP_OUT_OF_SCOPE';
  const expected = [true, true, 0, false, scope, scope, 'ERR_HOTSWAP_BAD_TARGET', true, 1, true];
  for (const how of ['hidden', 'enumerable']) {
    assert.equal(await app.json({ hot: false, args: [how] }), expected, how);
    assert.not.ok(app.exists('evil'));
    rmSync(app.file(CACHE), { recursive: true });
  }
  app.remove();
});

test('names of files are printed without what a terminal would obey', async () => {
  const table: [text: string, shown: string][] = [
    ['a b\tc\nd', 'a b\tc\nd'],
    ['\x1b[2J\x07\x9b\x7f\r', '\\x1b[2J\\x07\\x9b\\x7f\\x0d'],
    ['\u202ecod.exe', '\\u202ecod.exe'],
    ['line\r\nline', 'line\nline'],
    ['\u00e9 \u4e2d \u{1f600}', '\u00e9 \u4e2d \u{1f600}'],
  ];
  for (const [text, shown] of table) assert.is(printable(text), shown);
  if (process.platform === 'win32') return;

  const name = '\x1b[31mm\x1b]0;title\x07\nhotswap: all is well.js';
  const app = program({
    [name]: `export const f = () => 'file';`,
    'app.js': `import { pathToFileURL } from 'node:url'; import { rewrite } from 'hotswap';
const { f } = await import(pathToFileURL(${JSON.stringify(name)})); if (process.argv[2] === 'edit') await rewrite(f, () => 'edited'); console.log(f());`,
  });
  await app.run({ args: ['edit'] });
  const { stdout, stderr } = await app.run();
  assert.is(stdout, 'edited\n');
  assert.match(stderr, /m\\x1b\]0;title\\x07\n {2}hotswap: all is well\.js runs version 1/);
  assert.not.match(stderr, /[^\P{Cc}\n]|^hotswap: all/mu);
  app.remove();
});

test('under --permission the flags are named that are missing, once, and the program runs', async () => {
  if (process.platform === 'win32') return;
  const app = program({
    'app.js': `import { f } from './m.js'; import { rewrite, status } from 'hotswap';
let code = 'done'; try { await rewrite(f, () => 'edited'); } catch (error) { code = [error.code, error.message.slice(0, 15)]; }
console.log(JSON.stringify([f(), status().modules, status().cacheDir === null, code]));`,
    'm.js': FILES['m.js'],
  });
  const isOld = process.version.startsWith('v20.');
  const permission = [
    isOld ? '--experimental-permission' : '--permission',
    '--disable-warning=SecurityWarning',
  ];
  permission.push(
    '--disable-warning=ExperimentalWarning',
    `--allow-fs-read=${app.dir}*`,
    `--allow-fs-read=${ROOT}*`,
  );
  const may = [...permission, '--allow-addons', ...(isOld ? ['--allow-worker'] : [])];
  const run = async (flags: string[]) => {
    const { stdout, stderr, code } = await app.run({
      hot: false,
      flags: [...flags, '--import', 'hotswap/register'],
    });
    assert.is(code, 0, stderr);
    return [JSON.parse(stdout), stderr.replaceAll(app.dir, '')];
  };
  const cache = `versions are kept in memory: under --permission a cache needs --allow-fs-read=/node_modules/.cache* --allow-fs-write=/node_modules/.cache*`;
  const nothing = 'no module is hot, and the program runs as it is:';
  const worker = isOld ? ' --allow-worker' : '';
  assert.equal(await run(permission), [
    ['file', 0, true, ['ERR_HOTSWAP_NOT_HOT', 'no module is ho']],
    `hotswap: ${cache}\nhotswap: ${nothing} under --permission that needs --allow-addons${worker}\n`,
  ]);
  assert.equal(await run(may), [['edited', 2, true, 'done'], `hotswap: ${cache}\n`]);
  assert.equal(await run(['--no-addons']), [
    ['file', 0, true, ['ERR_HOTSWAP_NOT_HOT', 'no module is ho']],
    `hotswap: ${nothing} --no-addons keeps the parser out\n`,
  ]);
  const write = [...may, `--allow-fs-write=${app.file('node_modules/.cache')}*`];
  assert.equal(await run(write), [['edited', 2, false, 'done'], '']);
  app.remove();
});

test('a group that has only this user in it may write', () => {
  const passwd =
    'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:\nbob:x:1001:100::/home/bob:\ncarl:x:1002:1000::/:\n';
  const group =
    'root:x:0:\nann:x:1000:\nusers:x:100:\nbob:x:1001:bob\ndora:x:1003:dora,ann\nnobody:x:65534:\n';
  const table: [gid: number, uid: number, passwd: string, is: boolean][] = [
    [1001, 1001, passwd, true],
    [1000, 1000, passwd, false], // carl is in it
    [1000, 1000, passwd.replace(/carl.*/, ''), true],
    [100, 1001, passwd, false], // a directory service may have more of its users
    [1003, 1003, `${passwd}dora:x:1003:1003::/:`, false],
    [5000, 5000, passwd, true],
    [5000, 5001, passwd, false],
    [65534, 1001, passwd, false],
  ];
  for (const [gid, uid, users, is] of table)
    assert.is(isOwnGroup(gid, uid, users, group), is, `${uid}:${gid}`);
});

test('a program behind a link, and one that is named by its directory, have the package of the real file', async () => {
  const app = program({ 'real/index.js': FILES['app.js'], 'real/m.js': FILES['m.js'] });
  app.write(
    'real/package.json',
    '{ "type": "module", "main": "index.js", "hotswap": { "cacheDir": "here" } }',
  );
  app.write('elsewhere/package.json', '{ "type": "module", "hotswap": { "cacheDir": "there" } }');
  symlinkSync(app.file('real/index.js'), app.file('elsewhere/bin.js'));
  for (const entry of ['elsewhere/bin.js', 'real']) {
    assert.equal(await ran(app, { entry }), [FRESH, ''], entry);
    const exist = ['real/here', 'elsewhere/there', CACHE].map(app.exists);
    assert.equal(exist, [true, false, false], entry);
    rmSync(app.file('real/here'), { recursive: true });
  }
  app.remove();
});

test.run();
