/**
 * Messages that quote the text that runs. In: an error whose trace is being read; out: its message with the author's text: what an assertion says was
 * false, and a function that V8 has put into a message (`(x) => x is not a constructor`). Whoever reads the message before any trace
 * reads V8's.
 */
import { asLoaded } from '../node.ts';
import { withBuiltins } from './builtins.ts';
import { instrumenter, languageOf, typed } from './language.ts';
import { columnAt, offsetAt, sourceOf } from './positions.ts';
import type { Settings } from './settings.ts';
import { layoutFor, loadedAs } from './tostring.ts';

const { getOwnPropertyDescriptor } = Object;
const includes: (text: string, part: string) => boolean = Function.prototype.call.bind(
  String.prototype.includes,
);

/**
 * @param trace what it is without this
 * @param site where the error was made
 * @param format makes the trace of the error anew
 */
export function requote(
  error: Error,
  trace: unknown,
  site: NodeJS.CallSite | undefined,
  format: () => unknown,
): unknown {
  if (typeof trace !== 'string' || site === undefined) return trace;
  const message = getOwnPropertyDescriptor(error, 'message');
  const isAsserted = getOwnPropertyDescriptor(error, 'code')?.value === 'ERR_ASSERTION';
  if (!isAsserted && !includes(trace, 'hs$')) return trace;
  try {
    return asLoaded(() => withBuiltins(() => again()));
  } catch {
    return trace;
  }

  function again(): unknown {
    const text = typeof message?.value === 'string' ? message.value : undefined;
    if (text === undefined || !message?.writable) return isAsserted ? trace : inMessage(trace as string);
    const said = (isAsserted ? assertion(text, site as NodeJS.CallSite) : undefined) ?? inMessage(text);
    if (said === text) return trace;
    error.message = said;
    return format();
  }
}

/** What `assert(value)` says of a value that is false: Node quotes the call, from the file on Node 20 and else from the line that runs. */
const FALSY = 'The expression evaluated to a falsy value:\n\n  ';
/** Where it cannot find the call. */
const UNFOUND = /^[^\n]{0,99} == true\n?$/;

function assertion(message: string, site: NodeJS.CallSite): string | undefined {
  const [url, line, column] = [
    site.getScriptNameOrSourceURL?.(),
    site.getLineNumber(),
    site.getColumnNumber(),
  ];
  if (typeof url !== 'string' || line === null || column === null || site.isEval()) return undefined;
  const isQuoted = message.startsWith(FALSY) || UNFOUND.test(message);
  if (!isQuoted || (columnAt(url, line, column) === undefined && !message.includes('hs$'))) return undefined;
  const [source, offset] = [sourceOf(url), offsetAt(url, line, column)];
  if (source === undefined || offset === undefined) return undefined;
  const call = instrumenter().callAt(source, languageOf(url), offset);
  return call && `${FALSY}${call}\n`;
}

function settled(url: string): { url: string; settings: Settings | undefined } {
  return { url, settings: languageOf(url) === 'js' ? undefined : typed().settingsFor(url) };
}

/** What V8 leaves of a function's text in a message. */
const LONGEST = 128;
const OMITTED = '...<omitted>...';

/** What new code is made of, as V8 quotes it: `("db" , hs$e0(...))` for a variable `db` of a function around, `(0 , hs$o.f)` for a new one. */
const NAMES =
  /\("([^"\n]+)" , hs\$e\d+(?:\(\.\.\.\))?\)( is not a function or its return value)?|\(0 , hs\$o\.(?:hs\$g\.)?([^)\n]+)\)|hs\$o\.(?:hs\$g\.)?/g;

/** A text in which V8 has quoted a hot function, or what new code is made of, with the author's words for it. */
function inMessage(quoting: string): string {
  const message = quoting.replace(NAMES, (_all, captured, _called, called) => captured ?? called ?? '');
  const found = /(hs\$[0-9a-z]{7,})\$(\d+)\b/.exec(message);
  const module = found && loadedAs(found[1] as string);
  const layout = found && layoutFor(found[1] as string);
  if (!found || !module || !layout) return message;
  const { start, text } =
    instrumenter().functionAt(module.source, settled(module.url), Number(found[2])) ?? {};
  if (start === undefined || text === undefined) return message;
  let from = found.index;
  const running = layout.cellAt(Number(found[2])) - from;
  while (from > 0 && layout.author(running + from - 1) >= start) from--;
  const omitted = message.indexOf(OMITTED, from);
  let to = omitted < 0 ? message.length : omitted + OMITTED.length + 2;
  while (omitted < 0 && to > from && layout.authorText(message.slice(from, to)) !== text) to--;
  if (to === from) return message;
  const short = text.length <= LONGEST ? text : `${text.slice(0, 111)}${OMITTED}${text.slice(-2)}`;
  return message.slice(0, from) + short + message.slice(to);
}
