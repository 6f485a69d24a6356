/**
 * What else there is of a module than the one that was loaded: its versions beside the live one (`?hotswap=<number or id>`), fresh
 * instances of it (`import.meta.hot`), and facades that stand for it when its exports have changed. In: what the program tells of
 * them, and URLs; out: the texts to run, and where an import leads now.
 */
import { fingerprint } from '../cache/fingerprint.ts';
import { isStart } from '../cache/ids.ts';
import { ModuleLog } from '../cache/log.ts';
import { getObject, sha256 } from '../cache/objects.ts';
import { oldestKept, type VersionRecord, type VersionTable } from '../cache/table.ts';
import { HotswapError } from '../error.ts';
import { existsSync, fileURLToPath, readFileSync } from '../node.ts';
import { type Config, sayer } from './config.ts';
import { extensionOf, writtenIn } from './language.ts';
import type { Loaded } from './live.ts';
import { type Batch, type ExportedBy, FACADE, type Fresh, type MemoryVersion } from './registry.ts';
import type { Texts } from './texts.ts';
import { vsnOf } from './vsn.ts';

export interface Variants {
  /**
   * The text to run for the URL of a variant, with what is to be entered of a hot one; undefined for any other URL.
   * @param format what Node takes the URL for, as far as it knows
   * @throws ERR_HOTSWAP_NO_VERSION
   */
  variant(
    url: string,
    format: string | null | undefined,
  ): { code: string; loaded: Loaded | undefined } | undefined;
  /** Where an import leads that is not to lead to what its URL says: a fresh instance, a facade, or a version whose number was another's before. */
  leadsTo(url: string, parent: string | undefined): string | undefined;
  /** Makes a version known that is not on disk. */
  remember(version: MemoryVersion): void;
  /** Forgets the versions of a module that are not on disk: its numbers may be given anew. */
  forget(url: string): void;
  /** Makes known what later importers of a module are to see; undefined: the module itself. */
  expose(url: string, exported: ExportedBy | undefined): void;
  /** Makes a facade known that leads nobody yet but others that were offered; undefined: there is none any more. @see facadeUrl */
  offer(url: string, exported: ExportedBy | undefined): void;
  /** Makes modules known that are imported next, as fresh instances. */
  begin(batch: Batch): void;
  /** Leads imports of modules to instances that are loaded as they themselves would be. @see Registry.loadAnew */
  loadAnew(urls: string[], number: number | undefined): void;
  /** Makes a URL known by which the text of a module is asked for, or forgets it. @see textModule */
  ask(url: string, isOpen: boolean): void;
  /** The module whose text a URL asks for, where it was made known. */
  askedFor(url: string): string | undefined;
  /** The URL of the module that an instance is to be loaded as; undefined for any other URL. */
  anewOf(url: string): string | undefined;
  /** Ends that: whether they are what imports lead to from now on. */
  end(batch: number, isLive: boolean): void;
}

/** What a module was loaded from: the fingerprint of the text and, once that was asked, its id; and what its numbering starts at. */
export interface Base {
  print: string;
  id?: string;
  vsn: number;
}

/**
 * @param bases by the URL of a module
 * @param isHot whether a module that has not been loaded would be hot
 * @param lastCache the cache, or the last one that there was
 */
