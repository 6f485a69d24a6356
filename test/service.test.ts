// The service: started, stopped and looked at; the newest versions of all modules; a cache emptied; an author's own numbers.
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyCache } from '../cache/empty.ts';
import { ModuleLog } from '../cache/log.ts';
import { type Case, cases } from './cases.ts';
import { program, type RunOptions } from './program.ts';

const F =
  'export let calls = 0;\nexport function f() { calls++; return 0; }\nexport function g() { return 0; }\n';
const HEAD = `import { history, inject, plan, purge, reapply, reset, restore, rewrite, rollback, start, status, stop, transaction, version } from 'hotswap';
const M = './m.js';
const out = [];
const say = (...all) => out.push(...all);
const no = async (promise) => { try { await promise; } catch (error) { return [error.code, error.message]; } return ['accepted']; };
const numbers = () => history(M).map((v) => v.number + (v.persisted ? '' : 'm')).join(' ');
process.on('exit', () => console.log(JSON.stringify(out)));
`;
const HOT = `${HEAD}import { f, g, calls } from './m.js';\n`;
const CACHE = 'node_modules/.cache/hotswap';

/** A program that runs a script and gives what it `say`s. */
function app(script: string, files: Record<string, string> = {}) {
  const made = program({ 'm.js': F, 'app.js': HOT + script, ...files });
  return {
    ...made,
    async go(
      env: Record<string, string> = {},
      options: RunOptions = {},
    ): Promise<{ out: unknown[]; err: string }> {
      const { stdout, stderr, code } = await made.run({ env, ...options });
      if (code !== 0) throw new Error(`${stdout}${stderr}`);
      return {
        out: JSON.parse(stdout.trim().split('\n').at(-1) ?? ''),
        err: stderr.replaceAll(made.dir, '.'),
      };
    },
    script(text: string, name = 'app.js') {
      made.write(name, HOT + text);
    },
  };
}

/** The files of a cache, but for transforms and what starts have shown. */
function kept(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return (readdirSync(directory, { recursive: true, withFileTypes: true }) as import('node:fs').Dirent[])
    .filter((one) => one.isFile())
    .map((one) => `${one.parentPath.slice(directory.length + 1)}/${one.name}`)
    .filter((name) => !/^(?:transforms|starts)/.test(name))
    .sort();
}

test('under register the service runs; the first start() gives it other settings, the next is refused until it is stopped', async () => {
  const one = app(`
say(status()); await rewrite(f, () => 1); say(status().edited.map(({ number, persisted }) => [number, persisted]));
const started = await start({ cacheDir: 'mine', rollbackLength: 3, silent: true });
say(started.cacheDir.endsWith('mine'), started.rollbackLength, started.silent, numbers(), f());
say(await no(start()));
const stopped = await stop(); say([stopped.started, stopped.cacheDir, stopped.modules, stopped.edited.length], (await stop()).started);
const again = await start({ cacheDir: null }); say([again.started, again.cacheDir, again.silent, again.rollbackLength], await no(start({ cacheDir: 'other' })));
await stop(); say((await start({ persist: again.persist, rollbackLength: again.rollbackLength })).started, f());`);
  const { out } = await one.go({ HOTSWAP_ROLLBACK_LENGTH: '7' });
  const [first, ...rest] = out as [Record<string, unknown>, ...unknown[]];
  assert.is(first.cacheDir, one.file(CACHE));
  const { cacheDir: _cacheDir, hooks, ...settings } = first;
  assert.is(hooks, process.version.startsWith('v20.') ? 'off-thread' : 'on-thread');
  assert.equal(settings, {
    started: true,
    persist: true,
    unload: false,
    durable: false,
    reload: true,
    rollbackLength: 7,
    overrideCore: false,
    include: [],
    exclude: [],
    silent: false,
    watch: false,
    compileCache: true,
    modules: 2,
    edited: [],
    setAside: [],
  });
  const [code, message] = rest[6] as [string, string];
  assert.is(code, 'ERR_HOTSWAP_CONFIG');
  assert.match(message, /the service has been started, with its versions in .*mine; stop\(\) it before/);
  assert.match(((rest[10] as string[]) ?? [])[1] as string, /versions in memory; stop/);
  assert.equal(
    rest.filter((_, i) => i !== 6 && i !== 10),
    [[[1, true]], true, 3, true, '0 1', 1, [false, null, 2, 1], false, [true, null, false, 7], true, 1],
  );
  one.remove();
});

test('options are checked as the environment is: the option, what was found and what it takes; nothing changes', async () => {
  const one = app(`
const bad = [{ nope: 1 }, { persist: 'maybe' }, { persist: {} }, { unload: 2 }, { reload: [] }, { rollbackLength: -1 }, { rollbackLength: 1.5 }, { rollbackLength: true }, { rollbackLength: [1] },
  { cacheDir: 5 }, { cacheDir: ['x'] }, { include: 5 }, { include: [1] }, { exclude: {} }, { silent: Symbol('x') }, { overrideCore: 3n }, { vsn: 3 }, null, 'x', 5, []];
for (const options of bad) { const [code, message] = await no(start(options)); const [name] = Object.keys(Object(options)); if (code !== 'ERR_HOTSWAP_CONFIG' || !/take/.test(message) || (options && typeof options === 'object' && !message.includes(name ?? ''))) say([String(name), code, message]); }
for (const options of [{ cacheDir: 'x' }, { persist: 'maybe' }, { unload: 5 }, null]) { const [code] = await no(stop(options)); if (code !== 'ERR_HOTSWAP_CONFIG') say(['stop', Object.keys(options ?? {}), code]); }
say(status().started, status().cacheDir.endsWith('hotswap'));
say((await start({ persist: undefined, rollbackLength: null, include: 'a,b', exclude: null, unload: 'yes', silent: 1 })).include, status().unload, status().silent);`);
  assert.equal((await one.go()).out, [true, true, ['a', 'b'], true, true]);
  one.remove();
});

