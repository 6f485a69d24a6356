/**
 * What happens to one module on its way in. In: its URL and the text that the other loaders gave; out: the text to
 * run, which is the newest version where the cache has one for this very file, instrumented. Used by both kinds
 * of hooks and independent of the thread; it must never make a program fail that would run without us.
 */
import { fingerprint } from '../cache/fingerprint.ts';
import { existingLog, ModuleLog, type VersionRecord } from '../cache/log.ts';
import { getObject, sha256 } from '../cache/objects.ts';
import { type Transform, Transforms } from '../cache/transforms.ts';
import { HotswapError } from '../error.ts';
import {
  createRequire,
  dirname,
  existsSync,
  extname,
  fileURLToPath,
  join,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from '../node.ts';
import { type Config, nearestWith } from './config.ts';
import type { InstrumentOptions } from './instrument.ts';
import { declaredType, instrumenter, isOurs, languageOf } from './language.ts';
import { type Batch, type ExportedBy, FACADE, type Fresh, type Loaded, type MemoryVersion } from './live.ts';
import { type Settings, settingsFor } from './settings.ts';
import { type Source, textOf } from './source.ts';
import { knownVsn, vsnOf } from './vsn.ts';

export interface ModuleLoader {
  /** Whether a module is ours to instrument, by its URL. */
  takes(url: string): boolean;
  /** Whether the text of a file in TypeScript or JSX is an ES module's, where Node cannot say. */
  isModule(url: string, text: string): boolean;
  /** What `load` gives for a module in JavaScript that nobody has edited and whose text is in the cache; undefined: ask `load`. */
  ready(url: string, source: Source): ReturnType<ModuleLoader['load']>;
  /** The text to run for a module; undefined: run it as it is. */
  load(url: string, disk: string): { code: string; loaded: Loaded } | undefined;
  /** The text of one version, for `<url>?hotswap=<number or id>`; undefined for any other URL. @throws ERR_HOTSWAP_NO_VERSION */
  version(url: string): string | undefined;
  /** Makes a version known that is not on disk. */
  remember(version: MemoryVersion): void;
  /** Makes known what later importers of a module are to see; undefined: the module itself. */
  expose(url: string, exported: ExportedBy | undefined): void;
  /** Makes modules known that are imported next, as fresh instances. */
  begin(batch: Batch): void;
  /** Ends that: whether they are what imports lead to from now on. */
  end(batch: number, isLive: boolean): void;
  /** The text to run for a fresh instance, as of `load`, or for a helper; undefined for any other URL. */
  fresh(url: string): { code: string; loaded: Loaded | undefined } | undefined;
  /** Where an import leads that is not to lead to what its URL says: a fresh instance, a facade, or a version whose number was another's before. */
  leadsTo(url: string, parent: string | undefined): string | undefined;
  /** The text of a facade; undefined for any other URL. */
  facade(url: string): string | undefined;
  /** Writes down what was made of modules' texts: the first of them begins to run, and may end the program. */
  settle(): void;
  /** Forgets the versions of a module that are not on disk: its numbers may be given anew. */
  forget(url: string): void;
  /** Makes other settings hold for modules that are loaded from now on. */
  configure(config: Config): void;
}

/** Our own compiled files, which edit modules and are not edited. */
export const OURS = new URL('../', import.meta.url).href;

/**
 * @param importCells see `InstrumentOptions`
 * @param sourceMaps whether the user asked for source maps, so that positions within a line count
 */
export function createLoader(config: Config, importCells: boolean, sourceMaps: () => boolean): ModuleLoader {
  /** by the URL of a module: the text it was loaded from, by its fingerprint and, once that was asked, its id; what its numbering starts at */
  const bases = new Map<string, { print: string; id?: string; vsn: number }>();
  const prefixes = new Map<string, string>();
  const memory = new Map<string, MemoryVersion[]>();
  /** by the URL of a module: that of its newest facade; and by that: its text */
  const exposed = new Map<string, string>();
  const facades = new Map<string, string>();
  /** by the URL of a module: how often its versions were forgotten */
  const forgotten = new Map<string, number>();
  /** the batch that is being imported; fresh instances and helpers that have not ended, by URL */
  let batch: number | undefined;
  const pending = new Map<string, Fresh | string>();
  /** by the URL of a module: that of its live instance, where it is not the first */
  const instances = new Map<string, string>();
  const say = sayer(config);
  let included = matcher(config.include);
  let excluded = matcher(config.exclude);
  /** by cache, and whether source maps were asked for */
  const transforms = new Map<string, Transforms>();
  /** the last cache there was: after a stop, versions in it are still there to import */
  let lastCache = config.cacheDir;

  return {
    takes,
    isModule,
    ready,
    load,
    version,
    remember,
    forget,
    configure,
    expose,
    facade,
    begin,
    end,
    fresh,
    leadsTo,
    settle,
  };

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
    const kept = transforms.get(keyOf(sourceMaps(), cacheDir));
    if (cacheDir === undefined || kept === undefined || included !== undefined || excluded !== undefined)
      return undefined;
    const disk = takes(url) && languageOf(url) === 'js' ? textOf(source) : undefined;
    const vsn = disk === undefined ? undefined : knownVsn(url, disk);
    if (disk === undefined || vsn === undefined) return undefined;
    if (reload && existingLog(cacheDir, url) !== undefined) return undefined;
    const print = fingerprint(disk);
    const known = kept.get(url, print);
    if (known?.code === undefined || !isFree(known.prefix, url)) return undefined;
    const { prefix, code } = known;
    bases.set(url, { print, vsn });
    return { code, loaded: { url, prefix, base: disk, source: disk, started: 0, vsn } };
  }

  function load(url: string, disk: string): ReturnType<ModuleLoader['load']> {
    const print = fingerprint(disk);
    const vsn = vsnOf(url, disk, say);
    bases.set(url, { print, vsn });
    const of = { url, base: disk, vsn };
    const newer = newest(url, disk, vsn);
    if (newer !== undefined) {
      const { text, number, notice } = newer;
      const { prefix, code } = transformedOrNot(url, text, fingerprint(text));
      if (code !== undefined) {
        say(notice);
        return { code, loaded: { ...of, prefix, source: text, started: number } };
      }
      say(
        `version ${number + vsn} of ${fileURLToPath(url)} does not parse, and the file is used; reset() keeps it from being tried again`,
      );
    }
    const { prefix, code } = transformed(url, disk, print);
    if (code === undefined) return undefined;
    return { code, loaded: { ...of, prefix, source: disk, started: 0 } };
  }

  /** The same of a text that nobody has just checked. */
  function transformedOrNot(...[url, text, print]: Parameters<typeof transformed>): Transform {
    try {
      return transformed(url, text, print);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_HOTSWAP_SYNTAX') throw error;
      return { prefix: '', code: undefined };
    }
  }

  /** The text that runs for a module's: from the cache where it is there. @param print its fingerprint */
  function transformed(url: string, text: string, print: string): Transform {
    const mapped = sourceMaps();
    const settings = settingsOf(url);
    const of = settings === undefined ? print : fingerprint(print + JSON.stringify(settings));
    const kept = transformsFor(mapped);
    const known = kept?.get(url, of);
    if (known !== undefined && isFree(known.prefix, url)) return known;
    const prefix = prefixFor(url);
    const made = instrumented(text, { prefix, mapped, url, settings });
    const transform = { prefix, code: made };
    kept?.put(url, of, transform);
    return transform;
  }

  /** A text with its patch points, and with the map that leads back. */
  function instrumented(text: string, options: Omit<InstrumentOptions, 'importCells'>): string | undefined {
    const { instrument, withMap } = instrumenter();
    const made = instrument(text, { ...options, importCells });
    return made?.map === undefined ? made?.code : withMap(made.code, made.map, text, options.url);
  }

  function settle(): void {
    for (const one of transforms.values()) one.write();
  }

  function transformsFor(mapped: boolean): Transforms | undefined {
    const { cacheDir } = config;
    if (cacheDir === undefined) return undefined;
    const key = keyOf(mapped, cacheDir);
    let found = transforms.get(key);
    if (found === undefined) {
      const id = fingerprint(`${identity()} ${importCells} ${mapped}`);
      transforms.set(key, (found = new Transforms(cacheDir, id)));
    }
    return found;
  }

  /** The newest version of a file, and what to say of it; undefined where there is none, or none that rests on this text. */
  function newest(
    url: string,
    disk: string,
    vsn: number,
  ): { text: string; number: number; notice: string } | undefined {
    const { cacheDir } = config;
    if (cacheDir === undefined || !config.reload) return undefined;
    const log = existingLog(cacheDir, url);
    if (log === undefined) return undefined;
    const base = sha256(disk);
    Object.assign(bases.get(url) ?? {}, { id: base });
    const changed = (number: number): string =>
      `${fileURLToPath(url)} has changed on disk since version ${number} was made; the file is used, the version is kept in ${log.file}`;
    const { versions, current } = log.era(base);
    if (log.newestBase !== undefined && log.newestBase !== base && versions.length === 0) {
      const before = log.era(log.newestBase);
      const kept = before.current;
      // A file that was saved and taken over (`reload`) is its own newest version.
      if (kept > 0 && before.versions[kept - 1]?.id !== base) {
        say(changed(kept + oldVsn(cacheDir, url, log.newestBase)));
      }
      try {
        log.appendBase(base);
      } catch {
        // a read-only cache: the notice comes again next time
      }
      return undefined;
    }
    const found = versions[current - 1];
    if (found === undefined) return undefined;
    // What was saved since is the file as it was known last; one that is another now has changed on disk as well.
    let saved: VersionRecord | undefined = found;
    while (saved !== undefined && saved.file === undefined) saved = versions[saved.parent - 1];
    if (saved !== undefined && saved.id !== base) {
      if (saved !== found) say(changed(found.number + vsn));
      return undefined;
    }
    try {
      const text = getObject(cacheDir, found.id, extensionOf(url));
      const notice = `${fileURLToPath(url)} runs version ${found.number + vsn} (${found.summary}) from ${cacheDir}; reset() goes back to the file`;
      return { text, number: found.number, notice };
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

  function version(url: string): string | undefined {
    if (!url.startsWith('file:') || !url.includes('hotswap=')) return undefined;
    const text = versionText(url);
    if (text === undefined || languageOf(url) === 'js') return text;
    const { asJavaScript, withMap } = instrumenter();
    const { code, map } = asJavaScript(text, { url, settings: settingsOf(url) }, sourceMaps());
    return map === undefined ? code : withMap(code, map, text, url);
  }

  function versionText(url: string): string | undefined {
    const parsed = new URL(url);
    const wanted = parsed.searchParams.get('hotswap');
    if (wanted === null) return undefined;
    const href = withoutVersion(parsed);
    const disk = existsSync(fileURLToPath(href)) ? readFileSync(fileURLToPath(href), 'utf8') : undefined;
    const inMemory = memory.get(href) ?? [];
    const loaded = bases.get(href);
    const vsn = loaded?.vsn ?? vsnOf(href, disk ?? '', say);
    const isUnchanged = disk !== undefined && (loaded === undefined || fingerprint(disk) === loaded.print);
    const told = inMemory.findLast(({ number }) => number === 0);
    const base = told?.id ?? loaded?.id ?? (isUnchanged ? sha256(disk) : undefined);
    const isNamed = ({ id, number }: { id?: string | undefined; number: number }) =>
      id === wanted ||
      String(number + vsn) === wanted ||
      (/^[0-9a-f]{7,}$/.test(wanted) && id?.startsWith(wanted));
    const held = inMemory.findLast(isNamed);
    if (held !== undefined) return held.text;
    const isBase = isNamed({ id: base, number: 0 });
    if (isBase && isUnchanged) return disk;
    const cacheDir = config.cacheDir ?? lastCache;
    const isKept = cacheDir !== undefined && base !== undefined;
    const known = isKept ? new ModuleLog(cacheDir, href).era(base).versions : [];
    const id = isBase ? base : known.findLast(isNamed)?.id;
    if (id !== undefined && cacheDir !== undefined) return getObject(cacheDir, id, extensionOf(href));
    const last = Math.max(known.length, ...inMemory.map((one) => one.number));
    throw new HotswapError(
      'ERR_HOTSWAP_NO_VERSION',
      `${href} has no version ${JSON.stringify(wanted)}; there ${last === 0 ? `is only ${vsn}, the file` : `are ${vsn} to ${vsn + last}`}`,
      { module: href },
    );
  }

  function remember(kept: MemoryVersion): void {
    const list = memory.get(kept.url);
    if (list === undefined) memory.set(kept.url, [kept]);
    else list.push(kept);
  }

  function forget(url: string): void {
    memory.set(url, memory.get(url)?.filter(({ number }) => number === 0) ?? []);
    forgotten.set(url, (forgotten.get(url) ?? 0) + 1);
  }

  function expose(url: string, exported: ExportedBy | undefined): void {
    if (exported === undefined) {
      exposed.delete(url);
      return;
    }
    const text = facadeText(url, exported);
    const known = [...facades].find(([, one]) => one === text)?.[0];
    const facade = known ?? `${url}${url.includes('?') ? '&' : '?'}${FACADE_QUERY}${facades.size}`;
    exposed.set(url, facade);
    facades.set(facade, text);
  }

  function leadsTo(url: string, parent: string | undefined): string | undefined {
    if (batch !== undefined && parent?.endsWith(`${FRESH_QUERY}${batch}`)) {
      const found = instanceUrl(url, batch);
      if (pending.has(found)) return found;
    }
    const found = parent?.includes(FACADE_QUERY) ? undefined : exposed.get(url);
    return found ?? instances.get(url) ?? (forgotten.size > 0 ? again(url) : undefined);
  }

  function begin({ number, modules, helpers }: Batch): void {
    batch = number;
    for (const one of modules) pending.set(one.instance, one);
    for (const [url, text] of helpers) pending.set(url, text);
  }

  function end(number: number, isLive: boolean): void {
    for (const one of pending.values())
      if (isLive && typeof one !== 'string') instances.set(one.url, one.instance);
    pending.clear();
    if (batch === number) batch = undefined;
  }

  function fresh(instance: string): ReturnType<ModuleLoader['fresh']> {
    const found = pending.get(instance);
    if (found === undefined) return undefined;
    if (typeof found === 'string') return { code: found, loaded: undefined };
    const { url, text, base, started, vsn } = found;
    const prefix = prefixFor(instance);
    const made = instrumented(text, {
      prefix,
      mapped: sourceMaps(),
      hot: true,
      url,
      settings: settingsOf(url),
    });
    if (made === undefined) return { code: text, loaded: undefined };
    // Stack traces name the file, without our query. V8 takes no URL with a quote in it.
    const code = `${made}\n//# sourceURL=${url.replaceAll("'", '%27')}`;
    return { code, loaded: { url, prefix, base, source: text, started, vsn, instance } };
  }

  /** Another URL for a version by its number: Node keeps for ever what it has loaded by one. */
  function again(url: string): string | undefined {
    if (!/[?&]hotswap=\d{1,6}(&|$)/.test(url)) return undefined;
    const parsed = new URL(url);
    const times = forgotten.get(withoutVersion(new URL(url)));
    if (times === undefined) return undefined;
    parsed.searchParams.set(AGAIN, String(times));
    return parsed.href;
  }

  function facade(url: string): string | undefined {
    return facades.get(url);
  }

  /** `hs$` and 7 or more digits to base 36 of the URL's fingerprint: the same at every start, so that the transform is cached. */
  function prefixFor(url: string): string {
    const digits = BigInt(`0x${fingerprint(url)}`).toString(36);
    for (let length = 7; ; length++) {
      const prefix = `hs$${digits.slice(0, length).padEnd(length, '0')}`;
      if (isFree(prefix, url)) return prefix;
    }
  }

  /** Takes a prefix for a module's, unless it is another's. */
  function isFree(prefix: string, url: string): boolean {
    const taken = prefixes.get(prefix);
    if (taken === undefined) prefixes.set(prefix, url);
    return taken === undefined || taken === url;
  }
}

/** What the URL of a version has besides where its number was another's before. */
const AGAIN = 'hotswap-again';

/** What instrumented texts are kept by: with source maps they are others. */
function keyOf(mapped: boolean, cacheDir: string | undefined): string {
  return `${mapped} ${cacheDir}`;
}

/** The URL of a module, without what names a version of it. */
export function withoutVersion(url: URL): string {
  url.searchParams.delete('hotswap');
  url.searchParams.delete(AGAIN);
  return url.href;
}

/** What the URL of a fresh instance has besides the module's; the number of its batch comes after it. */
const FRESH_QUERY = 'hotswap=fresh';

/** URL under which a module is imported again. */
export function instanceUrl(url: string, batch: number): string {
  return `${url}${url.includes('?') ? '&' : '?'}${FRESH_QUERY}${batch}`;
}

/** URL of a module, whichever instance or facade of it another one names. */
export function withoutInstance(url: string): string {
  return url.replace(/[?&]hotswap(?:=fresh|-exports=)\d+$/, '').replace(/[?&]hotswap=fresh\d+$/, '');
}

/** What a facade's URL has besides the module's. */
const FACADE_QUERY = 'hotswap-exports=';

/** A module that exports what another does by name, and besides that variables that are set from outside. */
function facadeText(url: string, { native, own, from }: ExportedBy): string {
  const quoted = (names: string[]): string => names.map((name) => JSON.stringify(name)).join();
  const variable = (i: number): string => `hs$x${i}`;
  const lines = [`export {${quoted(native)}} from ${JSON.stringify(url)};`];
  for (const [name, specifier, inner] of from) {
    const where = JSON.stringify(specifier);
    if (name === '*') lines.push(`export * from ${where};`);
    else if (inner === undefined) lines.push(`export * as ${JSON.stringify(name)} from ${where};`);
    else lines.push(`export {${JSON.stringify(inner)} as ${JSON.stringify(name)}} from ${where};`);
  }
  own.forEach(([name], i) => {
    lines.push(`let ${variable(i)};export {${variable(i)} as ${JSON.stringify(name)}};`);
  });
  const sets = own.map(([, local], i) => `${variable(i)}=hs$v(${JSON.stringify(local)},${variable(i)})`);
  lines.push(`${FACADE}(${JSON.stringify(url)},hs$v=>{${sets.join(';')}});`);
  return lines.join('\n');
}

/** What makes instrumented texts. A file of ours that was edited has another size or time, and one from npm another version. */
function identity(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const stamps = readdirSync(here).map((name) => {
    const { mtimeMs, size } = statSync(join(here, name));
    return `${name} ${mtimeMs} ${size}`;
  });
  const versions = ['', 'node_modules/oxc-parser/', 'node_modules/oxc-transform/'].map((one) =>
    versionOf(`${one}package.json`, here),
  );
  return [process.version, ...versions, ...stamps].join();
}

/** The version of a package, found without Node's slower search. @param manifest its package.json, as seen from where it is installed */
function versionOf(manifest: string, from: string): string {
  const directory = nearestWith(manifest, from);
  if (directory === undefined) return '';
  return /"version":\s*"([^"]*)"/.exec(readFileSync(join(directory, manifest), 'utf8'))?.[1] ?? '';
}

function settingsOf(url: string): Settings | undefined {
  return languageOf(url) === 'js' ? undefined : settingsFor(url);
}

/** The file extension of a module, with its dot, as the cache uses it. */
export function extensionOf(url: string): string {
  const extension = extname(new URL(url).pathname);
  return /^\.\w+$/.test(extension) ? extension : '.js';
}

/** Writes notices to stderr at once, from any thread. */
export function sayer(config: Config): (line: string) => void {
  return (line) => {
    if (config.silent) return;
    try {
      writeSync(2, `hotswap: ${line}\n`);
    } catch {
      // stderr is closed or full; a notice is not worth an error
    }
  };
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
