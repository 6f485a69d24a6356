/**
 * What the lines of a log make. In: its lines, one after another; out: a history for each text of the file (its *base*), and what
 * cannot be told any more. Pure: every process that reads the same lines comes to the same histories.
 *
 * An event has its place in the log and a version its number, so that lines that were deleted, or never reached the disk, take only
 * what they said with them. Lines of earlier releases have neither. A line that was altered may have been any event: such a log
 * says nothing at all.
 */
import { isTorn, type LogEvent, parseLine, type VersionEvent } from './lines.ts';
import { VersionTable } from './table.ts';

/** All that happened on top of one text of the file. */
export interface Era {
  versions: VersionTable;
  /** number of the version that the last event left in force */
  current: number;
  /** the process that did, where that is known */
  by: string | undefined;
}

/** Lines that are no more. */
export interface Loss {
  /** the line, from 1, before which they are missing */
  line: number;
  /** versions that nothing is known of any more, by number; undefined where it is no version that was lost */
  versions?: [first: number, last: number];
}

/** What stands in the place of a version whose line is lost. */
const LOST = { id: '0'.repeat(64), at: 0, summary: 'lost', kept: false };

export class Ledger {
  readonly eras = new Map<string, Era>();
  /** the base that the newest event rests on; undefined while there is none */
  newestBase: string | undefined;
  /** place of the last event that was taken */
  seq = 0;
  /** lines that were read */
  lines = 0;
  /** the first line that is damaged: then this is as of an empty log */
  damaged: number | undefined;
  /** what is lost, as far as nobody has written since it was seen */
  losses: Loss[] = [];

  /** The history on top of a base. */
  era(base: string): Era {
    let era = this.eras.get(base);
    if (era === undefined)
      this.eras.set(base, (era = { versions: new VersionTable(), current: 0, by: undefined }));
    return era;
  }

  /**
   * Takes a line. @param event that it says, where that is known
   * @returns whether that counts: of two with one place the first does
   */
  take(line: string, event = parseLine(line)): boolean {
    this.lines++;
    if (this.damaged !== undefined || line === '') return false;
    if (event !== undefined) return this.#takeEvent(event);
    if (isTorn(line)) return false;
    this.damaged = this.lines;
    this.eras.clear();
    this.newestBase = undefined;
    this.losses = [];
    return false;
  }

  #takeEvent(event: LogEvent): boolean {
    const seq = event.seq ?? this.seq + 1;
    if (seq <= this.seq) return false;
    const missing = seq - this.seq - 1;
    if (missing > 0) this.losses.push({ line: this.lines });
    this.seq = seq;
    this.newestBase = event.base;
    const era = this.era(event.base);
    if (event.event === 'version') this.#takeVersion(era, event);
    else if (event.event === 'restore') {
      if (missing > 0) this.#fill(era, event.to);
      // A version whose text was never written cannot come back after a restart; the nearest before it can.
      era.current = nearestKept(era.versions, Math.min(event.to, era.versions.length));
      era.by = event.by;
    }
    if (event.known) this.losses = [];
    return true;
  }

  #takeVersion(era: Era, event: VersionEvent): void {
    const { id, at, summary, kept } = event;
    if (event.number !== undefined) this.#fill(era, event.number - 1);
    const number = era.versions.next;
    const parent = Math.min(event.parent, number - 1);
    const file = event.file === true ? { file: event.file } : {};
    era.versions.put({ number, id, parent, at, summary, kept, ...file });
    if (!kept) return;
    era.current = number;
    era.by = event.by;
  }

  /** Enters versions up to a number whose lines are lost: those that come after them keep theirs. */
  #fill({ versions }: Era, last: number): void {
    const first = versions.next;
    if (last < first || last - first >= MOST_LOST) return;
    for (let number = first; number <= last; number++) versions.put({ ...LOST, number, parent: number - 1 });
    const loss = this.losses.at(-1);
    if (loss !== undefined) loss.versions = [first, last];
  }
}

/** So many versions are entered as lost at most: a number beyond is nobody's. */
const MOST_LOST = 1e6;

/** The version with a number, or the nearest that it was made from whose text was written; 0 where there is none. */
function nearestKept(versions: VersionTable, number: number): number {
  let to = number;
  for (let version = versions.at(to); version?.kept === false; version = versions.at(to))
    to = version.parent ?? 0;
  return to;
}
