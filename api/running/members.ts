/**
 * Methods, accessors and static fields that a class which stays the same otherwise has gained or lost. In: a live module and its
 * change; out: what puts them on the live class or takes them off it, and what takes that back. Instances that exist
 * have them from then on. A static field that comes back to an earlier text finds its value as it was.
 */
import { HotswapError } from '../../error.ts';
import type { HotFunction } from '../../loader/functions.ts';
import { type LiveModule, type MadeBy, type Overlay, type Scope, valueIn } from '../../loader/live.ts';
import { lineOf, type Node } from '../../loader/parse.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { compareUnits, type Plan, type StaticField, type StaticPair } from '../plan/plan.ts';
import { classOf, type Unit, unitsOf } from '../plan/units.ts';
import { anchorOf } from './anchor.ts';
import { compiled } from './evaluation.ts';
import {
  classNumberIn,
  classScopeIn,
  keep,
  madeBy,
  madeIn,
  overlaidIn,
  overlayOf,
  placeOf,
} from './overlay.ts';
import { BUILT_IN } from './statics.ts';
import type { Placed } from './toplevel.ts';
import { putsBack, takeBack } from './undo.ts';

/** What a version has otherwise of classes that stay the same but for this. */
export interface Members extends Pick<Plan, 'moreMembers' | 'lessMembers' | 'statics'> {
  before: Analysis;
  after: Analysis;
  url: string;
}

/** How a class that is there compares with the text of one; undefined where no class is. @param made what it was made by */
export function comparedToMade(
  { base, keyword, isClass }: MadeBy,
  analysis: Analysis,
  unit: Unit,
): (ReturnType<typeof compareUnits> & { before: Analysis }) | undefined {
  if (!isClass || classOf(unit) === undefined) return undefined;
  const lead = unit.names[0] === 'default' ? 'export default' : keyword;
  const before = analyse(`${lead} ${base}`, analysis.url, 'the text of the class before');
  const [was] = unitsOf(before);
  if (was === undefined || classOf(was) === undefined) return undefined;
  return { ...compareUnits(before, was, analysis, { ...unit, more: [] }), before };
}

/** Gives a class that is there the members that its text has by now, and takes others off. @returns takes it back */
export function giveMembers(
  module: LiveModule,
  made: MadeBy,
  after: Analysis,
  unit: Unit,
  url: string,
): () => void {
  const compared = comparedToMade(made, after, unit);
  if (compared === undefined || !compared.isSame) return () => {};
  const { before, come, statics } = compared;
  const lessMembers = come.flatMap(([one]) => one ?? []);
  const moreMembers = come.flatMap(([, one]) => one ?? []);
  return prepareClass(module, { before, after, lessMembers, moreMembers, statics: inOrder(statics), url })();
}

/** Forgets under which texts a place held a class that has other members by now. */
export function forgetTexts(kept: Overlay['kept'], place: string, value: unknown): void {
  for (const [key, held] of kept) if (held.value === value && key.startsWith(`${place}\n`)) kept.delete(key);
}

/** One class's members, with those of the class that it was. */
interface ClassMembers extends Members {
  /** offset of the class */
  at: number;
}

/**
 * What is done to each class, where it stands in the text: what is gone is taken off, methods are put on, and static fields are
 * evaluated in source order.
 * @throws ERR_HOTSWAP_SYNTAX for what the engine refuses
 */
export function prepareMembers(module: LiveModule, change: Members): Placed[] {
  return byClass(change).map((members) => {
    const give = prepareClass(module, members);
    const run = (): (() => void) => {
      const undos = [give()];
      undos.push(noteMembers(module, members));
      return () => takeBack(undos);
    };
    return { at: members.at, run };
  });
}

