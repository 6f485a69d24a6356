// Versions: their numbers, going back and forth, instances side by side, restarts, and what the user may set.
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

const F =
  'export let calls = 0; export function f() { calls++; return 0; }\nexport function g() { return 0; }\n';

const CASES: Record<string, Case> = {
  'numbers count from 0, each with its parent, id, time and summary': [
    F,
    `const v = await rewrite(m.f, () => 1); await inject(m.g, () => 1); const all = history(M); return [v.number, v.id === all[1].id, /^[0-9a-f]{64}$/.test(v.id), all.map(({ number, parent, summary, persisted, at, module }) => [number, parent ?? null, summary, persisted, at instanceof Date && Math.abs(at - Date.now()) < 6e5, module === version(M).module]), version(m).number]`,
    [
      1,
      true,
      true,
      [
        [0, null, 'as loaded', true, true, true],
        [1, 0, '~f', true, true, true],
        [2, 1, '~g', true, true, true],
      ],
      2,
    ],
  ],
  'two edits of one module both hold': [
    F,
    `await rewrite(m.f, () => 1); await rewrite(m.g, () => 2); return [m.f(), m.g(), (await rollback(M)).number, m.f(), m.g()]`,
    [1, 2, 1, 1, 0],
  ],
  'concurrent edits queue in the order they were asked for': [
    'export let f = () => 0;\nexport let log = [];',
    `const made = await Promise.all(Array.from({ length: 20 }, (_, i) => inject(m.f, '() => log.push(' + i + ')', { at: 'end' }))); m.f(); return [made.map((v) => v.number).join(), m.log.join()]`,
    [Array.from({ length: 20 }, (_, i) => i + 1).join(), Array.from({ length: 20 }, (_, i) => i).join()],
  ],
  'an edit that fails does not stop the queue': [
    F,
    `const all = await Promise.allSettled([rewrite(m.f, () => 1), rewrite(m.f, 'syntax error'), rewrite(at('nope'), () => 1), rewrite(m.g, () => 2), rollback(M), restore(M, 99)]); return [all.map((one) => one.status[0]).join(''), m.f(), m.g(), history(M).length]`,
    ['frrffr', 1, 0, 3],
  ],
  'rollback by n, by none, and by more than there is': [
    F,
    `for (const n of [1, 2, 3, 4]) await rewrite(m.f, '() => ' + n); const out = []; for (const n of [2, 0, 1, 99]) out.push((await rollback(M, n)).number, m.f()); out.push((await rollback(M)).number, m.calls); return out`,
    [2, 2, 2, 2, 1, 1, 0, 0, 0, 1],
  ],
  'a count that is none': [
    F,
    `return [await no(rollback(M, -1)), await no(rollback(M, 1.5)), await no(rollback(M, NaN)), await no(rollback(M, '1')), await no(rollback(M, null)), await no(rollback(M, Infinity))]`,
    ['NO_VERSION', 'NO_VERSION', 'NO_VERSION', 'NO_VERSION', 'NO_VERSION', 'NO_VERSION'],
  ],
  'restore goes anywhere, and a later edit rests on what is live': [
    F,
    `await rewrite(m.f, () => 1); await rewrite(m.g, () => 2); await rollback(M, 2); const a = [m.f(), m.g()]; await restore(M, 2); const b = [m.f(), m.g()]; await restore(m, history(M)[1].id); const c = [m.f(), m.g()]; await restore(M, history(M)[0].id.slice(0, 7)); const v = await rewrite(m.g, () => 9); return [a, b, c, m.f(), m.g(), v.parent, v.number, (await rollback(M)).number]`,
    [[0, 0], [1, 2], [1, 0], 0, 9, 0, 3, 0],
  ],
  'reset goes to the file': [
    F,
    `await rewrite(m.f, () => 1); await rewrite(m.g, () => 2); return [(await reset(M)).number, m.f(), m.g(), version(M).number, history(M).length, code(m.f)]`,
    [0, 0, 0, 0, 3, 'function f() { calls++; return 0; }'],
  ],
  'versions that do not exist': [
    F,
    `await rewrite(m.f, () => 1); const out = []; for (const which of [2, -1, 1.5, NaN, '1', 'abcdefa', '', 'abc', '../../x', null, undefined, {}]) out.push(await no(restore(M, which))); const { id } = version(M); out.push(await no(restore(M, id.slice(0, 6)))); return out.filter((one) => one !== 'NO_VERSION')`,
    [],
  ],
  'state stays through all of it': [
    F,
    `m.f(); m.f(); await rewrite(m.f, '() => { calls += 10; return 1 }'); m.f(); await rollback(M); m.f(); return m.calls`,
    13,
  ],
  'import() of a version is an instance of its own': [
    F,
    `await rewrite(m.f, '() => { calls += 5; return 1 }'); await rewrite(m.f, () => 2); const url = version(M).module; const { id } = history(M)[1];
const zero = await import(url + '?hotswap=0'), one = await import(url + '?hotswap=1'), byId = await import(url + '?hotswap=' + id), short = await import(url + '?hotswap=' + id.slice(0, 10)), two = await import('./m.js?hotswap=2');
return [zero.f(), one.f(), byId.f(), short.f(), two.f(), m.f(), zero.calls, one.calls, byId.calls, m.calls, one === (await import(url + '?hotswap=1'))]`,
    [0, 1, 1, 1, 2, 2, 1, 5, 5, 0, true],
  ],
  'import() of a version that does not exist': [
    F,
    `await rewrite(m.f, () => 1); const out = []; for (const which of ['2', '-1', 'abcdefabc', '', '../../x', '..%2f..%2fx', '%00', '1e0', '01', '0x1', 'null']) out.push(await no(import(version(M).module + '?hotswap=' + which))); return out.filter((one) => one !== 'NO_VERSION')`,
    [],
  ],
  'import() of a version with bound values is refused, and one without is not': [
    F,
    `const fn = () => 7; const why = (work) => work.then(() => 'in', (error) => [error.code, error.names ?? [], error.message.replace(/\\S*m\\.js/, 'M')]); const url = version(M).module; await rewrite(m.f, () => fn(), { bind: { fn } }); const { id } = version(M); const one = await why(import(url + '?hotswap=1')); const byId = (await why(import(url + '?hotswap=' + id)))[0]; await rewrite(m.f, () => 3); return [m.f(), one, byId, (await import(url + '?hotswap=2')).f()]`,
    [
      3,
      [
        'ERR_HOTSWAP_NO_VERSION',
        ['fn'],
        'version 1 of M cannot be imported: values are bound into it (fn), which only the running program has; restore() makes it live',
      ],
      'ERR_HOTSWAP_NO_VERSION',
      3,
    ],
  ],
  'a version with values that no text can carry is in memory, numbered as any': [
    F,
    `let set = new Set([7]); await rewrite(m.f, () => 1); const v = await rewrite(m.f, () => set.size, { bind: { set } }); const w = await rewrite(m.g, () => 3); const x = await rewrite(m.f, () => 4); return [v.number, v.persisted, w.persisted, x.persisted, m.f(), (await restore(M, 2)).number, m.f(), m.g(), (await restore(M, 3)).number, m.f(), m.g()]`,
    [2, false, false, true, 4, 2, 1, 0, 3, 1, 3],
  ],
  'two versions of one text with different values': [
    F,
    `let x = new Set([1]), y = new Set([1, 2]), s; await rewrite(m.f, () => s.size, { bind: { s: x } }); const v = await rewrite(m.f, () => s.size, { bind: { s: y } }); const a = m.f(); await rollback(M); const b = m.f(); await restore(M, 2); return [v.number, a, b, m.f()]`,
    [2, 2, 1, 2],
  ],
  'going back and forth many times evaluates nothing twice': [
    F,
    `globalThis.made ??= []; await rewrite(m.f, '() => { return globalThis.made }'); await rewrite(m.g, '() => 5'); const first = m.f(); for (let i = 0; i < 200; i++) { await rollback(M, 2); await restore(M, 2); } return [m.f() === first, m.g(), history(M).length]`,
    [true, 5, 3],
  ],
  'a cache that is removed while the program runs': [
    F,
    `const { rmSync, existsSync } = await import('node:fs'); await rewrite(m.f, () => 1); await rewrite(m.g, () => 1); rmSync('node_modules/.cache/hotswap', { recursive: true }); const v = await rewrite(m.f, () => 2); const out = [v.number, v.parent, m.f(), m.g(), history(M).length, code(m.f)]; out.push(await no(rollback(M, 2)), m.f(), (await reset(M)).number, m.f(), (await restore(M, 3)).number, m.f(), m.g()); return out`,
    [3, 2, 2, 1, 4, 'function f() { return 2; }', 'CACHE', 2, 0, 0, 3, 2, 1],
  ],
};

