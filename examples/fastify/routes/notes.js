const BODY = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string' } },
};

export async function noteRoutes(app, { limit }) {
  const isFull = () => app.notes.list().length >= limit;

  app.addHook('preHandler', async (request, reply) => {
    reply.header('x-notes', summary(request));
  });

  app.get('/', async (request) => ({ count: app.notes.list().length, number: request.number }));

  app.get('/last', async () => ({ last: app.notes.list().at(-1) }));

  app.post('/', { schema: { body: BODY } }, async (request, reply) => {
    if (isFull()) return reply.code(507).send({ error: `no more than ${limit} notes` });
    return { number: app.notes.add(request.body.text) };
  });
}

function summary(request) {
  return `request ${request.number}`;
}
