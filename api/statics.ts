/**
 * What a class keeps when it is made anew. In: the class that ran and the one that takes its place, each with its tree and the way into
 * its scope; out: the static state of the second, which is the first's wherever both say the same of it. A changed field of instances must not
 * set a counter of the class back.
 */
import type { Scope } from '../loader/live.ts';
import type { ClassNode, Node } from '../loader/parse.ts';
import { sameTree } from './sametree.ts';

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
  const [olds, news] = [staticsOf(before.node), staticsOf(after.node)];
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
    const isGiven = old === undefined && !Object.hasOwn(to, key); // from outside, and nobody does that again
    if (isSame || isGiven) set(key, Object.getOwnPropertyDescriptor(from, key) as PropertyDescriptor);
  }
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
  return () => {
    for (const undo of undos.reverse()) undo();
  };
}

/** Own properties that every class has. */
const BUILT_IN = new Set<PropertyKey>(['length', 'name', 'prototype']);

/** The static members of a class that have a plain name, by it; with its `#` where it is private. */
function staticsOf({ body }: ClassNode): Map<PropertyKey, Node> {
  const found = new Map<PropertyKey, Node>();
  for (const member of body.body) {
    if (!('static' in member) || !member.static || !('key' in member)) continue;
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
