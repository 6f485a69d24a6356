/**
 * Values that an edit supplies for names. In: `{ bind }`; out: the JSON ones as source text, to be written into the
 * version, and the others as values, which no text can carry.
 */
import { HotswapError } from '../../error.ts';
import { ownOptions } from '../../loader/options.ts';
import { isIdentifier } from '../../loader/parse.ts';
import { checkReadable, describe } from '../../messages.ts';
import { isProxy } from '../../node.ts';
import type { Role } from './given.ts';

export interface EditOptions {
  /**
   * Values for names that the code uses from outside. JSON values are written into the version as constants; any
   * other makes the version live but not persisted.
   */
  bind?: Record<string, unknown>;
}

export interface Bindings {
  /** name → its value as a JavaScript literal */
  constants: Map<string, string>;
  /** name → its value, for what JSON cannot say */
  values: Record<string, unknown>;
}

/**
 * The options of an edit, and nothing that they inherit.
 * @param role what the edit brings, as in messages: an injection has more options
 * @throws ERR_HOTSWAP_SYNTAX for what is no options object, and for an option that the edit does not have
 */
export function checkedOptions<Options extends EditOptions>(options: Options, role?: Role): Options {
  checkReadable(options, 'the object of options');
  if (options === null || typeof options !== 'object') {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the options of an edit are an object, e.g. { bind: { … } } or { at: 'end' }; got ${describe(options)}`,
    );
  }
  const known = role === 'the injected source' ? ['at', 'clauses', 'bind'] : ['bind'];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return ownOptions(options);
  throw new HotswapError(
    'ERR_HOTSWAP_SYNTAX',
    `the edit has no option ${unknown}; it takes ${known.join(', ')}`,
  );
}

/** Sorts the values of `bind`. @throws ERR_HOTSWAP_SYNTAX for a name that is no identifier */
export function bindings(bind: unknown): Bindings {
  const sorted: Bindings = { constants: new Map(), values: Object.create(null) };
  if (bind === undefined) return sorted;
  checkReadable(bind, 'bind');
  if (bind === null || typeof bind !== 'object') {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `bind must be an object of names and values; got ${describe(bind)}`,
    );
  }
  for (const [name, value] of Object.entries(bind)) {
    if (!isIdentifier(name)) {
      throw new HotswapError(
        'ERR_HOTSWAP_SYNTAX',
        `bind has ${JSON.stringify(name)}, which cannot name a variable`,
      );
    }
    const literal = literalOf(value);
    if (literal === undefined) sorted.values[name] = value;
    else sorted.constants.set(name, literal);
  }
  return sorted;
}

/** Levels within which a value is still written as text; no person reads more. */
const DEEP = 64;

/** A value as source text, if JSON can say it exactly; undefined otherwise. */
export function literalOf(value: unknown, around: readonly object[] = []): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : undefined;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return 'null';
  if (isProxy(value) || around.includes(value) || around.length > DEEP) return undefined;
  const inside = [...around, value];
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype) return undefined;
    if (Object.keys(value).length !== value.length) return undefined; // holes, or properties besides
    const items = value.map((item) => literalOf(item, inside));
    return items.includes(undefined) ? undefined : `[${items.join(', ')}]`;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0)
    return undefined;
  const entries: string[] = [];
  for (const [key, { value: item, get, enumerable }] of Object.entries(
    Object.getOwnPropertyDescriptors(value),
  )) {
    const literal = get || !enumerable ? undefined : literalOf(item, inside);
    if (literal === undefined) return undefined;
    entries.push(`${key === '__proto__' ? '["__proto__"]' : JSON.stringify(key)}: ${literal}`);
  }
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
