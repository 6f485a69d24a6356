/**
 * What becomes of a given function's body when it moves into another function. In: both, and the values for its names;
 * out: its statements as text in which every name means there what it meant to its author, or the refusal. Pure.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import { blockOf, type Node } from '../../loader/parse.ts';
import type { Bindings } from '../given/bind.ts';
import { checkValue, type Destination } from '../given/check.ts';
import type { Given } from '../given/given.ts';
import {
  declaredWithin,
  type FreeReferences,
  freeReferences,
  type Reference,
  varReferences,
} from '../given/scope.ts';
import { isDirective } from './clauses.ts';
import { freshName, unended } from './place.ts';
import { writeConstants } from './rewrite.ts';

/** A function's text on its way into another. */
export interface Carried {
  what: Given;
  text: MagicString;
  free: FreeReferences;
  /** declarations that its statements need before them */
  constants: string;
  /** values that the target then needs bound, under the names used there */
  values: Record<string, unknown>;
}

/**
 * Gives names of their own to the variables and values that would collide with the target's.
 * @param plain whether constants other than objects are written where they are used, rather than declared
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE
 */
export function carry(to: Destination, what: Given, bind: Bindings, plain = false): Carried {
  const { hot, analysis } = to;
  const free = freeReferences(what.node);
  checkGlobals(to, what, free);
  const local = new Set([...declaredWithin(hot.node), ...freeReferences(hot.node).names.keys()]);

  const text = new MagicString(what.source);
  const constants = writeConstants(text, what.node, free, bind, plain);
  const renamed = (name: string, references: readonly Reference[]): string => {
    const fresh = freshName(name, hot.node, analysis.source, what.source);
    rename(text, references, name, fresh);
    return fresh;
  };
  varReferences(what.node).forEach((references, name) => {
    if (local.has(name)) renamed(name, references);
  });
  const values = { ...to.kept };
  for (const [name, value] of Object.entries(bind.values)) {
    const references = free.names.get(name);
    if (references === undefined) continue;
    const taken = local.has(name) && !(name in to.kept && to.kept[name] === value);
    values[taken ? renamed(name, references) : name] = value;
  }
  return { what, text, free, constants, values };
}

/** Writes another name for a variable wherever it is meant. */
export function rename(
  text: MagicString,
  references: readonly Reference[],
  name: string,
  fresh: string,
): void {
  references.forEach(({ node, shorthand }) =>
    text.overwrite(node.start, node.end, shorthand ? `${name}: ${fresh}` : fresh),
  );
}

/**
 * The body of a carried function, without its braces and directives.
 * @param ended whether its last statement must have an end of its own
 */
export function innerText({ what, text }: Carried, ended: boolean): string {
  const { node, source } = what;
  const block = blockOf(node);
  if (block === undefined) return text.slice((node.body as Node).start, (node.body as Node).end);
  for (const statement of block.body as Node[]) {
    if (isDirective(statement)) text.remove(statement.start, statement.end);
  }
  const last = block.body.at(-1) as Node | undefined;
  if (ended && last !== undefined && unended(source, last) && !isDirective(last))
    text.appendLeft(last.end, ';');
  const inner = text.slice(block.start, block.end).slice(1, -1).trim();
  // A comment at the end may run to the end of its line.
  const behind = source.slice(last?.end ?? block.start + 1, block.end - 1);
  return inner + (behind.includes('//') ? '\n' : '');
}

/** @throws ERR_HOTSWAP_OUT_OF_SCOPE for names of a function value that would mean something else in the target */
function checkGlobals(to: Destination, what: Given, free: FreeReferences): void {
  if (!what.isValue) return;
  const { hot, module } = to;
  checkValue(what, free, to);
  // Its globals must not be variables of the function that it goes into.
  const locals = declaredWithin(hot.node);
  const names = [...free.names.keys()].filter(
    (name) => locals.has(name) && !to.bound.has(name) && name !== what.ownName,
  );
  if (names.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the function for ${module}#${hot.path} uses the global ${names.join(', ')}, and there it would be a variable of that function. Give source text to mean that one.`,
      { module, path: hot.path, names },
    );
  }
}
