// import.meta.hot, in programs as users of Vite and dynohot write them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

/** `edit(file, from, to)` saves a file of the case with one piece of it replaced, and reloads it; `fails` gives the error's code and message. */
const SAYS = `const { readFileSync, writeFileSync } = await import('node:fs');
const D = M.replace('m.js', '');
const save = (file, text) => { writeFileSync(D + file, text); return reload(D + file); };
const edit = (file, from, to) => { const text = readFileSync(D + file, 'utf8'); if (!text.includes(from)) throw new Error('no ' + from); return save(file, text.replace(from, () => to)); };
const names = (v) => v.imported?.map((url) => url.split('/').at(-1)) ?? 'in place';
const fails = (promise) => promise.then(() => 'accepted', (error) => [error.code, error.message.split('/').at(-1)]);
const log = globalThis.log = [];
`;

const MIDDLE = `import { n } from './leaf.js';
log.push('middle');
export const twice = () => n * 2;
`;
const CHAIN = {
  'm.js': `globalThis.log ??= [];\nimport { top } from './top.js';\nexport const now = () => top();\n`,
  'top.js': `import { twice } from './middle.js';
log.push('top');
export const top = () => 'top ' + twice();
import.meta.hot?.accept();
`,
  'middle.js': MIDDLE,
  'leaf.js': `globalThis.log ??= [];\nlog.push('leaf');\nexport const n = 1;\n`,
};

