/**
 * The versions of a module. In: a live module; out: its versions, oldest first, and the text of each. Versions
 * come from the log on disk (so numbers hold across restarts and processes) and from memory where there is none.
 */
import { ModuleLog } from '../cache/log.ts';
import { getObject, objectFile, sha256 } from '../cache/objects.ts';
import { HotswapError } from '../error.ts';
import {
  type Bound,
  type CoreModule,
  type KeptVersion,
  type LiveModule,
  type Registry,
  registry,
} from '../loader/live.ts';
import { extensionOf } from '../loader/load.ts';
import { pathToFileURL } from '../node.ts';
import { stagedVersion } from './staging.ts';

/** One version of a module: a whole source text. */
export interface Version {
  /** URL of the module */
  module: string;
  /** 0 is the file as loaded; edits count from 1 and keep their number */
  number: number;
  /** SHA-256 of the text, 64 hexadecimal digits */
  id: string;
  /** number of the version that this one was made from; absent for 0 */
  parent?: number;
  /** when it was made, or for 0 loaded */
  at: Date;
  /** whether it is on disk and will be live again after a restart */
  persisted: boolean;
  /** what changed, e.g. `~price` */
  summary: string;
  /** functions whose existing closures keep their code; those made from now on run the new */
  deferred?: Deferred[];
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
      'no module is hot: the program was started without the hooks. Start it with `node --import hotswap/register …`.',
    );
  }
  return found;
}

/** The history of a module, read from the log at the first question. */
export function historyOf(of: Versioned): NonNullable<LiveModule['history']> {
  if (of.history !== undefined) return of.history;
  const module = of as LiveModule; // a core module has one from the start
  const original: KeptVersion = {
    number: 0,
    id: sha256(module.base),
    parent: undefined,
    at: module.at,
    kept: true,
    summary: 'as loaded',
  };
  const { cacheDir } = needRegistry().config;
  const log = cacheDir === undefined ? undefined : new ModuleLog(cacheDir, module.url);
  module.history = { versions: [original], current: module.started, text: undefined, log };
  catchUp(module);
  return module.history;
}

/** Takes in what other processes have added to the log since. */
export function catchUp(module: Versioned): void {
  const { versions, log } = historyOf(module);
  if (log === undefined) return;
  const [original] = versions as [KeptVersion];
  const known = log.era(original.id).versions;
  for (let i = versions.length - 1; i < known.length; i++) versions.push(known[i] as KeptVersion);
}

/** The version with a number, an id, or the first 7 digits or more of an id. @throws ERR_HOTSWAP_NO_VERSION */
export function findVersion(module: Versioned, wanted: number | string): KeptVersion {
  catchUp(module);
  const { versions } = historyOf(module);
  const found =
    typeof wanted === 'number'
      ? versions[wanted]
      : versions.findLast(
          (one) => one.id === wanted || (/^[0-9a-f]{7,}$/.test(wanted) && one.id.startsWith(wanted)),
        );
  if (found !== undefined) return found;
  throw new HotswapError(
    'ERR_HOTSWAP_NO_VERSION',
    `${module.url} has no version ${JSON.stringify(wanted)}; there ${versions.length === 1 ? `is only 0, ${'exports' in module ? 'as Node has it' : 'the file'}` : `are 0 to ${versions.length - 1}`}`,
    { module: module.url },
  );
}

/** The version that runs. */
export function runningVersion(module: Versioned): KeptVersion {
  const { versions, current } = historyOf(module);
  return versions[current] as KeptVersion;
}

/** The version that the next edit is made from: the one that runs or, within a transaction, the one that will. */
export function currentVersion(module: Versioned): KeptVersion {
  return stagedVersion(module) ?? runningVersion(module);
}

/** The whole text of a version. @throws ERR_HOTSWAP_CACHE where it was on disk and is no longer, or is damaged */
export function versionText(module: LiveModule, version: KeptVersion): string {
  if (version.text !== undefined) return version.text;
  if (version.number === 0) return module.base;
  if (version.number === module.started) return module.source;
  const { current, text } = historyOf(module);
  if (version.number === current && text !== undefined) return text;
  const { cacheDir } = needRegistry().config;
  if (cacheDir === undefined || !version.kept) {
    throw new HotswapError(
      'ERR_HOTSWAP_NO_VERSION',
      `version ${version.number} of ${module.url} was made by another process and never written to disk`,
      { module: module.url },
    );
  }
  return getObject(cacheDir, version.id, extensionOf(module.url));
}

const UNBOUND: Bound = new Map();

/** The values bound into a version. */
export function boundOf(version: KeptVersion): Bound {
  return version.bound ?? UNBOUND;
}

/** The text that the next edit is made from. */
export function currentText(module: LiveModule): string {
  return versionText(module, currentVersion(module));
}

/** URL that stack traces and editors are to open for a version's text: a file that exists, where there is one. */
export function textUrl(module: LiveModule, id: string, onDisk: boolean): string {
  const { cacheDir } = needRegistry().config;
  if (id === historyOf(module).versions[0]?.id) return module.url;
  if (cacheDir === undefined || !onDisk) return `${module.url}?hotswap=${id.slice(0, 12)}`;
  return pathToFileURL(objectFile(cacheDir, id, extensionOf(module.url))).href;
}

/** A version as the user sees it. */
export function publicVersion(module: Versioned, kept: KeptVersion, deferred: Deferred[] = []): Version {
  const { number, id, parent, at, summary } = kept;
  return {
    module: module.url,
    number,
    id,
    ...(parent === undefined ? {} : { parent }),
    at: new Date(at),
    persisted: kept.kept,
    summary,
    ...(deferred.length === 0 ? {} : { deferred }),
  };
}
