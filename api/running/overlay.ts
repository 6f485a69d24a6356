/**
 * Where each name at a module's top level lives. In: a live module and the analysis of a version; out: which names live on the
 * module's *overlay*, an object whose properties stand for variables that cannot be added to a module that runs, or cannot
 * be given another value: evaluated code refers to them there. All others are the module's own variables.
 */
import { freedNames } from '../../loader/instrument.ts';
import type { Held, LiveModule, MadeBy, Overlay, Scope } from '../../loader/live.ts';
import { type ClassNode, isClass, isFunction, type Node } from '../../loader/parse.ts';
import type { Reference } from '../../loader/scopes.ts';
import { type Analysis, analyse, partAround } from '../plan/analysis.ts';
import { exportedLocals, localOf } from '../plan/exported.ts';
import { compareUnits } from '../plan/plan.ts';
import { putNewest } from '../plan/recent.ts';
import {
  alignedInPlace,
  classOf,
  givenBy,
  type Imported,
  kindOf,
  kindOfFunction,
  nameByDefault,
  textOfUnit,
  type Unit,
  unitsOf,
} from '../plan/units.ts';

const NONE: ReadonlySet<string> = new Set();

/** A name that the module was evaluated with. */
interface Native extends MadeBy {
  /** whether running code can give it another value */
  assignable: boolean;
}

/** By the cells of an instance, which no other has. */
const natives = new WeakMap<LiveModule['cells'], Map<string, Native>>();

/** The names that the module was evaluated with. Keeps no trees. */
export function nativesOf(module: LiveModule): Map<string, Native> {
  let found = natives.get(module.cells);
  if (found === undefined) {
    found = new Map();
    const analysis = analyse(module.source, module.url);
    const freed = freedNames(analysis.plain, analysis.program);
    for (const unit of unitsOf(analysis)) {
      const made = madeBy(analysis, unit, NONE);
      for (const name of unit.names)
        found.set(name, { ...made, assignable: freed.has(name) || isAssignable(unit) });
    }
    natives.set(module.cells, found);
  }
  return found;
}

function isAssignable(unit: Unit): boolean {
  const { type } = unit.node;
  if (unit.names[0] === 'default') return false;
  const kind = kindOf(unit);
  return /^(?:Function|Class|TSEnum|TSModule)Declaration$/.test(type) || kind === 'let' || kind === 'var';
}

/** What a unit makes its names by. @param overlaid names of the version that live on the overlay */
export function madeBy(analysis: Analysis, unit: Unit, overlaid: ReadonlySet<string>): MadeBy {
  const value = givenBy(unit);
  const name = nameByDefault(unit);
  const named = name === undefined ? undefined : unitsOf(analysis).find(({ names }) => names.includes(name));
  const text = textOfUnit(analysis, unit);
  return {
    text: named === undefined ? text : `${text}\n${textOfUnit(analysis, named)}`,
    base: textOfUnit(analysis, { ...unit, more: [] }),
    isClass: isClass(value),
    kind: isFunction(value) ? kindOfFunction(value) : undefined,
    keyword: kindOf(unit) ?? '',
    homes: isClass(value) ? namesInFields(analysis, value, overlaid).join() : '',
  };
}

/** Values that are kept of variables that were given something else, a module. */
const KEPT = 16;

/** Keeps what a name held under a text; the oldest goes where there are many. */
export function keep(kept: Map<string, Held>, key: string, held: Held): void {
  putNewest(kept, key, held, KEPT);
}

/** What is kept of a variable that a unit made, as a key. */
export function keptAs(place: string, { text, homes }: Pick<MadeBy, 'text' | 'homes'>): string {
  return `${place}\n${homes}\n${text}`;
}

/** Where a name of a version lives, as a key. */
export function placeOf(name: string, overlaid: ReadonlySet<string>): string {
  return `${overlaid.has(name) ? 'overlay' : 'native'} ${name}`;
}

/** What the variable behind a name was made by. */
export function madeIn(module: LiveModule, name: string, overlaid: ReadonlySet<string>): MadeBy | undefined {
  const made = module.overlay?.made.get(placeOf(name, overlaid));
  return made ?? (overlaid.has(name) ? undefined : nativesOf(module).get(name));
}

/**
 * Where a use of a name leads that is no variable of the module as it runs: `n` on the overlay, or `global n`, which one of the
 * module's variables hides that the version does not have. Undefined for all other uses.
 */
