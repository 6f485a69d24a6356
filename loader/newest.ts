/**
 * Which version of a module runs when it is loaded. In: the module's log and its file's text; out: the newest version that rests
 * on this very text and is not set aside, and what a person is to read of it. A file that has changed is never overridden.
 */
import type { Aside } from '../cache/health.ts';
import { DAMAGED, type ModuleLog } from '../cache/log.ts';
import { getObject } from '../cache/objects.ts';
import type { VersionRecord, VersionTable } from '../cache/table.ts';
import { basename, fileURLToPath } from '../node.ts';
import type { Guard } from './guard.ts';
import { extensionOf } from './language.ts';
import { vsnOf } from './vsn.ts';

/** A module that has a log, as it is being loaded. */
export interface Logged {
  url: string;
  log: ModuleLog;
  cacheDir: string;
  /** SHA-256 of the file's text */
  base: string;
  /** what the numbering starts at */
  vsn: number;
  /** what tells which versions are set aside */
  guard: Guard;
  /** says a line on stderr */
  say: (line: string) => void;
  /** gets the number of the version that the log has in force when it is decided which one runs */
  inForce?: number;
}

/** The version that is to run, and what to say once it can. */
export interface Newest {
  text: string;
  number: number;
  notice: string | undefined;
  /** whether no start was healthy with it yet */
  isUntried: boolean;
}

/** Why a version's text cannot run, e.g. `it does not parse`; undefined where nothing is known against it. */
type FaultOf = (text: string, isUntried: boolean) => string | undefined;

/** The newest version of a module that can run; undefined where there is none, or none that rests on the file's text. */
export function newestVersion(module: Logged, faultOf: FaultOf): Newest | undefined {
  const { url, log, base, vsn, say } = module;
  log.era(base); // reads the log
  for (const line of lossesOf(log, url, vsn)) say(line);
  const former = log.newestBase;
  if (former !== undefined && former !== base) goOn(module, former);
  const { versions, current } = log.era(base);
  module.inForce = current;
  const found = versions.at(current);
  if (found === undefined) return undefined;
  // What was saved since is the file as it was known last; one that is another now has changed on disk as well.
  const saved = savedBefore(versions, found);
  if (saved !== undefined && saved.id !== base) {
    if (saved !== found) sayChanged(module, found.number + vsn);
    return undefined;
  }
  const asides: Aside[] = [];
  const newest = newestHealthy(module, versions, found, faultOf, asides);
  guarded(module, newest, versions, asides);
  return newest;
}

/** The first of a version and those that it was made from that is not set aside and can run. @param asides gets those that are */
function newestHealthy(
  module: Logged,
  versions: VersionTable,
  newest: VersionRecord,
  faultOf: FaultOf,
  asides: Aside[],
): Newest | undefined {
  const { url, cacheDir, base, vsn, guard, say } = module;
  const file = fileURLToPath(url);
  let isDeep = false;
  let refused: string | undefined;
  for (let one: VersionRecord | undefined = newest; one !== undefined; one = versions.at(one.parent ?? 0)) {
    const { id, kept, summary } = one;
    const number = one.number + vsn;
    // An edit that was taken back, by a save or a rewrite, leaves the file's own text as the newest version.
    const isFile = id === base;
    const version = { module: url, id };
    const aside = isFile ? undefined : guard.asideOf(cacheDir, version);
    if (aside !== undefined) {
      asides.push(aside);
      isDeep ||= aside.isDeep;
      continue;
    }
    const isHealthy = isFile || guard.isHealthy(cacheDir, version);
    if (!kept || (isDeep && !isHealthy)) continue;
    try {
      const text = getObject(cacheDir, id, extensionOf(url));
      const fault = isFile ? undefined : faultOf(text, !isHealthy);
      if (fault === undefined) {
        if (refused !== undefined)
          say(`${refused}, and version ${number} is used, the nearest before it that is whole`);
        const notice = `${file} runs version ${number} (${summary}) from ${cacheDir}; reset() goes back to the file`;
        return { text, number: one.number, notice: isFile ? undefined : notice, isUntried: !isHealthy };
      }
      asides.push(guard.setAside(cacheDir, { ...version, number }, fault));
    } catch (error) {
      refused ??= `${(error as Error).message} Version ${number} of ${file} is not applied`;
      if (isFile) break; // whose text is at hand
    }
  }
  if (refused !== undefined) say(`${refused}, and the file is used`);
  return undefined;
}

/** The text that a module is going to run, of which nothing is noted or said; undefined: the file's. */
export function textToRun(module: Logged): string | undefined {
  const { versions, current } = module.log.era(module.base);
  const found = module.log.damaged === undefined ? versions.at(current) : undefined;
  const saved = savedBefore(versions, found);
  if (found === undefined || (saved !== undefined && saved.id !== module.base)) return undefined;
  return newestHealthy({ ...module, say: () => {} }, versions, found, () => undefined, [])?.text;
}

