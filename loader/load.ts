/**
 * What happens to one module on its way in. In: its URL and the text that the other loaders gave; out: the text to
 * run, which is the newest version where the cache has one for this very file, instrumented. Used by both kinds
 * of hooks and independent of the thread; it must never make a program fail that would run without us.
 */
import { fingerprint } from '../cache/fingerprint.ts';
import { existingLog } from '../cache/log.ts';
import { getObject, sha256 } from '../cache/objects.ts';
import type { VersionRecord, VersionTable } from '../cache/table.ts';
import type { Transform } from '../cache/transforms.ts';
import { createRequire, fileURLToPath } from '../node.ts';
import { type Config, sayer } from './config.ts';
import { declaredType, extensionOf, instrumenter, isOurs, languageOf } from './language.ts';
import type { Loaded } from './live.ts';
import { type Source, textOf } from './source.ts';
import { createTexts } from './texts.ts';
import { type Base, createVariants, type Variants } from './variants.ts';
import { knownVsn, vsnOf } from './vsn.ts';

export interface ModuleLoader extends Variants {
  /** Whether a module is ours to instrument, by its URL. */
  takes(url: string): boolean;
  /** Whether the text of a file in TypeScript or JSX is an ES module's, where Node cannot say. */
  isModule(url: string, text: string): boolean;
  /** What `load` gives for a module in JavaScript that nobody has edited and whose text is in the cache; undefined: ask `load`. */
  ready(url: string, source: Source): ReturnType<ModuleLoader['load']>;
  /** The text to run for a module; undefined: run it as it is. */
  load(url: string, disk: string): { code: string; loaded: Loaded } | undefined;
  /** Writes down what was made of modules' texts: the first of them begins to run, and may end the program. */
  settle(): void;
  /** Makes other settings hold for modules that are loaded from now on. */
  configure(config: Config): void;
}

/** Our own compiled files, which edit modules and are not edited. */
export const OURS = new URL('../', import.meta.url).href;

/**
 * @param importGates see `InstrumentOptions`
 * @param sourceMaps whether the user asked for source maps, so that positions within a line count
 */
