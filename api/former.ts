/**
 * Instances of a module that another has succeeded. Node never lets go of them, and whoever imported one, or holds a function of
 * it, still does. In: an instance that is about to be one; out: what leads its exports to the instance that is live,
 * through the cells of its functions and its own variables.
 */
import { cellName } from '../loader/instrument.ts';
import { type LiveModule, type Refresh, valueIn } from '../loader/live.ts';
import { isGeneratorFunction } from '../node.ts';
import { analyse, defaultName } from './analysis.ts';
import { cellsOf, nativeOf } from './cells.ts';
import { type Exported, exportedLocals } from './exported.ts';
import { currentText } from './history.ts';
import { liveModules } from './module.ts';
import { setterOf } from './toplevel.ts';

/** Notes an instance that is about to be succeeded. @returns what, called after that, leads its exports to the live one */
export function succeeded(module: LiveModule): () => void {
  const text = currentText(module);
  const setters = new Map<string, (value: unknown) => void>();
  for (const one of exportedLocals(text)) {
    const local = localOf(one, text, module.url);
    const set = local === undefined ? undefined : setterFor(module, local);
    if (set !== undefined) setters.set(one.name, set);
  }
  module.formers.set(
    module.prefix,
    cellsOf(module).map((cell) => cell?.path),
  );
  const refresh: Refresh = (read) => {
    const now = currentText(module);
    for (const one of exportedLocals(now)) {
      const local = localOf(one, now, module.url);
      if (local !== undefined) setters.get(one.name)?.(read(local));
    }
  };
  return () => {
    if (setters.size > 0) module.facades.push(refresh);
    for (const set of module.facades) set((local) => valueIn(module, local));
  };
}

/** The function that a former instance's stands for now, by what its text calls. */
export function formerOf(text: string): { module: LiveModule; path: string } | undefined {
  const [, prefix = '', index] = /\b(hs\$[0-9a-z]{7,})\$(\d+)\b/.exec(text) ?? [];
  for (const module of liveModules()) {
    const path = module.formers.get(prefix)?.[Number(index)];
    if (path !== undefined) return { module, path };
  }
  return undefined;
}

function localOf({ name, local, from }: Exported, text: string, url: string): string | undefined {
  if (local !== undefined || from !== undefined || name !== 'default') return local;
  return defaultName(analyse(text, url)) ?? 'default';
}

/** What gives a name of this instance another value, for those who imported it; undefined where nothing can. */
function setterFor(module: LiveModule, local: string): ((value: unknown) => void) | undefined {
  const { prefix, overlay } = module;
  const cells: [name: string, generator: boolean][] = [];
  cellsOf(module).forEach((cell, index) => {
    if (cell?.path !== local) return;
    const { parent, generator } = nativeOf(module, cell);
    if (parent === undefined) cells.push([cellName(prefix, index), generator]);
  });
  if (cells.length > 0) {
    const globals = globalThis as unknown as Record<string, unknown>;
    return (value) => {
      if (typeof value !== 'function') return;
      // A generator's patch point hands on what the other one yields.
      for (const [name, generator] of cells)
        if (name in globals && globals[name] !== value && (!generator || isGeneratorFunction(value)))
          globals[name] = value;
    };
  }
  if (overlay?.names.has(local)) {
    const { values } = overlay;
    return (value) => {
      Object.defineProperty(values, local, { value, enumerable: true, configurable: true });
    };
  }
  return setterOf(module, local);
}
