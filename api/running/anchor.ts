/**
 * What `super` in new code of a method hangs on. In: the class or prototype that has the method; out: its *anchor*, an object that stands for
 * what that hangs on, whichever that comes to be: a method's home object cannot be given to it later (ECMA-262 13.3.7.3).
 */
const anchors = new WeakMap<object, object>();

/** The object that new code of a method has as its home object's prototype. */
export function anchorOf(holder: object): object {
  const above = Object.getPrototypeOf(holder);
  let anchor = anchors.get(holder);
  if (anchor === undefined) anchors.set(holder, (anchor = Object.create(above) as object));
  else if (Object.getPrototypeOf(anchor) !== above) Object.setPrototypeOf(anchor, above);
  return anchor;
}

/** Lets a class or prototype hang on something else, and `super` in its methods with it. A frozen one stays as it is. */
export function hangOn(holder: object, above: object | null): void {
  if (!Reflect.setPrototypeOf(holder, above)) return;
  const anchor = anchors.get(holder);
  if (anchor !== undefined) Object.setPrototypeOf(anchor, above);
}
