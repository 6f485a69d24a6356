/**
 * The versions of a module. In: a live module; out: its versions, oldest first, and the text of each. Versions
 * come from the log on disk (so numbers hold across restarts and processes) and from memory where there is none.
 * Inside, they are numbered by their positions in the log; `numberOf` and `findVersion` are where those become the
 * numbers that people see, and the other way round.
 */
import { isStart } from '../../cache/ids.ts';
import { ModuleLog } from '../../cache/log.ts';
import { getObject, objectFile, sha256 } from '../../cache/objects.ts';
import { keyOf, type VersionRecord, type VersionTable } from '../../cache/table.ts';
import { unwritable } from '../../cache/writable.ts';
import { HotswapError } from '../../error.ts';
import { whyNothingIsHot } from '../../loader/allowed.ts';
import type { CoreModule, CoreVersion } from '../../loader/core.ts';
import { type Bound, type KeptVersion, KeptVersions } from '../../loader/kept.ts';
import { extensionOf } from '../../loader/language.ts';
import type { History, LiveModule } from '../../loader/live.ts';
import { lossesOf } from '../../loader/newest.ts';
import { type Registry, registry } from '../../loader/registry.ts';
import { isTestRun } from '../../loader/testrun.ts';
import { describe } from '../../messages.ts';
import { pathToFileURL } from '../../node.ts';
import { stagedVersion } from './staging.ts';

/** One version of a module: a whole source text. */
export interface Version {
  /** URL of the module */
  module: string;
  /** 0, or the author's own number (`vsn`), is the file as loaded; edits count on from there and keep their number */
  number: number;
  /** SHA-256 of the text, 64 hexadecimal digits */
  id: string;
  /** number of the version that this one was made from; absent for the file */
  parent?: number;
  /** when it was made, or for the file loaded */
  at: Date;
  /** whether it is on disk and will be live again after a restart */
  persisted: boolean;
  /** what changed, e.g. `~price` */
  summary: string;
  /** why it is set aside, and no start runs it: e.g. `the program ended 20 ms after its start with "Error: …"`; `restore` ends that */
  setAside?: string;
  /** functions whose existing closures keep their code; those made from now on run the new */
  deferred?: Deferred[];
  /** URLs of the modules that were imported again, as `import.meta.hot` asked; absent where it was applied in place */
  imported?: string[];
}

/** A hot function that the version could not bring to closures that exist already. */
export interface Deferred {
  path: string;
  /** what the new code needs and they do not hold: variables of the functions around, `this`, `#private` names */
  names: string[];
  /** e.g. `opts is not captured by anything in plugin` */
  reason: string;
}

/** What has a history: a hot module, or one of Node's. */
export type Versioned = LiveModule | CoreModule;

/** The registry, or the error that says how to get one. @throws ERR_HOTSWAP_NOT_HOT */
export function needRegistry(): Registry {
  const found = registry();
  if (found === undefined) {
    throw new HotswapError(
      'ERR_HOTSWAP_NOT_HOT',
      `${whyNothingIsHot() ?? 'no module is hot: the program was started without the hooks. Start it with `node --import hotswap/register …`'}.`,
    );
  }
  return found;
}

/** The history of a module, read from the log at the first question. */
export function historyOf(module: LiveModule): History {
  if (module.history !== undefined) return module.history;
  const original: KeptVersion = {
    number: 0,
    id: sha256(module.base),
    parent: undefined,
    at: module.at,
    kept: true,
    summary: 'as loaded',
  };
  const { config, publish, say } = needRegistry();
  const { cacheDir } = config;
  const log = cacheDir === undefined ? undefined : new ModuleLog(cacheDir, module.url);
  publish({ url: module.url, number: 0, id: original.id, text: module.base });
  module.history = {
    versions: new KeptVersions(original),
    current: 0,
    text: undefined,
    cacheDir,
    log,
    agreed: module.agreed ?? log?.era(original.id).current ?? 0,
    unwritten: false,
    left: undefined,
  };
  catchUp(module);
  // Else it was said when the module was loaded.
  if (log !== undefined && !config.reload)
    for (const line of lossesOf(log, module.url, module.vsn)) say(line);
  if (module.started > 0) findStarted(module, module.history);
  if (cacheDir !== undefined && (unwritable(cacheDir) !== undefined || (!config.persist && isTestRun()))) {
    // What is in the cache is there to read; what comes to it stays in memory.
    module.history.log = undefined;
    module.history.left = { number: module.history.current, recorded: true };
  }
  return module.history;
}

