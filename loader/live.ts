/**
 * One live module of this thread. In: what the load hook saw (texts) and what the running module handed over (its scope); out:
 * the record that the API edits through.
 */
import type { ModuleLog } from '../cache/log.ts';
import type { KeptVersions } from './kept.ts';
import type { Language } from './language.ts';
import { DEFAULT } from './names.ts';
import type { Pieces } from './pieces.ts';

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
   * number of the version that the log had in force when this process last agreed with it: when it loaded the module, wrote, or
   * took over what others had written. Where the log says another by now, others have edited since.
   */
  agreed: number;
  /** whether a way back could not be written down; it is tried again */
  unwritten: boolean;
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
  /** number of the version that the log had in force then; undefined where the log was not asked */
  readonly agreed: number | undefined;
  /** what its author's numbering starts at: the number by which people know version 0 */
  readonly vsn: number;
  /** the language of its texts, where another loader has made them of the file's; see made.ts */
  readonly madeAs: Language | undefined;
  /** where another loader made its text and files are watched: the text of its file then, until somebody has looked at it */
  file: string | undefined;
  /** URL that Node has it under, where that is not `url`: of the instance that is live */
  instance: string | undefined;
  /** when it was loaded, milliseconds since 1970 */
  readonly at: number = Date.now();
  /** made by the API at the first question */
  history: History | undefined;
  overlay: Overlay | undefined;
  /** what the hooks were told of its exports, as JSON; undefined: that they are its own */
  exposed: string | undefined;
  /** what stack traces are to say of its code; undefined before the first save */
  places: Places | undefined;
  /** the last edit asked for; the next one waits for it */
  queue: Promise<unknown> = NOTHING;
  /** how many edits are under way or wait for their turn */
  waiting = 0;
  #cells: (LiveCell | undefined)[] | undefined;
  #facades: Refresh[] | undefined;
  #formers: Map<string, (string | undefined)[]> | undefined;
  #forwards: Map<string, Forward> | undefined;
  #made: Map<string, MadeFunction> | undefined;

  constructor({ url, prefix, base, source, started, agreed, vsn, madeAs, file, instance }: Loaded) {
    this.url = url;
    this.file = file;
    this.instance = instance;
    this.prefix = prefix;
    this.base = base;
    this.source = source;
    this.started = started;
    this.agreed = agreed;
    this.vsn = vsn;
    this.madeAs = madeAs;
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
  renew({ prefix, source, instance }: Pick<Loaded, 'prefix' | 'source' | 'instance'>): void {
    this.prefix = prefix;
    this.instance = instance;
    this.source = source;
    this.started = this.history?.current ?? this.started;
    this.overlay = undefined;
    this.exposed = undefined;
    this.#cells = undefined;
    this.#made = undefined;
  }
}

/** What the load hook tells about a module. */
export type Loaded = Pick<LiveModule, 'url' | 'prefix' | 'base' | 'source' | 'started' | 'vsn'> & {
  /** URL of a fresh instance, which is not live yet unless it is loaded `anew` */
  instance?: string;
  /** whether it stands in the place of one that has never come to run; see `Registry.loadAnew` */
  anew?: true;
  /** where the author's text stands in the one that runs, see layout.ts */
  layout: string | undefined;
  agreed?: number | undefined;
  madeAs?: Language | undefined;
  file?: string | undefined;
  /** whether it is a version that no start was healthy with yet; see ending.ts */
  isUntried?: true | undefined;
};

/** A module whose text does not parse, so that nothing of it is live. */
export interface Unparsed {
  url: string;
  text: string;
}

/** Every queue begins with it. */
const NOTHING: Promise<unknown> = Promise.resolve();

/** Which text the code of a module is of, for stack traces; see api/running/stacktraces.ts. Versions by their numbers. */
export interface Places {
  /** the version that the file has */
  saved: number;
  /** SHA-256 of the code that is being compiled, and what was compiled before */
  compiling: string[];
  compiled: Pieces;
  /** lines that were asked for: `<version> <line>`, and the line now; undefined where that code is not in the file */
  lines: Map<string, number | undefined>;
}

/** What versions have declared that the module did not have when it was loaded. */
export interface Overlay {
  /** the names as properties; evaluated code refers to them here */
  values: Record<string, unknown>;
  /** names of the current version that live here */
  names: ReadonlySet<string>;
  /** by place (`native a`, `overlay a`): what the variable there was made by last */
  made: Map<string, MadeBy>;
  /** by place and text: what a variable held when it was given something else, newest last */
  kept: Map<string, Held>;
  /** by what an import says (see `importKey`): how often the namespace that it stands for has become another */
  namespaces: Map<string, number>;
  /** texts of statements that have run since the module was loaded */
  ran: Set<string>;
  /** by path: the number by which a class handed over its scope */
  classes: Map<string, number>;
  nextClass: number;
  /** by class that another has succeeded: what its prototype had, on what it hung, and the other */
  succeeded: WeakMap<object, { own: PropertyDescriptorMap; on: object | null; by: object }>;
  /** by the number of a class that was made anew: its #private names, without `#` */
  privates: Map<number, ReadonlySet<string>>;
  /** by such a number: one of these that each instance has */
  brands: Map<number, string>;
}

/** What a variable at the top level was made by. */
export interface MadeBy {
  /** see `textOfUnit` */
  text: string;
  /** the same without what adds to it: a function or class, with which TypeScript merges namespaces */
  base: string;
  isClass: boolean;
  /** of a function; undefined for anything else */
  kind: Kind | undefined;
  /** of a variable: `const`, `let`, `var`, `using`; empty for anything else */
  keyword: string;
  /** of a class: names on the overlay that its fields are given something of, with commas */
  homes: string;
  /** whether it holds what an export stands for, which nothing in the module reads there */
  passes?: true;
}

/** What a variable held, and what was under keys that namespaces give it. */
export interface Held extends PropertyDescriptor {
  own?: PropertyDescriptorMap | undefined;
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
  /** by the number of a version from which on they could not: what they kept, undefined for the code they were made with */
  kept?: Map<number, unknown>;
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
  /** number of the first of the cells of the functions inside it */
  first: number;
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

/** Scopes that arrived before the module's texts did (hooks on another thread). */
interface Handed {
  scope: Scope | undefined;
  meta: (() => ImportMeta) | undefined;
  classScopes: Scope[];
}

/** By prefix. Modules hand over while they run: nothing here may call what a program can patch. */
const handedOver: Record<string, Handed> = Object.create(null);

/** What a module has handed over so far. */
export function handedBy(prefix: string): Handed {
  return (handedOver[prefix] ??= { scope: undefined, meta: undefined, classScopes: [] });
}

/**
 * The value of a variable at the top level now; undefined for one in its dead zone, and for one that there is not.
 * @param overlaid names of a version that live on the overlay, of the one that runs unless another is meant
 */
export function valueIn(
  module: LiveModule,
  name: string,
  overlaid: ReadonlySet<string> | undefined = module.overlay?.names,
): unknown {
  if (!overlaid?.has(name)) return nativeIn(module, name);
  try {
    return module.overlay?.values[name];
  } catch {
    return undefined;
  }
}

/** What a variable of the module as it was loaded holds, whatever else has its name in the version that runs. */
export function nativeIn({ scope }: LiveModule, name: string): unknown {
  try {
    return scope?.(name === 'default' ? DEFAULT : name);
  } catch {
    return undefined;
  }
}
