/**
 * The one way in for every change: an edited text becomes a version, is carried into the running program, and is
 * recorded. In: a live module and its new text, or a version to go to; out: the version, once it is live and on disk.
 * Whatever can be known to fail is known before the first cell is written; what is left is one synchronous step, or is taken back.
 */
import { sha256 } from '../../cache/objects.ts';
import { HotswapError } from '../../error.ts';
import type { HotFunction } from '../../loader/functions.ts';
import { type Bound, isSame, type KeptVersion, type Move } from '../../loader/kept.ts';
import type { LiveModule } from '../../loader/live.ts';
import { isFunction, lineOf } from '../../loader/parse.ts';
import { withoutInstance } from '../../loader/variants.ts';
import { checkGone, checkNames, openNames } from '../given/check.ts';
import { bringBack, numberToRun } from '../history/asides.ts';
import {
  boundOf,
  catchUp,
  currentText,
  currentVersion,
  type Deferred,
  historyOf,
  needRegistry,
  numberOf,
  publicVersion,
  runningVersion,
  textUrl,
  UNBOUND,
  type Version,
  versionAt,
  versionText,
} from '../history/history.ts';
import { checkNotOvertaken, Overtaken } from '../history/overtaken.ts';
import { agree, beginTogether, enterVersion, record, recordRestore } from '../history/record.ts';
import { type Queue, staged, staging, turnWithin } from '../history/staging.ts';
import { hotImportsOf, resolvedFrom } from '../modules/importers.ts';
import { type Analysis, analyse, analyseAhead, analysed, partAround } from '../plan/analysis.ts';
import { exportedLocals, localOf } from '../plan/exported.ts';
import { type Plan, plan } from '../plan/plan.ts';
import { isNothing, summaryOf } from '../plan/summary.ts';
import { isLong, turn } from '../plan/turns.ts';
import { givenBy, isIn } from '../plan/units.ts';
import { cellsOf } from '../running/cells.ts';
import { endOffer, exportsMore, exposeExports, offerExports, setFacades } from '../running/facade.ts';
import type { Leads } from '../running/importing.ts';
import { importKey, overlayOf } from '../running/overlay.ts';
import { compiledAs, notCompiled, savedAs } from '../running/stacktraces.ts';
import { takeBack } from '../running/undo.ts';
import { followWrappers } from '../running/wrapped.ts';
import { apply, type Prepared, prepare, type Written, writeCells } from './apply.ts';
import { announce } from './events.ts';
import { followersOf } from './following.ts';
import { rebind, rehome } from './homes.ts';
import { movesBetween, withMoves } from './moves.ts';
import { heirsOf } from './passing.ts';
import { valuesFor } from './replacing.ts';

/** What an edit makes of the current version. */
export interface Edit {
  /** the new text of the whole module */
  source: string;
  /** what it is about, for messages, e.g. `./pricing.js#price` */
  about: string;
  /** names that need no meeting in the module, because values are bound to them */
  bound: Bound;
  /** whether names may lead nowhere, as in a file that Node loads */
  open?: boolean;
}

/** All that must happen to one module, made ready: whatever can be refused has been looked at, and nothing has changed. */
export interface Proposal {
  module: LiveModule;
  /** the version that runs */
  from: KeptVersion;
  /** the version that is to run: an earlier one, or a new one with the number that it will have if nobody comes before it */
  version: KeptVersion;
  isNew: boolean;
  /** number of the version that another process has put in force in the log, where that is why this one is to run */
  follows?: number;
  before: Analysis;
  after: Analysis;
  /** paths of the functions whose code is another */
  replaced: string[];
  moves: Move[];
  prepared: Prepared;
  /** makes it ready once more, where what it imports has become another since; absent where its text stays, and only that changes */
  again?: () => Proposal;
}

/**
 * Runs a change of one module after those asked for before it.
 * @param change makes its edit from the version that is current when its turn comes
 */
