// Whoever already holds a function sees its new code: servers, timers, emitters, bindings, collections, instances.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Case, cases } from './cases.ts';
import { program } from './program.ts';

const CASES: Record<string, Case> = {
  'a timer': [
    'export const seen = []; export function tick() { seen.push("old"); }\nexport const timer = setInterval(tick, 1);\nexport const inline = setInterval(() => { seen.push("inline old"); }, 1);',
    `const until = async (word) => { while (!m.seen.includes(word)) await new Promise((r) => setTimeout(r, 1)); }; await until('old'); await until('inline old');
await rewrite(m.tick, '() => seen.push("new")'); await rewrite(at('inline = setInterval()[0]'), '() => seen.push("inline new")'); await until('new'); await until('inline new'); m.seen.length = 0; await until('new'); await until('inline new'); clearInterval(m.timer); clearInterval(m.inline); return m.seen.some((word) => word.endsWith('old'))`,
    false,
  ],
  'an event listener, and its removal': [
    `import { EventEmitter } from 'node:events'; export const bus = new EventEmitter(); export const seen = []; export function heard(x) { seen.push('old ' + x); }\nbus.on('x', heard); bus.once('y', heard); bus.on('x', (x) => { seen.push('inline ' + x); });\nexport const target = new EventTarget(); target.addEventListener('z', heard);`,
    `await rewrite(m.heard, '(x) => seen.push("new " + x)'); await rewrite(at("bus.on('x')[1]"), '(x) => seen.push("newer " + x)'); m.bus.emit('x', 1); m.bus.emit('y', 2); m.target.dispatchEvent(new Event('z')); m.bus.off('x', m.heard); m.bus.emit('x', 3); return m.seen`,
    ['new 1', 'newer 1', 'new 2', 'new [object Event]', 'newer 3'],
  ],
  'bound and partially applied': [
    `export class Cart { #n = 2; total(k) { return this.#n * k; } }\nexport const cart = new Cart(); export const bound = cart.total.bind(cart), part = cart.total.bind(cart, 10); export function add(a, b) { return a + b; } export const add5 = add.bind(null, 5);`,
    `await rewrite(m.Cart.prototype.total, 'total(k) { return this.#n + k }'); await rewrite(m.add, (a, b) => a * b); return [m.bound(1), m.part(), m.add5(2)]`,
    [3, 12, 10],
  ],
  'a Map, a Set, an array, a property, a closure, a default and a proxy': [
    `export function f() { return 'old'; }\nexport const map = new Map([['f', f]]), set = new Set([f]), list = [f], o = { f, g: { h: f } }, call = () => f(), withDefault = (g = f) => g(), proxy = new Proxy(f, {}); export const { f: taken } = o; export const cached = ((g) => () => g())(f);`,
    `await rewrite(m.f, () => 'new'); return [m.map.get('f')(), [...m.set][0](), m.list[0](), m.o.f(), m.o.g.h(), m.call(), m.withDefault(), m.proxy(), m.taken(), m.cached(), m.set.has(m.f)]`,
    [...Array.from({ length: 10 }, () => 'new'), true],
  ],
  'an inline arrow in a call at the top': [
    `const routes = {}; export const app = { get: (path, f) => { routes[path] = f; }, call: (path, ...args) => routes[path](...args) };\nlet hits = 0; app.get('/x', (who) => 'old ' + who + ++hits); export const mapped = [1, 2].map((x) => () => x);`,
    `const a = m.app.call('/x', 'a'); await rewrite(at("app.get('/x')[1]"), '(who) => "new " + who + ++hits'); return [a, m.app.call('/x', 'b')]`,
    ['old a1', 'new b2'],
  ],
  'methods, accessors, static and #private, of instances that exist': [
    `export class A { #n = 1; get n() { return this.#n; } set n(v) { this.#n = v; } m() { return 'm' + this.#secret(); } #secret() { return this.#n; } static s() { return A.#t(); } static #t() { return 't'; } field = () => 'field' + this.#n; static sf = () => 'sf'; get [Symbol.toStringTag]() { return 'tag'; } *[Symbol.iterator]() { yield this.#n; } }
export class B extends A { m() { return 'B' + super.m(); } }\nexport const a = new A(), b = new B(), detached = a.field; export const method = a.m;`,
    `await rewrite(at('A.prototype.get n'), 'get n() { return this.#n * 100 }'); await rewrite(at('A.prototype.set n'), 'set n(v) { this.#n = v + 1 }'); await rewrite(at('A.prototype.#secret'), '() => "!" + this.#n'); await rewrite(at('A.#t'), () => 'T'); await rewrite(at('A.prototype.field'), '() => "FIELD" + this.#n'); await rewrite(m.A.sf, () => 'SF'); await rewrite(at('A.prototype.get [Symbol.toStringTag]'), () => 'TAG'); await rewrite(at('A.prototype[Symbol.iterator]'), '*it() { yield this.#n; yield 2 }'); await rewrite(m.B.prototype.m, 'm() { return "b" + super.m() }');
m.a.n = 4; return [m.a.n, m.a.m(), m.A.s(), m.a.field(), m.detached(), m.A.sf(), String(m.a), [...m.a], m.b.m(), m.method.call(m.a), new m.B().m()]`,
    [500, 'm!5', 'T', 'FIELD5', 'FIELD5', 'SF', '[object TAG]', [5, 2], 'bm!1', 'm!5', 'bm!1'],
  ],
  'importers, re-exporters and namespaces of other modules': [
    {
      'm.js': `export { f } from './lib.js'; export * as ns from './lib.js'; import { f } from './lib.js'; export const held = f; export const lazy = () => import('./lib.js');`,
      'lib.js': 'export function f() { return "old"; }',
    },
    `await rewrite(m.f, () => 'new'); return [m.f(), m.ns.f(), m.held(), (await m.lazy()).f()]`,
    ['new', 'new', 'new', 'new'],
  ],
  'what the old code had optimised': [
    'export function f(x) { return x + 1; }\nexport function loop(n) { let s = 0; for (let i = 0; i < n; i++) s = f(s); return s; }',
    `const before = m.loop(1e6) + m.loop(1e6); await rewrite(m.f, (x) => x + 2); const after = m.loop(1e6); await rollback(M); return [before, after, m.loop(1e6)]`,
    [2e6, 2e6, 1e6],
  ],
};

