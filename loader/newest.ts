/**
 * Which version of a module runs when it is loaded. In: the module's log and its file's text; out: the newest version that rests
 * on this very text, and what a person is to read of it. A file that has changed is never overridden.
 */
import { DAMAGED, type ModuleLog } from '../cache/log.ts';
import { getObject } from '../cache/objects.ts';
import type { VersionRecord, VersionTable } from '../cache/table.ts';
import { basename, fileURLToPath } from '../node.ts';
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
  /** says a line on stderr */
  say: (line: string) => void;
}

/** The version that is to run, and what to say once it can. */
export interface Newest {
  text: string;
  number: number;
  notice: string | undefined;
}

/** The newest version of a module; undefined where there is none, or none that rests on the file's text. */
export function newestVersion(module: Logged): Newest | undefined {
  const { url, log, cacheDir, base, vsn, say } = module;
  log.era(base); // reads the log
  if (log.damaged !== undefined) {
    say(damageOf(log, url));
    return undefined;
  }
  if (log.torn)
    say(
      `the last line of ${log.file} is not written to its end, so that what it said of ${fileURLToPath(url)} is lost; what was done before it holds`,
    );
  const former = log.newestBase;
  if (former !== undefined && former !== base) goOn(module, former);
  const { versions, current } = log.era(base);
  const found = versions.at(current);
  if (found === undefined) return undefined;
  // What was saved since is the file as it was known last; one that is another now has changed on disk as well.
  const saved = savedBefore(versions, found);
  if (saved !== undefined && saved.id !== base) {
    if (saved !== found) sayChanged(module, found.number + vsn);
    return undefined;
  }
  try {
    const text = getObject(cacheDir, found.id, extensionOf(url));
    const notice = `${fileURLToPath(url)} runs version ${found.number + vsn} (${found.summary}) from ${cacheDir}; reset() goes back to the file`;
    // An edit that was taken back, by a save or a rewrite, leaves the file's own text as the newest version.
    return { text, number: found.number, notice: found.id === base ? undefined : notice };
  } catch (error) {
    say(
      `${(error as Error).message} The file is used. Version ${found.number + vsn} of ${fileURLToPath(url)} is not applied.`,
    );
    return undefined;
  }
}

/** What to say of a log that is damaged. */
export function damageOf({ file, damaged }: ModuleLog, url: string): string {
  return `line ${damaged} of ${file} is damaged, so that no version of ${fileURLToPath(url)} can be told by its number; the file is used. purge() removes that history, and so does deleting it; the next edit begins a new one and keeps this as ${basename(file)}${DAMAGED}`;
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
  const edits: VersionRecord[] = [];
  if (saved?.id === base) {
    for (let one = last; one !== undefined && one.number > saved.number; one = versions.at(one.parent ?? 0))
      edits.unshift(one);
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
      parent = log.appendVersion(base, { id, parent, at, summary, kept }).number;
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
