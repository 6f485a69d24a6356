/**
 * Four libraries from npm at their usual work. With the hooks and HOTSWAP_INCLUDE each of their functions is hot.
 * One piece of work is the same in both processes, and its result is checked by a hash of sorts: its size.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'acorn';
import { RegExpRouter } from 'hono/router/reg-exp-router';
import { SmartRouter } from 'hono/router/smart-router';
import { TrieRouter } from 'hono/router/trie-router';
import { marked } from 'marked';
import { z } from 'zod';
import { median } from '../harness.js';
import { serve, time } from './serve.js';

const located = (path) => new URL(`../../node_modules/${path}`, import.meta.url);
const read = (path) => readFileSync(located(path), 'utf8');

// Many texts rather than a long one: what it leaves of 5 MB a time would fall into step with V8's scavenges of 14 MB, and the step,
// not the code, would decide how much each of them copies.
const sources = ['hono/dist/router', 'hono/dist/utils']
  .flatMap((folder) =>
    readdirSync(located(folder), { recursive: true })
      .filter((name) => name.endsWith('.js'))
      .map((name) => `${folder}/${name}`),
  )
  .map(read);

const texts = ['acorn', 'hono', 'marked', 'zod'].map((name) => read(`${name}/README.md`));

const Order = z.object({
  id: z.string().min(3),
  at: z.iso.datetime(),
  email: z.email(),
  paid: z.boolean().optional(),
  state: z.enum(['open', 'sent', 'done']),
  lines: z.array(
    z.object({
      sku: z.string().regex(/^[A-Z]+-\d+$/),
      count: z.number().int().positive(),
      price: z.number(),
    }),
  ),
  notes: z.record(z.string(), z.union([z.string(), z.number()])),
});
const orders = Array.from({ length: 20 }, (_, i) => ({
  id: `order-${i}`,
  at: '2025-01-02T03:04:05Z',
  email: `person${i}@example.org`,
  paid: i % 2 === 0,
  state: ['open', 'sent', 'done'][i % 3],
  lines: Array.from({ length: 5 }, (_, k) => ({ sku: `ABC-${k}`, count: k + 1, price: k * 1.5 })),
  notes: { a: 'one', b: i },
}));

const routes = [
  ['GET', '/user'],
  ['GET', '/user/comments'],
  ['GET', '/user/avatar'],
  ['GET', '/user/lookup/username/:username'],
  ['GET', '/user/lookup/email/:address'],
  ['GET', '/event/:id'],
  ['GET', '/event/:id/comments'],
  ['POST', '/event/:id/comments'],
  ['POST', '/status'],
  ['GET', '/very/deeply/nested/route/hello/there'],
  ['GET', '/static/*'],
];
const requests = [
  ['GET', '/user'],
  ['GET', '/user/comments'],
  ['GET', '/user/lookup/username/hey'],
  ['GET', '/event/abcd1234/comments'],
  ['POST', '/event/abcd1234/comments'],
  ['GET', '/very/deeply/nested/route/hello/there'],
  ['GET', '/static/index.html'],
];
const filled = (router) => {
  routes.forEach(([method, path]) => {
    router.add(method, path, () => path);
  });
  return router;
};
const smart = filled(new SmartRouter({ routers: [new RegExpRouter(), new TrieRouter()] }));
const trie = filled(new TrieRouter());

const total = (all, measure) => all.reduce((sum, one) => sum + measure(one), 0);

const works = {
  "acorn parses hono's modules": () =>
    total(sources, (source) => parse(source, { ecmaVersion: 2022, sourceType: 'module' }).body.length),
  'marked renders four READMEs': () => total(texts, (text) => marked.parse(text).length),
  'zod parses 20 orders': () => total(orders, (order) => Order.parse(order).lines.length),
  "hono's routers match 7 paths": () => {
    let found = 0;
    for (const [method, path] of requests)
      found += smart.match(method, path)[0].length + trie.match(method, path)[0].length;
    return found;
  },
};

serve({
  names: () => Object.keys(works),
  result: (name) => works[name](),
  time: (name, n) =>
    time((count) => {
      for (let i = 0; i < count; i++) works[name]();
    }, n),
  /** bytes that a piece of work allocates, once it has been done for so many milliseconds */
  allocated(name, ms) {
    const { heapUsed } = process.memoryUsage();
    works[name]();
    const pieces = Math.max(1, Math.floor(2 ** 23 / Math.max(1, process.memoryUsage().heapUsed - heapUsed)));
    const samples = [];
    for (const end = performance.now() + ms; performance.now() < end || samples.length === 0; ) {
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < pieces; i++) works[name]();
      const grown = process.memoryUsage().heapUsed - before;
      if (grown > 0) samples.push(grown / pieces); // less where garbage was collected meanwhile
    }
    return median(samples.slice(-30));
  },
  /** prefix and text of each library module that came through the hooks */
  instrumented() {
    const registry = globalThis[Symbol.for('hotswap')];
    registry.receive();
    return [...registry.modules.values()]
      .filter(({ url }) => url.includes('/node_modules/'))
      .map(({ url, prefix, base }) => ({ url, prefix, base }));
  },
});
