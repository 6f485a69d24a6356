/**
 * What a program calls to put a live function in another's place or around it. In: a target and a function, closure and all,
 * or source text; out: a promise of the module's new version. Each is a text edit like any other; a function that no text
 * can carry is bound to a name in it, and that version is live but not persisted.
 */
import { HotswapError } from '../error.ts';
import { type Language, languageOf } from '../loader/language.ts';
import type { LiveCell } from '../loader/live.ts';
import { reported } from './apply/events.ts';
import { editInTurn } from './edit.ts';
import type { EditOptions } from './given/bind.ts';
import { type Bindings, bindings, checkedOptions } from './given/bind.ts';
import { type AnyFunction, cellOf, checkCallable, given } from './given/given.ts';
import type { Version } from './history/history.ts';
import { rewriteCore, wrapCore } from './override/override.ts';
import { cellsOf, pathOf } from './running/cells.ts';
import { coreTarget } from './target/core.ts';
import { type Found, find, type Target } from './target/target.ts';
import { type How, replaceText, type Wrapper, wrapText } from './text/wrap.ts';

/** Called instead of a function: `next(…)` runs the code that was there, with the same `this`. */
export type Around =
  // biome-ignore lint/suspicious/noExplicitAny: it stands for a function that takes and gives anything
  ((this: any, next: (...args: any[]) => any, ...args: any[]) => unknown) | string;

/**
 * Puts a function value, closure and all, in the place of a function's code. Unlike `rewrite`, which takes a function's text,
 * it is that very function that is called, with `this` and the arguments as they came; one of a hot module is still that
 * module's, and its edits count here as well. The version is live, numbered and undone like any other, and not persisted.
 *
 * `code(target)` is then what delegates, e.g. `function price(item) { return replacement.apply(this, arguments); }`.
 * `.length` follows the value (an arrow's does not grow), `.name` stays. An async function goes on giving promises, a generator goes on through what the
 * value returns (any iterable), an arrow hands on no `this` that it did not have; a constructor's body is replaced, after `super(…)`.
 *
 * @param target the function, `'<module>#<path>'`, or `{ module, path }`
 * @param value any function but a class; native and bound ones and Proxies as well
 * @returns the module's new version, once it is live
 * @throws ERR_HOTSWAP_NO_SOURCE for what is no function, ERR_HOTSWAP_SYNTAX for a class, ERR_HOTSWAP_BAD_TARGET for the
 *   target itself, ERR_HOTSWAP_ARITY where `/n` is not its `.length`, and as `rewrite`
 * @example await replace(price, (item) => table.get(item.id));
 */
export function replace(target: Target, value: AnyFunction): Promise<Version> {
  return reported(async () => {
    checkCallable(value, 'what replaces a function');
    const core = coreTarget(target);
    if (core !== undefined) return rewriteCore(core, value, {});
    const { module } = find(target);
    return editInTurn(module, target, new Set(), (to, found) => {
      checkOther(found, value);
      const arity = Math.max(0, Math.trunc(Number(value.length)) || 0);
      if (found.arity !== undefined && arity !== found.arity) {
        throw new HotswapError(
          'ERR_HOTSWAP_ARITY',
          `${module.url}#${found.hot.path}/${found.arity} insists on arity ${found.arity}, and what replaces it has ${arity}`,
          { module: module.url, path: found.hot.path },
        );
      }
      return replaceText(to, value, arity);
    });
  });
}

/**
 * Puts a function around another's code: it is called in its stead, as `wrapper(next, ...args)`, and what it returns is the
 * call's result. `next(...args)` runs the code that was there, with the same `this`.
 *
 * A wrapper that stands by itself, source text (resolved in the target's module), or one whose outside names `bind` supplies
 * is written into the version and persisted like any rewrite. A function value that uses anything else from where it was
 * written keeps its closure: it is bound, and the version is not persisted. An async function's wrapper may be async or
 * not; a generator's returns what to go through, e.g. `next(...args)`, and is called at the first `next()`.
 *
 * @returns the module's new version, once it is live and on disk
 * @throws ERR_HOTSWAP_STRUCTURAL for a function that uses `super` or `new.target` and is a generator or uses `arguments`;
 *   ERR_HOTSWAP_OUT_OF_SCOPE with `bind` that leaves names open, and as `rewrite`
 * @example await around(price, (next, item) => Math.round(next(item)));
 */
