/**
 * The names of our globals, which instrumented texts have in them. In: nothing; out: names. Nothing is imported here: a warm
 * start loads no more of the instrumenter than this.
 */

/** Global through which an instrumented module hands over its scope; defined by the registry. */
export const SCOPE = 'hs$scope';

/** Global through which a module gets its `import.meta.hot`; defined by the registry. */
export const HOT = 'hs$hot';

/** Globals that patch points use besides their cells; defined by the registry. */
export const CONSTRUCT = 'hs$construct';
export const NULLISH = 'hs$nullish';

/** The variable behind `export default <data>`. */
export const DEFAULT = 'hs$default';

/** The name of a hot function's cell. @param index its position in `functionsOf` */
export function cellName(prefix: string, index: number): string {
  return `${prefix}$${index}`;
}

/**
 * The name of a module's gate, which its patch points read before a cell: undefined until the first of its functions is replaced,
 * and only then are there cells.
 */
export function gateName(prefix: string): string {
  return `${prefix}$`;
}

/** Global through which a virtual module defines gates, and what its URL begins with; see hooks.ts. */
export const GATES = 'hs$gates';
export const GATES_URL = 'hotswap:gates/';

/**
 * What hooks on another thread and the main thread count in memory that they share, as asking a port takes a thousand times as long: the
 * number of the next virtual module that is to run, messages to the hooks, messages from them.
 */
export const TURN = 0;
export const TOLD = 1;
export const SENT = 2;

/** The import of such a module, as long for one number as for another. */
export function importOf(turn: number): string {
  return `import "${GATES_URL}${String(turn).padStart(8, '0')}";`;
}

/** A cell's name in a text: that of the module's prefix, and the cell's number. `hs$1k3v9x2$4` is cell 4. */
export const CELL_NAME = /\b(hs\$[0-9a-z]{7,})\$(\d+)\b/;
/** Each of them, for `matchAll`. */
export const CELL_NAMES = /\b(hs\$[0-9a-z]{7,})\$(\d+)\b/g;