/** Notes that a class is what its text says by now, and no longer what it was made by. @returns takes it back */
function noteMembers(module: LiveModule, { after, at }: ClassMembers): () => void {
  const unit = unitsOf(after).find((one) => classOf(one)?.start === at);
  const [name] = unit?.names ?? [];
  if (unit === undefined || name === undefined) return () => {};
  const { made, kept } = overlayOf(module);
  const overlaid = overlaidIn(module, after);
  const was = madeIn(module, name, overlaid);
  if (was === undefined || was.passes) return () => {};
  const place = placeOf(name, overlaid);
  const value = valueIn(module, name, overlaid);
  const undo = putsBack(made, place);
  forgetTexts(kept, place, value);
  made.set(place, { ...madeBy(after, unit, overlaid), homes: was.homes });
  return undo;
}

function byClass(change: Members): ClassMembers[] {
  const { after, lessMembers, moreMembers, statics } = change;
  const found = new Map<string, ClassMembers>();
  const of = (path: string | undefined): ClassMembers => {
    const key = path ?? '';
    const at = after.classes.find((one) => one.path === path)?.node.start ?? 0;
    const one = found.get(key) ?? { ...change, at, lessMembers: [], moreMembers: [], statics: [] };
    found.set(key, one);
    return one;
  };
  for (const hot of lessMembers) of(hot.memberOf?.path).lessMembers.push(hot);
  for (const hot of moreMembers) of(hot.memberOf?.path).moreMembers.push(hot);
  for (const pair of statics) of((pair[1] ?? pair[0])?.of).statics.push(pair);
  for (const one of found.values()) one.statics = inOrder(one.statics);
  return [...found.values()];
}

/** Static fields in source order, those that are gone first. */
function inOrder(statics: readonly StaticPair[]): StaticPair[] {
  const at = ([, now]: StaticPair): number => now?.node.start ?? -1;
  return [...statics].sort((a, b) => at(a) - at(b));
}

/** @returns does it, and gives what takes it back */
function prepareClass(module: LiveModule, change: Members): () => () => void {
  const { before, after, lessMembers, moreMembers, statics, url } = change;
  const methods = moreMembers.map((hot) => ({ hot, make: compile(module, after, hot, url) }));
  const fields = statics.flatMap(([was, now]) =>
    now === undefined ? [] : [{ was, now, make: compileField(module, after, now, url) }],
  );
  return () => {
    const undos: (() => void)[] = [];
    const put: Put = (on, key, descriptor) => {
      const was = Object.getOwnPropertyDescriptor(on, key);
      undos.push(() => define(on, key, was));
      define(on, key, descriptor);
    };
    try {
      for (const hot of lessMembers) takeOff(module, before, hot, put);
      for (const [was, now] of statics) if (was) takeFieldOff(module, before, was, now, put);
      for (const { hot, make } of methods) putOn(module, after, hot, make, put);
      for (const { hot } of methods) undos.push(inTextOrder(holderOf(module, hot), hot));
      for (const { was, now, make } of fields) {
        if (was === undefined) keepGiven(module, now);
        putField(module, after, now, make, put);
      }
    } catch (error) {
      takeBack(undos);
      throw error;
    }
    return () => takeBack(undos);
  };
}

/** Gives a class or its prototype a property; undefined: takes it off. */
type Put = (on: object, key: PropertyKey, descriptor: PropertyDescriptor | undefined) => void;

/** Where it is kept what a class was given under a key from outside, while a member of that name hides it. */
function givenAs(path: string): string {
  return `given ${path}`;
}

/** Takes a method or accessor off; what a statement gave the class there (`S.parse = …`) is there again. */
function takeOff(module: LiveModule, before: Analysis, hot: HotFunction, put: Put): void {
  const key = keyIn(before, hot);
  const on = holderOf(module, hot);
  const was = Object.getOwnPropertyDescriptor(on, key);
  const other = hot.kind === 'getter' ? was?.set : hot.kind === 'setter' ? was?.get : undefined;
  const side = hot.kind === 'getter' ? 'get' : 'set';
  if (other === undefined) put(on, key, overlayOf(module).kept.get(givenAs(hot.path)));
  else put(on, key, { ...was, [side]: undefined });
}

