/**
 * Whose an export is now, for who imported it before. In: a live module and the version that is to run; out: the value that each
 * export stands for, given to the variable that importers are bound to, or called by the function that they hold. A module that runs cannot
 * be given other bindings: where neither is possible they keep what they had, and the version says so.
 */
import { HotswapError } from '../../error.ts';
import { type LiveModule, nativeIn, valueIn } from '../../loader/live.ts';
import { isClass, lineOf } from '../../loader/parse.ts';
import { cellOf } from '../given/given.ts';
import type { Deferred } from '../history/history.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { type Exported, exportedLocals, localOf, sameExports } from '../plan/exported.ts';
import { givenBy, unitsOf } from '../plan/units.ts';
import { setterOf } from '../running/compile.ts';
import { checkImport, importFor, type Leads, type Wanted } from '../running/importing.ts';
import { keep, keptAs, nativesOf, overlayOf } from '../running/overlay.ts';
import { putsBack, takeBack } from '../running/undo.ts';

/** What must be done about exports, made ready. */
export interface Passing {
  /** refuses exports of others that there are not; undefined where it passes on nothing anew */
  check: ((leads: Leads) => Promise<void>) | undefined;
  /** specifiers of the modules that it passes on anew */
  imports: readonly string[];
  /** loads what importers are to get of others; undefined where that is nothing */
  load: ((leads: Leads) => Promise<void>) | undefined;
  /** gives importers' variables their values; returns what takes that back */
  run: () => () => void;
  deferred: Deferred[];
}

/** By module: what its exports stand for in the version that runs. */
const bindings = new WeakMap<LiveModule, (name: string) => unknown>();

/**
 * By the paths of functions that are exported: an export that is there still. Where the function's code is gone, calls of it go on to
 * what that stands for.
 */
export function heirsOf(before: Analysis, after: Analysis): Map<string, string> {
  const found = new Map<string, string>();
  if (before.source === after.source) return found;
  const now = exportedLocals(after.source, after.url);
  const passesAll = now.some(({ name }) => name === '*');
  const names = new Set(now.map(({ name }) => name));
  for (const one of exportedLocals(before.source, before.url)) {
    const local = localOf(one, before);
    const isStill = names.has(one.name) || (passesAll && one.name !== 'default');
    if (local !== undefined && isStill && !found.has(local)) found.set(local, one.name);
  }
  return found;
}

/** A function that calls what an export of a module stands for at that moment. */
export function heirOf(module: LiveModule, name: string): (...args: unknown[]) => unknown {
  return calling(module, name, () => bindings.get(module)?.(name));
}

/** A function that calls what a module imports under the name that it had: who holds a function that has moved to another file calls it there. */
export function importedAs(module: LiveModule, name: string): (...args: unknown[]) => unknown {
  return calling(module, name, () => valueIn(module, name));
}

function calling(module: LiveModule, name: string, read: () => unknown): (...args: unknown[]) => unknown {
  return function (this: unknown, ...args: unknown[]): unknown {
    const value = read();
    if (typeof value === 'function' && !isGone(module, value)) return Reflect.apply(value, this, args);
    throw new HotswapError(
      'ERR_HOTSWAP_REMOVED',
      `${module.url}#${name} is no function any more; rollback() or restore() brings it back`,
      { module: module.url, path: name },
    );
  };
}

// biome-ignore lint/complexity/noBannedTypes: any function at all
const gone = new WeakMap<Function, { path: string | undefined } | undefined>();

/** Whether a function's own code is gone, too, so that calling it would come back here. */
// biome-ignore lint/complexity/noBannedTypes: any function at all
function isGone(module: LiveModule, value: Function): boolean {
  if (!gone.has(value)) {
    const cell = cellOf(value);
    gone.set(value, cell?.url === module.url ? module.cells[cell.index] : undefined);
  }
  const cell = gone.get(value);
  return cell !== undefined && cell.path === undefined;
}

