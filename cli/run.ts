/**
 * `hotswap run`: a program in a process of its own, which looks to it as with plain Node. In: Node's options, the file and its
 * arguments; out: the exit code or signal that it ended with. One that ended with an uncaught error is started again at the
 * next save, as its process is no more there to be changed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { removeEmpty, removeFile } from '../cache/files.ts';
import { packageRoot } from '../loader/config.ts';
import { COMMAND, CRASHED, type Crash } from '../loader/crash.ts';
import { printable, writeError } from '../node.ts';
import { sayError, shown } from '../watch/say.ts';
import { inherited } from './inherited.ts';
import { hasTerminal, IS_WINDOWS, isEnding, isSentToAll, SIGNALS } from './signals.ts';

const REGISTER = new URL('../loader/register.js', import.meta.url).href;

/** Files at whose change a program that could not start is started again. */
const SOURCE = /\.([cm]?[jt]sx?|json|wasm|node)$|^\.env/;

/**
 * Runs a program until it ends by itself.
 * @param options of Node, e.g. `--inspect`
 */
export async function run(options: string[], file: string, words: string[]): Promise<void> {
  const given = inherited();
  const hadTerminal = hasTerminal();
  const directory = mkdtempSync(join(tmpdir(), 'hotswap-run-'));
  const mark = join(directory, 'crashed');
  process.on('exit', clear);
  let child: ChildProcess | undefined;
  let asked: NodeJS.Signals | undefined;
  const pass = (signal: NodeJS.Signals): void => {
    if (isEnding(signal)) asked = signal;
    if (child === undefined) {
      if (isEnding(signal)) end(null, signal);
    } else if (!isSentToAll(signal, hadTerminal)) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, pass);

  for (;;) {
    removeFile(mark);
    const program = spawn(
      process.execPath,
      [...process.execArgv, ...withOurs(options), '--', file, ...words],
      {
        ...given.options,
        env: { ...process.env, HOTSWAP_WATCH: '1', [CRASHED]: mark, [COMMAND]: String(process.pid) },
      },
    );
    child = program;
    given.connect(program);
    const { code, signal } = await new Promise<Ended>((resolve, reject) => {
      program.on('error', reject);
      program.on('exit', (code, signal) => resolve({ code, signal }));
    });
    await given.delivered(program);
    child = undefined;
    if (!existsSync(mark) || asked !== undefined) return end(code, signal);
    const endedAt = statSync(mark).mtimeMs; // by the clock of the file system, which is not that of Date
    const how: Record<Crash, string> = { error: 'an error', exit: 'exit code 1' };
    sayError(
      `${file} ended with ${how[readFileSync(mark, 'utf8') as Crash]}; it is started again at the next save`,
    );
    const saved = await nextSave(packageRoot(dirname(resolve(file))) ?? dirname(resolve(file)), endedAt);
    writeError(`hotswap: ${saved} was saved; ${printable(file)} is started again\n`);
  }

  function clear(): void {
    removeFile(mark);
    removeEmpty(directory);
  }

  /** Ends as the program did. */
  function end(code: number | null, signal: NodeJS.Signals | null): void {
    process.exitCode = code ?? 1;
    if (signal === null || IS_WINDOWS) process.exit();
    for (const one of SIGNALS) process.removeListener(one, pass);
    process.removeAllListeners('exit');
    clear();
    process.kill(process.pid, signal);
  }
}

/**
 * Node's options with our hooks behind those of others, as one of them may have to make JavaScript of a text before we can see it. They
 * stay where the options name them already.
 */
export function withOurs(options: readonly string[]): string[] {
  const isNamed = options.some((word) => /^(?:--import=)?hotswap\/register$/.test(word));
  return isNamed ? [...options] : [...options, '--import', REGISTER];
}

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Waits until a source file under a directory is changed, those of packages aside. @returns its name */
async function nextSave(root: string, since: number): Promise<string> {
  const { watch } = await import('chokidar');
  const isAside = (path: string): boolean =>
    resolve(path) !== root && (basename(path) === 'node_modules' || /^\.(?!env)/.test(basename(path)));
  const watcher = watch(root, {
    ignored: (path, stats) => isAside(path) || (stats?.isFile() === true && !SOURCE.test(basename(path))),
    alwaysStat: true,
    ignorePermissionErrors: true,
  });
  let ready = false;
  const saved = await new Promise<string>((resolve) => {
    watcher.on('all', (event, path, stats) => {
      // One that was saved before the watch was in place is seen by its time.
      const isNew = ready || (event === 'add' && (stats?.mtimeMs ?? 0) >= since);
      if (isNew && !event.endsWith('Dir') && event !== 'unlink') resolve(path);
    });
    watcher.on('ready', () => {
      ready = true;
      // And one that was saved between being looked at and being watched.
      for (const [directory, names] of Object.entries(watcher.getWatched())) {
        for (const path of names.map((name) => join(directory, name))) {
          const stats = SOURCE.test(path) ? statSync(path, { throwIfNoEntry: false }) : undefined;
          if (stats?.isFile() && stats.mtimeMs >= since) resolve(path);
        }
      }
    });
    watcher.on('error', (error) => sayError(`a file cannot be watched: ${(error as Error).message}`));
  });
  await watcher.close();
  return shown(saved);
}
