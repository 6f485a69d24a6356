/**
 * How the cost of an edit grows with the module, the program and the history, against the edit that `edits` times: one module of
 * 5 KB, a program of nothing else, a new history. Histories are on disk, and so is what they are compared with; both sides' grow by three
 * versions a round meanwhile.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inTurn, pairedRow, sideBySide, start } from './harness.js';
import { writeHistory } from './histories.js';
import { writeModule, writeProgram } from './modules.js';

export const title = 'edits, "plain" in a module of 5 KB, alone, new; "hotswap" in what the row names';

const SIZES = [1000, 10_000, 100_000];
const PROGRAMS = [50, 500, 5000];
const HISTORIES = [10, 1000, 100_000];
const SIZE = 5000;

/** What is timed. `apply` is the last step of an edit, in which the program changes: a transaction from the end of its callback. */
const STEPS = ['first rewrite', 'rewrite', 'apply', 'rollback'];

/** Rounds before any counts: until V8 has optimised what edits. */
const WARM_UP = 100;

export async function measure({ pairs, grown, only, directory }) {
  const cases = [
    ...SIZES.map((size) => ({ name: `a module of ${size / 1000} KB`, size })),
    ...PROGRAMS.map((modules) => ({ name: `${modules} modules more`, modules })),
    ...HISTORIES.map((versions) => ({ name: `${versions} versions`, versions })),
  ];
  const rows = [];
  for (const one of cases.filter(({ name }) => name.includes(only))) {
    const times = STEPS.map(() => []);
    for (let i = 0; i < pairs; i++) {
      const pair = await timePair(one, grown, join(directory, `growth${i}`));
      STEPS.forEach((step, k) => times[k].push(pair[step]));
    }
    rows.push(...STEPS.map((step, k) => pairedRow(`${one.name}: ${step}`, times[k])));
  }
  return rows;
}

/** Samples of each step in a program of the case, beside those in the base case. */
async function timePair({ size = SIZE, modules, versions }, rounds, directory) {
  mkdirSync(directory);
  const onDisk = versions !== undefined;
  const sides = {
    plain: () => open({ size: SIZE, onDisk }, join(directory, 'plain')),
    hot: () => open({ size, modules, versions, onDisk }, join(directory, 'hot')),
  };
  const { first, samples } = await sideBySide(sides, async ({ plain, hot }) => ({
    first: { plain: [await plain.ask('rewrite')], hot: [await hot.ask('rewrite')] },
    samples: await inTurn({ plain: () => round(plain), hot: () => round(hot) }, rounds, WARM_UP),
  }));
  rmSync(directory, { recursive: true });
  const of = (step) => ({
    plain: samples.plain.map((one) => one[step]),
    hot: samples.hot.map((one) => one[step]),
  });
  return { 'first rewrite': first, rewrite: of('rewrite'), apply: of('apply'), rollback: of('rollback') };
}

/** Each step once. The first edit after a rollback has more to read than one after an edit, and is no step. */
async function round(program) {
  await program.ask('rewrite');
  const rewrite = await program.ask('rewrite');
  const apply = await program.ask('apply');
  const rollback = await program.ask('rollback');
  return { rewrite, apply, rollback };
}

/** A program whose module has a size, other modules beside it, and a history. */
function open({ size, modules, versions = 0, onDisk }, directory) {
  const url = writeModule(join(directory, 'edited.mjs'), size);
  const cache = join(directory, 'versions');
  writeHistory(fileURLToPath(url), versions, cache);
  const others =
    modules === undefined ? [] : [pathToFileURL(writeProgram(join(directory, 'others'), modules, 4000)).href];
  const env = onDisk ? { HOTSWAP_CACHE_DIR: cache } : {};
  return start('edits', { hot: true, args: [url, ...others], env });
}
