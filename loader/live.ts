/**
 * The live modules of this thread. In: what the load hook saw (texts) and what the running module handed over
 * (its scope); out: one record a module, which the API edits through. Held under `Symbol.for('hotswap')`, so that the
 * preload, the program and a second copy of this package see the same ones.
 */
import type { ModuleLog } from '../cache/log.ts';
import { createRequire, type Replaced } from '../node.ts';
import type { Config } from './config.ts';
import { createHot, giveHot, type Hot } from './hot.ts';
import type { KeptVersion, KeptVersions } from './kept.ts';
import { CONSTRUCT, cellName, DEFAULT, gateName, HOT, NULLISH, SCOPE } from './names.ts';

/** Evaluates code among a module's (or class's) own variables. */
export type Scope = (code: string) => unknown;

/** The versions of a module. */
export interface History {
  versions: KeptVersions;
  /** number of the one that runs */
  current: number;
  /** text of the current version: a cache that is purged meanwhile must not stop the next edit */
  text: string | undefined;
  /** the cache that has the texts of the versions that are on disk; it stays when the service stops */
  cacheDir: string | undefined;
  /** undefined while versions are kept in memory only */
  log: ModuleLog | undefined;
  /**
   * what ran when the cache was let go, or has been made to run since, and whether that cache knows; undefined
   * while there is one
   */
  left: { number: number; recorded: boolean } | undefined;
}

/**
 * A module that came through the load hook. It may come to be another instance, see `renew`. A program may have thousands
 * that nobody edits: what edits need is made at the first question.
 */
export class LiveModule {
  readonly url: string;
  /** what the names of its cells begin with */
  prefix: string;
  /** text of version 0: the file as it was on disk */
  readonly base: string;
  /** text that was instrumented and evaluated: `base`, or the version that a restart or a fresh import made live */
  source: string;
  /** number of the version that `source` is */
  started: number;
  /** what its author's numbering starts at: the number by which people know version 0 */
  readonly vsn: number;
  /** when it was loaded, milliseconds since 1970 */
  readonly at: number = Date.now();
  /** made by the API at the first question */
  history: History | undefined;
  overlay: Overlay | undefined;
  /** what the hooks were told of its exports, as JSON; undefined: that they are its own */
  exposed: string | undefined;
  /** the last edit asked for; the next one waits for it */
  queue: Promise<unknown> = NOTHING;
  /** how many edits are under way or wait for their turn */
  waiting = 0;
  #cells: (LiveCell | undefined)[] | undefined;
  #facades: Refresh[] | undefined;
  #formers: Map<string, (string | undefined)[]> | undefined;
  #forwards: Map<string, Forward> | undefined;
  #made: Map<string, MadeFunction> | undefined;

  constructor({ url, prefix, base, source, started, vsn }: Loaded) {
    this.url = url;
    this.prefix = prefix;
    this.base = base;
    this.source = source;
    this.started = started;
    this.vsn = vsn;
  }

  get scope(): Scope | undefined {
    return handedBy(this.prefix).scope;
  }

  get meta(): (() => ImportMeta) | undefined {
    return handedBy(this.prefix).meta;
  }

  get classScopes(): Scope[] {
    return handedBy(this.prefix).classScopes;
  }

