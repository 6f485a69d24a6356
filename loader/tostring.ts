/**
 * `Function.prototype.toString` of a program with hot functions: it gives the author's text of the code that runs, as such a text may be sent
 * elsewhere and evaluated, or read for the names of its parameters. In: V8's text of a function, which has our patch points in it; out: the
 * author's. All else is V8's own answer, and the function that stands in the place of V8's cannot be told from it.
 */
import { runningText } from '../node.ts';
import { withBuiltins } from './builtins.ts';
import { instrumenter, typed } from './language.ts';
import { Layout } from './layout.ts';
import type { Loaded } from './live.ts';

const { captureStackTrace } = Error;
const { defineProperty, getOwnPropertyDescriptor } = Reflect;
const includes: (text: string, part: string) => boolean = Function.prototype.call.bind(
  String.prototype.includes,
);

/** By the prefix of its names: a module's layout, and its texts where it has none. */
const modules: Record<string, Loaded> = Object.create(null);
const layouts: Record<string, Layout> = Object.create(null);
const printed: Record<string, Map<string, string>> = Object.create(null);

/** Remembers what runs of a module. */
export function laidOut(loaded: Loaded): void {
  modules[loaded.prefix] = loaded;
}

/** Every module that was loaded, in order, other instances of one included. */
export function loadedModules(): Loaded[] {
  return Object.values(modules);
}

/** A module, by the prefix of its names. */
export function loadedAs(prefix: string): Loaded | undefined {
  return modules[prefix];
}

/** The layout of a module, by the prefix of its names; undefined where a compiler has printed it anew. */
export function layoutFor(prefix: string): Layout | undefined {
  const written = modules[prefix]?.layout;
  return written === undefined ? undefined : (layouts[prefix] ??= new Layout(prefix, written));
}

/** The texts of a module's functions, by those that run, where it has no layout. */
function printedFor(prefix: string): Map<string, string> | undefined {
  const module = modules[prefix];
  if (module === undefined) return undefined;
  const { source, url } = module;
  return (printed[prefix] ??= instrumenter().printedTexts(
    source,
    { url, settings: typed().settingsFor(url) },
    prefix,
  ));
}

/** What gives the text of code that an edit has brought; undefined for what runs as it was loaded. @param text V8's text */
export type ShowEdited = (text: string) => string | undefined;

/** Puts ours in the place of V8's `toString`, unless `--frozen-intrinsics` keeps that there. @param edited asked each time; undefined before the first edit */
export function showAuthors(edited: () => ShowEdited | undefined): void {
  // A method has no `prototype` and cannot be constructed, as V8's.
  const { toString: shown } = {
    toString(this: unknown): string {
      if (this === shown) return 'function toString() { [native code] }';
      let text: string;
      try {
        text = runningText(this);
      } catch (error) {
        captureStackTrace(error as Error, shown);
        throw error;
      }
      if (!includes(text, 'hs$')) return text;
      try {
        return withBuiltins(() => edited()?.(text) ?? loadedText(text));
      } catch {
        return text; // a version's text that is gone
      }
    },
  };
  const own = getOwnPropertyDescriptor(Function.prototype, 'toString');
  if (own?.configurable) defineProperty(Function.prototype, 'toString', { ...own, value: shown });
}

/** The author's text of a function or class as it was loaded; V8's where it is of no hot module. */
function loadedText(text: string): string {
  const prefix = /hs\$[0-9a-z]{7,}(?=\$|",hs\$c=>)/.exec(text)?.[0];
  if (prefix === undefined) return text;
  const layout = layoutFor(prefix);
  return (layout === undefined ? printedFor(prefix)?.get(text) : layout.authorText(text)) ?? text;
}
