/**
 * The one way in for every change: an edited text becomes a version, is carried into the running program, and is
 * recorded. In: a live module and its new text, or a version to go to; out: the version, once it is live and on disk.
 * Everything that can fail comes before the first cell is written; then all are written in one synchronous step.
 */
import { putObject, sha256 } from '../cache/objects.ts';
import { HotswapError } from '../error.ts';
import type { HotFunction } from '../loader/functions.ts';
import {
  type Bound,
  type KeptVersion,
  type LiveModule,
  type MadeFunction,
  writeCell,
} from '../loader/live.ts';
import { extensionOf } from '../loader/load.ts';
import { type Analysis, analyse } from './analysis.ts';
import { checkNames } from './check.ts';
import { makeFunction, reach } from './evaluate.ts';
import { cellOf } from './given.ts';
import {
  boundOf,
  catchUp,
  currentText,
  currentVersion,
  historyOf,
  needRegistry,
  publicVersion,
  textUrl,
  type Version,
  versionText,
} from './history.ts';
import { plan, sameTree } from './plan.ts';
import { withdrawAtExit } from './withdraw.ts';

/** What an edit makes of the current version. */
export interface Edit {
  /** the new text of the whole module */
  source: string;
  /** what it is about, for messages, e.g. `./pricing.js#price` */
  about: string;
  /** names that need no meeting in the module, because values are bound to them */
  bound: Bound;
}

/** Functions that are kept for going back, a module. */
const MADE = 32;

/**
 * Runs a change of one module after those asked for before it.
 * @param change makes its edit from the version that is current when its turn comes
 */
export function queued<T>(module: LiveModule, change: () => Promise<T>): Promise<T> {
  const turn = module.queue.then(change, change);
  module.queue = turn.catch(() => {});
  return turn;
}

/** Makes an edit the module's newest version. Must run within `queued`. */
export async function commit(module: LiveModule, edit: Edit): Promise<Version> {
  const current = currentVersion(module);
  const before = analyse(currentText(module), module.url);
  const bound = boundOf(current);
  if (edit.source === before.source && edit.bound === bound) return publicVersion(module, current);
  const after = analyse(edit.source, `the text of ${edit.about} after this edit`);
  const { replaced, structural } = plan(before, after);
  refuse(module, structural);
  for (const hot of edit.bound === bound ? [] : after.functions) {
    if (edit.bound.get(hot.path) !== bound.get(hot.path) && !replaced.includes(hot)) replaced.push(hot);
  }
  for (const hot of replaced) {
    const old = before.functions.find((one) => one.path === hot.path);
    const supplied = new Set(Object.keys(edit.bound.get(hot.path) ?? {}));
    checkNames(old, hot, { module: module.url, analysis: after, bound: supplied });
  }
  const id = sha256(edit.source);
  const steps = prepare(module, after, replaced, edit.bound, textUrl(module, id, edit.bound.size === 0));
  const version = await record(
    module,
    edit,
    id,
    current,
    replaced.map((hot) => `~${hot.path}`).join(', ') || 'comments and layout',
  );
  apply(module, steps);
  const history = historyOf(module);
  history.versions.push(version);
  makeCurrent(module, version, after.source);
  return publicVersion(module, version);
}

/** Brings an earlier or later version of the module back. Must run within `queued`. */
export async function goTo(module: LiveModule, version: KeptVersion): Promise<Version> {
  const history = historyOf(module);
  if (history.current === version.number) return publicVersion(module, version);
  const bound = boundOf(version);
  const boundNow = boundOf(currentVersion(module));
  const before = analyse(currentText(module), module.url);
  const after = analyse(versionText(module, version), `version ${version.number} of ${module.url}`);
  const { replaced, structural } = plan(before, after);
  refuse(module, structural);
  for (const hot of after.functions) {
    if (bound.get(hot.path) !== boundNow.get(hot.path) && !replaced.includes(hot)) replaced.push(hot);
  }
  const steps = prepare(module, after, replaced, bound, textUrl(module, version.id, version.kept));
  if (history.log !== undefined) {
    withdrawAtExit(history.log);
    history.log.appendRestore((history.versions[0] as KeptVersion).id, version.number);
  }
  apply(module, steps);
  makeCurrent(module, version, after.source);
  return publicVersion(module, version);
}

function makeCurrent(module: LiveModule, version: KeptVersion, text: string): void {
  const history = historyOf(module);
  history.text = text;
  history.current = version.number;
}

interface Step {
  loaded: HotFunction;
  hot: HotFunction;
  /** undefined: the function as loaded */
  value: unknown;
  /** of one that was made just now: what it is kept under, and the values bound into it */
  key?: string;
  bound?: MadeFunction['bound'];
}

