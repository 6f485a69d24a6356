/**
 * What changed from one version to another, for a person to read. In: a module and two of its versions; out: a unified diff
 * of their texts, as patch tools take it.
 */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { currentVersion, findVersion, numberOf, versionAt, versionText } from './history/history.ts';
import { type ModuleRef, moduleOf } from './modules/module.ts';

/**
 * The difference of two versions of a module, as a unified diff of their texts.
 *
 * @param a number or id of one version; the one that the other was made from where it is not given
 * @param b number or id of the other; the one that runs where it is not given
 * @throws ERR_HOTSWAP_NO_VERSION, ERR_HOTSWAP_NOT_HOT, ERR_HOTSWAP_CACHE when a text is gone or damaged
 * @example console.log(diff('./pricing.js', 0)); // all edits so far
 */
export function diff(ref: ModuleRef, a?: number | string, b?: number | string): string {
  const module = moduleOf(ref);
  const to = b === undefined ? currentVersion(module) : findVersion(module, b);
  const from = a === undefined ? versionAt(module, to.parent ?? 0) : findVersion(module, a);
  const [before, after] = [versionText(module, from), versionText(module, to)];
  return unified(module.url, before, numberOf(module, from), after, numberOf(module, to));
}

/** A unified diff of two texts of a module, which are versions `from` and `to`. */
export function unified(module: string, a: string, from: number, b: string, to: number): string {
  return createTwoFilesPatch(module, module, a, b, `version ${from}`, `version ${to}`, {
    headerOptions: FILE_HEADERS_ONLY,
  });
}
