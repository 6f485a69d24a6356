/**
 * `hotswap run`: a program in a process of its own, which looks to it as with plain Node. In: Node's options, the file and its
 * arguments; out: the exit code or signal that it ended with. One that ended with an uncaught error is started again at the
 * next save, as its process is no more there to be changed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { removeEmpty, removeFile } from '../cache/files.ts';
import { packageRoot } from '../loader/config.ts';
import { CRASHED, type Crash } from '../loader/crash.ts';
import { printable, writeError } from '../node.ts';
import { sayError, shown } from '../watch/say.ts';

export const REGISTER = new URL('../loader/register.js', import.meta.url).href;

/** What is passed on. Those that a terminal sends go to all of its processes at once, and the program has them already. */
const SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM', 'SIGUSR2', 'SIGBREAK'] as const;
const BY_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT', 'SIGBREAK'];

/**
 * On Windows all signals that there are come from the console, to all of its processes. Sent by a process they end another at once, or
 * are refused with an error.
 */
const IS_WINDOWS = process.platform === 'win32';

/** Files at whose change a program that could not start is started again. */
const SOURCE = /\.([cm]?[jt]sx?|json|wasm|node)$|^\.env/;

/**
 * Runs a program until it ends by itself.
 * @param options of Node, e.g. `--inspect`
 */
export async function run(options: string[], file: string, words: string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'hotswap-run-'));
  const mark = join(directory, 'crashed');
  process.on('exit', clear);
  let child: ChildProcess | undefined;
  let asked: NodeJS.Signals | undefined;
  const pass = (signal: NodeJS.Signals): void => {
    asked = signal;
    if (child === undefined) end(null, signal);
    else if (!IS_WINDOWS && !(process.stdin.isTTY && BY_TERMINAL.includes(signal))) child.kill(signal);
  };
  for (const signal of SIGNALS) {
    if (signal in constants.signals) process.on(signal, pass);
  }

  for (;;) {
    removeFile(mark);
    const { code, signal } = await new Promise<Ended>((resolve, reject) => {
      child = spawn(
        process.execPath,
        [...process.execArgv, '--import', REGISTER, ...options, '--', file, ...words],
        {
          stdio: 'inherit',
          env: { ...process.env, HOTSWAP_WATCH: '1', [CRASHED]: mark },
        },
      );
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve({ code, signal }));
    });
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
