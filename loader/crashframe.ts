/**
 * The line of code that Node prints above an uncaught error, as its author has it. In: an error that ends the program; out: Node prints the author's
 * line, where V8 would give it one with something of ours on it. It stays Node that prints.
 */
import { asLoaded } from '../node.ts';
import { withBuiltins } from './builtins.ts';
import { columnAt, isShifted, lineOfModule } from './positions.ts';
import { registry } from './registry.ts';

/** `file:///m.js:3:14` at the end of a call site. */
const PLACE = /^ +at (?:.*\()?(file:.*):(\d+):(\d+)\)?$/m;

/** Follows what ends this program, other than in a thread, whose errors go to the one that made it. */
export function showAuthorsLine(): void {
  if (!process.getBuiltinModule('node:worker_threads').isMainThread) return;
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback())
      return;
    try {
      asLoaded(() => withBuiltins(() => show(error, origin)));
    } catch {
      // then Node's own line
    }
  });
}

function show(error: Error, origin: string): void {
  const { isNativeError } = process.getBuiltinModule('node:util').types;
  const stack = isNativeError(error) ? error.stack : undefined;
  if (typeof stack !== 'string') return;
  registry()?.receive(); // a module that could not be linked has not been heard of where the hooks run on another thread
  const framed = FRAME.exec(stack);
  if (framed !== null) {
    const shown = authorsFrame(framed);
    if (shown !== undefined) error.stack = shown + stack.slice(framed[0].length);
    return;
  }
  const [, url = '', row, at] = PLACE.exec(stack) ?? [];
  const line = lineOfModule(url, Number(row));
  // Of a line with nothing of ours Node knows better where the error was thrown.
  if (line === undefined || !isShifted(url, Number(row))) return;
  const column = origin === 'uncaughtException' ? thrownAt(line, Number(at) - 1) : Number(at) - 1;
  if (column === undefined) return;
  setAside(error);
  error.stack = `${url}:${row}\n${line}\n${indent(line, column)}^\n\n${stack}`;
}

/** What Node has put before the stack of an error that a module could not be linked for. */
const FRAME = /^(file:[^\n]*):(\d+)\n([^\n]*hs\$[^\n]*)\n([ \t]*)(\^+)/;

function authorsFrame([, url = '', row, , before = '', carets = '']: RegExpExecArray): string | undefined {
  const line = lineOfModule(url, Number(row));
  if (line === undefined) return undefined;
  const column = columnAt(url, Number(row), before.length + 1) ?? before.length + 1;
  return `${url}:${row}\n${line}\n${indent(line, column - 1)}${carets}`;
}

function indent(line: string, column: number): string {
  return line.slice(0, column).replace(/[^\t]/g, ' ');
}

/**
 * Where an error that was made on a line was thrown there; undefined where it may have been thrown elsewhere.
 * @param made column where it was made, from 0
 */
function thrownAt(line: string, made: number): number | undefined {
  if (!/^new\b/.test(line.slice(made))) return made; // V8's own
  const throws = [...line.matchAll(/\bthrow\b/g)].map(({ index }) => index);
  return (
    throws.findLast((one) => /^throw\s+$/.test(line.slice(one, made))) ??
    (throws.length === 1 ? throws[0] : undefined)
  );
}

/** Has Node take an error for one whose line stands in its `stack` already, as what is thrown by a script of `vm` has. */
function setAside(error: Error): void {
  try {
    process.getBuiltinModule('node:vm').runInNewContext('throw error', { error }, { displayErrors: true });
  } catch {
    // it is this very error
  }
}
