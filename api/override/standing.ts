/**
 * Functions that stand in the places of Node's. In: a value, or source text, or one function to put around another; out: a function that
 * is called as Node's was, with the text that tells it from others. Nothing is put anywhere here.
 */
import { sha256 } from '../../cache/objects.ts';
import { HotswapError } from '../../error.ts';
import type { CoreModule, Layer, Standing } from '../../loader/core.ts';
import { parens } from '../../loader/patch.ts';
import { describe } from '../../messages.ts';
import { isAsyncFunction, isPromise, isProxy, runningText } from '../../node.ts';
import type { EditOptions } from '../given/bind.ts';
import { bindings, checkedOptions, literalOf } from '../given/bind.ts';
import type { Code } from '../given/given.ts';
import { cellOf, cleanText, type Given, given, isClassText, type Role } from '../given/given.ts';
import { freeReferences } from '../given/scope.ts';
import type { CoreTarget } from '../target/core.ts';

// biome-ignore lint/complexity/noBannedTypes: any function at all
export type AnyFunction = Function;

/** What makes functions that are new look like those whose place they take; done when nothing can fail any more. */
export type Ready = (() => void)[];

const { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;

/** One function around what stands in a slot. */
export function layered(layer: Layer, path: string, ready: Ready): Standing {
  const { what, text, how, inner } = layer;
  const before = inner?.value ?? layer.original;
  const value = wrapped(before, what, how);
  ready.push(() => dress(value, before, true));
  return {
    path,
    value,
    text: `${how}: ${text}\nof: ${inner?.text ?? runningText(before)}`,
    layer,
  };
}

/** What an edit brings: the value itself, or what source text (or a value that names are bound in) makes in global scope. */
export function made({ module, path }: CoreTarget, code: Code, options: EditOptions, role: Role): Standing {
  const own = checkedOptions(options, role);
  bindings(own.bind);
  const bind = Object.entries(own.bind ?? {});
  if (typeof code === 'function' && bind.length === 0) {
    const text = runningText(code);
    if (!isClassText(text)) return { path, value: code, text: textOf(code) };
  }
  const what = given(code, role);
  const constants = bind.map(([name, value]) => `const ${name} = ${literalOf(value) ?? describe(value)};`);
  const { node, owner, source } = what;
  const { start, end } = owner ?? node;
  const text = [...constants, source.slice(start, end)].join('\n');
  checkFree(what, new Set(bind.map(([name]) => name)), module, path);
  return { path, value: evaluated(what, bind, text, module, path), text };
}

/** Functions with one text may hold different closures; each that was given has a number in this thread. */
const numbers = new WeakMap<AnyFunction, number>();
let lastNumber = 0;

function textOf(value: AnyFunction): string {
  const text = cellOf(value) === undefined ? runningText(value) : cleanText(value);
  return `${text} // value ${numberOf(value)}`;
}

export function numberOf(value: AnyFunction): number {
  const known = numbers.get(value) ?? ++lastNumber;
  numbers.set(value, known);
  return known;
}

/** @throws ERR_HOTSWAP_OUT_OF_SCOPE for names that are neither its own, a global's, nor bound */
function checkFree(what: Given, bound: ReadonlySet<string>, module: CoreModule, path: string): void {
  const { names, context } = freeReferences(what.node);
  const open = [...names].filter(
    ([name, uses]) =>
      !(name in globalThis || name === what.ownName || bound.has(name)) &&
      !uses.every(({ typeofOnly }) => typeofOnly),
  );
  const all = [...open.map(([name]) => name), ...context];
  if (all.length === 0) return;
  throw new HotswapError(
    'ERR_HOTSWAP_OUT_OF_SCOPE',
    `the source for ${module.url}#${path} uses ${all.join(', ')}, and it is evaluated in global scope. Pass values with { bind }, or give a function, which keeps its closure.`,
    { module: module.url, path, names: all },
  );
}

const { eval: inGlobalScope } = globalThis;

/** @throws ERR_HOTSWAP_SYNTAX for what the engine refuses, ERR_HOTSWAP_STRUCTURAL where it evaluates no text */
function evaluated(
  { source, node, owner, ownName }: Given,
  bind: [string, unknown][],
  text: string,
  module: CoreModule,
  path: string,
): AnyFunction {
  let expression = `(${source.slice(node.start, node.end)})`;
  if (owner !== undefined) {
    const name = JSON.stringify(/([^.[\]']+)[\]']*$/.exec(path)?.[1] ?? path);
    const marks = `${node.async ? 'async ' : ''}${node.generator ? '*' : ''}`;
    expression = `({${marks}${name}${source.slice(parens(source, node).open, node.end)}})[${name}]`;
  }
  const names = bind.map(([name]) => name);
  // Only a variable's name is not known inside: a function's own name is.
  const keeps = ownName !== undefined && !node.id && owner === undefined && !names.includes(ownName);
  const result = keeps ? `const ${ownName}=${expression};return ${ownName}` : `return ${expression}`;
  const url = `${module.url}#${path.replaceAll("'", '')}?hotswap=${sha256(text).slice(0, 12)}`;
  try {
    const make = inGlobalScope(
      `(function(${names.join()}){"use strict";${result}\n})\n//# sourceURL=${url}`,
    ) as AnyFunction;
    return make(...bind.map(([, value]) => value));
  } catch (cause) {
    const subject = { module: module.url, path, cause };
    if (cause instanceof EvalError) {
      throw new HotswapError(
        'ERR_HOTSWAP_STRUCTURAL',
        `${module.url}#${path} cannot be made from source text: this process runs with --disallow-code-generation-from-strings. Give a function.`,
        subject,
      );
    }
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the new code of ${module.url}#${path} is refused by the engine: ${(cause as Error).message}`,
      subject,
    );
  }
}

/**
 * Gives a function what Node's own properties had (`util.promisify.custom`, `realpathSync.native`) and it lacks: a name where
 * it has none, a prototype where its own is empty, so that `instanceof` holds.
 * @param whole whether it is to look like Node's in all, its length too
 */
export function dress(value: AnyFunction, like: AnyFunction, whole: boolean): void {
  if (value === like || isProxy(value) || isProxy(like)) return;
  for (const key of ownKeys(like)) {
    if (key === 'arguments' || key === 'caller') continue;
    const has = getOwnPropertyDescriptor(value, key);
    const empty = (key === 'name' && has?.value === '') || (key === 'prototype' && isBare(has?.value));
    if (whole || has === undefined || empty)
      defineProperty(value, key, getOwnPropertyDescriptor(like, key) as PropertyDescriptor);
  }
}

/** Whether a prototype is as the engine makes it. */
function isBare(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === Object.prototype &&
    ownKeys(prototype).every((key) => key === 'constructor')
  );
}

