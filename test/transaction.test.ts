// Several edits as one, edits that are only looked at, diffs, and what can be heard of all of them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

const F =
  'export let calls = 0;\nexport function f() { calls++; return 0; }\nexport function g() { return f(); }\n';
const TWO = { 'm.js': F, 'k.js': 'export const h = () => 0;\n' };
const K = `const k = await import('./k.js'); const K = M.replace('m.js', 'k.js');\n`;

const CHAIN = {
  'a.js': 'export function f() { return 1; }\n',
  'index.js': "export { f } from './a.js';\n",
  'm.js': "import { f } from './index.js';\nexport function g() { return f(); }\nexport class C { x = 1; }\n",
  'a.js.new':
    "export function f() { return 2; }\nexport const list = [added()];\nexport function added() { return 'added' + f(); }\n",
  'index.js.new': "export { f, added, list } from './a.js';\n",
  'm.js.new':
    "import { f, added } from './index.js';\nimport * as all from './index.js';\nexport const at = added() + all.list;\nexport function g() { return at; }\nexport class C { x = added(); }\n",
};
/** `save(…)` takes the new texts of files over; `why` is what a refusal says; `state()` is what can be seen of the chain. */
const SAVE = `const { copyFileSync } = await import('node:fs'); const [A, I] = ['a.js', 'index.js'].map((one) => M.replace('m.js', one)); const save = async (...files) => { let last; for (const file of files) { const one = M.replace('m.js', file); copyFileSync(one + '.new', one); last = await reload(one); } return last; }; const why = (promise) => promise.then(() => 'accepted', (error) => error.message.replace(/file:\\S*\\//, '')); const state = async () => JSON.stringify([[A, I, M].map((one) => [version(one).number, code(one)]), m.g(), new m.C().x, Object.keys(await import('./a.js')), Object.keys(await import('./index.js'))]);\n`;