/**
 * Makes ready what importers are to get; undefined where they have it.
 * @param overlaid names of the version that live on the overlay @param hasHeirs whether some function's calls go on to an export
 */
export function preparePassing(
  module: LiveModule,
  before: Analysis,
  after: Analysis,
  overlaid: ReadonlySet<string>,
  hasHeirs: boolean,
): Passing | undefined {
  const isKnown = hasHeirs || bindings.has(module);
  if (!isKnown && overlaid.size === 0 && sameExports(before, after)) return undefined;
  const all = exportedLocals(after.source, after.url);
  const stars = all.filter(({ name }) => name === '*');
  const named = new Map(all.map((one) => [one.name, one]));
  const loaded = exportedLocals(module.source, module.url);
  const wanted = loaded.filter((one) => {
    const now = named.get(one.name);
    const slot = slotOf(one);
    const isThere = now === undefined ? one.name === 'default' || stars.length === 0 : slotOf(now) === slot;
    return slot !== undefined && (now === undefined ? !isThere : !isThere || overlaid.has(slot));
  });
  const passes = loaded.some(({ from }) => from !== undefined);
  // What the module was linked to when it was loaded is there, even where its file is no more.
  const isLinked = (one: Exported): boolean =>
    loaded.some(
      ({ name, from, importName }) => name === one.name && from === one.from && importName === one.importName,
    );
  const come = comeFrom(before, after).filter((one) => !isLinked(one));
  if (wanted.length === 0 && !isKnown && !passes && come.length === 0) return undefined;

  const namespaces = new Map<Exported, Record<string, unknown>>();
  const others = wanted.flatMap(({ name }) => sourcesOf(name));
  function sourcesOf(name: string): Exported[] {
    const now = named.get(name);
    return now === undefined ? stars : now.from === undefined ? [] : [now];
  }
  const read = (name: string): unknown => {
    const now = named.get(name);
    const local = now && localOf(now, after);
    if (local !== undefined)
      return overlaid.has(local) ? overlayOf(module).values[local] : nativeIn(module, local);
    for (const one of sourcesOf(name)) {
      const namespace = namespaces.get(one) ?? {};
      if (one.name !== '*') return one.importName === undefined ? namespace : namespace[one.importName];
      if (name in namespace) return namespace[name];
    }
    return undefined;
  };
  const importing = (one: Exported): [LiveModule, Wanted, number] => [
    module,
    { specifier: one.from as string, name: one.importName },
    lineOfExport(after, one),
  ];
  const check = async (leads: Leads): Promise<void> => {
    for (const one of new Set([...come, ...others])) await checkImport(...importing(one), leads);
  };
  const load = async (leads: Leads): Promise<void> => {
    for (const one of come) await checkImport(...importing(one), leads);
    for (const one of new Set(others)) namespaces.set(one, await importFor(...importing(one), leads));
  };
  const declared = new Set(unitsOf(after).flatMap((unit) => unit.names));
  const isFree = (slot: string): boolean =>
    nativesOf(module).get(slot)?.assignable === true && (!declared.has(slot) || overlaid.has(slot));
  /** a variable may have several names outside, of which it can lead one elsewhere */
  const slots = new Map<string, Exported>();
  for (const one of wanted) if (!slots.has(slotOf(one) as string)) slots.set(slotOf(one) as string, one);
  const run = (): (() => void) => {
    const undos: (() => void)[] = [];
    undos.push(putsBack(bindings, module));
    bindings.set(module, read);
    for (const [slot, { name }] of slots) if (isFree(slot)) undos.push(give(module, slot, name, read(name)));
    return () => takeBack(undos);
  };
  const deferred = loaded.flatMap((one): Deferred[] => {
    const reason = one.from === undefined ? whyKept(one) : whyPassed(one);
    return reason === undefined ? [] : [{ path: one.name, names: [], reason }];
  });
  return {
    check: come.length + others.length === 0 ? undefined : check,
    load: come.length + others.length === 0 ? undefined : load,
    imports: [...come, ...others].map(({ from }) => from as string),
    run,
    deferred,
  };

  /** Why neither the variable nor the function that importers have can lead to what the export is now; undefined where one does. */
  function whyKept(one: Exported): string | undefined {
    const slot = slotOf(one);
    if (slot === undefined || !wanted.includes(one)) return undefined;
    const first = slots.get(slot) as Exported;
    const [now, other] = [localNow(one.name), localNow(first.name)];
    const keeps = `who imported ${one.name} before keeps`;
    const restart = `a restart gives them ${now ?? one.name}`;
    if (first !== one && now !== other)
      return `who imported ${one.name} before gets what ${first.name} is, as the two were one; ${restart}`;
    if (isFree(slot)) return undefined;
    if (declared.has(slot) && !overlaid.has(slot))
      return `${keeps} ${slot}, which the module still has; ${restart}`;
    const natives = analyse(module.source, module.url).functions;
    const isFunction = natives.some(({ path, kind }) => path === slot && kind !== 'constructor');
    // What the function's name stands for now takes the calls of whoever holds it.
    const isTaken = slot !== now && after.functions.some(({ path }) => path === slot);
    if (isFunction && !isTaken && !holdsData(after, now)) return undefined;
    return `${keeps} what it was, as that cannot be set; ${restart}`;
  }

  /** The same of a name that was passed on of another module. */
  function whyPassed({ name, from, importName }: Exported): string | undefined {
    const now = named.get(name);
    if (name === '*' || now === undefined || (now.from === from && now.importName === importName))
      return undefined;
    return `who imported ${name} before keeps that of ${from}; a restart gives them ${now.from ?? localNow(name)}`;
  }

  function localNow(name: string): string | undefined {
    const now = named.get(name);
    return now && localOf(now, after);
  }
}

