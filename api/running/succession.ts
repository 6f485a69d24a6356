/**
 * What becomes of those who hold on to a class that is made anew. In: the class that ran and the one that takes its place; out: that has its
 * static state, its instances are what the other makes of them, and the classes that extend it extend the other, until that is taken back.
 */
import type { LiveModule } from '../../loader/live.ts';
import { liveModules } from '../modules/module.ts';
import { leavesBehind } from './overlay.ts';
import { handOnStatics, type MadeClass } from './statics.ts';

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
  if (leavesBehind(after.node) || !hasPrototype(from) || !hasPrototype(to) || from === to) return;
  undos.push(succeed(succeeded, from, to), inherit(from, to));
}

function hasPrototype(value: unknown): value is { prototype: object } {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}

/** Lets instances of a class that has no #private names be what another class makes of them. @returns takes it back */
function succeed(
  succeeded: Succeeded,
  before: { prototype: object },
  after: { prototype: object },
): () => void {
  const earlier = succeeded.get(before); // its name stood for nothing meanwhile
  if (earlier === undefined)
    succeeded.set(before, { own: ownOf(before.prototype), on: Object.getPrototypeOf(before.prototype) });
  const undo = give(before.prototype, {}, after.prototype);
  return () => {
    undo();
    if (earlier === undefined) succeeded.delete(before);
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
    Object.setPrototypeOf(prototype, above);
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
 * inherited statics, are asked of a class's prototype each time (ECMA-262 13.3.7.2). @returns takes it back
 */
function inherit(before: object, after: object): () => void {
  const extending: object[] = [];
  for (const { source, overlay, classScopes } of liveModules()) {
    if (!source.includes('extends') && (overlay?.classes.size ?? 0) === 0) continue;
    for (const scope of classScopes) {
      const value = scope?.('this') as object | undefined;
      if (value !== undefined && value !== after && Object.getPrototypeOf(value) === before)
        extending.push(value);
    }
  }
  for (const one of extending) Reflect.setPrototypeOf(one, after); // a frozen one stays as it is
  return () => {
    for (const one of extending) Reflect.setPrototypeOf(one, before);
  };
}