const CASES: Record<string, Case> = {
  'all in one step: nobody sees one edit without the other': [
    TWO,
    `${K}const seen = new Set(); const timer = setInterval(() => seen.add([m.f(), m.g(), k.h()].join()), 0); await transaction(async () => { await rewrite(m.f, () => 1); await new Promise((done) => setTimeout(done, 10)); await rewrite(k.h, () => 1); await rewrite(m.g, () => 1); await new Promise((done) => setTimeout(done, 10)); }); await new Promise((done) => setTimeout(done, 10)); clearInterval(timer); return [...seen]`,
    ['0,0,0', '1,1,1'],
  ],
  'one version a module, in the order of the first edits': [
    TWO,
    `${K}const made = await transaction(async () => { await rewrite(m.g, () => 1); await rewrite(k.h, () => 1); await rewrite(m.f, () => 1); }); return [made.map((v) => [v.number, v.parent, v.summary, v.persisted]), history(M).length, history(K).length, (await rollback(M)).number, m.f(), m.g(), k.h()]`,
    [
      [
        [1, 0, '~f, ~g', true],
        [1, 0, '~h', true],
      ],
      2,
      2,
      0,
      0,
      0,
      1,
    ],
  ],
  'inside it, what is looked at is what has been edited': [
    F,
    `let inside; await transaction(async () => { const v = await rewrite(m.f, () => 1); await inject(at('f'), () => console.error('hello'), { at: 0 }); inside = [v.number, code(m.f), version(M).number, m.f()]; }); return [inside, code(m.f)]`,
    [
      [1, "function f() { console.error('hello'); return 1; }", 1, 0],
      "function f() { console.error('hello'); return 1; }",
    ],
  ],
  'its third edit fails: nothing of it has happened': [
    TWO,
    `${K}const before = code(M); const refused = await no(transaction(async () => { await rewrite(m.f, () => 1); await rewrite(k.h, () => 1); await rewrite(at('nope'), () => 1); })); return [refused.split(' ')[0], m.f(), k.h(), history(M).length, history(K).length, code(M) === before, (await rewrite(m.f, () => 2)).number]`,
    ['MISSING', 0, 0, 1, 1, true, 1],
  ],
  'an edit that fails and is caught leaves the others': [
    F,
    `await transaction(async () => { await rewrite(m.f, () => 1); await rewrite(m.f, () => nowhere).catch(() => {}); await rewrite(m.g, () => 2); }); return [m.f(), m.g()]`,
    [1, 2],
  ],
  'what the callback throws comes out': [
    F,
    `let error; try { await transaction(async () => { await rewrite(m.f, () => 1); throw new RangeError('mine'); }); } catch (caught) { error = caught; } return [String(error), m.f(), history(M).length]`,
    ['RangeError: mine', 0, 1],
  ],
  'one without edits, and one whose edits come to nothing': [
    F,
    `const none = await transaction(() => {}); const same = await transaction(async () => { await rewrite(m.f, () => 1); await rollback(M); }); return [none, same, history(M).length, version(M).number]`,
    [[], [], 1, 0],
  ],
  'edits that nobody awaits belong to it': [
    F,
    `await transaction(() => { rewrite(m.f, () => 1); rewrite(m.g, () => 2); }); return [m.f(), m.g(), history(M).length]`,
    [1, 2, 2],
  ],
  'edits from outside wait, and build on it': [
    F,
    `const seen = []; const inside = transaction(async () => { await rewrite(m.f, () => 1); await new Promise((done) => setTimeout(done, 20)); seen.push('inside'); }); await new Promise((done) => setTimeout(done, 5)); const outside = rewrite(m.g, () => 2).then((v) => { seen.push('outside'); return v; }); await inside; const v = await outside; return [seen, v.parent, m.f(), m.g()]`,
    [['inside', 'outside'], 1, 1, 2],
  ],
  'two that take the same modules in opposite order': [
    TWO,
    `${K}await Promise.all([transaction(async () => { await rewrite(m.f, () => 'a'); await rewrite(k.h, () => 'a'); }), transaction(async () => { await rewrite(k.h, () => 'b'); await rewrite(m.f, () => 'b'); })]); return [m.f(), k.h(), history(M).length, history(K).length]`,
    ['b', 'b', 3, 3],
  ],
  'one inside another is part of it, and fails alone': [
    F,
    `const made = await transaction(async () => { await rewrite(m.f, () => 1); await transaction(async () => { await rewrite(m.g, () => 2); await rewrite(m.f, () => 3); throw 0; }).catch(() => {}); return transaction(() => rewrite(m.g, '() => 4')); }); return [m.f(), m.g(), made.length, history(M).length]`,
    [1, 4, 1, 2],
  ],
  'going back and forth within one': [
    F,
    `await rewrite(m.f, () => 1); await rewrite(m.f, () => 2); const made = await transaction(async () => { await rollback(M); await rewrite(m.g, () => 9); }); const v = version(M); await transaction(() => reset(M)); return [made[0].number, made[0].parent, m.f(), v.summary, version(M).number, history(M).length]`,
    [3, 1, 0, '~f, ~g', 0, 4],
  ],
  'exports that come and go': [
    TWO,
    `${K}await transaction(async () => { await addExport(K + '#more', () => 5); await removeExport(k.h); await addExport(at('two'), 'function two() { return f() }'); await rewrite(m.g, '() => two() + 1'); }); const later = await import('./k.js'); return [m.g(), Object.keys(later), later.more(), history(M)[1].summary, history(K)[1].summary]`,
    [1, ['more'], 5, '+two, ~g', '+more, -h'],
  ],
  'a value that fails to be made takes back what came before it': [
    TWO,
    `${K}const refused = await no(transaction(async () => { await addExport(K + '#x', '7'); await rewrite(m.f, () => 1); await addExport(at('bad'), 'calls.nothing.here'); })); return [refused, m.f(), history(M).length, history(K).length, Object.keys(await import('./k.js')), (await addExport(K + '#x', '8')).number, (await import('./k.js')).x]`,
    ['STRUCTURAL bad', 0, 1, 1, ['h'], 1, 8],
  ],
  'a new export and its first use, through a module that passes it on; and back': [
    CHAIN,
    `${SAVE}const before = await state(); const made = await transaction(async () => { await save('a.js', 'index.js', 'm.js'); await rewrite(at('g'), '() => added() + at'); }); const now = [m.g(), new m.C().x, Object.keys(await import('./index.js'))]; await transaction(async () => { for (const one of [M, I, A]) await rollback(one); }); const back = await state() === before; await transaction(async () => { for (const one of [A, I, M]) await restore(one, 1); }); return [made.map((v) => [v.number, v.summary]), now, back, m.g()]`,
    [
      [
        [1, '+list, +added, ~f'],
        [1, '+added, +list'],
        [1, '+added, +all, +at, ~C, ~g'],
      ],
      ['added2added2added2', 'added2', ['added', 'f', 'list']],
      true,
      'added2added2added2',
    ],
  ],
  'a new export and its first use: wherever it fails, nothing has come of it': [
    CHAIN,
    `${SAVE}const before = await state(); const seen = []; const fails = async (work) => seen.push(await why(transaction(work)), await state() === before); const edits = [() => save('a.js'), () => save('index.js'), () => save('m.js'), () => rewrite(at('g'), '() => added()')]; for (const [i] of edits.entries()) await fails(async () => { for (const one of edits.slice(0, i + 1)) await one(); throw new Error(i); }); await fails(async () => { for (const one of edits) await one(); await addExport(at('bad'), 'null.x'); }); await fails(async () => { for (const one of edits) await one(); await addExport(at('bad'), 'await null.x'); }); const planned = await plan(async () => { for (const one of edits) await one(); }); seen.push(planned.length, await state() === before); return seen`,
    [
      '0',
      true,
      '1',
      true,
      '2',
      true,
      '3',
      true,
      "m.js: the new bad in line 7 cannot be made, evaluating it failed: Cannot read properties of null (reading 'x')",
      true,
      "m.js: the new bad in line 7 cannot be made, evaluating it failed: Cannot read properties of null (reading 'x')",
      true,
      3,
      true,
    ],
  ],
  'a new export that is used where it is not yet, or no more': [
    CHAIN,
    `${SAVE}return [await why(transaction(() => save('m.js', 'a.js', 'index.js'))), await why(transaction(async () => { await save('a.js', 'index.js', 'm.js'); await reset(I); }))]`,
    [
      'm.js line 1 imports "./index.js", which has no export "added"',
      'm.js line 1 imports "./index.js", which has no export "added"; it has f',
    ],
  ],
  'what a module passes on must be there': [
    CHAIN,
    `${SAVE}return [await why(save('index.js')), (await save('a.js', 'index.js')).summary, (await import('./index.js')).added()]`,
    ['index.js line 1 imports "./a.js", which has no export "added"', '+added, +list', 'added2'],
  ],
  'a plan, or a transaction that fails, runs nothing that is new': [
    {
      'm.js': F,
      'm.js.new': `import { x } from './new.js';\nexport const y = await (globalThis.awaited = x);\n${F}`,
      'new.js': 'globalThis.loaded = true; export const x = 1;\n',
    },
    `${SAVE}const ran = () => [globalThis.loaded, globalThis.awaited].map((one) => one ?? null); const [{ summary }] = await plan(() => save('m.js')); await why(transaction(async () => { await save('m.js'); await rewrite(at('nope'), () => 1); })); const before = ran(); await transaction(async () => { await save('m.js'); await rewrite(m.f, () => 5); }); return [summary, before, ran(), (await import('./m.js')).y, m.f()]`,
    ['+x, +y', [null, null], [true, 1], 1, 5],
  ],
  'what it leaves running edits as anyone does': [
    F,
    `let late; await transaction(async () => { await rewrite(m.f, () => 1); late = new Promise((done) => setTimeout(done, 10)).then(() => rewrite(m.g, () => 2)); }); const v = await late; return [v.number, v.parent, m.g()]`,
    [2, 1, 2],
  ],
  'no function': [F, `return [await no(transaction(5)), await no(plan({}))]`, ['BAD_TARGET', 'BAD_TARGET']],
  'a plan says what an edit would do, and does nothing': [
    F,
    `const [one, ...more] = await plan(() => rewrite(m.f, '() => calls')); return [one, more, m.f(), m.calls, history(M).length, one.module === version(M).module]`.replace(
      'return [one,',
      'const { module, diff, ...rest } = one; return [rest, diff.split("\\n").slice(2),',
    ),
    [
      { from: 0, number: 1, summary: '~f', replaced: ['f'], deferred: [] },
      [
        '@@ -1,3 +1,3 @@',
        ' export let calls = 0;',
        '-export function f() { calls++; return 0; }',
        '+export function f() { return calls; }',
        ' export function g() { return f(); }',
        '',
      ],
      [],
      0,
      1,
      1,
      true,
    ],
  ],
  'a plan of several edits, of an export, of a way back, and of one that is refused': [
    TWO,
    `${K}await rewrite(m.f, () => 1); const several = await plan(async () => { await rewrite(m.g, () => 1); await rewrite(k.h, () => 1); }); const added = await plan(() => addExport(at('x'), 'globalThis.evaluated = 1')); const back = await plan(() => rollback(M)); return [several.map((one) => one.summary), added[0].summary, globalThis.evaluated ?? null, back[0].number, back[0].replaced, await no(plan(() => rewrite(at('f'), () => here))), m.f(), m.g(), k.h()]`,
    [['~g', '~h'], '+x', null, 0, ['f'], 'OUT_OF_SCOPE here', 1, 1, 0],
  ],
  'a plan says what cannot reach closures that exist': [
    'export const make = (opts) => () => 1;\nexport const one = make({});\n',
    `const [found] = await plan(() => rewrite(at('make > return'), '() => opts')); return [found.deferred.map((one) => one.reason), m.one()]`,
    [['opts is not captured by anything in make'], 1],
  ],
  'a plan within a transaction': [
    F,
    `let planned; await transaction(async () => { await rewrite(m.f, () => 1); planned = await plan(() => rewrite(m.g, () => 2)); }); return [planned[0].summary, m.f(), m.g()]`,
    ['~f, ~g', 1, 1],
  ],
  'diffs of any two versions': [
    F,
    `await rewrite(m.f, () => 1); await rewrite(m.g, () => 2); const lines = (text) => text.split('\\n').filter((line) => /^[-+]/.test(line)).map((line) => line.replace(/file:.*\\//, '')); return [lines(diff(M)), lines(diff(M, 0)).length, lines(diff(M, 2, 1)).at(-1), lines(diff(M, 1, 1)), await no((async () => diff(M, 7))())]`,
    [
      [
        '--- m.js\tversion 1',
        '+++ m.js\tversion 2',
        '-export function g() { return f(); }',
        '+export function g() { return 2; }',
      ],
      6,
      '+export function g() { return f(); }',
      ['--- m.js\tversion 1', '+++ m.js\tversion 1'],
      'NO_VERSION',
    ],
  ],
  'events: what became live, what was undone, what failed': [
    F,
    `const heard = []; const offs = ['swap', 'rollback', 'error'].map((event) => on(event, (message) => heard.push([event, message.path ?? null, message.paths ?? message.code, message.from ?? null, message.number ?? null, message.id === version(M).id, m.f()]))); await rewrite(m.f, () => 1); await inject(m.g, () => { Math.max(1); }); await rollback(M, 2); await restore(M, 1); await rewrite(m.f, () => here).catch(() => {}); await transaction(async () => { await rewrite(m.f, () => 1); await rewrite(at('nope'), () => 1); }).catch(() => {}); for (const off of offs) off(); await rewrite(m.f, () => 9); return heard.map((one) => one.slice(0, one[0] === 'error' ? 3 : 7))`,
    [
      ['swap', 'f', ['f'], 0, 1, true, 1],
      ['swap', 'g', ['g'], 1, 2, true, 1],
      ['rollback', 'f', ['f', 'g'], 2, 0, true, 0],
      ['swap', 'f', ['f'], 0, 1, true, 1],
      ['error', 'f', 'ERR_HOTSWAP_OUT_OF_SCOPE'],
      ['error', 'nope', 'ERR_HOTSWAP_MISSING'],
    ],
  ],
  'the same on diagnostics channels': [
    F,
    `const { subscribe } = await import('node:diagnostics_channel'); const heard = []; for (const event of ['swap', 'rollback', 'error']) subscribe('hotswap:' + event, (message, name) => heard.push([name, message.module === version(M).module, message.version?.summary ?? message.error.code])); await rewrite(m.f, () => 1); await rollback(M); await rewrite(at('nope'), () => 1).catch(() => {}); return heard`,
    [
      ['hotswap:swap', true, '~f'],
      ['hotswap:rollback', true, 'as loaded'],
      ['hotswap:error', true, 'ERR_HOTSWAP_MISSING'],
    ],
  ],
  'an edit inside of a listener, and inside of edited code': [
    F,
    `let more; const off = on('swap', () => { off(); more = rewrite(m.g, () => 'from the listener'); }); await transaction(() => rewrite(m.f, () => 1)); await more; const made = new Set(); await rewrite(m.f, () => { made.add(rewrite(g, '() => 5')); return 1; }, { bind: { made, rewrite, g: m.g } }); m.f(); await [...made][0]; return [m.g(), history(M).length]`,
    [5, 5],
  ],
  'an event that there is not': [
    F,
    `try { on('swop', () => {}); } catch (error) { return error.message; }`,
    'there is no event "swop"; there are swap, rollback, error',
  ],
  'a listener that is no function': [
    F,
    `try { on('swap', 5); } catch (error) { return error.message; }`,
    'a listener is a function of one message; got number 5',
  ],
};

