/**
 * Where stack traces say that code is which saves have left as it was. In: the call sites of a trace; out: the same, those of hot
 * modules on the lines that their code has in the file as it was saved last. V8 has the lines of the text that code was
 * compiled from, and code that no save has changed runs on as it was compiled. What is no longer in the file keeps its line.
 * Nothing is done before the first save, and nothing is looked up before a trace is read.
 */
import type { HotFunction } from '../../loader/functions.ts';
import type { LiveModule, Places } from '../../loader/live.ts';
import { lineOf, type Node } from '../../loader/parse.ts';
import { Pieces } from '../../loader/pieces.ts';
import { columnAt } from '../../loader/positions.ts';
import { registry } from '../../loader/registry.ts';
import { type CallSite, isMoved, siteAt } from '../../loader/sites.ts';
import { findSourceMap, hash } from '../../node.ts';
import { versionAt, versionText } from '../history/history.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { sameOwn } from '../plan/plan.ts';
import { putNewest } from '../plan/recent.ts';
import { ignored, isNode, isObject, sameText } from '../plan/sametree.ts';

/** So many lines of a module's traces are known. */
const KEPT = 4096;

/** Remembers a piece of code that is about to be compiled, under the file's own URL, until the version that it is of has a number. */
export function compiling(module: LiveModule, code: string): void {
  placesOf(module).compiling.push(hash('sha256', code));
}

/** Forgets what was compiled for a version that has not come to be. */
export function notCompiled({ places }: LiveModule): void {
  if (places !== undefined) places.compiling.length = 0;
}

/** What was compiled last is of this version. */
export function compiledAs({ places }: LiveModule, version: number): void {
  if (places === undefined) return;
  for (const one of places.compiling.splice(0)) places.compiled.put(one, version);
}

/** From now on a module's file has the text of this version. */
export function savedAs(module: LiveModule, version: number): void {
  const places = placesOf(module);
  if (places.saved === version) return;
  places.saved = version;
  places.lines.clear();
  followTraces();
}

function placesOf(module: LiveModule): Places {
  return (module.places ??= { saved: 0, compiling: [], compiled: new Pieces(), lines: new Map() });
}

let isFollowed = false;

/** Whoever has a say in how traces look keeps it, and is told other lines; whoever takes it later is not. */
function followTraces(): void {
  const { prepareStackTrace } = Error;
  if (isFollowed || prepareStackTrace === undefined) return;
  isFollowed = true;
  const prepare: typeof Error.prepareStackTrace = (error, sites) =>
    prepareStackTrace.call(Error, error, sites.map(placed));
  try {
    Error.prepareStackTrace = prepare;
  } catch {
    // a program that has frozen its Error has its lines as they are
  }
}

let isBusy = false;

/** A call site where its code is now. */
function placed(site: NodeJS.CallSite): NodeJS.CallSite {
  if (isBusy || isMoved(site)) return site;
  isBusy = true;
  try {
    return placeOf(site as CallSite) ?? site;
  } catch {
    return site; // a text that is gone
  } finally {
    isBusy = false;
  }
}

function placeOf(site: CallSite): NodeJS.CallSite | undefined {
  const name = site.getScriptNameOrSourceURL();
  const line = site.getLineNumber();
  if (line === null || typeof name !== 'string') return undefined;
  const query = name.search(/[?&]hotswap=/);
  const modules = registry()?.modules;
  const module = modules?.get(name) ?? (query < 0 ? undefined : modules?.get(name.slice(0, query)));
  const places = module?.places;
  // What another loader has made of a file has a map of its own.
  if (module === undefined || places === undefined || module.madeAs !== undefined) return undefined;
  const isLoaded = !site.isEval();
  if (isLoaded && name !== module.url) return undefined; // a version as an instance of its own
  const from = isLoaded ? module.started : places.compiled.versionOf(site.getScriptHash());
  if (from === undefined) return undefined;
  const key = `${from} ${line}`;
  if (!places.lines.has(key)) putNewest(places.lines, key, lineNow(module, from, places.saved, line), KEPT);
  const now = places.lines.get(key);
  return now === undefined || (now === line && name === module.url)
    ? undefined
    : siteAt(site, module.url, now, columnOf(site));
}

