/**
 * The programmatic API of hotswap. Everything here works on the modules of the thread it is called in, which must
 * have been started with `--import hotswap/register`, or has called `start()` before it imported them.
 */
export { HotswapError, type HotswapErrorCode } from '../error.ts';
export type { FunctionKind } from '../loader/functions.ts';
export type { Node } from '../loader/parse.ts';
export { purge, reapply } from './all.ts';
export { type ErrorEvent, type Events, on, type SwapEvent } from './apply/events.ts';
export { type Around, after, around, before, onError, replace } from './around.ts';
export { diff } from './diff.ts';
export {
  addClause,
  addExport,
  type InjectOptions,
  inject,
  removeExport,
  rewrite,
} from './edit.ts';
export type { EditOptions } from './given/bind.ts';
export type { Code } from './given/given.ts';
export type { Deferred, Version } from './history/history.ts';
export {
  ast,
  type ClauseInfo,
  clauses,
  code,
  type ExportInfo,
  exports,
  functions,
  modules,
} from './introspect.ts';
export { type Mock, type MockCall, mock } from './mock.ts';
export type { ModuleRef } from './modules/module.ts';
export { reload } from './reload.ts';
export { type StartOptions, type Status, type StopOptions, start, status, stop } from './service.ts';
export type { FunctionInfo, NewTarget, Target } from './target/target.ts';
export type { Order } from './text/addclause.ts';
export type { At, Clauses } from './text/inject.ts';
export { type Planned, plan, transaction } from './transaction.ts';
export { history, reset, restore, rollback, version } from './versions.ts';