/** A function that runs `what` before, after or around the original, and is otherwise the original. */
function wrapped(original: AnyFunction, what: AnyFunction, how: Layer['how']): AnyFunction {
  const waits = isAsyncFunction(original) && isAsyncFunction(what);
  const run = (self: unknown, args: unknown[], target: AnyFunction | undefined): unknown => {
    const next = (...given: unknown[]): unknown =>
      target === undefined ? apply(original, self, given) : construct(original, given, target);
    const call = (...given: unknown[]): unknown =>
      apply(what, target === undefined ? self : undefined, given);
    const then = (done: (result: unknown) => unknown): unknown => {
      const result = next(...args);
      return isPromise(result) ? result.then(done) : done(result);
    };
    switch (how) {
      case 'around':
        return call(next, ...args);
      case 'before':
        call(...args);
        return next(...args);
      case 'after':
        return then((result) => {
          call(result, ...args);
          return result;
        });
      case 'onError': {
        const failed = (error: unknown): unknown => call(error, ...args);
        try {
          const result = next(...args);
          return isPromise(result) ? result.catch(failed) : result;
        } catch (error) {
          return failed(error);
        }
      }
      case 'inject at 0': {
        const ran = call(...args);
        return waits ? Promise.resolve(ran).then(() => next(...args)) : next(...args);
      }
      default:
        return then((result) => {
          const ran = call(...args);
          return waits ? Promise.resolve(ran).then(() => result) : result;
        });
    }
  };
  if (isAsyncFunction(original)) {
    return async function (this: unknown, ...args: unknown[]) {
      return run(this, args, undefined);
    };
  }
  return function wrapper(this: unknown, ...args: unknown[]): unknown {
    return run(this, args, new.target === wrapper ? original : new.target);
  };
}
