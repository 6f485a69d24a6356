/**
 * Who imports whom, and how far a change reaches. In: the texts of the hot modules that run; out: the modules that a change makes
 * stale, from the changed one up to those that accept it. It is asked only where some module uses `import.meta.hot`.
 */
import { parse } from 'es-module-lexer/js';
import type { Wishes } from '../../loader/hot.ts';
import { writtenFor, writtenIn } from '../../loader/language.ts';
import type { LiveModule } from '../../loader/live.ts';
import { eachChild, type Node } from '../../loader/parse.ts';
import { withoutInstance } from '../../loader/variants.ts';
import { boundOf, currentText, currentVersion, needRegistry } from '../history/history.ts';
import { analyse } from '../plan/analysis.ts';
import { isLexable } from '../plan/exported.ts';
import { unitsOf } from '../plan/units.ts';
import { liveModules } from './module.ts';

/** Hot modules by the URL of what they import, with `import()` of a literal; those that are pruned import nothing. */
export type Importers = ReadonlyMap<string, ReadonlySet<LiveModule>>;

/** A module that takes an update, and the one that it accepted: itself, or one that it imports. */
export interface Boundary {
  by: LiveModule;
  via: LiveModule;
  /** what `by` has accepted when the update began */
  accepts: Wishes['accepts'];
}

/** What a change comes to. */
export interface Reached {
  /** modules that must be imported again, what they import before them */
  stale: LiveModule[];
  boundaries: Boundary[];
}

const known = new WeakMap<LiveModule, { text: string; urls: string[] }>();

/** URLs of what a module imports, as its current version has it. */
export function importsOf(module: LiveModule): string[] {
  const text = currentText(module);
  const found = known.get(module);
  if (found?.text === text) return found.urls;
  const urls = new Set<string>();
  for (const specifier of specifiersIn(text, module.url)) {
    const url = resolvedFrom(module, specifier);
    if (url !== undefined) urls.add(url);
  }
  known.set(module, { text, urls: [...urls] });
  return [...urls];
}

const hot = new WeakMap<LiveModule, { text: string; urls: string[] }>();

/** URLs of what a module imports by declarations, as far as they plainly name files. @param text what it is to run; default: what runs */
export function hotImportsOf(module: LiveModule, text = module.history?.text ?? module.source): string[] {
  const found = hot.get(module);
  if (found?.text === text) return found.urls;
  let near: string[] = [];
  try {
    near = specifiersIn(text, module.url, true).filter((one) => /^(?:\.{0,2}\/|file:)/.test(one));
  } catch {
    // it runs, or is refused by whoever reads it for its changes
  }
  const urls = near.flatMap((one) => {
    if (!URL.canParse(one, module.url)) return [];
    const { href } = new URL(one, module.url);
    return writtenIn(module.url) === 'js' ? href : [href, ...writtenFor(href)];
  });
  hot.set(module, { text, urls });
  return urls;
}

/** What a module's text imports, with `import()` of a literal unless only `declared` imports are meant. */
export function specifiersIn(text: string, url: string, declared = false): string[] {
  if (isLexable(text, url))
    return parse(text)[0].flatMap(({ specifier, type }) =>
      typeof specifier === 'string' && !(declared && type === 'dynamic') ? [specifier] : [],
    );
  // Of all others only a tree tells.
  const analysis = analyse(text, url);
  const found = unitsOf(analysis).flatMap(({ imported }) => imported?.specifier ?? []);
  const look = (node: Node): void => {
    const isFrom = node.type === 'ExportAllDeclaration' || node.type === 'ExportNamedDeclaration';
    const source = isFrom && node.exportKind !== 'type' ? node.source : undefined;
    const given = node.type === 'ImportExpression' && !declared ? node.source : source;
    if (given?.type === 'Literal' && typeof given.value === 'string') found.push(given.value);
    eachChild(node, look);
  };
  for (const statement of analysis.program.body) look(statement);
  return found;
}

/** The URL that a specifier leads to, as the URL of a module whatever instance of it is live; undefined where it leads nowhere. */
export function resolvedFrom(module: LiveModule, specifier: string): string | undefined {
  const near = /^\.{0,2}\//.test(specifier) ? new URL(specifier, module.url).href : specifier;
  if (needRegistry().modules.has(near)) return near;
  try {
    const url = module.meta?.().resolve(specifier);
    return url === undefined ? undefined : withoutInstance(url);
  } catch {
    return undefined;
  }
}

/** @param pruned URLs of modules that do not count */
export function importers(pruned: ReadonlySet<string>): Importers {
  const found = new Map<string, Set<LiveModule>>();
  for (const module of liveModules()) {
    if (pruned.has(module.url)) continue;
    for (const url of importsOf(module)) {
      const all = found.get(url);
      if (all === undefined) found.set(url, new Set([module]));
      else all.add(module);
    }
  }
  return found;
}

/** What the live instance of a module has asked for; undefined where it does not use `import.meta.hot`. */
export function wishesOf({ prefix }: LiveModule): Wishes | undefined {
  return needRegistry().hot.wishes[prefix];
}

/** Whether a module accepts itself. */
export function acceptsItself(module: LiveModule): boolean {
  return wishesOf(module)?.accepts.some(({ specifiers }) => specifiers === undefined) ?? false;
}

/**
 * How far a change reaches: the rule is Vite's (`propagateUpdate` in its server). From the changed module through whoever
 * imports it, until each way up has come to a module that accepts; one that comes to the program's entry without, or to a
 * module that declines, ends it.
 *
 * @param passed modules that do not accept themselves this time
 * @param changed the modules to begin with
 * @returns undefined where it is not accepted
 */
export function reach(
  changed: readonly LiveModule[],
  all: Importers,
  passed: ReadonlySet<LiveModule> = new Set(),
): Reached | undefined {
  const stale = new Set<LiveModule>();
  const boundaries: Boundary[] = [];
  const isEnd = (module: LiveModule, chain: readonly LiveModule[]): boolean => {
    if (stale.has(module)) return false;
    // No text carries values that were bound into a version.
    if (wishesOf(module)?.declined || boundOf(currentVersion(module)).size > 0) return true;
    stale.add(module);
    if (acceptsItself(module) && !passed.has(module)) {
      boundaries.push(boundary(module, module));
      return false;
    }
    return isEndAbove(module, chain);
  };
  const isEndAbove = (module: LiveModule, chain: readonly LiveModule[]): boolean => {
    const above = all.get(module.url);
    if (above === undefined) return true;
    for (const by of above) {
      if (accepts(by, module)) boundaries.push(boundary(by, module));
      else if (by !== module && !chain.includes(by) && isEnd(by, [...chain, by])) return true;
    }
    return false;
  };
  const ended = changed.some((module) => isEnd(module, [module]));
  return ended || boundaries.length === 0 ? undefined : { stale: [...stale], boundaries };
}

function boundary(by: LiveModule, via: LiveModule): Boundary {
  return { by, via, accepts: [...(wishesOf(by)?.accepts ?? [])] };
}

function accepts(by: LiveModule, module: LiveModule): boolean {
  return (
    wishesOf(by)?.accepts.some(({ specifiers }) =>
      specifiers?.some((one) => resolvedFrom(by, one) === module.url),
    ) ?? false
  );
}
