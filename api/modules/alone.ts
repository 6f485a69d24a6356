/**
 * A time in which no edit runs. In: work that concerns all modules and the cache; out: what comes of it, once the edits and
 * transactions asked for before are done. Those asked for meanwhile wait until it is over.
 */
import { HotswapError } from '../../error.ts';
import { needRegistry } from '../history/history.ts';
import { type Queue, staging } from '../history/staging.ts';
import { liveModules } from './module.ts';

/**
 * Runs work by itself.
 * @param call names it in the error, e.g. `stop()`
 * @throws ERR_HOTSWAP_CONFIG within a transaction, which would wait for itself
 */
export async function alone<T>(call: string, work: () => Promise<T>): Promise<T> {
  if (staging() !== undefined) {
    throw new HotswapError(
      'ERR_HOTSWAP_CONFIG',
      `${call} waits for all edits to be done, and cannot be part of a transaction or a plan; call it after`,
    );
  }
  const registry = needRegistry();
  const before = registry.transactions;
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  registry.transactions = ended;
  const held = new Set<Queue>();
  const all = (): Queue[] => [...liveModules(), ...registry.core.modules.values()];
  const free = () => all().filter((module) => !held.has(module));
  try {
    // Edits asked for from now on come after; but a transaction takes hold of its modules as it comes to them, so none may
    // be held here while there is one.
    const turns = registry.transacting === 0 ? holdAll(free(), held, ended) : undefined;
    await before;
    await turns;
    while (free().length > 0) await holdAll(free(), held, ended);
    return await work();
  } finally {
    end();
  }
}

/** Keeps modules until the end. @returns when the edits asked for before are done */
function holdAll(modules: Queue[], held: Set<Queue>, ended: Promise<void>): Promise<unknown> {
  return Promise.all(
    modules.map((module) => {
      const before = module.queue;
      held.add(module);
      module.waiting++;
      module.queue = before.then(() => ended);
      ended.then(() => module.waiting--);
      return before;
    }),
  );
}
