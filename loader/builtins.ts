/**
 * The built-ins as they were when the program started. In: work of ours that is to run among the program's own
 * objects; out: its result. What the program has since put in their place (a polyfill, a spy, a mock) neither
 * disturbs that work nor sees it, and is back when it is done. The work must be synchronous and run no code of others.
 */
const { defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;

/** Asks for a getter without making a descriptor. */
const lookupGetter: (on: object, key: PropertyKey) => unknown = Function.prototype.call.bind(
  (Object.prototype as unknown as { __lookupGetter__: () => unknown }).__lookupGetter__,
);

interface Builtin {
  on: object;
  key: PropertyKey;
  /** a function: compared by reading the property, which is much faster than asking for its descriptor */
  method: unknown;
  descriptor: PropertyDescriptor;
}

/** What our files, magic-string, oxc-parser and the Node modules they use call, with room to spare. */
const HOLDERS: (object | null)[] = [
  Object,
  Object.prototype,
  Function.prototype,
  Array,
  Array.prototype,
  String,
  String.prototype,
  RegExp.prototype,
  Number,
  Number.prototype,
  BigInt.prototype,
  Math,
  JSON,
  Reflect,
  Map.prototype,
  Set.prototype,
  WeakMap.prototype,
  Promise,
  Date,
  getPrototypeOf(Uint8Array.prototype),
  Buffer,
  TextDecoder.prototype,
  URL,
  URL.prototype,
  getPrototypeOf([][Symbol.iterator]()),
  getPrototypeOf(new Map()[Symbol.iterator]()),
  getPrototypeOf(new Set()[Symbol.iterator]()),
  getPrototypeOf(''[Symbol.iterator]()),
  getPrototypeOf(''.matchAll(/x/g)),
];

const GLOBALS =
  'Array ArrayBuffer BigInt Buffer Date Error JSON Map Math Number Object Promise Reflect RegExp Set String Symbol ' +
  'TextDecoder TypeError URL URLSearchParams Uint8Array Uint32Array WeakMap decodeURIComponent parseInt process';

const kept: Builtin[] = [];
HOLDERS.forEach((on) => {
  if (on !== null) ownKeys(on).forEach((key) => keep(on, key));
});
GLOBALS.split(' ').forEach((name) => keep(globalThis, name));

function keep(on: object, key: PropertyKey): void {
  const descriptor = getOwnPropertyDescriptor(on, key);
  if (descriptor === undefined || !descriptor.configurable) return;
  const method = typeof descriptor.value === 'function' || on === globalThis ? descriptor.value : undefined;
  if (method !== undefined || descriptor.get !== undefined) kept.push({ on, key, method, descriptor });
}

/** Does `work` with the built-ins of the start. */
export function withBuiltins<T>(work: () => T): T {
  const theirs: { builtin: Builtin; descriptor: PropertyDescriptor | undefined }[] = [];
  let count = 0;
  for (let i = 0; i < kept.length; i++) {
    const builtin = kept[i] as Builtin;
    const { on, key, method } = builtin;
    if (method !== undefined && (on as Record<PropertyKey, unknown>)[key] === method) continue;
    if (method === undefined && lookupGetter(on, key) === builtin.descriptor.get) continue;
    theirs[count++] = { builtin, descriptor: getOwnPropertyDescriptor(on, key) };
    defineProperty(on, key, builtin.descriptor);
  }
  if (count === 0) return work();
  try {
    return work();
  } finally {
    while (count > 0) {
      const { builtin, descriptor } = theirs[--count] as (typeof theirs)[number];
      if (descriptor === undefined) deleteProperty(builtin.on, builtin.key);
      else defineProperty(builtin.on, builtin.key, descriptor);
    }
  }
}
