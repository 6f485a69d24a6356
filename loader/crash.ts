/**
 * How `hotswap run` learns that its program has crashed and did not end by itself: an exit code does not tell. In: the
 * name of a file, in a variable of the environment that the program does not get to see; out: that file, with what happened. A
 * crash is an uncaught error, and `process.exit(1)`, with which programs and frameworks end that have caught one.
 */
import { environment, writeFileSync } from '../node.ts';

/** Variable with the name of the file. */
export const CRASHED = 'HOTSWAP_RUN_CRASHED';

/** Variable with the number of the command's process. */
export const COMMAND = 'HOTSWAP_RUN_COMMAND';

/** The process of the command that has started this one; undefined where none has. */
export let commandPid: number | undefined;

/** What the file says. */
export type Crash = 'error' | 'exit';

/** Makes the file when the program crashes. */
export function markCrashes(): void {
  const file = environment(CRASHED);
  if (file === undefined || !process.getBuiltinModule('node:worker_threads').isMainThread) return;
  commandPid = Number(environment(COMMAND));
  delete process.env[CRASHED];
  delete process.env[COMMAND];
  process.on('uncaughtExceptionMonitor', () => {
    if (process.listenerCount('uncaughtException') > 0) return; // the program sees to it
    mark(file, 'error');
  });
  // What `process.exit` calls, and the end of a program that has nothing more to do does not. A listener of `exit` would be seen.
  const ending = process as unknown as { reallyExit: (code: number) => never };
  const { reallyExit } = ending;
  ending.reallyExit = function (this: unknown, code) {
    if (Number(code) === 1) mark(file, 'exit');
    return Reflect.apply(reallyExit, this, [code]);
  };
}

function mark(file: string, crash: Crash): void {
  try {
    writeFileSync(file, crash);
  } catch {
    // then the exit code is passed on
  }
}
