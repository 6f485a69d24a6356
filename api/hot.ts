/**
 * `import.meta.hot` followed. In: a module whose text is another; out: its new version. A change that some module accepts, itself
 * or through what it imports, is imported again (*fresh*), with every module from the changed one up to those that
 * accept, as Vite and dynohot do it; any other is applied in place. Whatever can be known to fail (syntax, imports,
 * names that are not exported) is known before the first `dispose`; what fails after that leaves the instances before live.
 */
import { HotswapError } from '../error.ts';
import type { HotUpdate, ModuleNamespace, Wishes } from '../loader/hot.ts';
import { mentionsHot } from '../loader/instrument.ts';
import type { LiveModule, Loaded } from '../loader/live.ts';
import { HOT } from '../loader/names.ts';
import { type Fresh, registry } from '../loader/registry.ts';
import { instanceUrl } from '../loader/variants.ts';
import { fileURLToPath } from '../node.ts';
import { type Entry, enter, isOther, queued } from './apply/commit.ts';
import { needRegistry, type Version } from './history/history.ts';
import { staging } from './history/staging.ts';
import { freshOf } from './modules/fresh.ts';
import {
  acceptsItself,
  type Boundary,
  importers,
  importsOf,
  type Reached,
  reach,
  resolvedFrom,
  wishesOf,
} from './modules/importers.ts';
import { succeeded } from './running/former.ts';

/** URLs of modules that nothing imports any more, and that have been told so. */
const pruned = new Set<string>();
/** Those of them that have undone what they did. */
const undone = new Set<string>();

/**
 * Brings a module to another text: through `import.meta.hot` where some module accepts that, else in place. Updates wait for one
 * another, so that none meets half of another.
 *
 * @param read gives the text when its turn comes
 * @param inPlace applies it in place; runs within `queued`
 */
export async function update(
  module: LiveModule,
  read: () => string | Promise<string>,
  inPlace: (source: string) => Promise<Version>,
): Promise<Version> {
  const { hot } = needRegistry();
  // A transaction is carried out in one synchronous step, which an import is not.
  if (staging() !== undefined || Object.keys(hot.wishes).length === 0) {
    return queued(module, async () => {
      const source = await read();
      if (mentionsHot(source)) giveLate(module);
      return inPlace(source);
    });
  }
  return inTurn(async () => {
    let notify = async (): Promise<void> => {};
    try {
      const version = await queued(module, async () => {
        const source = await read();
        if (mentionsHot(source)) giveLate(module);
        if (!isOther(module, source, fileURLToPath(module.url))) return inPlace(source);
        const before = importsOf(module);
        const all = importers(pruned);
        const reached = reach([module], all);
        if (reached === undefined) {
          const updates = [updateOf(module, module)];
          await emit('vite:beforeUpdate', { type: 'update', updates });
          const version = await inPlace(source);
          notify = async () => {
            await revive();
            await prune(before);
            await emit('vite:afterUpdate', { type: 'update', updates });
          };
          return version;
        }
        const done = await importAgain(reached, { module, source });
        notify = async () => {
          await done.notify();
          if (done.error !== undefined) throw done.error;
          await revive();
          await prune(before);
          await emit('vite:afterUpdate', { type: 'update', updates: done.updates });
          await seeToInvalid(new Set(reached.stale));
        };
        return { ...(done.version as Version), imported: reached.stale.map(({ url }) => url) };
      });
      await notify();
      return version;
    } catch (error) {
      await emitError(error, module);
      throw error;
    }
  });
}

/** Whether some module accepts a change of one of these, so that it takes an import. */
export function isAccepted(modules: readonly LiveModule[]): boolean {
  if (Object.keys(needRegistry().hot.wishes).length === 0) return false;
  const all = importers(pruned);
  return modules.some((module) => reach([module], all) !== undefined);
}

