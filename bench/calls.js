/** Figure 1: optimised calls of hot functions that nobody has edited. */
import { comparePairs } from './harness.js';

export const title = 'calls of functions never edited';

export async function measure(options) {
  const rows = await comparePairs('calls', options, { per: 1000 });
  return rows.map((row) => ({ ...row, target: { ratio: 1.02, says: '1.00x' } }));
}
