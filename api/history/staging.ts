/**
 * What a transaction holds back. In: proposals, a module each, made while its callback runs; out: the one that is staged
 * for a module, for whoever asks from within the callback (every edit and look finds that state). Outside of a
 * transaction there is none, and nothing here knows how a proposal is carried out.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CoreModule } from '../../loader/core.ts';
import type { KeptVersion } from '../../loader/kept.ts';
import type { LiveModule } from '../../loader/live.ts';
import type { Proposal } from '../apply/commit.ts';
import type { CoreProposal } from '../override/override.ts';

/** Whatever has edits that queue. */
export type Queue = Pick<LiveModule, 'queue' | 'waiting'>;

/** One transaction, from the first line of its callback until it is carried out or given up. */
export interface Staging {
  /** by module, in the order in which they were first edited */
  proposals: Map<LiveModule, Proposal>;
  core: Map<CoreModule, CoreProposal>;
  /** every proposal that was made, those too that others have taken the place of */
  made: Set<Proposal>;
  /** by module: the last edit asked for within the transaction */
  turns: Map<Queue, Promise<unknown>>;
  /** lets the edits go on that wait for the transaction's modules */
  release: (() => void)[];
  /** whether what its edits import is looked at only once all of them are there, as it is carried out */
  late: boolean;
  /** carried out or given up: what its callback left running edits as anyone does */
  ended: boolean;
}

const transactions = new AsyncLocalStorage<Staging>();

/** The transaction that the caller runs in. */
export function staging(): Staging | undefined {
  const found = transactions.getStore();
  return found?.ended === false ? found : undefined;
}

/** What the caller's transaction has in mind for a module. */
export function staged(module: LiveModule): Proposal | undefined {
  return staging()?.proposals.get(module);
}

/** The version that the caller's transaction has in mind for a module. */
export function stagedVersion(module: LiveModule | CoreModule): KeptVersion | undefined {
  const found = staging();
  return ('exports' in module ? found?.core.get(module) : found?.proposals.get(module))?.version;
}

/** Runs `work` in a transaction. */
export function within<T>(transaction: Staging, work: () => T): T {
  return transactions.run(transaction, work);
}

/** Runs `work` as if no transaction were around. */
export function outside<T>(work: () => T): T {
  return transactions.exit(work);
}

/** The turn of one edit within a transaction: after the edits of the module asked for before, inside it and outside. */
export function turnWithin<T>(transaction: Staging, module: Queue, change: () => Promise<T>): Promise<T> {
  const before = transaction.turns.get(module) ?? hold(transaction, module);
  const turn = before.then(change, change);
  transaction.turns.set(
    module,
    turn.catch(() => {}),
  );
  return turn;
}

/** Keeps a module for the transaction: edits from outside wait until it has ended. @returns when those before it are done */
function hold(transaction: Staging, module: Queue): Promise<unknown> {
  const before = module.queue;
  module.waiting++;
  const ended = new Promise<void>((resolve) =>
    transaction.release.push(() => {
      module.waiting--;
      resolve();
    }),
  );
  module.queue = before.then(() => ended);
  return before;
}
