/**
 * Notes of starts: `starts/<pid>.<time>`, a JSON line each for what a thread that runs versions does in its first ten seconds.
 * In: versions as they are loaded, and how the thread ended; out: at a later start, what processes that are no more have left. A
 * healthy start removes its note, so that a note of a process that is gone tells of a crash. A line is one append: whoever is
 * killed leaves whole lines before a torn one, which is skipped. A disk that refuses must never disturb the program.
 */
import { existsSync, getBuiltinModule, join, readdirSync, readFileSync, statSync } from '../node.ts';
import { appendTo, inDirectory, readFile, removeEmpty, removeFile, unique } from './files.ts';
import { isId } from './ids.ts';

/** A version of a module, by the module's URL and the SHA-256 of the text. */
export interface ModuleVersion {
  module: string;
  id: string;
}

/** A version that a start runs. */
export interface Run extends ModuleVersion {
  /** its number as people see it */
  number: number;
  /** when it was made, milliseconds since 1970 */
  at: number;
}

/** How a thread ended, or why a module of it could not be evaluated. */
export interface Ending {
  /** exit code; null: killed, nobody knows by which signal */
  code: number | null;
  /** first line of the error that ended it, e.g. `TypeError: x is not a function` */
  error?: string;
  /** URLs of the files that the error names, nearest first */
  files: string[];
  /** whether the operating system refused something (a port in use), which may be otherwise at the next start */
  isSystem?: true;
  /** milliseconds that it was up */
  up?: number;
}

/** What one thread has noted of its start. */
export interface Start {
  /** name of its file */
  name: string;
  /** when the first version was loaded, milliseconds since 1970 */
  at: number;
  /** 0: the main thread */
  thread: number;
  /** the program's main file: versions that are healthy in one program may end another */
  program: string;
  /** whether its process had been up for long by then: if that is killed, it is not for what was loaded */
  isLate: boolean;
  owner: Owner;
  /** versions that it runs */
  runs: Run[];
  /** versions that are set aside and that it would have run otherwise */
  without: ModuleVersion[];
  /** why modules of it could not be evaluated, where the program went on */
  failures: Ending[];
  /** undefined: it runs, or was killed */
  ending: Ending | undefined;
}

/** A thread that starts: its note's name, which no other thread has, its number, and the program's main file. */
export type Starter = Pick<Start, 'name' | 'thread' | 'program'>;

/** What tells a process from all others, on this machine and others that share the cache. */
interface Owner {
  pid: number;
  host: string;
  /** of the machine's last boot; empty where that is not told */
  boot: string;
  /** of the numbers of processes, of which each container has its own */
  space: number;
  /** when the process was started, in the machine's own unit; empty where that is not told */
  born: string;
}

type Line =
  | { start: Pick<Start, 'at' | 'thread' | 'program' | 'isLate' | 'owner'> }
  | { run: Run }
  | { without: ModuleVersion }
  | { failed: Ending }
  | { end: Ending };

/** Directory of the notes, and of what is known of versions. */
export const STARTS = 'starts';

/** Name of a note. */
export const NOTE = /^(\d+)\.[0-9a-z]+$/;

/** How long a start is, in seconds. */
const SHORT = 10;

/** How long notes of other machines are kept, which only these can judge, in milliseconds. */
const DAY = 86_400_000;

/** A note as a thread writes it. Threads of hooks write the note of the thread that they load modules for. */
export class StartNote {
  readonly file: string;
  readonly #starter: Starter;

  constructor(cacheDir: string, starter: Starter) {
    this.file = join(cacheDir, STARTS, starter.name);
    this.#starter = starter;
  }

  ran(run: Run): void {
    this.#append({ run });
  }

  wentWithout({ module, id }: ModuleVersion): void {
    this.#append({ without: { module, id } });
  }

  failed(failed: Ending): void {
    this.#append({ failed });
  }

  ended(end: Ending): void {
    this.#append({ end });
  }

  /** What it says so far; undefined where nothing was noted. */
  read(): Start | undefined {
    return readStart(this.file);
  }

  remove(): void {
    try {
      removeFile(this.file);
    } catch {
      // a disk that refuses
    }
  }

  #append(line: Line): void {
    try {
      inDirectory(this.file, () => {
        const first: Line[] = existsSync(this.file) ? [] : [this.#firstLine()];
        appendTo(this.file, [...first, line].map((one) => `${JSON.stringify(one)}\n`).join(''));
      });
    } catch {
      // a disk that refuses: this start is not guarded
    }
  }

