/**
 * The types that are shipped, beside the code: those of the public entries, each with all that it mentions in one file, so that a
 * program that uses them reads nothing that is ours alone. In: what `tsc` has declared in `dist/`; out: `lib/**` `.d.ts`.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

const ENTRIES = ['api/index', 'loader/meta', 'loader/register'];

export default defineConfig({
  cwd: fileURLToPath(new URL('./', import.meta.url)),
  input: Object.fromEntries(ENTRIES.map((entry) => [entry, `./dist/${entry}.d.ts`])),
  external: [/^[^./]/],
  plugins: dts({ dtsInput: true }),
  output: { dir: 'lib' },
});
