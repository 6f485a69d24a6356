/** Figure 4: how long an edit takes, against importing the same module of 5 KB anew in plain Node. */
import { join } from 'node:path';
import { median, spread, start } from './harness.js';
import { writeModule } from './modules.js';

export const title = 'an edit of a 5 KB module, against import("x?v=n")';

export async function measure({ pairs, edits, directory }) {
  const url = writeModule(join(directory, 'edited.mjs'), 5000);
  const rows = {
    'rewrite, versions on disk': { question: 'rewrite', disk: true, target: 2 },
    'rewrite, versions in memory': { question: 'rewrite', disk: false, target: 2 },
    'rollback and restore, on disk': { question: 'back', disk: true },
    'rollback and restore, in memory (apply a plan)': { question: 'back', disk: false, target: 0.1 },
  };
  const results = [];
  const all = Object.entries(rows).map(([name, row]) => ({ name, ...row, plain: [], hot: [], ratios: [] }));
  for (let i = 0; i < pairs; i++) {
    const plain = await start('edits', { hot: false, args: [url] });
    const open = (env) => start('edits', { hot: true, args: [url], env });
    const inMemory = await open({});
    const onDisk = await open({ HOTSWAP_CACHE_DIR: join(directory, `versions${i}`) });
    for (const row of all) {
      const process = row.disk ? onDisk : inMemory;
      const times = { plain: [], hot: [] };
      for (let n = 0; n < edits + WARM_UP; n++) {
        const one = await plain.ask('import');
        const other =
          row.question === 'rewrite'
            ? await process.ask('rewrite')
            : n % 2 === 0
              ? await process.ask('rollback')
              : await process.ask('restore', 2 * (edits + WARM_UP) > 0 ? edits + WARM_UP : 0);
        if (n < WARM_UP) continue;
        times.plain.push(one);
        times.hot.push(other);
      }
      row.plain.push(median(times.plain));
      row.hot.push(median(times.hot));
      row.ratios.push(median(times.hot) / median(times.plain));
    }
    await plain.close();
    await inMemory.close();
    await onDisk.close();
  }
  for (const { name, plain, hot, ratios, target } of all) {
    results.push({
      name,
      plain: median(plain),
      hot: median(hot),
      unit: 'ms',
      ...spread(ratios),
      ...(target === undefined ? {} : { target: { hot: target, says: `< ${target} ms` } }),
    });
  }
  return results;
}

const WARM_UP = 30;
