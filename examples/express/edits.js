// Preloaded into the server's process by the demo, beside it and not in it: takes an edit over IPC, applies it, and
// answers with the version that came of it. Any way in would do: a REPL, an admin route, an agent.
import { fileURLToPath } from 'node:url';
import { code, inject, rewrite, rollback } from 'hotswap';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

const STEPS = {
  rewrite: () =>
    rewrite(
      `${file('server.js')}#price`,
      `(req, res) => {
        served++;
        const item = shop.find(req.params.item);
        res.json({ item: item.name, price: shop.price(item) * 1.5, currency: 'EUR', served });
      }`,
    ),
  injectFirst: () =>
    inject(`${file('server.js')}#price`, "() => console.log('asked for', req.params.item)", { at: 0 }),
  injectLast: () =>
    inject(`${file('server.js')}#price`, "() => console.log('answered', served)", { at: 'end' }),
  rollback: () => rollback(file('server.js')),
  patchMethod: () =>
    rewrite(
      `${file('shop.js')}#Shop.prototype.price`,
      'price(item) { return this.#items.size * 100 + item.cost; }', // the new code sees the live instance's #items
    ),
};

process.on('message', async (step) => {
  const version = await STEPS[step]();
  process.send({
    step,
    version,
    code: version.module.endsWith('server.js') ? code(`${file('server.js')}#price`) : undefined,
  });
});
process.channel?.unref();
