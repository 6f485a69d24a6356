/**
 * The start guard, on the program's own thread: how a start that runs versions ends. In: the program's end or its first ten seconds,
 * and modules as they begin to run; out: the start's note taken away where that was healthy or asked for, or written to its end.
 * All listeners are gone after ten seconds. A program that is killed, or ends without a turn of its event loop, has no say: its note
 * stays, which is how the next start knows.
 */
import { HealthFile } from '../cache/health.ts';
import {
  type Ending,
  isOfThisProcess,
  readStarts,
  removeNote,
  type Start,
  type Starter,
  StartNote,
} from '../cache/starts.ts';
import { readFileSync } from '../node.ts';
import { withBuiltins } from './builtins.ts';

/** How long a program must stay up, in milliseconds. */
const HEALTHY = 10_000;

/**
 * Signals that people and supervisors end programs with. Not SIGQUIT: it is the way out of a program that hangs, and a core dump
 * is a crash.
 */
const ASKED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGBREAK'] as const;

const { setTimeout, clearTimeout, queueMicrotask } = globalThis;
const { now } = Date;
const { kill } = process;

/** Watches the start of one thread: ten seconds from the first version that is loaded, and again from one that is loaded later. */
export class StartWatch {
  readonly #askStarter: () => Starter;
  readonly #caches = new Set<string>();
  readonly #begun = new Set<string>();
  readonly #failed = new Set<string>();
  #since = 0;
  #error: unknown;
  #end: (() => void) | undefined;
  readonly #exited = (code: number): void => this.#exit(Number(process.exitCode ?? code));

  /** @param starter this thread */
  constructor(starter: () => Starter) {
    this.#askStarter = starter;
  }

