/**
 * Options as they were given, and nothing else: a property that somebody has put on `Object.prototype` is no option of anybody's. In:
 * an object of options; out: its own properties.
 */

const { create, hasOwn, keys } = Object;

/** A copy that inherits nothing; what is no object is as it is, for whoever refuses it. */
export function ownOptions<T>(options: T): T {
  if (options === null || typeof options !== 'object') return options;
  const own = create(null);
  for (const name of keys(options)) own[name] = options[name as keyof typeof options];
  return own;
}

/** Whether an object itself has all of these properties. */
export function hasAll<Key extends string>(value: object, ...keys: Key[]): value is Record<Key, unknown> {
  return keys.every((key) => hasOwn(value, key));
}
