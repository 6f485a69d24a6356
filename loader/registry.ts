/**
 * What this thread has live, and the hidden globals that instrumented code uses. In: modules as they are loaded; out: the one registry,
 * held under `Symbol.for('hotswap')`, so that the preload, the program and a second copy of this package see the same.
 */
import { createRequire, fileURLToPath, type Replaced, toStringOfV8 } from '../node.ts';
import type { Config, Say } from './config.ts';
import type { CoreModule, Slot } from './core.ts';
import { declareShutGate, defineGate, hidden } from './gates.ts';
import { createHot, giveHot, type Hot } from './hot.ts';
import { requireOurs, takeAs } from './language.ts';
import {
  handedBy,
  LiveModule,
  type Loaded,
  type Refresh,
  type Scope,
  type Unparsed,
  valueIn,
} from './live.ts';
import { CONSTRUCT, HOT, NULLISH, SCOPE } from './names.ts';
import { noteModule } from './positions.ts';
import { laidOut, type ShowEdited, showAuthors } from './tostring.ts';

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
  | { offer: Parameters<Registry['offer']> }
  | { config: Config }
  | { forget: string }
  | { ask: Parameters<Registry['ask']> }
  | { anew: Parameters<Registry['loadAnew']> }
  | { batch: Batch }
  | { end: Parameters<Registry['end']> };

/** A version for `import('…?hotswap=…')` that is not on disk, sent to hooks on another thread. */
export interface MemoryVersion {
  url: string;
  number: number;
  id: string;
  text: string;
  /** names of the values that are bound into it, which only the running module can be given; absent where there are none */
  bound?: string[];
}

/** What a facade of a module exports; see api/running/facade.ts. */
export interface ExportedBy {
  /** names that it passes on from the module */
  native: string[];
  /** name and the variable behind it, whose value it is given */
  own: [name: string, local: string][];
  /** name (`*` for all), specifier, and the name there (undefined: its namespace) */
  from: [name: string, specifier: string, inner: string | undefined][];
}

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
  follow: (follower: Follower | undefined) => void;
  /** who is told */
  follower: Follower | undefined;
  /** modules whose text did not parse when it was loaded last, by URL */
  readonly unparsed: Map<string, Unparsed>;
  /** makes a URL known by which the text of a module is asked for, or forgets it; see `textModule` */
  ask: (url: string, isOpen: boolean) => void;
  /**
   * lets the next import of modules that have never come to run load them once more, from their files, under another URL: Node keeps
   * a failure for the life of the process. @param number of the instances; undefined: it is not to be, after all
   */
  loadAnew: (urls: string[], number: number | undefined) => void;
  /** hands a version that is not on disk to the load hook */
  publish: (version: MemoryVersion) => void;
  /** tells the hooks what later importers of a module are to see; undefined: the module itself */
  expose: (url: string, exported: ExportedBy | undefined) => void;
  /** makes a facade known that nobody is led to, for what is to import it by its URL; undefined: there is none any more */
  offer: (url: string, exported: ExportedBy | undefined) => void;
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
  say: Say;
  /** `Function.prototype.toString` as it was before ours */
  readonly toStringOfV8: () => string;
  /** what ours asks first for the text of a function; undefined before the first edit */
  edited: ShowEdited | undefined;
}

/** Who is told of modules. `began` is called while modules run: it may call nothing that a program can patch. */
interface Follower {
  loaded: (module: LiveModule) => void;
  unparsed: (module: Unparsed) => void;
  /** the module whose cells' names begin with `prefix` begins to run */
  began: (prefix: string) => void;
}

const KEY = Symbol.for('hotswap');

/** URLs of modules that begin with a version that no start was healthy with yet, by their prefixes; modules ask while they run. */
const untried: Record<string, string> = Object.create(null);

const { captureStackTrace } = Error;
const { defineProperty } = Object;

/** The registry of this thread; undefined when the program was not started with `--import hotswap/register`. */
export function registry(): Registry | undefined {
  return (globalThis as { [KEY]?: Registry })[KEY];
}