/** The line that code of one version has in another; undefined where it is not there. */
function lineNow(module: LiveModule, from: number, to: number, line: number): number | undefined {
  const [before, after] = [from, to].map((number) => {
    const text = number === module.started ? module.source : versionText(module, versionAt(module, number));
    return analyse(text, module.url);
  }) as [Analysis, Analysis];
  return before.source === after.source ? line : lineIn(before, after, line);
}

/** The line of one text's code in another text; undefined where it is not there. @param line from 1 */
export function lineIn(before: Analysis, after: Analysis, line: number): number | undefined {
  const { source } = before;
  const { start, end } = lineAt(source, line);
  const isOn = (one: { start: number; end: number }): boolean => one.start < end && one.end > start;
  const on = before.functions.filter(isOn);
  const around = on.findLast((hot) => hot.start < start);
  // Of those that begin on the line, the line does not tell which is meant.
  const all = [
    ...(around === undefined ? [] : [around]),
    ...on.filter((hot) => hot.start >= start).reverse(),
  ];
  for (const hot of all) {
    const now = twinOf(before, hot, after);
    if (now !== undefined) return besides(before, hot, after, now, line);
  }
  for (const { path, node } of all) {
    const now = after.functions.find((one) => one.path === path);
    const isEntry = node.body !== null && isOn({ ...node.body, end: node.body.start + 1 });
    // Its patch point, which calls what has its place now.
    if (isEntry && now?.node.body) return lineOf(after.source, now.node.body.start);
  }
  if (around !== undefined) return undefined;
  // A field of a class, or a statement: the only line that says so.
  const said = source.slice(start, end).trim();
  const at = after.source.indexOf(said);
  if (said === '' || at < 0 || after.source.includes(said, at + 1)) return undefined;
  return lineOf(after.source, at);
}

/** The function of another text that is the same code: the one with its path, or the only one with its text. */
function twinOf(before: Analysis, hot: HotFunction, after: Analysis): HotFunction | undefined {
  const named = after.functions.find(({ path }) => path === hot.path);
  if (named !== undefined && sameOwn(before, hot, after, named)) return named;
  const same = after.functions.filter((one) =>
    sameText(before, hot.node.body ?? hot, after, one.node.body ?? one),
  );
  return same.length === 1 ? same[0] : undefined;
}

/** The line of what is, in a function that is the same code, what the first thing on a line is in this one. */
function besides(
  before: Analysis,
  hot: HotFunction,
  after: Analysis,
  now: HotFunction,
  line: number,
): number {
  const { start, end } = lineAt(before.source, line);
  let pair: [Node, Node] = [hot.node, now.node];
  let isFound = false;
  const look = (a: unknown, b: unknown): void => {
    if (isFound || !isObject(a) || !isObject(b)) return;
    if (isNode(a) && isNode(b)) {
      if (a.start >= end) return;
      if (a.start >= start || a.end <= start) pair = [a, b];
      if (a.end <= start) return;
      isFound = a.start >= start;
    }
    for (const key of Object.keys(a)) if (!ignored(a, key)) look(a[key], b[key]);
  };
  look(hot.node, now.node);
  // What begins on the line itself: frames are in its body, of which something is there, or in its parameters.
  if (pair[0] === hot.node) {
    isFound = false;
    look(statementsOf(hot), statementsOf(now));
  }
  const [a, b] = pair;
  return lineOf(after.source, b.start) + (isFound ? 0 : line - lineOf(before.source, a.start));
}

function statementsOf({ node: { body } }: HotFunction): unknown {
  return body?.type === 'BlockStatement' ? body.body : body;
}

/** Where a line is in a text. @param line from 1 */
function lineAt(source: string, line: number): { start: number; end: number } {
  let start = 0;
  for (const { 0: text, index } of source.matchAll(/.*(?:\r\n|[\n\r\u2028\u2029]|$)/g)) {
    if (--line === 0) return { start: index, end: index + text.length };
    start = index + text.length;
  }
  return { start, end: start };
}

function columnOf(site: CallSite): number | null {
  const [line, column] = [site.getLineNumber(), site.getColumnNumber()];
  if (line === null || column === null) return column;
  const url = site.getScriptNameOrSourceURL() ?? '';
  if (!process.sourceMapsEnabled) return (site.isEval() ? undefined : columnAt(url, line, column)) ?? column;
  const entry = findSourceMap(url)?.findEntry(line - 1, column - 1);
  return entry !== undefined && 'originalColumn' in entry ? entry.originalColumn + 1 : column;
}
