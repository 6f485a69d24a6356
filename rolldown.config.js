/**
 * What is shipped: the modules that `tsc` checks, in a few files, since Node takes 0.5 to 1 ms for each file that it loads. In: the
 * entries, which are all that anything outside asks for by name; out: `lib/`, with what entries share once and in files of its
 * own, so that its state is one. The code stays readable: names and lines are kept.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';
import manifest from './package.json' with { type: 'json' };

const ENTRIES = [
  'api/index',
  'cli/hotswap',
  'cli/link',
  'loader/hooks',
  'loader/instrumenter',
  'loader/meta',
  'loader/register',
  'loader/typescript',
  'watch/thread',
  'watch/watch',
];

export default defineConfig({
  cwd: fileURLToPath(new URL('./', import.meta.url)),
  input: Object.fromEntries(ENTRIES.map((entry) => [entry, `./${entry}.ts`])),
  platform: 'node',
  external: [/^node:/, ...Object.keys(manifest.dependencies).map((name) => new RegExp(`^${name}(?:/|$)`))],
  treeshake: { moduleSideEffects: true },
  output: {
    dir: 'lib',
    entryFileNames: '[name].js',
    // Beside the entries of the loader, which are found from there.
    chunkFileNames: 'loader/[name].js',
    cleanDir: true,
    codeSplitting: {
      groups: [
        // Each with all that it imports and those before it do not: what every start needs, a text that is not in the cache, and an edit.
        {
          name: 'start',
          test: /[\\/]loader[\\/](?:load|texts|variants|live|builtins|compiled|crash|direct|ending|guard|sites|source)\.ts$/,
        },
        { name: 'instrumentation', test: /[\\/]loader[\\/](?:frame|instrument|maps)\.ts$/ },
        { name: 'editing', test: /[\\/]api[\\/]reload\.ts$/ },
      ],
    },
  },
});
