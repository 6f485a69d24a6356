/**
 * What a class keeps when it is made anew. In: the class that ran and the one that takes its place, each with its tree and the way into
 * its scope; out: the static state of the second, which is the first's wherever both say the same of it. A changed field of instances must not
 * set a counter of the class back.
 */
import type { Scope } from '../../loader/live.ts';
import type { ClassNode, Node } from '../../loader/parse.ts';
import { sameTree } from '../plan/sametree.ts';
import { takeBack } from './undo.ts';

export interface MadeClass {
  value: unknown;
  node: ClassNode;
  /** undefined where it has not handed it over */
  scope: Scope | undefined;
}

/** Hands static state on. @returns takes it back */
export function handOnStatics(before: MadeClass, after: MadeClass): () => void {
  const [from, to] = [before.value, after.value];
  if (typeof from !== 'function' || typeof to !== 'function' || from === to) return () => {};
  const undos: (() => void)[] = [];
  // What has a computed key cannot be told from what was given.
  const isPlain = !before.node.body.body.some((one) => 'computed' in one && one.computed);
  const [olds, news] = [membersOf(before.node, true), membersOf(after.node, true)];
  const set = (key: PropertyKey, property: PropertyDescriptor): void => {
    const had = Object.getOwnPropertyDescriptor(to, key);
    if (had?.configurable === false || !Object.isExtensible(to)) return;
    Object.defineProperty(to, key, property);
    undos.push(() =>
      had === undefined ? Reflect.deleteProperty(to, key) : Object.defineProperty(to, key, had),
    );
  };
  for (const key of Reflect.ownKeys(from)) {
    if (BUILT_IN.has(key)) continue;
    const [old, now] = [olds.get(key), news.get(key)];
    const isSame = old !== undefined && now !== undefined && isField(old) && sameTree(old, now);
    const isGiven = old === undefined && isPlain && !Object.hasOwn(to, key); // from outside, and nobody does that again
    if (isSame || isGiven) set(key, Object.getOwnPropertyDescriptor(from, key) as PropertyDescriptor);
  }
  if (isPlain) givenTo(from.prototype, to.prototype, new Set(membersOf(before.node, false).keys()), undos);
  for (const [key, old] of olds) {
    const now = news.get(key);
    if (typeof key !== 'string' || !key.startsWith('#') || !isField(old) || !sameTree(old, now)) continue;
    const read = before.scope?.(`()=>this.${key}`) as (() => unknown) | undefined;
    const write = after.scope?.(`[()=>this.${key},hs$v=>{this.${key}=hs$v}]`) as
      | [() => unknown, (value: unknown) => void]
      | undefined;
    if (read === undefined || write === undefined) continue;
    const had = write[0]();
    write[1](read());
    undos.push(() => write[1](had));
  }
  return () => takeBack(undos);
}

/** Own properties that every class has, and its prototype. */
export const BUILT_IN: ReadonlySet<PropertyKey> = new Set(['length', 'name', 'prototype', 'constructor']);

/** Hands on what a prototype was given from outside, which nobody does again. */
function givenTo(
  from: object | undefined,
  to: object | undefined,
  declared: ReadonlySet<PropertyKey>,
  undos: (() => void)[],
): void {
  if (!from || !to || !Object.isExtensible(to)) return;
  for (const key of Reflect.ownKeys(from)) {
    if (typeof key !== 'string' || key === 'constructor' || declared.has(key) || Object.hasOwn(to, key))
      continue;
    Object.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key) as PropertyDescriptor);
    undos.push(() => Reflect.deleteProperty(to, key));
  }
}

/** The members of a class, or of its instances, that have a plain name, by it; with its `#` where it is private. */
function membersOf({ body }: ClassNode, isStatic: boolean): Map<PropertyKey, Node> {
  const found = new Map<PropertyKey, Node>();
  for (const member of body.body) {
    if (!('static' in member) || member.static !== isStatic || !('key' in member)) continue;
    const { key } = member;
    if (key.type === 'PrivateIdentifier') found.set(`#${key.name}`, member);
    else if (key.type === 'Identifier' && !member.computed) found.set(key.name, member);
    else if (key.type === 'Literal') found.set(String(key.value), member);
  }
  return found;
}

function isField({ type }: Node): boolean {
  return type === 'PropertyDefinition';
}
