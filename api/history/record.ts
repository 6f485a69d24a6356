/**
 * Versions written down. In: a version that is to run, new or an earlier one; out: its record, on disk where versions are kept
 * there, and what takes that back as long as nothing else has been written. What runs does not change by this.
 */
import { putObject, type StoredObject } from '../../cache/objects.ts';
import type { VersionRecord } from '../../cache/table.ts';
import type { KeptVersion } from '../../loader/kept.ts';
import { extensionOf } from '../../loader/language.ts';
import type { LiveModule } from '../../loader/live.ts';
import {
  catchUp,
  historyOf,
  needRegistry,
  publishHeld,
  runningVersion,
  versionAt,
  versionText,
} from './history.ts';
import { remember } from './withdraw.ts';

/** What was written down, and how to take it back as long as nothing else has been. */
export interface Written {
  version: KeptVersion;
  undo: () => void;
}

/** Writes down that a version is in force again. @throws ERR_HOTSWAP_CACHE */
export function recordRestore(module: LiveModule, version: KeptVersion): Written {
  const { log, current } = historyOf(module);
  const { id } = versionAt(module, 0);
  if (log === undefined || log.era(id).current === version.number) return { version, undo: () => {} };
  remember(module, log);
  const before = log.size();
  log.appendRestore(id, version.number);
  return { version, undo: () => log.retract(before, id, current) };
}

/** Enters a version that was written down among the module's, once it runs. */
export function enterVersion(module: LiveModule, version: KeptVersion, text: string): void {
  historyOf(module).versions.put(version);
  if (!version.kept) publishHeld(module, version, text);
}

/** Writes a version to disk and to the log; on failure neither has it. @throws ERR_HOTSWAP_CACHE */
export function record(module: LiveModule, proposed: KeptVersion): Written {
  const { config } = needRegistry();
  const { versions, current, log } = historyOf(module);
  const original = versionAt(module, 0);
  const { id, bound, text = '' } = proposed;
  const kept = bound === undefined;
  if (config.cacheDir === undefined || log === undefined) {
    return { version: { ...proposed, number: versions.length, kept: false }, undo: () => {} };
  }
  remember(module, log);
  const lost = [...versions.from(log.era(original.id).versions.next)];
  const before = log.size();
  const objects: StoredObject[] = [];
  const removeObjects = () => {
    for (const { undo } of objects) undo();
  };
  try {
    if (kept) {
      const extension = extensionOf(module.url);
      if (lost.length > 0 || versions.length === 1)
        objects.push(putObject(config.cacheDir, module.base, extension));
      objects.push(putObject(config.cacheDir, text, extension, id));
      if (lost.length > 0 && runningVersion(module).kept)
        objects.push(putObject(config.cacheDir, versionText(module, runningVersion(module)), extension));
    }
    // A purge of the cache has taken their lines; numbers are positions in the log.
    for (const one of lost) log.appendVersion(original.id, recordOf(one));
    const appended = log.appendVersion(original.id, recordOf({ ...proposed, kept }));
    remember(module, log, objects);
    catchUpTo(module, appended.number);
    const version = kept ? appended : { ...appended, text, bound };
    const undo = () => {
      log.retract(before, original.id, current);
      removeObjects();
    };
    return { version, undo };
  } catch (error) {
    removeObjects();
    throw error;
  }
}

/** A version as the log has it. */
export function recordOf({
  id,
  parent,
  at,
  summary,
  kept,
  file,
}: KeptVersion): Omit<VersionRecord, 'number'> {
  return { id, parent, at, summary, kept, ...(file ? { file } : {}) };
}

/** Versions that other processes made meanwhile come before ours. */
function catchUpTo(module: LiveModule, number: number): void {
  catchUp(module);
  historyOf(module).versions.cut(number);
}
