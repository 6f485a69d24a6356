// Node's own functions replaced: who sees it, what is refused, what undoes it; and that nothing of ours is disturbed by it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

/** A module that held `node:fs` and others before any edit, in each of the ways there are. */
const HOLDS = {
  'm.js': `import { createRequire } from 'node:module';
import fs, { existsSync, promises } from 'node:fs';
import * as ns from 'fs';
import { old } from './old.cjs';
export { default as common } from './old.cjs';
export const require = createRequire(import.meta.url);
export { fs, ns };
export const seen = () => [existsSync, fs.existsSync, ns.existsSync, ns.default.existsSync, require('fs').existsSync,
  require('node:fs').existsSync, process.getBuiltinModule('fs').existsSync, old].map((f) => String(f('/')));
export const read = (file) => promises.readFile(file, 'utf8');`,
  'later.js': `import { existsSync } from 'node:fs'; export default existsSync('/');`,
  'old.cjs': `const fs = require('fs'); exports.old = (file) => fs.existsSync(file);`,
};

const TABLE: Record<string, Case> = {
  'every importer sees it, and sees it gone': [
    HOLDS,
    `const far = 'closure'; const out = [new Set(m.seen())]; await rewrite('node:fs#existsSync', () => far); out.push(new Set(m.seen()), [(await import('node:fs')).existsSync('/'), (await import('./later.js')).default]);
     await rollback('node:fs'); out.push(new Set(m.seen()), [(await import('node:fs')).existsSync('/')]); return out.map((one) => [...one].join())`,
    ['true', 'closure', 'closure,closure', 'true', 'true'],
  ],
  'the version says what it is': [
    HOLDS,
    `await reset('fs'); const at = history('node:fs').length; const v = await rewrite('fs#existsSync', () => 1); const again = await rewrite('fs#existsSync', m.fs.existsSync); const all = history('node:fs'); const [zero] = all;
     await reset('node:fs'); return [v.module, v.number - at, v.persisted, v.summary, v.parent, again.number - at, zero.number, zero.persisted, zero.summary, /^[0-9a-f]{64}$/.test(v.id), v.id === zero.id, version('fs').number, all.length - at, version('fs').id === zero.id]`,
    ['node:fs', 0, false, '~existsSync', 0, 0, 0, true, 'as loaded', true, false, 0, 1, true],
  ],
  'in a transaction: with the other edits, or not at all': [
    { ...HOLDS, 'k.js': 'export const f = () => 0;' },
    `const k = await import('./k.js'); const start = history('node:fs').length; const heard = []; const off = on('swap', (e) => heard.push(e.path));
     const made = await transaction(async () => { await rewrite('node:fs#existsSync', () => 'a'); await rewrite(k.f, () => 1); await inject('fs#existsSync', () => heard.push('called')); heard.push([...new Set(m.seen())].join()); });
     const inside = [...new Set(m.seen())]; off();
     const refused = await no(transaction(async () => { await rewrite('fs#existsSync', () => 'b'); await rewrite(k.f, () => here); }));
     const [planned] = await plan(() => rewrite('fs#existsSync', () => 'c')); const now = [...new Set(m.seen())];
     await transaction(async () => { await rollback('fs'); await rewrite(k.f, () => 2); });
     return [made.map((v) => [v.module.replace(/.*\\//, ''), v.summary]), inside, refused, planned.summary, planned.replaced, now, [...new Set(m.seen())], k.f(), history('node:fs').length - start, heard.filter((one) => one !== 'called')]`,
    [
      [
        ['k.js', '~f'],
        ['node:fs', '~existsSync'],
      ],
      ['a'],
      'OUT_OF_SCOPE here',
      '~existsSync',
      ['existsSync'],
      ['a'],
      ['true'],
      2,
      1,
      ['true', 'f', 'existsSync'],
    ],
  ],
  'modules are named in each form': [
    HOLDS,
    `const { fs, ns } = m; const out = []; for (const ref of ['fs', 'node:fs', new URL('node:fs'), fs, ns, await import('node:fs')]) { await rewrite({ module: ref, path: 'existsSync' }, () => 'here'); out.push([...new Set(m.seen())].join(), version(ref).module); await rollback(ref, 99); }
     return [new Set(out).size, out[0], out[1], [...new Set(m.seen())]]`,
    [2, 'here', 'node:fs', ['true']],
  ],
  'a namespace that only re-exports is its own module': [
    { 'm.js': `export { default } from 'node:fs'; export const f = () => 1;` },
    `await rewrite({ module: m, path: 'f' }, () => 2); return [m.f(), version(m).module.startsWith('file:')]`,
    [2, true],
  ],
  'targets: value, default, place, arity': [
    HOLDS,
    `const { fs } = m; const first = fs.existsSync; const out = []; for (const target of [first, 'node:fs#default.existsSync', { module: 'node:fs', path: 'existsSync' }, 'fs#existsSync/1', fs.existsSync]) { await rewrite(target, (a) => target === first ? 1 : 2); out.push(fs.existsSync('/')); }
     await rewrite(first, (a) => 'by what was there first'); out.push(fs.existsSync('/')); await reset('fs'); return [...out, fs.existsSync === first]`,
    [1, 2, 2, 2, 1, 'by what was there first', true],
  ],
  'functions of promises': [
    { ...HOLDS, 'x.txt': 'text' },
    `const out = [], file = new URL('./x.txt', import.meta.url); const { readFile } = m.fs.promises; for (const target of [{ module: 'node:fs', path: 'promises.readFile' }, 'fs/promises#readFile', readFile]) { const v = await rewrite(target, async (...args) => 'new ' + await readFile(...args)); out.push(await m.read(file), await (await import('node:fs/promises')).readFile(file, 'utf8'), v.module); await rollback(v.module); out.push(await m.read(file)); } return out`,
    Array.from({ length: 3 }, (_, i) => [
      'new text',
      'new text',
      i === 1 ? 'node:fs/promises' : 'node:fs',
      'text',
    ]).flat(),
  ],
  'two modules that lead to one function': [
    HOLDS,
    `const p = m.fs.promises, was = p.access; const first = () => 1, second = () => 2; await rewrite('node:fs#promises.access', first); await rewrite('node:fs/promises#access', second); const out = [p.access()]; await rollback('node:fs'); out.push(p.access()); await restore('node:fs', history('node:fs').length - 1); out.push(p.access()); await rollback('node:fs'); out.push(p.access()); await rollback('node:fs/promises'); return [...out, p.access === was]`,
    [2, 2, 1, 2, true],
  ],
  'path and path.posix are one': [
    `import path, { join, posix } from 'node:path'; export const seen = () => [join('a'), posix.join('a'), path.posix.join('a')].join();`,
    `if (process.platform === 'win32') return ['x,x,x', 'y,y,y', 'a,a,a']; await rewrite('node:path#join', () => 'x'); const out = [m.seen()]; await rewrite('node:path#posix.join', () => 'y'); out.push(m.seen()); await reset('node:path'); return [...out, m.seen()]`,
    ['x,x,x', 'y,y,y', 'a,a,a'],
  ],
  'prototypes: emit and a class': [
    `import { EventEmitter } from 'node:events'; export { EventEmitter }; export const e = new EventEmitter();`,
    `const heard = []; m.e.on('a', (x) => heard.push(x)); const { emit } = m.EventEmitter.prototype; await rewrite('node:events#EventEmitter.prototype.emit', function (name, ...args) { heard.push('emit ' + name); return emit.call(this, name, ...args); }); m.e.emit('a', 1); await rollback('events'); m.e.emit('a', 2);
     await rewrite('node:url#URLSearchParams.prototype.get', () => 'got'); heard.push(new URLSearchParams('a=1').get('a')); await reset('node:url'); heard.push(new URLSearchParams('a=1').get('a')); return heard`,
    ['emit a', 1, 2, 'got', '1'],
  ],
  'timers, http, process, console': [
    `import { setTimeout as wait } from 'node:timers/promises'; import { createServer } from 'node:http'; import http from 'node:http'; import process, { cwd } from 'node:process'; import console, { log } from 'node:console';
     export const seen = () => [wait(1e9, 'v'), createServer(), http.createServer(), cwd(), process.cwd(), globalThis.process.cwd(), log('l'), console.log('l'), globalThis.console.log('l')];`,
    `await rewrite('timers/promises#setTimeout', (_ms, value) => value + '!'); await rewrite('node:http#createServer', () => 'server'); await rewrite('node:process#cwd', () => 'dir'); await rewrite('node:console#log', (x) => x + 'og'); const out = m.seen().join(); for (const name of ['timers/promises', 'http', 'process', 'console']) await reset(name);
     return [out, modules().filter((name) => /^node:(timers.promises|http|process|console)$/.test(name)).sort().join(), process.cwd() === 'dir', version(process).number, version(console).module]`,
    [
      'v!,server,server,dir,dir,dir,log,log,log',
      'node:console,node:http,node:process,node:timers/promises',
      false,
      0,
      'node:console',
    ],
  ],
  'an intercepted server answers': [
    `import { createServer, get } from 'node:http'; export const ask = () => new Promise((done) => { const server = createServer((_, res) => res.end('plain')).listen(0, () => get({ port: server.address().port }, (res) => { let text = ''; res.on('data', (data) => (text += data)).on('end', () => { done(text); server.closeAllConnections(); server.close(); }); })); });`,
    `const { createServer } = (await import('node:http')).default; await rewrite('http#createServer', (handler) => createServer((req, res) => { res.write('wrapped '); handler(req, res); })); const out = [await m.ask()]; await reset('http'); return [...out, await m.ask()]`,
    ['wrapped plain', 'plain'],
  ],
  'what a function value looks like in its place': [
    `import fs from 'node:fs'; import util from 'node:util'; import timers from 'node:timers'; export { fs, util, timers };`,
    `const was = Object.getOwnPropertyDescriptor(m.fs, 'exists'); const value = (a, b, c) => b('x'); await rewrite('fs#exists', value); const now = Object.getOwnPropertyDescriptor(m.fs, 'exists'); const out = [m.fs.exists === value, value.name, value.length, now.enumerable === was.enumerable, now.writable === was.writable, now.configurable === was.configurable, value[m.util.promisify.custom] === was.value[m.util.promisify.custom]];
     await rewrite('fs#realpathSync', function mine() {}); out.push(m.fs.realpathSync.name, typeof m.fs.realpathSync.native); await reset('fs'); out.push(m.fs.exists === was.value, (() => 1).name); await rewrite('fs#exists', () => 1); out.push(m.fs.exists.name); await reset('fs'); return out`,
    [true, 'value', 3, true, true, true, true, 'mine', 'function', true, '', 'exists'],
  ],
  'a property that Node made read-only stays that': [
    `import zlib, { createGzip } from 'node:zlib'; export { zlib }; export const seen = () => createGzip();`,
    `const own = () => Object.getOwnPropertyDescriptor(m.zlib, 'createGzip'); const { writable } = own(); await rewrite('node:zlib#createGzip', () => 'z'); const out = [m.seen(), own().writable === writable]; await rollback('zlib'); return [...out, typeof m.seen(), own().writable === writable]`,
    ['z', true, 'object', true],
  ],
  'a getter of Node comes back': [
    `import util from 'node:util'; export { util };`,
    `const own = () => typeof Object.getOwnPropertyDescriptor(m.util, 'aborted').get; const was = own(); await rewrite('util#aborted', () => 'mine'); const out = [m.util.aborted()]; await reset('util'); return [...out, own() === was, typeof m.util.aborted]`,
    ['mine', true, 'function'],
  ],
  'constructors keep their prototype': [
    `import fs from 'node:fs'; import http from 'node:http'; export { fs, http };`,
    `const { Server } = m.http; await rewrite('http#Server', function (...args) { return new Server(...args); }); const made = new m.http.Server(); const out = [made instanceof m.http.Server, made instanceof Server]; await reset('http');
     await inject('http#Server', () => out.push('made'), { at: 'end' }); class Sub extends m.http.Server { mine = 1; } const sub = new Sub(); out.push(sub instanceof Server, sub.mine, new m.http.Server() instanceof Server); await reset('http'); return [...out, m.http.Server === Server]`,
    [true, true, 'made', 'made', true, 1, true, true],
  ],
  'source text meets the global scope': [
    `import path from 'node:path'; export { path };`,
    `const out = []; for (const to of ['(a) => "1" + a', 'function (a) { "use strict"; return this === undefined ? 2 : a }', 'join(a) { return "3" + a }', 'function join(n) { return n > 0 ? join(n - 1) : 4 }', 'const fact = (n) => n > 1 ? n * fact(n - 1) : 1', 'async (a) => typeof nowhere', 'a => URL.name + a', 'export default function () { return 8 }']) { await rewrite('node:path#join', to); out.push(await m.path.join(3)); }
     out.push(code('node:path#join')); await rewrite('path#join', '(a) => RATE * a + F()', { bind: { RATE: 2, F: () => 1 } }); out.push(m.path.join(3)); await rewrite('path#join', (a) => RATE + a, { bind: { RATE: 2 } }); out.push(m.path.join(3)); await reset('path'); return out`,
    ['13', 3, '33', 4, 6, 'undefined', 'URL3', 8, 'function () { return 8 }', 7, 5],
  ],
  'a stack names where it is from': [
    `import path from 'node:path'; export { path };`,
    `await rewrite('path#join', '() => { throw new Error("x") }'); try { m.path.join(); } catch (error) { return /node:path#join\\?hotswap=[0-9a-f]{12}:1/.test(error.stack); } finally { await reset('path'); }`,
    true,
  ],
  'inject runs before and after': [
    HOLDS,
    `const seen = []; const say = (word) => function () { seen.push(word, arguments[0]); }; await inject('fs#existsSync', say('before')); await inject(m.fs.existsSync, say('after'), { at: 'end' }); const { name, length } = m.fs.existsSync; const out = [m.fs.existsSync('/'), m.ns.existsSync('/nowhere'), seen.join(), name, length, version('fs').summary]; await rollback('fs'); seen.length = 0; m.fs.existsSync('/'); out.push(seen.join()); await reset('fs'); m.fs.existsSync('/'); return [...out, seen.length]`,
    [
      true,
      false,
      'before,/,after,/,before,/nowhere,after,/nowhere',
      'existsSync',
      1,
      '~existsSync',
      'before,/',
      2,
    ],
  ],
  'inject after async work': [
    {
      'm.js': `import { readFile } from 'node:fs/promises'; import { setTimeout as wait } from 'node:timers/promises'; import fs from 'node:fs'; export { readFile, wait, fs };`,
      'x.txt': 'text',
    },
    `const seen = [], file = new URL('./x.txt', import.meta.url); await inject('fs/promises#readFile', async () => { await 1; seen.push('end'); }, { at: 'end' }); await inject('timers/promises#setTimeout', '() => { globalThis.waited = 1 }', { at: 'end' }); await inject('fs/promises#readFile', () => { if (seen.length > 1) throw new Error('no more'); });
     const going = m.readFile(file, 'utf8'); seen.push('going'); seen.push(await going); const waiting = m.wait(1, 'v'); seen.push(globalThis.waited ?? 0, await waiting, globalThis.waited); const failing = m.readFile(file); seen.push(await failing.catch((error) => error.message)); await reset('fs/promises'); await reset('timers/promises'); return [seen, String(await m.readFile(file))]`,
    [['going', 'end', 'text', 0, 'v', 1, 'no more'], 'text'],
  ],
  'inject leaves errors and results alone': [
    `import fs from 'node:fs'; export { fs };`,
    `const seen = []; await inject('fs#statSync', () => seen.push('end'), { at: 'end' }); let code; try { m.fs.statSync('/nowhere'); } catch (error) { code = error.code; } const is = m.fs.statSync('/').isDirectory(); await reset('fs'); return [code, is, seen]`,
    ['ENOENT', true, ['end']],
  ],
  'a value that has no source is as good': [
    `import path from 'node:path'; export { path };`,
    `const bound = function () { return this.x; }.bind({ x: 'bound' }); const out = []; for (const to of [bound, Math.max, new Proxy(() => 'proxy', {})]) { await rewrite('path#join', to); out.push(m.path.join(1, 2), m.path.join === to); } out.push(await no((async () => code('path#join'))())); await reset('path'); return out`,
    ['bound', true, 2, true, 'proxy', true, 'NO_SOURCE'],
  ],
  'going back and forth': [
    `import path from 'node:path'; export { path };`,
    `const base = history('path').length - 1; const out = []; const now = () => out.push(m.path.basename('/a/b')); await reset('path'); for (const n of [1, 2, 3]) await rewrite('path#basename', () => n); await rewrite('path#dirname', () => 4); await rollback('path', 2); now(); await restore('path', base + 4); now(); await restore('path', history('path').at(-4).id); now(); await rollback('path', 0); now(); await rollback('path', 99); now(); await restore('path', base + 2); now(); const v = await rewrite('path#dirname', () => 5); out.push(v.parent - base, m.path.dirname('x')); now(); await reset('path'); now(); return out`,
    [2, 3, 1, 1, 'b', 2, 2, 5, 2, 'b'],
  ],
  'edits queue': [
    `import os from 'node:os'; export { os };`,
    `const made = await Promise.all([rewrite('os#hostname', () => 'a'), inject('os#hostname', () => {}), rewrite('os#nope', () => 1).catch((error) => error.code), rewrite('os#hostname', () => 'b'), rollback('os'), rewrite('os#arch', () => 1)]); return [m.os.hostname(), m.os.arch(), made.map((one) => one.number ?? one), made.map((one) => one.parent ?? null)]`,
    ['a', 1, [1, 2, 'ERR_HOTSWAP_MISSING', 3, 2, 4], [0, 1, null, 2, 1, 2]],
  ],
  'what the program put there itself stays': [
    `import path from 'node:path'; export { path };`,
    `const own = m.path.parse; m.path.parse = () => 'theirs'; await rewrite('path#parse', () => 'ours'); const out = [m.path.parse()]; await reset('path'); out.push(m.path.parse()); m.path.parse = () => 'later'; await rewrite('path#parse', () => 'ours'); await rollback('path'); out.push(m.path.parse()); m.path.parse = own; return out`,
    ['ours', 'theirs', 'later'],
  ],
  'code, ast, functions, exports': [
    HOLDS,
    `const all = functions('node:fs'); const one = (path) => all.find((fn) => fn.path === path); const known = exports('fs'); return [code('node:fs#existsSync') === String(m.fs.existsSync), code(m.fs.existsSync) === code('fs#existsSync'), ast('fs#existsSync').type, one('existsSync'), one('promises.readFile').arity, all.some((fn) => fn.path === 'Stats.prototype.isFile' || fn.path === 'Dirent.prototype.isFile'), known.find(({ name }) => name === 'existsSync'), known.find(({ name }) => name === 'constants').kind, known[0], Object.keys(m.ns).sort().join() === known.map(({ name }) => name).sort().join(), exports('events').find(({ name }) => name === 'default').kind, functions('events').some(({ path }) => path === 'EventEmitter.prototype.emit')]`,
    [
      true,
      true,
      'FunctionDeclaration',
      { path: 'existsSync', kind: 'function', arity: 1, line: 0 },
      2,
      true,
      { name: 'existsSync', kind: 'function', arity: 1 },
      'value',
      { name: 'default', kind: 'value' },
      true,
      'function',
      true,
    ],
  ],
  'listing opens and loads nothing': [
    'export {}',
    `const { builtinModules } = await import('node:module'); const warned = []; process.on('warning', (w) => warned.push(w.name)); let count = 0; for (const name of builtinModules) { if (/^_|punycode|sys|sqlite|wasi|sea|quic|ffi|vfs|stream.iter|zlib.iter|dtls/.test(name)) continue; count += functions(name).length; exports('path'); } await new Promise(setImmediate); return [count > 1000, warned]`,
    [true, []],
  ],
  'what is refused, and nothing changed': [
    `import fs from 'node:fs'; import zlib from 'node:zlib'; export { fs };`,
    `const before = JSON.stringify([history('fs'), history('node:assert'), modules()]); const f = () => 1; const RATE = 1; const out = []; const all = { nope: () => rewrite('node:fs#nope', f), module: () => rewrite('node:nope#x', f), constants: () => rewrite('fs#constants', f), number: () => rewrite('fs#constants.F_OK', f), deep: () => rewrite('fs#a.b.c', f), path: () => rewrite('fs#[', f), whole: () => rewrite('assert#default', f), klass: () => rewrite('url#URL', f), klassValue: () => rewrite(URL, f), inherited: () => rewrite('http#Server.prototype.emit', f), locked: () => rewrite('crypto#getRandomValues', f), arity: () => rewrite('fs#existsSync/4', f), newArity: () => rewrite('fs#existsSync/1', f), string: () => rewrite('fs#existsSync', 'RATE =>'), scope: () => rewrite('fs#existsSync', '() => RATE + this.x'), two: () => rewrite('fs#existsSync', 'function a() {} function b() {}'), number2: () => rewrite('fs#existsSync', 5), aClass: () => rewrite('fs#existsSync', class A {}), options: () => rewrite('fs#existsSync', f, null), bind: () => rewrite('fs#existsSync', 'f', { bind: 5 }), closure: () => rewrite('fs#existsSync', () => f(X), { bind: { X: 1 } }), at: () => inject('fs#existsSync', f, { at: 1 }), atWord: () => inject('fs#existsSync', f, { at: 'start' }), parameters: () => inject('fs#existsSync', (a) => 1), star: () => inject('fs#existsSync', function* () {}), waits: () => inject('fs#existsSync', async () => {}), count: () => rollback('fs', -1), version: () => restore('fs', 99), id: () => restore('fs', 'abcdef0'), scheme: () => rewrite('node:test#describe', f), several: () => rewrite(process.getBuiltinModule('events').prototype.on, f), text: async () => code('node:fs'), native: async () => code('node:process#dlopen') };
     for (const [name, one] of Object.entries(all)) out.push(name + ' ' + await no((async () => one())())); return [out, JSON.stringify([history('fs'), history('node:assert'), modules()]) === before]`,
    [
      [
        'nope MISSING',
        'module BAD_TARGET',
        'constants BAD_TARGET',
        'number BAD_TARGET',
        'deep MISSING',
        'path BAD_TARGET',
        'whole BAD_TARGET',
        'klass BAD_TARGET',
        'klassValue BAD_TARGET',
        'inherited MISSING',
        'locked STRUCTURAL',
        'arity ARITY',
        'newArity ARITY',
        'string SYNTAX',
        'scope OUT_OF_SCOPE RATE this',
        'two TOO_MANY',
        'number2 NO_SOURCE',
        'aClass SYNTAX',
        'options SYNTAX',
        'bind SYNTAX',
        'closure OUT_OF_SCOPE f',
        'at MISSING',
        'atWord MISSING',
        'parameters ARITY',
        'star SYNTAX',
        'waits SYNTAX',
        'count NO_VERSION',
        'version NO_VERSION',
        'id NO_VERSION',
        'scheme STRUCTURAL',
        'several BAD_TARGET node:events#EventEmitter.prototype.addListener node:events#EventEmitter.prototype.on',
        'text CORE',
        'native NO_SOURCE',
      ],
      true,
    ],
  ],
  'an object that was frozen': [
    `import qs from 'node:querystring'; export { qs };`,
    `await rewrite('querystring#escape', () => 1); Object.freeze(m.qs); return [await no(rollback('querystring')), m.qs.escape('a'), version('querystring').number, await no(rewrite('querystring#parse', () => 1))]`,
    ['STRUCTURAL', 1, 1, 'STRUCTURAL'],
  ],
  'the words of a refusal': [
    'export {}',
    `const says = async (promise) => { try { await promise; } catch (error) { return error.message; } }; return [await says(inject('fs#existsSync', () => {}, { at: 2 })), (await says(rewrite('fs#nope', () => 1))).slice(0, 60), await says(rewrite('util#nothing.at.all', () => 1)).then((text) => text.length < 400), await says(restore('dgram', 5))]`,
    [
      `node:fs#existsSync is Node's and is wrapped, as nothing can be put between its statements: code can be injected at 0 or 'end', and number 2 was asked for`,
      'node:fs has no function "nope"; it has appendFile, appendFil',
      true,
      'node:dgram has no version 5; there is only 0, as Node has it',
    ],
  ],
  'a mock: everyone calls it, and nobody once it is restored': [
    HOLDS,
    `await reset('fs'); const at = version('fs').number; const double = mock('node:fs#existsSync', () => 'mock'); const during = new Set(m.seen());
     const { calls } = double; const some = calls.map((call) => call.arguments.join()); const listed = status().edited.map((one) => [one.module, one.persisted]).filter(([name]) => name === 'node:fs'); double.restore(); const after = new Set(m.seen()); await double.restore();
     return [[...during], calls.length, new Set(some).size, listed, [...after], version('fs').number === at]`,
    [['mock'], 8, 1, [['node:fs', false]], ['true'], true],
  ],
  'a mock that others were put around goes alone': [
    HOLDS,
    `await reset('fs'); const spy = await mock(m.fs.existsSync); await around('node:fs#existsSync', (next, file) => [next(file)]); const one = [m.fs.existsSync('/'), spy.calls.length]; await spy.restore(); const two = [m.fs.existsSync('/'), spy.calls.length, m.fs.existsSync.name, m.fs.existsSync.length];
     await rewrite('node:fs#existsSync', () => 'new'); await spy.restore(); const three = m.fs.existsSync('/'); await reset('fs'); return [one, two, three, m.fs.existsSync('/')]`,
    [[[true], 1], [[true], 1, 'existsSync', 1], 'new', true],
  ],
  'a mock in a transaction goes with it': [
    HOLDS,
    `await reset('fs'); const inside = []; await transaction(async () => { const one = await mock('fs#existsSync', () => 'mock'); await around('fs#existsSync', (next, file) => next(file) + '!'); await one.restore(); inside.push(m.fs.existsSync('/')); });
     const now = m.fs.existsSync('/'); const why = await transaction(async () => { mock('fs#existsSync', () => 'mock'); throw new Error('enough'); }).catch((error) => error.message); return [inside, now, why, m.fs.existsSync('/'), (await reset('fs')).number]`,
    [[true], 'true!', 'enough', 'true!', 0],
  ],
  'replace, around, before, after, onError': [
    HOLDS,
    `await reset('fs'); await reset('fs/promises'); const heard = []; await before('node:fs#existsSync', (file) => { heard.push('before ' + file); }); await after('fs#existsSync', (result, file) => heard.push('after ' + result + file)); m.fs.existsSync('/');
     await around('fs/promises#readFile', (next, file, ...rest) => next(file === 'nowhere' ? file : 'package.json', ...rest)); const text = (await m.read('what')).length > 2;
     await onError('fs/promises#readFile', (error, file) => error.code + ' ' + file); const saved = await m.fs.promises.readFile('nowhere');
     await around('node:events#EventEmitter.prototype.listenerCount', 'function (next, name) { return [this.constructor.name, next(name)] }'); const { default: Emitter } = await import('node:events'); const count = new Emitter().listenerCount('x'); await reset('node:events');
     await replace('node:fs#existsSync', function () { return [...arguments].length; }); const three = m.fs.existsSync(1, 2, 3); const bad = [await no(replace('fs#existsSync', 'x')), await no(replace('fs#existsSync', class {})), await no(around('fs#existsSync', '(next) => here')), await no(before('fs#existsSync/7', () => {}))];
     await reset('fs'); await reset('fs/promises'); return [heard, text, saved, count, three, bad, m.fs.existsSync('/')]`,
    [
      ['before /', 'after true/'],
      true,
      'ENOENT nowhere',
      ['EventEmitter', 0],
      3,
      ['NO_SOURCE', 'SYNTAX', 'OUT_OF_SCOPE here', 'ARITY'],
      true,
    ],
  ],
  'it has no clauses, and says what it has': [
    HOLDS,
    `const why = await (async () => clauses('node:fs#existsSync'))().catch((error) => error.message); return [/rewrite, replace, mock/.test(why), await no(addClause(m.fs.existsSync, () => {}, 0)), await no(addExport('node:fs#more', () => 1)), await no(removeExport('node:fs#existsSync'))]`,
    [true, 'CORE', 'CORE', 'CORE'],
  ],
};
cases(TABLE, { env: { HOTSWAP_OVERRIDE_CORE: '1', HOTSWAP_CACHE_DIR: '' } });