cases(CASES);

const APP = `import { f, n } from './m.js'; import { code, history, reset, restore, rewrite, rollback, version } from 'hotswap';
const say = (...all) => console.log(JSON.stringify(all));
const [, , what] = process.argv;
`;
const M = 'export let n = 0; export function f() { return 0; }\nexport const first = f();\n';

/** A program that runs `script` with the word it is started with. */
function app(script: string, m = M) {
  const made = program({ 'm.js': m, 'app.js': APP + script });
  return {
    ...made,
    async go(env: Record<string, string> = {}): Promise<{ out: unknown; err: string }> {
      const { stdout, stderr, code } = await made.run({ env });
      if (code !== 0) throw new Error(stderr);
      return {
        out: JSON.parse(stdout.trim().split('\n').at(-1) ?? ''),
        err: stderr.replaceAll(made.dir, '.'),
      };
    },
  };
}

const NEXT = `say(f(), version('./m.js').number, history('./m.js').length); await rewrite(f, '() => ' + (f() + 1)); `;

test('a restart runs the newest version before the first line, and says so in one line', async () => {
  const one = app(
    `import { first } from './m.js'; say(first, f(), version('./m.js').number); await rewrite(f, '() => ' + (f() + 1));`,
  );
  assert.equal(await one.go(), { out: [0, 0, 0], err: '' });
  const second = await one.go();
  assert.equal(second.out, [1, 1, 1]);
  assert.match(
    second.err,
    /^hotswap: \.\/m\.js runs version 1 \(~f\) from \.\/node_modules\/\.cache\/hotswap; reset\(\) goes back to the file\n$/,
  );
  assert.equal((await one.go({ HOTSWAP_SILENT: '1' })).err, '');
  assert.equal((await one.go()).out, [3, 3, 3]);
  one.remove();
});

