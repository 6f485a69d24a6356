/**
 * Mocks of one export of a module of 5 KB, beside the tools that people mock with now: how long until its importer answers with
 * the mock, how long until it answers as before, and what a mock leaves in memory.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inTurn, median, pairedRow, reasonOf, sideBySide, start } from './harness.js';
import { writeModule } from './modules.js';
import { installPeers, PEERS, versioned, whyNot } from './peers.js';

export const title = 'a mock of one export; "plain" is the other tool';

const TOOLS = ['esmock', 'node-test'];
const OURS = 'hotswap';

/** Mocks of each tool before any counts. */
const WARM_UP = 20;

const IMPORTER = `import { price } from './mocked.mjs';
export const total = () => price({ cost: 1, tax: 0, count: 1 });
`;

export async function measure({ pairs, mocks, mocksKept, directory }) {
  const dependency = writeModule(join(directory, 'mocked.mjs'), 5000);
  const importer = join(directory, 'mocking.mjs');
  writeFileSync(importer, IMPORTER);
  const urls = [pathToFileURL(importer).href, dependency];
  const versions = installPeers();
  const rows = [];
  for (const tool of TOOLS) {
    const adapter = await adapterOf(tool);
    const why = whyNot(adapter, versions);
    const name = versioned(adapter, versions);
    try {
      if (why !== undefined) rows.push({ name, note: why });
      else
        rows.push(
          ...(await timeRows(name, tool, urls, pairs, mocks)),
          await heapRow(name, tool, urls, mocksKept),
        );
    } catch (error) {
      rows.push({ name, note: `fails: ${reasonOf(error.message)}` });
    }
  }
  return rows;
}

const adapterOf = async (tool) => (await import(`./peers/mocks/${tool}.js`)).default;

async function open(tool, urls, flags = []) {
  const adapter = await adapterOf(tool);
  return start('mocks', {
    hot: false,
    flags: [...adapter.flags, ...flags],
    args: [tool, ...urls],
    cwd: PEERS,
  });
}

/** Until it is used, and until it is gone. */
async function timeRows(name, tool, urls, pairs, mocks) {
  const times = { mocking: [], restoring: [] };
  const held = { plain: false, hot: false };
  for (let i = 0; i < pairs; i++) {
    await sideBySide(
      { plain: () => open(tool, urls), hot: () => open(OURS, urls) },
      async ({ plain, hot }) => {
        const sides = { plain: () => plain.ask('mock'), hot: () => hot.ask('mock') };
        const samples = await inTurn(sides, mocks, WARM_UP);
        for (const [step, all] of Object.entries(times))
          all.push({
            plain: samples.plain.map((one) => one[step]),
            hot: samples.hot.map((one) => one[step]),
          });
        for (const side of Object.keys(held)) held[side] = samples[side].every((one) => one.held);
      },
    );
  }
  const says = (side) => (held[side] ? 'gets the mock' : 'does not get the mock');
  return [
    {
      ...pairedRow(`${name}: until it is used`, times.mocking),
      note: `who imported the importer before ${says('plain')} there, ${says('hot')} here`,
    },
    pairedRow(`${name}: until it is gone`, times.restoring),
  ];
}

/** What each of many mocks leaves, once they are gone: the middle of three, as V8 makes machine code meanwhile, more or less. */
async function heapRow(name, tool, urls, mocks) {
  const bytes = { plain: [], hot: [] };
  const once = (one) =>
    sideBySide({ program: () => open(one, urls, ['--expose-gc']) }, ({ program }) =>
      program.ask('kept', mocks),
    );
  for (let i = 0; i < 3; i++) {
    bytes.plain.push(await once(tool));
    bytes.hot.push(await once(OURS));
  }
  const [plain, hot] = [median(bytes.plain), median(bytes.hot)];
  return { name: `${name}: heap a mock (${mocks} of them)`, plain, hot, unit: 'bytes', ratio: hot / plain };
}
