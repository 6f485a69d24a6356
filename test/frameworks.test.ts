// Real frameworks with their own dependencies, edited while a load generator runs: handlers that are made inside functions
// change, their state stays, and no request fails.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { CONNECTIONS, type Edited, type Report, type Served, serving } from './served.ts';

/** Nothing went wrong, in the one process that was started. */
function flawless(report: Report, { pid }: Served): void {
  const { failed, wentBack, pids } = report;
  assert.equal({ failed, wentBack, pids }, { failed: 0, wentBack: 0, pids: [pid] });
}

/** An edit that reached every closure there is. */
function everywhere(version: Edited, number: number, summary: string): void {
  assert.equal([version.number, version.summary, version.deferred], [number, summary, undefined]);
}

const FASTIFY = {
  'app.js': `import Fastify from 'fastify';
import shops from './shops.js';
const app = Fastify();
await app.register(shops, { currency: 'EUR' });
await app.listen({ port: 0, host: '127.0.0.1' });
console.log('port ' + app.server.address().port);
`,
  'shops.js': `export default async function plugin(fastify, opts) {
  let served = 0;
  const { currency } = opts;
  fastify.decorate('money', function money(amount) { return amount + ' ' + currency; });
  fastify.decorateRequest('turn', 0);
  fastify.addHook('onRequest', async (request) => { request.turn = ++served; });
  await fastify.register(async function tea(shop, { prices }) {
    let sold = 0;
    shop.decorate('price', (item) => prices[item]);
    shop.decorateReply('sign', function (by) { return this.header('x-by', by); });
    shop.addHook('preHandler', async (request, reply) => { reply.sign('hook ' + shop.price('cup')); });
    shop.get('/price/:item', async (request, reply) => {
      sold++;
      const said = [shop.money(shop.price(request.params.item)), reply.getHeader('x-by')].join(', ');
      return { said, of: 'price', counts: { served: request.turn, sold }, pid: process.pid };
    });
  }, { prefix: '/tea', prices: { tea: 3, cup: 8 } });
  fastify.get('/open', async (request) => ({ said: 'price' in fastify ? 'open' : 'encapsulated', of: 'open', counts: { served: request.turn }, pid: process.pid }));
}
`,
};

test('a Fastify plugin tree: a hook, decorators and a handler of two levels', () =>
  serving(FASTIFY, ['fastify'], async (served) => {
    const load = served.load([{ path: '/tea/price/tea' }, { path: '/open' }]);
    await load.says('3 EUR, hook 8', 'price');
    const { counts } = await served.ask('/tea/price/tea');

    const tea = './shops.js#plugin > fastify.register()[0]';
    everywhere(
      await served.edit(
        'rewrite',
        `${tea} > shop.get('/price/:item')[1]`,
        `async (request, reply) => {
          sold++;
          const { item } = request.params;
          return { said: \`\${item} \${prices[item] * 2} \${currency}, \${reply.getHeader('x-by')}\`, of: 'price', counts: { served, sold }, pid: process.pid };
        }`,
      ),
      1,
      "~plugin > fastify.register()[0] > shop.get('/price/:item')[1]",
    );
    await load.says('tea 6 EUR, hook 8', 'price');

    const hook = await served.edit<Edited>(
      'rewrite',
      `${tea} > shop.addHook('preHandler')[1]`,
      `async (request, reply) => { reply.sign(shop.money(sold > 0 ? prices.cup + 1 : 0)); }`,
    );
    assert.equal([hook.number, hook.deferred], [2, undefined]);
    await load.says('tea 6 EUR, 9 EUR', 'price');

    // The decorator that the inner plugin calls is one of the outer plugin. What its closure does not hold it cannot use.
    const money = "./shops.js#plugin > fastify.decorate('money')[1]";
    const { deferred } = await served.edit('rewrite', money, '(amount) => opts.currency + amount');
    assert.equal(deferred, [
      {
        path: "plugin > fastify.decorate('money')[1]",
        names: ['opts'],
        reason: 'opts is not captured by anything in plugin',
      },
    ]);
    assert.is((await served.ask('/tea/price/tea')).said, 'tea 6 EUR, 9 EUR');
    await served.edit('rollback', './shops.js');
    await served.edit('rewrite', money, "(amount) => currency + (served > 0 ? amount : '?')");
    await load.says('tea 6 EUR, EUR9', 'price');

    // A hook of the outer plugin runs for the routes of both.
    await served.edit(
      'inject',
      "./shops.js#plugin > fastify.addHook('onRequest')[1]",
      '() => { served += 1000; }',
    );
    const later = await served.ask('/tea/price/cup');
    assert.ok((later.counts.served as number) > 1000);
    assert.ok((later.counts.sold as number) > (counts.sold as number));

    for (const said of ['tea 6 EUR, EUR9', 'tea 6 EUR, 9 EUR', 'tea 6 EUR, hook 8', '3 EUR, hook 8']) {
      await served.edit('rollback', './shops.js');
      await load.says(said, 'price');
    }
    const report = await load.stop();
    flawless(report, served);
    assert.equal(report.said, {
      price: [
        [
          '3 EUR, hook 8',
          'tea 6 EUR, hook 8',
          'tea 6 EUR, 9 EUR',
          'tea 6 EUR, EUR9',
          'tea 6 EUR, 9 EUR',
          'tea 6 EUR, hook 8',
          '3 EUR, hook 8',
        ],
      ],
      open: [['encapsulated']],
    });
  }));

