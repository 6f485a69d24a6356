/** hot-hook, by its README: the application is a boundary, and the server imports it anew for each request. */
const flags = ['--import', 'hot-hook/register'];

export default {
  name: 'hot-hook',
  packages: ['hot-hook'],
  flags,
  restarts: false,
  files: {
    'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./app.mjs'] } }),
    'main.mjs': `import { answer } from './answer.mjs';
const { handle } = await import('./app.mjs');
answer(async () => (await import('./app.mjs')).handle(), handle);
`,
  },
  args: [...flags, 'main.mjs'],
};