test('off, every way to a core module is refused, and the variable is named', async () => {
  const app = program({
    'app.js': `import * as hotswap from 'hotswap'; import fs from 'node:fs'; import * as ns from 'node:fs';
const { code, exports, functions, history, inject, modules, reset, restore, rewrite, rollback, version } = hotswap;
const f = () => 1;
const all = [() => rewrite('node:fs#readFileSync', f), () => rewrite('fs#readFileSync', f), () => rewrite(fs.readFileSync, f), () => rewrite(fs.promises.readFile, f), () => rewrite(process.cwd, f),
  () => rewrite({ module: 'fs', path: 'readFileSync' }, f), () => inject('fs#nope', f), () => inject(fs.readFileSync, f), () => rollback('fs'), () => rollback(ns), () => rollback(fs), () => restore('fs', 0), () => reset('fs'),
  () => code('fs#readFileSync'), () => version('fs'), () => history('fs'), () => functions('fs'), () => exports(new URL('node:fs'))];
const out = [];
for (const one of all) { try { await one(); out.push('accepted'); } catch (error) { out.push(error.code + /HOTSWAP_OVERRIDE_CORE=1/.test(error.message)); } }
console.log(JSON.stringify([...new Set(out), modules().length, code(fs.readFileSync) === String(fs.readFileSync)]));`,
  });
  try {
    for (const HOTSWAP_OVERRIDE_CORE of [undefined, '', '0'])
      assert.equal(await app.json({ env: { HOTSWAP_OVERRIDE_CORE } }), ['ERR_HOTSWAP_COREtrue', 1, true]);
    const { stderr } = await app.run({ env: { HOTSWAP_OVERRIDE_CORE: 'perhaps' } });
    assert.match(stderr, /HOTSWAP_OVERRIDE_CORE is "perhaps"/);
  } finally {
    app.remove();
  }
});

