/** Vite's own module runner with HMR, as its guide to the environment API sets it up, server and runner in one process. */
import viteNode from './vite-node.js';

export default {
  name: "vite's module runner",
  packages: ['vite'],
  restarts: false,
  files: {
    ...viteNode.files,
    'host.mjs': `import { createServer, createServerModuleRunner } from 'vite';
const server = await createServer({ root: import.meta.dirname, appType: 'custom', server: { middlewareMode: true } });
const runner = createServerModuleRunner(server.environments.ssr);
await runner.import('/main.mjs');
`,
  },
  args: ['host.mjs'],
};
