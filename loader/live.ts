/**
 * The live modules of this thread. In: what the load hook saw (texts) and what the running module handed over
 * (its scope); out: one record a module, which the API edits through. Held under `Symbol.for('hotswap')`, so that the
 * preload, the program and a second copy of this package see the same ones.
 */
import type { ModuleLog, VersionRecord } from '../cache/log.ts';
import type { Config } from './config.ts';
import { cellName, SCOPE } from './instrument.ts';
import { CONSTRUCT, NULLISH } from './patch.ts';

/** Evaluates code among a module's (or class's) own variables. */
export type Scope = (code: string) => unknown;

/** Values that `bind` gave and that no text can carry, by path and name. */
export type Bound = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/**
 * A version as kept in memory. One that is on disk is the log's own record and nothing more: a program may be edited
 * thousands of times.
 */
export interface KeptVersion extends Omit<VersionRecord, 'parent'> {
  /** absent for version 0 */
  parent: number | undefined;
  /** the text of one that is not on disk */
  text?: string;
  /** absent where there are none */
  bound?: Bound;
  /** paths that it changed, `undefined` where it brought or took the function; absent where there are none */
  moves?: [from: string | undefined, to: string | undefined][];
}

/** A module that came through the load hook. */
export interface LiveModule {
  readonly url: string;
  /** what the names of its cells begin with */
  readonly prefix: string;
  /** text of version 0: the file as it was on disk */
  readonly base: string;
  /** text that was instrumented and evaluated: `base`, or the version that a restart made live again */
  readonly source: string;
  /** number of the version that `source` is */
  readonly started: number;
  /** when it was loaded, milliseconds since 1970 */
  readonly at: number;
  scope: Scope | undefined;
  meta: (() => ImportMeta) | undefined;
  classScopes: Scope[];
  /** made by the API at the first question */
  history:
    | {
        versions: KeptVersion[];
        current: number;
        /** text of the current version: a cache that is purged meanwhile must not stop the next edit */
        text: string | undefined;
        log: ModuleLog | undefined;
      }
    | undefined;
  /**
   * every cell of the module, by its number, `undefined` where no closure can read it any more; those of the text that
   * was loaded are entered at the first question
   */
  cells: (LiveCell | undefined)[];
  /** the last edit asked for; the next one waits for it */
  queue: Promise<unknown>;
  /** functions made by versions, by path and text, newest last; kept so that going back evaluates nothing */
  made: Map<string, MadeFunction>;
}

/** A cell, and the function whose patch point reads it. Closures of different texts of one function have different cells. */
export interface LiveCell {
  /** its path in the text that its closures were made from */
  name: string;
  /** its path in the current version; undefined where that has no such function: its closures keep the code they had */
  path: string | undefined;
  /** the text that its closures were made from, and its position among that text's hot functions */
  source: string;
  position: number;
  /** number of the first of the cells that were made for one evaluation of that text */
  batch: number;
  /** whether its closures keep code of an earlier version, as they cannot run the current one's */
  stale: boolean;
  /** keys of what its patch point hands on: a row for each accessor it passes; see `keysOf` */
  slots: string[][];
}

/** A replacement that was evaluated: what its cell takes, and the values that were bound into it. */
export interface MadeFunction {
  value: unknown;
  bound: Readonly<Record<string, unknown>> | undefined;
}

/** What the load hook tells about a module. */
export type Loaded = Pick<LiveModule, 'url' | 'prefix' | 'base' | 'source' | 'started'>;

/** A version for `import('…?hotswap=…')` that is not on disk, sent to hooks on another thread. */
export interface MemoryVersion {
  url: string;
  number: number;
  id: string;
  text: string;
}

export interface Registry {
  readonly layout: 1;
  readonly config: Config;
  readonly modules: Map<string, LiveModule>;
  /** takes in what hooks on another thread have sent; does nothing where they run on this one */
  receive: () => void;
  /** hands a version that is not on disk to the load hook */
  publish: (version: MemoryVersion) => void;
  /** says a line on stderr, unless HOTSWAP_SILENT */
  say: (line: string) => void;
}