test('package.json allows it, and nothing of it is there after a restart', async () => {
  const app = program({
    'package.json': '{ "type": "module", "hotswap": { "overrideCore": true } }',
    'app.js': `import { cpus } from 'node:os'; import { history, rewrite } from 'hotswap';
const before = [history('node:os').length, Array.isArray(cpus())]; await rewrite('node:os#cpus', '() => 1'); console.log(JSON.stringify([...before, cpus()]));`,
  });
  try {
    for (let i = 0; i < 2; i++) assert.equal(await app.json(), [1, true, 1]);
  } finally {
    app.remove();
  }
});

test('our own cache, hooks and parser do not see what is replaced', async () => {
  const app = program({
    'app.js': `import fs from 'node:fs'; import { createRequire } from 'node:module'; import { functions, history, inject, reset, restore, rewrite, rollback, version } from 'hotswap'; import { f } from './m.js'; import { h } from 'dep';
const broken = ['closeSync', 'existsSync', 'fstatSync', 'mkdirSync', 'openSync', 'readFileSync', 'readSync', 'realpathSync', 'renameSync', 'rmSync', 'rmdirSync', 'statSync', 'writeFileSync', 'writeSync'].map((name) => 'fs#' + name)
  .concat(['path#join', 'path#resolve', 'path#dirname', 'path#extname', 'url#fileURLToPath', 'url#pathToFileURL', 'crypto#createHash', 'crypto#Hash.prototype.update', 'crypto#Hash.prototype.digest', 'buffer#Buffer.from', 'buffer#Buffer.alloc', 'module#isBuiltin', 'module#createRequire', 'module#syncBuiltinESMExports', 'util#types.isProxy', 'worker_threads#receiveMessageOnPort', 'process#getBuiltinModule']);
let calls = 0;
const { readFileSync, realpathSync } = fs;
for (const target of broken) await rewrite(target, () => { calls++; throw new Error('broken ' + target); });
const out = [];
await rewrite(f, () => 'new'); out.push(f());
await inject('./m.js#f', () => {}, { at: 'end' }); await rollback('./m.js'); await restore('./m.js', 2); out.push(f(), version('./m.js').persisted, history('./m.js').length, functions('./m.js').length);
try { await rewrite('dep#h', () => 2); out.push(h()); } catch (error) { out.push(error.message); }
out.push(calls);
// Node's own loader calls some of them.
for (const name of ['path', 'url', 'buffer', 'module', 'util', 'worker_threads', 'process']) await reset(name);
await rewrite('fs#realpathSync', realpathSync);
out.push((await import('./other.js')).g(), (await import('./m.js?hotswap=1')).f());
await rewrite('./other.js#g', 'function g() { return typeof h }'); out.push((await import('./other.js')).g());
await import('./wrong.js').catch((error) => out.push(error.name));
out.push(calls);
for (const name of ['fs', 'crypto']) await rollback(name, 99);
out.push(fs.readFileSync === readFileSync);
console.log(JSON.stringify(out));`,
    'm.js': `export function f() { return 'old'; }`,
    'other.js': `const h = 1; export function g() { return 'g'; }`,
    'wrong.js': `export function (`,
    'node_modules/dep/package.json': '{ "name": "dep", "type": "module", "exports": "./index.js" }',
    'node_modules/dep/index.js': `export const h = () => 1;`,
  });
  const env = { HOTSWAP_OVERRIDE_CORE: '1', HOTSWAP_INCLUDE: '**/dep/**' };
  try {
    const expected = ['new', 'new', true, 3, 1, 2, 0, 'g', 'new', 'number', 'SyntaxError', 0, true];
    assert.equal(await app.json({ env }), expected);
    // The cache is whole: the versions run from it.
    app.write(
      'app.js',
      `import { f } from './m.js'; import { g } from './other.js'; console.log(JSON.stringify([f(), g()]));`,
    );
    assert.equal(await app.json({ env }), ['new', 'number']);
  } finally {
    app.remove();
  }
});