/** Whether an export of a version plainly stands for something that cannot be called as a function. */
export function isData(analysis: Analysis, name: string): boolean {
  const found = exportedLocals(analysis.source, analysis.url).find((one) => one.name === name);
  return holdsData(analysis, found && localOf(found, analysis));
}

/** Whether a name at the top level plainly stands for something that cannot be called as a function. */
function holdsData(analysis: Analysis, name: string | undefined): boolean {
  const unit = unitsOf(analysis).find((one) => name !== undefined && one.names.includes(name));
  const value = unit && givenBy(unit);
  return value !== undefined && (isClass(value) || /^(?:Object|Array)Expression$|Literal$/.test(value.type));
}

/** What a version passes on of other modules, and the one before did not. */
function comeFrom(before: Analysis, after: Analysis): Exported[] {
  const was = exportedLocals(before.source, before.url);
  return exportedLocals(after.source, after.url).filter(
    ({ from, importName }) =>
      from !== undefined && !was.some((one) => one.from === from && one.importName === importName),
  );
}

/** The variable that importers of a module as it was loaded are bound to; `default` for that of an expression, undefined for another module's. */
function slotOf({ name, local, from }: Exported): string | undefined {
  return local ?? (from === undefined && name === 'default' ? 'default' : undefined);
}

function lineOfExport({ source, program }: Analysis, { from }: Exported): number {
  const found = program.body.find(
    (one) => 'source' in one && one.source !== null && one.source.value === from,
  );
  return lineOf(source, found?.start ?? 0);
}

/** Gives a variable that is nobody's else any more what an export stands for. @returns takes it back */
function give(module: LiveModule, slot: string, name: string, value: unknown): () => void {
  const { made, kept } = overlayOf(module);
  const place = `native ${slot}`;
  const undo = putsBack(made, place);
  const held = nativeIn(module, slot);
  const set = setterOf(module, slot);
  const was = made.get(place) ?? nativesOf(module).get(slot);
  if (was !== undefined && !was.passes) keep(kept, keptAs(place, was), { value: held });
  made.set(place, {
    text: `export ${name}`,
    base: '',
    isClass: false,
    kind: undefined,
    keyword: '',
    homes: '',
    passes: true,
  });
  set?.(value);
  return () => {
    set?.(held);
    undo();
  };
}
