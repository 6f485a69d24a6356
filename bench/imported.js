/** A call of an imported function through what each tool puts in between, against plain Node. */
import { comparePairs, reasonOf } from './harness.js';
import { installPeers, PEERS, versioned, whyNot } from './peers.js';

export const title = 'calls of an imported function; "hotswap" is the tool that the row names';

const TOOLS = ['import-in-the-middle', 'import-in-the-middle-async', 'dynohot', 'hot-hook'];

/** What this package can have done to the function before it is called. */
const OURS = [
  { name: 'hotswap, never edited' },
  { name: 'hotswap, rewritten', prepare: (hot) => hot.ask('rewrite') },
  { name: 'hotswap, wrapped', prepare: (hot) => hot.ask('wrap') },
];

export async function measure(options) {
  const rows = [];
  for (const { name, prepare } of OURS) rows.push(await row(name, options, { prepare }));
  const versions = installPeers();
  for (const tool of TOOLS) {
    const { default: adapter } = await import(`./peers/${tool}.js`);
    const why = whyNot(adapter, versions);
    const name = versioned(adapter, versions);
    const hotOptions = { hot: false, flags: adapter.flags, cwd: PEERS };
    rows.push(why === undefined ? await row(name, options, { hotOptions }) : { name, note: why });
  }
  return rows;
}

async function row(name, options, how) {
  try {
    const [one] = await comparePairs('imported', { ...options, only: '' }, { ...how, per: 1000 });
    return { ...one, name };
  } catch (error) {
    return { name, note: `fails: ${reasonOf(error.message)}` };
  }
}
