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
import { NOTHING, named, type Program, parseAway, parsePiece, type Read, read } from '../../loader/parse.ts';
import { moduleScope, type Reference, type Scope } from '../../loader/scopes.ts';
import { changed } from './changed.ts';
import { inTurns, isLong, turn, withoutTurns } from './turns.ts';

/** One name that a module exports. */
export interface Exported {
  /** `*` for `export * from` */
  name: string;
  /** the module's own variable; undefined for a re-export and for `export default <expression>`, see `localOf` */
  local: string | undefined;
  /** specifier of the module that a re-export comes from, and the name there (undefined: its namespace) */
  from: string | undefined;
  importName: string | undefined;
}

export interface Analysis extends ModuleFunctions, Read {
  source: string;
  /** URL of the module, whose language it is in */
  url: string;
  /** its top-level statements, in order, with what each holds */
  parts: Part[];
  /** the module's own variables */
  top: Scope;
  hashbang: Program['hashbang'];
  /** what it exports, once someone has asked (exported.ts) */
  exported?: Exported[] | undefined;
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
  const key = keyOf(source, url);
  let analysis = recent.get(key);
  if (analysis === undefined) {
    // What is a statement of TypeScript is not always for that statement to tell.
    const others = () => (lang === 'js' ? other && changed(source, other) : undefined);
    analysis = named(what, () => others() ?? analyseWhole(source, url, what));
  }
  keep(key, analysis);
  return analysis;
}

/** The analysis of a text that was looked at lately. */
export function analysed(source: string, url: string): Analysis | undefined {
  return recent.get(keyOf(source, url));
}

function keyOf(source: string, url: string): string {
  const lang = languageOf(url);
  return lang === 'js' ? source : `${lang}\0${source}`;
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

/**
 * Does ahead, in pieces, what `analyse` takes long for: then it has that text. Of a short one, and one that does not parse, it is left to `analyse`.
 * @param other as for `analyse`
 */
export async function analyseAhead(source: string, url: string, other?: Analysis): Promise<void> {
  if (!isLong(source) || analysed(source, url) !== undefined) return;
  try {
    const from = languageOf(url) === 'js' ? other : undefined;
    const read = from === undefined ? await readInPieces(source, url) : undefined;
    const found = (from && changed(source, from)) ?? (await inTurns(analysing(source, url, url, read)));
    keep(keyOf(source, url), found);
    await turn();
  } catch {
    // said by who needs it
  }
}

/** Characters that are read in one turn, where an import or export begins to end them there. */
const PIECE = 2 ** 15;

/**
 * The tree of a long text of JavaScript, a piece a turn: pieces begin where an import or export does, as is found out on another thread.
 * @returns undefined where it cannot be had so
 */
async function readInPieces(source: string, url: string): Promise<Read | undefined> {
  if (languageOf(url) !== 'js') return undefined;
  const starts = await parseAway(source, false);
  if (starts === undefined) return undefined;
  const body: Program['body'] = [];
  let hashbang: Program['hashbang'] = null;
  for (let from = 0; from < source.length; ) {
    const to = starts.find((start) => start >= from + PIECE) ?? source.length;
    const piece = parsePiece(source, from, to);
    if (piece === undefined || (from > 0 && piece.body[0] && isDirective(piece.body[0]))) return undefined;
    if (from === 0) hashbang = piece.hashbang;
    body.push(...piece.body);
    from = to;
    await turn();
  }
  const { length: end } = source;
  const program: Program = { type: 'Program', body, sourceType: 'module', hashbang, start: 0, end };
  return { program, plain: source, ...NOTHING };
}

/** Whether a statement is a directive, as a text by itself is at the beginning of what is parsed. */
function isDirective(statement: Program['body'][number]): boolean {
  return 'directive' in statement && Boolean(statement.directive);
}

/** Every statement read, and nothing remembered. @throws as `analyse` */
export function analyseWhole(source: string, url: string, what = url): Analysis {
  return withoutTurns(analysing(source, url, what));
}

/** The same, a statement a step. */
function* analysing(source: string, url: string, what: string, known?: Read): Generator<void, Analysis> {
  const found = known ?? read(source, what, languageOf(url));
  yield;
  const { program, plain } = found;
  const top = moduleScope(program.body);
  const partOf = partReader(plain, top, true);
  const parts: Part[] = [];
  for (const statement of program.body) {
    parts.push(partOf(statement));
    yield;
  }
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
