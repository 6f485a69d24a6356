/**
 * Methods, accessors and static fields that a class which stays the same otherwise has gained or lost. In: a live module and its
 * change; out: what puts them on the live class or takes them off it, and what takes that back. Instances that exist
 * have them from then on. A static field that comes back to an earlier text finds its value as it was.
 */
import { HotswapError } from '../../error.ts';
import type { HotFunction } from '../../loader/functions.ts';
import type { LiveModule, MadeBy, Scope } from '../../loader/live.ts';
import { lineOf, type Node } from '../../loader/parse.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { compareUnits, type Plan, type StaticField, type StaticPair } from '../plan/plan.ts';
import { classOf, type Unit, unitsOf } from '../plan/units.ts';
import { compiled } from './evaluation.ts';
import { classNumberIn, classScopeIn, keep, overlayOf } from './overlay.ts';
import type { Placed } from './toplevel.ts';
import { takeBack } from './undo.ts';

/** What a version has otherwise of classes that stay the same but for this. */
export interface Members extends Pick<Plan, 'moreMembers' | 'lessMembers' | 'statics'> {
  before: Analysis;
  after: Analysis;
  url: string;
}

/** How a class that is there compares with the text of one; undefined where no class is. @param made what it was made by */
export function comparedToMade(
  { base, keyword, passes }: MadeBy,
  analysis: Analysis,
  unit: Unit,
): (ReturnType<typeof compareUnits> & { before: Analysis }) | undefined {
  if (passes || classOf(unit) === undefined) return undefined;
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
  const undos = prepareMembers(module, { before, after, lessMembers, moreMembers, statics, url }).map(
    ({ run }) => run(),
  );
  return () => takeBack(undos);
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
  return byClass(change).map((members) => ({ at: members.at, run: prepareClass(module, members) }));
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
  const placeOf = ([, now]: StaticPair): number => now?.node.start ?? -1;
  for (const one of found.values()) one.statics.sort((a, b) => placeOf(a) - placeOf(b));
  return [...found.values()];
}

/** @returns does it, and gives what takes it back */
function prepareClass(module: LiveModule, change: Members): () => () => void {
  const { before, after, lessMembers, moreMembers, statics, url } = change;
  const made = moreMembers.map((hot) => ({ hot, make: compile(module, after, hot, url) }));
  const fields = statics.map(([was, now]) => ({
    was,
    now,
    make: now && compileField(module, after, now, url),
  }));
  return () => {
    const undos: (() => void)[] = [];
    const put = (on: object, key: PropertyKey, descriptor: PropertyDescriptor | undefined): void => {
      const was = Object.getOwnPropertyDescriptor(on, key);
      undos.push(() => define(on, key, was));
      define(on, key, descriptor);
    };
    for (const hot of lessMembers) {
      const key = keyIn(before, hot);
      const on = holderOf(module, hot);
      const was = Object.getOwnPropertyDescriptor(on, key);
      const other = hot.kind === 'getter' ? was?.set : hot.kind === 'setter' ? was?.get : undefined;
      const side = hot.kind === 'getter' ? 'get' : 'set';
      put(on, key, other === undefined ? undefined : ({ ...was, [side]: undefined } as PropertyDescriptor));
    }
    for (const { hot, make } of made) {
      const key = keyIn(after, hot);
      const on = holderOf(module, hot);
      const was = Object.getOwnPropertyDescriptor(on, key);
      const { get, set, ...rest } = Object.getOwnPropertyDescriptor(make(on), key) as PropertyDescriptor;
      const accessor = hot.kind === 'getter' ? { get, set: was?.set } : { set, get: was?.get };
      const isAccessor = hot.kind === 'getter' || hot.kind === 'setter';
      const whole = { ...(isAccessor ? accessor : rest), enumerable: false, configurable: true };
      put(on, key, whole as PropertyDescriptor);
    }
    try {
      for (const { was, now, make } of fields) putField(module, change, was, now, make, put);
    } catch (error) {
      takeBack(undos);
      throw error;
    }
    return () => takeBack(undos);
  };
}

/** Gives a live class a static field, or takes it off; what it held is kept for when its text comes back. */
function putField(
  module: LiveModule,
  { before, after }: Members,
  was: StaticField | undefined,
  now: StaticField | undefined,
  make: (() => PropertyDescriptor) | undefined,
  put: (on: object, key: PropertyKey, descriptor: PropertyDescriptor | undefined) => void,
): void {
  const { path, key } = (now ?? was) as StaticField;
  const on = classAt(module, path, (now ?? was)?.of)('this') as object;
  const { kept } = overlayOf(module);
  const placeIn = ({ plain }: Analysis, { node }: StaticField): string =>
    `static ${path}\n${plain.slice(node.start, node.end)}`;
  const held = Object.getOwnPropertyDescriptor(on, key);
  if (was !== undefined && held !== undefined) keep(kept, placeIn(before, was), held);
  if (now === undefined || make === undefined) put(on, key, undefined);
  else put(on, key, kept.get(placeIn(after, now)) ?? made(module, after, now, make));
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
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}: the new ${path} cannot be made, evaluating it failed: ${why}`,
      { module: module.url, path, line: lineOf(source, node.start), cause },
    );
  }
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
  return (on) => whole(Object.getPrototypeOf(on));
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