cases(CASES);

test('a transaction that the disk refuses has not happened, in memory or in the log', async () => {
  const app = program({
    'a.js': 'export const f = () => 0;\n',
    'b.js': 'export const g = () => 0;\n',
    'app.js': `import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { history, rewrite, transaction } from 'hotswap'; import { f } from './a.js'; import { g } from './b.js';
await rewrite(f, () => 1); await rewrite(g, () => 1);
const logs = readdirSync('node_modules/.cache/hotswap/modules').map((name) => 'node_modules/.cache/hotswap/modules/' + name + '/log');
const read = () => logs.map((log) => readFileSync(log, 'utf8'));
const before = read();
const second = logs.find((log) => readFileSync(log, 'utf8').length > 0 && log === logs[1]);
let out = [];
// The objects of one are stored, then the other's log is no file any more.
const text = readFileSync(second, 'utf8'); rmSync(second); mkdirSync(second);
try { await transaction(async () => { await rewrite(f, () => 2); await rewrite(g, () => 2); }); out.push('accepted'); } catch (error) { out.push(error.code); }
rmSync(second, { recursive: true }); writeFileSync(second, text);
// The line of one is written, then there is no room for the other's text.
const objects = 'node_modules/.cache/hotswap/objects'; renameSync(objects, objects + '-'); writeFileSync(objects, '');
await transaction(async () => { await rewrite(f, () => x, { bind: { x: Symbol() } }); await rewrite(g, () => 2); }).catch((error) => out.push(error.code));
rmSync(objects); renameSync(objects + '-', objects);
await import('./a.js?hotswap=2').catch((error) => out.push(/are 0 to 1$/.test(error.message)));
out.push(f(), g(), read().join() === before.join(), history('./a.js').length, history('./b.js').length);
await transaction(async () => { await rewrite(f, () => 3); await rewrite(g, () => 3); });
out.push(f(), g(), history('./a.js').length, history('./b.js').length);
console.log(JSON.stringify(out));`,
  });
  try {
    assert.equal(await app.json(), [
      'ERR_HOTSWAP_CACHE',
      'ERR_HOTSWAP_CACHE',
      true,
      1,
      1,
      true,
      2,
      2,
      3,
      3,
      3,
      3,
    ]);
  } finally {
    app.remove();
  }
});

test.run();