export function queued<T>(module: Queue, change: () => Promise<T>): Promise<T> {
  const transaction = staging();
  if (transaction !== undefined) return turnWithin(transaction, module, () => onTop(change));
  module.waiting++;
  const turn = module.queue.then(async () => {
    try {
      return await onTop(change);
    } finally {
      module.waiting--;
    }
  });
  module.queue = turn.catch(() => {});
  return turn;
}

/** Milliseconds for which an edit is made again and again, on what other processes make meanwhile. */
const PATIENCE = 5000;

/** Makes an edit; where another process has edited the module meanwhile, on top of that, which runs first. @throws ERR_HOTSWAP_CONFLICT */
async function onTop<T>(change: () => Promise<T>): Promise<T> {
  for (let end: number | undefined; ; ) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof Overtaken) || Date.now() > (end ??= Date.now() + PATIENCE)) throw error;
      if (error.inForce !== undefined) await takeOver(error.of, error.inForce);
    }
  }
}

/** Brings a version of another process's to life here. @throws ERR_HOTSWAP_CONFLICT */
async function takeOver(module: LiveModule, inForce: number): Promise<void> {
  try {
    await follow(module, inForce);
  } catch (cause) {
    throw new HotswapError(
      'ERR_HOTSWAP_CONFLICT',
      `another process has put version ${numberOf(module, versionAt(module, inForce))} of ${module.url} in force, which cannot be applied here, and an edit that does not rest on it would undo it: ${(cause as Error).message}`,
      { module: module.url, cause },
    );
  }
}

/** As `queued`, but done when this returns, unless others come before it: what an edit does is one synchronous step. */
export function atOnce<T>(module: Queue, change: () => T): Promise<T> {
  if (staging() !== undefined || module.waiting > 0) return queued(module, async () => change());
  module.waiting++;
  try {
    return Promise.resolve(change());
  } catch (error) {
    if (error instanceof Overtaken) return queued(module, async () => change());
    return Promise.reject(error);
  } finally {
    module.waiting--;
  }
}

/** Makes an edit the module's newest version. Must run within `queued`. */
export async function commit(module: LiveModule, edit: Edit): Promise<Version> {
  await compareAhead(module, edit.source);
  return inTime(proposalOf(module, edit), module);
}

/** Reads a long text, and compares it with the one that runs, before that is asked for: each in a turn of the event loop of its own. */
async function compareAhead(module: LiveModule, source: string): Promise<void> {
  const now = currentText(module);
  if (!isLong(source) || source === now) return;
  await analyseAhead(now, module.url);
  const before = analyse(now, module.url);
  exportedLocals(now, module.url);
  await turn();
  cellsOf(module);
  await turn();
  await analyseAhead(source, module.url, before);
  const after = analysed(source, module.url);
  if (after === undefined) return;
  plan(before, after);
  await turn();
}

/** The same for an edit of functions, synchronously. */
export function commitNow(module: LiveModule, edit: Edit): Version {
  return now(proposalOf(module, edit), module);
}

/** What an edit is to do; undefined where it changes nothing. */
function proposalOf(module: LiveModule, edit: Edit): Proposal | undefined {
  catchUp(module);
  const current = currentVersion(module);
  // A saved file is as its author wants it, and values that no text can carry are this process's alone.
  if (!edit.open && edit.bound.size === 0) checkNotOvertaken(module, edit.source);
  if (edit.source === currentText(module) && edit.bound === boundOf(current)) {
    if (edit.open && staged(module) === undefined) savedAs(module, current.number);
    return undefined;
  }
  return propose(module, edit, current);
}

function now(proposal: Proposal | undefined, module: LiveModule): Version {
  if (proposal !== undefined) return conclude(proposal);
  const { deferred } = staged(module)?.prepared ?? { deferred: deferredBy.get(module) };
  return publicVersion(module, currentVersion(module), deferred);
}

/** What the running version of a module could not reach. */
const deferredBy = new WeakMap<LiveModule, Prepared['deferred']>();

