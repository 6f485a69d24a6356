/**
 * The start guard, where modules are loaded: which versions a start leaves out. In: what earlier starts have left on disk, and each
 * version that is about to run; out: why it must not, or a note that it does. Nothing is read or written for a program that has no
 * versions. How a start ended is watched in `ending.ts`, on the program's own thread.
 */
import { type Aside, type HealthEvent, HealthFile } from '../cache/health.ts';
import {
  fateOf,
  isOfThisProcess,
  type ModuleVersion,
  type Run,
  readStarts,
  removeNote,
  type Start,
  type Starter,
  StartNote,
} from '../cache/starts.ts';
import { verdictOn } from './verdict.ts';

/** A cache, as one thread's start has to do with it. */
interface Guarded {
  note: StartNote;
  health: HealthFile;
}

export class Guard {
  readonly #starter: () => Starter;
  readonly #onNote: (cacheDir: string) => void;
  readonly #caches = new Map<string, Guarded>();

  /**
   * @param starter the thread that runs the modules
   * @param onNote called before the first version of a cache runs
   */
  constructor(starter: () => Starter, onNote: (cacheDir: string) => void = () => {}) {
    this.#starter = starter;
    this.#onNote = onNote;
  }

  /** Why a version is not to run; undefined where it may. */
  asideOf(cacheDir: string, version: ModuleVersion): Aside | undefined {
    return this.#of(cacheDir).health.read().asideOf(version);
  }

  isHealthy(cacheDir: string, version: ModuleVersion): boolean {
    return this.#of(cacheDir).health.read().isHealthy(version, this.#starter().program);
  }

  /** Notes what a module runs, and what it would have run. */
  ran(cacheDir: string, run: Run | undefined, without: readonly ModuleVersion[]): void {
    if (run === undefined && without.length === 0) return;
    const { note } = this.#of(cacheDir);
    this.#onNote(cacheDir);
    for (const one of without) note.wentWithout(one);
    if (run !== undefined) note.ran(run);
  }

  /** Sets a version aside that cannot even be read. */
  setAside(cacheDir: string, version: ModuleVersion & { number: number }, why: string): Aside {
    const { module, id, number } = version;
    const aside = { module, id, number, why, at: Date.now(), ending: '', isGuess: false, isDeep: false };
    this.#of(cacheDir).health.append([{ event: 'aside', note: '', versions: [aside] }]);
    return aside;
  }

  #of(cacheDir: string): Guarded {
    let found = this.#caches.get(cacheDir);
    if (found === undefined) {
      const health = new HealthFile(cacheDir);
      judgeStarts(cacheDir, health, this.#starter().name);
      found = { note: new StartNote(cacheDir, this.#starter()), health };
      this.#caches.set(cacheDir, found);
    }
    return found;
  }
}

/** Judges what starts have left that are over. @param own name of the notes of this thread */
function judgeStarts(cacheDir: string, file: HealthFile, own: string): void {
  const starts = readStarts(cacheDir).filter(({ name }) => name !== own);
  const health = starts.length === 0 ? undefined : file.read();
  if (health === undefined) return;
  const events: HealthEvent[] = [];
  const done: Start[] = [];
  for (const start of starts) {
    const fate = isOfThisProcess(start) ? 'running' : fateOf(start);
    if (fate === 'elsewhere' || (fate === 'running' && start.ending === undefined)) continue;
    done.push(start);
    if (fate === 'gone' || health.judged.has(start.name)) continue;
    const found = crashOf(start, starts);
    const made = found === undefined ? [] : verdictOn(start, found, health);
    for (const event of made) health.take(event);
    events.push(...made);
  }
  // Where the disk refuses, the notes stay and are judged again.
  if (file.append(events)) for (const { name } of done) removeNote(cacheDir, name);
}

/** What went wrong with a start that is over; undefined where nothing did. */
function crashOf(start: Start, starts: readonly Start[]): Start['failures'][0] | undefined {
  const { ending, failures, thread, owner } = start;
  if (ending !== undefined) return ending.code === 0 ? failures[0] : ending;
  if (start.isLate) return failures[0];
  // A worker that its program has ended, or the process with it: that tells the note of the main thread.
  const isAlone = !starts.some(
    (one) => one.thread === 0 && one.owner.pid === owner.pid && one.ending === undefined,
  );
  if (thread !== 0 && isAlone) return failures[0];
  return { code: null, files: failures[0]?.files ?? [] };
}
