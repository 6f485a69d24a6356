/** Figure 7: what each of many loaded modules takes in memory while nothing is edited. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { start } from './harness.js';
import { writeProgram } from './modules.js';

export const title = 'a module of 4 KB that is loaded and never edited, warm cache, after gc';

/**
 * Hot is compared with plain per module: what Node and the hooks take without any module, the parser above all, is
 * taken off each. Node keeps the text that runs; the hooks keep the author's too, and a cell and its name a function.
 */
export async function measure({ counts, directory }) {
  const cache = join(directory, 'heap-cache');
  const once = async (hot, what, file) => {
    const args = file === undefined ? [] : [pathToFileURL(file).href];
    const process = await start('heap', {
      hot,
      args,
      flags: ['--expose-gc'],
      env: { HOTSWAP_CACHE_DIR: cache },
    });
    const bytes = await process.ask('memory', what);
    await process.close();
    return bytes;
  };
  const each = async (hot, what, file, count) =>
    ((await once(hot, what, file)) - (await once(hot, what))) / count;
  const rows = [];
  for (const count of counts) {
    const file = writeProgram(join(directory, `heap${count}`), count, 4000);
    await once(true, 'rss', file); // fills the cache
    for (const [what, name] of [
      ['heap', 'heap'],
      ['rss', 'resident memory'],
    ]) {
      const plain = await each(false, what, file, count);
      const hot = await each(true, what, file, count);
      const note = `+${Math.round(hot - plain)}`;
      rows.push({
        name: `${name} a module, of ${count}`,
        plain,
        hot,
        unit: 'bytes',
        ratio: hot / plain,
        note,
      });
    }
  }
  return rows;
}
