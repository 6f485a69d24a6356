/**
 * Versions written down. In: a version that is to run, new or an earlier one; out: its record, on disk where versions are kept
 * there, and what takes that back as long as nothing else has been written. What runs does not change by this.
 */
import { durability } from '../../cache/files.ts';
import { putObject, reason, type StoredObject } from '../../cache/objects.ts';
import { beginPending, type Pending } from '../../cache/pending.ts';
import type { VersionRecord } from '../../cache/table.ts';
import { HotswapError } from '../../error.ts';
import type { KeptVersion } from '../../loader/kept.ts';
import { extensionOf } from '../../loader/language.ts';
import type { LiveModule } from '../../loader/live.ts';
import { fileURLToPath } from '../../node.ts';
import {
  catchUp,
  historyOf,
  needRegistry,
  numberOf,
  publishHeld,
  runningVersion,
  versionAt,
  versionText,
} from './history.ts';
import { Overtaken } from './overtaken.ts';
import { collectSoon } from './spare.ts';
import { remember } from './withdraw.ts';

/** What was written down, and how to take it back as long as nothing else has been. */
export interface Written {
  version: KeptVersion;
  undo: () => void;
}

/** What is written down together with others. */
export interface Together {
  /** see cache/pending.ts; undefined where there is one log at most */
  pending: Pending | undefined;
  /** whether versions are gone back to and nothing else: that a disk refuses does not stop it */
  isWayBack: boolean;
}

const ALONE: Together = { pending: undefined, isWayBack: true };

/** Begins to write several modules' versions down as one event. @throws ERR_HOTSWAP_CACHE */
export function beginTogether(modules: readonly LiveModule[], isWayBack: boolean): Together {
  const { cacheDir, durable } = needRegistry().config;
  durability.on = durable;
  const logs = modules.flatMap((module) => historyOf(module).log ?? []);
  if (cacheDir === undefined || logs.length < 2) return { pending: undefined, isWayBack };
  try {
    return { pending: beginPending(cacheDir, logs), isWayBack };
  } catch (error) {
    if (!isWayBack) throw error;
    return { pending: undefined, isWayBack };
  }
}

/**
 * Writes down that a version is in force again. A disk that refuses does not stop a way back: the version is then one that is not on
 * disk, which is said, and written down as soon as that can be.
 * @throws ERR_HOTSWAP_CACHE where more than ways back belong together
 */
export function recordRestore(
  module: LiveModule,
  version: KeptVersion,
  { pending, isWayBack }: Together = ALONE,
): Written {
  const history = historyOf(module);
  const { log, current } = history;
  const { id } = versionAt(module, 0);
  if (log === undefined) return { version, undo: () => {} };
  if (log.era(id).current === version.number) return agree(module, version);
  const before = log.size();
  remember(module, log);
  try {
    log.appendRestore(id, version.number, pending?.part);
  } catch (error) {
    if (!isWayBack) throw error;
    sayUnwritten(module, version, log.era(id).current, error);
    return { version: { ...version, kept: false }, undo: () => {} };
  }
  // A version that is not on disk stands in the log for the nearest one before it that is.
  const agreement = agree(module, version, version.kept ? version.number : log.era(id).current);
  const undo = (): void => {
    agreement.undo();
    log.retract(before, id, pending === undefined ? current : undefined);
  };
  return { version, undo };
}

/** Notes that a version runs because the log has one in force, or had it a moment ago. */
export function agree(module: LiveModule, version: KeptVersion, inForce = version.number): Written {
  const history = historyOf(module);
  const { agreed, unwritten } = history;
  Object.assign(history, { agreed: inForce, unwritten: false });
  return { version, undo: () => Object.assign(history, { agreed, unwritten }) };
}

/** Says that a way back is not on disk, and has it written down later. */
function sayUnwritten(module: LiveModule, version: KeptVersion, inForce: number, error: unknown): void {
  const { say } = needRegistry();
  const history = historyOf(module);
  const file = fileURLToPath(module.url);
  const why = reason(error instanceof HotswapError ? (error.cause ?? error) : error);
  const next = inForce === 0 ? 'the file' : `version ${numberOf(module, versionAt(module, inForce))}`;
  say(
    `${file} is back at version ${numberOf(module, version)} in this process, and that is not on disk: ${why}. It is tried again; until it can be written, a start runs ${next}`,
  );
  if (history.unwritten) return;
  history.unwritten = true;
  writeLater(module);
}

/** Milliseconds between two tries to write down what a disk has refused. */
const AGAIN = 5000;
const { setTimeout } = globalThis;

function writeLater(module: LiveModule): void {
  setTimeout(() => {
    const history = historyOf(module);
    const { log, current, unwritten } = history;
    if (!unwritten || log === undefined) return;
    try {
      log.appendRestore(versionAt(module, 0).id, current);
    } catch {
      return writeLater(module);
    }
    history.unwritten = false;
    history.agreed = current;
    needRegistry().say(
      `${fileURLToPath(module.url)}: that version ${numberOf(module, versionAt(module, current))} runs is on disk now`,
    );
  }, AGAIN).unref();
}

/** Enters a version that was written down among the module's, once it runs. */
export function enterVersion(module: LiveModule, version: KeptVersion, text: string): void {
  const { versions } = historyOf(module);
  versions.put(version);
  versions.keep(needRegistry().config.rollbackLength);
  if (!version.kept) publishHeld(module, version, text);
}

/**
 * Writes a version to disk and to the log; on failure neither has it.
 * @throws ERR_HOTSWAP_CACHE; ERR_HOTSWAP_CONFLICT where another process has put a version in force that this one was not made from
 */
export function record(module: LiveModule, proposed: KeptVersion, { pending }: Together = ALONE): Written {
  const { config } = needRegistry();
  const history = historyOf(module);
  const { versions, current, log, agreed } = history;
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
    // A saved file is as its author wants it, whatever was in force. What others have made is not to be lost by an edit.
    const rests = [...(lost.length > 0 ? [log.era(original.id).current] : []), agreed, proposed.parent ?? 0];
    const appended = log.appendVersion(original.id, recordOf({ ...proposed, kept }), {
      ...(kept && proposed.file === undefined && config.persist ? { inForce: rests } : {}),
      ...(pending === undefined ? {} : { part: pending.part }),
    });
    if (appended === undefined) throw new Overtaken(module);
    for (const { ensure } of objects) ensure();
    remember(module, log, objects);
    catchUpTo(module, appended.number);
    if (kept) {
      history.agreed = appended.number;
      history.unwritten = false;
    }
    collectSoon(config.cacheDir);
    const version = kept ? appended : { ...appended, text, bound };
    const undo = () => {
      history.agreed = agreed;
      log.retract(before, original.id, pending === undefined ? current : undefined);
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
