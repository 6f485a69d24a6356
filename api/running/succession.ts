/**
 * What becomes of those who hold on to a class that is made anew. In: the class that ran and the one that takes its place; out: that has its
 * static state, its instances are what the other makes of them, and the classes that extend it extend the other, until that is taken back.
 */
import type { LiveModule } from '../../loader/live.ts';
import { isGeneratorFunction } from '../../node.ts';
import { liveModules } from '../modules/module.ts';
import { hangOn } from './anchor.ts';
import { instancePrivateOf, leavesBehind } from './overlay.ts';
import { handOnStatics, type MadeClass } from './statics.ts';
import { putsBack, takeBack } from './undo.ts';

type Succeeded = NonNullable<LiveModule['overlay']>['succeeded'];

/**
 * Lets a class take the place of what its name stood for. Instances that have #private names stay what they are.
 * @param members gives it those of its text, where it was there before; must be once it has its own, and before it is handed others
 * @param undos get what takes each step back
 */
export function takePlace(
  succeeded: Succeeded,
  before: MadeClass | { value: unknown },
  after: MadeClass,
  members: (() => () => void) | undefined,
  undos: (() => void)[],
): void {
  const [from, to] = [before.value, after.value];
  if (hasPrototype(to)) undos.push(comeBack(succeeded, to));
  if (members !== undefined) undos.push(members());
  if ('node' in before) undos.push(handOnStatics(before, after));
  // An arrow or an async function has no prototype that instances hang on.
  if (!hasPrototype(from) || !hasPrototype(to) || from === to) return;
  const isLeft = leavesBehind(after.node) || needsMore(from, to);
  if (!isLeft) undos.push(succeed(succeeded, from, to));
  undos.push(inherit(from, to, isLeft));
}

/**
 * Lets a function take the place of a class. Instances are what it makes of them where they were before: whether it is one that
 * makes any, its text does not tell.
 */
export function takePlaceAsFunction(
  succeeded: Succeeded,
  before: MadeClass,
  to: unknown,
  undos: (() => void)[],
): void {
  const from = before.value;
  if (from === to || !hasPrototype(from) || !hasPrototype(to)) return;
  const isConstructor = Reflect.ownKeys(succeeded.get(to)?.own ?? {}).length > 0;
  undos.push(comeBack(succeeded, to));
  if (isConstructor) undos.push(succeed(succeeded, from, to));
  undos.push(inherit(from, to, !isConstructor));
}

/** Whether a class extends one whose #private names instances of another have not, as that one does not extend it. */
function needsMore(from: object, to: object): boolean {
  const known = new Set(heritageOf(from));
  return heritageOf(to).some((one) => !known.has(one) && brandOf(one) !== undefined);
}

/** What a class extends, and what that does, as far as it is classes. */
function heritageOf(value: object): Constructor[] {
  const found: Constructor[] = [];
  for (let at = Object.getPrototypeOf(value); hasPrototype(at); at = Object.getPrototypeOf(at))
    found.push(at);
  return found;
}

/** Whether an instance was made by a class, as far as #private names tell; undefined where instances of it have none. */
function brandOf(value: Constructor): ((instance: unknown) => boolean) | undefined {
  if (brands.has(value)) return brands.get(value);
  let found: ((instance: unknown) => boolean) | undefined;
  for (const module of liveModules()) {
    const number = module.classScopes.findIndex((scope) => scope?.('this') === value);
    const name = number < 0 ? undefined : instancePrivateOf(module, number);
    if (name !== undefined)
      found = module.classScopes[number]?.(`hs$v=>Object(hs$v)===hs$v&&#${name} in hs$v`) as typeof found;
  }
  brands.set(value, found);
  return found;
}

const brands = new WeakMap<object, ((instance: unknown) => boolean) | undefined>();

type Constructor = { prototype: object };

function hasPrototype(value: unknown): value is Constructor {
  if (typeof value !== 'function' || isGeneratorFunction(value)) return false;
  return typeof value.prototype === 'object' && value.prototype !== null;
}

/** Lets instances of a class that has no #private names be what another class makes of them. @returns takes it back */
function succeed(
  succeeded: Succeeded,
  before: { prototype: object },
  after: { prototype: object },
): () => void {
  if (Object.prototype.isPrototypeOf.call(before.prototype, after.prototype)) return () => {};
  const earlier = succeeded.get(before); // its name stood for nothing meanwhile
  const { prototype } = before;
  const { own, on } = earlier ?? { own: ownOf(prototype), on: Object.getPrototypeOf(prototype) };
  succeeded.set(before, { own, on, by: after });
  const undo = give(before.prototype, {}, after.prototype);
  return () => {
    undo();
    if (earlier === undefined) succeeded.delete(before);
    else succeeded.set(before, earlier);
  };
}

/** Gives a class that was succeeded by another, and is the current one again, its own methods. @returns takes it back */
function comeBack(succeeded: Succeeded, after: { prototype: object }): () => void {
  const earlier = succeeded.get(after);
  if (earlier === undefined) return () => {};
  succeeded.delete(after);
  const undo = give(after.prototype, earlier.own, earlier.on);
  return () => {
    undo();
    succeeded.set(after, earlier);
  };
}

