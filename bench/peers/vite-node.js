/** vite-node with its HMR: `--watch`, and the entry accepts the application. */
export default {
  name: 'vite-node',
  packages: ['vite', 'vite-node'],
  restarts: false,
  files: {
    'main.mjs': `import { answer } from './answer.mjs';
import { handle } from './app.mjs';
let current = handle;
import.meta.hot.accept('./app.mjs', (app) => {
  if (app) current = app.handle;
});
answer(() => current(), handle);
`,
  },
  args: ['node_modules/vite-node/dist/cli.mjs', '--watch', 'main.mjs'],
};
