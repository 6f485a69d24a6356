/**
 * HOTSWAP_PERSIST off: what this process has recorded is gone again when it ends or the service stops, so that the next start
 * runs the files. In: each log and object that an edit writes; out: a cache without them. A process that is killed leaves its
 * versions behind, as any does.
 */
import { Ids } from '../../cache/ids.ts';
import type { ModuleLog } from '../../cache/log.ts';
import { removeObjects, type StoredObject } from '../../cache/objects.ts';
import { extensionOf } from '../../loader/language.ts';
import type { LiveModule } from '../../loader/live.ts';
import { registry } from '../../loader/registry.ts';
import { historyOf } from './history.ts';

/** A log, and the objects that its lines name. */
const recorded = new Map<ModuleLog, { cacheDir: string; extension: string; ids: Ids }>();
let listening = false;

/** Remembers that something was written, before or after it was. */
export function remember(module: LiveModule, log: ModuleLog, objects: readonly StoredObject[] = []): void {
  let found = recorded.get(log);
  if (found === undefined) {
    const { cacheDir = '' } = historyOf(module);
    recorded.set(log, (found = { cacheDir, extension: extensionOf(module.url), ids: new Ids() }));
  }
  for (const { made, id } of objects) if (made) found.ids.put(found.ids.length, id);
  if (!listening) process.once('exit', atExit);
  listening = true;
}

/** Lets everything stay that was recorded so far, in one cache or in all. */
export function keepRecorded(cacheDir?: string): void {
  for (const [log, one] of recorded)
    if (cacheDir === undefined || one.cacheDir === cacheDir) recorded.delete(log);
}

/**
 * Takes back what was recorded in one log.
 * @returns whether nothing of it is left; where another process has appended since, all is
 */
export function withdraw(log: ModuleLog): boolean {
  const found = recorded.get(log);
  recorded.delete(log);
  if (!log.withdraw()) return false;
  if (found !== undefined) removeObjects(found.cacheDir, [...found.ids], found.extension);
  return true;
}

/** Takes back all that is left. @returns the errors of a disk that refuses */
export function withdrawAll(): unknown[] {
  const errors: unknown[] = [];
  for (const log of recorded.keys()) {
    try {
      withdraw(log);
    } catch (error) {
      errors.push(error);
    }
  }
  return errors;
}

function atExit(): void {
  // The process ends; what cannot be removed stays, and is named at the next start.
  if (registry()?.config.persist === false) withdrawAll();
}