test('a restart with edits that led back to the file says nothing', async () => {
  const one =
    app(`const was = version('./m.js').number, text = code(f); if (was === 0) { await rewrite(f, () => 9); await rewrite(f, text); }
    say(was, f(), version('./m.js').number);`);
  assert.equal(await one.go(), { out: [0, 0, 2], err: '' });
  assert.equal(await one.go(), { out: [2, 0, 2], err: '' });
  one.remove();
});

test('a restart can roll back, restore and reset what earlier runs made', async () => {
  const one = app(`const a = f(); const v = what; await (f() < 2 ? rewrite(f, '() => ' + (f() + 1)) : null);
if (f() === 2 && a === 2) { const out = [f(), f.length]; await rollback('./m.js'); out.push(f()); await restore('./m.js', 2); out.push(f()); await rollback('./m.js', 9); out.push(f(), code(f)); await restore('./m.js', 1); say(...out, f()); } else say(a)`);
  assert.equal((await one.go()).out, [0]);
  assert.equal((await one.go()).out, [1]);
  assert.equal((await one.go()).out, [2, 0, 1, 2, 0, 'function f() { return 0; }', 1]);
  const after = await one.go();
  assert.equal(after.out, [1], 'the last restore holds');
  assert.match(after.err, /runs version 1/);
  one.remove();
});

test('after a reset a restart runs the file and says nothing', async () => {
  const one = app(
    `say(f(), history('./m.js').length); if (history('./m.js').length === 1) { await rewrite(f, () => 1); await reset('./m.js'); }`,
  );
  await one.go();
  assert.equal(await one.go(), { out: [0, 2], err: '' });
  one.remove();
});

test('HOTSWAP_RELOAD=0 runs the file and keeps the history', async () => {
  const one = app(NEXT);
  await one.go();
  assert.equal(await one.go({ HOTSWAP_RELOAD: '0' }), { out: [0, 0, 2], err: '' });
  assert.equal((await one.go()).out, [1, 2, 3]);
  one.remove();
});

test('what only a restart can undo is undone with HOTSWAP_RELOAD=0 and reset()', async () => {
  const one = app(
    `const why = await reset('./m.js').then((v) => v.number, (e) => e.code + ' ' + /HOTSWAP_RELOAD=0/.test(e.message)); say(why, typeof f());`,
    'export let n = 0; export function f() { return new.target === undefined ? 0 : 1; }\n',
  );
  one.write('make.js', `${APP}await rewrite(f, () => 'one');`);
  await one.run({ entry: 'make.js' });
  assert.equal((await one.go()).out, ['ERR_HOTSWAP_STRUCTURAL true', 'string']);
  assert.equal((await one.go({ HOTSWAP_RELOAD: '0' })).out, [0, 'number']);
  assert.equal(await one.go(), { out: [0, 'number'], err: '' });
  one.remove();
});

