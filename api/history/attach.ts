/**
 * A module's history and a cache on disk, brought together and apart. In: a live module and a directory; out: a history whose
 * numbers are positions in that directory's log, or one that lives in memory and has lost nothing. What runs stays as it is.
 */
import { durability } from '../../cache/files.ts';
import { ModuleLog } from '../../cache/log.ts';
import { putObject, type StoredObject } from '../../cache/objects.ts';
import { keyOf, type VersionRecord } from '../../cache/table.ts';
import { HotswapError } from '../../error.ts';
import type { KeptVersion } from '../../loader/kept.ts';
import { extensionOf } from '../../loader/language.ts';
import type { LiveModule } from '../../loader/live.ts';
import { lossesOf } from '../../loader/newest.ts';
import {
  align,
  currentText,
  historyOf,
  needRegistry,
  publishHeld,
  versionAt,
  versionText,
} from './history.ts';
import { recordOf } from './record.ts';
import { remember, withdraw } from './withdraw.ts';

/** A history that has been written to a cache and is not yet the module's. */
export interface Attached {
  /** makes it the module's */
  take: () => void;
  /** takes everything off the disk again */
  undo: () => void;
}

/**
 * Writes to a cache what it does not have of a module's history. Versions that others have made of this file in it come first, so
 * those that are written now may get other numbers. What runs is then what the log says is in force, if the log did
 * not know it; else the log's own word stays.
 * @throws ERR_HOTSWAP_CACHE, and then has written nothing
 */
export function attach(module: LiveModule, cacheDir: string): Attached {
  const history = historyOf(module);
  if (history.log !== undefined && history.cacheDir === cacheDir) return { take: () => {}, undo: () => {} };
  const { versions, current, left } = history;
  const { id: base } = versionAt(module, 0);
  const log = new ModuleLog(cacheDir, module.url);
  const { current: inForce } = log.era(base);
  const before = { size: log.size(), current: inForce };
  for (const line of lossesOf(log, module.url, module.vsn)) needRegistry().say(line);
  durability.on = needRegistry().config.durable;
  const objects: StoredObject[] = [];
  const undo = () => {
    if (log.size() !== before.size) log.retract(before.size, base, before.current);
    for (const object of objects) object.undo();
  };
  const running = currentText(module);
  const numbers = new Map([[0, 0]]);
  let written = false;
  try {
    const known = [...log.era(base).versions];
    for (const version of versions.from(1)) {
      const place = known.findIndex((one) => one !== undefined && keyOf(one) === keyOf(version));
      if (place !== -1) {
        numbers.set(version.number, place + 1);
        delete known[place];
        continue;
      }
      const text = version.bound === undefined ? textOrNothing(module, version) : undefined;
      if (text !== undefined) {
        if (!written) objects.push(putObject(cacheDir, module.base, extensionOf(module.url)));
        objects.push(putObject(cacheDir, text, extensionOf(module.url)));
      }
      const parent = numbers.get(version.parent ?? 0) ?? 0;
      const record = log.appendVersion(base, { ...recordOf(version), parent, kept: text !== undefined });
      numbers.set(version.number, (record as VersionRecord).number);
      written = true;
    }
    const inForce = numbers.get(left?.number ?? current) as number;
    if ((written || left?.recorded === false) && log.era(base).current !== inForce)
      log.appendRestore(base, inForce);
  } catch (error) {
    undo();
    throw error;
  }
  return { take, undo };

  function take(): void {
    const { forget } = needRegistry();
    const aligned = align(versions, log.era(base).versions);
    for (const version of aligned.versions) {
      const { text, ...rest } = version;
      if (version.kept && text !== undefined && text !== module.source) aligned.versions.put(rest);
    }
    module.history = {
      versions: aligned.versions,
      current: aligned.numbers[current] as number,
      text: running,
      cacheDir,
      log,
      agreed: log.era(base).current,
      unwritten: false,
      left: undefined,
    };
    for (const { ensure } of objects) ensure();
    remember(module, log, objects);
    forget(module.url);
    for (const version of aligned.versions)
      if (!version.kept && version.text !== undefined) publishHeld(module, version, version.text);
  }
}

/**
 * Lets a module's history live in memory from now on.
 * @param persist whether what this process has recorded of it stays on disk, where it is read from when it is asked for;
 *   else it comes into memory first
 * @throws what a disk refuses; the history lives in memory all the same
 */
export function detach(module: LiveModule, persist: boolean): void {
  const history = historyOf(module);
  const { log, versions, current } = history;
  if (log === undefined) return;
  history.text = currentText(module);
  history.log = undefined;
  history.left = { number: current, recorded: true };
  if (persist) return;
  const own = [...log.own(versionAt(module, 0).id)].filter((number) => number < versions.length);
  const texts = own.map((number) => textOrNothing(module, versionAt(module, number)));
  if (!withdraw(log)) return;
  history.left.recorded = false;
  own.forEach((number, i) => {
    const text = texts[i];
    const version = { ...versionAt(module, number), kept: false };
    versions.put(text === undefined ? version : { ...version, text });
    if (text !== undefined) publishHeld(module, version, text);
  });
}

/** The text of a version; undefined where it is gone or damaged. */
function textOrNothing(module: LiveModule, version: KeptVersion): string | undefined {
  try {
    return versionText(module, version);
  } catch (error) {
    if (error instanceof HotswapError) return undefined;
    throw error;
  }
}
