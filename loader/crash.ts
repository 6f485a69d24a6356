/**
 * How `hotswap run` learns that its program ended by an uncaught error and not by itself: an exit code does not tell. In: the
 * name of a file, in a variable of the environment that the program does not get to see; out: that file.
 */
import { environment, writeFileSync } from '../node.ts';

/** Variable with the name of the file. */
export const CRASHED = 'HOTSWAP_RUN_CRASHED';

/** Makes the file when the program ends by an uncaught error. */
export function markCrashes(): void {
  const file = environment(CRASHED);
  if (file === undefined || !process.getBuiltinModule('node:worker_threads').isMainThread) return;
  delete process.env[CRASHED];
  process.on('uncaughtExceptionMonitor', () => {
    if (process.listenerCount('uncaughtException') > 0) return; // the program sees to it
    try {
      writeFileSync(file, '');
    } catch {
      // then the exit code is passed on
    }
  });
}
