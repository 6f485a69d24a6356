/**
 * Stack traces and messages as plain Node has them. V8 has the columns of the text that runs, and quotes functions of it in messages. In: an error
 * whose trace is about to be read, and its call sites; out: the trace with the author's columns and quotations. Nothing is done
 * before a trace is read, and next to nothing for code that stands where its author has it.
 */
import { columnAt } from './positions.ts';
import { requote } from './quoted.ts';
import { type CallSite, isMoved } from './sites.ts';

const { apply, defineProperty } = Reflect;
const lastIndexOf: (text: string, part: string) => number = Function.prototype.call.bind(
  String.prototype.lastIndexOf,
);
const split: (text: string, by: string) => string[] = Function.prototype.call.bind(String.prototype.split);
const slice: (text: string, from: number, to?: number) => string = Function.prototype.call.bind(
  String.prototype.slice,
);
const join: (lines: string[], by: string) => string = Function.prototype.call.bind(Array.prototype.join);

/** Whoever has a say in how traces look later sees V8's call sites. */
export function showAuthorsPlaces(): void {
  const { prepareStackTrace } = Error;
  if (prepareStackTrace === undefined) return;
  const prepare: typeof Error.prepareStackTrace = (error, sites) => {
    const format = (): unknown =>
      placed(apply(prepareStackTrace, Error, [error, sites]), sites as CallSite[]);
    return requote(error, format(), sites[0], format);
  };
  defineProperty(prepare, 'name', { value: prepareStackTrace.name, configurable: true });
  const own = Reflect.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  if (own?.configurable) defineProperty(Error, 'prepareStackTrace', { ...own, value: prepare }); // not with --frozen-intrinsics
}

let isBusy = false;

/** A trace, whose last lines are one a call site, with the author's columns. */
function placed(trace: unknown, sites: CallSite[]): unknown {
  // Source maps lead to the author's columns.
  if (isBusy || typeof trace !== 'string' || process.sourceMapsEnabled) return trace;
  isBusy = true;
  try {
    let lines: string[] | undefined;
    for (let i = 0; i < sites.length; i++) {
      const site = sites[i] as CallSite;
      const line = site.getLineNumber();
      const column = site.getColumnNumber();
      const author = authorsColumn(site, line, column);
      if (author === undefined) continue;
      lines ??= split(trace, '\n');
      const at = lines.length - sites.length + i;
      lines[at] = withColumn(lines[at], `:${line}:`, column as number, author);
    }
    return lines === undefined ? trace : join(lines, '\n');
  } catch {
    return trace;
  } finally {
    isBusy = false;
  }
}

function authorsColumn(site: CallSite, line: number | null, column: number | null): number | undefined {
  if (isMoved(site) || line === null || column === null || site.isEval()) return undefined;
  const url = site.getScriptNameOrSourceURL();
  return typeof url === 'string' ? columnAt(url, line, column) : undefined;
}

/** `at f (file:///m.js:3:90)` with another column; as it is where somebody writes it otherwise. */
function withColumn(text: string | undefined, line: string, column: number, author: number): string {
  if (text === undefined) return '';
  const at = lastIndexOf(text, line + column);
  if (at < 0) return text;
  return slice(text, 0, at) + line + author + slice(text, at + line.length + `${column}`.length);
}
