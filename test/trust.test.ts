// Whose files are used, as root and as another user: a cache, settings and texts of somebody else's never run.
import {
  appendFileSync,
  chmodSync,
  chownSync,
  lstatSync,
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
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fingerprint } from '../cache/fingerprint.ts';
import { type Program, program, type RunOptions } from './program.ts';

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
    [log, given, /^/],
    [log, open(0o666), /^/],
    [log, linked, /^/],
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
  assert.is(await app.json(), 'file');
  const id = readdirSync(app.file(`${CACHE}/transforms`)).find((name) => /^[0-9a-f]{16}$/.test(name));
  const home = app.file(`${CACHE}/transforms/${id}`);
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