  #firstLine(): Line {
    const { thread, program } = this.#starter;
    const isLate = process.uptime() > SHORT;
    return { start: { at: Date.now(), thread, program, isLate, owner: thisProcess() } };
  }
}

/** A thread that starts now. @param thread its number, 0 for the main one */
export function starterOf(thread: number): Starter {
  return { name: unique(), thread, program: process.argv[1] ?? '' };
}

/** All notes of a cache that can be read, oldest first; those that are of no use any more are removed. */
export function readStarts(cacheDir: string): Start[] {
  const directory = join(cacheDir, STARTS);
  const starts: Start[] = [];
  for (const name of namesIn(directory)) {
    const [, pid] = NOTE.exec(name) ?? [];
    if (pid === undefined) continue;
    const start = readStart(join(directory, name));
    if (start !== undefined) starts.push(start);
    // Torn in its first line, by a full disk or a kill.
    else if (Number(pid) !== process.pid && !isRunning(Number(pid))) removeNote(cacheDir, name);
  }
  return starts.sort((a, b) => a.at - b.at);
}

/** Removes a note that has been judged. */
export function removeNote(cacheDir: string, name: string): void {
  try {
    removeFile(join(cacheDir, STARTS, name));
    removeEmpty(join(cacheDir, STARTS));
  } catch {
    // a disk that refuses: it is known as judged
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory) as string[];
  } catch {
    return [];
  }
}

function readStart(file: string): Start | undefined {
  let start: Start | undefined;
  for (const line of linesOf<Line>(asked(() => readFile(file).toString()) ?? '')) {
    if ('start' in line) {
      if (typeof line.start?.owner?.pid !== 'number') return undefined;
      const name = file.slice(file.search(/[^\\/]+$/));
      start ??= { ...line.start, name, runs: [], without: [], failures: [], ending: undefined };
    } else if (start === undefined) return undefined;
    else if ('run' in line && isId(String(line.run?.id))) start.runs.push(line.run);
    else if ('without' in line) start.without.push(line.without);
    else if ('failed' in line) start.failures.push(line.failed);
    else if ('end' in line) start.ending ??= line.end;
  }
  return start;
}

/** Lines that are JSON objects; others are torn. */
export function linesOf<T extends object>(text: string): T[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return value !== null && typeof value === 'object' ? [value as T] : [];
    } catch {
      return [];
    }
  });
}

/**
 * What has become of the process that wrote a note. `elsewhere`: it is another machine's to judge; `gone`: its machine was started
 * again, or its note is too old to matter.
 */
export function fateOf({
  owner,
  at,
}: Pick<Start, 'owner' | 'at'>): 'running' | 'dead' | 'elsewhere' | 'gone' {
  const here = thisProcess();
  if (owner.host !== here.host) return Date.now() - at > DAY ? 'gone' : 'elsewhere';
  if (owner.boot !== here.boot || at < bootTime()) return 'gone';
  // A container that was started again has the host of the one before, and numbers its processes anew.
  if (owner.space !== here.space) return 'dead';
  if (owner.born !== '') return bornOf(owner.pid) === owner.born ? 'running' : 'dead';
  return owner.pid !== here.pid && isRunning(owner.pid) ? 'running' : 'dead';
}

/** Whether a note is of this very process. */
export function isOfThisProcess({ owner }: Pick<Start, 'owner'>): boolean {
  const { pid, host, space, born } = thisProcess();
  return owner.pid === pid && owner.host === host && owner.space === space && owner.born === born;
}

let own: Owner | undefined;

function thisProcess(): Owner {
  return (own ??= {
    pid: process.pid,
    host: (getBuiltinModule('node:os') as typeof import('node:os')).hostname(),
    boot: asked(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '',
    space: asked(() => statSync('/proc/self/ns/pid').ino) ?? 0,
    born: bornOf(process.pid) ?? '',
  });
}

/** When a process was started, in ticks since boot (Linux); undefined where it has ended, or that is not told. */
function bornOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  // `1234 (name) S 1 …`: the name may have anything in it; the state comes after it, and 19 words later the time.
  const words = asked(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' '));
  return words === undefined || /[ZX]/.test(words[0] as string) ? undefined : words[19];
}

/** When the machine was started, where its boot has no id; a minute earlier, as clocks are set. */
function bootTime(): number {
  if (thisProcess().boot !== '') return 0;
  const { uptime } = getBuiltinModule('node:os') as typeof import('node:os');
  return Date.now() - uptime() * 1000 - 60_000;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function asked<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch {
    return undefined;
  }
}