/** Makes this thread's registry and the hidden globals that instrumented code uses. */
export function createRegistry(
  config: Config,
  channel: Pick<
    Registry,
    | 'hooks'
    | 'receive'
    | 'publish'
    | 'expose'
    | 'offer'
    | 'forget'
    | 'ask'
    | 'loadAnew'
    | 'begin'
    | 'end'
    | 'configure'
    | 'say'
  > & {
    /** lets the modules that hooks on another thread send come in by themselves, or no longer */
    deliver?: (on: boolean) => void;
    /** called whenever a module begins to run */
    settle?: () => void;
    /** called when one does with a version that no start was healthy with yet */
    begun?: (url: string) => void;
  },
): Registry {
  const core = { modules: new Map(), slots: [], replaced: [] };
  const { deliver, settle, begun, ...rest } = channel;
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
    unparsed: new Map(),
    toStringOfV8,
    edited: undefined,
    follower: undefined,
    follow(follower) {
      made.receive(); // those are told of with the rest
      made.follower = follower;
      deliver?.(follower !== undefined);
      if (follower === undefined) return;
      for (const module of [...made.modules.values()]) follower.loaded(module);
      for (const module of [...made.unparsed.values()]) follower.unparsed(module);
    },
  };
  hidden(KEY, made);
  showAuthors(() => made.edited);
  hidden(CONSTRUCT, Reflect.construct);
  hidden(NULLISH, nullish);
  defineProperty(globalThis, HELPERS, { get: helpers, configurable: true });
  hidden(SCOPE, (prefix: string, scope: Scope, what: number | (() => ImportMeta)) => {
    const handed = handedBy(prefix);
    if (typeof what === 'number') {
      handed.classScopes[what] = scope;
    } else {
      settle?.();
      const url = untried[prefix];
      if (url !== undefined) begun?.(url);
      handed.scope = scope;
      handed.meta = what;
      made.follower?.began(prefix);
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

/** Global that holds what decorators of TypeScript, and its `import x = require()`, go through. */
export const HELPERS = 'hs$helpers';

let helping: object | undefined;

/**
 * What texts in TypeScript are made to call: its own helpers for decorators, under the names that the transformer has for them, the
 * same for what parameters' decorators are told, and `require` of a module; tslib is loaded when a decorator first runs.
 */
function helpers(): object {
  let loaded: typeof import('tslib') | undefined;
  const tslib = () => (loaded ??= requireOurs<typeof import('tslib')>('tslib'));
  helping ??= {
    get decorate() {
      return tslib().__decorate;
    },
    get decorateParam() {
      return tslib().__param;
    },
    get decorateMetadata() {
      return tslib().__metadata;
    },
    /** As `decorateMetadata`, called with a parameter's number, which metadata of the whole list has nothing to do with. */
    parameterMetadata(key: string, value: unknown) {
      const decorator = tslib().__metadata(key, value) as
        | ((on: object, name?: PropertyKey) => void)
        | undefined;
      return (on: object, name?: PropertyKey) => decorator?.(on, name);
    },
    /** What a type in other declarations is at run time: `ns.inner.Type`. */
    designType(from: unknown, path: readonly string[]) {
      let value = from;
      for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
      return typeof value === 'function' ? value : Object;
    },
    require: createRequire,
  };
  return helping;
}

/** Global through which a facade hands over what sets its variables; see load.ts. */
export const FACADE = 'hs$facade';

/**
 * Enters a module that the load hook saw, with its gate. A URL is loaded a second time where Node had failed with it, and by a fresh
 * instance: what runs is not replaced.
 */
export function addModule(to: Registry, loaded: Loaded): void {
  if (!defineGate(loaded.prefix) && declareShutGate(loaded.prefix)) sayClosed(to, loaded.url);
  laidOut(loaded);
  noteModule(loaded);
  if (loaded.instance !== undefined && !loaded.anew) to.hot.arrived[loaded.instance] = loaded;
  const known = to.modules.get(loaded.url);
  const isFirst = known === undefined || loaded.anew || isOnceMore(known, loaded);
  if (to.unparsed.has(loaded.url)) to.unparsed.delete(loaded.url);
  if (!isFirst) return;
  if (loaded.madeAs !== undefined) takeAs(loaded.url, loaded.madeAs);
  if (loaded.isUntried && !loaded.anew) untried[loaded.prefix] = loaded.url;
  const module = new LiveModule(loaded);
  to.modules.set(loaded.url, module);
  to.follower?.loaded(module);
}

function sayClosed({ say }: Registry, url: string): void {
  say(
    `${fileURLToPath(url)} is not hot and runs as it is: the program has closed its global object (Object.preventExtensions, seal or freeze of globalThis), where what replaces a function is kept. Import the module before that, or leave globalThis open.`,
  );
}

/** Whether Node loads a module once more, from another text, that has never begun to run. */
function isOnceMore(known: LiveModule, { instance, source }: Loaded): boolean {
  return instance === undefined && known.scope === undefined && known.source !== source;
}

/** Enters a module whose text does not parse, and which Node will refuse. */
export function addUnparsed(to: Registry, module: Unparsed): void {
  to.unparsed.set(module.url, module);
  to.follower?.unparsed(module);
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
