/**
 * Test doubles of live functions. In: a target and what it is to do; out: a record of its calls, and the way back. A mock is
 * a wrapper like any other, with the function that records as its value; by that value it is found again, wherever other edits
 * have put it, and taken out of the text that is current then.
 */
import { sha256 } from '../cache/objects.ts';
import type { Bound, KeptVersion } from '../loader/kept.ts';
import type { LiveModule } from '../loader/live.ts';
import { atOnce, commitNow, goToNow } from './apply/commit.ts';
import { reported } from './apply/events.ts';
import { checkOther } from './around.ts';
import { editOf, withBound } from './edit.ts';
import { type AnyFunction, checkCallable } from './given/given.ts';
import { boundOf, currentText, currentVersion, versionAt } from './history/history.ts';
import { mockCore, unmockCore } from './override/override.ts';
import { analyse } from './plan/analysis.ts';
import { type CoreTarget, coreTarget } from './target/core.ts';
import { find, type Target } from './target/target.ts';
import { unwrapText, wrapText } from './text/wrap.ts';

// As @types/node does, for programs that are compiled without `lib: esnext.disposable`.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

/** One call of a mocked function. */
export interface MockCall {
  this: unknown;
  arguments: unknown[];
  /** what was returned: of an async function the promise, of a generator what it goes through */
  result: unknown;
  /** what was thrown */
  error: unknown;
}

export interface Mock {
  /** every call since, in the order in which they began */
  readonly calls: MockCall[];
  /**
   * Undoes this mock and nothing else: edits made after it stay. A second time it does nothing.
   * @returns a promise, but the mock is gone when it returns, unless other edits of the module are under way
   */
  restore(): Promise<void>;
  /** `restore`, for `using` */
  [Symbol.dispose](): void;
  /** `restore`, for `await using` */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Mocks a function for everyone who holds it: modules that are imported already, closures, instances.
 *
 * @param target the function, `'<module>#<path>'`, or `{ module, path }`
 * @param impl what it is to do, closure and all; without, its own code runs and calls are only recorded
 * @returns the mock, and a promise of it, which says when it is live: at once, unless other edits of the module are under way
 * @throws as `replace`
 * @example
 * using charge = await mock('./payments.js#charge', async () => ({ ok: true }));
 * await checkout(cart);
 * assert.equal(charge.calls.length, 1);
 */
export function mock(target: Target, impl?: AnyFunction): Promise<Mock> & Mock {
  const calls: MockCall[] = [];
  const live: { module?: LiveModule; core?: CoreTarget } = {};
  const record = function (this: unknown, next: AnyFunction, ...args: unknown[]): unknown {
    const call: MockCall = { this: this, arguments: args, result: undefined, error: undefined };
    calls.push(call);
    try {
      return (call.result = impl === undefined ? next(...args) : Reflect.apply(impl, this, args));
    } catch (error) {
      call.error = error;
      throw error;
    }
  };
  const restore = (): Promise<void> =>
    reported(async () => {
      const { module, core } = live;
      if (core !== undefined) await atOnce(core.module, () => unmockCore(core, record));
      if (module !== undefined) await atOnce(module, () => takeOut(module, record));
    });
  const made: Mock = {
    calls,
    restore,
    [Symbol.dispose]() {
      restore();
    },
    [Symbol.asyncDispose]: restore,
  };
  const ready = reported(async () => {
    if (impl !== undefined) checkCallable(impl, 'what a mock does');
    const core = coreTarget(target);
    if (core !== undefined) {
      live.core = core;
      await atOnce(core.module, () => mockCore(core, record));
      return made;
    }
    const { module } = find(target);
    live.module = module;
    await atOnce(module, () => {
      const found = find(target);
      checkOther(found, impl);
      const wrapper = { what: undefined, value: record, bind: undefined };
      const edit = editOf(found, new Set(), (to) => wrapText(to, wrapper, 'around', 'mock'));
      return commitNow(module, edit);
    });
    return made;
  });
  return Object.assign(ready, made);
}

/** Takes a mock out of the version that is current. Must run within `queued`. */
function takeOut(module: LiveModule, record: unknown): void {
  const version = currentVersion(module);
  const bound = boundOf(version);
  for (const [path, values] of bound) {
    const name = Object.keys(values).find((one) => values[one] === record);
    if (name === undefined) continue;
    const { [name]: _gone, ...rest } = values;
    const analysis = analyse(currentText(module), module.url);
    const hot = analysis.functions.find((one) => one.path === path);
    const source = hot === undefined ? analysis.source : unwrapText(analysis, hot, name);
    const left = withBound(bound, path, rest);
    const before = sameBefore(module, version, source, left);
    const about = `${module.url}#${path}`;
    if (before !== undefined) goToNow(module, before);
    else commitNow(module, { source, about, bound: left });
    return;
  }
}

/** The nearest version before one that has this text and these values: then there is nothing to make. */
function sameBefore(
  module: LiveModule,
  version: KeptVersion,
  source: string,
  bound: Bound,
): KeptVersion | undefined {
  const id = sha256(source);
  let at: KeptVersion | undefined = version;
  while (at !== undefined && !(at.id === id && sameBound(boundOf(at), bound)))
    at = at.parent === undefined ? undefined : versionAt(module, at.parent);
  return at;
}

function sameBound(a: Bound, b: Bound): boolean {
  const same = (x: object, y: object): boolean => {
    const [one, other] = [Object.entries(x), new Map(Object.entries(y))];
    return one.length === other.size && one.every(([name, value]) => other.get(name) === value);
  };
  return a.size === b.size && [...a].every(([path, values]) => same(values, b.get(path) ?? {}));
}
