/**
 * What later importers see of a module whose exports have changed. In: a live module and the version that runs; out: word to the
 * load hook of what a *facade* of it is to export: a module that passes on what the running one exports natively, and
 * holds the rest as variables, which are set here. A module that runs cannot be given other exports; who imported it keeps
 * what he had.
 */
import { type LiveModule, valueIn } from '../../loader/live.ts';
import { type ExportedBy, registry } from '../../loader/registry.ts';
import { facadeUrl } from '../../loader/variants.ts';
import { currentText } from '../history/history.ts';
import { resolvedFrom } from '../modules/importers.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { type Exported, exportedLocals, localOf, sameExports } from '../plan/exported.ts';
import { unitsOf } from '../plan/units.ts';
import { overlaidIn } from './overlay.ts';

/** Tells the hook, where the exports are others than those that it knows of, and sets the variables of every facade. */
export function exposeExports(module: LiveModule, after: Analysis): void {
  const exported = exportedBy(module, after);
  const now = keyFor(module, exported);
  if (now !== module.exposed) {
    module.exposed = now;
    hasFacades = true;
    registry()?.expose(module.url, now === undefined ? undefined : exported);
  }
  setFacades(module, after);
}

/**
 * An object that has what a module exports under a name, as a facade has it, where it has exported it only since it was loaded: who imports
 * just that, in this thread, needs no facade loaded.
 * @param isOffered whether that is meant which is on offer @returns undefined where the module itself is to be imported
 */
export function addedExport(
  url: string,
  name: string,
  isOffered: boolean,
): Record<string, unknown> | undefined {
  const module = registry()?.modules.get(url);
  if (module?.scope === undefined) return undefined;
  const after = isOffered ? offered.get(module)?.after : analyse(currentText(module), url);
  const [, local] = (after && exportedBy(module, after).own.find(([one]) => one === name)) ?? [];
  if (local === undefined) return undefined;
  const all = held.get(module) ?? new Map<string, Record<string, unknown>>();
  held.set(module, all);
  const key = `${name} ${local}`;
  const known = all.get(key);
  if (known !== undefined) return known;
  const made: Record<string, unknown> = { [name]: valueIn(module, local) };
  module.facades.push((read) => {
    made[name] = read(local, made[name]);
  });
  all.set(key, made);
  return made;
}

/** Those objects, by the export's name and the variable's. */
const held = new WeakMap<LiveModule, Map<string, Record<string, unknown>>>();

/** What versions are to export that are on offer, and the URLs of facades that export that. */
const offered = new WeakMap<LiveModule, { after: Analysis; facade: string }>();

/**
 * Whether a version exports something that who imported the namespace before cannot find there. Exports that are only gone are none: a
 * call of one says so (ERR_HOTSWAP_REMOVED), which tells more than that it is no function.
 */
export function exportsMore(module: LiveModule, before: Analysis, after: Analysis): boolean {
  const isPlain = exportedLocals(after.source, after.url).every(({ name }) => name !== 'default');
  if (isPlain && sameExports(before, after) && overlaidIn(module, before) === overlaidIn(module, after))
    return false;
  const now = exportedBy(module, after);
  if (keyFor(module, now) === module.exposed) return false;
  const was = exportedBy(module, before);
  const isSame = JSON.stringify([was.own, was.from]) === JSON.stringify([now.own, now.from]);
  return !isSame || now.native.some((name) => !was.native.includes(name));
}

/**
 * Lets a facade be imported that exports what a version is to export that does not run yet. Its variables are set when what they
 * stand for has been evaluated.
 * @returns its URL; undefined where later importers see just that as it is
 */
export function offerExports(module: LiveModule, after: Analysis): string | undefined {
  const exported = exportedBy(module, after);
  if (keyFor(module, exported) === module.exposed) return undefined;
  const facade = facadeUrl(module.url, exported);
  hasFacades = true;
  offered.set(module, { after, facade });
  registry()?.offer(module.url, exported);
  return facade;
}

/** Ends the offer. */
export function endOffer(module: LiveModule): void {
  offered.delete(module);
  registry()?.offer(module.url, undefined);
}

/** Sets the variables of every facade to what a version has evaluated. */
export function setFacades(module: LiveModule, after: Analysis): void {
  if (module.facades.length === 0) return;
  const declared = new Set(unitsOf(after).flatMap((unit) => unit.names));
  const overlaid = overlaidIn(module, after);
  // What is gone stays with those who hold it, and says so when it is called.
  for (const refresh of module.facades)
    refresh((local, before) => (declared.has(local) ? valueIn(module, local, overlaid) : before));
}

/** What a module has exposed of these exports; undefined where it exports just them itself. */
function keyFor(module: LiveModule, exported: ExportedBy): string | undefined {
  const known = exportedLocals(module.source, module.url);
  const isSame =
    exported.own.length === 0 &&
    exported.native.length + exported.from.length === known.length &&
    exported.from.every(([name, from, inner]) =>
      known.some((one) => one.name === name && keyOf(one, module) === `${from} ${inner}`),
    );
  return isSame ? undefined : JSON.stringify(exported);
}

/** What a facade is to export. */
function exportedBy(module: LiveModule, after: Analysis): ExportedBy {
  const overlaid = overlaidIn(module, after);
  const known = new Map(
    exportedLocals(module.source, module.url).map((one) => [one.name, keyOf(one, module)]),
  );
  const exported: ExportedBy = { native: [], own: [], from: [] };
  const all = exportedLocals(after.source, module.url);
  for (const one of all) {
    const local = localOf(one, after);
    const isOther =
      local === undefined
        ? one.from !== undefined && isElsewhere(module, one.from, one.importName)
        : overlaid.has(local);
    const isNative = known.get(one.name) === keyOf(one, after) && !isOther;
    if (isNative && one.name !== '*') exported.native.push(one.name);
    else if (one.from !== undefined)
      exported.from.push([one.name, passedFrom(module, one.from), one.importName]);
    else if (local !== undefined) exported.own.push([one.name, local]);
  }
  return exported;
}

/** Whether any module has had a facade, or one on offer. */
let hasFacades = false;

/** Where a facade has from what its module passes on: a facade of that where its exports are others by now. */
function passedFrom(module: LiveModule, specifier: string): string {
  const from = passedModule(module, specifier);
  const facade = from && offered.get(from)?.facade;
  if (facade !== undefined) return facade;
  return from?.exposed === undefined ? specifier : facadeUrl(from.url, JSON.parse(from.exposed));
}

/**
 * Whether what a module passes on of another stands in a facade of that by now: `export { r } from './core.js'`, where core.js has
 * `export * as r from './r.js'` and r.js exports more.
 * @param name undefined for the other's namespace
 */
function isElsewhere(module: LiveModule, specifier: string, name: string | undefined): boolean {
  if (passedFrom(module, specifier) === specifier) return false;
  const from = passedModule(module, specifier) as LiveModule;
  const after = offered.get(from)?.after;
  const exported = after ? exportedBy(from, after) : (JSON.parse(from.exposed as string) as ExportedBy);
  return name === undefined || !exported.native.includes(name);
}

/** The hot module that a specifier of another leads to; undefined while there is no facade at all. */
function passedModule(module: LiveModule, specifier: string): LiveModule | undefined {
  return hasFacades ? registry()?.modules.get(resolvedFrom(module, specifier) ?? '') : undefined;
}

function keyOf(one: Exported, text: Pick<Analysis, 'source' | 'url'>): string | undefined {
  return one.from === undefined ? localOf(one, text) : `${one.from} ${one.importName}`;
}