export function createLoader(config: Config, importGates: boolean, sourceMaps: () => boolean): ModuleLoader {
  const texts = createTexts(config, importGates, sourceMaps);
  const bases = new Map<string, Base>();
  const say = sayer(config);
  let included = matcher(config.include);
  let excluded = matcher(config.exclude);
  /** the last cache there was: after a stop, versions in it are still there to import */
  let lastCache = config.cacheDir;
  const variants = createVariants(config, texts, bases, () => config.cacheDir ?? lastCache);

  return { takes, isModule, ready, load, settle: texts.settle, configure, ...variants };

  function configure(next: Config): void {
    Object.assign(config, next);
    included = matcher(config.include);
    excluded = matcher(config.exclude);
    lastCache = config.cacheDir ?? lastCache;
  }

  function takes(url: string): boolean {
    if (
      isOurs ||
      !url.startsWith('file:') ||
      (url.startsWith(OURS) && /^(api|loader|cache|watch|cli|error|node)\b/.test(url.slice(OURS.length)))
    )
      return false;
    if (excluded === undefined && included === undefined) return !url.includes('/node_modules/');
    const file = fileURLToPath(url);
    if (excluded?.(file)) return false;
    return included?.(file) || !url.includes('/node_modules/');
  }

  /** As Node decides on JavaScript: what package.json says, else whether there is an import or export. */
  function isModule(url: string, text: string): boolean {
    const type = declaredType(url);
    if (type !== undefined) return type === 'module';
    return instrumenter().tryParse(text, languageOf(url)).module.hasModuleSyntax;
  }

  function ready(url: string, source: Source): ReturnType<ModuleLoader['load']> {
    const { cacheDir, reload } = config;
    if (cacheDir === undefined || included !== undefined || excluded !== undefined) return undefined;
    const disk = takes(url) && languageOf(url) === 'js' ? textOf(source) : undefined;
    const vsn = disk === undefined ? undefined : knownVsn(url, disk);
    if (disk === undefined || vsn === undefined) return undefined;
    if (reload && existingLog(cacheDir, url) !== undefined) return undefined;
    const print = fingerprint(disk);
    const known = texts.known(url, print);
    if (known?.code === undefined) return undefined;
    bases.set(url, { print, vsn });
    const { prefix, code } = known;
    return { code, loaded: { url, prefix, base: disk, source: disk, started: 0, vsn } };
  }

  function load(url: string, disk: string): ReturnType<ModuleLoader['load']> {
    const base: Base = { print: fingerprint(disk), vsn: vsnOf(url, disk, say) };
    const { print, vsn } = base;
    bases.set(url, base);
    const of = { url, base: disk, vsn };
    const newer = newest(url, disk, base);
    if (newer !== undefined) {
      const { text, number, notice } = newer;
      const { prefix, code } = transformedOrNot(url, text, fingerprint(text));
      if (code !== undefined) {
        if (notice !== undefined) say(notice);
        return { code, loaded: { ...of, prefix, source: text, started: number } };
      }
      say(
        `version ${number + vsn} of ${fileURLToPath(url)} does not parse, and the file is used; reset() keeps it from being tried again`,
      );
    }
    const { prefix, code } = texts.transformed(url, disk, print);
    if (code === undefined) return undefined;
    return { code, loaded: { ...of, prefix, source: disk, started: 0 } };
  }

  /** What runs for a text that nobody has just checked. */
  function transformedOrNot(...[url, text, print]: Parameters<typeof texts.transformed>): Transform {
    try {
      return texts.transformed(url, text, print);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_HOTSWAP_SYNTAX') throw error;
      return { prefix: '', code: undefined };
    }
  }

  /** The newest version of a file, and what to say of it; undefined where there is none, or none that rests on this text. */
  function newest(
    url: string,
    disk: string,
    of: Base,
  ): { text: string; number: number; notice: string | undefined } | undefined {
    const { cacheDir } = config;
    if (cacheDir === undefined || !config.reload) return undefined;
    const log = existingLog(cacheDir, url);
    if (log === undefined) return undefined;
    const { vsn } = of;
    const base = sha256(disk);
    of.id = base;
    const changed = (number: number): string =>
      `${fileURLToPath(url)} has changed on disk since version ${number} was made; the file is used, the version is kept in ${log.file}`;
    let { versions, current } = log.era(base);
    const former = log.newestBase;
    if (former !== undefined && former !== base && versions.length === 0) {
      const before = log.era(former);
      const last = before.versions.at(before.current);
      // A file that was saved and taken over (`reload`) is its own newest version, and edits since rest on it.
      const [saved, ...edits] = sinceSave(before.versions, last);
      const isBase = saved?.id === base;
      if (last !== undefined && last.id !== base && !isBase)
        say(changed(last.number + oldVsn(cacheDir, url, former)));
      try {
        log.appendBase(base);
        for (const [parent, { id, at, summary, kept }] of isBase ? edits.entries() : [])
          log.appendVersion(base, { id, parent, at, summary, kept });
      } catch {
        // a read-only cache: the notice comes again next time
      }
      ({ versions, current } = log.era(base));
    }
    const found = versions.at(current);
    if (found === undefined) return undefined;
    // What was saved since is the file as it was known last; one that is another now has changed on disk as well.
    const [saved] = sinceSave(versions, found);
    if (saved !== undefined && saved.id !== base) {
      if (saved !== found) say(changed(found.number + vsn));
      return undefined;
    }
    try {
      const text = getObject(cacheDir, found.id, extensionOf(url));
      const notice = `${fileURLToPath(url)} runs version ${found.number + vsn} (${found.summary}) from ${cacheDir}; reset() goes back to the file`;
      // An edit that was taken back, by a save or a rewrite, leaves the file's own text as the newest version.
      return { text, number: found.number, notice: found.id === base ? undefined : notice };
    } catch (error) {
      say(
        `${(error as Error).message} Version ${found.number + vsn} of ${fileURLToPath(url)} is not applied.`,
      );
      return undefined;
    }
  }

  /** What the numbering of an earlier text of a file started at. */
  function oldVsn(cacheDir: string, url: string, base: string): number {
    let text = '';
    try {
      text = getObject(cacheDir, base, extensionOf(url));
    } catch {
      // then its package tells
    }
    return vsnOf(url, text, say);
  }
}

/** A version and those that it was made from, back to the last that was saved, oldest first; nothing where none was. */
function sinceSave(versions: VersionTable, last: VersionRecord | undefined): VersionRecord[] {
  const chain: VersionRecord[] = [];
  for (let version = last; version !== undefined; version = versions.at(version.parent ?? 0)) {
    chain.unshift(version);
    if (version.file) return chain;
  }
  return [];
}

function matcher(patterns: string[]): ((file: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const picomatch = createRequire(import.meta.url)('picomatch') as typeof import('picomatch');
  const cwd = process.cwd().replaceAll('\\', '/');
  const absolute = patterns.map((glob) =>
    /^(\/|[a-z]:|\*\*)/i.test(glob) ? glob : `${cwd}/${glob.replace(/^\.\//, '')}`,
  );
  const matches = picomatch(absolute, { dot: true });
  return (file) => matches(file.replaceAll('\\', '/'));
}