function putOn(
  module: LiveModule,
  after: Analysis,
  hot: HotFunction,
  make: (on: object) => object,
  put: Put,
): void {
  const key = keyIn(after, hot);
  const on = holderOf(module, hot);
  const was = Object.getOwnPropertyDescriptor(on, key);
  if (was !== undefined && 'value' in was) keep(overlayOf(module).kept, givenAs(hot.path), was);
  const { get, set, ...rest } = Object.getOwnPropertyDescriptor(make(on), key) as PropertyDescriptor;
  const accessor = hot.kind === 'getter' ? { get, set: was?.set } : { set, get: was?.get };
  const isAccessor = hot.kind === 'getter' || hot.kind === 'setter';
  const whole = { ...(isAccessor ? accessor : rest), enumerable: false, configurable: true };
  put(on, key, whole as PropertyDescriptor);
}

/** Takes a static field off a live class, unless it is given another value; what it held is kept for when its text comes back. */
function takeFieldOff(
  module: LiveModule,
  before: Analysis,
  was: StaticField,
  now: StaticField | undefined,
  put: Put,
): void {
  const on = classAt(module, was.path, was.of)('this') as object;
  const { kept } = overlayOf(module);
  const held = Object.getOwnPropertyDescriptor(on, was.key);
  if (held !== undefined) keep(kept, fieldAs(before, was), held);
  if (now === undefined) put(on, was.key, kept.get(givenAs(was.path)));
}

/** Keeps what a class was given from outside under the key of a field that comes. */
function keepGiven(module: LiveModule, { path, key, of }: StaticField): void {
  const given = Object.getOwnPropertyDescriptor(classAt(module, path, of)('this') as object, key);
  if (given !== undefined) keep(overlayOf(module).kept, givenAs(path), given);
}

/** Gives a live class a static field: what it held under this text, or what that makes. */
function putField(
  module: LiveModule,
  after: Analysis,
  now: StaticField,
  make: () => PropertyDescriptor,
  put: Put,
): void {
  const { path, key, of } = now;
  const on = classAt(module, path, of)('this') as object;
  const { kept } = overlayOf(module);
  put(on, key, kept.get(fieldAs(after, now)) ?? made(module, after, now, make));
}

/** What a static field held under a text, as a key. */
function fieldAs({ plain }: Analysis, { path, node }: StaticField): string {
  return `static ${path}\n${plain.slice(node.start, node.end)}`;
}

