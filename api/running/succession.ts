/**
 * What becomes of those who hold on to a class that is made anew. In: the class that ran and the one that takes its place; out: its instances
 * are what the other makes of them, and the classes that extend it extend the other, until that is taken back.
 */
import type { LiveModule } from '../../loader/live.ts';
import { liveModules } from '../modules/module.ts';
import { takeBack } from './undo.ts';

/** Lets instances of a class that has no #private names be what another class makes of them. @returns takes it back */
export function succeed(
  succeeded: NonNullable<LiveModule['overlay']>['succeeded'],
  before: { prototype: object },
  after: { prototype: object },
): () => void {
  const undos: (() => void)[] = [];
  const own = (prototype: object): PropertyDescriptorMap => {
    const { constructor: _kept, ...rest } = Object.getOwnPropertyDescriptors(
      prototype,
    ) as PropertyDescriptorMap;
    return rest;
  };
  const give = (prototype: object, properties: PropertyDescriptorMap, on: object | null): void => {
    const [was, hung] = [own(prototype), Object.getPrototypeOf(prototype)];
    undos.push(() => {
      for (const key of Reflect.ownKeys(own(prototype))) Reflect.deleteProperty(prototype, key);
      Object.setPrototypeOf(prototype, hung);
      Object.defineProperties(prototype, was);
    });
    for (const key of Reflect.ownKeys(was)) Reflect.deleteProperty(prototype, key);
    Object.setPrototypeOf(prototype, on);
    Object.defineProperties(prototype, properties);
  };
  const earlier = succeeded.get(after);
  if (earlier !== undefined) give(after.prototype, earlier.own, earlier.on);
  const on = Object.getPrototypeOf(before.prototype);
  succeeded.set(before, { own: own(before.prototype), on });
  give(before.prototype, {}, after.prototype);
  return () => takeBack(undos);
}

/**
 * Lets classes at the top level of hot modules that extend one class extend another: `super()` and what it gives an instance, and
 * inherited statics, are asked of a class's prototype each time (ECMA-262 13.3.7.2). @returns takes it back
 */
export function inherit(before: object, after: object): () => void {
  const heirs: object[] = [];
  for (const { source, overlay, classScopes } of liveModules()) {
    if (!source.includes('extends') && (overlay?.classes.size ?? 0) === 0) continue;
    for (const scope of classScopes) {
      const value = scope?.('this') as object | undefined;
      if (value !== undefined && value !== after && Object.getPrototypeOf(value) === before)
        heirs.push(value);
    }
  }
  for (const one of heirs) Reflect.setPrototypeOf(one, after); // a frozen one stays as it is
  return () => {
    for (const one of heirs) Reflect.setPrototypeOf(one, before);
  };
}
