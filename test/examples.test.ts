// Real projects, edited by saving their files while they serve: every change is live, no request fails, state stays.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { type Serving, serving } from './serving.ts';

const JSON_BODY = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Fails unless a request succeeded. */
async function ok(it: Serving, path: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(it.url + path, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

test('Express: routers, middleware, a service with #private state', () =>
  serving(
    'express-api',
    ['express'],
    async (it, n) => {
      await ok(it, '/products/tea');
      await ok(it, `/carts/${n % 5}`, JSON_BODY({ name: 'cup' }));
    },
    async (it) => {
      const { edit, get, refused } = it;
      await ok(it, '/carts/mine', JSON_BODY({ name: 'tea' }));
      // a constant, a helper, a handler
      await edit('routes/products.js', "'EUR'", "'USD'");
      assert.is((await get('/products/tea')).currency, 'USD');
      await edit(
        'routes/products.js',
        '{ name, price, currency: CURRENCY }',
        '{ name, price, currency: CURRENCY, taxed: price * 2 }',
      );
      assert.is((await get('/products'))[1].taxed, 16);
      await edit(
        'routes/carts.js',
        '{ items: req.cart.length, total: total(req.cart) }',
        '{ items: req.cart.length, total: total(req.cart), of: req.params.id }',
      );
      assert.equal(await get('/carts/mine'), { items: 1, total: 3, of: 'mine' });
      // a new file, imported
      it.program.write('services/discount.js', 'export const discounted = (n) => n * 0.5;\n');
      await edit(
        'routes/carts.js',
        "import { catalog } from '../services/catalog.js';",
        "import { catalog } from '../services/catalog.js';\nimport { discounted } from '../services/discount.js';",
      );
      await edit('routes/carts.js', 'sum + price, 0)', 'sum + discounted(price), 0)');
      assert.is((await get('/carts/mine')).total, 1.5);
      await edit('services/discount.js', '0.5', '0.1');
      assert.is((await get('/carts/mine')).total.toFixed(1), '0.3');
      // a new method on the live instance, and a route that uses it
      await edit(
        'services/catalog.js',
        '  get sold() {',
        '  get left() {\n    return [...this.#products.values()].map(({ name, stock }) => name + (stock < 1000000 ? " sells" : ""));\n  }\n\n  get sold() {',
      );
      await edit(
        'routes/products.js',
        "productRoutes.get('/:name'",
        "productRoutes.get('/-/left', (_req, res) => {\n  res.json({ left: catalog.left, sold: catalog.sold > 0 });\n});\n\nproductRoutes.get('/:name'",
      );
      assert.equal(await get('/products/-/left'), { left: ['tea sells', 'cup sells'], sold: true });
      // a new #private field: the instance that exists goes on with its own, and takes what does not need it
      await edit('services/catalog.js', '#sold = 0;', '#sold = 0;\n  #wanted = 0;');
      await edit(
        'services/catalog.js',
        'no product ${name}',
        'there is no ${name} among ${this.#products.size}',
      );
      assert.equal(await get('/products/hat'), { error: 'there is no hat among 2' });
      // middleware
      await edit('middleware/stats.js', 'String(requests)', "'#' + requests");
      const header = (await fetch(`${it.url}/products`)).headers.get('x-request') ?? '';
      assert.ok(Number(header.slice(1)) > 10, header);
      await edit('middleware/errors.js', 'no ${req.path} here', 'nothing at ${req.path}');
      assert.equal(await get('/nowhere'), { error: 'nothing at /nowhere' });
      // a mistake, and its repair
      const broken = await refused('routes/products.js', 'price * 2', 'price * ');
      assert.match(broken, /routes\/products\.js is not taken over; v\d+ runs on/);
      assert.is((await get('/products/tea')).taxed, 6);
      await edit('routes/products.js', 'price *  }', 'price * 3 }');
      assert.is((await get('/products/tea')).taxed, 9);
      // an edit undone without the file, then the file again
      await it.rollback('routes/products.js');
      assert.is((await get('/products/tea')).taxed, 6);
      assert.is((await get('/carts/mine')).items, 1);
    },
  ));

test('Fastify: plugins, decorators, hooks and handlers inside plugin functions', () =>
  serving(
    'fastify',
    ['fastify'],
    async (it) => {
      await ok(it, '/notes', JSON_BODY({ text: 'load' }));
      await ok(it, '/users/ann');
    },
    async (it) => {
      const { edit, get, refused } = it;
      // handlers in a plugin, with what they capture
      await edit(
        'routes/notes.js',
        'number: request.number })',
        'seen: request.number, limit, full: isFull() })',
      );
      const { count, seen, limit, full } = await get('/notes');
      assert.ok(count > 0 && seen > count && limit === 100000 && full === false);
      await edit('routes/notes.js', 'app.notes.list().at(-1)', 'app.notes.list().at(0)');
      assert.equal(await get('/notes/last'), { last: 'note 1: load' });
      // an object made in a plugin, a hook, a helper, the error handler, a closure
      await edit(
        'plugins/store.js',
        '${greeting} ${notes.length + 1}: ${text}',
        '${greeting} #${notes.length + 1}: ${text}',
      );
      await edit('routes/notes.js', '.at(0)', '.at(-1)');
      await ok(it, '/notes', JSON_BODY({ text: 'mine' }));
      assert.match((await get('/notes/last')).last, /^note #\d+: /);
      await edit(
        'routes/notes.js',
        '`request ${request.number}`',
        '`of ${request.method} ${request.number > 10}`',
      );
      assert.is((await fetch(`${it.url}/notes`)).headers.get('x-notes'), 'of GET true');
      await edit('app.js', '{ error: error.message }', '{ error: error.code, said: error.message }');
      assert.equal(await get('/notes', JSON_BODY({})), {
        error: 'FST_ERR_VALIDATION',
        said: "body must have required property 'text'",
      });
      await edit('routes/notes.js', 'if (isFull())', "if (isFull() || request.body.text === 'x')");
      assert.is(await it.status('/notes', JSON_BODY({ text: 'x' })), 507);
      await it.rollback('routes/notes.js');
      assert.is(await it.status('/notes', JSON_BODY({ text: 'x' })), 200);
      // a method, a helper and a static for an instance that a plugin made
      await edit(
        'users.js',
        '  profile(name) {',
        '  static initial = (name) => name[0];\n\n  get size() {\n    return this.#known.size;\n  }\n\n  profile(name) {',
      );
      await edit(
        'users.js',
        'return this.#known.get(name);',
        'return { ...this.#known.get(name), initial: Users.initial(name), of: this.size };',
      );
      assert.equal(await get('/users/bob'), { name: 'bob', joined: 2, initial: 'b', of: 2 });
      const broken = await refused('routes/users.js', 'params }) =>', 'params ) =>');
      assert.match(broken, /routes\/users\.js is not taken over; v0 runs on/);
      await edit(
        'routes/users.js',
        'async ({ params ) => users.profile(params.name)',
        'async ({ params: { name } }) => [name, users.profile(name).joined]',
      );
      assert.equal(await get('/users/bob'), ['bob', 2]);
    },
  ));

test('Hono: chained routes on @hono/node-server, a new route and one that goes', () =>
  serving(
    'hono',
    ['hono', '@hono/node-server'],
    async (it) => {
      await ok(it, '/todos', JSON_BODY({ title: 'load' }));
      await ok(it, '/todos/1');
    },
    async (it) => {
      const { edit, get, refused } = it;
      const first = (await ok(it, '/todos', JSON_BODY({ title: 'mine' }))) as { id: number };
      await edit(
        'routes/todos.js',
        "list.get(Number(c.req.param('id')))",
        "{ ...list.get(Number(c.req.param('id'))), of: list.size > 0 }",
      );
      assert.equal(await get(`/todos/${first.id}`), { ...first, of: true });
      await edit('middleware/timed.js', '${ms.toFixed(1)} ms', 'less than ${Math.ceil(ms)} ms');
      assert.match((await fetch(`${it.url}/`)).headers.get('x-took') ?? '', /^less than \d+ ms$/);
      await edit('app.js', "c.text('todos')", "c.json({ see: '/todos' })");
      assert.equal(await get('/'), { see: '/todos' });
      // a new method, a new route that uses it, a new import
      await edit(
        'todo-list.js',
        '  open() {',
        '  finish(id) {\n    this.get(id).done = true;\n    return this.get(id);\n  }\n\n  open() {',
      );
      await edit(
        'routes/todos.js',
        "  .post('/', async",
        "  .put('/:id/done', (c) => c.json(list.finish(Number(c.req.param('id')))))\n  .post('/', async",
      );
      assert.is((await get(`/todos/${first.id}/done`, { method: 'PUT' })).done, true);
      it.program.write('version.js', "export const VERSION = '1.0';\n");
      await edit('app.js', 'import { todos }', "import { VERSION } from './version.js';\nimport { todos }");
      await edit('app.js', "  .get('/', ", "  .get('/version', (c) => c.json(VERSION))\n  .get('/', ");
      assert.is(await get('/version'), '1.0');
      await edit('version.js', '1.0', '1.1');
      assert.is(await get('/version'), '1.1');
      // a handler of the chain that was made anew, and a route that goes
      await edit('routes/todos.js', "{ message: 'a title, please' }", "{ message: `${'a title'}!` }");
      assert.equal(await get('/todos', JSON_BODY({})), { error: 'a title!' });
      await edit('app.js', "  .get('/version', (c) => c.json(VERSION))\n", '');
      assert.is(await it.status('/version'), 404);
      assert.is((await get(`/todos/${first.id}`)).title, 'mine');
      // back, and forth
      await it.rollback('app.js');
      assert.is(await get('/version'), '1.1');
      const broken = await refused('todo-list.js', 'no todo ${id}`', 'no todo ${id}');
      assert.match(broken, /todo-list\.js is not taken over; v1 runs on/);
      await edit('todo-list.js', 'no todo ${id}', 'there is no todo ${id}`');
      assert.equal(await get('/todos/0'), { error: 'there is no todo 0' });
    },
  ));

test('Koa: middleware factories with sessions, a table of routes', () =>
  serving(
    'koa',
    ['koa'],
    async (it) => {
      await ok(it, '/poll?name=load&for=tea', { method: 'POST' });
      await ok(it, '/');
    },
    async (it) => {
      const { edit, refused } = it;
      let cookie = '';
      const get = async (path: string, method = 'GET') => {
        const response = await fetch(it.url + path, { method, headers: { cookie } });
        cookie ||= response.headers.get('set-cookie')?.split(';')[0] ?? '';
        return (await response.json()) as any;
      };
      assert.equal(await get('/'), { visits: 1 });
      assert.equal(await get('/poll?name=mine&for=tea', 'POST'), { voted: 'tea' });
      await edit(
        'routes.js',
        '{ visits: ctx.session.visits }',
        '{ visits: ctx.session.visits, voted: ctx.session.voted }',
      );
      assert.equal(await get('/'), { visits: 3, voted: 'tea' });
      // the middleware that a factory made, with what it captured
      await edit(
        'middleware/session.js',
        'ctx.session.visits++;',
        'ctx.session.visits++;\n    ctx.session.of = sessions.size;\n    ctx.session.name = cookie;',
      );
      await edit(
        'routes.js',
        'voted: ctx.session.voted };\n  },\n  async',
        'many: ctx.session.of > 1, name: ctx.session.name };\n  },\n  async',
      );
      assert.equal(await get('/'), { visits: 4, many: true, name: 'sid' });
      // routes that come, change and go, in an object
      await edit(
        'routes.js',
        "  async 'GET /poll'",
        "  'GET /hello'(ctx) {\n    ctx.body = { hello: 1 };\n  },\n  async 'GET /poll'",
      );
      assert.equal(await get('/hello'), { hello: 1 });
      await edit('routes.js', '{ hello: 1 }', '{ hello: 2 }');
      assert.equal(await get('/hello'), { hello: 2 });
      await edit('routes.js', "  'GET /hello'(ctx) {\n    ctx.body = { hello: 2 };\n  },\n", '');
      assert.equal(await get('/hello'), { error: 'no /hello here' });
      // a method and a field for polls that exist, inline middleware, errors
      await edit(
        'services/polls.js',
        '  result() {',
        '  get winner() {\n    return [...this.#votes].sort(([, a], [, b]) => b - a)[0]?.[0];\n  }\n\n  result() {',
      );
      await edit(
        'services/polls.js',
        'return Object.fromEntries(this.#votes);',
        'return { name: this.name, winner: this.winner, ...Object.fromEntries(this.#votes) };',
      );
      assert.equal(await get('/poll?name=mine'), { name: 'mine', winner: 'tea', tea: 1 });
      await edit('app.js', 'no ${ctx.path} here', '${ctx.method} ${ctx.path}?');
      assert.equal(await get('/nowhere'), { error: 'GET /nowhere?' });
      await edit(
        'middleware/errors.js',
        '{ error: error.message }',
        '{ status: ctx.status, error: error.message }',
      );
      assert.equal(await get('/nowhere'), { status: 404, error: 'GET /nowhere?' });
      await it.rollback('middleware/errors.js');
      assert.equal(await get('/nowhere'), { error: 'GET /nowhere?' });
      const broken = await refused('routes.js', 'export const routes = {', 'export const routes = {{');
      assert.match(broken, /is not taken over/);
      await edit('routes.js', 'export const routes = {{', '// Of this process.\nexport const routes = {');
      assert.equal(await get('/'), { visits: 12, many: true, name: 'sid' });
    },
  ));

test('GraphQL Yoga: resolvers, a changed schema, a new field', () =>
  serving(
    'graphql',
    ['graphql', 'graphql-yoga'],
    async (it) => {
      const { data, errors } = await query(it, '{ books { id title author loans } me }');
      if (errors !== undefined || data.books.length < 3) throw new Error(JSON.stringify({ data, errors }));
    },
    async (it) => {
      const { edit, refused } = it;
      assert.is((await query(it, 'mutation { lend(id: "1") { loans } }')).data.lend.loans, 1);
      // resolvers: methods, arrows, in objects that the schema copied its fields from
      await edit(
        'schema/books.js',
        'title: (book) => book.title,',
        'title: (book) => book.title.toUpperCase(),',
      );
      await edit('schema/books.js', 'no book ${id}', 'there is no book ${id}');
      assert.is((await query(it, '{ book(id: "1") { title } }')).data.book.title, 'EMMA');
      assert.is(
        (await query(it, 'mutation { lend(id: "9") { loans } }')).errors[0].message,
        'there is no book 9',
      );
      await edit('schema/index.js', 'user }) => user,', 'user }) => `${user}!`,');
      assert.is((await query(it, '{ me }', 'ann')).data.me, 'ann!');
      // a method that is new, a resolver that is new, and its field in the schema
      await edit(
        'library.js',
        '  loansOf(book) {',
        '  readersOf(book) {\n    return new Set(this.loansOf(book)).size;\n  }\n\n  loansOf(book) {',
      );
      await edit(
        'schema/books.js',
        '  loans: (book)',
        '  readers: (book) => library.readersOf(book),\n  loans: (book)',
      );
      await edit(
        'schema/index.js',
        '      loans: Int!\n',
        '      loans: Int!\n      "Who has had it"\n      readers: Int!\n',
      );
      assert.equal((await query(it, '{ book(id: "1") { loans readers } }')).data.book, {
        loans: 1,
        readers: 1,
      });
      await edit(
        'schema/books.js',
        'readers: (book) => library.readersOf(book)',
        'readers: (book) => 100 + library.readersOf(book)',
      );
      assert.is((await query(it, '{ book(id: "1") { readers } }')).data.book.readers, 101);
      // a new query with a new file behind it
      it.program.write(
        'schema/search.js',
        "import { library } from '../library.js';\n\nexport const search = (_parent, { word }) => library.books.filter(({ title }) => title.includes(word));\n",
      );
      await edit(
        'schema/index.js',
        'import { Book,',
        "import { search } from './search.js';\nimport { Book,",
      );
      await edit(
        'schema/index.js',
        '      books(author',
        '      search(word: String!): [Book!]!\n      books(author',
      );
      await edit('schema/index.js', '...BookQuery }', 'search, ...BookQuery }');
      assert.equal((await query(it, '{ search(word: "Dra") { title } }')).data.search, [
        { title: 'DRACULA' },
      ]);
      await edit('schema/search.js', 'title.includes(word)', 'title.startsWith(word)');
      assert.equal((await query(it, '{ search(word: "mma") { title } }')).data.search, []);
      // a schema that is none, and its repair; then back to the one before the search
      const broken = await refused('schema/index.js', 'me: String!', 'me: Strung!');
      assert.match(broken, /schema\/index\.js is not taken over.*Unknown type "Strung"/s);
      assert.is((await query(it, '{ me }', 'ann')).data.me, 'ann!');
      await edit('schema/index.js', 'me: Strung!', 'me: String');
      assert.is(
        (await query(it, '{ __type(name: "Query") { fields { type { name } } } }')).data.__type.fields[0].type
          .name,
        'String',
      );
      await it.restore('schema/index.js', 2);
      assert.match(
        (await query(it, '{ search(word: "Dra") { title } }')).errors[0].message,
        /Cannot query field "search"/,
      );
      await edit('users.js', "return 'nobody'", "return 'a guest'");
      assert.is((await query(it, '{ me }')).data.me, 'a guest!');
      assert.is((await query(it, 'mutation { lend(id: "1") { loans } }')).data.lend.loans, 2);
    },
  ));

async function query(it: Serving, text: string, user?: string): Promise<any> {
  const response = await fetch(`${it.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(user && { authorization: `Bearer ${user}` }) },
    body: JSON.stringify({ query: text }),
  });
  return response.json();
}

test('ws: sockets that stay open, each with its own state', () =>
  serving('ws', ['ws'], undefined, async (it) => {
    const { edit, refused } = it;
    const ann = await socketTo(it, 'ann');
    const bob = await socketTo(it, 'bob');
    assert.equal(await ann.next('welcome'), { type: 'welcome', name: 'ann' });
    // load: every message comes back, whatever is saved meanwhile
    const noisy = await socketTo(it, 'noisy');
    let over = false;
    let sent = 0;
    const load = (async () => {
      while (!over) {
        noisy.send({ type: 'echo?', n: ++sent });
        await noisy.next('error');
      }
    })();
    load.catch(() => {}); // awaited below
    const says = async (text: string) => {
      ann.send({ type: 'say', text });
      const { type: _, ...said } = await bob.next('said');
      return said;
    };
    assert.equal(await says('hello'), { from: 'ann', text: 'hello', number: 1 });
    await edit('commands.js', 'LONGEST = 20', 'LONGEST = 5');
    assert.is((await says('hello, world')).text, 'hello…');
    await edit('commands.js', '`${text.slice(0, LONGEST)}…`', '`${text.slice(0, LONGEST)}...`');
    assert.is((await says('hello, world')).text, 'hello...');
    // a command that is new, with a new method of the room
    await edit(
      'rooms.js',
      '  broadcast(message) {',
      '  find(name) {\n    return [...this.#members].find((member) => member.name === name);\n  }\n\n  broadcast(message) {',
    );
    await edit(
      'commands.js',
      '  who: (',
      "  tell({ member, room }, { to, text }) {\n    room.find(to).send({ type: 'told', from: member.name, text });\n  },\n  who: (",
    );
    ann.send({ type: 'tell', to: 'bob', text: 'psst' });
    assert.equal(await bob.next('told'), { type: 'told', from: 'ann', text: 'psst' });
    await edit('commands.js', "type: 'told', from", "type: 'told', secret: true, from");
    ann.send({ type: 'tell', to: 'bob', text: 'psst' });
    assert.is((await bob.next('told')).secret, true);
    // the listener on sockets that are open, with the variables of its connection
    await edit(
      'connection.js',
      'message: `no ${type}` });',
      'message: `no ${type}, ${member.name}`, said });',
    );
    ann.send({ type: 'sing' });
    assert.equal(await ann.next('error'), { type: 'error', message: 'no sing, ann', said: 6 });
    await edit('connection.js', '    said++;', '    said += 10;');
    assert.is((await says('ten')).number, 16);
    await edit('server.js', '{ members: lobby.size }', '{ members: lobby.names() }');
    assert.equal((await it.get('/')).members, ['ann', 'bob', 'noisy']);
    // what no closure of a connection holds, those that are open cannot get: it is said, and new ones have it
    const deferred = it.line(/closures that exist keep their code: name is not captured/);
    await edit('connection.js', 'message: `no ${type}, ${member.name}`', 'message: `no ${type}, ${name}`');
    await deferred;
    await edit('connection.js', 'message: `no ${type}, ${name}`', 'message: `${member.name}: no ${type}`');
    ann.send({ type: 'sing' });
    assert.is((await ann.next('error')).message, 'ann: no sing');
    // a mistake that only a call shows, and the way back
    await edit(
      'connection.js',
      'said += 10;',
      "said = said + 1;\n    if (member.name === 'bob') send({ type: 'own', said });",
    );
    bob.send({ type: 'who' });
    assert.is((await bob.next('own')).said, 1);
    assert.equal((await bob.next('who')).names, ['ann', 'bob', 'noisy']);
    const broken = await refused('connection.js', "socket.on('close', ()", "socket.on('close' ()");
    assert.match(broken, /is not taken over/);
    await edit(
      'connection.js',
      "socket.on('close' () => lobby.leave(member))",
      "socket.on('close', () => {\n    lobby.leave(member);\n    lobby.broadcast({ type: 'left', name: member.name });\n  })",
    );
    await it.rollback('rooms.js');
    await it.restore('rooms.js', 1);
    over = true;
    await load;
    noisy.close();
    assert.is((await bob.next('left')).name, 'noisy');
    assert.is((await says('still here')).number, 27);
    assert.ok(sent > 20 && [ann, bob].every((one) => one.isOpen()));
    ann.close();
    bob.close();
  }));

async function socketTo(it: Serving, name: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${it.port}/?name=${name}`);
  const all: any[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data) => {
    all.push(JSON.parse(String(data)));
    for (const look of [...waiting]) look();
  });
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  return {
    send: (message: object) => socket.send(JSON.stringify(message)),
    close: () => socket.close(),
    isOpen: () => socket.readyState === WebSocket.OPEN,
    /** the next message of a type */
    next: (type: string) =>
      new Promise<any>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`no ${type} came, but ${JSON.stringify(all)}`)),
          10_000,
        );
        const look = () => {
          const at = all.findIndex((one) => one.type === type);
          if (at < 0) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(all.splice(at, 1)[0]);
        };
        waiting.add(look);
        look();
      }),
  };
}

