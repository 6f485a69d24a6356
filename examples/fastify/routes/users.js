import { Users } from '../users.js';

export async function userRoutes(app) {
  const users = new Users();
  users.join('ann');

  app.get('/:name', async ({ params }) => users.profile(params.name));
}