test('a changed file is never overridden: one warning, a new history, and the old one when the text is back', async () => {
  const one = app(NEXT);
  await one.go();
  one.write('m.js', M.replace('return 0', 'return 10'));
  const changed = await one.go();
  assert.equal(changed.out, [10, 0, 1]);
  assert.match(
    changed.err,
    /^hotswap: \.\/m\.js has changed on disk since version 1 was made; the file is used, the version is kept in \.\/node_modules\/\.cache\/hotswap\/modules\/[0-9a-f]{64}\/log\n$/,
  );
  assert.equal((await one.go()).out, [11, 1, 2], 'the new history');
  one.write('m.js', `${M}\n`);
  await one.go({ HOTSWAP_RELOAD: '1' });
  one.write('m.js', M);
  const back = await one.go();
  assert.equal(back.out, [1, 1, 2]);
  assert.match(back.err, /runs version 1/);
  one.remove();
});

test('the warning of a changed file comes once', async () => {
  const one = app(`say(f()); if (f() === 0) await rewrite(f, () => 1);`);
  await one.go();
  one.write('m.js', M.replace('return 0', 'return 10'));
  assert.match((await one.go()).err, /has changed on disk/);
  assert.equal(await one.go(), { out: [10], err: '' });
  one.remove();
});

test('a version whose text another process kept to itself is neither restored nor imported', async () => {
  const one = app(
    `const why = (work) => work.then(() => 'in', (error) => error.code); if (history('./m.js').length === 1) { const fn = () => 7; await rewrite(f, () => fn(), { bind: { fn } }); await rewrite(f, '() => 2'); say(0); } else say(await why(restore('./m.js', 1)), await why(import('./m.js?hotswap=1')), (await import('./m.js?hotswap=2')).f());`,
  );
  await one.go();
  assert.equal((await one.go()).out, ['ERR_HOTSWAP_NO_VERSION', 'ERR_HOTSWAP_NO_VERSION', 2]);
  one.remove();
});

test('a query named hotswap on what is not a hot module is left to whoever reads it', async () => {
  const made = program({
    'c.cjs': 'exports.url = module.id.length > 0;',
    'd.json': '{"a":1}',
    'bare/package.json': '{}',
    'bare/c.js': 'exports.a = 2;',
    'bare/e.js': 'export const a = 3;',
    'm.js': 'export const a = import.meta.url.slice(-10);',
    'app.js': `const json = { with: { type: 'json' } };
console.log(JSON.stringify([(await import('./c.cjs?hotswap=0')).default, (await import('./d.json?hotswap=0', json)).default, (await import('./bare/c.js?hotswap=0')).default, (await import('./bare/e.js?hotswap=0')).a, (await import('./m.js?hotswap=0')).a, await import('./m.js?hotswap=7').catch((error) => error.code)]));`,
  });
  const sees = Number(process.versions.node.split('.')[0]) >= 22;
  if (!sees) made.write('bare/package.json', '{ "type": "module" }');
  if (!sees) made.write('bare/c.js', 'export default { a: 2 };');
  const out = await made.json();
  made.remove();
  assert.equal(out, [{ url: true }, { a: 1 }, { a: 2 }, 3, '?hotswap=0', 'ERR_HOTSWAP_NO_VERSION']);
});

test('HOTSWAP_CACHE_DIR set to nothing keeps versions in memory only', async () => {
  const one = app(
    `await rewrite(f, () => 1); await rewrite(f, () => 2); const a = f(); await rollback('./m.js'); const { f: g } = await import(version('./m.js').module + '?hotswap=2'); say(a, f(), g(), history('./m.js').map((v) => v.persisted)); try { f.x } catch {}`,
  );
  assert.equal(await one.go({ HOTSWAP_CACHE_DIR: '' }), { out: [2, 1, 2, [true, false, false]], err: '' });
  assert.not(one.exists('node_modules/.cache'));
  one.remove();
});