/** Finds the version that a module was loaded as; where its line is gone from the log meanwhile, memory has it. */
function findStarted({ source, started, at }: LiveModule, history: History): void {
  const { versions } = history;
  const id = sha256(source);
  const asStarted = versions.at(started);
  const found = asStarted?.id === id ? asStarted : versions.newestWith(id);
  const summary = 'as loaded from the cache';
  const running = found ?? { number: versions.length, id, parent: 0, at, summary, kept: false };
  history.current = running.number;
  history.text = source;
  if (running.number > 0) versions.put({ ...running, text: source });
}

/** Takes in what other processes have added to the log since. */
export function catchUp(of: Versioned): void {
  if ('exports' in of) return;
  const history = historyOf(of);
  const { versions, log } = history;
  if (log === undefined) return;
  const { versions: known, current } = log.era(versionAt(of, 0).id);
  if (known.length < history.agreed) history.agreed = current; // purged by someone
  const last = Math.min(versions.length, known.next) - 1;
  if (last === 0 || keyOf(versionAt(of, last)) === keyOf(known.at(last) as VersionRecord)) {
    versions.follow(known);
  } else {
    // Someone has emptied the cache, and others have begun anew in it.
    const aligned = align(versions, known);
    history.versions = aligned.versions;
    history.current = aligned.numbers[history.current] as number;
    history.agreed = current;
  }
}

/**
 * Versions in the order in which a log has them, and after them those that it does not have.
 * @returns also the new number of each, by its old one
 */
export function align(
  versions: KeptVersions,
  known: VersionTable,
): { versions: KeptVersions; numbers: number[] } {
  const [original, ...rest] = versions;
  const aligned = new KeptVersions(original as KeptVersion, known);
  const numbers = [0];
  const places = new Map<string, VersionRecord[]>();
  for (const one of known) places.set(keyOf(one), [...(places.get(keyOf(one)) ?? []), one]);
  for (const version of rest) {
    const place = places.get(keyOf(version))?.shift();
    const { number, parent } = place ?? { number: aligned.length, parent: numbers[version.parent ?? 0] };
    const { kept } = place ?? version;
    numbers.push(number);
    aligned.put({ ...version, number, parent, kept });
  }
  return { versions: aligned, numbers };
}

/** The versions of a module, by their numbers. */
export function versionsOf(of: Versioned): KeptVersions | CoreVersion[] {
  return 'exports' in of ? of.history.versions : historyOf(of).versions;
}

/** The version with a number, of which there is one. */
export function versionAt(of: Versioned, number: number): KeptVersion {
  return versionsOf(of).at(number) as KeptVersion;
}

/** The number of a version as people see it. */
export function numberOf(module: Versioned, { number }: KeptVersion): number {
  return number + vsnOf(module);
}

/** The number that the numbering of a module starts at. */
function vsnOf(module: Versioned): number {
  return 'vsn' in module ? module.vsn : 0;
}

/** The version with a number as people see it, an id, or the first 7 digits or more of an id. @throws ERR_HOTSWAP_NO_VERSION */
export function findVersion(module: Versioned, wanted: number | string): KeptVersion {
  catchUp(module);
  const vsn = vsnOf(module);
  const versions = versionsOf(module);
  const found = typeof wanted === 'number' ? numbered(versions, wanted - vsn) : named(versions, wanted);
  if (found !== undefined) return found;
  throw new HotswapError(
    'ERR_HOTSWAP_NO_VERSION',
    `${module.url} has no version ${typeof wanted === 'number' ? wanted : describe(wanted)}; there ${versions.length === 1 ? `is only ${vsn}, ${'exports' in module ? 'as Node has it' : 'the file'}` : `are ${vsn} to ${vsn + versions.length - 1}`}`,
    { module: module.url },
  );
}

