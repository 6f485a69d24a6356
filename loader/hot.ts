/**
 * `import.meta.hot`, as a module sees it: the HMR API of Vite (https://vite.dev/guide/api-hmr), which dynohot has too. In: a
 * module that mentions it and is about to run; out: its *hot context*, which notes what the module wants done when it, or
 * what it imports, is imported again. Nothing here acts on that: api/hot.ts does. Modules call it while they run, so that
 * nothing here may call what a program can patch.
 */

/** What a module's namespace is typed as: its exports by name. */
// biome-ignore lint/suspicious/noExplicitAny: as Vite types it
export type ModuleNamespace = Record<string, any> & { [Symbol.toStringTag]: 'Module' };

/** One module that has been brought up to date. */
export interface HotUpdate {
  type: 'js-update';
  /** URL of the module that accepted, or of the changed one where it was changed in place */
  path: string;
  /** URL of the module that it accepted: itself, or one that it imports */
  acceptedPath: string;
  timestamp: number;
}

/** What listeners of `hot.on` are given, by event. Those of the browser (`vite:ws:connect`, `vite:beforeFullReload`) never come. */
export interface HotEvents {
  'vite:beforeUpdate': { type: 'update'; updates: HotUpdate[] };
  'vite:afterUpdate': { type: 'update'; updates: HotUpdate[] };
  'vite:beforePrune': { type: 'prune'; paths: string[] };
  'vite:invalidate': { path: string; message: string | undefined };
  'vite:error': { type: 'error'; err: { message: string; stack: string; id?: string } };
}

type Payload<E extends string> = E extends keyof HotEvents ? HotEvents[E] : unknown;
type Done = void | Promise<void>;

/** The type of `import.meta.hot`. Callbacks may return promises, which are awaited. */
export interface HotContext {
  /** an object of the module, the same for every instance of it */
  // biome-ignore lint/suspicious/noExplicitAny: as Vite types it
  readonly data: any;
  /** This module may be imported again when it changes, or what it imports does and nothing between accepts that. */
  accept(callback?: (module: ModuleNamespace | undefined) => Done): void;
  /** A module that this one imports may be imported again; `callback` gets the new instance. */
  accept(specifier: string, callback?: (module: ModuleNamespace | undefined) => Done): void;
  /** The same for several; in the list those that were imported again have their new instance, the others undefined. */
  accept(specifiers: readonly string[], callback?: (modules: (ModuleNamespace | undefined)[]) => Done): void;
  /** Called before the next instance of this module runs, to undo what this one has done. */
  // biome-ignore lint/suspicious/noExplicitAny: as Vite types it
  dispose(callback: (data: any) => Done): void;
  /** Called when nothing imports this module any more. */
  // biome-ignore lint/suspicious/noExplicitAny: as Vite types it
  prune(callback: (data: any) => Done): void;
  /** This module cannot take its update: who imports it is to be imported again. */
  invalidate(message?: string): void;
  /** No change that reaches this module imports it again: changes are applied in place. */
  decline(): void;
  /** @returns stops listening, as `off` does */
  on<E extends string>(event: E, listener: (payload: Payload<E>) => Done): () => void;
  off<E extends string>(event: E, listener: (payload: Payload<E>) => Done): void;
  /** Does nothing: there is no server on another side. */
  send(event: string, data?: unknown): Promise<void>;
}

type Callback = (argument: unknown) => unknown;

/** What one instance of a module has asked for. */
export interface Wishes {
  /** URL of the module */
  readonly url: string;
  /** `specifiers` is undefined where it accepts itself; `one`: its callback gets a module, not a list */
  accepts: { specifiers: string[] | undefined; one: boolean; callback: Callback | undefined }[];
  /** of `dispose` and `prune`, in order */
  endings: { callback: Callback; prune: boolean }[];
  listeners: [event: string, listener: Callback][];
  declined: boolean;
}

/** What all modules of a thread have asked for. */
export interface Hot {
  /** by the prefix of the instance; those of instances that were succeeded go */
  readonly wishes: Record<string, Wishes>;
  /** `import.meta.hot.data` by URL */
  readonly data: Record<string, object>;
  /** fresh instances that the load hook saw, by their URL, which are not live yet */
  readonly arrived: Record<string, { prefix: string; source: string }>;
  /** how many times modules were imported again */
  batches: number;
  /** URLs of modules that have invalidated themselves, with their messages, until that is seen to */
  invalid: Record<string, string | undefined>;
  /** sees to them; made by the API */
  wake: (() => void) | undefined;
  /** the last update asked for; the next one waits for it */
  queue: Promise<unknown>;
}

const { create, defineProperty } = Object;
const { isArray } = Array;

/** The state that `import.meta.hot` of this thread's modules shares. */
export function createHot(): Hot {
  const [wishes, data, arrived, invalid] = [create(null), create(null), create(null), create(null)];
  return {
    wishes,
    data,
    arrived,
    batches: 0,
    invalid,
    wake: undefined,
    queue: Promise.resolve(),
  };
}

/**
 * Gives a module that is about to run its `import.meta.hot`; a fresh instance also finds there what it would as the first.
 * @param url its own, without any query of ours @param before what the instance before it has
 */
export function giveHot(
  hot: Hot,
  meta: ImportMeta,
  prefix: string,
  url: string,
  before: () => ImportMeta | undefined,
): void {
  if (meta.url !== url) {
    meta.url = url;
    const { main } = (before() ?? {}) as { main?: boolean };
    if (main) (meta as { main?: boolean }).main = main;
  }
  const wishes: Wishes = { url, accepts: [], endings: [], listeners: [], declined: false };
  hot.wishes[prefix] = wishes;
  const value = contextOf(hot, wishes);
  defineProperty(meta, 'hot', {
    __proto__: null,
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  } as PropertyDescriptor);
}

function contextOf(hot: Hot, wishes: Wishes): HotContext {
  const { url, accepts, endings, listeners } = wishes;
  const accept = (what?: unknown, then?: unknown): void => {
    const self = what === undefined || what === null || typeof what === 'function';
    if (!self && typeof what !== 'string' && !isArray(what))
      throw new TypeError('import.meta.hot.accept takes a callback, a specifier or a list of specifiers');
    const callback = self ? what : then;
    add(accepts, {
      specifiers: self ? undefined : typeof what === 'string' ? [what] : (what as string[]),
      one: !isArray(what),
      callback: typeof callback === 'function' ? (callback as Callback) : undefined,
    });
  };
  const ending =
    (prune: boolean) =>
    (callback: Callback): void => {
      if (typeof callback !== 'function')
        throw new TypeError(`import.meta.hot.${prune ? 'prune' : 'dispose'} takes a function`);
      add(endings, { callback, prune });
    };
  const off = (event: string, listener: unknown): void => {
    let kept = 0;
    for (let i = 0; i < listeners.length; i++) {
      const one = listeners[i] as (typeof listeners)[number];
      if (one[0] !== event || one[1] !== listener) listeners[kept++] = one;
    }
    listeners.length = kept;
  };
  return {
    get data() {
      return (hot.data[url] ??= {});
    },
    accept,
    dispose: ending(false),
    prune: ending(true),
    invalidate(message) {
      hot.invalid[url] = message;
      hot.wake?.();
    },
    decline() {
      wishes.declined = true;
    },
    on(event, listener) {
      add(listeners, [event, listener as Callback]);
      return () => off(event, listener);
    },
    off,
    async send() {},
  };
}

/** As `push`, which a program can patch. */
function add<T>(list: T[], item: T): void {
  list[list.length] = item;
}