/** Runs an update after those asked for before it. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const { hot } = needRegistry();
  const turn = hot.queue.then(work);
  hot.queue = turn.catch(() => {});
  return turn;
}

/** Lets modules that invalidate themselves be seen to. */
function listen(): void {
  const hot = registry()?.hot;
  if (hot !== undefined) hot.wake ??= () => void inTurn(() => seeToInvalid(new Set()));
}

listen();

/** Gives a module that runs its `import.meta.hot` where an edit has begun to use it. */
function giveLate(module: LiveModule): void {
  const meta = module.meta?.();
  if (meta === undefined || wishesOf(module) !== undefined) return;
  (globalThis as unknown as Record<string, (...args: unknown[]) => void>)[HOT]?.(
    meta,
    module.prefix,
    module.url,
  );
}

/** What is to run as a new version. */
interface Changed {
  module: LiveModule;
  source: string;
}

interface Done {
  version: Version | undefined;
  updates: HotUpdate[];
  /** calls who accepted */
  notify: () => Promise<void>;
  /** what the new version has failed with, where the one before has been imported again */
  error: HotswapError | undefined;
}

/**
 * Imports modules again and makes the new instances the live ones. One that fails when it runs has its effects undone, and
 * if the instances before it have disposed of anything they are imported again as they were; `error` tells.
 * @throws ERR_HOTSWAP_STRUCTURAL where something cannot be loaded or linked; then nothing has changed
 */
function importAgain(reached: Reached, changed: Changed | undefined): Promise<Done> {
  const others = reached.stale.filter((module) => module !== changed?.module);
  return inTurnsOf(others, () => importNow(reached, changed));
}

async function importNow(reached: Reached, changed: Changed | undefined): Promise<Done> {
  const { stale, boundaries } = reached;
  const { hot, begin, end, receive } = needRegistry();
  const number = ++hot.batches;
  const modules = stale.map((module) =>
    freshOf(module, number, module === changed?.module ? changed.source : undefined),
  );
  const [{ via: first }] = boundaries as [Boundary];
  const helper = (name: string): string => instanceUrl(first.url, number).replace('=fresh', `=${name}`);
  const [entry, gate] = [helper('link'), helper('gate')];
  begin({
    number,
    modules,
    helpers: [
      [entry, [gate, ...modules.map((one) => one.instance)].map(importing).join('')],
      [gate, `throw Object.assign(new Error(), { linked: ${number} });`],
    ],
  });
  const updates = boundaries.map(({ by, via }) => updateOf(by, via));
  let written: Entry | undefined;
  try {
    // The entry's first import throws, when all of them have been read and linked and none has run.
    await import(entry).catch((error) => {
      if (error?.linked !== number) throw failed(changed?.module ?? first, error, 'cannot be loaded');
    });
    written = changed && enter(changed.module, changed.source, fileURLToPath(changed.module.url));
  } catch (error) {
    receive();
    for (const { instance } of modules) delete hot.arrived[instance];
    end(number, false);
    throw error;
  }
  await emit('vite:beforeUpdate', { type: 'update', updates });
  let ended = false;
  for (const module of [...stale].reverse()) ended = (await endInstance(wishesOf(module), false)) || ended;
  const namespaces = new Map<LiveModule, ModuleNamespace>();
  let at = first;
  try {
    for (at of new Set([...boundaries.map(({ via }) => via), ...stale])) {
      const fresh = modules.find(({ url }) => url === at.url);
      namespaces.set(at, await import(fresh?.instance ?? at.url));
    }
  } catch (cause) {
    receive();
    for (const { instance } of [...modules].reverse()) await undoInstance(instance);
    end(number, false);
    written?.undo();
    const error = failed(at, cause, 'has failed');
    if (!ended || changed === undefined) throw error;
    return { ...(await importNow(reached, undefined)), error };
  }
  receive();
  const version = written?.conclude();
  const notify = notifier(
    boundaries,
    namespaces,
    stale.map((module, i) => succeed(module, modules[i] as Fresh)),
  );
  end(number, true);
  return { version, updates, notify, error: undefined };
}

