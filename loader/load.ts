/**
 * What happens to one module on its way in. In: its URL and the text that the other loaders gave; out: the text to
 * run, which is the newest version where the cache has one for this very file, instrumented. Used by both kinds
 * of hooks and independent of the thread; it must never make a program fail that would run without us.
 */
import { durability } from '../cache/files.ts';
import { fingerprint } from '../cache/fingerprint.ts';
import { existingLog } from '../cache/log.ts';
import { sha256 } from '../cache/objects.ts';
import type { Transform } from '../cache/transforms.ts';
import { HotswapError, isTooDeep } from '../error.ts';
import { existsSync, fileURLToPath, join, readFileSync, realpathSync } from '../node.ts';
import { type Config, nearestWith, packageRoot, sayer } from './config.ts';
import type { Guard } from './guard.ts';
import { declaredType, instrumenter, isOurs, languageOf, requireOurs } from './language.ts';
import type { Loaded, Unparsed } from './live.ts';
import { givenText } from './made.ts';
import { type Logged, type Newest, newestVersion, textToRun } from './newest.ts';
import { type Source, textOf } from './source.ts';
import { createTexts } from './texts.ts';
import { type Base, createVariants, isWrapper, namedAfter, type Variants } from './variants.ts';
import { knownVsn, vsnOf } from './vsn.ts';