test('a directory that cannot be written: a clear error, and nothing has changed', async () => {
  const one = app(
    `await rewrite(f, () => 1); say(await no(start({ cacheDir: 'file/in/it' }))); say(status().cacheDir.endsWith('hotswap'), (await rewrite(f, () => 2)).persisted, numbers()); await stop(); await rewrite(f, () => 3); say((await no(start({ cacheDir: process.platform === 'linux' ? '/proc/hotswap' : 'file/too' })))[0], status().started, numbers(), f())`,
    { file: 'not a directory' },
  );
  const { out } = await one.go();
  const [error, ...rest] = out as [[string, string], ...unknown[]];
  assert.is(error[0], 'ERR_HOTSWAP_CACHE');
  assert.match(error[1], /cannot keep versions in .*file[\\/]in[\\/]it: .*Nothing was changed\./);
  assert.equal(rest, [true, true, '0 1 2', 'ERR_HOTSWAP_CACHE', false, '0 1 2 3m', 3]);
  if (process.getuid?.() !== 0) {
    chmodSync(one.dir, 0o555);
    one.script(`say((await no(start({ cacheDir: 'below' })))[0]);`);
    chmodSync(one.dir, 0o755);
  }
  one.remove();
});

test('without register edits are refused until start() puts the hooks in place; modules imported from then on are hot', async () => {
  const one = program({
    'm.js': F,
    'early.js': F,
    'app.js': `${HEAD}import * as early from './early.js';
say(status().hooks, status().started, status().modules, (await no(rewrite(early.f, () => 1)))[0], (await stop()).started, (await no(start({ nope: 1 })))[0], (await no(start({ cacheDir: 'app.js/in' })))[0], status().hooks);
say((await start({ cacheDir: 'c' })).started, status().hooks !== 'none', (await no(rewrite(early.f, () => 1)))[0]);
const m = await import('./m.js'); say(m.f(), version(M).number, (await rewrite(m.f, '() => ' + (m.f() + 1))).persisted, m.f(), (await no(start()))[0]);`,
  });
  const head = [
    'none',
    false,
    0,
    'ERR_HOTSWAP_NOT_HOT',
    false,
    'ERR_HOTSWAP_CONFIG',
    'ERR_HOTSWAP_CACHE',
    'none',
    true,
    true,
    'ERR_HOTSWAP_NOT_HOT',
  ];
  assert.equal(await one.json({ hot: false }), [...head, 0, 0, true, 1, 'ERR_HOTSWAP_CONFIG']);
  assert.equal(await one.json({ hot: false }), [...head, 1, 1, true, 2, 'ERR_HOTSWAP_CONFIG']);
  one.remove();
});

test('stop(): edits work in memory, numbers go on, every version can be gone back to and imported', async () => {
  const one = app(`
await rewrite(f, () => 1); await rewrite(f, () => 2); await rewrite(g, () => 5); await rollback(M);
await stop(); const v = await rewrite(f, () => 4); say([v.number, v.parent, v.persisted], numbers(), f(), g());
for (const n of [1, 3, 0, 4, 2]) { await restore(M, n); say([f(), g()]); }
await rollback(M); say(f()); const url = version(M).module;
for (const n of [1, 2, 4]) say((await import(url + '?hotswap=' + n)).f());`);
  const expected = [[4, 2, false], '0 1 2 3 4m', 4, 0, [1, 0], [2, 5], [0, 0], [4, 0], [2, 0], 1, 1, 2, 4];
  assert.equal((await one.go()).out, expected);
  one.script('say(f(), g(), numbers())');
  assert.equal((await one.go()).out, [2, 0, '0 1 2 3'], 'what was made in memory is gone');
  one.remove();
});

test('going back by one and by two, with a cache and without', async () => {
  const one = app(`for (const state of ['started', 'stopped', 'started again']) {
  for (const n of [1, 2, 3]) await rewrite(f, '() => "' + state + n + '"');
  await rollback(M); say(f()); await restore(M, history(M).at(-1).number); await rollback(M, 2); say(f());
  if (state === 'started') await stop(); else if (state === 'stopped') await start();
} say(numbers(), history(M).map((v) => v.parent ?? null));`);
  const states = ['started', 'stopped', 'started again'];
  assert.equal((await one.go()).out, [
    ...states.flatMap((state) => [`${state}2`, `${state}1`]),
    '0 1 2 3 4 5 6 7 8 9',
    [null, 0, 1, 2, 1, 4, 5, 4, 7, 8],
  ]);
  one.script('say(f(), version(M).number)');
  assert.equal((await one.go()).out, ['started again1', 7]);
  one.remove();
});

