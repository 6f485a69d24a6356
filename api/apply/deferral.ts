/**
 * What a version cannot reach, in words. In: closures that keep earlier code, and why; out: what the version says of them.
 */
import type { HotFunction } from '../../loader/functions.ts';
import type { Deferred } from '../history/history.ts';
import { type Analysis, scopesAround } from '../plan/analysis.ts';
import type { Made } from './evaluate.ts';
import type { Places } from './places.ts';

/** A function, of the text that its closures were made from, which cannot run the new code, and why; see `Made`. */
export type Unable = { native: HotFunction; from: Analysis } & Exclude<Made, { value: unknown }>;

/**
 * What to say of closures that keep their code.
 * @param some whether there are others that do not
 */
export function deferral(hot: HotFunction, unable: readonly Unable[], some: boolean): Deferred {
  const around = hot.parent === undefined ? 'the code around it' : hot.parent.path;
  const other = some ? ` as another version had it` : '';
  const names = new Set<string>();
  const reasons = new Set<string>();
  for (const one of unable) {
    if ('unfit' in one) {
      reasons.add(one.unfit);
      continue;
    }
    const held = one.unreachable.filter((key) => !key.endsWith('='));
    for (const name of held) {
      names.add(name);
      reasons.add(
        isCapturedAround(one.native, name)
          ? `closures made before have a variable ${name} of their own, which hides that of ${around}`
          : `${name} is not captured by anything in ${around}${other}`,
      );
    }
    for (const name of one.unreachable.map((key) => key.replace(/=$/, ''))) {
      if (held.includes(name)) continue;
      names.add(name);
      reasons.add(`${name} is not assigned by anything in ${around}${other}`);
    }
  }
  return { path: hot.path, names: [...names], reason: [...reasons].join('; ') };
}

/** Whether something captures the variable that a name stands for right outside of a function. */
function isCapturedAround(hot: HotFunction, name: string): boolean {
  const declaring = scopesAround(hot).find(({ variables }) => variables.has(name));
  return declaring?.variables.get(name)?.captured ?? false;
}

/** What is to be said of functions of which nobody can tell what became of them. */
export function unclearOnes(unclear: ReadonlyMap<string, string>, places: Places): Deferred[] {
  const lost = new Set<string>();
  if (unclear.size > 0) {
    places.forEach((to, cell) => {
      const path = to === undefined && cell.path !== undefined ? unclear.get(cell.path) : undefined;
      if (path !== undefined) lost.add(path);
    });
  }
  return [...lost].map((path) => ({
    path,
    names: [],
    reason: `there are more or fewer functions of this name than before, each with other code, and nothing tells which is which`,
  }));
}