const EXPRESS = {
  'app.js': `import express from 'express';
import { createApp } from './create.js';
const root = express().use('/a', createApp('a')).use('/b', createApp('b'));
const server = root.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
`,
  'create.js': `import express from 'express';
export function createApp(name) {
  const app = express();
  let hits = 0;
  const trail = (...words) => words.join(' ');
  app.use((req, res, next) => { hits++; req.said = trail(name, 'first'); next(); });
  app.use(function second(req, res, next) { req.said = trail(req.said, 'second'); next(); });
  app.get('/', (req, res) => { res.json({ of: name, said: req.said + ' handler', counts: { [name]: hits }, pid: process.pid }); });
  app.get('/fails', async () => { throw new Error('failed ' + name); });
  app.use((error, req, res, next) => { res.json({ said: error.message, counts: {}, pid: process.pid }); });
  return app;
}
`,
};

test('an Express factory: middleware in its order, two apps with a state each', () =>
  serving(EXPRESS, ['express'], async (served) => {
    const load = served.load([{ path: '/a' }, { path: '/b' }]);
    await load.says('a first second handler', 'a');
    await load.says('b first second handler', 'b');

    const create = './create.js#createApp';
    everywhere(
      await served.edit(
        'rewrite',
        `${create} > app.use()[0]`,
        "(req, res, next) => { hits += 1; req.said = trail('[' + name + ']'); next(); }",
      ),
      1,
      '~createApp > app.use()[0]',
    );
    await load.says('[a] second handler', 'a');
    await load.says('[b] second handler', 'b');

    everywhere(
      await served.edit(
        'rewrite',
        `${create} > app.get('/')[1]`,
        '(req, res) => { res.json({ of: name, said: trail(req.said, "answered", name), counts: { [name]: hits }, pid: process.pid }); }',
      ),
      2,
      "~createApp > app.get('/')[1]",
    );
    await load.says('[a] second answered a', 'a');
    await load.says('[b] second answered b', 'b');

    // Async handlers and error handlers are middleware too.
    await served.edit(
      'rewrite',
      `${create} > app.use()[0]~3`,
      '(error, req, res, next) => { res.json({ said: "mended " + name + " " + (hits > 0), counts: {}, pid: process.pid }); }',
    );
    assert.is((await served.ask('/a/fails')).said, 'mended a true');
    assert.is((await served.ask('/b/fails')).said, 'mended b true');

    await served.edit('inject', `${create} > app.use()[0]~2`, "() => { req.said += ' injected' }");
    await load.says('[a] injected second answered a', 'a');
    await served.edit('reset', './create.js');
    await load.says('a first second handler', 'a');
    await load.says('b first second handler', 'b');
    assert.is((await served.ask('/b/fails')).said, 'failed b');

    const report = await load.stop();
    flawless(report, served);
    // Each request was counted once, by its own app: those of the load (some may have been cut off) and five of ours.
    const [a, b] = [await served.ask('/a'), await served.ask('/b')].map(
      ({ of, counts }) => counts[of as string],
    );
    const rest = (a as number) + (b as number) - report.answered - 5;
    assert.ok(rest >= 0 && rest <= CONNECTIONS, String(rest));
    for (const name of ['a', 'b']) {
      assert.equal(report.said[name], [
        [
          `${name} first second handler`,
          `[${name}] second handler`,
          `[${name}] second answered ${name}`,
          `[${name}] injected second answered ${name}`,
          `${name} first second handler`,
        ],
      ]);
    }
  }));

