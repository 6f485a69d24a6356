/**
 * Whether a function's outside names mean in their new place what its author meant. In: a function that an edit
 * brings and where it goes; out: nothing, or the refusal that lists the names. Never guesses: a name that cannot be
 * told is refused.
 */
import { HotswapError } from '../../error.ts';
import type { HotFunction } from '../../loader/functions.ts';
import { lineOf } from '../../loader/parse.ts';
import { fileOf } from '../../node.ts';
import { type Analysis, outerReferences, referencesIn, scopesAround } from '../plan/analysis.ts';
import type { Given } from './given.ts';
import type { FreeReferences } from './scope.ts';

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
  const around = scopesAround(to.hot);
  const closed: string[] = [];
  const hidden: string[] = [];
  free.names.forEach((_references, name) => {
    if (name === fn.ownName || to.bound.has(name)) return;
    if (!(name in globalThis)) closed.push(name);
    else if (around.some((scope) => scope.variables.has(name))) hidden.push(name);
  });
  const context = [...free.context];
  const where = `${to.module}#${to.hot.path}`;
  if (closed.length > 0 || context.length > 0) {
    const names = [...closed, ...context];
    const pass = closed.length === 0 ? '' : `Pass values with { bind: { ${closed.join(', ')} } }`;
    const text = `give source text, which is resolved in the target's module.`;
    const advice =
      context.length === 0
        ? `${pass}, or ${text}`
        : `${pass}${pass && '. '}No value can stand for ${context.join(', ')}: ${text}`;
    throw new HotswapError(
      'ERR_HOTSWAP_OUT_OF_SCOPE',
      `the function for ${where} uses ${names.join(', ')} from where it was written, and a closure cannot be read. ${advice}`,
      { module: to.module, path: to.hot.path, names },
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
 * Whatever an edit made, each name in it must now lead somewhere: to what is around it, a global, a bound value, or to
 * nothing as the old code already did (`known`).
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE
 */
export function checkNames(
  known: ReadonlySet<string>,
  after: HotFunction,
  to: Pick<Destination, 'module' | 'analysis' | 'bound'>,
): void {
  const names = [...openNames(to.analysis, after)].filter((name) => !known.has(name) && !to.bound.has(name));
  if (names.length === 0) return;
  throw new HotswapError(
    'ERR_HOTSWAP_OUT_OF_SCOPE',
    `the new code of ${to.module}#${after.path} uses ${names.join(', ')}, which neither the module nor the global scope has`,
    { module: to.module, path: after.path, names },
  );
}

/**
 * What an edit has taken away at the top level must be used nowhere any more: not in functions, fields, initial values or statements.
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE with the places
 */
export function checkGone(before: Analysis, after: Analysis): void {
  const gone = new Set([...before.top.variables.keys()].filter((name) => !after.top.variables.has(name)));
  if (gone.size === 0) return;
  const uses = referencesIn(after).filter(
    ({ key, kind, scope }) =>
      kind === 'variable' && scope === undefined && gone.has(key) && !(key in globalThis),
  );
  if (uses.length === 0) return;
  const file = fileOf(after.url) ?? after.url;
  const places = uses.map(({ key, node }) => `${key} (${file}:${lineOf(after.source, node.start)})`);
  const names = [...new Set(uses.map(({ key }) => key))];
  throw new HotswapError(
    'ERR_HOTSWAP_OUT_OF_SCOPE',
    `this edit takes ${names.join(', ')} away, which ${after.url} still uses: ${places.slice(0, 12).join(', ')}. Rewrite what uses it first.`,
    { module: after.url, names },
  );
}

/** Names in a function that lead nowhere; one that is only asked for its `typeof` may. */
export function openNames(analysis: Analysis, hot: HotFunction): Set<string> {
  const names = new Set<string>();
  for (const { key, kind, scope, parent } of outerReferences(analysis, hot)) {
    const asked = parent?.type === 'UnaryExpression' && parent.operator === 'typeof';
    if (kind === 'variable' && scope === undefined && !asked && !(key in globalThis)) names.add(key);
  }
  return names;
}
