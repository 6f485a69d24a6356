/**
 * Whether a function's outside names mean in their new place what its author meant. In: a function that an edit
 * brings and where it goes; out: nothing, or the refusal that lists the names. Never guesses: a name that cannot be
 * told is refused.
 */
import { HotswapError } from '../error.ts';
import type { HotFunction } from '../loader/functions.ts';
import type { Analysis } from './analysis.ts';
import type { Given } from './given.ts';
import { type FreeReferences, freeReferences, moduleNames } from './scope.ts';

export interface Destination {
  /** URL and path for messages */
  module: string;
  hot: HotFunction;
  analysis: Analysis;
  /** names that `bind` supplies */
  bound: ReadonlySet<string>;
  /** values that earlier edits bound into the function as it is now */
  kept: Readonly<Record<string, unknown>>;
}

/**
 * A function value's closure cannot be read, so any name that is neither its own, a global's, nor bound is refused,
 * even where the target's module has a variable of that name; so is a global that the module hides.
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE
 */
export function checkValue(fn: Given, free: FreeReferences, to: Destination): void {
  const declared = moduleNames(to.analysis.program);
  const closed: string[] = [];
  const hidden: string[] = [];
  free.names.forEach((_references, name) => {
    if (name === fn.ownName || to.bound.has(name)) return;
    if (!(name in globalThis)) closed.push(name);
    else if (declared.has(name)) hidden.push(name);
  });
  free.context.forEach((name) => closed.push(name));
  const where = `${to.module}#${to.hot.path}`;
  if (closed.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the function for ${where} uses ${closed.join(', ')} from where it was written, and a closure cannot be read. Pass values with { bind: { ${closed.filter((name) => /^\w+$/.test(name) && name !== 'this' && name !== 'super').join(', ') || '…'} } }, or give source text, which is resolved in the target's module.`,
      { module: to.module, path: to.hot.path, names: closed },
    );
  }
  if (hidden.length > 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the function for ${where} uses the global ${hidden.join(', ')}, and that module has a variable of the same name. Pass the one you mean with { bind }, or give source text, which is resolved in the target's module.`,
      { module: to.module, path: to.hot.path, names: hidden },
    );
  }
}

/**
 * Whatever an edit made, each name in it must now lead somewhere: to the module, a class around it, a global, a bound
 * value, or to nothing as the old code already did.
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE
 */
export function checkNames(
  before: HotFunction | undefined,
  after: HotFunction,
  to: Pick<Destination, 'module' | 'analysis' | 'bound'>,
): void {
  const declared = moduleNames(to.analysis.program);
  const classNames = new Set(to.analysis.classes.map((one) => one.node.id?.name));
  const known = new Set<string>();
  if (before !== undefined) {
    freeReferences(before.node).names.forEach((references, name) => {
      if (!references.every((one) => one.typeofOnly)) known.add(name);
    });
  }
  const names: string[] = [];
  freeReferences(after.node).names.forEach((references, name) => {
    if (declared.has(name) || classNames.has(name) || to.bound.has(name) || known.has(name)) return;
    if (name in globalThis || name === after.node.id?.name || references.every((one) => one.typeofOnly))
      return;
    names.push(name);
  });
  if (names.length === 0) return;
  throw new HotswapError(
    'ERR_HOTSWAP_OUT_OF_SCOPE',
    `the new code of ${to.module}#${after.path} uses ${names.join(', ')}, which neither the module nor the global scope has`,
    { module: to.module, path: after.path, names },
  );
}