test('a hundred edits of an Express handler in a row, and a hundred back', () =>
  serving(EXPRESS, ['express'], async (served) => {
    const load = served.load([{ path: '/a' }, { path: '/b' }]);
    const edited = (i: number) => (i === 0 ? 'first second handler' : `edit ${i}`);
    const says = async (i: number) => {
      await load.says(i === 0 ? `a ${edited(0)}` : edited(i), 'a');
      await load.says(i === 0 ? `b ${edited(0)}` : edited(i), 'b');
    };
    await says(0);
    for (let i = 1; i <= 100; i++) {
      await served.edit(
        'rewrite',
        "./create.js#createApp > app.get('/')[1]",
        `(req, res) => { res.json({ of: name, said: 'edit ${i}', counts: { [name]: hits }, pid: process.pid }); }`,
      );
    }
    await says(100);
    for (let i = 0; i < 100; i++) await served.edit('rollback', './create.js');
    await says(0);
    const report = await load.stop();
    flawless(report, served);
    // However fast they came, no connection saw an edit before an earlier one.
    for (const words of Object.values(report.said).flat()) {
      const order = words.map((said) => Number(/^edit (\d+)$/.exec(said)?.[1] ?? 0));
      const top = order.indexOf(100);
      const there = order.slice(0, top + 1);
      const back = order.slice(top);
      assert.equal(
        there,
        [...there].sort((a, b) => a - b),
      );
      assert.equal(
        back,
        [...back].sort((a, b) => b - a),
      );
    }
  }));

const KOA = {
  'app.js': `import { createApp } from './create.js';
const server = createApp().listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
`,
  'create.js': `import Koa from 'koa';
export function createApp() {
  const app = new Koa();
  let served = 0;
  const held = [];
  app.use(async (ctx, next) => {
    const counts = { served: ++served };
    const trail = ['outer in'];
    ctx.trail = trail;
    await next();
    trail.push('outer out');
    ctx.body = { of: ctx.path, said: trail.join(', '), counts, pid: process.pid };
  });
  app.use(async (ctx, next) => {
    ctx.trail.push('inner in');
    await next();
    ctx.trail.push('inner out');
  });
  app.use(async (ctx) => {
    if (ctx.path === '/held') ctx.trail.push('held ' + held.length);
    else if (ctx.path === '/open') held.splice(0).forEach((open) => open());
    else if (ctx.path === '/hold') await new Promise((open) => held.push(open));
    ctx.trail.push('handled');
  });
  return app;
}
`,
};

test('a Koa chain: requests in flight finish in the old code', () =>
  serving(KOA, ['koa'], async (served) => {
    const load = served.load([{ path: '/' }]);
    const old = 'outer in, inner in, handled, inner out, outer out';
    await load.says(old, '/');
    const flying = Array.from({ length: 5 }, () => served.ask('/hold'));
    await served.until('/held', ({ said }) => said.includes('held 5'));

    const create = './create.js#createApp';
    await served.edit(
      'rewrite',
      `${create} > app.use()[0]`,
      `async (ctx, next) => {
        const counts = { served: ++served };
        ctx.trail = ['OUTER ' + (held.length > 0)];
        await next();
        ctx.body = { of: ctx.path, said: ctx.trail.join(', '), counts, pid: process.pid };
      }`,
    );
    await load.says('OUTER true, inner in, handled, inner out', '/');
    await served.edit(
      'rewrite',
      `${create} > app.use()[0]~2`,
      "async (ctx, next) => { ctx.trail.push('INNER'); await next(); ctx.trail.push('INNER out'); }",
    );
    await load.says('OUTER true, INNER, handled, INNER out', '/');
    const flyingLater = Array.from({ length: 5 }, () => served.ask('/hold'));
    await served.until('/held', ({ said }) => said.includes('held 10'));

    await served.edit('rollback', './create.js');
    await load.says('OUTER true, inner in, handled, inner out', '/');
    await served.ask('/open');
    const early = await Promise.all(flying);
    assert.equal([...new Set(early.map(({ said }) => said))], [old]);
    assert.is(new Set(early.map(({ counts }) => counts.served)).size, 5);
    const later = await Promise.all(flyingLater);
    assert.equal([...new Set(later.map(({ said }) => said))], ['OUTER true, INNER, handled, INNER out']);

    await load.says('OUTER false, inner in, handled, inner out', '/');
    await served.edit('rollback', './create.js');
    await load.says(old, '/');
    const report = await load.stop();
    flawless(report, served);
    assert.equal(report.said, {
      '/': [
        [
          old,
          'OUTER true, inner in, handled, inner out',
          'OUTER true, INNER, handled, INNER out',
          'OUTER true, inner in, handled, inner out',
          'OUTER false, inner in, handled, inner out',
          old,
        ],
      ],
    });
  }));

