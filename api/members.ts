/**
 * Methods and accessors that a class which stays the same otherwise has gained or lost. In: a live module, a version, and its
 * hot functions that are new, or gone; out: what puts them on the live class or takes them off it, and what takes that
 * back. Instances that exist have them from then on.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../error.ts';
import type { HotFunction } from '../loader/functions.ts';
import type { LiveModule } from '../loader/live.ts';
import { type Analysis, partAround } from './analysis.ts';
import { lifeOf } from './cells.ts';
import { evaluated, placed } from './evaluation.ts';
import { classScopeIn, overlaidIn, same } from './overlay.ts';
import { isOverlaid, patchInside, referTo } from './surroundings.ts';
import { replaceMetas } from './toplevel.ts';

/** @returns does it, and gives what takes it back @throws ERR_HOTSWAP_SYNTAX for what the engine refuses */
export function prepareMembers(
  module: LiveModule,
  before: Analysis,
  after: Analysis,
  less: readonly HotFunction[],
  more: readonly HotFunction[],
  url: string,
): () => () => void {
  const made = more.map((hot) => ({ hot, make: compile(module, after, hot, url) }));
  return () => {
    const undos: (() => void)[] = [];
    const put = (on: object, key: PropertyKey, descriptor: PropertyDescriptor | undefined): void => {
      const was = Object.getOwnPropertyDescriptor(on, key);
      undos.push(() => change(on, key, was));
      change(on, key, descriptor);
    };
    for (const hot of less) {
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
    return () => {
      for (const undo of undos.reverse()) undo();
    };
  };
}

function change(on: object, key: PropertyKey, descriptor: PropertyDescriptor | undefined): void {
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
  const scope = memberOf && classScopeIn(module, memberOf.path);
  if (scope === undefined) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}#${path} cannot be made yet: its class has not been evaluated`,
      { module: module.url, path },
    );
  }
  const itself = scope('this') as { prototype: object };
  return isStatic ? itself : itself.prototype;
}

/** A method's code, as a function that makes an object with it, whose prototype is where `super` looks. */
function compile(
  module: LiveModule,
  analysis: Analysis,
  hot: HotFunction,
  url: string,
): (on: object) => object {
  const { start, end } = hot;
  const overlaid = overlaidIn(module, analysis);
  const isHere = (one: { start: number; end: number }): boolean => one.start >= start && one.end <= end;
  const text = new MagicString(analysis.plain);
  for (const reference of partAround(analysis, hot).references) {
    if (isHere(reference.node) && isOverlaid(reference, overlaid)) referTo(text, reference);
  }
  const usesMeta = replaceMetas(text, hot.node);
  const first = module.cells.length;
  const inside = analysis.functions.filter(isHere);
  patchInside(text, { module, analysis, overlaid }, inside, { start, end }, new Set(), () => undefined);
  const last = module.cells.length;
  const head = '((hs$home,hs$o,hs$i,hs$meta,hs$life,hs$see=()=>hs$life)=>({__proto__:hs$home,';
  const code = placed({ module, analysis }, hot, head, `${text.slice(start, end)}}))`, url);
  const scope = hot.memberOf && classScopeIn(module, hot.memberOf.path);
  const factory = evaluated({ module, path: hot.path }, scope, code) as (...args: unknown[]) => object;
  return (on) => {
    const meta = usesMeta ? module.meta?.() : undefined;
    const life = lifeOf(module, first, last);
    return factory(Object.getPrototypeOf(on), module.overlay?.values, same, meta, life);
  };
}