/** Makes every replacement; changes nothing. */
function prepare(
  module: LiveModule,
  analysis: Analysis,
  replaced: HotFunction[],
  bound: Bound,
  url: string,
): Step[] {
  const start = analyse(module.source, module.url);
  return replaced.map((hot) => {
    const loaded = start.functions.find((one) => one.path === hot.path) as HotFunction;
    const values = bound.get(hot.path);
    if (values === undefined && sameTree(loaded.node, hot.node)) return { loaded, hot, value: undefined };
    const key = `${hot.path}\n${analysis.source.slice(hot.start, hot.end)}`;
    const known = module.made.get(key);
    if (known !== undefined && known.bound === values) return { loaded, hot, value: known.value };
    const value = makeFunction({ module, analysis, hot, loaded, bound: values ?? {}, url });
    return { loaded, hot, value, key, bound: values };
  });
}

function keep(made: Map<string, MadeFunction>, key: string, one: MadeFunction): void {
  made.delete(key);
  made.set(key, one);
  if (made.size > MADE) made.delete(made.keys().next().value as string);
}

/** Writes the version to disk and to the log; on failure neither has it. */
async function record(
  module: LiveModule,
  edit: Edit,
  id: string,
  current: KeptVersion,
  summary: string,
): Promise<KeptVersion> {
  const { config, publish } = needRegistry();
  const history = historyOf(module);
  const [original] = history.versions as [KeptVersion];
  const kept = edit.bound.size === 0;
  const made = { id, parent: current.number, at: Date.now(), summary };
  if (config.cacheDir === undefined || history.log === undefined) {
    const version = {
      ...made,
      number: history.versions.length,
      kept: false,
      text: edit.source,
      bound: edit.bound,
    };
    publish({ url: module.url, number: version.number, id, text: edit.source });
    return version;
  }
  const { log } = history;
  withdrawAtExit(log);
  const lost = history.versions.slice(1 + log.era(original.id).versions.length);
  let undo = () => {};
  if (kept) {
    const extension = extensionOf(module.url);
    const first =
      lost.length > 0 || history.versions.length === 1
        ? await putObject(config.cacheDir, module.base, extension)
        : undefined;
    const text = await putObject(config.cacheDir, edit.source, extension).catch((error: unknown) => {
      first?.undo();
      throw error;
    });
    undo = () => {
      first?.undo();
      text.undo();
    };
  }
  try {
    // A purge of the cache has taken their lines; numbers are positions in the log.
    for (const { id, parent = 0, at, summary, kept } of lost)
      log.appendVersion(original.id, { id, parent, at, summary, kept });
    const version = log.appendVersion(original.id, { ...made, kept });
    withdrawAtExit(log, undo);
    catchUpTo(module, version.number);
    if (kept) return version;
    publish({ url: module.url, number: version.number, id, text: edit.source });
    return { ...version, text: edit.source, bound: edit.bound };
  } catch (error) {
    undo();
    throw error;
  }
}

/** Versions that other processes made meanwhile come before ours. */
function catchUpTo(module: LiveModule, number: number): void {
  catchUp(module);
  historyOf(module).versions.length = number;
}

/** Carries prepared steps out: synchronous, and nothing in it can fail. */
function apply(module: LiveModule, steps: Step[]): void {
  for (const { loaded, value } of steps) writeCell(module.prefix, loaded.index, value);
  for (const { loaded, hot, value, key, bound } of steps) {
    follow(module, loaded, hot, value);
    if (key !== undefined) keep(module.made, key, { value, bound });
  }
}

const originals = new WeakMap<
  object,
  { name: PropertyDescriptor | undefined; length: PropertyDescriptor | undefined }
>();

/** Lets `.length` and `.name` of the function that everyone holds follow its new code, where it can be reached. */
function follow(module: LiveModule, loaded: HotFunction, hot: HotFunction, value: unknown): void {
  const live = reach(module, loaded.reach);
  if (typeof live !== 'function') return;
  const cell = cellOf(live);
  if (cell?.url !== module.url || cell.index !== loaded.index) return; // something that wraps it
  const before = originals.get(live) ?? {
    name: Object.getOwnPropertyDescriptor(live, 'name'),
    length: Object.getOwnPropertyDescriptor(live, 'length'),
  };
  const length = value === undefined ? before.length : { value: hot.arity, configurable: true };
  const named = hot.node.id?.name ?? (loaded.node.id && loaded.reach ? variableOf(loaded.reach) : undefined);
  const name =
    value === undefined
      ? before.name
      : named !== undefined
        ? { value: named, configurable: true }
        : undefined;
  try {
    if (length && length.value !== live.length) Object.defineProperty(live, 'length', length);
    if (name && name.value !== live.name) Object.defineProperty(live, 'name', name);
    originals.set(live, before);
  } catch {
    // frozen: its code changes all the same
  }
}

/** The variable that a function without a name of its own is called by. */
function variableOf({ root, keys }: NonNullable<HotFunction['reach']>): string | undefined {
  return typeof root === 'string' && keys.length === 0 ? root : undefined;
}

function refuse(module: LiveModule, structural: { line: number; text: string }[]): void {
  const [first] = structural;
  if (first === undefined) return;
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${module.url} line ${first.line} changes outside of its functions, which cannot be applied in place: ${first.text}`,
    { module: module.url, line: first.line },
  );
}