const HONO = {
  'app.js': `import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { shop } from './shop.js';
const app = new Hono().route('/tea', shop({ tea: 3 })).route('/cups', shop({ cup: 8 }));
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log('port ' + port));
`,
  'shop.js': `import { Hono } from 'hono';
export function shop(prices) {
  let served = 0;
  const [of] = Object.keys(prices);
  const sub = new Hono();
  sub.use(async (c, next) => {
    c.set('turn', ++served);
    await next();
    c.header('x-shop', of);
  });
  return sub.get('/price', (c) => c.json({ of, said: 'price ' + prices[of], counts: { [of]: c.get('turn') }, pid: process.pid }))
    .get('/stock/:n{[0-9]+}', async (c) => {
      const n = Number(c.req.param('n'));
      return c.json({ said: 'stock ' + n, counts: {}, pid: process.pid });
    });
}
`,
};

test('a Hono sub-app made in a function, twice', () =>
  serving(HONO, ['hono', '@hono/node-server'], async (served) => {
    const load = served.load([{ path: '/tea/price' }, { path: '/cups/price' }]);
    const says = async (tea: string, cup: string) => {
      await load.says(tea, 'tea');
      await load.says(cup, 'cup');
    };
    await says('price 3', 'price 8');

    const functions = await served.edit<{ path: string }[]>('functions', './shop.js');
    const paths = functions.map(({ path }) => path);
    const [price, stock] = ['/price', '/stock'].map((route) => {
      const path = paths.find((one) => one.includes(`get('${route}`));
      return `./shop.js#${path}`;
    }) as [string, string];
    const first = await served.edit(
      'rewrite',
      price,
      "(c) => c.json({ of, said: [c.get('turn') <= served, prices[of] * 2, of].join(' '), counts: { [of]: c.get('turn') }, pid: process.pid })",
    );
    assert.equal([first.number, first.deferred], [1, undefined]);
    await says('true 6 tea', 'true 16 cup');

    const second = await served.edit(
      'rewrite',
      './shop.js#shop > sub.use()[0]',
      `async (c, next) => {
        c.set('turn', ++served);
        await next();
        const answer = await c.res.json();
        c.res = c.json({ ...answer, said: answer.said + ' through ' + of });
      }`,
    );
    assert.equal([second.number, second.deferred], [2, undefined]);
    await says('true 6 tea through tea', 'true 16 cup through cup');

    assert.is((await served.ask('/tea/stock/5')).said, 'stock 5 through tea');
    await served.edit('inject', stock, '() => { if (n > 4) return; }', { at: 1 });
    await served.edit(
      'rewrite',
      stock,
      "async (c) => { await null; return c.json({ said: 'none of ' + prices[of], counts: {}, pid: process.pid }); }",
    );
    assert.is((await served.ask('/cups/stock/5')).said, 'none of 8 through cup');

    await served.edit('restore', './shop.js', 1);
    await says('true 6 tea', 'true 16 cup');
    assert.is((await served.ask('/cups/stock/5')).said, 'stock 5');
    await served.edit('rollback', './shop.js');
    await says('price 3', 'price 8');
    const report = await load.stop();
    flawless(report, served);
    assert.equal(report.said, {
      tea: [['price 3', 'true 6 tea', 'true 6 tea through tea', 'true 6 tea', 'price 3']],
      cup: [['price 8', 'true 16 cup', 'true 16 cup through cup', 'true 16 cup', 'price 8']],
    });
  }));

const WS = {
  'app.js': `import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { chat } from './chat.js';
let asked = 0;
const server = createServer((req, res) => res.end(JSON.stringify({ said: 'http', counts: { asked: ++asked }, pid: process.pid })));
chat(new WebSocketServer({ server }));
server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
`,
  'chat.js': `export function chat(wss) {
  let total = 0;
  wss.on('connection', (socket, request) => {
    let count = 0;
    const name = request.url.slice(1);
    const words = [];
    const answer = (said) => socket.send(JSON.stringify({ said, name, count, total, words: words.length }));
    socket.on('message', (data) => {
      count++;
      total++;
      words.push(String(data));
      answer('old');
    });
  });
}
`,
};

