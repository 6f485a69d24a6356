/**
 * Versions of a module, in rows of bytes. In: records, one after another; out: each of them again, by its number. An object a
 * version, with a text of 64 digits in it, takes some 300 bytes; a program may be edited thousands of times, and a row takes 48.
 */
import { Ids, withRoom } from './ids.ts';

/** One version of a module. */
export interface VersionRecord {
  /** 1 for the first edit of the base, and so on; 0 is the base itself and has no line in the log */
  number: number;
  /** SHA-256 of the whole source text, 64 hexadecimal digits */
  id: string;
  /** number of the version it was made from; absent for the base */
  parent: number | undefined;
  /** milliseconds since 1970 */
  at: number;
  /** what changed, e.g. `~price` */
  summary: string;
  /** whether the text is among the objects; one that holds values no text can carry is not */
  kept: boolean;
  /** whether the text is that of the file, which was saved; absent where it is not */
  file?: true;
  /** whether all functions stayed where they were; absent where nobody has looked, and in the log */
  still?: true;
}

/** The lowest number, besides 0, of the versions that can be gone back to: so many before the newest. */
export function oldestKept(newest: number, rollbackLength: number): number {
  return Math.max(1, newest - rollbackLength);
}

/** What a version is known by wherever it stands. */
export function keyOf({ id, at, summary }: VersionRecord): string {
  return `${id} ${at} ${summary}`;
}

/** Where in its row a version has what, in bytes. Ids have rows of their own. */
const AT = 0;
const PARENT = 8;
const FLAGS = 12;
const ROW = 16;

const KEPT = 1;
const FILE = 2;
const STILL = 4;
const NO_PARENT = -1;

/** Summaries among which the same text is looked for: most edits of a program are of few functions. */
const SUMMARIES = 256;

/** Records by their numbers, from 1. What is given out is a copy. */
export class VersionTable {
  readonly #ids = new Ids();
  #rows = new DataView(new ArrayBuffer(0));
  readonly #summaries: string[] = [];
  readonly #recent = new Map<string, string>();

  /** How many there are. */
  get length(): number {
    return this.#summaries.length;
  }

  /** Number that the next version gets. */
  get next(): number {
    return this.length + 1;
  }

  /** The version with a number; undefined where there is none. */
  at(number: number): VersionRecord | undefined {
    const i = number - 1;
    const summary = this.#summaries[i];
    if (summary === undefined) return undefined;
    const row = i * ROW;
    const parent = this.#rows.getInt32(row + PARENT);
    const flags = this.#rows.getUint8(row + FLAGS);
    return {
      number,
      id: this.#ids.at(i),
      parent: parent === NO_PARENT ? undefined : parent,
      at: this.#rows.getFloat64(row + AT),
      summary,
      kept: (flags & KEPT) !== 0,
      ...(flags & FILE ? { file: true as const } : {}),
      ...(flags & STILL ? { still: true as const } : {}),
    };
  }

  /** All of them, oldest first. */
  *[Symbol.iterator](): Generator<VersionRecord> {
    for (let number = 1; number < this.next; number++) yield this.at(number) as VersionRecord;
  }

  /** Puts a version at its number: that of one that is there, or the next. */
  put({ number, id, parent = NO_PARENT, at, summary, kept, file, still }: VersionRecord): void {
    const i = number - 1;
    const row = i * ROW;
    this.#rows = withRoom(this.#rows, row + ROW);
    this.#ids.put(i, id);
    this.#rows.setFloat64(row + AT, at);
    this.#rows.setInt32(row + PARENT, parent);
    this.#rows.setUint8(row + FLAGS, (kept ? KEPT : 0) | (file ? FILE : 0) | (still ? STILL : 0));
    this.#summaries[i] = this.#same(summary);
  }

  /** Number of the newest version, before number `end`, whose id begins with some digits, 7 or more; undefined where there is none. */
  newestWith(digits: string, end = this.next): number | undefined {
    return this.#ids.lastWith(digits, end - 1) + 1 || undefined;
  }

  /** The same text, once. */
  #same(summary: string): string {
    const found = this.#recent.get(summary);
    if (found !== undefined) return found;
    if (this.#recent.size === SUMMARIES) this.#recent.clear();
    this.#recent.set(summary, summary);
    return summary;
  }
}