export function createVariants(
  config: Config,
  texts: Texts,
  bases: ReadonlyMap<string, Base>,
  isHot: (url: string, format: string | null | undefined) => boolean,
  lastCache: () => string | undefined,
): Variants {
  const memory = new Map<string, MemoryVersion[]>();
  /** by the URL of a module: that of its newest facade, that of the one on offer; and by these: their texts */
  const exposed = new Map<string, string>();
  const offered = new Map<string, string>();
  const facades = new Map<string, string>();
  /** by the URL of a module: how often its versions were forgotten */
  const forgotten = new Map<string, number>();
  /** the batch that is being imported; fresh instances and helpers that have not ended, by URL */
  let batch: number | undefined;
  const pending = new Map<string, Fresh | string>();
  /** by the URL of a module: that of its live instance, where it is not the first */
  const instances = new Map<string, string>();
  /** by the URL of an instance that is loaded as its module itself would be: that of the module */
  const anew = new Map<string, string>();

  /** URLs by which texts are asked for just now */
  const asked = new Set<string>();

  return { variant, leadsTo, remember, forget, expose, offer, begin, end, loadAnew, anewOf, ask, askedFor };

  function ask(url: string, isOpen: boolean): void {
    if (isOpen) asked.add(url);
    else asked.delete(url);
  }

  function askedFor(url: string): string | undefined {
    return asked.has(url) ? url.slice(0, url.lastIndexOf(TEXT_QUERY) - 1) : undefined;
  }

  function loadAnew(...[urls, number]: Parameters<Variants['loadAnew']>): void {
    for (const url of urls) {
      if (number === undefined) {
        instances.delete(url);
        continue;
      }
      const instance = instanceUrl(url, number);
      instances.set(url, instance);
      anew.set(instance, url);
    }
  }

  function anewOf(url: string): string | undefined {
    return anew.get(url);
  }

  function variant(...[url, format]: Parameters<Variants['variant']>): ReturnType<Variants['variant']> {
    if (anew.has(url) || isWrapper(url)) return undefined;
    const one = pending.get(url);
    if (typeof one === 'object') return fresh(one);
    const code = one ?? version(url, format) ?? facades.get(url);
    return code === undefined ? undefined : { code, loaded: undefined };
  }

  function fresh({ url, instance, text, base, started, vsn }: Fresh): ReturnType<Variants['variant']> {
    const { prefix, code, layout } = texts.again(url, text, instance);
    if (code === undefined) return { code: text, loaded: undefined };
    return {
      code: namedAfter(url, code),
      loaded: { url, prefix, base, source: text, started, vsn, instance, layout },
    };
  }

  /** Of what is not ours the query is for whoever reads it. */
  function version(...[url, format]: Parameters<Variants['variant']>): string | undefined {
    if (!url.startsWith('file:') || !url.includes('hotswap=')) return undefined;
    const parsed = new URL(url);
    const wanted = parsed.searchParams.get('hotswap');
    if (wanted === null) return undefined;
    const href = withoutVersion(parsed);
    if (!bases.has(href) && !isHot(href, format)) return undefined;
    const text = versionText(href, wanted);
    return text === undefined ? undefined : texts.plain(url, text);
  }

  function versionText(href: string, wanted: string): string | undefined {
    const disk = existsSync(fileURLToPath(href)) ? readFileSync(fileURLToPath(href), 'utf8') : undefined;
    const inMemory = memory.get(href) ?? [];
    const loaded = bases.get(href);
    const vsn = loaded?.vsn ?? vsnOf(href, disk ?? '', sayer(config));
    const isUnchanged = disk !== undefined && (loaded === undefined || fingerprint(disk) === loaded.print);
    const told = inMemory.findLast(({ number }) => number === 0);
    const base = told?.id ?? loaded?.id ?? (isUnchanged ? sha256(disk) : undefined);
    const isNamed = ({ id, number }: { id?: string | undefined; number: number }) =>
      String(number + vsn) === wanted || (isStart(wanted) && id?.startsWith(wanted));
    const held = inMemory.filter(isNamed);
    const free = held.findLast((one) => one.bound === undefined);
    if (free !== undefined) return free.text;
    const isBase = isNamed({ id: base, number: 0 });
    if (isBase && isUnchanged) return disk;
    const cacheDir = lastCache();
    const isKept = cacheDir !== undefined && base !== undefined;
    const known = isKept ? new ModuleLog(cacheDir, href).era(base).versions : undefined;
    const recorded = known && recordNamed(known, wanted, vsn);
    if (held.length > 0 || (!isBase && recorded?.kept === false))
      throw notAlone(href, wanted, held[0]?.bound);
    const id = isBase ? base : recorded?.id;
    if (id !== undefined && cacheDir !== undefined) return getObject(cacheDir, id, extensionOf(href));
    const last = Math.max(known?.length ?? 0, ...inMemory.map((one) => one.number));
    throw new HotswapError(
      'ERR_HOTSWAP_NO_VERSION',
      `${href} has no version ${JSON.stringify(wanted)}; there ${last === 0 ? `is only ${vsn}, the file` : `are ${vsn} to ${vsn + last}`}`,
      { module: href },
    );
  }

  function leadsTo(url: string, parent: string | undefined): string | undefined {
    if (!isWrapper(url)) return leadsFrom(url, parent);
    const own = withoutWrapper(url);
    return isForUs(own) ? own : leadsFrom(own, parent);
  }

  /** Whether only these hooks can load a URL, for all that is known: a variant, or what Node may have no loader for. */
  function isForUs(url: string): boolean {
    return writtenIn(url) !== 'js' || /[?&]hotswap(?:-exports)?=/.test(url);
  }

  function leadsFrom(url: string, parent: string | undefined): string | undefined {
    if (batch !== undefined && parent?.endsWith(`${FRESH_QUERY}${batch}`)) {
      const found = instanceUrl(url, batch);
      if (pending.has(found)) return found;
    }
    return facadeFor(url, parent) ?? instances.get(url) ?? (forgotten.size > 0 ? again(url) : undefined);
  }

  /** A facade leads to the module that it stands for, and one on offer to those on offer with it. */
  function facadeFor(url: string, parent: string | undefined): string | undefined {
    if (parent === undefined || !facades.has(parent)) return exposed.get(url);
    if (parent.startsWith(url) && withoutInstance(parent) === url) return undefined;
    return (
      (offered.get(withoutInstance(parent)) === parent ? offered.get(url) : undefined) ?? exposed.get(url)
    );
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

  function remember(kept: MemoryVersion): void {
    const list = memory.get(kept.url) ?? [];
    list.push(kept);
    const oldest = oldestKept(kept.number, config.rollbackLength);
    const left = oldest === 1 ? list : list.filter(({ number }) => number === 0 || number >= oldest);
    memory.set(kept.url, left);
  }

  function forget(url: string): void {
    memory.set(url, memory.get(url)?.filter(({ number }) => number === 0) ?? []);
    forgotten.set(url, (forgotten.get(url) ?? 0) + 1);
  }

  function expose(url: string, exported: ExportedBy | undefined): void {
    enter(exposed, url, exported);
  }

  function offer(url: string, exported: ExportedBy | undefined): void {
    enter(offered, url, exported);
  }

  function enter(of: Map<string, string>, url: string, exported: ExportedBy | undefined): void {
    if (exported === undefined) {
      of.delete(url);
      return;
    }
    const facade = facadeUrl(url, exported);
    of.set(url, facade);
    facades.set(facade, facadeText(url, exported));
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
}

/** The text of an instance: stack traces name the file, without our query. V8 takes no URL with a quote in it. */
export function namedAfter(url: string, code: string): string {
  return `${code}\n//# sourceURL=${url.replaceAll("'", '%27')}`;
}

/** The version of a log that a number as people see it, an id, or how one begins, names. */
function recordNamed(table: VersionTable, wanted: string, vsn: number): VersionRecord | undefined {
  const numbered = String(Number(wanted)) === wanted ? table.at(Number(wanted) - vsn) : undefined;
  const newest = isStart(wanted) ? table.newestWith(wanted) : undefined;
  return numbered ?? (newest === undefined ? undefined : table.at(newest));
}

/** A version that only the running module can run. @param bound names of the values that it needs, where they are known */
function notAlone(href: string, wanted: string, bound: readonly string[] | undefined): HotswapError {
  const why =
    bound === undefined
      ? 'another process made it with values that no text can carry, so that its text is not on disk'
      : `values are bound into it (${bound.join(', ')}), which only the running program has; restore() makes it live`;
  return new HotswapError(
    'ERR_HOTSWAP_NO_VERSION',
    `version ${wanted} of ${href} cannot be imported: ${why}`,
    { module: href, ...(bound === undefined ? {} : { names: [...bound] }) },
  );
}

/** What the URL of a version has besides where its number was another's before. */
const AGAIN = 'hotswap-again';

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

/** What a URL has that asks for a module's text as the other loaders make it; a number comes after it. */
const TEXT_QUERY = 'hotswap=text';

/**
 * URL of a module that exports, as its default, the text that the other loaders make of a file now. Nobody can guess the number, and
 * the hooks answer only while they know of it, see `Registry.ask`: a program is given no file's text by its URL.
 */
export function textModule(url: string): string {
  const { randomInt } = process.getBuiltinModule('node:crypto');
  return `${url}${url.includes('?') ? '&' : '?'}${TEXT_QUERY}${randomInt(2 ** 48 - 1)}`;
}

/** URL of a module, whichever instance or facade of it another one names. */
export function withoutInstance(url: string): string {
  return withoutWrapper(url)
    .replace(/[?&]hotswap(?:=fresh|-exports=)\d+$/, '')
    .replace(/[?&]hotswap=fresh\d+$/, '');
}

/**
 * What the URL of a wrapper has besides the module's. import-in-the-middle, on which tracing is built, has whoever imports `m.js` import
 * `m.js?iitm=true`: a module of its own that imports `m.js` and exports variables with copies of its exports.
 */
const WRAPPER = /([?&])iitm=\w+(&|$)/;

/** Whether a URL is that of a wrapper, which is no module of the program's. */
export function isWrapper(url: string): boolean {
  return url.includes('iitm=') && WRAPPER.test(url);
}

/** URL of the module that a wrapper stands before; of any other module its own. */
function withoutWrapper(url: string): string {
  return url.replace(WRAPPER, (_all, before: string, after: string) => (after === '' ? '' : before));
}

/** What a facade's URL has besides the module's. */
const FACADE_QUERY = 'hotswap-exports=';

/** URL of the facade of a module that exports just this. */
export function facadeUrl(url: string, exported: ExportedBy): string {
  const number = BigInt(`0x${fingerprint(facadeText(url, exported))}`);
  return `${url}${url.includes('?') ? '&' : '?'}${FACADE_QUERY}${number}`;
}

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
