/**
 * `npm run bench`, or `node bench/run.js [part …] [--quick] [--only=accessor] [--pairs=8]`: what the hooks cost, each figure against plain Node in
 * the same run, or against what the part's title calls plain. Out: a table on stdout, and all of it as JSON in
 * `results/<node version>.json`, parts that were not run keeping their last figures. Needs a build (`npm run build`).
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, heading } from './table.js';

const PARTS = [
  'calls',
  'libraries',
  'swapped',
  'imported',
  'edits',
  'pause',
  'liveedit',
  'growth',
  'mocks',
  'memory',
  'heap',
  'depth',
  'startup',
  'saves',
];
const USAGE = `usage: node bench/run.js [part …] [--quick] [--only=<piece of the cases' names>] [--pairs=<of processes>]
parts: ${PARTS.join(', ')}; none named: all`;

const { values, positionals: asked } = parsed();
const { quick, only, pairs } = values;
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const unknown = asked.filter((one) => !PARTS.includes(one));
if (unknown.length > 0) refuse(`no such part: ${unknown.join(', ')}`);
if (pairs !== undefined && !(Number(pairs) >= 1)) refuse(`--pairs takes a number, not ${pairs}`);

function parsed() {
  const options = {
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
    only: { type: 'string', default: '' },
    pairs: { type: 'string' },
  };
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return refuse(error.message);
  }
}

function refuse(why) {
  console.error(`${why}\n${USAGE}`);
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'hotswap-bench-'));
const options = {
  directory,
  /** pairs of processes, samples of each case in each, milliseconds of a sample and of running before the first one */
  pairs: Number(pairs ?? (quick ? 1 : 4)),
  rounds: quick ? 9 : 41,
  sample: quick ? 3 : 6,
  warmUp: quick ? 20 : 50,
  /** edits of each kind timed in each process, and made for the memory that they keep */
  edits: quick ? 50 : 400,
  kept: quick ? 500 : 2000,
  /** edits by V8's LiveEdit */
  liveEdits: quick ? 10 : 60,
  /** rounds of edits in each program that grows */
  grown: quick ? 10 : 60,
  /** mocks by each tool that are timed, and made for the memory that they keep */
  mocks: quick ? 20 : 100,
  mocksKept: quick ? 50 : 200,
  /** modules that are loaded for the memory that they take */
  counts: quick ? [500] : [500, 5000],
  /** part of the names of the cases to measure */
  only,
  starts: quick ? 5 : 7,
  quick,
  /** saves of each kind timed with each tool, and made for the memory that they keep, once others have warmed V8 */
  saves: quick ? 2 : 6,
  savesKept: quick ? 50 : 500,
  savesWarm: quick ? 30 : 300,
};

const results = fileURLToPath(new URL('./results/', import.meta.url));
const file = join(results, `${process.version}.json`);
const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}`;
const report = {
  node: process.version,
  v8: process.versions.v8,
  machine,
  at: new Date().toISOString(),
  parts: {},
};
try {
  report.parts = JSON.parse(readFileSync(file, 'utf8')).parts;
} catch {
  // the first run
}

console.log(heading(report));
try {
  for (const part of PARTS.filter((one) => asked.length === 0 || asked.includes(one))) {
    const { title, measure } = await import(`./${part}.js`);
    const start = performance.now();
    const rows = await measure(options);
    report.parts[part] = {
      at: new Date().toISOString(),
      seconds: (performance.now() - start) / 1000,
      quick,
      rows,
    };
    console.log(format(title, rows));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
mkdirSync(results, { recursive: true });
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