const CASES: Record<string, [files: Case[0], script: string, expected: unknown]> = {
  'the example of Vite: a module that accepts itself': [
    `export let count = 1;
if (import.meta.hot) {
  import.meta.hot.accept((newModule) => {
    if (newModule) log.push('updated: count is now ' + newModule.count);
  });
}
`,
    `const v = await edit('m.js', 'count = 1', 'count = 2'); const w = await edit('m.js', 'count = 2', 'count = 3'); return [log, names(v), w.number, w.summary, m.count]`,
    [['updated: count is now 2', 'updated: count is now 3'], ['m.js'], 2, '~count', 3],
  ],
  'a change of a function alone is a change: what is rendered is rendered again': [
    `let out = globalThis.out ??= [];
export const render = () => 'first';
out.push(render());
import.meta.hot?.accept((next) => out.push('again ' + next.render()));
`,
    `await edit('m.js', "'first'", "'second'"); return [globalThis.out, m.render()]`,
    [['first', 'second', 'again second'], 'second'],
  ],
  'a function of an instance before, as new code': [
    {
      'm.js': 'export const f = () => 1;\n',
      'n.js': 'export function g() { return 1; }\nimport.meta.hot.accept();\n',
    },
    `const { g } = await import('./n.js'); await edit('n.js', 'return 1', 'return 2'); await rewrite(m.f, g); return [m.f(), text()]`,
    [2, 'export const f = function () { return 2; };\n'],
  ],
  'comments and layout: nothing happens': [
    CHAIN,
    `log.length = 0; const v = await edit('leaf.js', 'export', '// a comment\\nexport'); return [log, v.summary, names(v)]`,
    [[], 'comments and layout', 'in place'],
  ],
  'from a leaf through what imports it to a module that accepts itself': [
    CHAIN,
    `log.length = 0; const first = m.now(); const v = await edit('leaf.js', 'n = 1', 'n = 5'); return [first, m.now(), log, names(v)]`,
    ['top 2', 'top 10', ['leaf', 'middle', 'top'], ['leaf.js', 'middle.js', 'top.js']],
  ],
  'siblings are not run again': [
    {
      ...CHAIN,
      'middle.js': `${MIDDLE}import './side.js';\n`,
      'side.js': `globalThis.log.push('side');\n`,
    },
    `log.length = 0; await edit('leaf.js', 'n = 1', 'n = 5'); return [log, m.now()]`,
    [['leaf', 'middle', 'top'], 'top 10'],
  ],
  'no handler: in place, nothing runs again': [
    { ...CHAIN, 'top.js': `${CHAIN['top.js']}`.replace(/import\.meta.*\n/, '') },
    `log.length = 0; const v = await edit('leaf.js', 'n = 1', 'n = 5'); return [m.now(), log, names(v)]`,
    ['top 10', [], 'in place'],
  ],
  'one of two ways up accepts: in place': [
    { ...CHAIN, 'm.js': `${CHAIN['m.js']}export { n } from './leaf.js';\n` },
    `log.length = 0; const v = await edit('leaf.js', 'n = 1', 'n = 5'); return [m.now(), m.n, log, names(v)]`,
    ['top 10', 5, [], 'in place'],
  ],
  'decline: in place': [
    { ...CHAIN, 'middle.js': `${MIDDLE}import.meta.hot?.decline();\n` },
    `log.length = 0; const v = await edit('leaf.js', 'n = 1', 'n = 5'); return [m.now(), log, names(v)]`,
    ['top 10', [], 'in place'],
  ],
  'an accepted dependency: the new module, and what importers hold of the old': [
    {
      'm.js': `import middleware, { label, Box, size, make } from './dep.js';
const app = { handlers: [middleware] };
export const old = new Box();
export const now = () => [app.handlers[0]('x'), label, new Box().kind, size, make().next().value];
import.meta.hot?.accept('./dep.js', (dep) => {
  log.push([dep.label, dep.default('y'), label, middleware('z')].join());
});
`,
      'dep.js': `export default function middleware(x) { return x + 1; }
export const label = 'one';
export class Box { kind = 1; }
export let size = 1;
export const make = function* () { yield 1; };
`,
    },
    `const v = await save('dep.js', readFileSync(D + 'dep.js', 'utf8').replaceAll('1', '2').replace('one', 'two')); const once = m.now(); await save('dep.js', readFileSync(D + 'dep.js', 'utf8').replaceAll('2', '3').replace('two', 'three')); return [log, names(v), once, m.now()]`,
    [['two,y2,two,z2', 'three,y3,three,z3'], ['dep.js'], ['x2', 'two', 2, 2, 2], ['x3', 'three', 3, 3, 3]],
  ],
  'a list of dependencies: those that were not updated are undefined': [
    {
      'm.js': `import { a } from './a.js';
import { b } from './b.js';
export const now = () => a + b;
import.meta.hot?.accept(['./a.js', './b.js'], ([newA, newB]) => log.push([newA?.a ?? 'none', newB?.b ?? 'none']));
`,
      'a.js': 'export const a = 1;\n',
      'b.js': 'export const b = 10;\n',
    },
    `await edit('a.js', '1', '2'); await edit('b.js', '10', '20'); return [log, m.now()]`,
    [
      [
        [2, 'none'],
        ['none', 20],
      ],
      22,
    ],
  ],
  'data and dispose: a timer that goes on counting, and is one': [
    `export const state = import.meta.hot?.data.state ?? { ticks: 0, timers: 0 };
const timer = setInterval(() => { state.ticks += 1; }, 1e6);
timer.unref();
state.timers++;
import.meta.hot?.accept();
import.meta.hot?.dispose((data) => { data.state = state; });
import.meta.hot?.dispose(async () => { await null; clearInterval(timer); state.timers--; });
`,
    `const { state } = m; for (const n of [2, 3, 4]) await edit('m.js', 'ticks += ' + (n - 1), 'ticks += ' + n); return [m.state === state, state.timers, log]`,
    [true, 1, []],
  ],
  'the example of dynohot: the server of main.js closes and listens again': [
    {
      'm.js': `export { port } from './main.js';\n`,
      'main.js': `import { createServer } from 'node:http';
import { answer } from './app.js';
export const port = import.meta.hot?.data.port ?? 0;
const server = createServer((req, res) => res.setHeader('connection', 'close').end(answer()));
await new Promise((done) => server.listen(port, done));
import.meta.hot?.accept();
import.meta.hot?.dispose((data) => { data.port = server.address().port; return new Promise((done) => { server.close(done); server.closeAllConnections(); }); });
export const close = () => server.close();
globalThis.where = () => server.address().port;
globalThis.shut = close;
`,
      'app.js': `const text = 'one';\nexport const answer = () => text;\n`,
    },
    `const get = async () => (await fetch('http://localhost:' + globalThis.where())).text(); const port = globalThis.where(); const first = await get(); const v = await edit('app.js', 'one', 'two'); const second = await get(); const failed = (await fails(edit('app.js', "'two'", 'nowhere')))[0]; const third = await get(); await edit('app.js', 'nowhere', "'four'"); const fourth = await get(); const samePort = port === globalThis.where(); globalThis.shut(); return [first, second, failed, third, fourth, names(v), samePort]`,
    ['one', 'two', 'ERR_HOTSWAP_STRUCTURAL', 'two', 'four', ['app.js', 'main.js'], true],
  ],
  'a connection that is passed on': [
    `let made = 0;
export const client = import.meta.hot?.data?.client ?? await (async () => { made++; return { id: made }; })();
export const ask = () => client.id;
import.meta.hot?.dispose((data) => { data.client = client; });
import.meta.hot?.accept();
`,
    `const { client } = m; await edit('m.js', 'client.id;', 'client.id + 100;'); return [m.ask(), m.client === client]`,
    [101, true],
  ],
  'invalidate in a callback goes on to who imports it': [
    {
      ...CHAIN,
      'middle.js': `${MIDDLE}import.meta.hot?.accept((next) => { log.push('refused'); import.meta.hot.invalidate('no good'); });\nimport.meta.hot?.on('vite:invalidate', ({ message }) => { if (message) log.push(message); });\n`,
    },
    `log.length = 0; const v = await edit('leaf.js', 'n = 1', 'n = 5'); return [log, m.now(), names(v)]`,
    [['leaf', 'middle', 'refused', 'no good', 'top'], 'top 10', ['leaf.js', 'middle.js']],
  ],
  'invalidate of its own accord': [
    {
      ...CHAIN,
      'leaf.js': `globalThis.log ??= [];\nlog.push('leaf');\nexport const n = globalThis.payload ?? 1;\nglobalThis.expire = () => import.meta.hot.invalidate();\n`,
    },
    `log.length = 0; globalThis.payload = 7; const done = new Promise((resolve) => { globalThis.log = { push: (x) => { log.push(x); if (x === 'top') setTimeout(resolve, 20); } }; }); globalThis.expire(); await done; return [log, m.now()]`,
    [['leaf', 'middle', 'top'], 'top 14'],
  ],
  'modules that import each other': [
    {
      'm.js': `import { even } from './even.js';\nexport const now = (n) => even(n);\nimport.meta.hot?.accept('./even.js', (next) => log.push(next.even(4)));\n`,
      'even.js': `import { odd } from './odd.js';\nexport const even = (n) => n === 0 ? 'even' : odd(n - 1);\n`,
      'odd.js': `import { even } from './even.js';\nexport const odd = (n) => n === 0 ? 'odd' : even(n - 1);\n`,
    },
    `const v = await edit('odd.js', "'odd'", "'ODD'"); const w = await edit('even.js', "'even'", "'EVEN'"); return [m.now(3), m.now(2), names(v).sort(), names(w).sort(), log]`,
    ['ODD', 'EVEN', ['even.js', 'odd.js'], ['even.js', 'odd.js'], ['even', 'EVEN']],
  ],
  'a module that imports itself': [
    `import * as self from './m.js';\nexport const n = 1;\nexport const now = () => self.n;\nimport.meta.hot?.accept();\n`,
    `await edit('m.js', 'n = 1', 'n = 2'); return [m.n, m.now()]`,
    [2, 2],
  ],
  'syntax, imports and names that are wrong: nothing is disposed of': [
    {
      'm.js': `import { f } from './dep.js';\nexport const now = () => f();\nimport.meta.hot?.accept(() => log.push('accepted'));\nimport.meta.hot?.dispose(() => log.push('disposed'));\nimport.meta.hot?.on('vite:error', ({ err }) => { if (err.id.startsWith(new URL('.', import.meta.url))) log.push('error'); });\n`,
      'dep.js': 'export const f = () => 1;\n',
      'bad.js': 'export const = 1;\n',
    },
    `const out = []; for (const [file, from, to] of [['dep.js', '1', ';;'], ['dep.js', 'f', 'g'], ['dep.js', 'export', "import './nowhere.js'; export"], ['dep.js', 'export', "import './bad.js'; export"]]) { const text = readFileSync(D + file, 'utf8'); out.push((await fails(edit(file, from, to)))[0]); await save(file, text); } return [out, log, m.now(), history(D + 'dep.js').length, (await edit('dep.js', '1', '2')).number, m.now(), log.slice(-2)]`,
    [
      ['ERR_HOTSWAP_SYNTAX', 'ERR_HOTSWAP_STRUCTURAL', 'ERR_HOTSWAP_STRUCTURAL', 'ERR_HOTSWAP_STRUCTURAL'],
      ['error', 'error', 'error', 'error', 'disposed', 'accepted'],
      1,
      1,
      1,
      2,
      ['disposed', 'accepted'],
    ],
  ],
  'one that throws when it runs: what it has done is undone, and the one before stays': [
    `export const n = 1;
import.meta.hot?.accept((next) => log.push('accepted ' + next.n));
import.meta.hot?.dispose(() => log.push('disposed ' + n));
/* here */
`,
    `const error = await fails(edit('m.js', 'n = 1;', 'n = 2;').catch((error) => { throw error; })); const thrown = await fails(edit('m.js', '/* here */', 'throw new Error("too bad");')); const still = [m.n, version(M).number]; const v = await edit('m.js', 'throw new Error("too bad");', 'log.push("good");'); return [error, thrown, still, v.number, log]`,
    [
      'accepted',
      ['ERR_HOTSWAP_STRUCTURAL', 'm.js again has failed: too bad; the version before stays'],
      [2, 1],
      2,
      [
        'disposed 1',
        'accepted 2',
        'disposed 2',
        'disposed 2',
        'accepted 2',
        'disposed 2',
        'good',
        'accepted 2',
      ],
    ],
  ],
  'a callback that throws is said, and the update stands': [
    `export const n = 1;\nimport.meta.hot?.accept(() => { throw new Error('in accept'); });\nimport.meta.hot?.dispose(async () => { throw new Error('in dispose'); });\n`,
    `const v = await edit('m.js', 'n = 1', 'n = 2'); return [v.number, m.n]`,
    [1, 2],
  ],
  'events, and listeners that go with their instance': [
    `export const n = 1;
const mine = ({ updates }) => updates[0].path === import.meta.url;
const heard = (payload) => { if (mine(payload)) log.push(payload.type + ' ' + payload.updates.map((one) => one.type + ' ' + one.path.split('/').at(-1))); };
import.meta.hot?.on('vite:beforeUpdate', heard);
import.meta.hot?.on('vite:afterUpdate', (payload) => { if (mine(payload)) log.push('after ' + n); });
const off = import.meta.hot?.on('vite:afterUpdate', () => log.push('never'));
import.meta.hot?.off('vite:beforeUpdate', () => {});
off?.();
import.meta.hot?.accept(() => log.push('accepted'));
await import.meta.hot?.send('custom:event', { a: 1 });
`,
    `await edit('m.js', 'n = 1', 'n = 2'); await edit('m.js', 'n = 2', 'n = 3'); return log`,
    ['update js-update m.js', 'accepted', 'after 2', 'update js-update m.js', 'accepted', 'after 3'],
  ],
  'prune: what nothing imports any more, and what only that imports': [
    {
      'm.js': `import './old.js';\nimport './shared.js';\nimport.meta.hot?.accept();\n`,
      'old.js': `import './deep.js';\nimport './shared.js';\nimport.meta.hot?.data && (import.meta.hot.data.name = 'old');\nimport.meta.hot?.prune((data) => log.push('pruned ' + data.name));\n`,
      'deep.js': `import.meta.hot?.prune(() => log.push('pruned deep'));\nimport.meta.hot?.dispose(() => log.push('disposed deep'));\n`,
      'shared.js': `import.meta.hot?.prune(() => log.push('wrong'));\n`,
    },
    `await edit('m.js', "import './old.js';\\n", ''); return log`,
    ['pruned old', 'disposed deep', 'pruned deep'],
  ],
  'a module that was pruned and is imported again runs again; one that had nothing to undo does not': [
    {
      'm.js': `import { beat } from './timer.js';\nimport './plain.js';\nexport const now = () => beat?.();\n`,
      'timer.js': `globalThis.log ??= [];\nlog.push('start');\nlet n = 0;\nexport const beat = () => ++n;\nimport.meta.hot?.prune(() => log.push('stop'));\n`,
      'plain.js': `globalThis.log ??= [];\nlog.push('plain');\n`,
    },
    `const text = readFileSync(D + 'm.js', 'utf8'); m.now(); m.now(); await save('m.js', 'export const now = () => 0;\\n'); const none = m.now(); await save('m.js', text); return [none, m.now(), log]`,
    [0, 1, ['stop', 'start']],
  ],
  'import() of a literal': [
    {
      'm.js': `export const now = async () => (await import('./dep.js')).n;\nimport.meta.hot?.accept('./dep.js', (dep) => log.push(dep.n));\n`,
      'dep.js': 'export const n = 1;\n',
    },
    `const first = await m.now(); await edit('dep.js', 'n = 1', 'n = 2'); return [first, await m.now(), log]`,
    [1, 2, [2]],
  ],
  'whoever imports it later gets the live instance': [
    {
      'm.js': `export const n = 1;\nexport const id = Symbol();\nimport.meta.hot?.accept();\n`,
      'late.js': `export * from './m.js';\n`,
    },
    `await edit('m.js', 'n = 1', 'n = 2'); const late = await import(D.replace(/^.*?(?=\\d)/, '../') + 'late.js'); const again = await import('./m.js'); return [late.n, again.n, late.id === again.id, again.id === m.id]`,
    [2, 2, true, true],
  ],
  'edits of the live instance, by what others hold, and back': [
    `export const price = (x) => x + RATE;\nconst RATE = 1;\nimport.meta.hot?.accept();\n`,
    `const { price } = m; await edit('m.js', 'RATE = 1', 'RATE = 2'); const one = price(1); await rewrite(price, '(x) => x * 100 + RATE'); const two = [price(1), m.price(1)]; await rollback(M); const three = price(1); await rollback(M); return [one, two, three, price(1), history(M).map((v) => v.summary), code(M) === readFileSync(M, 'utf8').replace('RATE = 2', 'RATE = 1')]`,
    [3, [102, 102], 3, 2, ['as loaded', '~RATE', '~price'], true],
  ],
  'a version beside the live instance': [
    `export const n = 1;\nimport.meta.hot?.accept();\n`,
    `await edit('m.js', 'n = 1', 'n = 2'); await edit('m.js', 'n = 2', 'n = 3'); return [(await import('./m.js?hotswap=0')).n, (await import('./m.js?hotswap=1')).n, m.n]`,
    [1, 2, 3],
  ],
  'an edit that begins to use it': [
    `export const n = 1;\n`,
    `const v = await edit('m.js', 'n = 1;', 'n = 1;\\nimport.meta.hot?.accept((next) => log.push(next.n));'); const w = await edit('m.js', 'n = 1', 'n = 2'); return [names(v), names(w), log, m.n]`,
    ['in place', ['m.js'], [2], 2],
  ],
  'two saves at once': [
    {
      'm.js': `import { a } from './a.js';\nimport { b } from './b.js';\nexport const now = () => [a, b];\nlog.push('run');\nimport.meta.hot?.accept();\n`,
      'a.js': 'globalThis.log ??= [];\nexport const a = 1;\n',
      'b.js': 'export const b = 1;\n',
    },
    `log.length = 0; const both = await Promise.all([edit('a.js', 'a = 1', 'a = 2'), edit('b.js', 'b = 1', 'b = 2'), rewrite(at('now'), '() => [a, b, 0]')]); return [both.map((v) => v.number), m.now(), log]`,
    [
      [1, 1, 1],
      [2, 2, 0],
      ['run', 'run'],
    ],
  ],
  'what a fresh instance finds in import.meta': [
    `import { fileURLToPath } from 'node:url';\nexport const meta = [import.meta.url, import.meta.filename === fileURLToPath(import.meta.url), import.meta.resolve('./x.js')];\nexport const n = 1;\nimport.meta.hot?.accept();\n`,
    `const before = m.meta; await edit('m.js', 'n = 1', 'n = 2'); return [m.n, m.meta !== before, JSON.stringify(m.meta) === JSON.stringify(before)]`,
    [2, true, true],
  ],
  'stack traces name the file': [
    `export const n = 1;\nexport const where = () => new Error().stack.split('\\n')[1];\nimport.meta.hot?.accept();\n`,
    `await edit('m.js', 'n = 1', 'n = 2'); return [m.n, m.where().includes('m.js:2:')]`,
    [2, true],
  ],
  'it is used under other names': [
    `export const n = 1;\nconst { hot } = import.meta;\nif (hot) { hot.accept((next) => log.push(next.n)); }\n`,
    `await edit('m.js', 'n = 1', 'n = 2'); return log`,
    [2].map((n) => n),
  ],
  'wrong arguments': [
    `export const all = [() => import.meta.hot.accept(3), () => import.meta.hot.dispose('x'), () => import.meta.hot.prune()].map((f) => { try { f(); return 'accepted'; } catch (error) { return error.name; } });\n`,
    `return m.all`,
    ['TypeError', 'TypeError', 'TypeError'],
  ],
};

