/**
 * What becomes of an edit where another process has edited the module meanwhile. In: a module and what an edit is to make of it;
 * out: the version of the other's that it must rest on, or why it cannot: the same function was changed by both. Nothing of what
 * another process was told is live is lost by an edit of this one.
 */
import { thisProcess } from '../../cache/log.ts';
import { HotswapError } from '../../error.ts';
import { isSame, type KeptVersion } from '../../loader/kept.ts';
import type { LiveModule } from '../../loader/live.ts';
import { fileURLToPath } from '../../node.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { type Plan, plan } from '../plan/plan.ts';
import { numberToRun } from './asides.ts';
import {
  catchUp,
  currentVersion,
  historyOf,
  needRegistry,
  numberOf,
  runningVersion,
  versionAt,
  versionText,
} from './history.ts';
import { stagedVersion } from './staging.ts';

/** An edit that was made from a text that is not in force any more. Whoever can makes it again from the one that is. */
export class Overtaken extends HotswapError {
  // Not for whoever prints the error.
  readonly #of: LiveModule;
  readonly #inForce: number | undefined;

  /** @param inForce number of the version to rest on; absent where the log was written to just now, and must be asked again */
  constructor(module: LiveModule, inForce?: number) {
    super('ERR_HOTSWAP_CONFLICT', `${said(module, inForce)}; nothing was changed. ${WAY_OUT}`, {
      module: module.url,
    });
    this.#of = module;
    this.#inForce = inForce;
  }

  get of(): LiveModule {
    return this.#of;
  }

  get inForce(): number | undefined {
    return this.#inForce;
  }
}

const WAY_OUT = 'reapply() takes over what it made; then edit again';

function said(module: LiveModule, inForce: number | undefined): string {
  const version = inForce === undefined ? undefined : versionAt(module, inForce);
  const which = version === undefined ? '' : ` (version ${numberOf(module, version)}, ${version.summary})`;
  return `another process has changed ${fileURLToPath(module.url)} meanwhile${which}`;
}

/**
 * Looks whether an edit may be made from the version that it was made from.
 * @param source what it makes of that version's text
 * @throws ERR_HOTSWAP_CONFLICT: an `Overtaken` where it can be made again
 */
export function checkNotOvertaken(module: LiveModule, source: string): void {
  const history = historyOf(module);
  // What this process writes is taken back when it ends, with `persist` off: nothing is lost by it.
  if (history.log === undefined || !needRegistry().config.persist) return;
  const { current: inForce, by } = history.log.era(versionAt(module, 0).id);
  if (inForce === history.agreed) return;
  catchUp(module); // others may have written since the edit began
  const current = currentVersion(module);
  const isStaged = stagedVersion(module) !== undefined;
  if (isStaged && current.parent === inForce) return; // it rests on it
  const theirs = textToRun(module, inForce, current);
  if (theirs === undefined) return;
  const both = changedByBoth(module, source, theirs);
  // Threads of one process have edits of their own.
  if ((both.length === 0 || by === thisProcess()) && !isStaged) throw new Overtaken(module, inForce);
  const what = both.length === 0 ? '' : `, ${both.join(', ')} too`;
  throw new HotswapError(
    'ERR_HOTSWAP_CONFLICT',
    `${said(module, inForce)}${what}; nothing was changed. ${WAY_OUT}`,
    { module: module.url, ...(both[0] === undefined ? {} : { path: both[0], names: both }) },
  );
}

/** The text that runs after a restart; undefined where that is the current one, or is gone: then it cannot run anywhere. */
function textToRun(module: LiveModule, inForce: number, current: KeptVersion): string | undefined {
  const version = versionAt(module, numberToRun(module, inForce));
  if (isSame(version, current)) return undefined;
  try {
    return versionText(module, version);
  } catch {
    return undefined;
  }
}

/** Paths and names that two texts, made from the one that runs, have changed each in its own way. */
function changedByBoth(module: LiveModule, mine: string, theirs: string): string[] {
  const before = analyse(versionText(module, runningVersion(module)), module.url);
  const [a, b] = [mine, theirs].map((text) => analyse(text, module.url, 'the text', before)) as [
    Analysis,
    Analysis,
  ];
  const ours = changedIn(plan(before, a));
  const others = changedIn(plan(before, b));
  const different = changedIn(plan(a, b));
  const isAmong = (paths: readonly string[], path: string): boolean =>
    paths.some((one) => overlap(one, path));
  return ours.filter((path) => isAmong(others, path) && isAmong(different, path));
}

function changedIn({ replaced, added, changed, removed, moreMembers, lessMembers, statics }: Plan): string[] {
  const functions = [...replaced, ...moreMembers, ...lessMembers].map(({ path }) => path);
  const units = [...added, ...changed, ...removed].flatMap(({ names }) => names);
  return [...functions, ...units, ...statics.flatMap((pair) => pair.flatMap((one) => one?.path ?? []))];
}

/** Whether two functions are one, or one is inside the other. */
function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b} > `) || b.startsWith(`${a} > `);
}
