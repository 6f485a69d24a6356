/** Figure 4: how long an edit takes, against importing the same module of 5 KB anew in plain Node. */
import { join } from 'node:path';
import { median, spread, start } from './harness.js';
import { writeModule } from './modules.js';

export const title = 'an edit of a 5 KB module, against import("x?v=n")';

export async function measure({ pairs, edits, directory }) {
  const url = writeModule(join(directory, 'edited.mjs'), 5000);
  const cases = [
    { name: 'rewrite, versions in memory', disk: false, ask: (to) => to.ask('rewrite'), target: 2 },
    { name: 'rewrite, versions on disk', disk: true, ask: (to) => to.ask('rewrite'), target: 2 },
    { name: 'its last step: new code is evaluated and runs', disk: false, ask: (to) => to.ask('conclude') },
    {
      name: 'applying a plan, its functions made',
      disk: false,
      ask: (to, count) => to.ask('apply', 2 * count),
      target: 0.1,
    },
    {
      name: 'rollback and restore in a row, in memory',
      disk: false,
      ask: (to, count) => backAndForth(to, 2 * count),
      target: 0.1,
    },
    { name: 'rollback and restore in a row, on disk', disk: true, ask: backAndForth },
  ].map((one) => ({ ...one, plain: [], hot: [], ratios: [] }));
  const files = [];
  for (let i = 0; i < pairs; i++) {
    const plain = await start('edits', { hot: false, args: [url] });
    const open = (env) => start('edits', { hot: true, args: [url], env });
    const inMemory = await open({});
    const onDisk = await open({ HOTSWAP_CACHE_DIR: join(directory, `versions${i}`) });
    for (const one of cases) {
      const times = { plain: [], hot: [] };
      for (let n = 0; n < edits + WARM_UP; n++) {
        const imported = await plain.ask('import');
        const edited = await one.ask(one.disk ? onDisk : inMemory, edits + WARM_UP);
        if (one.disk) files.push(await plain.ask('file'));
        if (n < WARM_UP) continue;
        times.plain.push(imported);
        times.hot.push(edited);
      }
      one.plain.push(median(times.plain));
      one.hot.push(median(times.hot));
      one.ratios.push(median(times.hot) / median(times.plain));
    }
    await plain.close();
    await inMemory.close();
    await onDisk.close();
  }
  const rows = cases.map(({ name, plain, hot, ratios, target }) => ({
    name,
    plain: median(plain),
    hot: median(hot),
    unit: 'ms',
    ...spread(ratios),
    ...(target === undefined ? {} : { target: { hot: target, says: `< ${target} ms` } }),
  }));
  const disk = median(files);
  rows.push({
    name: 'of which this disk, for one new file of 5 KB',
    plain: disk,
    hot: disk,
    unit: 'ms',
    ratio: 1,
  });
  return rows;
}

/** Undoes the newest of `count` edits and does it again, some times: of a single one the waking of the machine is most of the time. */
function backAndForth(process, count) {
  return process.ask('backAndForth', 5, count);
}

const WARM_UP = 30;