test('what runs from elsewhere sees it: CommonJS loaded later, and JSON that it reads', async () => {
  const app = program({
    'app.js': `import fs from 'node:fs'; import { createRequire } from 'node:module'; import { rewrite, reset } from 'hotswap';
const { readFileSync } = fs; const require = createRequire(import.meta.url);
await rewrite('fs#readFileSync', (file, ...rest) => String(file).endsWith('x.txt') ? 'virtual' : readFileSync(file, ...rest));
const out = [require('./late.cjs').read(), (await import('./late.cjs')).default.read()]; await reset('fs'); out.push(require('./late.cjs').read()); console.log(JSON.stringify(out));`,
    'late.cjs': `const { join } = require('node:path'); exports.read = () => require('node:fs').readFileSync(join(__dirname, 'x.txt'), 'utf8');`,
    'x.txt': 'on disk',
  });
  try {
    assert.equal(await app.json({ env: { HOTSWAP_OVERRIDE_CORE: '1' } }), ['virtual', 'virtual', 'on disk']);
  } finally {
    app.remove();
  }
});

test('each thread has its own', async () => {
  const app = program({
    'app.js': `import { Worker } from 'node:worker_threads'; import { cpus } from 'node:os'; import { rewrite, history } from 'hotswap';
await rewrite('os#cpus', () => 'main'); const worker = new Worker(new URL('./worker.js', import.meta.url)); worker.on('message', (said) => console.log(JSON.stringify([...said, cpus(), history('os').length])));`,
    'worker.js': `import { parentPort } from 'node:worker_threads'; import { cpus } from 'node:os'; import { rewrite, history } from 'hotswap';
const said = [Array.isArray(cpus()), history('os').length]; await rewrite('os#cpus', () => 'worker'); await rewrite('os#cpus', () => 'again'); parentPort.postMessage([...said, cpus(), history('os').length]);`,
  });
  try {
    assert.equal(await app.json({ env: { HOTSWAP_OVERRIDE_CORE: '1' } }), [true, 1, 'again', 3, 'main', 2]);
  } finally {
    app.remove();
  }
});