cases(CASES);

const SERVER = `import express from 'express';
export const app = express();
let hits = 0;
export const count = () => hits;
export class Cart { #items = []; add(item) { this.#items.push(item); return this; } total() { return this.#items.length; } }
export const cart = new Cart().add('a').add('b');
export function price(req, res) { hits++; res.json({ price: 1, id: req.params.id }); }
app.use((req, res, next) => { hits++; next(); });
app.get('/price/:id', price);
app.get('/inline', (req, res) => { res.json({ inline: 'old', hits }); });
app.route('/cart').get((req, res) => res.json(cart.total())).post(async (req, res) => { await null; res.json('posted'); });
const router = express.Router();
router.get('/deep', function deep(req, res) { res.send('deep old'); });
app.use('/api', router);
app.use((error, req, res, next) => { res.status(500).json({ error: error.message }); });
`;

test('a real Express server goes on serving while its handlers change', async () => {
  const server = program(
    {
      'server.js': SERVER,
      'app.js': `import { app, cart, count, price } from './server.js'; import { functions, inject, rewrite, rollback, history } from 'hotswap';
const listening = app.listen(0); await new Promise((r) => listening.once('listening', r)); const { port } = listening.address();
const get = async (path, init) => { const res = await fetch('http://127.0.0.1:' + port + path, init); const text = await res.text(); try { return JSON.parse(text); } catch { return text; } };
const out = []; const S = './server.js#';
let served = 0, failed = 0, stop = false; const load = (async () => { while (!stop) { const got = await get('/price/7').catch(() => null); if (got?.id === '7') served++; else failed++; } })();
out.push(await get('/inline').then((x) => x.inline), await get('/cart'), await get('/api/deep'), await get('/cart', { method: 'POST' }));
await rewrite(price, (req, res) => res.json({ price: 2, id: req.params.id })); out.push(await get('/price/1'));
await rewrite(S + "app.get('/inline')[1]", '(req, res) => { res.json({ inline: "new", counted: hits > 0 }); }'); out.push(await get('/inline'));
await rewrite(cart.total, 'total() { return { items: this.#items } }'); out.push(await get('/cart'));
await rewrite(S + "router.get('/deep')[1]", (req, res) => res.send('deep new')); out.push(await get('/api/deep'));
const post = functions('./server.js').find((one) => one.path.includes('.post')).path; await rewrite(S + post, async (req, res) => { res.json('posted anew'); }); out.push(await get('/cart', { method: 'POST' }));
await rewrite(price, () => { throw new Error('handled'); }); out.push(await get('/price/1')); await rollback('./server.js');
await inject(price, '() => { res.set("x-injected", String(hits)) }'); await rollback('./server.js', 99); const before = count(); out.push(await get('/price/9')); out.push(count() > before);
stop = true; await load; out.push(served > 0, history('./server.js').length); listening.close(); listening.closeAllConnections?.(); console.log(JSON.stringify(out));`,
    },
    ['express'],
  );
  const out = await server.json();
  server.remove();
  assert.equal(out, [
    'old',
    2,
    'deep old',
    'posted',
    { price: 2, id: '1' },
    { inline: 'new', counted: true },
    { items: ['a', 'b'] },
    'deep new',
    'posted anew',
    { error: 'handled' },
    { price: 1, id: '9' },
    true,
    true,
    8,
  ]);
});

test('a library that many programs hold, changed inside node_modules', async () => {
  const made = program({
    'node_modules/dep/package.json': '{ "type": "module", "main": "index.js" }',
    'node_modules/dep/index.js': 'export function greet(who) { return "hi " + who; }',
    'app.js': `import { greet } from 'dep'; import { rewrite } from 'hotswap'; const held = greet; await rewrite('dep#greet', (who) => 'hello ' + who); console.log(JSON.stringify([held('x'), greet('y')]));`,
  });
  const out = await made.json({ env: { HOTSWAP_INCLUDE: '**/dep/**' } });
  made.remove();
  assert.equal(out, ['hello x', 'hello y']);
});

test.run();
