/**
 * Calls of a function of another module, imported as people import, in a tight loop: through whatever a tool has put between the
 * two. With the hooks it can be replaced, or wrapped as a tracer would.
 */
import { price } from './priced.js';
import { serve, timeThousands } from './serve.js';

function calls(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = price(sum, i);
  return sum;
}

const target = { module: new URL('./priced.js', import.meta.url).href, path: 'price' };

serve({
  names: () => ['imported function'],
  time: (_name, n) => timeThousands(calls, n),
  /** twice, since V8 takes a variable that was written once for a constant */
  async rewrite() {
    const { rewrite } = await import('hotswap');
    for (const by of [2, 1])
      await rewrite(target, `function price(cost, tax) { return ((cost ^ tax) + ${by}) | 0; }`);
  },
  async wrap() {
    const { around } = await import('hotswap');
    await around(target, (next, ...args) => next(...args));
  },
});
