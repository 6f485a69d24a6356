/**
 * How long a program's event loop stands still while a module is changed, and the memory that the first change takes: against `import("x?v=n")` of the
 * same module in plain Node.
 */
import { join } from 'node:path';
import { median, spread, start } from './harness.js';
import { writeModule } from './modules.js';

export const title = 'the longest turn of the event loop during an edit, against that of import("x?v=n")';

const SIZES = [
  ['5 KB', 5_000],
  ['200 KB', 200_000],
  ['1 MB', 1_000_000],
];

export async function measure({ pairs, quick, directory, only }) {
  const rows = [];
  for (const [name, size] of SIZES.filter(([name]) => name.includes(only))) {
    const kinds = ['first rewrite', 'rewrite', 'reload'];
    const times = Object.fromEntries(kinds.map((kind) => [kind, { plain: [], hot: [], ratios: [] }]));
    const memory = [];
    for (let i = 0; i < pairs; i++) {
      const url = writeModule(join(directory, `paused-${size}-${i}.mjs`), size);
      const plain = await start('pause', { hot: false, args: [url] });
      const hot = await start('pause', { hot: true, args: [url] });
      const take = (kind, imported, edited) => {
        times[kind].plain.push(imported);
        times[kind].hot.push(edited);
        times[kind].ratios.push(edited / imported);
      };
      const before = await hot.ask('memory');
      take('first rewrite', await plain.ask('import'), await hot.ask('rewrite'));
      memory.push([before, await hot.ask('memory')]);
      for (const kind of ['rewrite', 'reload']) {
        const all = { plain: [], hot: [] };
        for (let n = 0; n < (quick ? 5 : 15); n++) {
          all.plain.push(await plain.ask('import'));
          all.hot.push(await hot.ask(kind));
        }
        take(kind, median(all.plain), median(all.hot));
      }
      await plain.close();
      await hot.close();
    }
    for (const kind of kinds) {
      const { plain, hot, ratios } = times[kind];
      rows.push({
        name: `${kind}, ${name}`,
        plain: median(plain),
        hot: median(hot),
        unit: 'ms',
        ...spread(ratios),
      });
    }
    const [before, after] = [0, 1].map((at) => median(memory.map((one) => one[at])));
    rows.push({
      name: `resident memory before and after the first, ${name}`,
      plain: before,
      hot: after,
      unit: 'MB',
      ratio: after / before,
    });
  }
  return rows;
}