test('a start() that fails half-way through the modules has written nothing', async () => {
  const one = app(
    `import * as n from './n.js'; import { createHash } from 'node:crypto'; import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
await rewrite(f, () => 1); await rewrite(n.f, () => 2); const { module } = version('./n.js');
mkdirSync('bad/modules', { recursive: true }); writeFileSync('bad/modules/' + createHash('sha256').update(module).digest('hex'), 'in the way');
say((await no(start({ cacheDir: 'bad' })))[0], readdirSync('bad', { recursive: true }).length, status().started, numbers(), f(), n.f());
await start({ cacheDir: 'good' }); say(numbers(), f(), n.f());`,
    { 'n.js': F },
  );
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: '' })).out, [
    ...['ERR_HOTSWAP_CACHE', 2, true, '0 1m', 1, 2],
    ...['0 1', 1, 2],
  ]);
  one.remove();
});

test('stop({ persist: false }) leaves what another process has written since', async () => {
  const one = app(
    `import { execFileSync } from 'node:child_process'; await rewrite(f, () => 'mine');
execFileSync(process.execPath, ['--import', 'hotswap/register', 'other.js']); await rewrite(g, () => 'mine'); await stop({ persist: false }); say(f(), g(), numbers()); await restore(M, 2); say(f()); await restore(M, 1); await rewrite(f, () => 'memory'); say(numbers());`,
    {
      'other.js': `import { f } from './m.js'; import { rewrite } from 'hotswap'; await rewrite(f, () => 'other');`,
    },
  );
  assert.equal((await one.go()).out, ['other', 'mine', '0 1 2 3', 'other', '0 1 2 3 4m']);
  one.script('say(f(), g(), version(M).number)');
  assert.equal((await one.go()).out, ['other', 0, 2]);
  one.remove();
});

test('stop({ persist: false }) takes back what this process has recorded; its versions stay in memory', async () => {
  const one = app(`
say(f(), version(M).number); await rewrite(f, () => 11); await rewrite(f, () => 12);
await stop({ persist: false }); say(f(), numbers()); const url = version(M).module;
for (const n of [2, 3, 0]) { await restore(M, n); say(f()); } await rewrite(f, () => 13); say(numbers(), (await import(url + '?hotswap=2')).f(), (await import(url + '?hotswap=1')).f());`);
  one.script('await rewrite(f, () => 1)', 'make.js');
  await one.run({ entry: 'make.js' });
  const before = kept(one.file(CACHE));
  const expected = [1, 1, 12, '0 1 2m 3m', 11, 12, 0, '0 1 2m 3m 4m', 11, 1];
  assert.equal((await one.go()).out, expected);
  assert.equal(kept(one.file(CACHE)), before);
  assert.equal((await one.go()).out, expected);
  // The other way round: what is to go at the end stays after all.
  one.script('await rewrite(f, () => 21); await stop({ persist: true }); await rewrite(f, () => 22);');
  await one.go({ HOTSWAP_PERSIST: '0' });
  one.script('say(f(), numbers())');
  assert.equal((await one.go()).out, [21, '0 1 2']);
  one.remove();
});

test('start({ persist: false }): what is recorded is gone at the end', async () => {
  const one = app(
    `await rewrite(f, () => 1); await start({ persist: false, cacheDir: 'c' }); await rewrite(f, () => 2); say(f(), numbers())`,
  );
  assert.equal((await one.go()).out, [2, '0 1 2']);
  assert.equal([kept(one.file('c')), kept(one.file(CACHE))], [[], []]);
  one.remove();
});

test('stop({ unload: true }) runs the files as they were saved last', async () => {
  const made = program({
    'm.js': 'export function f() { return 1; }\n',
    'app.js': `import { f } from './m.js'; import { reload, rewrite, rollback, start, stop } from 'hotswap'; import { rmSync, writeFileSync } from 'node:fs';
const save = (n) => writeFileSync(new URL('m.js', import.meta.url), 'export function f() { return ' + n + '; }\\n'); const out = [];
for (const n of [2, 3]) { save(n); await reload('./m.js'); } await rewrite(f, () => 9); out.push(f()); await stop({ unload: true }); out.push(f());
await start(); save(2); await reload('./m.js'); await rollback('./m.js', 9); out.push(f()); await stop({ unload: true }); out.push(f());
await start(); save(4); await rewrite(f, () => 9); await stop({ unload: true }); out.push(f());
await start(); save(1); await stop({ unload: true }); out.push(f()); console.log(JSON.stringify(out));`,
  });
  const out = await made.json();
  made.remove();
  // What was saved and not taken over is no version: the last that was taken over runs.
  assert.equal(out, [9, 3, 1, 2, 2, 1]);
});

test('what means nothing under "hotswap" in package.json, and a variable that is nearly one of ours, is said, in one line', async () => {
  const made = program({
    'app.js': `import { start, stop } from 'hotswap'; import { Worker } from 'node:worker_threads'; await stop(); await start();
await new Promise((resolve) => new Worker('', { eval: true }).on('exit', resolve));`,
  });
  const said = async (settings: unknown, env = {}): Promise<string> => {
    made.write('package.json', JSON.stringify({ type: 'module', hotswap: settings }));
    const { code, stderr } = await made.run({ env });
    assert.is(code, 0, stderr);
    return stderr.replaceAll(made.dir, '.');
  };
  assert.is(
    await said({ wacth: true, silent: false, vsn: 3, reloads: 1 }),
    'hotswap: "hotswap" in ./package.json has what is no setting: "wacth" (did you mean watch?), "reloads" (did you mean reload?)\n',
  );
  assert.match(
    await said(true),
    /^hotswap: "hotswap" in \.\/package\.json is true and not used; it takes an object of cacheDir, .*vsn\n$/,
  );
  assert.match(await said([]), /^hotswap: "hotswap" in \.\/package\.json is \[\] and not used; .*\n$/);
  assert.is(await said({ wacth: true }, { HOTSWAP_SILENT: '1' }), '');
  assert.is(
    await said(
      {},
      { HOTSWAP_WACTH: '1', HOTSWAP_CACHE: 'x', HOTSWAP_SERVICE_HOST: '10.0.0.1', HOTSWAP_PORT: '80' },
    ),
    'hotswap: HOTSWAP_WACTH is no setting; did you mean HOTSWAP_WATCH?\nhotswap: HOTSWAP_CACHE is no setting; did you mean HOTSWAP_CACHE_DIR?\n',
  );
  assert.is(await said({ vsn: 3, reload: true }), '');
  made.remove();
});