/** Notes what the start runs and what it leaves out, and says the latter. */
function guarded(
  { url, cacheDir, base, vsn, guard, say }: Logged,
  newest: Newest | undefined,
  versions: VersionTable,
  asides: readonly Aside[],
): void {
  const version = versions.at(newest?.number ?? 0);
  const runs = version !== undefined && version.id !== base;
  const run = runs
    ? { module: url, id: version.id, number: version.number + vsn, at: version.at }
    : undefined;
  guard.ran(cacheDir, run, asides);
  const [first] = asides;
  if (first === undefined) return;
  const numbers = asides.map(({ number }) => number).join(', ');
  const file = fileURLToPath(url);
  const which = asides.length === 1 ? `version ${numbers} is` : `versions ${numbers} are`;
  const instead = run === undefined ? 'the file runs' : `version ${run.number} runs`;
  say(
    `${file}: ${which} set aside, as ${first.why}; ${instead}. await restore(${JSON.stringify(file)}, ${first.number}) brings it back`,
  );
}

/** What to say of a log that cannot be read, or not all of it. @param vsn what the numbering starts at */
export function lossesOf(log: ModuleLog, url: string, vsn: number): string[] {
  const { file, unreadable, damaged, torn, losses } = log;
  const module = fileURLToPath(url);
  if (unreadable !== undefined)
    return [
      `the history of ${module} cannot be read (${unreadable}), so that none of its versions is live again and the file is used`,
    ];
  if (damaged !== undefined)
    return [
      `line ${damaged} of ${file} is damaged, so that no version of ${module} can be told by its number; the file is used. purge() removes that history, and so does deleting it; the next edit begins a new one and keeps this as ${basename(file)}${DAMAGED}`,
    ];
  const lines = losses.map(({ line, versions: lost }) => {
    const [first, last] = lost?.map((number) => number + vsn) ?? [];
    const which =
      first === undefined ? '' : first === last ? `: version ${first}` : `: versions ${first} to ${last}`;
    return `before line ${line} of ${file} lines are missing, so that what they said of ${module} is lost${which}; the other versions keep their numbers`;
  });
  if (torn)
    lines.push(
      `the last line of ${file} is not written to its end, so that what it said of ${module} is lost; what was done before it holds`,
    );
  return lines;
}

/**
 * Goes on from the history of another text of the file, which was the last one: with the edits that were made since this text was
 * saved, if it was. Where it was not, this text's own history goes on, or begins.
 */
function goOn(module: Logged, former: string): void {
  const { log, base } = module;
  const { versions, current } = log.era(former);
  const last = versions.at(current);
  const saved = savedBefore(versions, last);
  const isKnown = log.era(base).versions.length > 0;
  const edits: Pick<VersionRecord, 'id' | 'at' | 'summary' | 'kept'>[] = [];
  const newestSave = [...versions].findLast((one) => one.file === true);
  const isTakenBack = newestSave?.id === base && last !== undefined && last.number > newestSave.number;
  if (saved?.id === base || isTakenBack) {
    // Up to what was saved; or, where that save was taken back and edits were made after that, up to the text that they rest on.
    const first = saved?.id === base ? saved.number : 0;
    for (let one = last; one !== undefined && one.number > first; one = versions.at(one.parent ?? 0))
      edits.unshift(one);
    if (first === 0 && newestSave !== undefined)
      edits.unshift({ id: former, at: newestSave.at, summary: 'the file before it was saved', kept: true });
  } else if (isKnown) {
    return;
  } else if (last !== undefined && last !== saved && last.id !== base) {
    // Of a save nothing is lost: whoever wrote the file has changed it again.
    sayChanged(module, last.number + formerVsn(module, former));
  }
  try {
    if (isKnown) log.appendRestore(base, 0);
    else log.appendBase(base);
    let parent = 0;
    for (const { id, at, summary, kept } of edits)
      parent = log.appendVersion(base, { id, parent, at, summary, kept })?.number ?? parent;
  } catch {
    // a read-only cache: the notice comes again next time
  }
}

/** The last version that was saved, of one and those that it was made from, newest first; undefined where none was. */
function savedBefore(versions: VersionTable, last: VersionRecord | undefined): VersionRecord | undefined {
  let version = last;
  while (version !== undefined && version.file === undefined) version = versions.at(version.parent ?? 0);
  return version;
}

function sayChanged({ url, log, say }: Logged, number: number): void {
  say(
    `${fileURLToPath(url)} has changed on disk since version ${number} was made; the file is used, the version is kept in ${log.file}`,
  );
}

/** What the numbering of an earlier text of a file started at. */
function formerVsn({ url, cacheDir, say }: Logged, former: string): number {
  let text = '';
  try {
    text = getObject(cacheDir, former, extensionOf(url));
  } catch {
    // then its package tells
  }
  return vsnOf(url, text, say);
}