test('A worker: jobs in flight, queues, timers that set themselves', () =>
  serving(
    'worker',
    [],
    async (it, n) => {
      await ok(it, `/mail?to=load${n % 3}`, { method: 'POST' });
    },
    async (it) => {
      const { edit, get, refused } = it;
      const mail = async (to: string, slow = 2): Promise<string> => {
        const from = it.said();
        const { id } = await get(`/mail?to=${to}&slow=${slow}`, { method: 'POST' });
        return (await it.line(new RegExp(`^mail ${id} (done|failed): `), from)).replace(/^.*?: /, '');
      };
      assert.is(await mail('ann'), 'Dear ann (1)');
      // a job in flight ends in the code that it began in; the next has the new code, and the state
      const { id } = await get('/mail?to=bob&slow=300', { method: 'POST' });
      const done = it.line(new RegExp(`^mail ${id} done: `));
      while ((await get('/mail')).active === 0);
      await edit('jobs/mail.js', '`${letter} (${sent.get(to)})`', '`${letter} [${sent.get(to)}]`');
      await edit('jobs/mail.js', 'Dear ${to}', 'Hello ${to}');
      assert.match(await done, /: Dear bob \(1\)$/);
      assert.is(await mail('ann'), 'Hello ann [2]');
      // a new import, a helper, a constant
      it.program.write('jobs/templates.js', "export const closing = 'Yours';\n");
      await edit(
        'jobs/mail.js',
        "import { setTimeout as sleep } from 'node:timers/promises';",
        "import { setTimeout as sleep } from 'node:timers/promises';\nimport { closing } from './templates.js';",
      );
      await edit('jobs/mail.js', 'Hello ${to}', 'Hello ${to}, ${closing}');
      await edit('jobs/templates.js', "'Yours'", "'Bye'");
      assert.is(await mail('ann'), 'Hello ann, Bye [3]');
      // timers: what they call, and how often
      await edit('schedule.js', 'callback(++ticks);', 'callback(`no. ${++ticks}`);');
      await it.line(/^report \d+ done: tick no\. \d+$/);
      await edit('schedule.js', 'PACE = 1', 'PACE = 10');
      await edit('jobs/report.js', '`tick ${tick}`', '`at ${tick}`');
      await it.line(/^report \d+ done: at no\. \d+$/);
      // the queue: private methods, new methods, retries of jobs that wait
      await edit(
        'jobs/mail.js',
        '  const letter = rendered(to);',
        "  if (to === 'nobody') throw new Error('no address');\n  const letter = rendered(to);",
      );
      assert.is(await mail('nobody'), 'no address');
      const { retried, failed } = await get('/mail');
      assert.equal([retried, failed], [2, 1]);
      await edit(
        'queue.js',
        '  #drain() {',
        '  get oldest() {\n    return this.#waiting[0]?.id;\n  }\n\n  #drain() {',
      );
      await edit(
        'queue.js',
        '...this.#counts };',
        '...this.#counts, oldest: this.oldest ?? null, name: this.name };',
      );
      assert.is((await get('/mail')).name, 'mail');
      await edit(
        'queue.js',
        "this.emit('failed', job, error);",
        "this.emit('failed', job, new Error(`${error.message} after ${job.attempt}`));",
      );
      assert.is(await mail('nobody'), 'no address after 3');
      await edit('server.js', 'failed: ${error.message}', 'failed: sorry, ${error.message}');
      assert.is(await mail('nobody'), 'sorry, no address after 3');
      const broken = await refused('queue.js', 'this.#waiting.shift()', 'this.#queued.shift()');
      assert.match(broken, /queue\.js is not taken over; v\d+ runs on/);
      await edit('queue.js', 'this.#queued.shift()', 'this.#waiting.pop()');
      assert.is(await mail('ann'), 'Hello ann, Bye [4]');
      await it.rollback('queue.js');
      const { completed, active } = await get('/mail');
      assert.ok(completed > 20 && active <= 4);
    },
  ));

test.run();
