/**
 * What starts have shown of versions: `starts/health`, a JSON line an event, append only. In: events; out: which versions were
 * healthy, which are set aside and why. An event that is there twice says nothing more than once, so that processes that judge the
 * same crash at the same time agree. What cannot be written holds for this start, and is found anew at the next.
 */
import { join, statSync } from '../node.ts';
import { appendTo, inDirectory, readFile, writeWhole } from './files.ts';
import { fingerprint } from './fingerprint.ts';
import { linesOf, type ModuleVersion, STARTS } from './starts.ts';

/** Why a version is set aside. */
export interface Aside extends ModuleVersion {
  /** number as people see it */
  number: number;
  /** e.g. `the program ended 0.4 s after its start with "TypeError: x is not a function"` */
  why: string;
  /** when, milliseconds since 1970 */
  at: number;
  /** what told the crash from others; see `endingOf` in loader/verdict.ts */
  ending: string;
  /** whether that is tried only, until a start without it is healthy */
  isGuess: boolean;
  /** whether of those that it was made from only ones that were healthy may run in its place */
  isDeep: boolean;
}

/** `note`: the start that showed it. */
export type HealthEvent =
  | { event: 'healthy'; note: string; program: string; versions: ModuleVersion[]; without: ModuleVersion[] }
  | { event: 'aside'; note: string; versions: Aside[] }
  /** without them a start was healthy, or ended in another way */
  | { event: 'confirmed'; note: string; versions: ModuleVersion[] }
  /** without them a start ended as with them: they run again, and others are tried */
  | { event: 'tried'; note: string; versions: ModuleVersion[] }
  /** without all versions a start ended as with them: they run again, and that ending is no longer laid to them */
  | { event: 'cleared'; note: string; versions: ModuleVersion[]; ending: string }
  /** the first time that the operating system refused something: it may not at the next start */
  | { event: 'excused'; note: string; ending: string }
  /** somebody has made it live */
  | { event: 'back'; versions: ModuleVersion[] };

/** Name of the file. */
export const HEALTH = /^health$/;

/** At so many bytes it is written anew, with what still holds. */
const MOST = 1 << 18;

/** What is known, as a table that `note` brings up to date. */
export class Health {
  /** keys, each with a program */
  readonly healthy = new Set<string>();
  readonly asides = new Map<string, Aside>();
  readonly tried = new Set<string>();
  /** keys, each with an ending */
  readonly cleared = new Set<string>();
  /** endings */
  readonly excused = new Set<string>();
  /** notes of starts in a row that were judged, and the keys of what was set aside after them, until one is healthy */
  readonly row = { notes: new Set<string>(), keys: new Set<string>() };
  /** names of the notes that have been judged */
  readonly judged = new Set<string>();

  /** Whether a start of a program was healthy with a version. */
  isHealthy(version: ModuleVersion, program: string): boolean {
    return this.healthy.has(`${keyOf(version)} ${program}`);
  }

  asideOf(version: ModuleVersion): Aside | undefined {
    return this.asides.get(keyOf(version));
  }

  take(event: HealthEvent): void {
    if ('note' in event) this.judged.add(event.note);
    const versions = 'versions' in event ? event.versions : [];
    if (event.event === 'excused' || (event.event === 'aside' && event.note !== ''))
      this.row.notes.add(event.note);
    for (const version of versions) {
      const key = keyOf(version);
      if (event.event !== 'confirmed' && event.event !== 'aside') this.asides.delete(key);
      if (event.event === 'healthy') this.healthy.add(`${key} ${event.program}`);
      else if (event.event === 'aside') {
        this.asides.set(key, version as Aside);
        this.row.keys.add(key);
      } else if (event.event === 'tried') this.tried.add(key);
      else if (event.event === 'cleared') this.cleared.add(`${key} ${event.ending}`);
      if (event.event === 'cleared' || event.event === 'back') this.tried.delete(key);
    }
    if (event.event === 'confirmed') this.#confirm(versions);
    else if (event.event === 'healthy') {
      this.excused.clear();
      this.row.notes.clear();
      this.row.keys.clear();
      this.#confirm(event.without);
    } else if (event.event === 'excused') this.excused.add(event.ending);
  }

  #confirm(versions: readonly ModuleVersion[]): void {
    for (const version of versions) {
      const aside = this.asideOf(version);
      if (!aside?.isGuess) continue;
      this.asides.set(keyOf(aside), { ...aside, isGuess: false });
      this.tried.clear();
    }
  }
}

/** A version's name in the table. */
export function keyOf({ module, id }: ModuleVersion): string {
  return `${id} ${module}`;
}

/** The health of a cache's versions, read again when the file has changed. */
export class HealthFile {
  readonly file: string;
  #health = new Health();
  #seen = '';
  /** events that the disk has refused */
  #unwritten: HealthEvent[] = [];

  constructor(cacheDir: string) {
    this.file = join(cacheDir, STARTS, 'health');
  }

  /** What is known now. */
  read(): Health {
    const seen = this.#look();
    if (seen === this.#seen) return this.#health;
    this.#seen = seen;
    this.#health = new Health();
    for (const event of [...this.#events(), ...this.#unwritten]) this.#health.take(event);
    return this.#health;
  }

  /** Adds events. @returns whether the disk has taken them; they hold for this process in any case */
  append(events: readonly HealthEvent[]): boolean {
    if (events.length === 0) return true;
    const health = this.read();
    for (const event of events) health.take(event);
    try {
      // On lines of their own: the last one may be torn.
      const text = `\n${events.map((event) => `${lineOf(event)}\n`).join('')}`;
      inDirectory(this.file, () => appendTo(this.file, text));
      this.#compact();
      this.#seen = this.#look();
      return true;
    } catch {
      this.#unwritten.push(...events);
      return false;
    }
  }

  /** Which file it is and how long; empty where none can be read. */
  #look(): string {
    try {
      const { ino, size, mtimeMs } = statSync(this.file);
      return `${ino} ${size} ${mtimeMs}`;
    } catch {
      return ''; // none, or none that can be had, as where the cache's directory is a file
    }
  }

  #events(): HealthEvent[] {
    let text = '';
    try {
      text = readFile(this.file).toString();
    } catch {
      // none, or one that this user may not read: nothing is known
    }
    return linesOf<HealthEvent & { sum?: string }>(text).flatMap(({ sum, ...event }) =>
      sum === fingerprint(JSON.stringify(event)) ? [event as HealthEvent] : [],
    );
  }

  /** Leaves out what no longer says anything: an event of versions that later ones are of as well, notes that are gone. */
  #compact(): void {
    if ((statSync(this.file, { throwIfNoEntry: false })?.size ?? 0) < MOST) return;
    const { healthy, asides } = this.#health;
    const events: HealthEvent[] = [
      ...[...healthy].slice(-1000).map(healthyEvent),
      { event: 'aside', note: '', versions: [...asides.values()].slice(-1000) },
    ];
    writeWhole(this.file, events.map((event) => `${lineOf(event)}\n`).join(''));
  }
}

/** A line with a fingerprint of what it says: a torn one, or one that was altered, says nothing. */
function lineOf(event: HealthEvent): string {
  return JSON.stringify({ ...event, sum: fingerprint(JSON.stringify(event)) });
}

/** @param key `<id> <URL> <program>` */
function healthyEvent(key: string): HealthEvent {
  const [id = '', module = '', ...program] = key.split(' ');
  return { event: 'healthy', note: '', program: program.join(' '), versions: [{ module, id }], without: [] };
}
