/** Figure 5: what an edit leaves behind, against what importing a module anew leaves behind in plain Node. */
import { join } from 'node:path';
import { median, start } from './harness.js';
import { writeModule } from './modules.js';

export const title = 'kept by each of many distinct edits, after gc, texts on disk';

export async function measure({ kept, directory }) {
  const url = writeModule(join(directory, 'kept.mjs'), 5000);
  let processes = 0;
  const once = async (hot, what) => {
    const env = hot ? { HOTSWAP_CACHE_DIR: join(directory, `kept-versions${processes++}`) } : {};
    const process = await start('edits', { hot, args: [url], flags: ['--expose-gc'], env });
    const bytes = await process.ask('kept', hot ? 'rewrite' : 'import', kept, what);
    await process.close();
    return bytes;
  };
  const row = (name, plain, hot) => ({ name, plain, hot, unit: 'bytes', ratio: hot / plain });
  // V8 makes machine code of the editing itself meanwhile, more in one process than in the next: the middle of three.
  const heap = [await once(true, 'heap'), await once(true, 'heap'), await once(true, 'heap')];
  return [
    {
      ...row(`heap a rewrite (${kept} of them)`, await once(false, 'heap'), median(heap)),
      target: { hot: 300, says: '< 300 bytes' },
    },
    row('resident memory a rewrite', await once(false, 'rss'), await once(true, 'rss')),
  ];
}