test('where text may not be evaluated a function still can be installed', async () => {
  const app = program({
    'app.js': `import { cpus } from 'node:os'; import { rewrite } from 'hotswap';
const out = []; await rewrite('os#cpus', () => 'value'); out.push(cpus()); await rewrite('os#cpus', '() => 1').catch((error) => out.push(error.code)); console.log(JSON.stringify([...out, cpus()]));`,
  });
  try {
    assert.equal(
      await app.json({
        env: { HOTSWAP_OVERRIDE_CORE: '1' },
        flags: ['--disallow-code-generation-from-strings'],
      }),
      ['value', 'ERR_HOTSWAP_STRUCTURAL', 'value'],
    );
  } finally {
    app.remove();
  }
});

test('HOTSWAP_ROLLBACK_LENGTH counts here too', async () => {
  const app = program({
    'app.js': `import { cpus } from 'node:os'; import { history, restore, rewrite, rollback } from 'hotswap';
for (const n of [1, 2, 3, 4]) await rewrite('os#cpus', () => n);
const out = [history('os').map((one) => one.number)]; await restore('os', 1).catch((error) => out.push(error.code)); await rollback('os'); out.push(cpus()); await rollback('os'); out.push(cpus()); await rollback('os'); out.push(Array.isArray(cpus())); console.log(JSON.stringify(out));`,
  });
  try {
    assert.equal(await app.json({ env: { HOTSWAP_OVERRIDE_CORE: '1', HOTSWAP_ROLLBACK_LENGTH: '2' } }), [
      [0, 2, 3, 4],
      'ERR_HOTSWAP_NO_VERSION',
      3,
      2,
      true,
    ]);
  } finally {
    app.remove();
  }
});

