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
  Buffer.prototype,
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
  'Array ArrayBuffer BigInt Buffer Date Error Int32Array JSON Map Math Number Object Promise Reflect RegExp Set String Symbol ' +
  'TextDecoder TypeError URL URLSearchParams Uint8Array Uint32Array WeakMap decodeURIComponent parseInt process';

/**
 * What is called for a module that has been edited by nobody and whose text is in the cache, as most are at most starts: a
 * tenth of the time to look at.
 */
const FEW: [object | null, PropertyKey[]][] = [
  [
    String.prototype,
    ['charCodeAt', 'includes', 'indexOf', 'lastIndexOf', 'replace', 'slice', 'split', 'startsWith'],
  ],
  [RegExp.prototype, ['exec', 'test', Symbol.replace, 'flags']],
  [
    RegExp.prototype,
    ['dotAll', 'global', 'hasIndices', 'ignoreCase', 'multiline', 'sticky', 'unicode', 'unicodeSets'],
  ],
  [Map.prototype, ['delete', 'get', 'has', 'set']],
  [Set.prototype, ['add', 'has']],
  [Array.prototype, ['push', Symbol.iterator]],
  [getPrototypeOf([][Symbol.iterator]()), ['next']],
  [Number.prototype, ['toString']],
  [Buffer, ['from']],
  [Buffer.prototype, ['subarray', 'toString', 'write']],
  [getPrototypeOf(Uint8Array.prototype), ['buffer', 'byteLength', 'byteOffset', 'length', 'set', 'subarray']],
  [TextDecoder.prototype, ['decode']],
  [Date, ['now']],
  [globalThis, ['ArrayBuffer', 'Buffer', 'Date', 'Int32Array', 'Number', 'Uint8Array']],
];

const kept: Builtin[] = [];
HOLDERS.forEach((on) => {
  if (on !== null) ownKeys(on).forEach((key) => keep(on, key));
});
GLOBALS.split(' ').forEach((name) => keep(globalThis, name));

const few = kept.filter(({ on, key }) => FEW.some(([holder, keys]) => holder === on && keys.includes(key)));

function keep(on: object, key: PropertyKey): void {
  if (on === Function.prototype && key === 'toString') return; // ours stands there, see tostring.ts, and nothing here calls it
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
    if (isUntouched(builtin)) continue;
    const { on, key } = builtin;
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

/** The same for work that calls no others than `FEW`. */
export function withFewBuiltins<T>(work: () => T): T {
  for (let i = 0; i < few.length; i++) if (!isUntouched(few[i] as Builtin)) return withBuiltins(work);
  return work();
}

function isUntouched({ on, key, method, descriptor }: Builtin): boolean {
  try {
    return method === undefined
      ? lookupGetter(on, key) === descriptor.get
      : (on as Record<PropertyKey, unknown>)[key] === method;
  } catch {
    return false; // the program has put an accessor there, which throws
  }
}
