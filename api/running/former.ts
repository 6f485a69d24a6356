/**
 * Instances of a module that another has succeeded. Node never lets go of them, and whoever imported one, or holds a function of
 * it, still does. In: an instance that is about to be one; out: what leads its exports to the instance that is live,
 * through the cells of its functions and its own variables.
 */

import { openGate } from '../../loader/gates.ts';
import { type Forward, type LiveModule, type Refresh, valueIn } from '../../loader/live.ts';
import { CELL_NAME, cellName } from '../../loader/names.ts';
import { isMade } from '../../loader/patch.ts';
import { isGeneratorFunction } from '../../node.ts';
import { currentText } from '../history/history.ts';
import { liveModules } from '../modules/module.ts';
import { exportedLocals, localOf } from '../plan/exported.ts';
import { cellsOf, nativeOf } from './cells.ts';
import { setterOf } from './compile.ts';
import { showEdits } from './shown.ts';

/** Notes an instance that is about to be succeeded. @returns what, called after that, leads its exports to the live one */
export function succeeded(module: LiveModule): () => void {
  const { prefix, cells } = module;
  const setters = new Map<string, (value: unknown) => void>();
  const begin: (() => void)[] = [];
  for (const [name, local] of localsOf(module)) {
    if (local === undefined) continue;
    const found = cellsFor(module, local);
    if (found === undefined) {
      const set = setterFor(module, local);
      if (set !== undefined) setters.set(name, set);
      continue;
    }
    const forward = forwardFor(module, name, found.generator);
    begin.push(() => {
      showEdits();
      openGate({ prefix, cells });
      for (const [cell, made] of found.cells)
        (globalThis as unknown as Record<string, unknown>)[cell] = made ? () => forward.call : forward.call;
    });
  }
  module.formers.set(
    module.prefix,
    cellsOf(module).map((cell) => cell?.path),
  );
  return () => {
    if (setters.size > 0) module.facades.push(refresher(module, setters));
    const known = new Map<string, unknown>();
    const read = (local: string): unknown => {
      if (!known.has(local)) known.set(local, valueIn(module, local));
      return known.get(local);
    };
    for (const refresh of module.facades) refresh(read);
    for (const [name, local] of localsOf(module)) {
      const value = local === undefined ? undefined : read(local);
      if (typeof value !== 'function') continue;
      forwardFor(module, name, false).target = value;
      // A generator's patch point hands on what the other one yields.
      if (isGeneratorFunction(value)) forwardFor(module, name, true).target = value;
    }
    for (const one of begin) one();
  };
}

/** Gives the variables of one former instance the values of the live one. */
function refresher(module: LiveModule, setters: ReadonlyMap<string, (value: unknown) => void>): Refresh {
  return (read) => {
    const now = localsOf(module);
    for (const [name, set] of setters) {
      const local = now.get(name);
      if (local !== undefined) set(read(local, undefined));
    }
  };
}

function forwardFor({ forwards }: LiveModule, name: string, generator: boolean): Forward {
  const key = `${generator ? '*' : ''}${name}`;
  const known = forwards.get(key);
  if (known !== undefined) return known;
  const forward: Forward = {
    target() {},
    call: function (this: unknown, ...args: unknown[]) {
      const { target } = forward;
      return new.target === undefined
        ? Reflect.apply(target, this, args)
        : Reflect.construct(target, args, new.target);
    },
  };
  forwards.set(key, forward);
  return forward;
}

type Locals = ReadonlyMap<string, string | undefined>;
let recent: { text: string; url: string; locals: Locals } | undefined;

/** The exports of the version that runs, each with the variable behind it, where it is the module's own. */
function localsOf(module: LiveModule): Locals {
  const text = currentText(module);
  const { url } = module;
  if (recent?.text !== text || recent.url !== url) {
    const entries = exportedLocals(text, url).map((one): [string, string | undefined] => [
      one.name,
      localOf(one, { source: text, url }),
    ]);
    recent = { text, url, locals: new Map(entries) };
  }
  return recent.locals;
}

/** The function that a former instance's stands for now, by what its text calls. */
export function formerOf(text: string): { module: LiveModule; path: string } | undefined {
  const [, prefix = '', index] = CELL_NAME.exec(text) ?? [];
  for (const module of liveModules()) {
    const path = module.formers.get(prefix)?.[Number(index)];
    if (path !== undefined) return { module, path };
  }
  return undefined;
}

/** The cells of the function at the top level that a variable holds, with `isMade` of each; undefined where it holds none. */
function cellsFor(
  module: LiveModule,
  local: string,
): { cells: [name: string, made: boolean][]; generator: boolean } | undefined {
  const cells: [name: string, made: boolean][] = [];
  let generator = false;
  cellsOf(module).forEach((cell, index) => {
    if (cell?.path !== local) return;
    const hot = nativeOf(module, cell);
    if (hot.parent !== undefined) return;
    cells.push([cellName(module.prefix, index), isMade(hot, cell.slots)]);
    generator ||= hot.generator;
  });
  return cells.length === 0 ? undefined : { cells, generator };
}

/** What gives a name of this instance another value, for those who imported it; undefined where nothing can. */
function setterFor(module: LiveModule, local: string): ((value: unknown) => void) | undefined {
  const { overlay } = module;
  if (!overlay?.names.has(local)) return setterOf(module, local);
  const { values } = overlay;
  return (value) => {
    Object.defineProperty(values, local, { value, enumerable: true, configurable: true });
  };
}
