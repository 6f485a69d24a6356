/**
 * The programmatic API of hotswap. Everything here works on the modules of the thread it is called in, which must
 * have been started with `--import hotswap/register`.
 */
export { HotswapError, type HotswapErrorCode } from '../error.ts';
export type { FunctionKind } from '../loader/functions.ts';
export type { Node } from '../loader/parse.ts';
export type { Order } from './addclause.ts';
export { addClause, type Code, type EditOptions, type InjectOptions, inject, rewrite } from './edit.ts';
export type { Version } from './history.ts';
export type { At, Clauses } from './inject.ts';
export {
  ast,
  type ClauseInfo,
  clauses,
  code,
  type ExportInfo,
  exports,
  type FunctionInfo,
  functions,
  modules,
} from './introspect.ts';
export type { ModuleRef } from './module.ts';
export type { Target } from './target.ts';
export { history, reset, restore, rollback, version } from './versions.ts';
