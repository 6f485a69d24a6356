/**
 * The type of `import.meta.hot`, for whoever writes `/// <reference types="hotswap/hot" />` or names `hotswap/hot` under `types`
 * in tsconfig.json. Nothing else may import it: those who have Vite's types would have the property twice.
 */
import type { HotContext } from './hot.ts';

declare global {
  interface ImportMeta {
    /** There under `--import hotswap/register` only: guard its use with `if (import.meta.hot)`. */
    readonly hot?: HotContext;
  }
}

export type { HotContext, HotEvents, HotUpdate, ModuleNamespace } from './hot.ts';