/** Carries a proposal out with what takes time; in a transaction it is only looked whether that can be. */
async function inTime(proposal: Proposal | undefined, module: LiveModule): Promise<Version> {
  const transaction = staging();
  if (proposal === undefined) return now(proposal, module);
  if (transaction === undefined) return ((await carryOut([proposal])) as [Version])[0];
  const { check } = proposal.prepared;
  transaction.made.add(proposal);
  if (check !== undefined && !transaction.late)
    await linked([...transaction.proposals.values(), proposal], check);
  return conclude(proposal);
}

/** Lets imports lead, while `work` goes on, to what modules are to export that are edited together. */
async function linked<T>(proposals: readonly Proposal[], work: (leads: Leads) => Promise<T>): Promise<T> {
  const facades = new Map<string, string>();
  for (const { module, after } of importedFirst(proposals)) {
    const url = offerExports(module, after);
    if (url !== undefined) facades.set(module.url, url);
  }
  try {
    return await work((url) => facades.get(withoutInstance(url)) ?? url);
  } finally {
    for (const { module } of proposals) endOffer(module);
  }
}

/** What happens in the same step, to Node's modules. */
export interface Beside {
  /** throws where it cannot */
  check: () => void;
  settle: () => void;
  /** says that it has happened */
  tell: () => void;
}

/**
 * Carries proposals out, all or none: what takes time first, then the rest in one step.
 * @throws what `settle` may be refused with; then nothing has changed
 */
export async function carryOut(edits: readonly Proposal[], beside?: Beside): Promise<Version[]> {
  const proposals = withFollowers(edits);
  if (proposals.every(({ prepared }) => prepared.load === undefined)) return settle(proposals, beside);
  return linked(proposals, async (leads) => {
    if (needsTurns(proposals)) return settleInTurn(proposals, leads, beside);
    const undos: (() => void)[] = [];
    try {
      for (const { prepared } of proposals) {
        const undo = await prepared.load?.(leads);
        if (undo !== undefined) undos.push(undo);
      }
      return settle(proposals, beside);
    } catch (error) {
      giveUp(proposals, undos);
      throw error;
    }
  });
}

/** Proposals, with those of modules that hold or pass on what they export, where that becomes another. */
function withFollowers(edits: readonly Proposal[]): readonly Proposal[] {
  const changing = edits.filter(({ module, before, after }) => exportsMore(module, before, after));
  if (changing.length === 0) return edits;
  const texts = new Map(edits.map(({ module, after }) => [module.url, after.source]));
  const followers = followersOf(texts, new Set(changing.map(({ module }) => module.url)));
  if (followers.length === 0) return edits;
  const all = new Map(edits.map((one) => [one.module, one]));
  for (const { module, imports, former, isPassing } of followers) {
    const { namespaces } = overlayOf(module);
    for (const key of new Set([...imports, ...former].map(importKey)))
      namespaces.set(key, (namespaces.get(key) ?? 0) + 1);
    const edit = all.get(module);
    if (edit === undefined && (imports.length > 0 || isPassing)) all.set(module, following(module));
    else if (edit === undefined) continue;
    else if (imports.length > 0 && edit.again !== undefined)
      all.set(module, { ...edit.again(), version: edit.version, again: edit.again });
  }
  return [...all.values()];
}

/** What is to become of a module whose text stays, where imports of it lead elsewhere. */
function following(module: LiveModule): Proposal {
  const from = runningVersion(module);
  const now = analyse(versionText(module, from), module.url);
  const planned = plan(now, now);
  const kept = rehome(module, planned, now, now);
  const difference = { from, before: now, after: now, planned };
  return madeReady(module, difference, from, false, [], kept);
}

/**
 * Whether some of them must be evaluated before others are loaded: one imports a module that is loaded only by that, and that may import
 * others of them as they are to be, or it awaits something.
 */
