/**
 * What a program can hear of edits. In: what an edit did, or the error that it failed with; out: a message on the channels
 * `hotswap:swap`, `hotswap:rollback` and `hotswap:error` of node:diagnostics_channel, to which `on` listens. A listener
 * runs after the edit is live and cannot stop it; what it throws is an uncaught exception, as on any such channel.
 */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { HotswapError, isTooDeep, tooDeep } from '../../error.ts';
import { describe } from '../../messages.ts';
import type { Version } from '../history/history.ts';
import { outside } from '../history/staging.ts';

/** A version became live: `swap` for one that is newer than the one before it, `rollback` for one that is older. */
export interface SwapEvent {
  /** URL of the module */
  module: string;
  /** path of the first function that changed; undefined where none did */
  path: string | undefined;
  /** paths of all functions that changed */
  paths: string[];
  /** number and id of the version before */
  from: number;
  fromId: string;
  /** number and id of the version that is live now */
  number: number;
  id: string;
  version: Version;
}

/** An edit was refused or failed, and changed nothing. */
export interface ErrorEvent {
  /** URL of the module and path of the function, where the error knows them */
  module: string | undefined;
  path: string | undefined;
  code: string | undefined;
  error: unknown;
}

export interface Events {
  swap: SwapEvent;
  rollback: SwapEvent;
  error: ErrorEvent;
}

const channels = {
  swap: channel('hotswap:swap'),
  rollback: channel('hotswap:rollback'),
  error: channel('hotswap:error'),
};

/**
 * Listens to edits of this thread's modules.
 *
 * @param event `'swap'`, `'rollback'` or `'error'`
 * @returns stops listening
 * @throws ERR_HOTSWAP_BAD_TARGET for another event, and a listener that is no function
 * @example const off = on('swap', ({ module, paths, number }) => console.log(`${module} v${number}: ${paths}`));
 */
export function on<E extends keyof Events>(event: E, listener: (message: Events[E]) => void): () => void {
  if (typeof event !== 'string' || !Object.hasOwn(channels, event)) {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `there is no event ${describe(event)}; there are ${Object.keys(channels).join(', ')}`,
    );
  }
  if (typeof listener !== 'function') {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `a listener is a function of one message; got ${describe(listener)}`,
    );
  }
  const heard = (message: unknown): void => listener(message as Events[E]);
  subscribe(`hotswap:${event}`, heard);
  return () => {
    unsubscribe(`hotswap:${event}`, heard);
  };
}

/** Says that a version has become live. */
export function announce(message: SwapEvent): void {
  const to = message.number < message.from ? channels.rollback : channels.swap;
  if (to.hasSubscribers) outside(() => to.publish(message));
}

const told = new WeakSet<Error>();

/** Does what an edit does, and says so if it fails; once, however many edits an error passes through. */
export async function reported<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const isOurs = thrown instanceof HotswapError;
    const error = !isOurs && isTooDeep(thrown) ? tooDeep('the new text', undefined, thrown) : thrown;
    if (channels.error.hasSubscribers && !(error instanceof Error && told.has(error))) {
      if (error instanceof Error) told.add(error);
      const { module, path, code } = error as Partial<ErrorEvent>;
      outside(() => channels.error.publish({ module, path, code, error }));
    }
    throw error;
  }
}
