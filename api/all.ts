/**
 * What is done to all modules at once. In: the live modules and the cache; out: the versions that run now, with the failures
 * of single modules collected: each does what it can, and none keeps the others from it.
 */

import { emptyCache } from '../cache/empty.ts';
import { ModuleLog } from '../cache/log.ts';
import { sha256 } from '../cache/objects.ts';
import { HotswapError } from '../error.ts';
import type { CoreModule, CoreVersion } from '../loader/core.ts';
import { isSame, type KeptVersion, KeptVersions } from '../loader/kept.ts';
import type { LiveModule } from '../loader/live.ts';
import { existsSync, fileURLToPath, readFileSync } from '../node.ts';
import { follow, goTo, queued } from './apply/commit.ts';
import { reported } from './apply/events.ts';
import { numberToRun } from './history/asides.ts';
import {
  catchUp,
  currentVersion,
  historyOf,
  needRegistry,
  publishHeld,
  runningVersion,
  type Version,
  type Versioned,
  versionAt,
  versionText,
} from './history/history.ts';
import { agree } from './history/record.ts';
import { keepRecorded } from './history/withdraw.ts';
import { alone } from './modules/alone.ts';
import { liveModules } from './modules/module.ts';
import { goToCore } from './override/override.ts';
import { editedCore } from './target/core.ts';

/** A module that could not be brought to where it was to go. */
export interface Failure {
  /** URL of the module; undefined for the cache as a whole */
  module: string | undefined;
  error: unknown;
}

export interface Outcome {
  /** of the modules that changed */
  versions: Version[];
  failures: Failure[];
}

/**
 * Makes the newest version of every module live: the one that the cache says is in force for its file, made by another process
 * or left alone by `reload: false`. Without a cache there is none, and nothing changes.
 *
 * @returns the version that runs now of each module that changed
 * @throws ERR_HOTSWAP_NOT_HOT; the code of the first failure, with an AggregateError as `cause`, where modules could not be
 *   brought to their newest version; the others were
 * @example for (const { module, number } of await reapply()) console.log(module, number);
 */
export async function reapply(): Promise<Version[]> {
  needRegistry();
  const { versions, failures } = await bringUp(queued);
  failOn(failures, 'the newest versions run', versions.length);
  return versions;
}

/** Does it. @param inTurn runs a module's change when no other does */
export function bringUp(
  inTurn: (module: LiveModule, change: () => Promise<Version | undefined>) => Promise<Version | undefined>,
): Promise<Outcome> {
  return each(liveModules(), (module) =>
    inTurn(module, async () => {
      const inForce = historyOf(module).log?.era(versionAt(module, 0).id).current;
      if (inForce === undefined) return undefined;
      catchUp(module);
      // A version that no log can carry rests on the newest that one can.
      let current = currentVersion(module);
      while (!current.kept && current.parent !== undefined) current = versionAt(module, current.parent);
      if (!isSame(versionAt(module, numberToRun(module, inForce)), current)) return follow(module, inForce);
      agree(module, current, inForce);
      return undefined;
    }),
  );
}

/**
 * Runs the files of modules again, and says nothing of it to a log that they have none of.
 * @param asSaved as they are now, as far as that is a version; else as they were loaded
 */
export function putBack(modules: readonly Versioned[], asSaved: boolean): Promise<Outcome> {
  return each(modules, async (module) => {
    const original = asSaved && !('exports' in module) ? savedVersion(module) : versionAt(module, 0);
    if (runningVersion(module).number === original.number) return undefined;
    return 'exports' in module ? goToCore(module, original) : goTo(module, original);
  });
}

/** The version whose text a module's file has now, or had when it was saved last. */
function savedVersion(module: LiveModule): KeptVersion {
  const { versions } = historyOf(module);
  const file = fileURLToPath(module.url);
  const id = existsSync(file) ? sha256(readFileSync(file, 'utf8')) : '';
  const original = versionAt(module, 0);
  if (id === original.id) return original;
  return (
    (id === '' ? undefined : versions.newestWith(id)) ??
    [...versions].findLast((one) => one.file === true) ??
    original
  );
}