interface Reply {
  said: string;
  name: string;
  count: number;
  total: number;
  words: number;
}

/** A socket that sends its next message once the last one is answered, and what it got, newest last. */
function talker(url: string) {
  const socket = new WebSocket(url);
  const replies: Reply[] = [];
  let heard = () => {};
  let failure: Error | undefined;
  socket.on('open', () => socket.send('word 0'));
  socket.on('error', (error) => {
    failure = error;
    heard();
  });
  socket.on('close', () => {
    failure ??= new Error('the socket was closed');
    heard();
  });
  socket.on('message', (data) => {
    replies.push(JSON.parse(String(data)));
    socket.send(`word ${replies.length}`);
    heard();
  });
  return {
    replies,
    socket,
    async says(said: string) {
      while (replies.at(-1)?.said !== said) {
        if (failure) throw failure;
        await new Promise<void>((resolve) => (heard = resolve));
      }
    },
  };
}

test('ws: the closures of open sockets, each with its own state', () =>
  serving(WS, ['ws'], async (served) => {
    const load = served.load([{ path: '/' }]);
    await load.says('http');
    const talkers = Array.from({ length: 20 }, (_, i) => talker(`ws://127.0.0.1:${served.port}/name${i}`));
    const say = (said: string) => Promise.all(talkers.map((one) => one.says(said)));
    await say('old');

    const connection = "./chat.js#chat > wss.on('connection')[1]";
    everywhere(
      await served.edit(
        'rewrite',
        `${connection} > socket.on('message')[1]`,
        "(data) => { words.push(data.length); total++; count++; answer(name + ' of ' + (total >= count)); }",
      ),
      1,
      "~chat > wss.on('connection')[1] > socket.on('message')[1]",
    );
    await Promise.all(talkers.map((one, i) => one.says(`name${i} of true`)));

    // Another inner function, through which the first one answers.
    everywhere(
      await served.edit(
        'rewrite',
        `${connection} > answer`,
        "(said) => socket.send(JSON.stringify({ said: 'new ' + (said === name + ' of true'), name, count, total, words: words.length }))",
      ),
      2,
      "~chat > wss.on('connection')[1] > answer",
    );
    await say('new true');

    // A new connection gets the new code of the function around, open ones go on in what they have.
    await served.edit(
      'inject',
      connection,
      `() => { socket.send(JSON.stringify({ said: 'welcome', name, count, total, words: words.length })); }`,
      { at: 'end' },
    );
    const late = talker(`ws://127.0.0.1:${served.port}/late`);
    talkers.push(late);
    await late.says('new true');
    assert.is(late.replies[0]?.said, 'welcome');

    await served.edit('reset', './chat.js');
    await say('old');
    assert.ok(talkers.every(({ socket }) => socket.readyState === WebSocket.OPEN));
    flawless(await load.stop(), served);

    const totals: number[] = [];
    for (const [i, { replies, socket }] of talkers.entries()) {
      socket.terminate();
      const name = i < 20 ? `name${i}` : 'late';
      const counted = replies.filter(({ said }) => said !== 'welcome');
      assert.ok(counted.every((one, k) => one.name === name && one.count === k + 1 && one.words === k + 1));
      assert.ok(replies.every((one, k) => k === 0 || one.total > (replies[k - 1] as Reply).total));
      const said = replies.map((one) => one.said).filter((word, k, all) => word !== all[k - 1]);
      if (i < 20) assert.equal(said, ['old', `name${i} of true`, 'new true', 'old']);
      else assert.equal(said, ['welcome', 'new true', 'old']);
      for (const { total } of counted) totals.push(total);
    }
    assert.is(new Set(totals).size, totals.length, 'no message was counted twice');
  }));