function needsTurns(proposals: readonly Proposal[]): boolean {
  const { modules } = needRegistry();
  return proposals.some(
    ({ module, prepared: { waits, imports } }) =>
      (waits && proposals.length > 1) ||
      imports.some((specifier) => {
        const url = resolvedFrom(module, specifier);
        return url?.startsWith('file:') && !modules.has(url);
      }),
  );
}

/** Proposals in the order in which their modules would be evaluated: what is imported comes before what imports it. */
function importedFirst(proposals: readonly Proposal[]): readonly Proposal[] {
  if (proposals.length === 1) return proposals;
  const { modules } = needRegistry();
  const byUrl = new Map(proposals.map((one) => [one.module.url, one]));
  const inOrder: Proposal[] = [];
  const begun = new Set<string>();
  const visit = (url: string): void => {
    const one = byUrl.get(url);
    const module = one?.module ?? modules.get(url);
    if (module === undefined || begun.has(url)) return;
    begun.add(url);
    for (const imported of hotImportsOf(module, one?.after.source)) visit(imported);
    if (one !== undefined) inOrder.push(one);
  };
  for (const { module } of proposals) visit(module.url);
  return inOrder;
}

/** A text that is to be the newest version of a module, and that a fresh instance of it is to run. */
export interface Entry {
  /** makes it the version that runs */
  conclude: () => Version;
  /** takes it back, as long as nothing else has been written down */
  undo: () => void;
}

/**
 * Writes a text down as the module's newest version, and leaves it to the caller to make it run. Must run within `queued`.
 * @throws ERR_HOTSWAP_SYNTAX, ERR_HOTSWAP_CACHE
 */
export function enter(module: LiveModule, source: string, about: string): Entry {
  catchUp(module);
  const { from, before, after, planned } = differenceTo(module, source, about);
  const summary = summaryOf(planned, before, after);
  const written = record(
    module,
    newVersion(module, { source, bound: UNBOUND, open: true }, from.number, summary),
  );
  const conclude = (): Version => {
    makeCurrent(module, written.version, source);
    enterVersion(module, written.version, source);
    savedAs(module, written.version.number);
    const version = publicVersion(module, written.version);
    tell(module, from, version, pathsOf(planned.replaced));
    return version;
  };
  return { conclude, undo: written.undo };
}

/** Whether a text says something else than another, layout and comments aside. @throws ERR_HOTSWAP_SYNTAX */
export function isOther(module: LiveModule, source: string, about: string): boolean {
  const before = analyse(currentText(module), module.url);
  const after = analyse(source, module.url, about, before);
  return !isNothing(summaryOf(plan(before, after), before, after));
}

/** Brings an earlier or later version of the module back. Must run within `queued`. */
export async function goTo(module: LiveModule, version: KeptVersion): Promise<Version> {
  return inTime(returnTo(module, version), module);
}

/**
 * Brings the version to life here that another process has put in force, or the nearest to it that is not set aside. Nothing of that
 * is written. Must run within `queued`.
 */
export async function follow(module: LiveModule, inForce: number): Promise<Version> {
  const version = versionAt(module, numberToRun(module, inForce));
  if (!isSame(version, currentVersion(module)))
    return inTime({ ...proposeReturn(module, version), follows: inForce }, module);
  agree(module, version, inForce);
  return now(undefined, module);
}

/** The same, synchronously, where only functions are others. */
export function goToNow(module: LiveModule, version: KeptVersion): Version {
  return now(returnTo(module, version), module);
}

/** What going to a version is to do; undefined where it runs. */
function returnTo(module: LiveModule, version: KeptVersion): Proposal | undefined {
  if (isSame(version, currentVersion(module))) {
    // It runs; where the log would start another (HOTSWAP_RELOAD off, another process), it is to start as well.
    const { log } = historyOf(module);
    bringBack(module, version);
    if (version.kept && log?.era(versionAt(module, 0).id).current !== version.number)
      recordRestore(module, version);
    return undefined;
  }
  return proposeReturn(module, version);
}