export function homeOf({ key, kind, scope }: Reference, overlaid: ReadonlySet<string>): string | undefined {
  if (overlaid.size === 0 || kind !== 'variable') return undefined;
  if (scope !== undefined && (!scope.handedOver || scope.parent !== undefined)) return undefined;
  return overlaid.has(key) ? key : overlaid.has(`global ${key}`) ? `global ${key}` : undefined;
}

/** Whether a use of a name leads elsewhere than its text alone would. */
export function isOverlaid(reference: Reference, overlaid: ReadonlySet<string>): boolean {
  return homeOf(reference, overlaid) !== undefined;
}

/**
 * Names on the overlay that a class reads in what it gives the fields of its instances, sorted. That is code of no
 * function, which runs whenever an instance is made, and is what it was when the class was.
 */
export function namesInFields(
  analysis: Analysis,
  { body }: ClassNode,
  overlaid: ReadonlySet<string>,
): string[] {
  const values = body.body.flatMap((member) =>
    member.type === 'PropertyDefinition' && !member.static ? (member.value ?? []) : [],
  );
  if (overlaid.size === 0 || values.length === 0) return [];
  const { references, functions } = partAround(analysis, body);
  const isIn = ({ start, end }: Node, all: readonly { start: number; end: number }[]): boolean =>
    all.some((one) => one.start <= start && one.end >= end);
  const uses = references.filter(({ node }) => isIn(node, values) && !isIn(node, functions));
  return [...new Set(uses.flatMap((one) => homeOf(one, overlaid) ?? []))].sort();
}

/** What an import of a namespace says, as a key. */
export function importKey({ specifier, name }: Imported): string {
  return `${name} ${specifier}`;
}

/** Which of the namespaces that an import has stood for it is made by, as `MadeBy.homes`; empty for the first. */
export function namespaceOf({ overlay }: LiveModule, imported: Imported): string {
  const times = overlay?.namespaces.get(importKey(imported));
  return times === undefined ? '' : `${times}`;
}

interface Overlaid {
  cells: LiveModule['cells'];
  /** how many imports led to other namespaces then */
  namespaces: number;
  names: ReadonlySet<string>;
}

const overlaid = new WeakMap<Analysis, Overlaid>();

/**
 * The names of a version that live on the overlay: those that the module was not evaluated with, constants that are
 * made otherwise now, the code of functions in them aside, what is imported by now, and namespaces that have become others. With
 * them, as `global n`, those that the version has no more: the module's variable must not hide a global of the name
 * (`import fetch from './fetch.js'`, removed).
 */
export function overlaidIn(module: LiveModule, analysis: Analysis): ReadonlySet<string> {
  const namespaces = module.overlay?.namespaces.size ?? 0;
  if (analysis.source === module.source && namespaces === 0) return NONE;
  const known = overlaid.get(analysis);
  if (known?.cells === module.cells && known.namespaces === namespaces) return known.names;
  const native = nativesOf(module);
  const before = analyse(module.source, module.url);
  const inPlace = alignedInPlace(before, analysis)?.map(([, unit]) => unit as Unit);
  let found: Set<string> | undefined;
  for (const unit of inPlace ?? unitsOf(analysis)) {
    for (const name of unit.names) {
      const was = native.get(name);
      const isVariable = was?.assignable && unit.imported === undefined; // an import is read anew each time
      if (was !== undefined && (isVariable || was.text === textOfUnit(analysis, unit))) continue;
      if (was === undefined || !isSame(before, name, analysis, unit)) (found ??= new Set()).add(name);
    }
  }
  for (const { names, imported } of namespaces > 0 ? unitsOf(analysis) : [])
    if (imported !== undefined && module.overlay?.namespaces.has(importKey(imported)))
      for (const name of names) (found ??= new Set()).add(name);
  if (inPlace === undefined) {
    for (const name of before.top.variables.keys())
      if (!analysis.top.variables.has(name)) (found ??= new Set()).add(`global ${name}`);
  }
  if (found !== undefined) addClasses(module, analysis, found);
  const names = found ?? NONE;
  overlaid.set(analysis, { cells: module.cells, namespaces, names });
  return names;
}

/** Adds constants that are classes and are made anew because of the names found so far. */
function addClasses(module: LiveModule, analysis: Analysis, found: Set<string>): void {
  const native = nativesOf(module);
  const constants = unitsOf(analysis).filter(
    (unit) =>
      native.get(unit.names[0] as string)?.assignable === false && followsFields(module, analysis, unit),
  );
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const unit of constants)
      if (namesInFields(analysis, classOf(unit) as ClassNode, found).length > 0)
        found.add(unit.names[0] as string);
  }
}