  get #starter(): Starter {
    return this.#askStarter();
  }

  /** Begins to watch: versions of this cache run, or may come to. */
  begin(cacheDir: string): void {
    this.#caches.add(cacheDir);
    if (this.#end !== undefined) return;
    this.#since = now();
    const timer = setTimeout(() => withBuiltins(() => this.#wasHealthy()), HEALTHY);
    timer.unref();
    const seeError = (error: unknown): void => {
      this.#error = error;
    };
    process.on('uncaughtExceptionMonitor', seeError);
    process.once('exit', this.#exited);
    const signals = this.#starter.thread === 0 ? endingSignals() : [];
    for (const signal of signals) process.once(signal, this.#asked);
    this.#end = () => {
      this.#end = undefined;
      clearTimeout(timer);
      process.removeListener('uncaughtExceptionMonitor', seeError);
      process.removeListener('exit', this.#exited);
      for (const signal of signals) process.removeListener(signal, this.#asked);
    };
  }

  /** Hears that a module has begun to run with a version that no start was healthy with yet. */
  began(url: string): void {
    if (this.#end === undefined) return;
    this.#begun.add(url);
    // Node 20 has a listener of its own by now, which gives a program that waits for ever its exit code.
    process.removeListener('exit', this.#exited);
    process.once('exit', this.#exited);
    // Whether it comes to its end: Node answers with the module that is being evaluated.
    queueMicrotask(() => {
      import(url).then(undefined, (error) => {
        if (this.#end === undefined) return;
        const evidence = evidenceOf(error);
        withBuiltins(() => {
          this.#failed.add(url);
          const files = [url, ...evidence.files.filter((one) => one !== url)];
          for (const note of this.#notes())
            if (note.read() !== undefined) note.failed({ code: 0, ...evidence, files });
        });
      });
    });
  }

  #notes(): StartNote[] {
    return [...this.#caches].map((cacheDir) => new StartNote(cacheDir, this.#starter));
  }

  readonly #asked = (signal: NodeJS.Signals): void => {
    withBuiltins(() => {
      for (const cacheDir of this.#caches)
        for (const start of readStarts(cacheDir))
          if (isOfThisProcess(start)) removeNote(cacheDir, start.name);
      this.#end?.();
    });
    // With nobody else to hear it, the signal does what it would have done.
    if (process.listenerCount(signal) === 0) kill(process.pid, signal);
  };

  #exit(code: number): void {
    const evidence: Pick<Ending, 'error' | 'files' | 'isSystem'> =
      code === 0 ? { files: [] } : this.#evidence();
    withBuiltins(() => {
      if (code === 0) return this.#wasHealthy();
      this.#end?.();
      const ending: Ending = { code, ...evidence, up: now() - this.#since };
      for (const cacheDir of this.#caches) {
        for (const one of this.#ownStarts(cacheDir)) new StartNote(cacheDir, one).ended(ending);
      }
    });
  }

  #evidence(): Pick<Ending, 'error' | 'files' | 'isSystem'> {
    const { stackTraceLimit } = Error;
    Reflect.set(Error, 'stackTraceLimit', 50); // which may be frozen
    const here = new Error('exit'); // the call of process.exit() is below
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
    const { files } = evidenceOf(here);
    if (this.#error === undefined) return { files: files.filter((one) => one !== import.meta.url) };
    return evidenceOf(this.#error);
  }

  /** The starts that end with this thread and have not ended: the main thread's end is that of all. */
  #ownStarts(cacheDir: string): Start[] {
    return readStarts(cacheDir).filter(
      (start) =>
        start.ending === undefined &&
        (start.name === this.#starter.name || (this.#starter.thread === 0 && isOfThisProcess(start))),
    );
  }

  #wasHealthy(): void {
    this.#end?.();
    for (const cacheDir of this.#caches) {
      for (const { name, thread } of this.#ownStarts(cacheDir))
        if (name !== this.#starter.name && thread !== 0) removeNote(cacheDir, name);
      const note = new StartNote(cacheDir, this.#starter);
      const start = note.read();
      if (start === undefined) continue;
      const file = new HealthFile(cacheDir);
      const health = file.read();
      const versions = start.runs
        .filter(
          (run) =>
            this.#begun.has(run.module) &&
            !this.#failed.has(run.module) &&
            !health.isHealthy(run, start.program),
        )
        .map(({ module, id }) => ({ module, id }));
      const isShown = start.without.some((one) => health.asideOf(one)?.isGuess);
      if (versions.length > 0 || isShown)
        file.append([
          { event: 'healthy', note: start.name, program: start.program, versions, without: start.without },
        ]);
      if (start.failures.length === 0) removeNote(cacheDir, start.name);
      else note.ended({ code: 0, files: [] });
    }
  }
}

/** Signals that end this process and that it does not ignore: a listener would end that for good (`nohup`). */
function endingSignals(): NodeJS.Signals[] {
  const { signals } = process.getBuiltinModule('node:os').constants;
  let ignored: bigint | undefined;
  try {
    const [, digits] = /^SigIgn:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (digits !== undefined) ignored = BigInt(`0x${digits}`);
  } catch {
    // no Linux
  }
  return ASKED.filter((signal) => {
    const number = signals[signal as keyof typeof signals] as number | undefined;
    if (number === undefined) return false;
    if (ignored !== undefined) return ((ignored >> BigInt(number - 1)) & 1n) === 0n;
    return process.platform === 'win32' || signal === 'SIGINT' || signal === 'SIGTERM';
  });
}

/** What an error tells: its first line, the files that it names, nearest first, and whether the operating system refused something. */
function evidenceOf(error: unknown): Pick<Ending, 'error' | 'files' | 'isSystem'> {
  const texts: string[] = [];
  const first = describe(error, texts, 0);
  const files = new Set<string>();
  for (const text of texts) {
    const found = [...text.matchAll(/file:\/\/\S+?(?=:\d+(?::\d+)?\)?(?:\s|$))/g)].map(([url]) =>
      withoutQuery(url),
    );
    // "The requested module './a.js' does not provide an export named 'g'"
    const [, specifier] = /requested module '([^']+)'/.exec(text) ?? [];
    if (specifier !== undefined && found[0] !== undefined && URL.canParse(specifier, found[0]))
      files.add(new URL(specifier, found[0]).href);
    for (const url of found) files.add(url);
  }
  const isSystem = typeof (error as { syscall?: unknown } | undefined)?.syscall === 'string';
  return { error: first, files: [...files], ...(isSystem ? { isSystem } : {}) };
}

function withoutQuery(url: string): string {
  return url.replace(/\?.*/s, '');
}

/** @returns the first line of an error @param texts gets its stack, and those of what it was caused by */
function describe(error: unknown, texts: string[], depth: number): string {
  try {
    if (!(error instanceof Error))
      return (typeof error === 'object' && error ? 'a thrown object' : String(error)).slice(0, 200);
    texts.push(String(error.stack));
    const more = [
      error.cause,
      ...(Array.isArray((error as { errors?: unknown }).errors) ? (error as AggregateError).errors : []),
    ];
    if (depth < 4) for (const one of more) if (one instanceof Error) describe(one, texts, depth + 1);
    return `${error.name}: ${error.message}`.split('\n', 1)[0]?.slice(0, 200) ?? '';
  } catch {
    return 'an error that cannot be read';
  }
}
