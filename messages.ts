/**
 * Words for messages. In: a value, or a text of any length; out: what a message says of it. Asking a value for its words never runs
 * code of the program's.
 */
import { HotswapError } from './error.ts';
import { isProxy } from './node.ts';

/** A text without its line breaks and indentation. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** A text for a line of a message: its beginning, where it is longer than `most` characters. */
export function short(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3)}…` : text;
}

/** A function's own name, where it has one; asking a Proxy, or for an accessor, would run code of the program's. */
export function nameOf(fn: object): string {
  const name = isProxy(fn) ? undefined : Object.getOwnPropertyDescriptor(fn, 'name')?.value;
  return typeof name === 'string' ? name : '';
}

/** A value as a person would call it in a message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(short(value, 60));
  if (typeof value === 'function') return `function ${nameOf(value) || '(anonymous)'}`;
  if (isProxy(value)) return 'a Proxy';
  if (typeof value === 'object') return `an object (${kindOf(value)})`;
  return `${typeof value} ${String(value)}`;
}

/** `[object Map]`, or that of a plain object where its own tag cannot be read. */
function kindOf(value: object): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return '[object Object]';
  }
}

/**
 * Whether something can be asked for anything at all.
 * @param what it is, for the message: `the target`
 * @throws ERR_HOTSWAP_BAD_TARGET for a Proxy that has been revoked
 */
export function checkReadable(value: unknown, what: string): void {
  if (!isProxy(value)) return;
  let isArray: boolean | undefined;
  try {
    isArray = Array.isArray(value); // asks no handler, and fails for one that is gone (ECMA-262 7.2.2)
  } catch {
    // said below
  }
  if (isArray === undefined) {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `${what} is a Proxy that has been revoked: nothing can be read of it`,
    );
  }
}
