/**
 * HOTSWAP_PERSIST off: what this process records is gone again when it ends, so that the next start runs the files.
 * In: each log and object that an edit writes; out: nothing, but one listener for the process's exit. A process that is
 * killed leaves its versions behind, as any does.
 */
import type { ModuleLog } from '../cache/log.ts';
import { needRegistry } from './history.ts';

/** A log, and what removes the objects that its lines name. */
const recorded = new Map<ModuleLog, (() => void)[]>();

/** Remembers that something was written, before or after it was. @param undo removes an object that was stored with it */
export function withdrawAtExit(log: ModuleLog, undo?: () => void): void {
  if (needRegistry().config.persist) return;
  if (recorded.size === 0) process.once('exit', withdraw);
  const undos = recorded.get(log) ?? [];
  recorded.set(log, undo === undefined ? undos : [...undos, undo]);
}

function withdraw(): void {
  for (const [log, undos] of recorded) {
    try {
      if (log.withdraw()) for (const undo of undos) undo();
    } catch {
      // the process ends; what cannot be removed stays, and is named at the next start
    }
  }
}