/**
 * Whether a class is made anew where only what its fields are given lives elsewhere now. Instances of one with #private names would
 * be left behind, and so would who imported one that nothing can lead to another.
 */
export function followsFields(module: LiveModule, analysis: Analysis, unit: Unit): boolean {
  const node = classOf(unit);
  if (node === undefined || leavesBehind(node)) return false;
  const [name = ''] = unit.names;
  if (nativesOf(module).get(name)?.assignable !== false) return true;
  return !exportedLocals(analysis.source, analysis.url).some((one) => localOf(one, analysis) === name);
}

/** Whether a unit makes what the module was evaluated with, up to its functions. */
function isSame(before: Analysis, name: string, analysis: Analysis, unit: Unit): boolean {
  const was = unitsOf(before).find((one) => one.names.includes(name)) as Unit;
  return compareUnits(before, was, analysis, unit).isSame;
}

/** The global variables, to be read and assigned to as by their names alone (ECMA-262 9.1.1.4). */
const globals: object = new Proxy(globalThis, {
  get: (target, key) => Reflect.get(existing(target, key), key),
  set: (target, key, value) => Reflect.set(existing(target, key), key, value),
});

function existing(target: object, key: PropertyKey): object {
  if (key in target) return target;
  throw new ReferenceError(`${String(key)} is not defined`);
}

/** The overlay of a module, made when it is first needed. */
export function overlayOf(module: LiveModule): Overlay {
  module.overlay ??= {
    values: Object.create(null, { hs$g: { value: globals }, hs$t: { value: globalThis } }),
    names: NONE,
    made: new Map(),
    namespaces: new Map(),
    kept: new Map(),
    ran: new Set(),
    classes: new Map(),
    nextClass: analyse(module.source, module.url).classes.length,
    succeeded: new WeakMap(),
    privates: new Map(),
    brands: new Map(),
  };
  return module.overlay;
}

/** The scope of a class at the top level, by its path; undefined where it has not been evaluated. */
export function classScopeIn(module: LiveModule, path: string): Scope | undefined {
  const number = classNumberIn(module, path);
  return number === undefined ? undefined : module.classScopes[number];
}

/** The number by which the class of this path has handed over its scope. */
export function classNumberIn(module: LiveModule, path: string): number | undefined {
  const made = module.overlay?.classes.get(path);
  if (made !== undefined) return made;
  const native = analyse(module.source, module.url).classes.findIndex((one) => one.path === path);
  return native < 0 ? undefined : native;
}

/** The #private names of a class that has handed over its scope by this number, without `#`. */
export function privatesOf(module: LiveModule, number: number): ReadonlySet<string> {
  const made = module.overlay?.privates.get(number);
  if (made !== undefined) return made;
  const native = analyse(module.source, module.url).classes[number];
  return native === undefined ? NONE : privateNames(native.node);
}

/** The #private names that a class declares, without `#`. */
export function privateNames({ body }: ClassNode): Set<string> {
  return new Set(
    body.body.flatMap((member) =>
      'key' in member && member.key.type === 'PrivateIdentifier' ? [member.key.name] : [],
    ),
  );
}

/** A #private name that each instance has of a class that has handed over its scope by this number, without `#`. */
export function instancePrivateOf(module: LiveModule, number: number): string | undefined {
  const made = module.overlay?.brands.get(number);
  if (made !== undefined) return made;
  const native = analyse(module.source, module.url).classes[number];
  return native && instancePrivate(native.node);
}

export function instancePrivate({ body }: ClassNode): string | undefined {
  for (const member of body.body)
    if ('key' in member && member.key.type === 'PrivateIdentifier' && !member.static) return member.key.name;
  return undefined;
}

/** Whether instances of what a class takes the place of are none of it: it has #private names, which only its own have. */
export function leavesBehind(node: ClassNode): boolean {
  return privateNames(node).size > 0;
}

/** The path of the class that handed over a scope by this number. */
export function classPathIn(module: LiveModule, number: number): string | undefined {
  const native = analyse(module.source, module.url).classes[number];
  if (native !== undefined) return native.path;
  for (const [path, made] of module.overlay?.classes ?? []) if (made === number) return path;
  return undefined;
}

/** What a call of a name on the overlay goes through, so that the overlay is not its `this`. */
export function same<T>(value: T): T {
  return value;
}
