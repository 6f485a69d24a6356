/**
 * Several edits as one, and edits that are only looked at. In: a function that edits; out: either all that it did, carried
 * out in one synchronous step, or nothing; or a description of what it would have done.
 */
import { HotswapError } from '../error.ts';
import { checkReadable, describe } from '../messages.ts';
import { runningText } from '../node.ts';
import { carryOut, type Proposal } from './apply/commit.ts';
import { reported } from './apply/events.ts';
import { unified } from './diff.ts';
import { isClassText } from './given/given.ts';
import {
  type Deferred,
  needRegistry,
  numberOf,
  publicVersion,
  versionText as textOf,
  type Version,
} from './history/history.ts';
import { type Staging, staging, within } from './history/staging.ts';
import {
  type CoreProposal,
  checkCore,
  pathsBetween,
  putCore,
  tellCore,
  versionText,
} from './override/override.ts';

/** What an edit would do to one module. */
export interface Planned {
  /** URL of the module */
  module: string;
  /** number of the version that runs */
  from: number;
  /** number of the version that would run */
  number: number;
  /** as of a version, e.g. `~price` */
  summary: string;
  /** paths of the functions whose code would be another */
  replaced: string[];
  /** functions whose existing closures would keep their code */
  deferred: Deferred[];
  /** the change of the module's text, as a unified diff */
  diff: string;
}

/**
 * Makes several edits, of one module or of many, as one: all or none, carried out in one step, so that no caller sees
 * one without the others. What the callback looks at (`code`, `version`, …) shows the edits it has made so far; the
 * program runs them when it has returned. Edits of the same modules from elsewhere wait until then.
 *
 * @param work makes the edits and awaits each; one that it does not await is waited for, but that it was refused only Node tells
 *   (an unhandled rejection), and the others are carried out
 * @returns the new version of each module that was edited, in the order of the first edits: one version a module, so that one
 *   `rollback` undoes its part
 * @throws what the callback throws, such as what an edit was refused with; then nothing has changed
 * @example
 * await transaction(async () => {
 *   await rewrite('./cart.js#total', 'function total(cart) { return sum(cart.items, price); }');
 *   await rewrite('./price.js#price', (item) => item.cost * 1.2);
 * });
 */
export function transaction(work: () => unknown): Promise<Version[]> {
  return reported(async () => {
    checkCallback(work, 'a transaction');
    return made(work, false);
  });
}

/** A transaction of files that were saved together: what they import is looked at once all are there, in whatever order they come. */
export function savedTogether(work: () => unknown): Promise<Version[]> {
  return reported(() => made(work, true));
}

/** Makes edits as one. @param late see `Staging` */
function made(work: () => unknown, late: boolean): Promise<Version[]> {
  return staged(work, { keeps: true, late }, async ({ live, core }, isPart) => {
    if (isPart) return [...live, ...core].map(provisional);
    let others: Version[] = [];
    const versions = await carryOut(live, {
      check: () => core.forEach(checkCore),
      settle: () => {
        others = core.map(putCore);
      },
      tell: () => core.forEach((one, i) => tellCore(one, others[i] as Version)),
    });
    return [...versions, ...others];
  });
}

/**
 * What edits would do, without doing them: they are checked as ever, and nothing changes.
 *
 * @param edit makes the edits, e.g. `() => rewrite(price, (item) => item.cost * 1.2)`
 * @returns what would become of each module
 * @throws what an edit would be refused with
 * @example (await plan(() => rewrite(price, (item) => item.cost * 2)))[0].diff
 */
export async function plan(edit: () => unknown): Promise<Planned[]> {
  checkCallback(edit, 'a plan');
  return staged(edit, { keeps: false, late: false }, async ({ live, core }) => [
    ...live.map(planned),
    ...core.map(plannedCore),
  ]);
}

function checkCallback(work: unknown, what: string): asserts work is () => unknown {
  checkReadable(work, `what ${what} takes`);
  if (typeof work === 'function' && !isClassText(runningText(work))) return;
  throw new HotswapError(
    'ERR_HOTSWAP_BAD_TARGET',
    `${what} takes a function that makes the edits, e.g. async () => { await rewrite(…); }; got ${describe(work)}`,
  );
}

/** What was edited in a transaction. */
interface Proposals {
  live: Proposal[];
  core: CoreProposal[];
}

/**
 * Lets `work` edit, and hands what came of it to `end`. One transaction at a time: two could wait for each other's modules.
 * @param keeps whether the edits are there afterwards, for a transaction around this one
 */
async function staged<T>(
  work: () => unknown,
  { keeps, late }: { keeps: boolean; late: boolean },
  end: (proposals: Proposals, isPart: boolean) => Promise<T>,
): Promise<T> {
  const around = staging();
  if (around !== undefined) return nested(around, work, keeps, end);
  const registry = needRegistry();
  const before = registry.transactions;
  const own: Staging = {
    proposals: new Map(),
    core: new Map(),
    made: new Set(),
    turns: new Map(),
    release: [],
    late,
    ended: false,
  };
  registry.transactions = new Promise<void>((resolve) => own.release.push(resolve));
  registry.transacting++;
  await before;
  try {
    await within(own, async () => work());
    await settled(own);
    own.ended = true;
    const live = [...own.proposals.values()];
    const result = await end({ live, core: [...own.core.values()] }, false);
    if (keeps) for (const one of live) own.made.delete(one); // carried out
    return result;
  } finally {
    await settled(own);
    own.ended = true;
    for (const { prepared } of own.made) prepared.abandon();
    for (const release of own.release) release();
    registry.transacting--;
  }
}

/** A transaction within one is part of it; if it fails, the edits that were made before it stay. */
async function nested<T>(
  around: Staging,
  work: () => unknown,
  keeps: boolean,
  end: (proposals: Proposals, isPart: boolean) => Promise<T>,
): Promise<T> {
  await settled(around);
  const before = new Map(around.proposals);
  const beforeCore = new Map(around.core);
  let done = false;
  try {
    await work();
    await settled(around);
    const live = [...around.proposals.values()].filter((one) => before.get(one.module) !== one);
    const core = [...around.core.values()].filter((one) => beforeCore.get(one.module) !== one);
    const result = await end({ live, core }, true);
    done = keeps;
    return result;
  } finally {
    await settled(around);
    if (!done) Object.assign(around, { proposals: before, core: beforeCore });
  }
}

/** All edits that were asked for are done, those too that nobody awaits. */
async function settled({ turns }: Staging): Promise<void> {
  for (let seen = 0; seen !== turns.size; ) {
    seen = turns.size;
    await Promise.all(turns.values());
  }
}

function provisional(proposal: Proposal | CoreProposal): Version {
  const { module, version } = proposal;
  return publicVersion(module, version, 'prepared' in proposal ? proposal.prepared.deferred : []);
}

function plannedCore({ module, from, version }: CoreProposal): Planned {
  const [a, b] = [versionText(module, from.standing), versionText(module, version.standing)];
  return {
    module: module.url,
    from: from.number,
    number: version.number,
    summary: version.summary,
    replaced: pathsBetween(from, version),
    deferred: [],
    diff: unified(module.url, a, from.number, b, version.number),
  };
}

function planned({ module, from, version, replaced, after, prepared }: Proposal): Planned {
  const before = textOf(module, from);
  return {
    module: module.url,
    from: numberOf(module, from),
    number: numberOf(module, version),
    summary: version.summary,
    replaced,
    deferred: prepared.deferred,
    diff: unified(module.url, before, numberOf(module, from), after.source, numberOf(module, version)),
  };
}
