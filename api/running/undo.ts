/** What was done, taken back. In: what takes each step back, in the order in which they were done; out: nothing of them is left to take back. */
export function takeBack(undos: (() => void)[]): void {
  for (const undo of undos.splice(0).reverse()) undo();
}
