import { serve } from '@hono/node-server';
import { app } from './app.js';

// `app` is looked up at each request: when a route comes or goes, it is another object.
serve(
  {
    fetch: (request, env) => app.fetch(request, env),
    port: Number(process.env.PORT ?? 3000),
    hostname: '127.0.0.1',
  },
  ({ port }) => console.log(`listening on ${port}`),
);