cases(
  Object.fromEntries(
    Object.entries(CASES).map(([name, [files, script, expected]]) => [
      name,
      [files, SAYS + script, expected],
    ]),
  ),
  { env: { HOTSWAP_SILENT: '1' } },
);

test('without hotswap there is none, with it there is, and not where it is not mentioned', async () => {
  const app = program({
    'app.js': `import { meta } from './plain.js';
console.log(JSON.stringify([import.meta.hot ? 'hot' : 'none', 'hot' in meta() ? 'hot' : 'none']));
`,
    'plain.js': 'export const meta = () => import.meta;\n',
  });
  try {
    assert.equal(await app.json({ hot: false }), ['none', 'none']);
    assert.equal(await app.json(), ['hot', 'none']);
  } finally {
    app.remove();
  }
});

test('an entry that accepts itself', async () => {
  const app = program({
    'app.js': `import { writeFileSync, readFileSync } from 'node:fs';
import { reload } from 'hotswap';
import { n } from './n.js';
const { data } = import.meta.hot;
data.runs = [...(data.runs ?? []), n, process.argv[1] === import.meta.filename, import.meta.main ?? true];
import.meta.hot.accept(() => console.log(JSON.stringify(data.runs)));
if (data.runs.length === 3) {
  writeFileSync('n.js', readFileSync('n.js', 'utf8').replace('1', '2'));
  setTimeout(() => reload('./n.js'), 1);
}
`,
    'n.js': 'export const n = 1;\n',
  });
  try {
    assert.equal(await app.json(), [1, true, true, 2, true, true]);
  } finally {
    app.remove();
  }
});

