/**
 * A cache cleaned in spare time. In: a cache that was written to; out: what nobody needs is gone from it, once the program is at
 * rest, and a few milliseconds at a time. It never keeps a program from ending, and what a disk refuses stays.
 */
import { collect } from '../../cache/collect.ts';
import { needRegistry } from './history.ts';

const { clearTimeout, setTimeout } = globalThis;

/** Milliseconds without an edit before it begins, and for which it goes on at a time. */
const REST = 10_000;
const PIECE = 3;

/** Edits after which there is enough to be freed, where a program keeps few of its versions. */
const ENOUGH = 64;

/** By cache: edits since it was cleaned, and the timer that waits for the end of them. */
const caches = new Map<string, { edits: number; timer: NodeJS.Timeout | undefined }>();

/** Has a cache cleaned after the first edit of a program, and then where versions fall out of what can be gone back to. */
export function collectSoon(cacheDir: string): void {
  let cache = caches.get(cacheDir);
  if (cache === undefined) caches.set(cacheDir, (cache = { edits: ENOUGH, timer: undefined }));
  cache.edits++;
  const isWorthIt =
    cache.edits === ENOUGH + 1 || needRegistry().config.rollbackLength !== Number.POSITIVE_INFINITY;
  if (cache.edits <= ENOUGH || !isWorthIt || cache.timer !== undefined) return;
  waitFor(cacheDir, cache);
}

function waitFor(cacheDir: string, cache: { edits: number; timer: NodeJS.Timeout | undefined }): void {
  const { edits } = cache;
  clearTimeout(cache.timer);
  cache.timer = setTimeout(() => {
    if (cache.edits !== edits) return waitFor(cacheDir, cache);
    cache.edits = 0;
    const work = collect(cacheDir, needRegistry().config.rollbackLength);
    const goOn = (): void => {
      const end = Date.now() + PIECE;
      try {
        while (Date.now() < end)
          if (work.next().done) {
            cache.timer = undefined;
            return;
          }
        cache.timer = setTimeout(goOn, PIECE * 5).unref();
      } catch {
        cache.timer = undefined; // a disk that refuses, or a log that cannot be read
      }
    };
    goOn();
  }, REST).unref();
}
