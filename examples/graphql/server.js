import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { schema } from './schema/index.js';
import { users } from './users.js';

const yoga = createYoga({
  schema: () => schema, // as it is at each request, not as it was at the start
  context: ({ request }) => ({ user: users.of(request.headers.get('authorization')) }),
  logging: false,
});

const server = createServer(yoga);
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