/** Carries a proposal out at once, or leaves it with the transaction that the edit is part of. */
function conclude(proposal: Proposal): Version {
  const { module, from, version, prepared } = proposal;
  const transaction = staging();
  if (transaction === undefined) return (settle([proposal], undefined) as [Version])[0];
  transaction.made.add(proposal);
  if (isSame(version, from)) transaction.proposals.delete(module);
  else transaction.proposals.set(module, proposal);
  return publicVersion(module, version, prepared.deferred);
}

/** What an edit is to do. @throws what `commit` may be refused with */
function propose(module: LiveModule, edit: Edit, parent: KeptVersion): Proposal {
  const what = edit.open ? edit.about : `the text of ${edit.about} after this edit`;
  const difference = differenceTo(module, edit.source, what);
  const { from, before, after, planned } = difference;
  const { replaced, added, moves } = planned;
  checkSwappable(module, difference);
  const bound = moves.length === 0 ? edit.bound : movedBound(edit.bound, moves);
  rebind(planned, after, boundOf(from), bound);
  const summary = summaryOf(planned, before, after);
  const kept = rehome(module, planned, before, after);
  const fresh = after.functions.filter((hot) => hot.parent === undefined && isIn(added, hot));
  for (const hot of edit.open ? [] : [...replaced, ...fresh]) {
    const path = moves.find(([, to]) => to === hot.path);
    const old = before.functions.find((one) => one.path === (path === undefined ? hot.path : path[0]));
    const known = old === undefined ? new Set<string>() : openNames(before, old);
    const given = new Set(Object.keys(valuesFor(hot, bound) ?? {}));
    checkNames(known, hot, { module: module.url, analysis: after, bound: given });
  }
  if (!edit.open) checkGone(before, after);
  // What a transaction has in mind so far never comes to be on its own.
  const madeFrom = staged(module)?.isNew ? parent.parent : parent.number;
  const version = newVersion(module, { ...edit, bound }, madeFrom, summary);
  const again = (): Proposal => propose(module, edit, parent);
  return { ...madeReady(module, difference, version, true, moves, kept), again };
}

/**
 * Whether what a function of the top level becomes can be swapped as well: whoever holds the function gets to the new code by its
 * patch point, for which `function f() { "use asm"; … }` has no place.
 * @throws ERR_HOTSWAP_STRUCTURAL
 */
function checkSwappable({ url }: LiveModule, { before, after, planned }: Difference): void {
  for (const unit of [...planned.added, ...planned.changed]) {
    const node = givenBy(unit);
    const [name] = unit.names;
    if (!isFunction(node) || partAround(after, node).functions.some((hot) => hot.node === node)) continue;
    if (name === undefined || !before.functions.some((hot) => hot.path === name)) continue;
    const line = lineOf(after.source, node.start);
    const why =
      node.type === 'ArrowFunctionExpression'
        ? 'one of its defaults reads its own parameter, or means another variable than a `var` of that name in its body'
        : 'it begins with "use asm"';
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${url}#${name} cannot be replaced by what line ${line} has, as that could not be replaced in turn: ${why}. Write it otherwise, or restart.`,
      { module: url, path: name, line },
    );
  }
}

/** What going to a version is to do. */
function proposeReturn(module: LiveModule, version: KeptVersion): Proposal {
  const what = `version ${numberOf(module, version)} of ${module.url}`;
  const difference = differenceTo(module, versionText(module, version), what);
  const { from, before, after, planned } = difference;
  rebind(planned, after, boundOf(from), boundOf(version));
  const kept = rehome(module, planned, before, after);
  const moves = movesBetween(module, from.number, version.number);
  const again = (): Proposal => proposeReturn(module, version);
  return { ...madeReady(module, difference, version, false, moves, kept), again };
}

/** What differs between the version that runs and a text. */
interface Difference {
  from: KeptVersion;
  before: Analysis;
  after: Analysis;
  planned: Plan;
}

