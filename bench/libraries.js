/** Figure 2: libraries from npm, instrumented whole. */
import { instrument } from '../dist/loader/instrument.js';
import { comparePairs, geometricMean, median, sideBySide, spread, start } from './harness.js';

export const title = 'libraries, every module instrumented';

const INCLUDE = ['acorn', 'hono', 'marked', 'zod'].map((name) => `**/node_modules/${name}/**`).join();

export async function measure(options) {
  const hotOptions = { env: { HOTSWAP_INCLUDE: INCLUDE } };
  // Far more code than a loop has: V8 needs longer until all of it is compiled as well as it will be, and decides otherwise from one
  // process to the next.
  const longer = { ...options, pairs: options.pairs * 5, warmUp: options.warmUp * 20 };
  const rows = await comparePairs('libraries', longer, { hotOptions });
  const { sizes, cells } = await instrumentedSizes(hotOptions);
  const results = rows.map((row) => ({
    ...row,
    target: { ratio: 1.07, says: '≤ 1.07x' },
    note: textNote(sizes, cells, row.name.split(/\W/)[0]),
  }));
  const means = rows[0].ratios.map((_, pair) => geometricMean(rows.map((row) => row.ratios[pair])));
  results.push({
    name: 'geometric mean',
    ...spread(means),
    target: { ratio: 1.03, says: '≤ 1.03x' },
  });
  results.push(...(await allocations(options, hotOptions)));
  results.push(...(await firstRuns(options, hotOptions)));
  return results;
}

/** What optimised code allocates for a piece of work. Unlike times that is the same from run to run, so one pair of processes tells. */
async function allocations({ only, quick }, hotOptions) {
  // No scavenge within a sample: half of what the semi-spaces hold.
  const flags = ['--min-semi-space-size=64', '--max-semi-space-size=64'];
  const open = {
    plain: () => start('libraries', { hot: false, flags }),
    hot: () => start('libraries', { hot: true, flags, ...hotOptions }),
  };
  return sideBySide(open, async ({ plain, hot }) => {
    const rows = [];
    for (const name of await plain.ask('names')) {
      if (!name.includes(only)) continue;
      const sides = [];
      for (const side of [plain, hot]) sides.push(await side.ask('allocated', name, quick ? 1000 : 5000));
      const ratio = sides[1] / sides[0];
      rows.push({
        name: `${name.split(/\W/)[0]}, allocated`,
        plain: sides[0] / 1000,
        hot: sides[1] / 1000,
        unit: 'KB',
        ratio,
      });
    }
    return rows;
  });
}

/** The first piece of work of a process, which V8 compiles lazily and interprets: what start-up code costs. */
async function firstRuns({ pairs, only }, hotOptions) {
  const times = new Map();
  for (let i = 0; i < pairs * 2; i++) {
    const plain = await start('libraries', { hot: false });
    const hot = await start('libraries', { hot: true, ...hotOptions });
    for (const name of await plain.ask('names')) {
      if (!name.includes(only)) continue;
      const all = times.get(name) ?? { plain: [], hot: [], ratios: [] };
      times.set(name, all);
      all.plain.push(await plain.ask('time', name, 1));
      all.hot.push(await hot.ask('time', name, 1));
      all.ratios.push(all.hot.at(-1) / all.plain.at(-1));
    }
    await plain.close();
    await hot.close();
  }
  return [...times].map(([name, { plain, hot, ratios }]) => ({
    name: `${name.split(/\W/)[0]}, the first time, not optimised`,
    plain: median(plain) * 1e6,
    hot: median(hot) * 1e6,
    unit: 'ns',
    ...spread(ratios),
  }));
}

/** How much longer the texts of each library are once instrumented, and how many hot functions they have. */
async function instrumentedSizes(hotOptions) {
  const process = await start('libraries', { hot: true, ...hotOptions });
  const modules = await process.ask('instrumented');
  await process.close();
  const sizes = {};
  const cells = {};
  for (const { url, prefix, base } of modules) {
    const library = /.*\/node_modules\/([^/]+)/.exec(url)[1];
    const made = instrument(base, { prefix, importGates: false });
    sizes[library] ??= [0, 0];
    sizes[library][0] += base.length;
    sizes[library][1] += made.code.length;
    cells[library] = (cells[library] ?? 0) + made.cells;
  }
  return { sizes, cells };
}

function textNote(sizes, cells, library) {
  const [before, after] = sizes[library];
  return `text ${(after / before).toFixed(2)}x, ${cells[library]} hot functions`;
}
