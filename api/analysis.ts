/**
 * A version's text, understood: its tree and its hot functions. In: text; out: an Analysis, from a small cache,
 * since most edits look at the same few texts again and again. Trees are not kept beyond that.
 */
import { functionsOf, type ModuleFunctions } from '../loader/functions.ts';
import { type Program, parse, unwrapped } from '../loader/parse.ts';

export interface Analysis extends ModuleFunctions {
  source: string;
  program: Program;
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
 * @param what names the text in an error, e.g. `version 3 of file:///…/pricing.js`
 * @throws ERR_HOTSWAP_SYNTAX
 */
export function analyse(source: string, what: string): Analysis {
  let analysis = recent.get(source);
  if (analysis === undefined) {
    const program = parse(source, what);
    analysis = { source, program, ...functionsOf(source, program) };
  } else {
    recent.delete(source);
  }
  recent.set(source, analysis);
  if (recent.size > KEPT) recent.delete(recent.keys().next().value as string);
  return analysis;
}
