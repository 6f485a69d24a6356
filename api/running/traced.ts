/**
 * Where stack traces say that evaluated code is. In: a version's text and the file that has it; out: the comments that V8 and, with
 * source maps on, Node read (https://nodejs.org/api/module.html#source-map-support). The file's own URL leads Node to the map of
 * what was loaded from there, which is not this text's: code under another URL has a map of its own.
 */
import MagicString from 'magic-string';
import { fingerprint } from '../../cache/fingerprint.ts';
import { mapIn, withComment } from '../../loader/maps.ts';
import type { Analysis } from '../plan/analysis.ts';

/** Code with the comments that place it. @param url file that stack traces are to name */
export function traced(code: string, { source, url: module }: Analysis, url: string): string {
  // V8 takes no URL with a quote in it.
  const quoted = url.replaceAll("'", '%27');
  if (!process.sourceMapsEnabled || url !== module) return `${code}\n//# sourceURL=${quoted}`;
  const print = fingerprint(source);
  if (last?.key !== print + url) last = { key: print + url, map: mapOf(source, url) };
  const query = `${url.includes('?') ? '&' : '?'}hotswap=${print}`;
  return withComment(`${code}\n//# sourceURL=${quoted}${query}`, last.map);
}

/** That of the last text: a version is evaluated in many pieces. */
let last: { key: string; map: string } | undefined;

/** The map that a text came with; one that says that all is where it is, where it has none. */
function mapOf(source: string, url: string): string {
  try {
    const own = mapIn(source, url);
    if (own !== undefined) return own;
  } catch {
    // one that cannot be read is none
  }
  return new MagicString(source).generateMap({ hires: 'boundary', source: url }).toString();
}