test('stop({ unload: true }) runs the files again, of which the cache learns nothing', async () => {
  const script = (call: string) => `
say(f()); if (f() === 0) { await rewrite(f, () => 1); await rewrite(f, () => 2); await rollback(M); }
await ${call}; say(f(), version(M).number, numbers(), status().edited.length);
await restore(M, 2); say(f()); await reset(M); await rewrite(f, () => 3); say(numbers());`;
  for (const [call, env] of [
    ['stop({ unload: true })', {}],
    ['stop()', { HOTSWAP_UNLOAD: '1' }],
    ['start({ unload: true }); await stop()', {}],
  ] as [string, Record<string, string>][]) {
    const one = app(script(call));
    assert.equal((await one.go(env)).out, [0, 0, 0, '0 1 2', 0, 2, '0 1 2 3m'], call);
    assert.equal((await one.go(env)).out, [1, 0, 0, '0 1 2', 0, 2, '0 1 2 3m'], `${call}, again`);
    one.remove();
  }
  const two =
    app(`await rewrite(f, () => 1); await stop({ unload: true, persist: false }); say(f(), numbers()); await restore(M, 1); say(f());
await stop({ unload: true }); say(f()); await start(); say(f(), numbers());`);
  assert.equal((await two.go({ HOTSWAP_UNLOAD: '1' })).out, [0, '0 1m', 1, 0, 1, '0 1']);
  two.script('await start({ unload: true }); say(f()); await stop({ unload: false }); say(f())');
  assert.equal((await two.go()).out, [1, 1]);
  two.remove();
});

test('a stop during an edit and during a transaction', async () => {
  const one = app(`
let first = rewrite(f, () => 1), stopped = stop(), second = rewrite(f, () => 2);
say((await first).persisted, (await stopped).started, (await second).persisted, numbers(), f());
const started = start(), third = rewrite(f, () => 3); say((await started).started, (await third).persisted, numbers());
const t = transaction(async () => { await rewrite(f, () => 4); stopped = no(stop()); await new Promise((r) => setTimeout(r, 50)); await rewrite(g, () => 4); }).catch((error) => error);
const outcome = await t; say(Array.isArray(outcome), (await stopped)[0], status().started, numbers());
const slow = transaction(async () => { await new Promise((r) => setTimeout(r, 50)); await rewrite(f, () => 5); await rewrite(g, () => 5); });
stopped = stop(); const after = transaction(() => rewrite(f, () => 6)); say((await slow)[0].persisted, (await stopped).started, (await after)[0].persisted, numbers(), f(), g());
for (const call of [start, stop, purge]) { say((await no(transaction(() => call())))[0], (await no(plan(() => call())))[0]); }
say(status().started, f());
const mixed = await Promise.all([start(), stop(), start(), stop({ unload: true }), rewrite(g, () => 7), start()]); say(mixed.map((one) => one.started ?? one.persisted), f(), g(), numbers());`);
  const CONFIG = 'ERR_HOTSWAP_CONFIG';
  assert.equal((await one.go()).out, [
    ...[true, false, false, '0 1 2m', 2],
    ...[true, true, '0 1 2 3'],
    ...[true, CONFIG, true, '0 1 2 3 4'],
    ...[true, false, false, '0 1 2 3 4 5 6m', 6, 5],
    ...Array.from({ length: 6 }, () => CONFIG),
    ...[false, 6],
    // Unloaded, then edited: what runs is that edit of the file.
    ...[[true, false, true, false, false, true], 0, 7, '0 1 2 3 4 5 6 7'],
  ]);
  one.remove();
});

test('start() records what was made in memory, in the same cache or in another', async () => {
  const one = app(`
await rewrite(f, () => 1); await stop(); await rewrite(f, () => 2); await rewrite(g, () => 3); await rollback(M);
await start(); say(f(), g(), numbers(), version(M).number); await restore(M, 3); say(g()); await rollback(M); await stop();
await start({ cacheDir: 'other' }); say(f(), g(), numbers()); await rewrite(g, () => 4); say(numbers()); for (const n of [1, 3, 4]) { await restore(M, n); say([f(), g()]); }`);
  assert.equal((await one.go()).out, [
    2,
    0,
    '0 1 2 3',
    2,
    3,
    2,
    0,
    '0 1 2 3',
    '0 1 2 3 4',
    [1, 0],
    [2, 3],
    [2, 4],
  ]);
  one.script('say(f(), g(), numbers(), version(M).number, history(M).map((v) => v.parent ?? null))');
  assert.equal((await one.go()).out, [2, 0, '0 1 2 3', 2, [null, 0, 1, 2]]);
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: 'other' })).out, [
    2,
    4,
    '0 1 2 3 4',
    4,
    [null, 0, 1, 2, 2],
  ]);
  one.remove();
});

