/**
 * One line of a module's log. In: an event; out: a line of JSON that ends with a fingerprint of what it says, and the event
 * again, or nothing where the line is not one that was written whole. Pure.
 *
 *     {"event":"version","base":"<sha256>","id":"<sha256>",…,"seq":3,"sum":"<16 digits>"}
 */
import { fingerprint } from './fingerprint.ts';
import { isId } from './ids.ts';

/** What every event of a log has. */
interface InLog {
  /** SHA-256 of the file's text that the history rests on */
  base: string;
  /**
   * which event of the log this is, from 1: of two processes that write the same one, whoever comes first has written it, and
   * where one is missing the others keep their numbers. Absent where an earlier release wrote the line.
   */
  seq?: number;
  /** the process that wrote it: `<number>@<machine>` */
  by?: string;
  /** name of the transaction that it is a part of; see pending.ts */
  part?: string;
  /** whether what is wrong with the lines before it was known when it was written */
  known?: true;
}

/** A text of the file begins a history of its own. */
interface BaseEvent extends InLog {
  event: 'base';
  module: string;
}

/** A version was made, and is in force if its text is `kept`. */
export interface VersionEvent extends InLog {
  event: 'version';
  /** absent where an earlier release wrote the line: then it is the next one */
  number?: number;
  id: string;
  parent: number;
  at: number;
  summary: string;
  kept: boolean;
  file?: true;
  key: string;
}

/** Version `to` is in force again. */
interface RestoreEvent extends InLog {
  event: 'restore';
  to: number;
  at: number;
}

export type LogEvent = BaseEvent | VersionEvent | RestoreEvent;

/** How each line begins. */
const BEGINNING = '{"event":"';

/** How each ends: `,"sum":"<fingerprint of what is before this>"}`. */
const SUM = ',"sum":"';
const SUM_SIZE = SUM.length + 16 + '"}'.length;

/** A line of a file, without its end: where it begins and how many bytes it has. */
export interface LineIn {
  line: string;
  at: number;
  size: number;
  /** whether a line break comes after it */
  ended: boolean;
}

/** The lines of a log, or of a part of one; an empty one behind the last line break is none. */
export function* linesIn(bytes: Buffer): Generator<LineIn> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    const size = (end === -1 ? bytes.length : end) - at;
    yield { line: bytes.toString('utf8', at, at + size), at, size, ended: end !== -1 };
    at += size + 1;
  }
}

export function lineOf(event: LogEvent): string {
  const said = JSON.stringify(event).slice(0, -1);
  return `${said}${SUM}${fingerprint(said)}"}`;
}

/**
 * Whether a line is what a process that was killed has left of one, or a loss of power: the beginning of one of ours and no more,
 * or zeros where the file had grown. Nobody was told that it was written. Of an empty one nothing was.
 */
export function isTorn(line: string): boolean {
  if (ZEROS.test(line)) return true;
  const written = line.replace(/\0+$/, '');
  if (written.endsWith('}') || !(written.startsWith(BEGINNING) || BEGINNING.startsWith(written)))
    return false;
  return !isAltered(written);
}

/** More than one are no damage: they were never written over. */
const ZEROS = /\0\0/;

/** Whether a line is whole with another last character, or without it. */
function isAltered(line: string): boolean {
  const shorter = line.slice(0, -1);
  return [shorter, `${shorter}}`, `${line}}`].some((other) => parseLine(other) !== undefined);
}

/** A line as an event, or undefined where it is torn, altered, foreign, or names what could lead out of the cache. */
export function parseLine(line: string): LogEvent | undefined {
  const end = line.length - SUM_SIZE;
  if (end < 0 || !line.startsWith(SUM, end)) return undefined;
  if (line.slice(end + SUM.length, -2) !== fingerprint(line.slice(0, end))) return undefined;
  let event: Partial<Record<string, unknown>>;
  try {
    event = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (event === null || typeof event !== 'object' || typeof event.base !== 'string' || !isId(event.base))
    return undefined;
  if (event.seq !== undefined && !(isCount(event.seq) && event.seq > 0)) return undefined;
  switch (event.event) {
    case 'base':
      return event as unknown as BaseEvent;
    case 'restore':
      return isCount(event.to) ? (event as unknown as RestoreEvent) : undefined;
    case 'version':
      return typeof event.id === 'string' &&
        isId(event.id) &&
        (event.number === undefined || isCount(event.number)) &&
        isCount(event.parent) &&
        isCount(event.at) &&
        typeof event.kept === 'boolean' &&
        typeof event.summary === 'string'
        ? (event as unknown as VersionEvent)
        : undefined;
    default:
      return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
