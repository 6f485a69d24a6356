/**
 * Wrappers of import-in-the-middle: modules that stand before others for whoever imports them, and hold copies of their exports, so that a
 * tracer can put its own functions there. In: a module that is about to change; out: its wrappers get what its exports are then, where
 * they hold what these were before. Functions are swapped under them; it is values that would stay.
 */
import { type LiveModule, valueIn } from '../../loader/live.ts';
import { createRequire } from '../../node.ts';
import { exportedLocals } from '../plan/exported.ts';

/** What its loader has wrapped: URL of the module, and an object through which the wrapper's exports are read and set. */
type Wrapped = [url: string, exports: Record<string, unknown>, ...unknown[]];

/** The file that all wrappers of one copy of the package import. */
const REGISTER = /[\\/]import-in-the-middle[\\/]lib[\\/]register\.js$/;

const followed = new WeakSet<LiveModule>();

/** Keeps the wrappers of a module up to date from now on. */
export function followWrappers(module: LiveModule): void {
  if (followed.has(module)) return;
  followed.add(module);
  const { cache } = createRequire(import.meta.url);
  const copies = Object.keys(cache).filter((file) => REGISTER.test(file));
  if (copies.length === 0) return;
  const locals = exportedLocals(module.source, module.url).flatMap(({ name, local }) =>
    local === undefined ? [] : [[name, local] as const],
  );
  const values = new Map(locals.map(([name, local]) => [name, valueIn(module, local)]));
  module.facades.push((read) => {
    for (const [name, local] of locals) {
      const before = values.get(name);
      const now = read(local, before);
      if (Object.is(now, before)) continue;
      values.set(name, now);
      for (const file of copies)
        for (const [url, exports] of (cache[file]?.exports.toHook ?? []) as Wrapped[])
          if (url === module.url && Object.is(exports[name], before)) exports[name] = now;
    }
  });
}