test('HOTSWAP_CACHE_DIR names a directory, from the working directory', async () => {
  const one = app(NEXT);
  await one.go({ HOTSWAP_CACHE_DIR: 'my cache' });
  assert.ok(one.exists('my cache/objects') && !one.exists('node_modules/.cache'));
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: 'my cache' })).out, [1, 1, 2]);
  assert.equal((await one.go()).out, [0, 0, 1]);
  one.remove();
});

test('HOTSWAP_ROLLBACK_LENGTH limits how far back one can go, besides the original', async () => {
  const one =
    app(`for (const i of [1, 2, 3, 4, 5]) await rewrite(f, '() => ' + i); const out = [history('./m.js').map((v) => v.number)];
for (const n of [1, 1, 1]) { await rollback('./m.js', n); out.push(f()); } await restore('./m.js', 5); for (const n of [2, 3]) { try { await restore('./m.js', n); out.push(f()); } catch (e) { out.push(e.code); } } say(...out)`);
  const lengths: Record<string, unknown> = {
    '2': [[0, 3, 4, 5], 4, 3, 0, 'ERR_HOTSWAP_NO_VERSION', 3],
    '0': [[0, 5], 0, 0, 0, 'ERR_HOTSWAP_NO_VERSION', 'ERR_HOTSWAP_NO_VERSION'],
    '': [[0, 1, 2, 3, 4, 5], 4, 3, 2, 2, 3],
  };
  for (const [length, expected] of Object.entries(lengths)) {
    assert.equal((await one.go({ HOTSWAP_ROLLBACK_LENGTH: length, HOTSWAP_CACHE_DIR: '' })).out, expected);
  }
  one.remove();
});

test('a file is made for the next version ahead of time, whatever becomes of it meanwhile', async () => {
  const one = app(`import { readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
const cache = 'node_modules/.cache/hotswap', ours = (name) => name.startsWith(process.pid + '.'), out = [];
const spares = async () => { for (let i = 0; i < 500; i++) { try { const found = readdirSync(cache + '/spares'); if (found.some(ours)) return found; } catch {} await new Promise((done) => setTimeout(done, 10)); } return 'none'; };
const edit = async (n) => { const { id } = await rewrite(f, '() => ' + n); out.push(f(), readFileSync(cache + '/objects/' + id + '.js', 'utf8') === code('./m.js')); };
mkdirSync(cache + '/spares', { recursive: true });
for (const name of ['99999999.a1', process.ppid + '.a1', 'theirs']) writeFileSync(cache + '/spares/' + name, '');
await edit(1); await new Promise((done) => setTimeout(done, 100)); const first = await spares(); out.push(first.filter((name) => !ours(name)).sort().map((name) => name.split('.')[0]), process.ppid);
await edit(2); out.push(first.filter(ours).every((name) => readdirSync(cache + '/spares').includes(name))); await edit(3); await edit(4); await edit(5);
for (const [n, dir] of ['/spares/' + (await spares()).find(ours), '/spares', '/objects', ''].entries()) { await spares(); rmSync(cache + dir, { recursive: true }); await edit(n + 10); }
for (const last of await spares()) { rmSync(cache + '/spares/' + last); mkdirSync(cache + '/spares/' + last); } await edit(6);
rmSync(cache + '/spares', { recursive: true }); writeFileSync(cache + '/spares', ''); await edit(7); await edit(8); rmSync(cache + '/spares'); await edit(9); await spares(); say(...out, f());`);
  const out = (await one.go()).out as unknown[];
  const [, , , parent] = out;
  assert.equal(out, [
    ...[1, true, [String(parent), 'theirs'], parent],
    ...[2, true, false, 3, true, 4, true, 5, true],
    ...[10, true, 11, true, 12, true, 13, true],
    ...[6, true, 7, true, 8, true, 9, true, 9],
  ]);
  assert.not(one.exists('node_modules/.cache/hotswap/spares'));
  one.remove();
});