/** Makes a fresh instance the live one of its module. @returns what leads the exports of the one before to it */
function succeed(module: LiveModule, { instance }: Fresh): () => void {
  const { hot, expose } = needRegistry();
  const wishes = wishesOf(module);
  const lead = succeeded(module);
  if (module.exposed !== undefined) expose(module.url, undefined);
  if (wishes !== undefined) wishes.listeners.length = 0;
  delete hot.wishes[module.prefix];
  module.renew(hot.arrived[instance] as Loaded);
  delete hot.arrived[instance];
  pruned.delete(module.url);
  undone.delete(module.url);
  return lead;
}

/** What calls those who have accepted, as they were when the update began. @param lead see `succeed` */
function notifier(
  boundaries: readonly Boundary[],
  namespaces: ReadonlyMap<LiveModule, ModuleNamespace>,
  lead: readonly (() => void)[],
): () => Promise<void> {
  return async () => {
    for (const { by, via, accepts } of boundaries) {
      if (by !== via) continue;
      for (const { specifiers, callback } of accepts)
        if (specifiers === undefined) await call(callback, namespaces.get(via), by);
    }
    // What the old instances do of their own is done: from here on their exports are those of the new ones.
    for (const leads of lead) leads();
    for (const by of new Set(boundaries.filter((one) => one.by !== one.via).map((one) => one.by))) {
      const own = boundaries.filter((one) => one.by === by && one.via !== by);
      const found = new Map(own.map(({ via }) => [via.url, namespaces.get(via)]));
      for (const { specifiers = [], one, callback } of own[0]?.accepts ?? []) {
        const urls = specifiers.map((specifier) => resolvedFrom(by, specifier) ?? '');
        if (!urls.some((url) => found.has(url))) continue;
        const list = urls.map((url) => found.get(url));
        await call(callback, one ? list[0] : list, by);
      }
    }
  };
}

/** Runs work when the edits of some modules that were asked for before are done, and those asked for after wait. */
function inTurnsOf<T>([first, ...rest]: readonly LiveModule[], work: () => Promise<T>): Promise<T> {
  return first === undefined ? work() : queued(first, () => inTurnsOf(rest, work));
}

function importing(url: string): string {
  return `import ${JSON.stringify(url)};\n`;
}

function failed({ url }: LiveModule, cause: unknown, how: string): HotswapError {
  const file = fileURLToPath(url);
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `importing ${file} again ${how}: ${message}; the version before stays`,
    { module: url, file, cause },
  );
}

/** Lets an instance undo what it has done, the last first. It is told once. @returns whether there was anything */
async function endInstance(wishes: Wishes | undefined, isPruned: boolean): Promise<boolean> {
  const { data } = needRegistry().hot;
  let ended = false;
  for (const { callback, prune } of wishes?.endings.splice(0).reverse() ?? []) {
    if (wishes === undefined || (prune && !isPruned)) continue;
    const { url } = wishes;
    await attempt(() => callback((data[url] ??= {})), url, prune ? 'prune' : 'dispose');
    ended = true;
  }
  return ended;
}

/** The same for a fresh instance that has not come to be live. */
async function undoInstance(instance: string): Promise<void> {
  const { hot } = needRegistry();
  const prefix = hot.arrived[instance]?.prefix;
  delete hot.arrived[instance];
  if (prefix === undefined) return;
  await endInstance(hot.wishes[prefix], false);
  delete hot.wishes[prefix];
}

async function call(
  callback: ((argument: unknown) => unknown) | undefined,
  argument: unknown,
  by: LiveModule,
) {
  if (callback !== undefined) await attempt(() => callback(argument), by.url, 'accept');
}

