/** `node --watch`: the process is started again. */
import hotswap from './hotswap.js';

export default {
  name: 'node --watch',
  packages: [],
  restarts: true,
  files: hotswap.files,
  args: ['--watch', 'main.mjs'],
};
