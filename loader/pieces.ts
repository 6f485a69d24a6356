/**
 * Which version a piece of code was compiled for. In: hashes of code, each with the number of a version; out: that number, by the
 * hash. There is one for each save as long as the program runs, so they stand in rows of 8 bytes, where a `Map` takes 46.
 */
import { withRoom } from '../cache/ids.ts';

/** Where in its row a piece has what, in bytes. */
const HASH = 0;
const VERSION = 4;
const ROW = 8;

/** So many are known; the oldest goes where there are more. */
const MOST = 4096;

/** Versions by the first digits of what they had compiled. */
export class Pieces {
  #rows = new DataView(new ArrayBuffer(0));
  #count = 0;

  /** @param hash a SHA-256, 64 hexadecimal digits; the first 8 of them tell */
  put(hash: string, version: number): void {
    const found = this.#find(hash);
    const row = found ?? (this.#count++ % MOST) * ROW;
    this.#rows = withRoom(this.#rows, row + ROW);
    this.#rows.setUint32(row + HASH, firstOf(hash));
    this.#rows.setUint32(row + VERSION, version);
  }

  /** The version that code was last compiled for; undefined where that is not known (any more). */
  versionOf(hash: string): number | undefined {
    const row = this.#find(hash);
    return row === undefined ? undefined : this.#rows.getUint32(row + VERSION);
  }

  #find(hash: string): number | undefined {
    const first = firstOf(hash);
    for (let row = (Math.min(this.#count, MOST) - 1) * ROW; row >= 0; row -= ROW)
      if (this.#rows.getUint32(row + HASH) === first) return row;
    return undefined;
  }
}

function firstOf(hash: string): number {
  return Number.parseInt(hash.slice(0, 8), 16);
}