/** What a callback throws is said and stops nothing: the update is under way. */
async function attempt(callback: () => unknown, url: string, which: string): Promise<void> {
  try {
    await callback();
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    needRegistry().say(`a callback of import.meta.hot.${which} in ${fileURLToPath(url)} has failed: ${what}`);
  }
}

/** Tells modules that a version has stopped to import, and that no other does, with all that only they import. */
async function prune(before: readonly string[]): Promise<void> {
  const { modules, receive } = needRegistry();
  receive();
  const left = before.filter((url) => modules.has(url));
  const paths: string[] = [];
  for (let url = left.shift(); url !== undefined; url = left.shift()) {
    const module = modules.get(url) as LiveModule;
    if (pruned.has(url) || importers(pruned).has(url)) continue;
    pruned.add(url);
    paths.push(url);
    left.push(...importsOf(module).filter((one) => modules.has(one)));
  }
  if (paths.length === 0) return;
  await emit('vite:beforePrune', { type: 'prune', paths });
  for (const url of paths)
    if (await endInstance(wishesOf(modules.get(url) as LiveModule), true)) undone.add(url);
}

/** Imports modules again that were pruned, and that something imports now, to do again what they have undone. */
async function revive(): Promise<void> {
  const { modules } = needRegistry();
  const isBack = (): string | undefined => {
    const all = pruned.size === 0 ? undefined : importers(pruned);
    return [...pruned].find((url) => all?.has(url));
  };
  for (let url = isBack(); url !== undefined; url = isBack()) {
    pruned.delete(url);
    const module = modules.get(url);
    if (module === undefined || !undone.delete(url)) continue;
    const itself: Boundary = { by: module, via: module, accepts: [] };
    await (await importAgain({ stale: [module], boundaries: [itself] }, undefined)).notify();
  }
}

/**
 * Carries modules that have invalidated themselves on to who imports them.
 * @param recent modules that were imported just now, and are not again
 */
async function seeToInvalid(recent: Set<LiveModule>): Promise<void> {
  const { hot, modules, receive, say } = needRegistry();
  receive();
  for (let [url] = Object.keys(hot.invalid); url !== undefined; [url] = Object.keys(hot.invalid)) {
    const message = hot.invalid[url];
    delete hot.invalid[url];
    const module = modules.get(url);
    if (module === undefined) continue;
    await emit('vite:invalidate', { path: url, message });
    const all = importers(pruned);
    const above = [...(all.get(url) ?? [])].filter((one) => !recent.has(one));
    const wide = above.length === 0 ? undefined : reach([module], all, new Set([module]));
    const reached = wide ?? (acceptsItself(module) && !recent.has(module) ? reach([module], all) : undefined);
    const stale = reached?.stale.filter((one) => !recent.has(one)) ?? [];
    if (reached === undefined) {
      say(
        `${fileURLToPath(url)} has invalidated itself${message ? ` (${message})` : ''}, and no module accepts that; what runs stays`,
      );
      continue;
    }
    try {
      const done = await importAgain({ stale, boundaries: reached.boundaries }, undefined);
      await done.notify();
      await emit('vite:afterUpdate', { type: 'update', updates: done.updates });
      for (const one of stale) recent.add(one);
    } catch (error) {
      await emitError(error, module);
      say((error as Error).message);
    }
  }
}

function updateOf(by: LiveModule, via: LiveModule): HotUpdate {
  return { type: 'js-update', path: by.url, acceptedPath: via.url, timestamp: Date.now() };
}

async function emitError(error: unknown, { url }: LiveModule): Promise<void> {
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  await emit('vite:error', { type: 'error', err: { message, stack, id: url } });
}

/** Tells who listens to an event. */
async function emit(event: string, payload: unknown): Promise<void> {
  const { wishes } = needRegistry().hot;
  for (const one of Object.values(wishes))
    for (const [name, listener] of [...one.listeners])
      if (name === event) await attempt(() => listener(payload), one.url, 'on');
}