/** @param what names the text in an error @throws ERR_HOTSWAP_SYNTAX */
function differenceTo(module: LiveModule, source: string, what: string): Difference {
  const from = runningVersion(module);
  const before = analyse(versionText(module, from), module.url);
  const after = analyse(source, module.url, what, before);
  return { from, before, after, planned: plan(before, after) };
}

/** A version that nothing has been written of yet. @param parent number of the one that it is made from */
function newVersion(
  module: LiveModule,
  { source, bound, open }: Pick<Edit, 'source' | 'bound' | 'open'>,
  parent: number | undefined,
  summary: string,
): KeptVersion {
  return {
    number: historyOf(module).versions.length,
    id: sha256(source),
    parent,
    at: Date.now(),
    summary,
    ...(open ? { file: true as const } : {}),
    kept: bound.size === 0 && needRegistry().config.cacheDir !== undefined,
    text: source,
    ...(bound.size === 0 ? {} : { bound }),
  };
}

const NO_HEIRS: ReadonlyMap<string, string> = new Map();

function madeReady(
  module: LiveModule,
  { from, before, after, planned }: Difference,
  version: KeptVersion,
  isNew: boolean,
  moves: Move[],
  kept: readonly Deferred[],
): Proposal {
  notCompiled(module);
  followWrappers(module);
  const heirs = moves.length === 0 ? NO_HEIRS : heirsOf(before, after);
  const prepared = prepare(module, {
    ...planned,
    before,
    after,
    moves,
    units: [...planned.added, ...planned.changed],
    gone: goneFrom(before, planned, heirs),
    heirs,
    again: !isNew,
    to: version.number,
    retraced: !isNew && (moves.length > 0 || planned.moves.length > 0),
    bound: boundOf(version),
    url: textUrl(module, version, isNew && version.file === true),
  });
  prepared.deferred.push(...kept);
  return {
    module,
    from,
    version,
    isNew,
    before,
    after,
    replaced: pathsOf(planned.replaced),
    moves,
    prepared,
  };
}

/** Paths of functions and constructors that were exported and are gone with what declared them, and with their exports. */
function goneFrom(before: Analysis, { removed }: Plan, heirs: ReadonlyMap<string, string>): Set<string> {
  const gone = new Set<string>();
  if (removed.length === 0) return gone;
  const exported = new Set(exportedLocals(before.source, before.url).map((one) => localOf(one, before)));
  const names = removed.flatMap((unit) => unit.names).filter((name) => exported.has(name));
  for (const name of names) if (!heirs.has(name)) gone.add(name).add(`${name}.prototype.constructor`);
  return gone;
}

/**
 * Carries proposals out, all or none, in one synchronous step: every cell of every module is written, what is new is
 * evaluated, and all are written down.
 * @throws ERR_HOTSWAP_STRUCTURAL, ERR_HOTSWAP_CACHE when something new cannot be evaluated or written down; then nothing has changed
 */
function settle(proposals: readonly Proposal[], beside: Beside | undefined): Version[] {
  const undos: (() => void)[] = [];
  const cells: Cells = new Map();
  try {
    for (const one of proposals) write(one, cells, undos);
    for (const one of importedFirst(proposals)) evaluate(one, undos);
    return finish(proposals, cells, undos, beside);
  } catch (error) {
    giveUp(proposals, undos);
    throw error;
  }
}

/**
 * The same where what one of them loads may use others: each is evaluated before the next one is loaded, and imports lead to what they are
 * to export from the beginning. Nobody is told before all are there.
 */
async function settleInTurn(
  proposals: readonly Proposal[],
  leads: Leads,
  beside: Beside | undefined,
): Promise<Version[]> {
  const undos: (() => void)[] = [];
  const cells: Cells = new Map();
  try {
    for (const { module, before, after } of proposals) {
      undos.push(() => exposeExports(module, before));
      exposeExports(module, after);
    }
    for (const one of importedFirst(proposals)) {
      const undo = await one.prepared.load?.(leads);
      if (undo !== undefined) undos.push(undo);
      write(one, cells, undos);
      evaluate(one, undos);
      const { overlay } = one.module;
      if (overlay === undefined) continue;
      const { names } = overlay;
      undos.push(() => {
        overlay.names = names;
      });
      overlay.names = one.prepared.overlaid; // facades that are loaded from now on read there
    }
    return finish(proposals, cells, undos, beside);
  } catch (error) {
    giveUp(proposals, undos);
    throw error;
  }
}

