/** Figure 3: calls of functions that were replaced, against the same code never replaced in plain Node. */
import { comparePairs } from './harness.js';

export const title = 'calls after a swap, against a plain function';

export function measure(options) {
  return comparePairs('swapped', options, { per: 1000, prepare: (hot) => hot.ask('swap') });
}
