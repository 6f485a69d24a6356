/**
 * A program that is at work, turn after turn of its event loop, while its one module is changed: by `rewrite` and `reload` with the hooks, by importing
 * it anew (`?v=n`) without. Each question is answered with the longest turn, in milliseconds. Arguments: the module's URL.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { serve } from './serve.js';

const [url] = process.argv.slice(2);
const live = await import(url);
const hot = globalThis[Symbol.for('hotswap')] !== undefined;
const { rewrite, reload } = hot ? await import('hotswap') : {};
const file = new URL(url);
let text = readFileSync(file, 'utf8');
let made = 2;

/** The longest turn of the event loop while something is done, and until what it leaves behind has run. */
async function longestTurn(work) {
  let [last, longest, isOver] = [performance.now(), 0, false];
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  isOver = true;
  return longest;
}

serve({
  rewrite() {
    const n = ++made;
    return longestTurn(() =>
      rewrite({ module: url, path: 'price' }, `function price(item) { return item.cost * ${n}; }`),
    );
  },
  async reload() {
    const n = ++made;
    text = text
      .replace(/const seed = \d+;/, `const seed = 0;`)
      .replace(/item\.cost \* \d+/, `item.cost * ${n}`);
    writeFileSync(file, text);
    const longest = await longestTurn(() => reload(url));
    if (live.price({ cost: 1, tax: 0, count: 1 }) !== n) throw new Error('the new code does not run');
    return longest;
  },
  import() {
    return longestTurn(() => import(`${url}?v=${++made}`));
  },
  memory: () => process.memoryUsage.rss() / 2 ** 20,
});