test('neither do the numbers of package.json, nor purge()', async () => {
  const app = program({
    'app.js': `import { purge, reset, rewrite, version } from 'hotswap'; import { readdirSync } from 'node:fs';
const list = readdirSync; let calls = 0;
const before = (await rewrite((await import('./m.js')).f, () => 1)).persisted;
for (const target of ['fs#readFileSync', 'fs#readdirSync', 'fs#rmSync', 'path#basename', 'url#fileURLToPath']) await rewrite(target, () => { calls++; throw new Error('broken ' + target); });
await reset('url'); // Node's own loader calls it
const out = [before];
await import('./in/numbered.js'); out.push(version('./in/numbered.js').number);
await reset('path'); await purge(); out.push(calls); await reset('fs');
console.log(JSON.stringify([...out, list('node_modules/.cache/hotswap', { recursive: true }).filter((name) => /log$/.test(name)).length]));`,
    'm.js': `export function f() { return 'old'; }`,
    'in/numbered.js': 'export const g = () => 1;',
    'in/package.json': '{ "type": "module", "hotswap": { "vsn": 7 } }',
  });
  try {
    assert.equal(await app.json({ env: { HOTSWAP_OVERRIDE_CORE: '1' } }), [true, 7, 0, 0]);
  } finally {
    app.remove();
  }
});

