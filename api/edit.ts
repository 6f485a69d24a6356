/**
 * What a program calls to change a function. In: a target and the new code; out: a promise of the module's new version.
 * Each is a text edit of the current version, handed to `commit`.
 */
import { HotswapError } from '../error.ts';
import { type Bindings, bindings } from './bind.ts';
import type { Destination } from './check.ts';
import { commit, queued } from './commit.ts';
import { type Given, given } from './given.ts';
import { currentVersion, type Version } from './history.ts';
import { type At, injectText } from './inject.ts';
import { rewriteText } from './rewrite.ts';
import { find, type Target } from './target.ts';

// biome-ignore lint/suspicious/noExplicitAny: any function will do, whatever it takes
export type Code = ((...args: any[]) => unknown) | string;

export interface EditOptions {
  /**
   * Values for names that the code uses from outside. JSON values are written into the version as constants; any
   * other makes the version live but not persisted.
   */
  bind?: Record<string, unknown>;
}

export interface InjectOptions extends EditOptions {
  /** statement index, from 0 (default), or `'end'`: after the body's work, before its final return leaves */
  at?: At;
}

/**
 * Replaces a function's code for everyone who holds it, from the next call on.
 *
 * @param target the function, `'<module>#<path>'`, or `{ module, path }`
 * @param to a function that stands by itself (its closure cannot be read), or source text, which is resolved in the
 *   target's module
 * @returns the module's new version, once it is live and on disk
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE with `names` for names that cannot be resolved, ERR_HOTSWAP_NO_SOURCE,
 *   ERR_HOTSWAP_SYNTAX, ERR_HOTSWAP_TOO_MANY, ERR_HOTSWAP_ARITY, ERR_HOTSWAP_STRUCTURAL, ERR_HOTSWAP_CACHE, and those of
 *   `Target`. After any of them nothing has changed.
 * @example
 * await rewrite(price, (item) => item.cost * 1.2);
 * await rewrite('./cart.js#Cart.prototype.total', 'total() { return this.#items.length }');
 * await rewrite(price, (item) => item.cost * RATE, { bind: { RATE: 1.2 } });
 */
export async function rewrite(target: Target, to: Code, options: EditOptions = {}): Promise<Version> {
  return change(target, to, options, 'the new source', (destination, what, bind) =>
    rewriteText(destination, what, bind),
  );
}

/**
 * Puts the statements of a function into another's body. A `return` among them leaves the injected code only.
 *
 * @param target as for `rewrite`
 * @param what a function without parameters, or its source text, which may use the target's variables
 * @returns the module's new version, once it is live and on disk
 * @throws ERR_HOTSWAP_ARITY when `what` takes parameters, ERR_HOTSWAP_MISSING when `at` is past the body's end, and as `rewrite`
 * @example await inject(price, () => console.log('priced'), { at: 'end' });
 */
export async function inject(target: Target, what: Code, options: InjectOptions = {}): Promise<Version> {
  return change(target, what, options, 'the injected source', (destination, code, bind) =>
    injectText(destination, code, bind, options.at ?? 0),
  );
}

type TextEdit = (to: Destination, what: Given, bind: Bindings) => string;

function change(
  target: Target,
  code: Code,
  options: EditOptions,
  role: 'the new source' | 'the injected source',
  edit: TextEdit,
): Promise<Version> {
  const first = find(target);
  return queued(first.module, async () => {
    // Found again: an edit before this one in the queue may have changed the module.
    const { module, analysis, hot, arity } = find(target);
    const what = given(code, role);
    if (arity !== undefined && role === 'the new source' && what.node.params.length !== arity) {
      throw new HotswapError(
        'ERR_HOTSWAP_ARITY',
        `${module.url}#${hot.path}/${arity} insists on arity ${arity}, and the new function has ${what.node.params.length}`,
        { module: module.url, path: hot.path },
      );
    }
    const bind = bindings(options.bind);
    const supplied = new Set([...bind.constants.keys(), ...Object.keys(bind.values)]);
    const current = currentVersion(module);
    const kept = role === 'the injected source' ? current.bound.get(hot.path) : undefined;
    for (const name of Object.keys(kept ?? {})) supplied.add(name);
    const source = edit({ module: module.url, hot, analysis, bound: supplied }, what, bind);
    return commit(module, {
      source,
      about: `${module.url}#${hot.path}`,
      bound: withBound(current.bound, hot.path, { ...kept, ...bind.values }),
    });
  });
}

type Bound = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** The bound values of a version in which one function has these; the same map where nothing changes. */
function withBound(before: Bound, path: string, values: Record<string, unknown>): Bound {
  if (Object.keys(values).length === 0 && !before.has(path)) return before;
  const after = new Map(before);
  if (Object.keys(values).length === 0) after.delete(path);
  else after.set(path, values);
  return after;
}
