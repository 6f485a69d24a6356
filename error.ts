/**
 * The one error class that every room throws. In: a code and what it is about; out: an Error whose message
 * says what was asked, what was found and what to do. Nothing here may import from another room.
 */

/** What went wrong, as a stable code (`error.code`); the text of `message` may change between releases. */
export type HotswapErrorCode =
  | 'ERR_HOTSWAP_BAD_TARGET'
  | 'ERR_HOTSWAP_NOT_HOT'
  | 'ERR_HOTSWAP_MISSING'
  | 'ERR_HOTSWAP_OUT_OF_SCOPE'
  | 'ERR_HOTSWAP_NO_SOURCE'
  | 'ERR_HOTSWAP_ARITY'
  | 'ERR_HOTSWAP_SYNTAX'
  | 'ERR_HOTSWAP_TOO_MANY'
  | 'ERR_HOTSWAP_REMOVED'
  | 'ERR_HOTSWAP_CORE'
  | 'ERR_HOTSWAP_NO_VERSION'
  | 'ERR_HOTSWAP_CACHE'
  | 'ERR_HOTSWAP_CONFLICT'
  | 'ERR_HOTSWAP_STRUCTURAL'
  | 'ERR_HOTSWAP_CONFIG';

/** What an error is about, for programs; every field is optional and says nothing when absent. */
export interface ErrorSubject {
  /** URL of the hot module */
  module?: string;
  /** path of the hot function in it, e.g. `Cart.prototype.total` */
  path?: string;
  /** the names that could not be resolved, or the functions there are */
  names?: string[];
  /** the file or directory concerned, as a file system path */
  file?: string;
  /** line of the offending text, from 1 */
  line?: number;
  /** the error underneath, where there is one */
  cause?: unknown;
}

/**
 * Every refusal of hotswap. A rejected edit has changed nothing: not the program, not the history, not the cache.
 *
 * @example
 * try { await rewrite(price, () => RATE) }
 * catch (error) { if (error.code === 'ERR_HOTSWAP_OUT_OF_SCOPE') console.log(error.names) } // ['RATE']
 */
export class HotswapError extends Error {
  override name = 'HotswapError';
  readonly code: HotswapErrorCode;
  declare readonly module?: string;
  declare readonly path?: string;
  declare readonly names?: string[];
  declare readonly file?: string;
  declare readonly line?: number;

  constructor(code: HotswapErrorCode, message: string, subject: ErrorSubject = {}) {
    const { cause, ...rest } = subject;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, rest);
  }
}

/**
 * What to say of a text that is too deep for the parser, for us, or for V8 with our patch points in it.
 * @param what names the text @param line where it is, as far as that is known
 */
export function tooDeep(
  what: string,
  line?: number,
  cause: unknown = new RangeError('too deep'),
): HotswapError {
  return new HotswapError(
    'ERR_HOTSWAP_SYNTAX',
    isTooLong(cause)
      ? `${what} is too long to be parsed; in several modules it can be edited`
      : `${what} nests too deep${line === undefined ? '' : ` (line ${line})`}: brackets, operators or functions, one in the other by the hundreds or thousands; with a list or a loop in their place it can be edited`,
    { ...(line === undefined ? {} : { line }), cause },
  );
}

function isTooLong(cause: unknown): boolean {
  return cause instanceof RangeError && cause.message.startsWith('too long');
}

/** Whether an error is about depth or length: ours, or V8's where recursion comes to its end. */
export function isTooDeep(error: unknown): boolean {
  if (error instanceof HotswapError) return error.code === 'ERR_HOTSWAP_SYNTAX' && isOverflow(error.cause);
  return isOverflow(error);
}

function isOverflow(error: unknown): boolean {
  return error instanceof RangeError && /too (?:deep|long)|call stack/.test(error.message);
}

/**
 * What a module's text was refused with, for Node to print: without frames, which would all be ours and of which it shows the first
 * one's line. Undefined for any other error.
 */
export function refusalOfText(error: unknown): HotswapError | undefined {
  if (!(error instanceof HotswapError) || error.code !== 'ERR_HOTSWAP_SYNTAX') return undefined;
  if (isTooDeep(error)) return undefined; // for us; Node may run it
  const { stackTraceLimit } = Error;
  Reflect.set(Error, 'stackTraceLimit', 0); // which may be frozen
  const told = new HotswapError(error.code, error.message, error);
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return told;
}
