/**
 * Who holds or passes on what modules export whose exports change. In: the modules and their new texts; out: the modules that import their
 * namespaces (`import * as u`), straight or through others, with the imports that must lead elsewhere now; and those that pass on all that
 * they export (`export *`), whose exports change by that. A namespace that exists cannot be given other names (ECMA-262 10.4.6).
 */
import type { LiveModule } from '../../loader/live.ts';
import { currentText, needRegistry } from '../history/history.ts';
import { hotImportsOf, resolvedFrom } from '../modules/importers.ts';
import { liveModules } from '../modules/module.ts';
import { analyse } from '../plan/analysis.ts';
import { type Exported, exportedLocals } from '../plan/exported.ts';
import { type Imported, unitsOf } from '../plan/units.ts';

/** A module, and those of its imports that stand for a namespace of which there is another by now. */
export interface Follower {
  module: LiveModule;
  imports: readonly Imported[];
  /** the same of imports that another version of it has, and may bring back */
  former: readonly Imported[];
  /** whether what it exports changes by that */
  isPassing: boolean;
}

/** @param texts of the modules that change, by URL @param changing URLs of those whose exports do */
export function followersOf(texts: ReadonlyMap<string, string>, changing: ReadonlySet<string>): Follower[] {
  const { modules } = needRegistry();
  const changed = new Set(changing);
  const textOf = (module: LiveModule): string => texts.get(module.url) ?? currentText(module);
  const all = liveModules().filter((module) => module.scope !== undefined);
  const near = (module: LiveModule): boolean =>
    isEdited(module, textOf(module)) || hotImportsOf(module, textOf(module)).some((url) => changed.has(url));
  const importsIn = (module: LiveModule): { local: string; imported: Imported }[] =>
    unitsOf(analyse(textOf(module), module.url)).flatMap(({ names: [local], imported }) =>
      local === undefined || imported === undefined ? [] : [{ local, imported }],
    );
  const isStale = (module: LiveModule, { specifier, name }: Imported): boolean =>
    name !== undefined && isNamespace(resolvedFrom(module, specifier), name === '*' ? undefined : name, []);
  /** Whether what a module exports under a name, or the module where that is undefined, is a namespace that changes. */
  const isNamespace = (url: string | undefined, name: string | undefined, seen: string[]): boolean => {
    const key = `${url} ${name}`;
    if (url === undefined || seen.includes(key)) return false;
    if (name === undefined) return changed.has(url);
    const module = modules.get(url);
    if (module === undefined) return false;
    const text = textOf(module);
    if (!/\*\s*as\b|\bfrom\b/.test(text)) return false;
    const exported = exportedLocals(text, url);
    const leads = (one: Exported, inner: string | undefined): boolean =>
      isNamespace(resolvedFrom(module, one.from as string), inner, [...seen, key]);
    const own = exported.find((one) => one.name === name);
    if (own === undefined)
      return exported.some((one) => one.name === '*' && name !== 'default' && leads(one, name));
    if (own.from !== undefined) return leads(own, own.importName);
    const found = importsIn(module).find(({ local }) => local === own.local)?.imported;
    if (found?.name === undefined) return false;
    return isNamespace(resolvedFrom(module, found.specifier), found.name === '*' ? undefined : found.name, [
      ...seen,
      key,
    ]);
  };
  const passes = (module: LiveModule): boolean =>
    exportedLocals(textOf(module), module.url).some(({ name, from, importName, local }) => {
      if (from !== undefined)
        return isNamespace(resolvedFrom(module, from), name === '*' ? undefined : importName, []);
      const found = importsIn(module).find((one) => one.local === local)?.imported;
      return found !== undefined && isStale(module, found);
    });
  const followers = new Map<LiveModule, Follower>();
  for (let size = -1; size !== changed.size; ) {
    size = changed.size;
    for (const module of all) {
      if (!near(module)) continue;
      const stale = importsIn(module).flatMap(({ imported }) => (isStale(module, imported) ? imported : []));
      const isPassing = passes(module);
      if (isPassing) changed.add(module.url);
      const former = formerImports(module, textOf(module)).filter((one) => isStale(module, one));
      if (stale.length > 0 || former.length > 0 || isPassing)
        followers.set(module, { module, imports: stale, former, isPassing });
    }
  }
  return [...followers.values()];
}

function isEdited({ overlay, source }: LiveModule, text: string): boolean {
  return overlay !== undefined || source !== text;
}

/** What a module has imported as it was loaded, or in some version of it. */
function formerImports(module: LiveModule, text: string): Imported[] {
  if (!isEdited(module, text)) return [];
  const { source, url, overlay } = module;
  const loaded = unitsOf(analyse(source, url)).flatMap(({ imported }) => imported ?? []);
  const made = [...(overlay?.made.values() ?? [])].map((one) => one.text);
  const texts = [...made, ...(overlay?.kept.keys() ?? [])];
  const known = texts.flatMap((text) => {
    const json = /(?:^|\n)import (\{"specifier":.*\})$/.exec(text)?.[1];
    return json === undefined ? [] : (JSON.parse(json) as Imported);
  });
  return [...loaded, ...known];
}
