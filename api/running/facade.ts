/**
 * What later importers see of a module whose exports have changed. In: a live module and the version that runs; out: word to the
 * load hook of what a *facade* of it is to export: a module that passes on what the running one exports natively, and
 * holds the rest as variables, which are set here. A module that runs cannot be given other exports; who imported it keeps
 * what he had.
 */
import { type LiveModule, valueIn } from '../../loader/live.ts';
import { type ExportedBy, registry } from '../../loader/registry.ts';
import type { Analysis } from '../plan/analysis.ts';
import { type Exported, exportedLocals, localOf } from '../plan/exported.ts';
import { unitsOf } from '../plan/units.ts';
import { overlaidIn } from './overlay.ts';

/** Tells the hook, where the exports are others than those that it knows of, and sets the variables of every facade. */
export function exposeExports(module: LiveModule, after: Analysis): void {
  const exported = exportedBy(module, after);
  const now = exported === undefined ? undefined : JSON.stringify(exported);
  if (now !== module.exposed) {
    module.exposed = now;
    registry()?.expose(module.url, exported);
  }
  if (module.facades.length === 0) return;
  const declared = new Set(unitsOf(after).flatMap((unit) => unit.names));
  // What is gone stays with those who hold it, and says so when it is called.
  for (const refresh of module.facades)
    refresh((local, before) => (declared.has(local) ? valueIn(module, local) : before));
}

/** What a facade is to export; undefined where the module itself exports just that. */
function exportedBy(module: LiveModule, after: Analysis): ExportedBy | undefined {
  if (after.source === module.source) return undefined;
  const overlaid = overlaidIn(module, after);
  const known = new Map(
    exportedLocals(module.source, module.url).map((one) => [one.name, keyOf(one, module)]),
  );
  const exported: ExportedBy = { native: [], own: [], from: [] };
  const all = exportedLocals(after.source, module.url);
  for (const one of all) {
    const local = localOf(one, after);
    const isNative =
      known.get(one.name) === keyOf(one, after) && !(local !== undefined && overlaid.has(local));
    if (isNative && one.name !== '*') exported.native.push(one.name);
    else if (one.from !== undefined) exported.from.push([one.name, one.from, one.importName]);
    else if (local !== undefined) exported.own.push([one.name, local]);
  }
  const same =
    exported.own.length === 0 &&
    exported.native.length + exported.from.length === known.size &&
    exported.from.every(([name, from, inner]) => known.get(name) === `${from} ${inner}`);
  return same ? undefined : exported;
}

function keyOf(one: Exported, text: Pick<Analysis, 'source' | 'url'>): string | undefined {
  return one.from === undefined ? localOf(one, text) : `${one.from} ${one.importName}`;
}
