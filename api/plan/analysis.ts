/**
 * A version's text, understood: its tree, its hot functions, and where each name in it leads. In: text; out: an
 * Analysis, from a small cache, since most edits look at the same few texts again and again. Trees are not kept beyond that.
 */
import {
  addTo,
  type HotFunction,
  type ModuleFunctions,
  type Part,
  partReader,
} from '../../loader/functions.ts';
import { languageOf } from '../../loader/language.ts';
import { named, type Program, type Read, read } from '../../loader/parse.ts';
import { moduleScope, type Reference, type Scope } from '../../loader/scopes.ts';
import { changed } from './changed.ts';

export interface Analysis extends ModuleFunctions, Read {
  source: string;
  /** URL of the module, whose language it is in */
  url: string;
  /** its top-level statements, in order, with what each holds */
  parts: Part[];
  /** the module's own variables */
  top: Scope;
  hashbang: Program['hashbang'];
  readonly program: Program;
}

/**
 * Analyses that are kept, and while these are of no more than so many characters together, with 60 bytes for each: a class that was made anew
 * several times has methods in each of those texts, which all are looked at for an edit of one. What they have in common is there once.
 */
const KEPT = 16;
const KEPT_SHORT = 128;
const SHORT = 2 ** 18;
const recent = new Map<string, Analysis>();
let size = 0;

/**
 * @param url of the module, which tells the language
 * @param what names the text in an error, e.g. `version 3 of file:///…/pricing.js`
 * @param other a text that it may have most statements in common with: those are not read again
 * @throws ERR_HOTSWAP_SYNTAX
 */
export function analyse(source: string, url: string, what = url, other?: Analysis): Analysis {
  const lang = languageOf(url);
  const key = lang === 'js' ? source : `${lang}\0${source}`;
  let analysis = recent.get(key);
  if (analysis === undefined) {
    // What is a statement of TypeScript is not always for that statement to tell.
    const others = () => (lang === 'js' ? other && changed(source, other) : undefined);
    analysis = named(what, () => others() ?? analyseWhole(source, url, what));
  }
  keep(key, analysis);
  return analysis;
}

function keep(key: string, analysis: Analysis): void {
  if (!recent.delete(key)) size += key.length;
  recent.set(key, analysis);
  for (const oldest of recent.keys()) {
    if (recent.size <= KEPT || (recent.size <= KEPT_SHORT && size <= SHORT)) return;
    recent.delete(oldest);
    size -= oldest.length;
  }
}

/** Every statement read, and nothing remembered. @throws as `analyse` */
export function analyseWhole(source: string, url: string, what = url): Analysis {
  const found = read(source, what, languageOf(url));
  const { program, plain } = found;
  const top = moduleScope(program.body);
  const parts = program.body.map(partReader(plain, top, true));
  const { hashbang } = program;
  const analysis = { ...found, source, url, parts, top, hashbang, functions: [], classes: [], accessors: [] };
  parts.forEach((part) => addTo(analysis, part));
  return analysis;
}

/** Of pieces of a text in its order, the last that begins at an offset or before it; the first where none does. */
export function lastFrom<T extends { start: number }>(pieces: readonly T[], offset: number): T | undefined {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle] as T).start <= offset) low = middle;
    else high = middle - 1;
  }
  return pieces[low];
}

/** The top-level statement around a place in the text. */
export function partAround({ parts }: Analysis, { start, end }: { start: number; end: number }): Part {
  const part = lastFrom(parts, start);
  return (part !== undefined && end <= part.end && start >= part.start ? part : undefined) as Part;
}

/** Every use of a name in the text, in source order. */
export function referencesIn({ parts }: Analysis): Reference[] {
  return parts.flatMap((part) => part.references);
}

/** The scopes around a function, innermost first, the module's last. */
export function scopesAround(hot: HotFunction): Scope[] {
  const found: Scope[] = [];
  for (let at: Scope | undefined = hot.scope; at !== undefined; at = at.parent) found.push(at);
  return found;
}

/** Every use, inside a function, of a name from outside it, in source order. Its own name counts as outside. */
export function outerReferences(analysis: Analysis, hot: HotFunction): Reference[] {
  const around = new Set<Scope | undefined>([undefined, ...scopesAround(hot)]);
  const { node: whole } = hot;
  const own = whole.type === 'FunctionExpression' ? whole.id?.name : undefined;
  return partAround(analysis, hot).references.filter(
    ({ node, scope, key }) =>
      node.start >= whole.start &&
      node.end <= whole.end &&
      (around.has(scope) ||
        (key === own &&
          scope?.owner === whole &&
          scope.parent?.owner !== whole &&
          !scope.isBody &&
          scope.context === undefined)),
  );
}