test('purge() and stop({ unload }) put them back, status() lists them', async () => {
  const app = program({
    'm.js': 'export const f = () => 0;',
    'app.js': `import { cpus } from 'node:os'; import { f } from './m.js'; import { history, mock, modules, purge, reapply, rewrite, start, status, stop, version } from 'hotswap';
const edited = () => status().edited.map((one) => one.module.replace(/.*\\//, '') + one.number + one.persisted); const out = [];
await rewrite(f, () => 1); await rewrite('os#cpus', () => 1); await mock('os#cpus', () => 2); out.push(edited(), (await reapply()).length, cpus());
out.push((await purge()).map((one) => one.number), edited(), Array.isArray(cpus()), history('os').length, modules().length);
await mock('os#cpus', () => 3); const waits = rewrite('os#cpus', () => 4); out.push(cpus()); await stop({ unload: true }); out.push(Array.isArray(cpus()), version('os').number, history('os').length, edited(), (await waits).number);
await start(); await rewrite('os#cpus', () => 5); await stop(); out.push(cpus(), edited());
console.log(JSON.stringify(out));`,
  });
  try {
    assert.equal(await app.json({ env: { HOTSWAP_OVERRIDE_CORE: '1' } }), [
      ['m.js1true', 'node:os2false'],
      0,
      2,
      [0, 0],
      [],
      true,
      1,
      2,
      3,
      true,
      0,
      3,
      [],
      2,
      5,
      ['node:os3false'],
    ]);
  } finally {
    app.remove();
  }
});

test('without the hooks it says how to get them', async () => {
  const app = program({
    'app.js': `import { rewrite } from 'hotswap'; await rewrite('fs#readFileSync', () => 1).catch((error) => console.log(JSON.stringify([error.code, /--import hotswap.register/.test(error.message)])));`,
  });
  try {
    assert.equal(await app.json({ hot: false, env: { HOTSWAP_OVERRIDE_CORE: '1' } }), [
      'ERR_HOTSWAP_NOT_HOT',
      true,
    ]);
  } finally {
    app.remove();
  }
});

test.run();