  /**
   * every cell of the module, by its number, `undefined` where no closure can read it any more; those of the text that
   * was loaded are entered at the first question
   */
  get cells(): (LiveCell | undefined)[] {
    return (this.#cells ??= []);
  }

  /** what is set when its values are others: a facade each that was imported of it, and its former instances */
  get facades(): Refresh[] {
    return (this.#facades ??= []);
  }

  /** cells of its former instances, by their prefixes: the paths of the functions that read them */
  get formers(): Map<string, (string | undefined)[]> {
    return (this.#formers ??= new Map());
  }

  /** by export: what the functions of former instances hand their calls to */
  get forwards(): Map<string, Forward> {
    return (this.#forwards ??= new Map());
  }

  /** functions made by versions, by path and text, newest last; kept so that going back evaluates nothing */
  get made(): Map<string, MadeFunction> {
    return (this.#made ??= new Map());
  }

  /** Makes a fresh instance the one that this module is; its versions stay, and what was made in the instance before goes. */
  renew({ prefix, source }: Pick<Loaded, 'prefix' | 'source'>): void {
    this.prefix = prefix;
    this.source = source;
    this.started = this.history?.current ?? this.started;
    this.overlay = undefined;
    this.exposed = undefined;
    this.#cells = undefined;
    this.#made = undefined;
  }
}

/** Every queue begins with it. */
const NOTHING: Promise<unknown> = Promise.resolve();

/** What versions have declared that the module did not have when it was loaded. */
export interface Overlay {
  /** the names as properties; evaluated code refers to them here */
  values: Record<string, unknown>;
  /** names of the current version that live here */
  names: ReadonlySet<string>;
  /** by place (`native a`, `overlay a`): what the variable there was made by last */
  made: Map<string, MadeBy>;
  /** by place and text: what a variable held when it was given something else, newest last */
  kept: Map<string, PropertyDescriptor>;
  /** texts of statements that have run since the module was loaded */
  ran: Set<string>;
  /** by path: the number by which a class handed over its scope */
  classes: Map<string, number>;
  nextClass: number;
  /** by class that another has succeeded: what its prototype had, and on what it hung */
  succeeded: WeakMap<object, { own: PropertyDescriptorMap; on: object | null }>;
  /** by the number of a class that was made anew: its #private names, without `#` */
  privates: Map<number, ReadonlySet<string>>;
}

/** What a variable at the top level was made by. */
export interface MadeBy {
  /** see `textOfUnit` */
  text: string;
  /** of a function; undefined for anything else */
  kind: Kind | undefined;
}

/** What calling a function gives at once. */
export interface Kind {
  async: boolean;
  generator: boolean;
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
  /** names that its text took for the overlay's */
  overlaid: ReadonlySet<string>;
  /** number of the class that its closures see #private names and `super` through; undefined: none, or that of the module as loaded */
  home?: number;
}

/** A replacement that was evaluated: what its cell takes, and the values that were bound into it. */
export interface MadeFunction {
  value: unknown;
  bound: Readonly<Record<string, unknown>> | undefined;
}

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

/** What the load hook tells about a module. */
export type Loaded = Pick<LiveModule, 'url' | 'prefix' | 'base' | 'source' | 'started' | 'vsn'> & {
  /** URL of a fresh instance, which is not live yet */
  instance?: string;
};

/** A module that is to be imported again. */
export type Fresh = Pick<LiveModule, 'url' | 'base' | 'started' | 'vsn'> & {
  /** the text that is to run */
  text: string;
  /** URL under which it is imported */
  instance: string;
};

/** Modules that are to be imported again together, and find each other. */
export interface Batch {
  number: number;
  modules: Fresh[];
  /** helper modules by URL: their texts, which run as they are */
  helpers: [url: string, text: string][];
}

/** What the program's thread tells hooks on another. */
export type News =
  | { version: MemoryVersion }
  | { expose: Parameters<Registry['expose']> }
  | { config: Config }
  | { forget: string }
  | { batch: Batch }
  | { end: Parameters<Registry['end']> };

/** A version for `import('…?hotswap=…')` that is not on disk, sent to hooks on another thread. */
export interface MemoryVersion {
  url: string;
  number: number;
  id: string;
  text: string;
}

/** What a facade of a module exports; see api/facade.ts. */
export interface ExportedBy {
  /** names that it passes on from the module */
  native: string[];
  /** name and the variable behind it, whose value it is given */
  own: [name: string, local: string][];
  /** name (`*` for all), specifier, and the name there (undefined: its namespace) */
  from: [name: string, specifier: string, inner: string | undefined][];
}

/** A function that calls another, which is that of the live instance. */
export interface Forward {
  // biome-ignore lint/complexity/noBannedTypes: any function at all
  target: Function;
  // biome-ignore lint/complexity/noBannedTypes: any function at all
  readonly call: Function;
}

/** Sets the variables of a facade, or of a former instance. */
export type Refresh = (read: (local: string, before: unknown) => unknown) => void;

export interface Registry {
  readonly layout: 1;
  /** the one object that everything reads; `configure` changes it */
  readonly config: Config;
  /** `registered`: by `--import hotswap/register`, which one `start()` may follow */
  service: 'registered' | 'started' | 'stopped';
  /** where the hooks run: on this thread, or on one of their own */
  readonly hooks: 'on-thread' | 'off-thread';
  readonly modules: Map<string, LiveModule>;
  /** ends with the last transaction asked for; the next one waits for it */
  transactions: Promise<unknown>;
  /** core modules by name, every slot that was aimed at, and those where something of ours stands */
  readonly core: {
    readonly modules: Map<string, CoreModule>;
    readonly slots: Slot[];
    readonly replaced: Replaced[];
  };
  /** how many transactions have been asked for and have not ended */
  transacting: number;
  /** takes in what hooks on another thread have sent; does nothing where they run on this one */
  receive: () => void;
  /** tells of every hot module as it is loaded, those before included; undefined: no more */
  follow: (listener: ((module: LiveModule) => void) | undefined) => void;
  /** who is told */
  follower: ((module: LiveModule) => void) | undefined;
  /** hands a version that is not on disk to the load hook */
  publish: (version: MemoryVersion) => void;
  /** tells the hooks what later importers of a module are to see; undefined: the module itself */
  expose: (url: string, exported: ExportedBy | undefined) => void;
  /** lets the load hook forget the versions of a module that are not on disk */
  forget: (url: string) => void;
  /** what modules want done with `import.meta.hot` */
  readonly hot: Hot;
  /** makes modules known to the load hook that are imported next, as fresh instances */
  begin: (batch: Batch) => void;
  /** ends that: whether whoever imports these modules from now on is to get these instances */
  end: (batch: number, isLive: boolean) => void;
  /** makes other settings hold, for this thread and the load hook */
  configure: (config: Config) => void;
  /** says a line on stderr, unless HOTSWAP_SILENT */
  say: (line: string) => void;
}

const KEY = Symbol.for('hotswap');

const { captureStackTrace } = Error;
const { defineProperty, isExtensible, isFrozen } = Object;
const { defineProperty: define, deleteProperty } = Reflect;

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
  channel: Pick<
    Registry,
    'hooks' | 'receive' | 'publish' | 'expose' | 'forget' | 'begin' | 'end' | 'configure' | 'say'
  > & {
    /** lets the modules that hooks on another thread send come in by themselves, or no longer */
    deliver?: (on: boolean) => void;
    /** called whenever a module begins to run */
    settle?: () => void;
  },
): Registry {
  const core = { modules: new Map(), slots: [], replaced: [] };
  const { deliver, settle, ...rest } = channel;
  const made: Registry = {
    layout: 1,
    config,
    service: 'registered',
    modules: new Map(),
    core,
    transactions: Promise.resolve(),
    transacting: 0,
    hot: createHot(),
    ...rest,
    follower: undefined,
    follow(listener) {
      made.receive(); // those are told of with the rest
      made.follower = listener;
      deliver?.(listener !== undefined);
      if (listener !== undefined) for (const module of [...made.modules.values()]) listener(module);
    },
  };
  hidden(KEY, made);
  hidden(CONSTRUCT, Reflect.construct);
  hidden(NULLISH, nullish);
  defineProperty(globalThis, HELPERS, { get: helpers, configurable: true });
  hidden(SCOPE, (prefix: string, scope: Scope, what: number | (() => ImportMeta)) => {
    const handed = handedBy(prefix);
    if (typeof what === 'number') {
      handed.classScopes[what] = scope;
    } else {
      settle?.();
      handed.scope = scope;
      handed.meta = what;
    }
  });
  hidden(HOT, (meta: ImportMeta, prefix: string, url: string) =>
    giveHot(made.hot, meta, prefix, url, () => made.modules.get(url)?.meta?.()),
  );
  hidden(FACADE, (url: string, refresh: Refresh) => {
    const module = made.modules.get(url);
    if (module === undefined) return;
    module.facades.push(refresh);
    refresh((local) => valueIn(module, local));
  });
  return made;
}

/** Global that holds what decorators of TypeScript go through. */
export const HELPERS = 'hs$helpers';

let decorating: object | undefined;

/** TypeScript's own helpers, under the names that the transformer has for them; loaded when a decorator first runs. */
function helpers(): object {
  if (decorating === undefined) {
    const { __decorate, __metadata, __param } = createRequire(import.meta.url)(
      'tslib',
    ) as typeof import('tslib');
    decorating = { decorate: __decorate, decorateMetadata: __metadata, decorateParam: __param };
  }
  return decorating;
}

/** The value of a variable at the top level now; undefined for one in its dead zone, and for one that there is not. */
export function valueIn({ scope, overlay }: LiveModule, name: string): unknown {
  try {
    if (overlay?.names.has(name)) return overlay.values[name];
    return scope?.(name === 'default' ? DEFAULT : name);
  } catch {
    return undefined;
  }
}

/** Global through which a facade hands over what sets its variables; see load.ts. */
export const FACADE = 'hs$facade';

/** By prefix. Modules hand over while they run: nothing here may call what a program can patch. */
const handedOver: Record<string, Handed> = Object.create(null);

function handedBy(prefix: string): Handed {
  return (handedOver[prefix] ??= { scope: undefined, meta: undefined, classScopes: [] });
}

/** Enters a module that the load hook saw, with its gate. A URL loads once a thread, so a second call replaces nothing that runs. */
export function addModule(to: Registry, loaded: Loaded): void {
  defineGate(loaded.prefix);
  if (loaded.instance !== undefined) to.hot.arrived[loaded.instance] = loaded;
  if (to.modules.has(loaded.url)) return;
  const module = new LiveModule(loaded);
  to.modules.set(loaded.url, module);
  to.follower?.(module);
}

/** Defines the gate of a module before it runs. It is there already where a module was loaded that could not be linked then. */
function defineGate(prefix: string): void {
  const name = gateName(prefix);
  if (!(name in globalThis)) define(globalThis, name, EMPTY);
}

/**
 * Opens the gate of a module whose first function is about to be replaced: its patch points read their cells from now on. What is
 * optimised of it is optimised anew, once.
 */
export function openGate({ prefix, cells }: Pick<LiveModule, 'prefix' | 'cells'>): void {
  if (isOpen(prefix)) return;
  defineCells(prefix, cells.length);
  rewriteGlobal(gateName(prefix), true);
}

/** Whether that can be done, or has been: not where the program has closed its global object. */
export function canOpenGate({ prefix }: Pick<LiveModule, 'prefix'>): boolean {
  return isExtensible(globalThis) || (isOpen(prefix) && !isFrozen(globalThis));
}

function isOpen(prefix: string): boolean {
  return (globalThis as unknown as Record<string, unknown>)[gateName(prefix)] === true;
}

/**
 * Defines cells. A cell is a global of its own: V8 takes one that was never rewritten for a constant and compiles the check away.
 */
export function defineCells(prefix: string, count: number, from = 0): void {
  for (let i = from; i < from + count; i++) {
    const name = cellName(prefix, i);
    if (!(name in globalThis)) define(globalThis, name, EMPTY);
  }
}

/** Of a gate, and of a cell of a function that is as it was loaded. */
const EMPTY = Object.freeze({
  __proto__: null,
  value: undefined,
  writable: true,
  enumerable: false,
  configurable: true,
});

/**
 * Writes a cell: `replacement` runs from the next call on; undefined is the function as loaded. The property is taken
 * away and defined anew, which V8 takes for a fresh constant: it deoptimises what read the old one and inlines the replacement.
 * One that was assigned to twice it reads at every call (0.5 ns become 5).
 */
export function writeCell(prefix: string, index: number, replacement: unknown): void {
  rewriteGlobal(cellName(prefix, index), replacement);
}

function rewriteGlobal(name: string, replacement: unknown): void {
  if (isExtensible(globalThis) && deleteProperty(globalThis, name)) hidden(name, replacement);
  else (globalThis as unknown as Record<string, unknown>)[name] = replacement;
}

/** Takes away the cells of closures that are no more. */
export function removeCells(
  { prefix, cells }: Pick<LiveModule, 'prefix' | 'cells'>,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) {
    cells[i] = undefined;
    deleteProperty(globalThis, cellName(prefix, i));
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
