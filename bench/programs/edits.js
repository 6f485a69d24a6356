/**
 * A program whose one module of 5 KB is changed again and again: by `rewrite`, `rollback` and `restore` with the hooks,
 * by importing it anew (`?v=n`) without. The module's URL is the program's argument.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { memory, serve } from './serve.js';

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

serve({
  rewrite: rewriteOnce,
  import: importOnce,
  /** what the disk takes for the one file that an edit makes */
  file: () => elapsed(() => writeFileSync(new URL(`new-file-${++made}.mjs`, url), text)),
  rollback: () => elapsed(() => rollback(url)),
  restore: (number) => elapsed(() => restore(url, number)),
  /** bytes kept by each of n changes, after garbage collection, once half as many have warmed V8's own caches and code */
  async kept(kind, n, what) {
    const change = kind === 'rewrite' ? rewriteOnce : importOnce;
    for (let i = 0; i < (kind === 'rewrite' ? n / 2 : 200); i++) await change();
    const before = await memory(what);
    for (let i = 0; i < n; i++) await change();
    return ((await memory(what)) - before) / n;
  },
});
