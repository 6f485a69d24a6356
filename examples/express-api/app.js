// The shop's HTTP interface: middleware and routers, put together once.
import express from 'express';
import { notFound, onError } from './middleware/errors.js';
import { counted } from './middleware/stats.js';
import { cartRoutes } from './routes/carts.js';
import { productRoutes } from './routes/products.js';

export const app = express();

app.use(express.json());
app.use(counted);
app.use('/products', productRoutes);
app.use('/carts', cartRoutes);
app.use(notFound);
app.use(onError);
