/**
 * The versions of a live module. In: versions, new or read from the log; out: each by its number. Most are on disk and take a row
 * of a table; what only this process has of some (a text, values bound into it, functions that it moved) stands beside it.
 */
import { keyOf, oldestKept, type VersionRecord, VersionTable } from '../cache/table.ts';

/** Values that `bind` gave and that no text can carry, by path and name. */
export type Bound = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** Where a function was before an edit, and is after it; `undefined` where the edit brought or took it. */
export type Move = [from: string | undefined, to: string | undefined];

/** A version, and what this process alone has of it. */
export interface KeptVersion extends VersionRecord {
  /** the text of one that is not on disk */
  text?: string;
  /** absent where there are none */
  bound?: Bound;
  /** functions that it moved, where there are such; see `still` */
  moves?: Move[];
}

/** Whether two are the same version, wherever each was asked for. One that a transaction has in mind is none that has been made. */
export function isSame(a: KeptVersion, b: KeptVersion): boolean {
  return a.number === b.number && keyOf(a) === keyOf(b);
}

/** So many more are kept than can be gone back to, so that not each edit looks which they are. */
const MORE = 64;

/** Versions by their numbers, from 0. The rows of those that are in a log are that log's own, and only seen from here. */
export class KeptVersions {
  readonly #base: KeptVersion;
  #table: VersionTable;
  #isLogs: boolean;
  /** how many of the table's are among these: others may have written to the log since */
  #count: number;
  readonly #own = new Map<number, Pick<KeptVersion, 'text' | 'bound' | 'moves'>>();

  /** @param table those that a log has on top of the base; absent where there is none */
  constructor(base: KeptVersion, table?: VersionTable) {
    this.#base = base;
    this.#table = table ?? new VersionTable();
    this.#isLogs = table !== undefined;
    this.#count = this.#table.length;
  }

  /** How many there are; the number that the next one gets. */
  get length(): number {
    return this.#count + 1;
  }

  at(number: number): KeptVersion | undefined {
    if (number === 0) return { ...this.#base };
    const found = number <= this.#count ? this.#table.at(number) : undefined;
    return found && Object.assign(found, this.#own.get(number));
  }

  /** All of them, oldest first. */
  [Symbol.iterator](): Generator<KeptVersion> {
    return this.from(0);
  }

  /** Those from a number on. */
  *from(first: number): Generator<KeptVersion> {
    for (let number = first; number < this.length; number++) yield this.at(number) as KeptVersion;
  }

  /** Puts a version at its number, from 1: that of one that is there, or the next. */
  put(version: KeptVersion): void {
    const { number, text, bound, moves } = version;
    if (this.#isLogs) this.#leaveLog(version);
    this.#table.put(version);
    this.#count = Math.max(this.#count, number);
    if (text === undefined && bound === undefined && moves === undefined) this.#own.delete(number);
    else
      this.#own.set(number, {
        ...(text === undefined ? {} : { text }),
        ...(bound === undefined ? {} : { bound }),
        ...(moves === undefined ? {} : { moves }),
      });
  }

  /** Takes in those of a log's table that come after the ones here, which are in it. */
  follow(table: VersionTable): void {
    if (table.length < this.#count) return;
    this.#table = table;
    this.#isLogs = true;
    this.#count = table.length;
  }

  /**
   * Lets go of the texts that this process alone has, and the values bound into them, of versions that cannot be gone back to. What
   * they moved stays: ways lead past them.
   * @param rollbackLength how many can be gone back to
   */
  keep(rollbackLength: number): void {
    if (this.#own.size < rollbackLength + MORE) return;
    const oldest = oldestKept(this.#count, rollbackLength);
    for (const [number, { moves }] of this.#own) {
      if (number >= oldest) return; // they are in the order in which they were made
      if (moves === undefined) this.#own.delete(number);
      else this.#own.set(number, { moves });
    }
  }

  /** Forgets the versions from a number on. */
  cut(number: number): void {
    for (let gone = number; gone < this.length; gone++) this.#own.delete(gone);
    this.#count = Math.min(this.#count, number - 1);
  }

  /** The newest version whose id begins with some digits. */
  newestWith(digits: string): KeptVersion | undefined {
    const number =
      this.#table.newestWith(digits, this.length) ?? (this.#base.id.startsWith(digits) ? 0 : undefined);
    return number === undefined ? undefined : this.at(number);
  }

  /** Goes on with rows of its own where a version is not the log's: what a log says nobody but the log changes. */
  #leaveLog(version: KeptVersion): void {
    const there = this.#table.at(version.number);
    if (there !== undefined && keyOf(there) === keyOf(version)) return;
    const table = new VersionTable();
    for (let number = 1; number <= this.#count; number++) table.put(this.#table.at(number) as VersionRecord);
    this.#table = table;
    this.#isLogs = false;
  }
}
