/**
 * A program whose one module of 5 KB is changed again and again: by `rewrite`, `rollback` and `restore` with the hooks,
 * by importing it anew (`?v=n`) without. The module's URL is the program's argument.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { serve } from './serve.js';

const url = process.argv[2];
const live = await import(url);
const hot = globalThis[Symbol.for('hotswap')] !== undefined;
const { rewrite, rollback, restore } = hot ? await import('hotswap') : {};
const text = readFileSync(new URL(url), 'utf8');
let made = 0;

const elapsed = async (change) => {
  const start = performance.now();
  await change();
  return performance.now() - start;
};

const body = (n) => `function price(item) {
  const base = item.cost * ${n} + item.tax;
  return item.count > 10 ? base * 0.9 : base;
}`;

async function rewriteOnce() {
  const n = ++made;
  const ms = await elapsed(() => rewrite({ module: url, path: 'price' }, body(n)));
  if (live.price({ cost: 1, tax: 0, count: 1 }) !== n) throw new Error('the new code does not run');
  return ms;
}

async function importOnce() {
  const n = ++made;
  return elapsed(() => import(`${url}?v=${n}`));
}

/** Collected often enough that V8 has also let go of code that has not run for some collections. */
async function memory() {
  for (let i = 0; i < 10; i++) {
    await new Promise((done) => setTimeout(done, 20));
    globalThis.gc();
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss };
}

serve({
  rewrite: rewriteOnce,
  import: importOnce,
  /** what the disk takes for the one file that an edit makes */
  file: () => elapsed(() => writeFileSync(new URL(`new-file-${++made}.mjs`, url), text)),
  rollback: () => elapsed(() => rollback(url)),
  restore: (number) => elapsed(() => restore(url, number)),
  /** bytes kept by each of n changes, after garbage collection, once as many have warmed V8's own caches and code */
  async kept(kind, n) {
    const change = kind === 'rewrite' ? rewriteOnce : importOnce;
    for (let i = 0; i < (kind === 'rewrite' ? n : 200); i++) await change();
    const before = await memory();
    for (let i = 0; i < n; i++) await change();
    const after = await memory();
    return { heap: (after.heap - before.heap) / n, rss: (after.rss - before.rss) / n };
  },
});
