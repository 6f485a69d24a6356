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

/** Global through which a virtual module defines cells, and what its URL begins with; a number of so many digits follows. See hooks.ts. */
export const CELLS = 'hs$cells';
export const CELLS_URL = 'hotswap:cells/';
export const CELLS_DIGITS = 8;