function numbered(versions: KeptVersions | CoreVersion[], number: number): KeptVersion | undefined {
  return Number.isInteger(number) && number >= 0 ? versions.at(number) : undefined;
}

/** The newest version with an id, or that begins with some digits of one. */
function named(versions: KeptVersions | CoreVersion[], id: string): KeptVersion | undefined {
  if (!isStart(id)) return undefined;
  return Array.isArray(versions)
    ? versions.findLast((one) => one.id.startsWith(id))
    : versions.newestWith(id);
}

/** The version that runs. */
export function runningVersion(module: Versioned): KeptVersion {
  const { current } = 'exports' in module ? module.history : historyOf(module);
  return versionAt(module, current);
}

/** The version that the next edit is made from: the one that runs or, within a transaction, the one that will. */
export function currentVersion(module: Versioned): KeptVersion {
  return stagedVersion(module) ?? runningVersion(module);
}

/** The whole text of a version. @throws ERR_HOTSWAP_CACHE where it was on disk and is no longer, or is damaged */
export function versionText(module: LiveModule, version: KeptVersion): string {
  if (version.text !== undefined) return version.text;
  if (version.number === 0) return module.base;
  const { current, text, cacheDir } = historyOf(module);
  if (version.number === current && text !== undefined) return text;
  if (cacheDir === undefined || !version.kept) {
    throw new HotswapError(
      'ERR_HOTSWAP_NO_VERSION',
      `the text of version ${numberOf(module, version)} of ${module.url} is not on disk: another process made it with values that no text can carry, or the cache was emptied`,
      { module: module.url },
    );
  }
  return getObject(cacheDir, version.id, extensionOf(module.url));
}

/** The values bound into a version that has none. */
export const UNBOUND: Bound = new Map();

/** The values bound into a version. */
export function boundOf(version: KeptVersion): Bound {
  return version.bound ?? UNBOUND;
}

/** Makes a version known that is not on disk, so that it can be imported, or is refused for the values bound into it. */
export function publishHeld(module: LiveModule, version: KeptVersion, text: string): void {
  const { number, id, bound } = version;
  const names = [...boundOf(version).values()].flatMap((values) => Object.keys(values));
  needRegistry().publish({
    url: module.url,
    number,
    id,
    text,
    ...(bound === undefined ? {} : { bound: [...new Set(names)] }),
  });
}

/** The text that the next edit is made from. */
export function currentText(module: LiveModule): string {
  return versionText(module, currentVersion(module));
}

/**
 * URL that stack traces and editors are to open for a version's text: a file that exists, where there is one.
 * @param isSaved whether the module's own file has just been saved with this text
 */
export function textUrl(module: LiveModule, { id, kept }: KeptVersion, isSaved: boolean): string {
  const { cacheDir } = historyOf(module);
  if (isSaved || id === versionAt(module, 0).id) return module.url;
  if (cacheDir === undefined || !kept) return `${module.url}?hotswap=${id.slice(0, 12)}`;
  return pathToFileURL(objectFile(cacheDir, id, extensionOf(module.url))).href;
}

/** A version as the user sees it. */
export function publicVersion(module: Versioned, kept: KeptVersion, deferred: Deferred[] = []): Version {
  const { id, parent, at, summary } = kept;
  return {
    module: module.url,
    number: numberOf(module, kept),
    id,
    ...(parent === undefined ? {} : { parent: parent + vsnOf(module) }),
    at: new Date(at),
    persisted: kept.kept,
    summary,
    ...(deferred.length === 0 ? {} : { deferred }),
  };
}
