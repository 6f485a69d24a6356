/** Figure 5: what an edit leaves behind, against what importing a module anew leaves behind in plain Node. */
import { join } from 'node:path';
import { start } from './harness.js';
import { writeModule } from './modules.js';

export const title = 'kept by each of many distinct edits, after gc, texts on disk';

export async function measure({ kept, directory }) {
  const url = writeModule(join(directory, 'kept.mjs'), 5000);
  const flags = ['--expose-gc'];
  const plain = await start('edits', { hot: false, args: [url], flags });
  const imported = await plain.ask('kept', 'import', kept);
  await plain.close();
  const env = { HOTSWAP_CACHE_DIR: join(directory, 'kept-versions') };
  const hot = await start('edits', { hot: true, args: [url], flags, env });
  const rewritten = await hot.ask('kept', 'rewrite', kept);
  await hot.close();
  const row = (name, key) => ({
    name,
    plain: imported[key],
    hot: rewritten[key],
    unit: 'bytes',
    ratio: rewritten[key] / imported[key],
  });
  return [
    { ...row(`heap a rewrite (${kept} of them)`, 'heap'), target: { hot: 300, says: '< 300 bytes' } },
    row('resident memory a rewrite', 'rss'),
  ];
}
