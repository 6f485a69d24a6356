// Real projects, edited by saving their files while they serve: every change is live, no request fails, state stays.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
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
      const { edit, get } = it;
      await ok(it, '/carts/mine', JSON_BODY({ name: 'tea' }));
      // a constant, a helper, a handler
      await edit('routes/products.js', "'EUR'", "'USD'");
      assert.is((await get('/products/tea')).currency, 'USD');
      await edit('routes/products.js', '{ name, price, currency: CURRENCY }', '{ name, price, currency: CURRENCY, taxed: price * 2 }');
      assert.is((await get('/products'))[1].taxed, 16);
      await edit('routes/carts.js', '{ items: req.cart.length, total: total(req.cart) }', '{ items: req.cart.length, total: total(req.cart), of: req.params.id }');
      assert.equal(await get('/carts/mine'), { items: 1, total: 3, of: 'mine' });
      // a new file, imported
      it.program.write('services/discount.js', 'export const discounted = (n) => n * 0.5;\n');
      await edit('routes/carts.js', "import { catalog } from '../services/catalog.js';", "import { catalog } from '../services/catalog.js';\nimport { discounted } from '../services/discount.js';");
      await edit('routes/carts.js', 'sum + price, 0)', 'sum + discounted(price), 0)');
      assert.is((await get('/carts/mine')).total, 1.5);
      await edit('services/discount.js', '0.5', '0.1');
      assert.is((await get('/carts/mine')).total.toFixed(1), '0.3');
      // a new method on the live instance, and a route that uses it
      await edit('services/catalog.js', '  get sold() {', '  get left() {\n    return [...this.#products.values()].map(({ name, stock }) => name + (stock < 1000000 ? " sells" : ""));\n  }\n\n  get sold() {');
      await edit('routes/products.js', "productRoutes.get('/:name'", "productRoutes.get('/-/left', (_req, res) => {\n  res.json({ left: catalog.left, sold: catalog.sold > 0 });\n});\n\nproductRoutes.get('/:name'");
      assert.equal(await get('/products/-/left'), { left: ['tea sells', 'cup sells'], sold: true });
      // middleware
      await edit('middleware/stats.js', "String(requests)", "'#' + requests");
      const header = (await fetch(`${it.url}/products`)).headers.get('x-request') ?? '';
      assert.ok(Number(header.slice(1)) > 10, header);
      await edit('middleware/errors.js', 'no ${req.path} here', 'nothing at ${req.path}');
      assert.equal(await get('/nowhere'), { error: 'nothing at /nowhere' });
      // a mistake, and its repair
      const broken = await edit('routes/products.js', 'price * 2', 'price * ');
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

test.run();