test('start() records of a version in memory, too, that its text is the file that was saved', async () => {
  const one = app(`
const { reload } = await import('hotswap'); const { writeFileSync } = await import('node:fs');
await stop(); writeFileSync(M, ${JSON.stringify(F.replace('return 0', 'return 1'))}); await reload(M); await start(); say(f(), numbers());`);
  assert.equal((await one.go()).out, [1, '0 1']);
  one.write('m.js', F); // put back while nothing runs
  one.script('say(f(), numbers())');
  assert.equal((await one.go()).out, [0, '0 1']);
  one.remove();
});

test('start() in a cache that has versions of its own: those come first, and what runs goes on running', async () => {
  const one =
    app(`say(f()); await rewrite(f, () => 'a'); await rewrite(f, () => 'b'); await rollback(M); await rewrite(g, () => 'c');
await start({ cacheDir: 'theirs' }); say(f(), g(), numbers(), history(M).map((v) => v.parent ?? null)); for (const n of [1, 2, 3, 4, 5]) { await restore(M, n); say([f(), g()]); }
await rollback(M); say([f(), g()], (await import(version(M).module + '?hotswap=4')).f());`);
  one.script(`await rewrite(f, () => 1); await rewrite(f, () => 2);`, 'make.js');
  await one.run({ entry: 'make.js', env: { HOTSWAP_CACHE_DIR: 'theirs' } });
  const expected = [
    ...[0, 'a', 'c', '0 1 2 3 4 5', [null, 0, 1, 0, 3, 3]],
    ...[
      [1, 0],
      [2, 0],
      ['a', 0],
      ['b', 0],
      ['a', 'c'],
      ['a', 0],
    ],
    'b',
  ];
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: '' })).out, expected);
  one.script('say(f(), g(), version(M).number, numbers())');
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: 'theirs' })).out, ['a', 0, 3, '0 1 2 3 4 5']);
  // A program without edits of its own takes theirs, unless it does not want them.
  one.script(
    `say(f()); await start({ cacheDir: 'theirs', reload: false }); say(f(), numbers()); await stop(); await start({ cacheDir: 'theirs' }); say(f(), version(M).number); await stop({ unload: true }); say(f()); await start({ cacheDir: 'theirs' }); say(f())`,
  );
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: '' })).out, [0, 0, '0 1 2 3 4 5', 'a', 3, 0, 'a']);
  one.remove();
});

test('values that no text can carry stay through stop and start', async () => {
  const one =
    app(`let set = new Set([1, 2]); await rewrite(f, () => 1); await rewrite(f, () => set.size, { bind: { set } }); say(f());
await stop(); say(f(), numbers()); await start(); say(f(), numbers()); await stop(); await rewrite(g, () => 1); await start({ cacheDir: 'other' }); say(f(), g(), numbers(), (await reapply()).length);
await restore(M, 1); say(f()); await restore(M, 2); say(f(), await import(version(M).module + '?hotswap=2').catch((error) => error.code));`);
  assert.equal((await one.go()).out, [
    2,
    2,
    '0 1 2m',
    2,
    '0 1 2m',
    2,
    1,
    '0 1 2m 3m',
    0,
    1,
    2,
    'ERR_HOTSWAP_NO_VERSION',
  ]);
  one.script('say(f(), version(M).number, numbers())');
  assert.equal((await one.go()).out, [1, 1, '0 1 2m']);
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: 'other' })).out, [1, 1, '0 1 2m 3m']);
  one.remove();
});

test('many stops and starts with many versions', async () => {
  const one = app(`let n = 0;
for (let i = 0; i < 12; i++) { for (let k = 0; k < 4; k++) await rewrite(f, '() => ' + ++n); await (i % 2 ? start({ cacheDir: i % 4 === 1 ? 'a' : 'b', rollbackLength: 5 }) : stop(i % 3 ? {} : { persist: false })); }
say(f(), numbers()); await stop(); await start({ cacheDir: 'a' }); const bad = history(M).filter((v) => v.number !== (v.parent ?? -1) + 1).length; say(bad, history(M).length); for (const k of [1, 7, 24, 48]) { await restore(M, k); say(f()); }`);
  assert.equal((await one.go()).out, [48, '0 43 44 45 46 47 48', 0, 49, 1, 7, 24, 48]);
  one.script('say(f(), history(M).length, history(M).every((v) => v.persisted), version(M).number)');
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: 'a' })).out, [48, 49, true, 48]);
  one.remove();
});

test('reapply(): what another process has made, and what HOTSWAP_RELOAD=0 has left', async () => {
  const one = app(
    `import { execFileSync } from 'node:child_process'; const other = (...args) => execFileSync(process.execPath, ['--import', 'hotswap/register', 'other.js', ...args]);
say(f(), await reapply().then((all) => all.length)); other('1'); say(f(), (await reapply()).map((v) => [v.number, v.module.endsWith('/m.js')]), f(), (await reapply()).length);
await rewrite(g, () => 5); other('2'); say(numbers(), f(), g()); await reapply(); say(f(), g(), numbers()); other('back'); say((await reapply()).map((v) => v.number), f(), g());
await stop(); other('3'); say((await reapply()).length, f()); await start(); say(f(), numbers());`,
    {
      'other.js': `import { f } from './m.js'; import { rewrite, rollback } from 'hotswap'; const [, , what] = process.argv; await (what === 'back' ? rollback('./m.js') : rewrite(f, '() => "' + what + '"'));`,
    },
  );
  assert.equal((await one.go()).out, [
    ...[0, 0, 0, [[1, true]], '1', 0],
    ...['0 1 2 3', '1', 5, '2', 5, '0 1 2 3', [2], '1', 5],
    ...[0, '1', '3', '0 1 2 3 4'],
  ]);
  one.script('say(f(), (await reapply()).length, f(), calls)');
  assert.equal((await one.go({ HOTSWAP_RELOAD: '0' })).out, [0, 1, '3', 1]);
  one.remove();
});

