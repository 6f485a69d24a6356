// An ordinary Express server. It knows nothing of hotswap; its state is the counter and the shop in memory.
import express from 'express';
import { Shop } from './shop.js';

const shop = new Shop([
  { name: 'tea', cost: 3 },
  { name: 'cup', cost: 8 },
]);
let served = 0;

export function price(req, res) {
  served++;
  const item = shop.find(req.params.item);
  res.json({ item: item.name, price: shop.price(item), served });
}

const app = express();
app.get('/price/:item', price); // captured here, once, for as long as the process lives

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = server.address();
  console.log(`listening on ${port}`);
  process.send?.({ port });
});