/** Gives a prototype other properties and another prototype. @returns takes it back */
function give(prototype: object, properties: PropertyDescriptorMap, on: object | null): () => void {
  const [was, hung] = [ownOf(prototype), Object.getPrototypeOf(prototype)];
  const set = (own: PropertyDescriptorMap, above: object | null): void => {
    for (const key of Reflect.ownKeys(ownOf(prototype))) Reflect.deleteProperty(prototype, key);
    hangOn(prototype, above);
    Object.defineProperties(prototype, own);
  };
  set(properties, on);
  return () => set(was, hung);
}

function ownOf(prototype: object): PropertyDescriptorMap {
  const { constructor: _kept, ...rest } = Object.getOwnPropertyDescriptors(
    prototype,
  ) as PropertyDescriptorMap;
  return rest;
}

/**
 * Lets classes at the top level of hot modules that extend one class extend another: `super()` and what it gives an instance, and
 * inherited statics, are asked of a class's prototype each time (ECMA-262 13.3.7.2).
 * @param isLeft whether instances of the first are none of the other's @returns takes it back
 */
function inherit(before: Constructor, after: Constructor, isLeft: boolean): () => void {
  const undos: (() => void)[] = [];
  const lineage = isLeft || lineages.has(before) ? lead(before, after, undos) : undefined;
  for (const { value, hanging } of extending(before, after)) {
    hangOn(value, after);
    undos.push(() => hangOn(value, before));
    if (isLeft && lineage !== undefined) hang(hanging, lineage.proxy, undos);
  }
  // Instances that it takes over may be of earlier kinds of what it extends.
  for (const one of isLeft ? [] : [after, ...heritageOf(after)]) {
    const above = lineages.get(Object.getPrototypeOf(one));
    if (above !== undefined) hang(prototypeOf(one), above.proxy, undos);
  }
  return () => takeBack(undos);
}

/** Something whose prototype can be set: that of a class, or what it is to be once the class is no longer succeeded by another. */
interface Hanging {
  on: object | null;
}

function prototypeOf({ prototype }: Constructor): Hanging {
  return {
    get on() {
      return Object.getPrototypeOf(prototype);
    },
    set on(above) {
      hangOn(prototype, above);
    },
  };
}

function hang(hanging: Hanging, above: object, undos: (() => void)[]): void {
  const { on } = hanging;
  if (on === above) return;
  hanging.on = above;
  undos.push(() => {
    hanging.on = on;
  });
}

function extending(before: object, after: object): { value: object; hanging: Hanging }[] {
  const found: { value: object; hanging: Hanging }[] = [];
  for (const { source, overlay, classScopes } of liveModules()) {
    if (!source.includes('extends') && (overlay?.classes.size ?? 0) === 0) continue;
    for (const scope of classScopes) {
      const value = scope?.('this') as Constructor | undefined;
      if (value !== undefined && value !== after && Object.getPrototypeOf(value) === before)
        found.push({ value, hanging: overlay?.succeeded.get(value) ?? prototypeOf(value) });
    }
  }
  return found;
}

/** What a class has been, where that has left instances behind: `#x` is of the one that made it. */
interface Lineage {
  /** newest first */
  kinds: Constructor[];
  /** hangs on the prototype of the newest */
  on: object;
  /** what prototypes hang on whose instances are of several kinds: asks for whom */
  proxy: object;
}

/** By each class that is one of them. */
const lineages = new WeakMap<object, Lineage>();

/** Makes a class the newest kind of another. */
function lead(before: Constructor, after: Constructor, undos: (() => void)[]): Lineage {
  const lineage = lineages.get(before) ?? lineageOf(before);
  const { kinds, on } = lineage;
  const was = [...kinds];
  const above = Object.getPrototypeOf(on);
  undos.push(putsBack(lineages, before), putsBack(lineages, after), () => {
    kinds.splice(0, kinds.length, ...was);
    Object.setPrototypeOf(on, above);
  });
  kinds.splice(0, kinds.length, after, ...was.filter((one) => one !== after));
  Object.setPrototypeOf(on, after.prototype);
  lineages.set(before, lineage).set(after, lineage);
  return lineage;
}

function lineageOf(first: Constructor): Lineage {
  const kinds = [first];
  const on = Object.create(first.prototype);
  const proxy = new Proxy(on, {
    get: (_, key, instance) => Reflect.get(kindIn(kinds, instance).prototype, key, instance),
    set: (_, key, value, instance) => Reflect.set(kindIn(kinds, instance).prototype, key, value, instance),
  });
  return { kinds, on, proxy };
}

/** The class that made an instance, or the newest one that can have made it. */
function kindIn(kinds: readonly Constructor[], instance: unknown): Constructor {
  const fits = (one: Constructor): boolean => brandOf(one)?.(instance) !== false;
  const fitsAsAny = (one: Constructor): boolean => fits(one) || lineages.get(one)?.kinds.some(fits) === true;
  return (
    kinds.find((one) => brandOf(one)?.(instance)) ??
    kinds.find((one) => fits(one) && heritageOf(one).every(fitsAsAny)) ??
    (kinds[0] as Constructor)
  );
}