test('files that are watched', async () => {
  const app = program({
    'app.js': `import { readFileSync, writeFileSync } from 'node:fs';
import { n } from './n.js';
import { text } from './text.js';
import.meta.hot.data.seen = [...(import.meta.hot.data.seen ?? []), text(n)];
import.meta.hot.accept();
const seen = import.meta.hot.data.seen;
if (seen.length === 1) setTimeout(() => writeFileSync('n.js', 'export const n = 2;'), 500);
if (seen.length === 2) writeFileSync('text.js', readFileSync('text.js', 'utf8').replace('<', '['));
if (seen.length === 3) { console.log(JSON.stringify(seen)); setTimeout(() => process.exit(), 300); }
setInterval(() => {}, 1e6);
`,
    'n.js': 'export const n = 1;\n',
    'text.js': "export const text = (n) => '<' + n;\n",
  });
  try {
    const { stdout, stderr } = await app.run({ env: { HOTSWAP_WATCH: '1' } });
    assert.equal(JSON.parse(stdout.trim()), ['<1', '<2', '[2']);
    assert.match(stderr, /hotswap: n\.js v1: ~n, imported again with app\.js\n/);
    assert.match(stderr, /hotswap: text\.js v1: ~text, imported again with app\.js\n/);
  } finally {
    app.remove();
  }
});

