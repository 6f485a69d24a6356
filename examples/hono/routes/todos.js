import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { TodoList } from '../todo-list.js';

const list = new TodoList();

export const todos = new Hono()
  .basePath('/todos')
  .get('/', (c) => c.json({ todos: list.size, open: list.open().length }))
  .get('/:id', (c) => c.json(list.get(Number(c.req.param('id')))))
  .post('/', async (c) => {
    const { title } = await c.req.json();
    if (!title) throw new HTTPException(400, { message: 'a title, please' });
    return c.json(list.add(title), 201);
  })
  .onError((error, c) => c.json({ error: error.message }, error.status ?? 404));
