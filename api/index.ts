/**
 * The programmatic API of hotswap. Everything here works on the modules of the thread it is called in, which must
 * have been started with `--import hotswap/register`, or has called `start()` before it imported them.
 */
export { HotswapError, type HotswapErrorCode } from '../error.ts';
export type { FunctionKind } from '../loader/functions.ts';
export type { Node } from '../loader/parse.ts';
export type { Order } from './addclause.ts';
export { purge, reapply } from './all.ts';
export { type Around, after, around, before, onError, replace } from './around.ts';
export { diff } from './diff.ts';
export {
  addClause,
  addExport,
  type Code,
  type EditOptions,
  type InjectOptions,
  inject,
  removeExport,
  rewrite,
} from './edit.ts';
export { type ErrorEvent, type Events, on, type SwapEvent } from './events.ts';
export type { Deferred, Version } from './history.ts';
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
export { type Mock, type MockCall, mock } from './mock.ts';
export type { ModuleRef } from './module.ts';
export { reload } from './reload.ts';
export { type StartOptions, type Status, type StopOptions, start, status, stop } from './service.ts';
export type { NewTarget, Target } from './target.ts';
export { type Planned, plan, transaction } from './transaction.ts';
export { history, reset, restore, rollback, version } from './versions.ts';
