/**
 * What a program calls to go through a module's versions. In: a module and where to go; out: a promise of the version
 * that is then live. Versions are never removed: going back is itself undone by `restore`.
 */

import { oldestKept } from '../cache/table.ts';
import { HotswapError } from '../error.ts';
import type { KeptVersion } from '../loader/kept.ts';
import { describe } from '../messages.ts';
import { goTo, queued } from './apply/commit.ts';
import { reported } from './apply/events.ts';
import { asidesOf } from './history/asides.ts';
import {
  catchUp,
  currentVersion,
  findVersion,
  needRegistry,
  numberOf,
  publicVersion,
  type Version,
  type Versioned,
  versionAt,
  versionsOf,
} from './history/history.ts';
import { type ModuleRef, moduleOf } from './modules/module.ts';
import { goToCore } from './override/override.ts';
import { coreOf } from './target/core.ts';

/**
 * Undoes the last `n` edits of a module: the version `n` parents before the current one runs again.
 *
 * @param n how many edits, 1 by default; more than there are is all of them
 * @returns the version that is live again
 * @throws ERR_HOTSWAP_NOT_HOT, ERR_HOTSWAP_NO_VERSION when `n` is no count, ERR_HOTSWAP_CACHE
 * @example await rollback('./pricing.js');
 */
export function rollback(ref: ModuleRef, n = 1): Promise<Version> {
  return reported(() => goBack(ref, n));
}

async function goBack(ref: ModuleRef, n: number): Promise<Version> {
  if (!Number.isInteger(n) || n < 0) {
    throw new HotswapError(
      'ERR_HOTSWAP_NO_VERSION',
      `rollback goes back a whole number of edits, 0 or more; ${typeof n === 'number' ? n : describe(n)} was asked for`,
    );
  }
  const module = versioned(ref);
  return queued(module, async () => {
    catchUp(module);
    const oldest = oldestOf(module);
    let version = currentVersion(module);
    for (let i = 0; i < n && version.parent !== undefined; i++) {
      version = versionAt(module, version.parent < oldest ? 0 : version.parent);
    }
    return back(module, version);
  });
}

/**
 * Puts a module back to the file as it was loaded (version 0).
 * @throws ERR_HOTSWAP_NOT_HOT, ERR_HOTSWAP_CACHE
 */
export function reset(ref: ModuleRef): Promise<Version> {
  return reported(async () => {
    const module = versioned(ref);
    return queued(module, async () => back(module, versionAt(module, 0)));
  });
}

/**
 * Makes any version of a module live, earlier or later.
 *
 * @param which its number, its id, or the first 7 digits or more of its id
 * One that was set aside, since a start ended with it, runs at starts again.
 *
 * @throws ERR_HOTSWAP_NO_VERSION, ERR_HOTSWAP_NOT_HOT, ERR_HOTSWAP_CACHE when its text is gone or damaged
 * @example await restore('./pricing.js', 2);
 */
export function restore(ref: ModuleRef, which: number | string): Promise<Version> {
  return reported(() => bringBack(ref, which));
}

async function bringBack(ref: ModuleRef, which: number | string): Promise<Version> {
  const module = versioned(ref);
  return queued(module, async () => {
    const version = findVersion(module, which);
    if (version.number !== 0 && version.number < oldestOf(module)) {
      throw new HotswapError(
        'ERR_HOTSWAP_NO_VERSION',
        `version ${numberOf(module, version)} of ${module.url} is older than HOTSWAP_ROLLBACK_LENGTH (${needRegistry().config.rollbackLength}) lets come back`,
        { module: module.url },
      );
    }
    return back(module, version);
  });
}

/**
 * The version of a module that runs. Its `number` counts edits from the number that the author gave the file, with `export
 * const vsn = 42` or `"hotswap": { "vsn": 42 }` in the nearest package.json, or from 0.
 * @throws ERR_HOTSWAP_NOT_HOT
 */
export function version(ref: ModuleRef): Version {
  const module = versioned(ref);
  return publicVersion(module, currentVersion(module));
}

/**
 * Every version of a module, oldest first, 0 (the file) included. Those that the start guard has set aside say why (`setAside`).
 * @throws ERR_HOTSWAP_NOT_HOT
 */
export function history(ref: ModuleRef): Version[] {
  const module = versioned(ref);
  catchUp(module);
  const versions = [...versionsOf(module)];
  const oldest = oldestOf(module);
  const asides = 'exports' in module ? undefined : asidesOf(module);
  return versions
    .filter(({ number }) => number === 0 || number >= oldest)
    .map((one) => {
      const aside = asides?.get(one.id);
      return { ...publicVersion(module, one), ...(aside === undefined ? {} : { setAside: aside.why }) };
    });
}

/** What a reference names: one of Node's modules or a hot one. @throws as `moduleOf` */
function versioned(ref: ModuleRef): Versioned {
  return coreOf(ref) ?? moduleOf(ref);
}

function back(module: Versioned, version: KeptVersion): Promise<Version> {
  return 'exports' in module ? goToCore(module, version) : goTo(module, version);
}

/** The lowest number, besides 0, that HOTSWAP_ROLLBACK_LENGTH leaves. */
function oldestOf(module: Versioned): number {
  return oldestKept(versionsOf(module).length - 1, needRegistry().config.rollbackLength);
}
