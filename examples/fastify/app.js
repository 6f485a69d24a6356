// Puts the plugins together. Fastify fixes its routes when it starts; what they do can change at any time.
import Fastify from 'fastify';
import { store } from './plugins/store.js';
import { noteRoutes } from './routes/notes.js';
import { userRoutes } from './routes/users.js';

export async function buildApp(options) {
  const app = Fastify(options);
  let served = 0;

  app.addHook('onRequest', async (request) => {
    served++;
    request.number = served;
  });

  app.setErrorHandler((error, _request, reply) => {
    reply.code(error.statusCode ?? 500).send({ error: error.message });
  });

  await app.register(store, { greeting: 'note' });
  await app.register(noteRoutes, { prefix: '/notes', limit: 100000 });
  await app.register(userRoutes, { prefix: '/users' });
  return app;
}
