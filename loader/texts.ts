/**
 * The texts that run for modules' own. In: a module's text; out: the same with its patch points, made now or at an earlier start.
 * Which names it may use is settled here as well, one prefix a module.
 */
import { fingerprint } from '../cache/fingerprint.ts';
import { type Transform, Transforms } from '../cache/transforms.ts';
import { HotswapError, isTooDeep, tooDeep } from '../error.ts';
import { dirname, fileURLToPath, join, readdirSync, readFileSync, statSync } from '../node.ts';
import { type Config, nearestWith } from './config.ts';
import { countsCoverage, withoutMap } from './coverage.ts';
import type { InstrumentOptions } from './instrument.ts';
import { instrumenter, languageOf } from './language.ts';
import { type Settings, settingsFor } from './settings.ts';

export interface Texts {
  /** What the cache has for a text in JavaScript, where it has been asked for another; undefined: ask `transformed`. @param print the text's fingerprint */
  known(url: string, print: string): Transform | undefined;
  /** What runs for a text. @param print its fingerprint @throws ERR_HOTSWAP_SYNTAX for TypeScript that cannot be made JavaScript */
  transformed(url: string, text: string, print: string): Transform;
  /** What runs for a text under another URL, with an `import.meta.hot` of its own. @throws as `transformed` */
  again(url: string, text: string, instance: string): Transform;
  /** A text as JavaScript, without patch points. @throws as `transformed` */
  plain(url: string, text: string): string;
  /** Whether what was made of a text is on disk. */
  isOnDisk(url: string, text: string): boolean;
  /** Writes down what was made. */
  settle(): void;
}

/**
 * @param config what holds when a text is asked for
 * @param importGates see `InstrumentOptions`
 * @param sourceMaps whether the user asked for source maps, so that positions within a line count
 */
export function createTexts(config: Config, importGates: boolean, sourceMaps: () => boolean): Texts {
  const isCovered = countsCoverage();
  // What reads coverage would follow our maps, and the offsets that it reads are the author's.
  const isMapped = (): boolean => sourceMaps() && !isCovered;
  /** whose a prefix is, by URL */
  const prefixes = new Map<string, string>();
  /** by cache, and whether source maps were asked for */
  const caches = new Map<string, Transforms>();

  return { known, transformed, again, plain, isOnDisk, settle };

  function known(url: string, print: string): Transform | undefined {
    const found = caches.get(keyOf(isMapped(), config.cacheDir))?.get(url, print);
    return found !== undefined && isFree(found.prefix, url) ? found : undefined;
  }

  function transformed(url: string, text: string, print: string): Transform {
    const mapped = isMapped();
    const settings = settingsOf(url);
    const of = madeFrom(print, settings);
    const cache = cacheFor(mapped);
    const found = cache?.get(url, of);
    if (found !== undefined && isFree(found.prefix, url)) return found;
    const prefix = prefixFor(url);
    const transform = { prefix, ...instrumented(text, { prefix, mapped, url, settings }) };
    cache?.put(url, of, transform);
    return transform;
  }

  function isOnDisk(url: string, text: string): boolean {
    const { cacheDir } = config;
    if (cacheDir === undefined) return false;
    // Read anew: what was kept in memory need not have come to be there.
    return (
      new Transforms(cacheDir, idFor(isMapped())).get(url, madeFrom(fingerprint(text), settingsOf(url))) !==
      undefined
    );
  }

  function idFor(mapped: boolean): string {
    return fingerprint(`${identity()} ${importGates} ${mapped} ${isCovered}`);
  }

  function again(url: string, text: string, instance: string): Transform {
    const prefix = prefixFor(instance);
    const options = { prefix, mapped: isMapped(), hot: true, url, settings: settingsOf(url) };
    return { prefix, ...instrumented(text, options) };
  }

  function plain(url: string, text: string): string {
    if (languageOf(url) === 'js') return text;
    const { asJavaScript, withMap } = instrumenter();
    const { code, map } = asJavaScript(text, { url, settings: settingsOf(url) }, isMapped());
    return map === undefined ? code : withMap(code, map, text, url);
  }

  /** A text with its patch points, and with the map that leads back; undefined where it cannot be had. */
  function instrumented(
    text: string,
    options: Omit<InstrumentOptions, 'importGates'>,
  ): Pick<Transform, 'code' | 'layout'> {
    const { instrument, withMap } = instrumenter();
    const made = asTooDeep(() => instrument(text, { ...options, importGates, isCovered }));
    const code = made?.map === undefined ? made?.code : withMap(made.code, made.map, text, options.url);
    return { code: isCovered && code ? withoutMap(code) : code, layout: made?.layout };
  }

  function settle(): void {
    for (const one of caches.values()) one.write();
  }

  function cacheFor(mapped: boolean): Transforms | undefined {
    const { cacheDir } = config;
    if (cacheDir === undefined) return undefined;
    const key = keyOf(mapped, cacheDir);
    let found = caches.get(key);
    if (found === undefined) {
      caches.set(key, (found = new Transforms(cacheDir, idFor(mapped))));
    }
    return found;
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

/** Does work on a text; that it uses the stack up is said in words that a person can act on. @throws ERR_HOTSWAP_SYNTAX */
function asTooDeep<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isTooDeep(error) && !(error instanceof HotswapError)
      ? tooDeep('the text', undefined, error)
      : error;
  }
}

/** Fingerprint of all that a text is made from. @param print that of the author's text */
function madeFrom(print: string, settings: Settings | undefined): string {
  return settings === undefined ? print : fingerprint(print + JSON.stringify(settings));
}

/** What instrumented texts are kept by: with source maps they are others. */
function keyOf(mapped: boolean, cacheDir: string | undefined): string {
  return `${mapped} ${cacheDir}`;
}

function settingsOf(url: string): Settings | undefined {
  return languageOf(url) === 'js' ? undefined : settingsFor(url);
}

/** What makes instrumented texts. A file of ours that was edited has another size or time, and one from npm another version. */
function identity(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const code = readdirSync(here).filter((name) => !name.endsWith('.d.ts'));
  const stamps = code.map((name) => {
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
