/** This package: `hotswap run`, with every setting as it comes. The program needs no line for it. */
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../lib/cli/hotswap.js', import.meta.url));

export default {
  name: 'hotswap',
  packages: [],
  restarts: false,
  files: {
    'main.mjs': `import { answer } from './answer.mjs';
import { handle } from './app.mjs';
answer(handle, handle);
`,
  },
  args: [command, 'run', 'main.mjs'],
};