export interface ModuleLoader extends Variants {
  /** Whether a module is ours to instrument, by its URL. */
  takes(url: string): boolean;
  /** Whether the text of a file in TypeScript or JSX is an ES module's, where Node cannot say. */
  isModule(url: string, text: string): boolean;
  /** Reads the file of a module of which another loader may make the text: when that has been loaded it may have been saved. */
  noteFile(url: string): void;
  /** What `load` gives for a module in JavaScript that nobody has edited and whose text is in the cache; undefined: ask `load`. */
  ready(url: string, source: Source): ReturnType<ModuleLoader['load']>;
  /** The text to run for a module; undefined: run it as it is. @param instance URL under which it is loaded, where that is another */
  load(url: string, source: Source, instance?: string): { code: string; loaded: Loaded } | undefined;
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
 * @param guard tells which versions are set aside
 * @param tell is told of modules whose text does not parse
 */
export function createLoader(
  config: Config,
  importGates: boolean,
  sourceMaps: () => boolean,
  guard: Guard,
  tell: (module: Unparsed) => void,
): ModuleLoader {
  const texts = createTexts(config, importGates, sourceMaps);
  const bases = new Map<string, Base>();
  const say = sayer(config);
  durability.on = config.durable;
  let included = matcher(config.include);
  let excluded = matcher(config.exclude);
  /** texts of files by the URL of a module that is being loaded */
  const noted = new Map<string, string>();
  /** the last cache there was: after a stop, versions in it are still there to import */
  let lastCache = config.cacheDir;
  const variants = createVariants(config, texts, bases, isHot, () => config.cacheDir ?? lastCache);

  return { takes, isModule, noteFile, ready, load, settle: texts.settle, configure, ...variants };

  function configure(next: Config): void {
    Object.assign(config, next);
    durability.on = config.durable;
    included = matcher(config.include);
    excluded = matcher(config.exclude);
    lastCache = config.cacheDir ?? lastCache;
  }

  function takes(url: string): boolean {
    if (
      isOurs ||
      !url.startsWith('file:') ||
      isWrapper(url) ||
      (url.startsWith(OURS) && /^(api|loader|cache|watch|cli|error|node)\b/.test(url.slice(OURS.length)))
    )
      return false;
    if (excluded === undefined && included === undefined) return !url.includes('/node_modules/');
    const file = fileURLToPath(url);
    if (excluded?.(file)) return false;
    if (!url.includes('/node_modules/')) return true;
    return included?.(file) === true && !isMadeOf(file);
  }

  function isHot(url: string, format: string | null | undefined): boolean {
    if (!takes(url)) return false;
    if (format) return format === 'module' || format === 'module-typescript';
    const file = fileURLToPath(url);
    return (
      /\.(?:m?[jt]s|[jt]sx)$/.test(file) && existsSync(file) && isModule(url, readFileSync(file, 'utf8'))
    );
  }

  /** As Node decides on JavaScript: what package.json says, else whether there is an import or export. */
  function isModule(url: string, text: string): boolean {
    const type = declaredType(url);
    if (type !== undefined) return type === 'module';
    try {
      return instrumenter().tryParse(text, languageOf(url)).module.hasModuleSyntax;
    } catch (error) {
      if (!isTooDeep(error)) throw error;
      return /^\s*(?:import|export)\b/m.test(text);
    }
  }

  function noteFile(url: string): void {
    if (!config.watch || !takes(url)) return;
    try {
      noted.set(url, textOf(readFileSync(fileURLToPath(url))) ?? '');
    } catch {
      // it is no file, and the loader knows what it is
    }
  }

  function ready(url: string, source: Source): ReturnType<ModuleLoader['load']> {
    const { cacheDir, reload } = config;
    if (cacheDir === undefined || included !== undefined || excluded !== undefined) return undefined;
    const isPlain = typeof source !== 'string' && languageOf(url) === 'js';
    const disk = isPlain && takes(url) ? textOf(source) : undefined;
    const vsn = disk === undefined ? undefined : knownVsn(url, disk);
    if (disk === undefined || vsn === undefined) return undefined;
    if (reload && existingLog(cacheDir, url, say) !== undefined) return undefined;
    const print = fingerprint(disk);
    const known = texts.known(url, print);
    if (known?.code === undefined) return undefined;
    bases.set(url, { print, vsn });
    noted.delete(url);
    const { prefix, code, layout } = known;
    const agreed = reload ? 0 : undefined;
    return { code, loaded: { url, prefix, base: disk, source: disk, started: 0, agreed, vsn, layout } };
  }

  function load(
    ...[url, source, instance]: Parameters<ModuleLoader['load']>
  ): ReturnType<ModuleLoader['load']> {
    const given = takes(url) ? givenText(url, source) : undefined;
    if (given === undefined) return undefined;
    const { text: disk, madeAs } = given;
    const file = madeAs === undefined || !config.watch ? undefined : (noted.get(url) ?? given.file);
    noted.delete(url);
    const base: Base = { print: fingerprint(disk), vsn: vsnOf(url, disk, say) };
    const { print, vsn } = base;
    bases.set(url, base);
    const anew = instance === undefined ? {} : ({ instance, anew: true } as const);
    const { newest: newer, agreed } = newest(url, disk, base);
    const of = { url, base: disk, agreed, vsn, madeAs, file, ...anew };
    if (newer !== undefined) {
      const { text, number, notice, isUntried } = newer;
      const { prefix, code, layout } = transformedOrNot(url, text, instance);
      if (code !== undefined) {
        if (notice !== undefined) say(notice);
        const untried = isUntried ? { isUntried } : {};
        return { code, loaded: { ...of, prefix, source: text, started: number, layout, ...untried } };
      }
    }
    const { prefix, code, layout } = transformedOrTold(url, disk, print, instance);
    if (code === undefined) return undefined;
    return { code, loaded: { ...of, prefix, source: disk, started: 0, layout } };
  }

  function transformed(url: string, text: string, print: string, instance: string | undefined): Transform {
    if (instance === undefined) return texts.transformed(url, text, print);
    const { code, ...made } = texts.again(url, text, instance);
    return { ...made, code: code && namedAfter(url, code) };
  }

  /** The same, and tells of a text that does not parse. */
  function transformedOrTold(...[url, text, print, instance]: Parameters<typeof transformed>): Transform {
    try {
      const made = transformed(url, text, print, instance);
      if (made.code === undefined) tell({ url, text });
      return made;
    } catch (error) {
      if (error instanceof HotswapError && error.code === 'ERR_HOTSWAP_SYNTAX' && !isTooDeep(error))
        tell({ url, text });
      throw error;
    }
  }

  /** The newest version of a module, if it is to run, and the number of the one that its log has in force, if that was asked. */
  function newest(url: string, disk: string, base: Base): { newest?: Newest | undefined; agreed?: number } {
    const { cacheDir, reload } = config;
    if (cacheDir === undefined || !reload) return {};
    const log = existingLog(cacheDir, url, say);
    if (log === undefined) return { agreed: 0 };
    base.id = sha256(disk);
    const logged: Logged = { url, log, cacheDir, base: base.id, vsn: base.vsn, guard, say };
    const newest = newestVersion(logged, (text, isUntried) => {
      if (transformedOrNot(url, text, undefined).code === undefined) return 'it does not parse';
      return isUntried ? faultOfLinks(url, text, disk) : undefined;
    });
    return { newest, agreed: logged.inForce ?? 0 };
  }

  /** Why a version cannot be linked to the modules around it, as far as that can be known before it is. */
  function faultOfLinks(url: string, text: string, file: string): string | undefined {
    try {
      const plain = (text: string) => texts.plain(url, text);
      return instrumenter().brokenLink({
        url,
        text: plain(text),
        file: plain(file),
        loaded: bases.keys(),
        textOf: javaScriptOf,
      });
    } catch {
      return undefined; // then Node says what is wrong
    }
  }

  /** The text that a module is going to run, in JavaScript; undefined for one that is not hot. */
  function javaScriptOf(url: string): string | undefined {
    if (!isHot(url, undefined)) return undefined;
    const disk = readFileSync(fileURLToPath(url), 'utf8');
    const { cacheDir, reload } = config;
    const log = cacheDir !== undefined && reload ? existingLog(cacheDir, url, () => {}) : undefined;
    if (log === undefined || cacheDir === undefined) return texts.plain(url, disk);
    const version = textToRun({ url, log, cacheDir, base: sha256(disk), vsn: 0, guard, say });
    return texts.plain(url, version ?? disk);
  }

  /** What runs for a text that nobody has just checked. */
  function transformedOrNot(url: string, text: string, instance: string | undefined): Transform {
    try {
      return transformed(url, text, fingerprint(text), instance);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_HOTSWAP_SYNTAX') throw error;
      return { prefix: '', code: undefined, layout: undefined };
    }
  }
}

/** Whether a file belongs to a package that we are made of: what makes edits is not edited. */
function isMadeOf(file: string): boolean {
  madeOf ??= packagesOf(fileURLToPath(OURS));
  for (const directory of madeOf) if (file.startsWith(directory)) return true;
  return false;
}

let madeOf: Set<string> | undefined;

/** Directories, each with a separator at its end, of all packages that the one around a directory depends on. */
function packagesOf(from: string, found = new Set<string>()): Set<string> {
  const home = packageRoot(from);
  if (home === undefined) return found;
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const under = join('node_modules', name);
    const root = nearestWith(join(under, 'package.json'), home);
    if (root === undefined) continue; // for another platform
    const directory = realpathSync(join(root, under)); // as Node names its modules, with the letters and drives that it was given
    if (found.has(join(directory, '/'))) continue;
    found.add(join(directory, '/'));
    packagesOf(directory, found);
  }
  return found;
}

/**
 * Whether a file is among those that globs name; undefined where there are none.
 * @param cwd what relative ones start from @param platform as `process.platform`
 */
export function matcher(
  patterns: string[],
  cwd = process.cwd(),
  platform = process.platform,
): ((file: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const picomatch = requireOurs<typeof import('picomatch')>('picomatch');
  const isWindows = platform === 'win32';
  const withSlashes = (text: string): string => (isWindows ? text.replaceAll('\\', '/') : text);
  // A directory may be called what would be part of a glob, as `C:\Program Files (x86)`.
  const from = withSlashes(cwd).replace(/[\\$^*+?()[\]{}|!@]/g, '\\$&');
  const absolute = patterns
    .map(withSlashes)
    .map((glob) => (/^(\/|[a-z]:|\*\*)/i.test(glob) ? glob : `${from}/${glob.replace(/^\.\//, '')}`));
  const nocase = isWindows || platform === 'darwin';
  const matches = picomatch(absolute, { dot: true, windows: isWindows, nocase });
  return (file) => matches(withSlashes(file));
}
