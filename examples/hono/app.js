import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { timed } from './middleware/timed.js';
import { todos } from './routes/todos.js';

// One chain, as Hono's RPC client wants it, is one expression: a changed chain is evaluated anew, as a whole.
export const app = new Hono()
  .use(timed({ header: 'x-took' }))
  .get('/', (c) => c.text('todos'))
  // Each request asks for the routes as they are now; `.route('/todos', todos)` would copy them here.
  .all('/todos/*', (c) => todos.fetch(c.req.raw, c.env))
  .onError((error, c) =>
    error instanceof HTTPException
      ? c.json({ error: error.message }, error.status)
      : c.json({ error: 'sorry' }, 500),
  );