test('a file that was taken over and is put back while nothing runs is run', async () => {
  const text = (word: string): string => `export const word = () => '${word}';\nimport.meta.hot?.accept();\n`;
  const app = program({
    'm.js': text('first'),
    'app.js': `import { readFileSync, writeFileSync } from 'node:fs';
import { reload } from 'hotswap';
import { word } from './m.js';
const before = word();
writeFileSync('m.js', readFileSync('m.js', 'utf8').replace(before, 'second'));
const { imported = [] } = await reload('./m.js');
console.log(JSON.stringify([before, word(), imported.length]));
`,
  });
  try {
    assert.equal(await app.json(), ['first', 'second', 1]);
    app.write('m.js', text('first'));
    assert.equal(await app.json(), ['first', 'second', 1]);
  } finally {
    app.remove();
  }
});

test('TypeScript: types, and what is imported for its type only', async () => {
  const app = program({
    'app.js': `import { readFileSync, writeFileSync } from 'node:fs';
import { reload } from 'hotswap';
import { now } from './main.ts';
writeFileSync('dep.ts', readFileSync('dep.ts', 'utf8').replace('A = 1', 'A = 2'));
const { imported } = await reload('./dep.ts');
console.log(JSON.stringify([now(), imported.map((url) => url.split('/').at(-1))]));
`,
    'main.ts': `import { text, type Kind } from './dep.js';
let kind: Kind | undefined;
export const now = (): string => text() + kind;
import.meta.hot?.accept('./dep.js', (dep) => { kind = dep?.text() as Kind; });
`,
    'other.ts': `import { Kind } from './dep.ts';\nexport type More = Kind;\n`,
    'dep.ts': `import './other.ts';\nexport type Kind = string;\nenum E { A = 1 }\nexport const text = (): string => 'n' + E.A;\n`,
  });
  try {
    assert.equal(await app.json(), ['n2n2', ['dep.ts']]);
  } finally {
    app.remove();
  }
});

test.run();
