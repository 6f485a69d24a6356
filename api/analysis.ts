/**
 * A version's text, understood: its tree, its hot functions, and where each name in it leads. In: text; out: an
 * Analysis, from a small cache, since most edits look at the same few texts again and again. Trees are not kept beyond that.
 */
import { functionsOf, type HotFunction, type ModuleFunctions } from '../loader/functions.ts';
import { languageOf } from '../loader/language.ts';
import { type Read, read, unwrapped } from '../loader/parse.ts';
import type { Reference, Scope } from '../loader/scopes.ts';

export interface Analysis extends ModuleFunctions, Read {
  source: string;
  /** URL of the module, whose language it is in */
  url: string;
  /** every use of a name in it, in source order */
  references: Reference[];
}

/** The variable of `export default name`. */
export function defaultName({ program }: Analysis): string | undefined {
  for (const statement of program.body) {
    if (statement.type !== 'ExportDefaultDeclaration') continue;
    const value = unwrapped(statement.declaration);
    return value.type === 'Identifier' ? value.name : undefined;
  }
  return undefined;
}

const KEPT = 16;
const recent = new Map<string, Analysis>();

/**
 * @param url of the module, which tells the language
 * @param what names the text in an error, e.g. `version 3 of file:///…/pricing.js`
 * @throws ERR_HOTSWAP_SYNTAX
 */
export function analyse(source: string, url: string, what = url): Analysis {
  const lang = languageOf(url);
  const key = lang === 'js' ? source : `${lang}\0${source}`;
  let analysis = recent.get(key);
  if (analysis === undefined) {
    const found = read(source, what, lang);
    const references: Reference[] = [];
    const functions = functionsOf(found.plain, found.program, references);
    analysis = { source, url, references, ...found, ...functions };
  } else {
    recent.delete(key);
  }
  recent.set(key, analysis);
  if (recent.size > KEPT) recent.delete(recent.keys().next().value as string);
  return analysis;
}

/** The scopes around a function, innermost first, the module's last. */
export function scopesAround({ scopes }: Analysis, { node }: HotFunction): Scope[] {
  const found: Scope[] = [];
  for (let at = scopes.outside(node); at !== undefined; at = at.parent) found.push(at);
  return found;
}

/** Every use, inside a function, of a name from outside it, in source order. Its own name counts as outside. */
export function outerReferences(analysis: Analysis, hot: HotFunction): Reference[] {
  const around = new Set<Scope | undefined>([undefined, ...scopesAround(analysis, hot)]);
  const own = hot.node.type === 'FunctionExpression' ? hot.node.id?.name : undefined;
  return analysis.references.filter(
    ({ node, scope, key }) =>
      node.start >= hot.node.start &&
      node.end <= hot.node.end &&
      (around.has(scope) ||
        (key === own &&
          scope?.owner === hot.node &&
          scope.parent?.owner !== hot.node &&
          !scope.isBody &&
          scope.context === undefined)),
  );
}
