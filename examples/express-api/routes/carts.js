import { Router } from 'express';
import { catalog } from '../services/catalog.js';

const carts = new Map();

export const cartRoutes = Router();

cartRoutes.param('id', (req, _res, next, id) => {
  if (!carts.has(id)) carts.set(id, []);
  req.cart = carts.get(id);
  next();
});

cartRoutes
  .route('/:id')
  .get((req, res) => {
    res.json({ items: req.cart.length, total: total(req.cart) });
  })
  .post(async (req, res) => {
    req.cart.push(catalog.find(req.body.name));
    await catalog.take(req.body.name);
    res.status(201).json({ items: req.cart.length });
  });

const total = (items) => items.reduce((sum, { price }) => sum + price, 0);