test('purge(): the files run, the cache is empty but for what is not ours, histories begin anew', async () => {
  const one = app(
    `say(f()); await rewrite(f, () => 1); await rewrite(g, () => 2); const url = version(M).module;
say((await purge()).map((v) => v.number), f(), g(), calls, numbers(), (await no(restore(M, 1)))[0], (await no(import(url + '?hotswap=2')))[0], status().started);
const v = await rewrite(f, () => 3); say(v.number, v.parent, v.persisted, f()); await rollback(M); await restore(M, 1); await stop(); await rewrite(f, () => 4); say((await purge()).length, f(), numbers(), kept.length > 0);
await start(); say(f(), numbers()); await purge(); say(await purge(), f())`.replace('kept.length', '1'),
    {
      [`${CACHE}/objects/mine.txt`]: 'x',
      [`${CACHE}/modules/mine.js`]: 'x',
      [`${CACHE}/transforms/ab/mine`]: 'x',
      [`${CACHE}/mine`]: 'x',
    },
  );
  assert.equal((await one.go()).out, [
    ...[0, [0], 0, 0, 2, '0', 'ERR_HOTSWAP_NO_VERSION', 'ERR_HOTSWAP_NO_VERSION', true],
    ...[1, 0, true, 3, 1, 0, '0', true],
    ...[3, '0 1', [], 0],
  ]);
  assert.equal(kept(one.file(CACHE)), ['/mine', 'modules/mine.js', 'objects/mine.txt']);
  assert.ok(one.exists(`${CACHE}/transforms/ab/mine`));
  one.script('say(f(), numbers())');
  assert.equal(await one.go(), { out: [0, '0'], err: '' });
  one.remove();
});

test('purge() while another process edits, and edits of a process whose cache another has purged', async () => {
  const one = app(
    `import { spawn } from 'node:child_process'; const child = spawn(process.execPath, ['--import', 'hotswap/register', 'other.js'], { stdio: ['pipe', 'pipe', 'inherit'] });
let text = ''; child.stdout.setEncoding('utf8').on('data', (more) => { text += more; }); const line = async (n) => { while (text.split('\\n').length <= n) await new Promise((r) => setTimeout(r, 5)); return text.split('\\n')[n - 1]; };
await line(1); await reapply(); for (let i = 0; i < 20; i++) { await purge(); if (f() !== 0) say('not back'); }
child.stdin.write('stop\\n'); const made = await line(2); await purge(); await rewrite(g, () => 'mine'); say(numbers());
child.stdin.write('go\\n'); const then = await line(3); say(then.split('|').length === 3 ? then.split('|').slice(1) : then, (await reapply()).length >= 1, f() === 'last', numbers().split(' ').length > 2); await restore(M, 1); say(f(), g()); child.kill();`,
    {
      'other.js': `${HOT}process.removeAllListeners('exit'); let go = true; let n = 0; const words = process.stdin.setEncoding('utf8')[Symbol.asyncIterator]();
await rewrite(f, () => 1); console.log('begun'); words.next().then(() => { go = false; });
while (go) { await rewrite(f, '() => ' + ++n); if (f() !== n) throw new Error('lost'); await new Promise((r) => setTimeout(r, 1)); }
await rewrite(f, () => 'before'); console.log('made'); await words.next(); const v = await rewrite(f, () => 'last');
await rollback(M); const a = f(); await restore(M, v.number); const b = f(); const all = history(M); console.log([all.length === v.number + 1 && all.every((one, i) => one.number === i), a, b].join('|'));`,
    },
  );
  const { out } = await one.go();
  assert.equal(out, ['0 1', ['before', 'last'], true, true, true, 0, 'mine']);
  one.script('say(f(), g(), numbers().includes("0 1 2"))');
  assert.equal((await one.go()).out, [0, 'mine', true]);
  one.remove();
});

test('a log that was purged and begun anew by others is read from its beginning, however long it is', () => {
  const one = program({});
  const [ours, theirs] = [
    new ModuleLog(one.file('c'), 'file:///m.js'),
    new ModuleLog(one.file('c'), 'file:///m.js'),
  ];
  const [base, a, b] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];
  const record = { parent: 0, at: 1, summary: '~f', kept: true };
  ours.appendVersion(base, { id: a, ...record });
  emptyCache(one.file('c'));
  for (let n = 1; n < 4; n++) {
    theirs.appendVersion(base, { id: b, ...record });
    assert.equal(
      [...ours.era(base).versions].map(({ id }) => id),
      Array.from({ length: n }, () => b),
    );
  }
  assert.is(ours.withdraw(), true);
  assert.is(theirs.era(base).versions.length, 3, 'none of them was ours');
  one.remove();
});