/** Takes back what was done of proposals, and lets go of what was made for them. */
function giveUp(proposals: readonly Proposal[], undos: (() => void)[]): void {
  takeBack(undos);
  for (const { prepared } of proposals) prepared.abandon();
}

type Cells = Map<Proposal, Written>;

function write(one: Proposal, cells: Cells, undos: (() => void)[]): void {
  const written = writeCells(one.module, one.prepared);
  undos.push(written.undo);
  cells.set(one, written);
}

function evaluate({ module, before, after, prepared }: Proposal, undos: (() => void)[]): void {
  undos.push(() => setFacades(module, before));
  undos.push(prepared.evaluate());
  setFacades(module, after);
}

/** Writes proposals down that have been evaluated, and makes them what runs. @param undos gets what takes back what fails */
function finish(
  proposals: readonly Proposal[],
  cells: Cells,
  undos: (() => void)[],
  beside: Beside | undefined,
): Version[] {
  const edits = proposals.filter(({ again }) => again !== undefined);
  const versions = writeDown(edits, undos, beside);
  for (const one of proposals) {
    if (one.again !== undefined) continue;
    apply(one.module, one.prepared, cells.get(one) as Written, one.version.number);
    exposeExports(one.module, one.after);
  }
  const live = edits.map((one, i) => {
    const { module, isNew, after, moves, prepared } = one;
    const version = versions[i] as KeptVersion;
    apply(module, prepared, cells.get(one) as Written, version.number);
    compiledAs(module, version.number);
    if (isNew && version.file) savedAs(module, version.number);
    deferredBy.set(module, prepared.deferred);
    if (isNew) enterVersion(module, withMoves(version, moves), after.source);
    makeCurrent(module, version, after.source);
    exposeExports(module, after);
    return publicVersion(module, version, prepared.deferred);
  });
  beside?.settle();
  edits.forEach(({ module, from, replaced }, i) => tell(module, from, live[i] as Version, replaced));
  beside?.tell();
  return live;
}

/** @returns each version as it was written down, all or none @param undos gets what takes it back */
function writeDown(
  proposals: readonly Proposal[],
  undos: (() => void)[],
  beside: Beside | undefined,
): KeptVersion[] {
  const versions: KeptVersion[] = [];
  const together = beginTogether(
    proposals.map(({ module }) => module),
    proposals.every(({ isNew }) => !isNew),
  );
  if (together.pending !== undefined) undos.push(together.pending.undo);
  for (const { module, version, isNew, follows } of proposals) {
    const written = isNew
      ? record(module, version, together)
      : follows === undefined
        ? recordRestore(module, version, together)
        : agree(module, version, follows);
    undos.push(written.undo);
    versions.push(written.version);
  }
  beside?.check();
  together.pending?.finish();
  return versions;
}

/** The text that runs stays in memory: a cache that is purged meanwhile must not stop the next edit. */
function makeCurrent(module: LiveModule, { number, id }: KeptVersion, text: string): void {
  const history = historyOf(module);
  history.text = text;
  history.current = number;
  history.left = history.log === undefined ? { number, recorded: false } : undefined;
  bringBack(module, { id });
}

function tell(module: LiveModule, from: KeptVersion, version: Version, paths: string[]): void {
  const { number, id } = version;
  const [path] = paths;
  const was = { from: numberOf(module, from), fromId: from.id };
  announce({ module: module.url, path, paths, ...was, number, id, version });
}

function pathsOf(replaced: HotFunction[]): string[] {
  return replaced.map((hot) => hot.path);
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
