/**
 * Which signals the command passes on to its program. In: a signal that has arrived; out: whether the program has it already, as a
 * terminal sends it to all processes in its foreground. Who sent a signal Node does not say.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** On Windows all signals that there are come from the console; sent by a process they end another at once, or are refused. */
export const IS_WINDOWS = process.platform === 'win32';

/** Signals that a person or a supervisor ends a program with. */
const ENDING = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM', 'SIGBREAK'] as const;

/** Others that a program may listen to; SIGUSR1 starts Node's inspector. */
const OTHERS = ['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGALRM', 'SIGIO', 'SIGPWR', 'SIGURG', 'SIGXCPU'] as const;

export const SIGNALS = [...ENDING, ...OTHERS].filter((one) => one in constants.signals);

/** Those that a terminal sends for a key, or as it is given another size. */
const BY_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT', 'SIGBREAK', 'SIGWINCH'];

/** Whether a signal is to end a program. */
export function isEnding(signal: NodeJS.Signals): boolean {
  return (ENDING as readonly string[]).includes(signal);
}

/** Whether the program has a signal that has arrived here. @param hadTerminal whether this process had one when it started */
export function isSentToAll(signal: NodeJS.Signals, hadTerminal: boolean): boolean {
  if (IS_WINDOWS) return true;
  if (signal === 'SIGHUP') return hadTerminal && !hasTerminal(); // it has been closed
  return BY_TERMINAL.includes(signal) && isInForeground();
}

/** Whether there is a terminal that this process belongs to, whatever its stdin is. */
export function hasTerminal(): boolean {
  return !IS_WINDOWS && terminalGroup().foreground > 0;
}

function isInForeground(): boolean {
  const { own, foreground } = terminalGroup();
  return own === foreground;
}

/** The process group of this process and the one in the foreground of its terminal; below 1 where there is no terminal. */
function terminalGroup(): { own: number; foreground: number } {
  try {
    const [own = 0, foreground = 0] = process.platform === 'linux' ? ofProc() : ofPs();
    return { own, foreground };
  } catch {
    return { own: 0, foreground: -1 };
  }
}

/** `42 (node) S <parent> <group> <session> <terminal> <group in the foreground> …`; the name may have any letters in it. */
function ofProc(): [number?, number?] {
  const words = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return [Number(words[2]), Number(words[5])];
}

function ofPs(): (number | undefined)[] {
  const out = execFileSync('ps', ['-o', 'pgid=,tpgid=', '-p', String(process.pid)], { encoding: 'utf8' });
  return out.trim().split(/\s+/).map(Number);
}