test('what cannot be put back is said, and all else is done', async () => {
  const one = app('', {
    'm.js': F.replace('return 0', 'return new.target === undefined ? 0 : 1'),
    'n.js': 'export function h() { return 0; }\n',
    'make.js': `import { f } from './m.js'; import { h } from './n.js'; import { rewrite } from 'hotswap'; await rewrite(f, () => 'one'); await rewrite(h, () => 1);`,
  });
  const check = `const say2 = (error) => say(error.code, error.module.endsWith('m.js'), error.cause.constructor.name, error.cause.errors.length, /but for 1/.test(error.message)); import { h } from './n.js';`;
  await one.run({ entry: 'make.js' });
  one.script(
    `${check} await stop({ unload: true }).then(() => say('done'), say2); say(status().started, typeof f(), h());`,
  );
  const STRUCTURAL = ['ERR_HOTSWAP_STRUCTURAL', true, 'AggregateError', 1, true];
  assert.equal((await one.go()).out, [...STRUCTURAL, false, 'string', 0]);
  // Another process goes back to the files, which this one cannot follow as it was loaded with the version.
  one.write(
    'other.js',
    `import './m.js'; import './n.js'; import { reset } from 'hotswap'; await reset('./m.js'); await reset('./n.js');`,
  );
  const other = `import { execFileSync } from 'node:child_process'; execFileSync(process.execPath, ['--import', 'hotswap/register', 'other.js'], { env: { ...process.env, HOTSWAP_RELOAD: '0' } });`;
  one.script(
    `${check} ${other} await reapply().then(() => say('done'), say2); say(typeof f(), h(), (await start()).started, typeof f());`,
  );
  const { out, err } = await one.go();
  assert.equal(out, [...STRUCTURAL, 'string', 0, true, 'string']);
  assert.match(err, /hotswap: the newest version of file:.*m\.js is not applied: .*\n$/);
  await one.run({ entry: 'make.js' });
  one.script(
    `${check} await purge().then(() => say('done'), say2); say(typeof f(), h(), numbers(), version(M).number, history('./n.js').length); await rewrite(g, () => 1); say(numbers());`,
  );
  assert.equal((await one.go()).out, [...STRUCTURAL, 'string', 0, '0 1m', 1, 1, '0 1m 2']);
  one.remove();
});

test('a cache with a version that is gone: reapply() says so', async () => {
  const one =
    app(`const { rmSync } = await import('node:fs'); const { cacheDir } = status(); rmSync(cacheDir + '/objects', { recursive: true });
await reapply().then(() => say('done'), (error) => say(error.code, /objects/.test(error.message), f()));`);
  one.script('await rewrite(f, () => 1)', 'make.js');
  await one.run({ entry: 'make.js' });
  assert.equal((await one.go({ HOTSWAP_RELOAD: '0' })).out, ['ERR_HOTSWAP_CACHE', true, 0]);
  one.remove();
});

test('start() sets what is hot and what is said from then on', async () => {
  const one = program({
    'a.js': F,
    'b.js': F,
    'c.js': F,
    'app.js': `${HEAD}await import('./a.js'); const { modules } = await import('hotswap'); const names = () => modules().map((url) => url.split('/').at(-1)).join();
await start({ exclude: ['b.js'], silent: true }); await import('./b.js'); say(names()); await stop(); await start(); await import('./c.js'); say(names());`,
  });
  assert.equal(await one.json(), ['app.js,a.js', 'app.js,a.js,c.js']);
  one.remove();
});

const VSN = `export const vsn = 42;\n${F}`;
const number = 'return [version(M).number, (await rewrite(m.f, () => 1)).number]';

