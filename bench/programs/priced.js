/** What `imported.js` imports and calls. */
export function price(cost, tax) {
  return ((cost ^ tax) + 1) | 0;
}
