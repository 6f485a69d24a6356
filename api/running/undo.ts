/** What was done, taken back. In: what takes each step back, in the order in which they were done; out: nothing of them is left to take back. */
export function takeBack(undos: (() => void)[]): void {
  for (const undo of undos.splice(0).reverse()) undo();
}

/** What puts back what a map has under a key now. */
export function putsBack<K extends object | string, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown; delete(key: K): unknown },
  key: K,
): () => void {
  const was = map.get(key);
  return () => {
    if (was === undefined) map.delete(key);
    else map.set(key, was);
  };
}
