/**
 * Maps of what was used last. In: a map and an entry; out: the map, with the entry as its newest and no more than so many. Pure but for the map.
 */

/** Puts an entry last; the oldest goes where there are more than `most`. */
export function putNewest<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as K);
}