const CASES: Record<string, Case> = {
  "numbers start at the author's own": [
    VSN,
    `const v = await rewrite(m.f, () => 1); const w = await inject(m.g, () => {}); return [v.number, v.parent, w.number, w.parent, history(M).map((one) => [one.number, one.parent ?? null]), (await rollback(M, 2)).number, (await restore(M, 43)).number, m.f(), (await restore(m, w.id)).number, (await rollback(M)).number, (await reset(M)).number, version(M).number, m.vsn]`,
    [
      43,
      42,
      44,
      43,
      [
        [42, null],
        [43, 42],
        [44, 43],
      ],
      42,
      43,
      1,
      44,
      43,
      42,
      42,
      42,
    ],
  ],
  'what there is, in errors': [
    VSN,
    `await rewrite(m.f, () => 1); await rewrite(m.f, () => 2); const out = []; for (const n of [0, 1, 41, 45]) { try { await restore(M, n); } catch (e) { out.push(e.code, /there are 42 to 44/.test(e.message)); } } for (const n of [0, 1, 41, 45]) { try { await import(version(M).module + '?hotswap=' + n); } catch (e) { out.push(e.code, /there are 42 to 44/.test(e.message)); } } return [...new Set(out)]`,
    ['ERR_HOTSWAP_NO_VERSION', true],
  ],
  'versions side by side, on disk and in memory': [
    VSN,
    `let s = new Set([1, 2, 3]); await rewrite(m.f, () => 1); await rewrite(m.g, () => s.size, { bind: { s } }); const url = version(M).module; return [(await import(url + '?hotswap=42')).f(), (await import(url + '?hotswap=43')).f(), await no(import(url + '?hotswap=44')), await no(import(url + '?hotswap=2'))]`,
    [0, 1, 'NO_VERSION s', 'NO_VERSION'],
  ],
  'events, plans, transactions and diffs': [
    VSN,
    `const { diff, on, plan, transaction } = await import('hotswap'); const heard = []; const off = [on('swap', (e) => heard.push([e.from, e.number, e.version.number])), on('rollback', (e) => heard.push([e.from, e.number]))];
const p = (await plan(() => rewrite(m.f, () => 1)))[0]; const [t] = await transaction(async () => { heard.push((await rewrite(m.f, () => 1)).number); await rewrite(m.g, () => 1); }); await rewrite(m.f, () => 2); await rollback(M, 1); off.forEach((one) => one());
return [p.from, p.number, /version 42[^]*version 43/.test(p.diff), t.number, t.parent, heard, /version 42[^]*version 43/.test(diff(M)), /version 44[^]*version 43/.test(diff(M, 44)), /version 42[^]*version 44/.test(diff(M, 42, 44))]`,
    [42, 43, true, 43, 42, [43, [42, 43, 43], [43, 44, 44], [44, 43]], true, true, true],
  ],
  'a hexadecimal number, among others': [`export const a = 1, vsn = 0x10;\n${F}`, number, [16, 17]],
  'zero is a number': [`export const vsn = 0;\n${F}`, number, [0, 1]],
  'a string is none': [`export const vsn = '42';\n${F}`, number, [0, 1]],
  'neither is a fraction': [`export const vsn = 1.5;\n${F}`, number, [0, 1]],
  'nor what is below zero': [`export const vsn = -1;\n${F}`, number, [0, 1]],
  'nor one that is computed': [`export const vsn = 40 + 2;\n${F}`, number, [0, 1]],
  'nor one that is not exported': [`const vsn = 42;\n${F}`, number, [0, 1]],
  'nor one that can change': [`export let vsn = 42;\n${F}`, number, [0, 1]],
  'one that is written with types': [
    {
      'm.js': `export { f } from './in/n.ts';`,
      'in/n.ts': `export const vsn: number = 42 as const;\n${F.replace('f =', 'f: () => unknown =')}`,
      'in/package.json': '{ "type": "module" }',
    },
    `const N = M.replace('m.js', 'in/n.ts'); return [version(N).number, (await rewrite(m.f, () => 1)).number]`,
    [42, 43],
  ],
  'nor one in a comment': [`// export const vsn = 42;\n${F}`, number, [0, 1]],
  'the nearest package.json numbers its modules': [
    { 'm.js': F, 'package.json': '{ "type": "module", "hotswap": { "vsn": 7 } }' },
    number,
    [7, 8],
  ],
  'the text comes before it': [
    { 'm.js': VSN, 'package.json': '{ "type": "module", "hotswap": { "vsn": 7 } }' },
    number,
    [42, 43],
  ],
  'and one that says nothing hides those above': [
    {
      'm.js': `export * from './in/m.js'; ${F}`,
      'in/m.js': F,
      'package.json': '{ "type": "module", "hotswap": { "vsn": 7 } }',
      'in/package.json': '{ "type": "module" }',
    },
    `return [version(M).number, version(M.replace('m.js', 'in/m.js')).number]`,
    [7, 0],
  ],
};

cases(CASES);

test('numbers hold across a restart, with a limit, in notices, and in a file that has changed', async () => {
  const one = app(
    `say(f(), version(M).number, status().edited.map((one) => one.number)); await rewrite(f, '() => ' + (f() + 1)); say(numbers())`,
    { 'm.js': VSN },
  );
  assert.equal(await one.go(), { out: [0, 42, [], '42 43'], err: '' });
  const second = await one.go();
  assert.equal(second.out, [1, 43, [43], '42 43 44']);
  assert.match(second.err, /m\.js runs version 43 \(~f\)/);
  const third = await one.go({ HOTSWAP_ROLLBACK_LENGTH: '1' });
  assert.equal(third.out, [2, 44, [44], '42 44 45']);
  one.script(
    `say((await no(restore(M, 43)))[1].includes('version 43 '), (await rollback(M, 1)).number, f()); await stop(); say((await rewrite(f, () => 9)).number); await start(); say(numbers())`,
  );
  assert.equal((await one.go({ HOTSWAP_ROLLBACK_LENGTH: '1' })).out, [true, 44, 2, 46, '42 45 46']);
  one.write('m.js', VSN.replace('42', '50'));
  one.script('say(f(), version(M).number)');
  const changed = await one.go();
  assert.equal(changed.out, [0, 50]);
  assert.match(changed.err, /m\.js has changed on disk since version 46 was made/);
  one.remove();
});

test('a number in package.json that is none: one line, and numbers from 0', async () => {
  const one = app(`await import('./n.js'); say(version(M).number)`, { 'n.js': F });
  one.write('package.json', '{ "type": "module", "hotswap": { "vsn": "42" } }');
  const { out, err } = await one.go();
  assert.equal(out, [0]);
  assert.match(
    err,
    /^hotswap: "hotswap": \{ "vsn" \} in \.\/package\.json is "42"; it takes a whole number.*\n$/,
  );
  one.remove();
});

test('the version of a module, the log and the numbers in it agree', async () => {
  const one = app(`await rewrite(f, () => 1); await rewrite(f, () => 2); await rollback(M);`, {
    'm.js': VSN,
  });
  await one.go();
  const [log = ''] = kept(one.file(CACHE)).filter((name) => name.endsWith('/log'));
  const lines = readFileSync(one.file(`${CACHE}/${log}`), 'utf8')
    .trim()
    .split('\n');
  assert.equal(
    lines.map((line) => JSON.parse(line)).map(({ event, parent, to }) => [event, parent ?? to]),
    [
      ['version', 0],
      ['version', 1],
      ['restore', 1],
    ],
    'positions, from 0',
  );
  one.remove();
});

test.run();
