/**
 * Node's own modules as edits know them: which were asked for, their versions, and what stands in the place of their functions. Types of
 * the registry; what is done with them is in api/target/core.ts and api/override/override.ts.
 */
import type { Replaced } from '../node.ts';
import type { KeptVersion } from './kept.ts';

/** One of Node's own modules that was asked for: what it exports, and its versions. */
export interface CoreModule {
  /** with its scheme: `node:fs` */
  readonly url: string;
  /** what `require` gives, and `import` as the default */
  readonly exports: object;
  readonly history: { versions: CoreVersion[]; current: number };
  /** the last edit asked for; the next one waits for it */
  queue: Promise<unknown>;
  /** edits that wait for their turn or have it */
  waiting: number;
}

/** A version of a core module: what stands in Node's places, by slot. It lives as long as the thread. */
export interface CoreVersion extends KeptVersion {
  readonly standing: ReadonlyMap<Slot, Standing>;
}

/** A function in the place of one of Node's, and the text that tells it from others. */
export interface Standing {
  readonly path: string;
  // biome-ignore lint/complexity/noBannedTypes: any function at all
  readonly value: Function;
  readonly text: string;
  /** of one that is wrapped around another */
  readonly layer?: Layer;
}

/** A wrapper of a function of Node's. */
export interface Layer {
  // biome-ignore lint/complexity/noBannedTypes: any function at all
  readonly what: Function;
  /** the text of `what` */
  readonly text: string;
  readonly how: 'around' | 'before' | 'after' | 'onError' | 'inject at 0' | 'inject at end';
  /** what it is around; undefined: the function that was there */
  readonly inner: Standing | undefined;
  // biome-ignore lint/complexity/noBannedTypes: any function at all
  readonly original: Function;
}

/**
 * A property of one of Node's objects that holds a function. Two modules may lead to it (`node:fs#promises.readFile` and
 * `node:fs/promises#readFile`): what was put there last stands, and when that goes, the other's does again.
 */
export interface Slot extends Replaced {
  readonly claims: Map<CoreModule, Standing>;
}
