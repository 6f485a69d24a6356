/**
 * A version's text, understood: its tree, its hot functions, and where each name in it leads. In: text; out: an
 * Analysis, from a small cache, since most edits look at the same few texts again and again. Trees are not kept beyond that.
 */
import { addTo, type HotFunction, type ModuleFunctions, type Part, partReader } from '../loader/functions.ts';
import { type Program, parse, unwrapped } from '../loader/parse.ts';
import { moduleScope, type Reference, type Scope } from '../loader/scopes.ts';
import { changed } from './changed.ts';

export interface Analysis extends ModuleFunctions {
  source: string;
  /** its top-level statements, in order, with what each holds */
  parts: Part[];
  /** the module's own variables */
  top: Scope;
  hashbang: Program['hashbang'];
  readonly program: Program;
}

/** The variable of `export default name`. */
export function defaultName({ parts }: Analysis): string | undefined {
  for (const { statement } of parts) {
    if (statement.type !== 'ExportDefaultDeclaration') continue;
    const value = unwrapped(statement.declaration);
    return value.type === 'Identifier' ? value.name : undefined;
  }
  return undefined;
}

const KEPT = 16;
const recent = new Map<string, Analysis>();

/**
 * @param what names the text in an error, e.g. `version 3 of file:///…/pricing.js`
 * @param other a text that it may have most statements in common with: those are not read again
 * @throws ERR_HOTSWAP_SYNTAX
 */
export function analyse(source: string, what: string, other?: Analysis): Analysis {
  let analysis = recent.get(source);
  if (analysis === undefined) {
    analysis = (other && changed(source, other)) ?? analyseWhole(source, what);
  } else {
    recent.delete(source);
  }
  recent.set(source, analysis);
  if (recent.size > KEPT) recent.delete(recent.keys().next().value as string);
  return analysis;
}

/** Every statement read, and nothing remembered. @throws as `analyse` */
export function analyseWhole(source: string, what: string): Analysis {
  const program = parse(source, what);
  const top = moduleScope(program.body);
  const parts = program.body.map(partReader(source, top, true));
  const { hashbang } = program;
  const analysis = { source, parts, top, hashbang, program, functions: [], classes: [], accessors: [] };
  parts.forEach((part) => addTo(analysis, part));
  return analysis;
}

/** The top-level statement around a place in the text. */
export function partAround({ parts }: Analysis, { start, end }: { start: number; end: number }): Part {
  return parts.find((part) => end <= part.end && start >= part.start) as Part;
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
