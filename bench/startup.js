/**
 * Whole processes that load a program and end: plain, with an empty cache, with the cache of the start before, and with one that was
 * filled without a start; how that grows with the program and with the history of a module; and other loaders on the same program.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { median, ROOT, reasonOf, spread } from './harness.js';
import { writeHistory } from './histories.js';
import { writeModule, writeProgram } from './modules.js';
import { installPeers, linkPeers, versioned, whyNot } from './peers.js';

export const title = 'start-up, whole process';

/** The program that the targets are about: modules, and bytes of each. */
const MAIN = [500, 4000];
const GROWTH = [
  [50, 4000],
  [5000, 4000],
  [500, 1000],
  [500, 10_000],
  [50, 100_000],
];
const HISTORIES = [10, 1000, 100_000];

/** Other loaders. */
const TOOLS = ['no-op', 'tsx', 'dynohot', 'hot-hook', 'import-in-the-middle', 'import-in-the-middle-async'];

const isOld = process.version.startsWith('v20.');
const TARGETS = {
  cold: { says: isOld ? '≤ 2.5x' : '≤ 2.0x', ratio: isOld ? 2.5 : 2 },
  warm: { says: isOld ? '≤ 1.6x' : '≤ 1.10x', ratio: isOld ? 1.6 : 1.1 },
};

export async function measure({ starts, directory, quick }) {
  const rows = [];
  const versions = installPeers();
  const place = join(directory, 'start');
  mkdirSync(place);
  linkPeers(place);
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }');

  const [count, size] = MAIN;
  const main = writeProgram(join(place, 'main'), count, size);
  rows.push(...ownRows(`${named(MAIN)}:`, main, starts, TARGETS));
  for (const tool of TOOLS) {
    const { default: adapter } = await import(`./peers/${tool}.js`);
    rows.push(peerRow(adapter, versions, main, place, starts));
  }
  if (quick) return rows;
  for (const one of GROWTH) {
    const many = one[0] > 1000;
    const program = writeProgram(join(place, one.join('x')), ...one);
    rows.push(...ownRows(`${named(one)}:`, program, many ? 3 : starts));
    rmSync(join(place, one.join('x')), { recursive: true });
  }
  for (const versions of HISTORIES) rows.push(historyRow(versions, join(place, `h${versions}`), starts));
  return rows;
}

function named([count, size]) {
  return `${count} of ${size / 1000} KB`;
}

const register = pathToFileURL(join(ROOT, 'lib/loader/register.js')).href;
const command = join(ROOT, 'lib/cli/hotswap.js');

/** Milliseconds that one process takes. */
function run(program, flags, env, cwd = ROOT) {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...flags, program], {
    cwd,
    env: { ...process.env, HOTSWAP_SILENT: '1', ...env },
  });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(String(stderr));
  return took;
}

/** A start with the hooks, cold and warm, beside the plain one next to it. */
function ownRows(name, program, starts, targets = {}) {
  const cache = `${program}.cache`;
  const uncompiled = { HOTSWAP_CACHE_DIR: `${cache}-uncompiled`, HOTSWAP_COMPILE_CACHE: '0' };
  const times = { plain: [], cold: [], warm: [], prepared: [], uncompiled: [] };
  run(program, [], {});
  run(program, ['--import', register], uncompiled);
  for (let i = 0; i < starts; i++) {
    // A new directory each time: in one that was just emptied, ext4 takes three times as long for each new file.
    const env = { HOTSWAP_CACHE_DIR: `${cache}${i}` };
    times.plain.push(run(program, [], {}));
    times.cold.push(run(program, ['--import', register], env));
    times.warm.push(run(program, ['--import', register], env));
    const prepared = { HOTSWAP_CACHE_DIR: `${cache}-prepared${i}` };
    run(program, [command, 'prepare'], prepared);
    times.prepared.push(run(program, ['--import', register], prepared));
    times.uncompiled.push(run(program, ['--import', register], uncompiled));
  }
  const row = (what, key) => ({
    ...compared(`${name} ${what}`, times.plain, times[key]),
    target: targets[key],
  });
  return [
    row('cold', 'cold'),
    row('warm', 'warm'),
    row('first, after `hotswap prepare`', 'prepared'),
    ...(isOld ? [] : [row('warm, no compile cache', 'uncompiled')]),
  ];
}

/** A start under another loader, beside the plain one next to it. */
function peerRow(adapter, versions, program, cwd, starts) {
  const why = whyNot(adapter, versions);
  if (why !== undefined) return { name: `  ${adapter.name}`, note: why };
  const name = `  ${versioned(adapter, versions)}`;
  const times = { plain: [], theirs: [] };
  try {
    run(program, adapter.flags, {}, cwd);
    for (let i = 0; i < starts; i++) {
      times.plain.push(run(program, [], {}));
      times.theirs.push(run(program, adapter.flags, {}, cwd));
    }
  } catch (error) {
    return { name, note: `fails: ${reasonOf(error.message)}` };
  }
  return compared(name, times.plain, times.theirs);
}

/** One module that has so many versions, and runs the newest. */
function historyRow(versions, directory, starts) {
  const file = join(directory, 'main.mjs');
  writeModule(file, 4000);
  const cache = join(directory, 'cache');
  writeHistory(file, versions, cache);
  const times = { plain: [], warm: [] };
  run(file, ['--import', register], { HOTSWAP_CACHE_DIR: cache });
  for (let i = 0; i < starts; i++) {
    times.plain.push(run(file, [], {}));
    times.warm.push(run(file, ['--import', register], { HOTSWAP_CACHE_DIR: cache }));
  }
  return compared(`1 of 4 KB with ${versions} versions: warm`, times.plain, times.warm);
}

function compared(name, plain, other) {
  return {
    name,
    plain: median(plain),
    hot: median(other),
    unit: 'ms',
    ...spread(other.map((ms, i) => ms / plain[i])),
  };
}
