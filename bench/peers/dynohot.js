/** dynohot, by "Swappable middleware" of its README: the entry accepts the application and swaps its handler. */
const flags = ['--import', 'dynohot/register'];

export default {
  name: 'dynohot',
  packages: ['dynohot'],
  flags,
  restarts: false,
  files: {
    'main.mjs': `import { answer } from './answer.mjs';
import { handle } from './app.mjs';
let current = handle;
import.meta.hot.accept('./app.mjs', () => {
  current = handle;
});
answer(() => current(), handle);
`,
  },
  args: [...flags, 'main.mjs'],
};