const KEY = Symbol.for('hotswap');

/** Global through which a virtual module defines the cells of the one that imports it; see hooks.ts. */
export const CELLS = 'hs$cells';

const { captureStackTrace } = Error;
const { defineProperty, isExtensible } = Object;
const { deleteProperty } = Reflect;

/** The registry of this thread; undefined when the program was not started with `--import hotswap/register`. */
export function registry(): Registry | undefined {
  return (globalThis as { [KEY]?: Registry })[KEY];
}

/** Scopes that arrived before the module's texts did (hooks on another thread). */
interface Handed {
  scope: Scope | undefined;
  meta: (() => ImportMeta) | undefined;
  classScopes: Scope[];
}

/** Makes this thread's registry and the hidden globals that instrumented code uses. */
export function createRegistry(
  config: Config,
  channel: Pick<Registry, 'receive' | 'publish' | 'say'>,
): Registry {
  const made: Registry = { layout: 1, config, modules: new Map(), ...channel };
  hidden(KEY, made);
  hidden(CONSTRUCT, Reflect.construct);
  hidden(NULLISH, nullish);
  hidden(SCOPE, (prefix: string, scope: Scope, what: number | (() => ImportMeta)) => {
    const handed = handedBy(prefix);
    if (typeof what === 'number') {
      handed.classScopes[what] = scope;
    } else {
      handed.scope = scope;
      handed.meta = what;
    }
  });
  return made;
}

/** By prefix. Modules hand over while they run: nothing here may call what a program can patch. */
const handedOver: Record<string, Handed> = Object.create(null);

function handedBy(prefix: string): Handed {
  return (handedOver[prefix] ??= { scope: undefined, meta: undefined, classScopes: [] });
}

/** Enters a module that the load hook saw. A URL loads once a thread, so a second call replaces nothing that runs. */
export function addModule(to: Registry, loaded: Loaded): void {
  if (to.modules.has(loaded.url)) return;
  const handed = handedBy(loaded.prefix);
  to.modules.set(loaded.url, {
    ...loaded,
    at: Date.now(),
    history: undefined,
    cells: [],
    queue: Promise.resolve(),
    made: new Map(),
    get scope() {
      return handed.scope;
    },
    get meta() {
      return handed.meta;
    },
    get classScopes() {
      return handed.classScopes;
    },
  });
}

/**
 * Defines the cells of a module before it runs. A cell is a global of its own: V8 takes one that was never
 * rewritten for a constant and compiles the check away.
 */
export function defineCells(prefix: string, count: number, from = 0): void {
  for (let i = from; i < from + count; i++) {
    const name = cellName(prefix, i);
    if (!(name in globalThis)) hidden(name, undefined);
  }
}

/**
 * Writes a cell: `replacement` runs from the next call on; undefined is the function as loaded. The property is taken
 * away and defined anew, which V8 takes for a fresh constant: it deoptimises what read the old one and inlines the replacement.
 * One that was assigned to twice it reads at every call (0.5 ns become 5).
 */
export function writeCell(prefix: string, index: number, replacement: unknown): void {
  const name = cellName(prefix, index);
  if (isExtensible(globalThis) && deleteProperty(globalThis, name)) hidden(name, replacement);
  else (globalThis as unknown as Record<string, unknown>)[name] = replacement;
}

/** Takes away the cells of closures that are no more. */
export function removeCells(module: LiveModule, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    module.cells[i] = undefined;
    deleteProperty(globalThis, cellName(module.prefix, i));
  }
}

/** Defines a global that no enumeration shows. */
export function hidden(name: string | symbol, value: unknown): void {
  const descriptor = { __proto__: null, value, writable: true, enumerable: false, configurable: true };
  defineProperty(globalThis, name, descriptor);
}

/** Fails on null or undefined as the parameter pattern that was moved would have, with the same words and frames. */
function nullish(value: unknown, destructure: (value: unknown) => void): never {
  try {
    destructure(value);
  } catch (error) {
    captureStackTrace(error as Error, nullish);
    throw error;
  }
  throw new TypeError('Cannot destructure a nullish value');
}