test('HOTSWAP_PERSIST=0: at exit what the process recorded is gone', async () => {
  const one = app(
    `say(f(), version('./m.js').number); if (process.env.EDIT) { await rewrite(f, () => 7); await rewrite(f, () => 8); }`,
  );
  const off = { HOTSWAP_PERSIST: '0', EDIT: '1' };
  assert.equal((await one.go(off)).out, [0, 0]);
  assert.equal(tree(one.file('node_modules/.cache/hotswap')), []);
  assert.equal(await one.go(), { out: [0, 0], err: '' });
  // On top of versions that are to stay.
  await one.go({ EDIT: '1' });
  const before = tree(one.file('node_modules/.cache/hotswap'));
  assert.equal((await one.go({ ...off, EDIT: '' })).out, [8, 2]);
  one.write('app.js', `${APP}say(f()); await rewrite(f, () => 9); await rollback('./m.js', 3);`);
  assert.equal((await one.go(off)).out, [8]);
  assert.equal(tree(one.file('node_modules/.cache/hotswap')), before);
  assert.equal((await one.go({ ...off, EDIT: '' })).out, [8]);
  one.remove();
});

test('HOTSWAP_PERSIST=0 leaves what another process has written since', async () => {
  const one = program({
    'm.js': M,
    'other.js': `import { f } from './m.js'; import { rewrite } from 'hotswap'; await rewrite(f, '() => "other"');`,
    'app.js': `${APP}import { execFileSync } from 'node:child_process';
if (process.env.HOTSWAP_PERSIST) { await rewrite(f, () => 'mine'); execFileSync(process.execPath, ['--import', 'hotswap/register', 'other.js'], { env: { ...process.env, HOTSWAP_PERSIST: '' .padEnd(1, '1') }, stdio: 'ignore' }); await rewrite(f, () => 'mine again'); say(f()); } else say(f(), version('./m.js').number);`,
  });
  assert.equal(await one.json({ env: { HOTSWAP_PERSIST: '0' } }), ['mine again']);
  assert.equal(await one.json({ env: {} }), ['other', 2]);
  one.remove();
});

test('the "hotswap" key of package.json sets the same, and the environment wins', async () => {
  const one = app(NEXT);
  one.write(
    'package.json',
    JSON.stringify({
      type: 'module',
      hotswap: { cacheDir: 'from-package', silent: true, rollbackLength: 1 },
    }),
  );
  assert.equal((await one.go()).out, [0, 0, 1]);
  assert.ok(one.exists('from-package/objects'));
  assert.equal(await one.go(), { out: [1, 1, 2], err: '' });
  assert.equal((await one.go()).out, [2, 2, 3]);
  assert.match((await one.go({ HOTSWAP_SILENT: '0' })).err, /runs version 3/);
  assert.equal((await one.go({ HOTSWAP_CACHE_DIR: '' })).out, [0, 0, 1]);
  one.write(
    'package.json',
    JSON.stringify({
      type: 'module',
      hotswap: { cacheDir: false, include: [], exclude: null, persist: null, rollbackLength: null },
    }),
  );
  assert.equal((await one.go()).out, [0, 0, 1]);
  one.remove();
});

test('values that mean nothing stop the start, naming them and what is accepted', async () => {
  const one = program({ 'app.js': 'console.log("ran")' });
  const errors: string[] = [];
  const bad: [string, string][] = [
    ['HOTSWAP_PERSIST', 'maybe'],
    ['HOTSWAP_RELOAD', '2'],
    ['HOTSWAP_SILENT', 'very'],
    ['HOTSWAP_ROLLBACK_LENGTH', '-1'],
    ['HOTSWAP_ROLLBACK_LENGTH', '1.5'],
    ['HOTSWAP_ROLLBACK_LENGTH', 'all'],
  ];
  const check = async (name: string, env: Record<string, string>) => {
    const { stdout, stderr, code } = await one.run({ env });
    if (
      stdout !== '' ||
      code === 0 ||
      !stderr.includes('ERR_HOTSWAP_CONFIG') ||
      !stderr.includes(name) ||
      !/it takes/.test(stderr)
    )
      errors.push(`${name}: ${stdout} ${stderr}`);
  };
  for (const [name, value] of bad) await check(name, { [name]: value });
  for (const [key, value] of Object.entries({
    persist: 'maybe',
    rollbackLength: true,
    cacheDir: 5,
    include: [1],
  })) {
    one.write('package.json', JSON.stringify({ type: 'module', hotswap: { [key]: value } }));
    await check(`"${key}"`, {});
  }
  one.remove();
  assert.equal(errors, []);
});

/** Every file of a cache and its text, but for transforms, which no version is. */
function tree(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map(
      (entry) =>
        `${entry.parentPath.slice(directory.length)}/${entry.name}${entry.isFile() ? ` ${readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8')}` : ''}`,
    )
    .filter((name) => !/^\/(?:transforms|starts)/.test(name))
    .sort();
}

test.run();