/** What a static field is to hold. @throws ERR_HOTSWAP_STRUCTURAL where its initialiser throws */
function made(
  module: LiveModule,
  { source }: Analysis,
  { path, node }: StaticField,
  make: () => PropertyDescriptor,
): PropertyDescriptor {
  try {
    return make();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const line = lineOf(source, node.start);
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}: the new ${path} in line ${line} cannot be made, evaluating it failed: ${why}`,
      { module: module.url, path, line, cause },
    );
  }
}

/** Gives what has a new method its properties in the order in which the class's text has them. @returns takes it back */
function inTextOrder(on: object, { memberOf, isStatic }: HotFunction): () => void {
  const members = memberOf?.node.body.body ?? [];
  if (members.some((one) => 'computed' in one && one.computed)) return () => {};
  const keys = (type: RegExp): PropertyKey[] =>
    members.flatMap((one) => {
      if (!('key' in one) || one.static !== isStatic || !type.test(one.type)) return [];
      const { key } = one;
      return key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : [];
    });
  const was = Reflect.ownKeys(on);
  const declared = [...keys(/^Method/), ...(isStatic ? keys(/^Property/) : [])];
  const built = was.filter((key) => BUILT_IN.has(key));
  reorder(on, [...new Set([...built, ...declared.filter((key) => was.includes(key as string)), ...was])]);
  return () => reorder(on, was);
}

/** Takes properties off from the first that is not where it is to be, and puts them on again. */
function reorder(on: object, order: readonly PropertyKey[]): void {
  const now = Reflect.ownKeys(on);
  const keys = order.filter((key) => now.includes(key as string));
  const first = keys.findIndex((key, i) => key !== now[i]);
  const late = first < 0 ? [] : keys.slice(first);
  const properties = late.map((key) => Object.getOwnPropertyDescriptor(on, key) as PropertyDescriptor);
  if (properties.some(({ configurable }) => !configurable) || !Object.isExtensible(on)) return;
  for (const key of late) Reflect.deleteProperty(on, key);
  late.forEach((key, i) => {
    Object.defineProperty(on, key, properties[i] as PropertyDescriptor);
  });
}

function define(on: object, key: PropertyKey, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor === undefined) Reflect.deleteProperty(on, key);
  else Object.defineProperty(on, key, descriptor);
}

function keyIn({ source }: Analysis, { owner }: HotFunction): string {
  const key = (owner as NonNullable<HotFunction['owner']>).key;
  if (key.type === 'Identifier') return key.name;
  return key.type === 'Literal' ? String(key.value) : source.slice(key.start, key.end);
}

/** The live class, or its prototype. @throws ERR_HOTSWAP_STRUCTURAL where it has not been evaluated */
function holderOf(module: LiveModule, { memberOf, isStatic, path }: HotFunction): object {
  const itself = classAt(module, path, memberOf?.path)('this') as { prototype: object };
  return isStatic ? itself : itself.prototype;
}

/** The scope of the class of a member. @throws ERR_HOTSWAP_STRUCTURAL where it has not been evaluated */
function classAt(module: LiveModule, path: string, of: string | undefined): Scope {
  const scope = of === undefined ? undefined : classScopeIn(module, of);
  if (scope !== undefined) return scope;
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${module.url}#${path} cannot be made yet: its class has not been evaluated`,
    { module: module.url, path },
  );
}

/** A method's code, as a function that makes an object with it, whose prototype is where `super` looks. */
function compile(
  module: LiveModule,
  analysis: Analysis,
  hot: HotFunction,
  url: string,
): (on: object) => object {
  const whole = evaluatedAs(module, analysis, hot, hot, hot.memberOf?.path, url);
  return (on) => whole(anchorOf(on));
}

/** A static field's value, as a function that makes its property. */
function compileField(
  module: LiveModule,
  analysis: Analysis,
  field: StaticField,
  url: string,
): () => PropertyDescriptor {
  const { value } = field.node;
  if (value === null)
    return () => ({ value: undefined, writable: true, enumerable: true, configurable: true });
  // `super` in an initialiser is that of the class itself, and `this` is the class (ECMA-262 15.7.10).
  const place = { start: value.start, end: value.end };
  const whole = evaluatedAs(module, analysis, field, place, field.of, url, field.key);
  return () => {
    const found = Object.getOwnPropertyDescriptor(whole(Object.prototype), field.key);
    return found as PropertyDescriptor;
  };
}

/** A piece of a class's text, as a function that makes an object of it: a member, or the value under a key. */
function evaluatedAs(
  module: LiveModule,
  analysis: Analysis,
  { path, node }: { path: string; node: Node },
  place: Pick<Node, 'start' | 'end'>,
  of: string | undefined,
  url: string,
  key?: string,
): (home: object | null) => object {
  const number = of === undefined ? undefined : classNumberIn(module, of);
  const name = key === undefined ? '' : `[${JSON.stringify(key)}]:`;
  return compiled({
    module,
    analysis,
    nodes: [node],
    places: [place],
    path,
    scope: of === undefined ? undefined : classScopeIn(module, of),
    params: ['hs$home'],
    body: (text, cells) => {
      for (const cell of cells) if (number !== undefined) cell.home = number;
      return [`({__proto__:hs$home,${name}`, `${text.slice(place.start, place.end)}})`];
    },
    url,
  }) as (home: object | null) => object;
}
