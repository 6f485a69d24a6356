/**
 * A program whose one module of 5 KB is changed again and again: by `rewrite`, `rollback` and `restore` with the hooks,
 * by importing it anew (`?v=n`) without. Arguments: the module's URL, and those of programs that are loaded before it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { elapsed, memory, serve } from './serve.js';

const [url, ...others] = process.argv.slice(2);
for (const other of others) await import(other);
const live = await import(url);
const hot = globalThis[Symbol.for('hotswap')] !== undefined;
const { rewrite, rollback, restore, transaction } = hot ? await import('hotswap') : {};
const text = readFileSync(new URL(url), 'utf8');
/** number of the newest edit; 2 is the module's own text */
let made = 2;

const body = (n) => `function price(item) {
  const base = item.cost * ${n} + item.tax;
  return item.count > 10 ? base * 0.9 : base;
}`;

async function rewriteOnce() {
  const n = ++made;
  const ms = await elapsed(() => rewrite({ module: url, path: 'price' }, body(n)));
  check(n);
  return ms;
}

/** The part of an edit that carries out what is prepared, the new function's evaluation and its publication among it. */
async function concludeOnce() {
  const n = ++made;
  const ms = await afterwards(() => rewrite({ module: url, path: 'price' }, body(n)));
  check(n);
  return ms;
}

/** The same of a plan whose functions are made: version `newest` comes back. */
async function applyOnce(newest) {
  await rollback(url);
  return afterwards(() => restore(url, newest));
}

/** Milliseconds that a transaction takes from the end of its callback. */
async function afterwards(edit) {
  let start;
  await transaction(async () => {
    await edit();
    start = performance.now();
  });
  return performance.now() - start;
}

function check(n) {
  if (live.price({ cost: 1, tax: 0, count: 1 }) !== n) throw new Error('the new code does not run');
}

async function importOnce() {
  const n = ++made;
  return elapsed(() => import(`${url}?v=${n}`));
}

serve({
  rewrite: rewriteOnce,
  conclude: concludeOnce,
  apply: applyOnce,
  import: importOnce,
  /** what the disk takes for the one file that an edit makes */
  file: () => elapsed(() => writeFileSync(new URL(`new-file-${++made}.mjs`, url), text)),
  rollback: () => elapsed(() => rollback(url)),
  /** milliseconds of one of so many rollbacks and restores of version `newest` */
  async backAndForth(times, newest) {
    const all = await elapsed(async () => {
      for (let i = 0; i < times; i++) {
        await rollback(url);
        await restore(url, newest);
      }
    });
    return all / (2 * times);
  },
  /** bytes kept by each of n changes, after garbage collection, once twice as many have warmed V8's own caches and code */
  async kept(kind, n, what) {
    const change = kind === 'rewrite' ? rewriteOnce : importOnce;
    for (let i = 0; i < (kind === 'rewrite' ? 2 * n : 200); i++) await change();
    const before = await memory(what);
    for (let i = 0; i < n; i++) await change();
    return ((await memory(what)) - before) / n;
  },
});
