import Koa from 'koa';
import { errors } from './middleware/errors.js';
import { session } from './middleware/session.js';
import { routes } from './routes.js';

export const app = new Koa();
app.keys = ['keep this to yourself'];

app.use(errors);
app.use(session({ cookie: 'sid', seconds: 3600 }));
app.use(async (ctx) => {
  const handler = routes[`${ctx.method} ${ctx.path}`];
  ctx.assert(handler, 404, `no ${ctx.path} here`);
  await handler(ctx);
});
