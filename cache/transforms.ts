/**
 * Instrumented texts on disk, so that a second start parses nothing: `transforms/ab/cdef….js`. In: a key (the
 * hash of all that the transformation depends on) and a function that makes the text; out: the text.
 * It is a convenience: an entry that is damaged, or a disk that refuses, is as if there were no cache.
 */

import { join, readFileSync } from '../node.ts';
import { sha256, writeWhole } from './objects.ts';

/** The text for `key`: from the cache where it is there and whole, else made, stored and returned. */
export function cachedTransform(cacheDir: string | undefined, key: string, make: () => string): string {
  if (cacheDir === undefined) return make();
  const file = join(cacheDir, 'transforms', key.slice(0, 2), `${key.slice(2)}.js`);
  const kept = read(file);
  if (kept !== undefined) return kept;
  const text = make();
  write(file, text);
  return text;
}

function read(file: string): string | undefined {
  try {
    const entry = readFileSync(file, 'utf8');
    const text = entry.slice(65);
    return entry[64] === '\n' && sha256(text) === entry.slice(0, 64) ? text : undefined;
  } catch {
    return undefined;
  }
}

function write(file: string, text: string): void {
  try {
    writeWhole(file, `${sha256(text)}\n${text}`);
  } catch {
    // a read-only disk: every start transforms anew
  }
}
