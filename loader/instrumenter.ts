/**
 * All that a module needs whose instrumented text is not in the cache, in one: the parser alone takes longer to load than a small
 * program to run, and a warm start loads none of it. In: nothing; out: the rooms behind it. Loaded through `instrumenter` of
 * language.ts, and imported by nobody.
 */
export { asJavaScript, instrument } from './instrument.ts';
export { brokenLink } from './links.ts';
export { mapFrom, mapIn, withMap } from './maps.ts';
export { tryParse, unwrapped } from './parse.ts';
export { callAt, functionAt, printedTexts } from './printed.ts';
