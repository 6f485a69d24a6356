/**
 * What a program calls to change a function. In: a target and the new code; out: a promise of the module's new version.
 * Each is a text edit of the current version, handed to `commit`.
 */
import { HotswapError } from '../error.ts';
import type { Bound } from '../loader/live.ts';
import { arityOf } from '../loader/parameters.ts';
import { type Bindings, bindings } from './bind.ts';
import type { Destination } from './check.ts';
import { commit, type Edit, queued } from './commit.ts';
import { reported } from './events.ts';
import { describe, type Given, given } from './given.ts';
import { boundOf, currentVersion, type Version } from './history.ts';
import { type At, injectText } from './inject.ts';
import { type Edited, rewriteText } from './rewrite.ts';
import { type Found, find, type Target } from './target.ts';

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
export function rewrite(target: Target, to: Code, options: EditOptions = {}): Promise<Version> {
  return reported(() =>
    change(target, to, options, 'the new source', (destination, what, bind) =>
      rewriteText(destination, what, bind),
    ),
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
export function inject(target: Target, what: Code, options: InjectOptions = {}): Promise<Version> {
  const at = options?.at === undefined ? 0 : options.at;
  return reported(() =>
    change(target, what, options, 'the injected source', (destination, code, bind) =>
      injectText(destination, code, bind, at),
    ),
  );
}

type TextEdit = (to: Destination, what: Given, bind: Bindings) => Edited;

async function change(
  target: Target,
  code: Code,
  options: InjectOptions,
  role: 'the new source' | 'the injected source',
  edit: TextEdit,
): Promise<Version> {
  const first = find(target);
  if (options === null || typeof options !== 'object') {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the options of an edit are an object, e.g. { bind: { … } } or { at: 'end' }; got ${describe(options)}`,
    );
  }
  // What is given is taken now; where it goes is looked up when its turn comes, as an edit before it may move that.
  const what = given(code, role);
  const bind = bindings(options.bind);
  const bound = new Set([...bind.constants.keys(), ...Object.keys(bind.values)]);
  return queued(first.module, async () => {
    const found = find(target);
    const { module, hot, arity } = found;
    if (arity !== undefined && role === 'the new source' && arityOf(what.node) !== arity) {
      throw new HotswapError(
        'ERR_HOTSWAP_ARITY',
        `${module.url}#${hot.path}/${arity} insists on arity ${arity}, and the new function has ${arityOf(what.node)}`,
        { module: module.url, path: hot.path },
      );
    }
    return commit(
      module,
      editOf(found, bound, (to) => edit(to, what, bind)),
    );
  });
}

/** A text edit of a function, with the values bound into the module. @param bound names that `bind` supplies */
export function editOf(
  { module, analysis, hot }: Found,
  bound: ReadonlySet<string>,
  edit: (to: Destination) => Edited,
): Edit {
  const before = boundOf(currentVersion(module));
  const kept = before.get(hot.path) ?? {};
  const { source, values } = edit({ module: module.url, hot, analysis, bound, kept });
  return { source, about: `${module.url}#${hot.path}`, bound: withBound(before, hot.path, values) };
}

/** The bound values of a version in which one function has these; the same map where nothing changes. */
export function withBound(before: Bound, path: string, values: Record<string, unknown>): Bound {
  const known = before.get(path) ?? {};
  const names = Object.keys(values);
  if (
    names.length === Object.keys(known).length &&
    names.every((name) => Object.is(values[name], known[name]))
  )
    return before;
  const after = new Map(before);
  if (names.length === 0) after.delete(path);
  else after.set(path, values);
  return after;
}