/**
 * Puts every module back to its file, and Node's own as Node has them, and empties the cache: histories begin anew. Other processes that share the cache keep what they
 * run, and write their versions down again with their next edits.
 *
 * @returns the version that runs now of each module that was put back
 * @throws ERR_HOTSWAP_NOT_HOT, ERR_HOTSWAP_CONFIG within a transaction; the code of the first failure, with an AggregateError as
 *   `cause`, where modules could not be put back (what they run is then version 1 of a history in memory) or files not removed; all
 *   else was
 * @example await purge();
 */
export async function purge(): Promise<Version[]> {
  needRegistry();
  return alone('purge()', async () => {
    const { cacheDir } = needRegistry().config;
    const modules = touched();
    for (const module of modules) historyOf(module).log = undefined;
    const core = editedCore();
    const { versions, failures } = await putBack([...modules, ...core], false);
    try {
      if (cacheDir !== undefined) {
        emptyCache(cacheDir);
        keepRecorded(cacheDir);
      }
    } catch (error) {
      failures.push({ module: undefined, error });
    }
    for (const module of modules) beginAnew(module, cacheDir);
    for (const module of core) beginCoreAnew(module);
    failOn(failures, 'the files run and the cache is empty', versions.length);
    return versions;
  });
}

/** Gives a module a history without edits; one that could not be put back has one. */
function beginAnew(module: LiveModule, cacheDir: string | undefined): void {
  const original = versionAt(module, 0);
  const running = runningVersion(module);
  const { forget } = needRegistry();
  forget(module.url);
  const versions = new KeptVersions(original);
  const text = versionText(module, running);
  if (running.number > 0) {
    const { moves: _moves, ...rest } = running;
    const first = { ...rest, number: 1, parent: 0, kept: false, text };
    versions.put(first);
    publishHeld(module, first, text);
  }
  const current = versions.length - 1;
  const log = cacheDir === undefined ? undefined : new ModuleLog(cacheDir, module.url);
  const left = current === 0 ? undefined : { number: current, recorded: false };
  module.history = { versions, current, text, cacheDir, log, agreed: 0, unwritten: false, left };
  catchUp(module);
}

function beginCoreAnew({ history }: CoreModule): void {
  const { versions, current } = history;
  const running = versions[current] as CoreVersion;
  versions.length = 1;
  if (running.number > 0) versions.push({ ...running, number: 1, parent: 0 });
  history.current = versions.length - 1;
}

/** The modules whose versions have been asked for, or are not their files. */
export function touched(): LiveModule[] {
  return liveModules().filter((module) => module.history !== undefined || module.started > 0);
}

/** Starts the changes of modules together, so that those that do not wait for their turn are one step. */
async function each<M extends Versioned>(
  modules: readonly M[],
  change: (module: M) => Promise<Version | undefined>,
): Promise<Outcome> {
  const made = await Promise.allSettled(modules.map((module) => reported(() => change(module))));
  const outcome: Outcome = { versions: [], failures: [] };
  made.forEach((one, i) => {
    if (one.status === 'rejected') outcome.failures.push({ module: modules[i]?.url, error: one.reason });
    else if (one.value !== undefined) outcome.versions.push(one.value);
  });
  return outcome;
}

/**
 * Says that not everything could be done.
 * @param what was asked, as a sentence about what is so now
 */
export function failOn(failures: readonly Failure[], what: string, others: number): void {
  const [first] = failures;
  if (first === undefined) return;
  const errors = failures.map(({ error }) => error);
  const lines = failures.map(({ module, error }) => {
    const text = error instanceof Error ? error.message : String(error);
    return module === undefined || text.includes(module) ? text : `${module}: ${text}`;
  });
  const done = others === 0 ? '' : ` (${others} other module${others === 1 ? ' is' : 's are'} done)`;
  throw new HotswapError(
    first.error instanceof HotswapError ? first.error.code : 'ERR_HOTSWAP_CACHE',
    `${what}, but for ${failures.length}${done}: ${lines.join('; ')}`,
    {
      ...(first.module === undefined ? {} : { module: first.module }),
      cause: new AggregateError(errors, `${failures.length} failed`),
    },
  );
}