export function around(target: Target, wrapper: Around, options: EditOptions = {}): Promise<Version> {
  return wrap(target, wrapper, options, 'around');
}

/**
 * Calls a function each time before another runs, with its `this` and its arguments. What it returns is ignored and not
 * waited for; what it throws, the call throws.
 * @param fn as for `around`, without `next`
 * @returns and throws as `around`
 * @example await before(price, (item) => console.log('price of', item));
 */
export function before(
  target: Target,
  fn: AnyFunction | string,
  options: EditOptions = {},
): Promise<Version> {
  return wrap(target, fn, options, 'before');
}

/**
 * Calls a function each time another has returned, with its `this`, as `fn(result, ...args)`: of an async function or one
 * that returns a promise once that is fulfilled, of a generator when it is done. What it returns is ignored and not
 * waited for; what it throws, the call throws.
 * @param fn as for `around`, without `next`
 * @returns and throws as `around`
 * @example await after(price, (result, item) => seen.set(item, result));
 */
export function after(target: Target, fn: AnyFunction | string, options: EditOptions = {}): Promise<Version> {
  return wrap(target, fn, options, 'after');
}

/**
 * Calls a function each time another throws, or gives a promise that is rejected, with its `this`, as `fn(error, ...args)`.
 * What it returns becomes the call's result; to fail, it throws.
 * @param fn as for `around`, without `next`
 * @returns and throws as `around`
 * @example await onError(price, (error, item) => { if (item.free) return 0; throw error; });
 */
export function onError(
  target: Target,
  fn: AnyFunction | string,
  options: EditOptions = {},
): Promise<Version> {
  return wrap(target, fn, options, 'onError');
}

function wrap(target: Target, fn: unknown, options: EditOptions, how: How): Promise<Version> {
  return reported(async () => {
    const core = coreTarget(target);
    if (core !== undefined) return wrapCore(core, fn, options, how);
    const { module } = find(target);
    const own = checkedOptions(options);
    const bind = own.bind === undefined ? undefined : bindings(own.bind);
    const wrapper = wrapperOf(fn, bind, languageOf(module.url));
    const bound = new Set([...(bind?.constants.keys() ?? []), ...Object.keys(bind?.values ?? {})]);
    return editInTurn(module, target, bound, (to, found) => {
      checkOther(found, fn);
      return wrapText(to, wrapper, how);
    });
  });
}

/** What is given, with its text where it has one: a native or bound function or a Proxy is a wrapper too. */
function wrapperOf(fn: unknown, bind: Bindings | undefined, lang: Language): Wrapper {
  if (typeof fn !== 'string') checkCallable(fn, 'a wrapper');
  try {
    return { what: given(fn, 'the wrapper', lang), value: fn, bind };
  } catch (error) {
    const isClosure = typeof fn === 'function' && bind === undefined;
    if (isClosure && error instanceof HotswapError && error.code === 'ERR_HOTSWAP_NO_SOURCE')
      return { what: undefined, value: fn, bind };
    throw error;
  }
}

/** @throws ERR_HOTSWAP_BAD_TARGET for a function that would call itself for ever */
export function checkOther({ module, hot }: Found, value: unknown): void {
  const cell = typeof value === 'function' ? cellOf(value) : undefined;
  if (cell?.url !== module.url || pathOf(module, cellsOf(module)[cell.index] as LiveCell) !== hot.path)
    return;
  throw new HotswapError(
    'ERR_HOTSWAP_BAD_TARGET',
    `${module.url}#${hot.path} cannot be replaced by itself or wrapped in itself: it would call itself for ever`,
    { module: module.url, path: hot.path },
  );
}
