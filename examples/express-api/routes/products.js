import { Router } from 'express';
import { catalog } from '../services/catalog.js';

const CURRENCY = 'EUR';

export const productRoutes = Router();

productRoutes.get('/', (_req, res) => {
  res.json(catalog.all().map(shown));
});

productRoutes.get('/:name', (req, res) => {
  const product = catalog.find(req.params.name);
  res.json(shown(product));
});

function shown({ name, price }) {
  return { name, price, currency: CURRENCY };
}
