/**
 * The versions of a live module. In: versions, new or read from the log; out: each by its number. Most are on disk and take a row
 * of a table; what only this process has of some (a text, values bound into it, functions that it moved) stands beside it.
 */
import { keyOf, type VersionRecord, VersionTable } from '../cache/table.ts';

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

/** Versions by their numbers, from 0. */
export class KeptVersions {
  readonly #table = new VersionTable(0);
  readonly #own = new Map<number, Pick<KeptVersion, 'text' | 'bound' | 'moves'>>();

  constructor(versions: Iterable<KeptVersion>) {
    for (const one of versions) this.put(one);
  }

  /** How many there are; the number that the next one gets. */
  get length(): number {
    return this.#table.length;
  }

  at(number: number): KeptVersion | undefined {
    const found = this.#table.at(number);
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

  /** Puts a version at its number: that of one that is there, or the next. */
  put(version: KeptVersion): void {
    const { number, text, bound, moves } = version;
    this.#table.put(version);
    if (text === undefined && bound === undefined && moves === undefined) this.#own.delete(number);
    else
      this.#own.set(number, {
        ...(text === undefined ? {} : { text }),
        ...(bound === undefined ? {} : { bound }),
        ...(moves === undefined ? {} : { moves }),
      });
  }

  /** Adds those of a table that come after the ones here. */
  addFrom(table: VersionTable): void {
    this.#table.addFrom(table);
  }

  /** Forgets the versions from a number on. */
  cut(number: number): void {
    for (let gone = number; gone < this.length; gone++) this.#own.delete(gone);
    this.#table.cut(number);
  }

  /** The newest version whose id begins with some digits. */
  newestWith(digits: string): KeptVersion | undefined {
    const number = this.#table.newestWith(digits);
    return number === undefined ? undefined : this.at(number);
  }
}
