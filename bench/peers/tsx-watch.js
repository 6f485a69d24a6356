/** `tsx watch`: the process is started again. */
import hotswap from './hotswap.js';

export default {
  name: 'tsx watch',
  packages: ['tsx'],
  restarts: true,
  files: hotswap.files,
  args: ['node_modules/tsx/dist/cli.mjs', 'watch', 'main.mjs'],
};