const PARSER = {
  'app.js': `import { createServer } from 'node:http';
import { parse } from './parser.js';
let parsed = 0;
const server = createServer(async (req, res) => {
  const progress = {};
  if (req.url === '/progress') { res.end(JSON.stringify({ said: String(latest?.pos ?? 0), counts: {}, pid: process.pid })); return; }
  if (req.url === '/long') latest = progress;
  const said = await parse(req.setEncoding('utf8'), progress).catch((error) => error.message);
  res.end(JSON.stringify({ said: String(said), counts: { parsed: ++parsed }, pid: process.pid }));
});
let latest;
server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
`,
  'parser.js': `// expression = term { ('+' | '-') term }; term = factor { '*' factor }; factor = number | '(' expression ')'
export async function parse(stream, progress) {
  const chunks = stream[Symbol.asyncIterator]();
  let text = '';
  let pos = 0;
  let depth = 0;
  async function peek() {
    while (pos === text.length) {
      progress.pos = pos;
      const { value, done } = await chunks.next();
      if (done) return '';
      text += value;
    }
    return text[pos];
  }
  const fail = (what) => { throw new Error(what + ' at ' + pos); };
  async function number() {
    let digits = '';
    while (/[0-9]/.test(await peek())) digits += text[pos++];
    return digits === '' ? fail('no number') : Number(digits);
  }
  async function factor() {
    if ((await peek()) !== '(') return number();
    pos++;
    depth++;
    const value = await expression();
    if ((await peek()) !== ')') fail('no )');
    pos++;
    depth--;
    return value;
  }
  const term = async () => {
    let value = await factor();
    while ((await peek()) === '*') { pos++; value *= await factor(); }
    return value;
  };
  async function expression() {
    let value = await term();
    for (let sign = await peek(); sign === '+' || sign === '-'; sign = await peek()) {
      pos++;
      const right = await term();
      value = sign === '+' ? value + right : value - right;
    }
    return value;
  }
  const value = await expression();
  return (await peek()) === '' ? value : fail('more than an expression');
}
`,
};

test('a recursive-descent parser whose grammar changes in the middle of a long parse', () =>
  serving(PARSER, [], async (served) => {
    const load = served.load([{ method: 'POST', path: '/', body: '2*(3+4)-1' }]);
    await load.says('13');
    const post = (body: string) => served.ask('/', { method: 'POST', body });
    assert.is((await post('2^3')).said, 'more than an expression at 1');

    // The parse of this text has come to its end and waits for more, a hundred calls deep, in the middle of a number.
    const long = stream();
    const result = served.ask('/long', long.init);
    const start = `${'1+(2*('.repeat(50)}10`;
    long.write(start);
    await served.until('/progress', ({ said }) => said === String(start.length));

    // Powers, in the place of `factor`, which uses the position and recurses through the other functions.
    everywhere(
      await served.edit(
        'rewrite',
        './parser.js#parse > factor',
        `async function factor() {
          let base;
          if ((await peek()) === '(') {
            pos++; depth++;
            base = await expression();
            if ((await peek()) !== ')') fail('no )');
            pos++; depth--;
          } else base = await number();
          if ((await peek()) !== '^') return base;
          pos++;
          return base ** (await factor());
        }`,
      ),
      1,
      '~parse > factor',
    );
    assert.is((await post('2^3^2*(1+1)^2')).said, '2048');
    assert.is((await post('2^')).said, 'no number at 2');
    everywhere(
      await served.edit(
        'rewrite',
        './parser.js#parse > number',
        `async function number() {
          let digits = '';
          while (/[0-9a-f]/.test(await peek())) digits += text[pos++];
          return digits === '' ? fail('no number, ' + depth + ' deep') : parseInt(digits, 16);
        }`,
      ),
      2,
      '~parse > number',
    );
    assert.is((await post('((x')).said, 'no number, 2 deep at 2');
    await load.says('13');

    // The same parse goes on: the number it was in is decimal, and then there are powers, and 10 is sixteen.
    const more = '0+(2)^(1+2)+10';
    long.write(more);
    await served.until('/progress', ({ said }) => said === String(start.length + more.length));
    await served.edit('rollback', './parser.js', 2);
    assert.is((await post('2^3')).said, 'more than an expression at 1');
    assert.is((await post('a')).said, 'no number at 0');
    long.write(`${'))'.repeat(50)}+10`);
    long.end();
    let value = 100 + 8 + 16;
    for (let i = 0; i < 50; i++) value = 1 + 2 * value;
    assert.is((await result).said, String(value + 10));
    await load.says('13');
    const report = await load.stop();
    flawless(report, served);
    assert.equal(report.said, { '': [['13']] });
  }));

/** The body of a request that is sent piece by piece. */
function stream() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
  return {
    init: { method: 'POST', body, duplex: 'half' } as RequestInit,
    write: (text: string) => controller.enqueue(new TextEncoder().encode(text)),
    end: () => controller.close(),
  };
}

test.run();
