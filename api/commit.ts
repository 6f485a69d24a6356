/**
 * The one way in for every change: an edited text becomes a version, is carried into the running program, and is
 * recorded. In: a live module and its new text, or a version to go to; out: the version, once it is live and on disk.
 * Everything that can fail comes before the first cell is written; then all are written in one synchronous step.
 */
import { putObject, sha256 } from '../cache/objects.ts';
import { HotswapError } from '../error.ts';
import type { Bound, KeptVersion, LiveModule } from '../loader/live.ts';
import { extensionOf } from '../loader/load.ts';
import { analyse } from './analysis.ts';
import { apply, prepare, valuesFor } from './apply.ts';
import { checkNames, openNames } from './check.ts';
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
import { type Move, plan } from './plan.ts';
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
  const after = analyse(edit.source, `the text of ${edit.about} after this edit`, before);
  const { replaced, structural, moves, unclear } = plan(before, after);
  refuse(module, structural);
  const boundNow = moves.length === 0 ? edit.bound : movedBound(edit.bound, moves);
  for (const hot of boundNow === bound ? [] : after.functions) {
    if (boundNow.get(hot.path) !== bound.get(hot.path) && !replaced.includes(hot)) replaced.push(hot);
  }
  for (const hot of replaced) {
    const path = moves.find(([, to]) => to === hot.path);
    const old = before.functions.find((one) => one.path === (path === undefined ? hot.path : path[0]));
    const bound = new Set(Object.keys(valuesFor(hot, boundNow) ?? {}));
    const known = old === undefined ? new Set<string>() : openNames(before, old);
    checkNames(known, hot, { module: module.url, analysis: after, bound });
  }
  const id = sha256(edit.source);
  const prepared = prepare(module, {
    before,
    after,
    replaced,
    moves,
    unclear,
    bound: boundNow,
    url: textUrl(module, id, boundNow.size === 0),
  });
  const version = await record(
    module,
    { ...edit, bound: boundNow },
    id,
    current,
    replaced.map((hot) => `~${hot.path}`).join(', ') || 'comments and layout',
  );
  apply(module, prepared);
  const history = historyOf(module);
  history.versions.push(moves.length === 0 ? version : { ...version, moves });
  makeCurrent(module, version, after.source);
  return publicVersion(module, version, prepared.deferred);
}

/** Brings an earlier or later version of the module back. Must run within `queued`. */
export async function goTo(module: LiveModule, version: KeptVersion): Promise<Version> {
  const history = historyOf(module);
  if (history.current === version.number) {
    // It runs; where the log would start another (HOTSWAP_RELOAD off, another process), it is to start as well.
    if (version.kept && history.log?.era((history.versions[0] as KeptVersion).id).current !== version.number)
      recordRestore(module, version);
    return publicVersion(module, version);
  }
  const bound = boundOf(version);
  const boundNow = boundOf(currentVersion(module));
  const before = analyse(currentText(module), module.url);
  const after = analyse(versionText(module, version), `version ${version.number} of ${module.url}`, before);
  const { replaced, structural, unclear } = plan(before, after);
  refuse(module, structural);
  for (const hot of after.functions) {
    if (bound.get(hot.path) !== boundNow.get(hot.path) && !replaced.includes(hot)) replaced.push(hot);
  }
  const prepared = prepare(module, {
    before,
    after,
    replaced,
    moves: movesBetween(history.versions, history.current, version.number),
    unclear,
    bound,
    url: textUrl(module, version.id, version.kept),
  });
  recordRestore(module, version);
  apply(module, prepared);
  makeCurrent(module, version, after.source);
  return publicVersion(module, version, prepared.deferred);
}

/** What the edits between two versions moved: up from the one to where both come from, and down to the other. */
function movesBetween(versions: readonly KeptVersion[], from: number, to: number): Move[] {
  const steps: Move[][] = [];
  const down: Move[][] = [];
  for (let [x, y] = [from, to]; x !== y; ) {
    const { moves = [], parent = 0 } = versions[Math.max(x, y)] as KeptVersion;
    if (x > y) {
      x = parent;
      if (moves.length > 0) steps.push(moves.map(([a, b]) => [b, a]));
    } else {
      y = parent;
      if (moves.length > 0) down.unshift(moves);
    }
  }
  let all: Move[] = [];
  for (const step of [...steps, ...down]) {
    const next = new Map(step.filter(([a]) => a !== undefined));
    const seen = new Set(all.map(([, b]) => b));
    const begun = new Set(all.map(([a]) => a));
    all = [
      ...all.map(([a, b]): Move => [a, next.has(b) ? next.get(b) : b]),
      ...step.filter(([a]) => a === undefined || !(seen.has(a) || begun.has(a))),
    ];
  }
  return all;
}

/** Bound values where their functions have moved to. */
function movedBound(bound: Bound, moves: readonly Move[]): Bound {
  if (bound.size === 0) return bound;
  const to = new Map(moves);
  const moved = new Map<string, Readonly<Record<string, unknown>>>();
  bound.forEach((values, path) => {
    const now = to.has(path) ? to.get(path) : path;
    if (now !== undefined) moved.set(now, values);
  });
  return moved;
}

/** Writes down that a version is in force again. @throws ERR_HOTSWAP_CACHE */
function recordRestore(module: LiveModule, version: KeptVersion): void {
  const { log, versions } = historyOf(module);
  if (log === undefined) return;
  withdrawAtExit(log);
  log.appendRestore((versions[0] as KeptVersion).id, version.number);
}

/** The text that runs stays in memory: a cache that is purged meanwhile must not stop the next edit. */
function makeCurrent(module: LiveModule, version: KeptVersion, text: string): void {
  const history = historyOf(module);
  history.text = text;
  history.current = version.number;
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

function refuse(module: LiveModule, structural: { line: number; text: string }[]): void {
  const [first] = structural;
  if (first === undefined) return;
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${module.url} line ${first.line} changes outside of its functions, which cannot be applied in place: ${first.text}`,
    { module: module.url, line: first.line },
  );
}
