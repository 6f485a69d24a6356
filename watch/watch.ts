/**
 * `HOTSWAP_WATCH=1`: the files of hot modules, and JSON that they import, are taken over when they are saved. In: a thread that says
 * where something may have happened; out: reloads, and lines that say what was done. Files that are saved together are a
 * *burst* and go in together; one of which a file fails waits, whole, for the next save of any file of it. Keeps no program alive.
 */
import { setTimeout as later, setImmediate as soon } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { isOther } from '../api/apply/commit.ts';
import { currentText, needRegistry, runningVersion } from '../api/history/history.ts';
import { hasFailed, importedBy, isWaiting } from '../api/modules/failed.ts';
import { importsOf, resolvedFrom, specifiersIn } from '../api/modules/importers.ts';
import { madeOf } from '../api/modules/saved.ts';
import { isLong } from '../api/plan/turns.ts';
import { checkAhead, checkWhole } from '../api/reload.ts';
import { sha256 } from '../cache/objects.ts';
import { commandPid } from '../loader/crash.ts';
import { languageOf, writtenFor } from '../loader/language.ts';
import type { LiveModule, Unparsed } from '../loader/live.ts';
import { ownOptions } from '../loader/options.ts';
import { tryParse } from '../loader/parse.ts';
import { extname, fileOf, fileURLToPath, pathToFileURL, realpath } from '../node.ts';
import { createAnew, parseError } from './anew.ts';
import { analysed, type Changed, type Failures, specifiersOf, takeOver } from './burst.ts';
import { checkedOut, isByGit, stampOf, textOf, wait } from './disk.ts';
import { jsonImports } from './json.ts';
import { isCommonJs, otherDirectories, othersSaid, requiredFiles } from './others.ts';
import { sayDone, sayError, shown } from './say.ts';

/**
 * Quiet that ends a burst, in milliseconds: of a few files that look whole, as a person saves, of a few of which one may be in
 * the middle of being written, and of more. Where it was too short, and what came first fails for what comes later, all
 * are tried together: see SECOND_LOOK.
 */
const QUIET_WHOLE = 2;
const QUIET = 5;
const QUIET_BURST = 40;
const FEW = 3;

/** A text that ends as the one before did is taken for whole: this many of its last characters. So is one that parses and has not lost anything. */
const TAIL = 64;

/** Up to this many characters are read early whatever they end with: they are written at one stroke, mostly. */
const STROKE = 2 ** 16;

/**
 * How long what fails is given to become another before it is said: some editors empty a file before they fill it, and what a
 * file imports may be saved after it.
 */
const SECOND_LOOK = 60;

/** The same of a file that is empty, which hardly anybody means: whoever is to fill it may be kept waiting by what we do. */
const EMPTIED = 500;

/** Both are waited in pieces of this length: a machine that stands still for a while uses up one, not all. */
const PIECE = 10;

/** How long after the last module was loaded its imports are looked at for what is not hot. */
const LOADED = 500;

/** Milliseconds for which the program is kept from its work at once meanwhile. */
const SLICE = 5;

/** What is known of a file. */
interface Watched {
  modules: LiveModule[];
  /** URL of a module whose text did not parse when it was loaded, and of which nothing is live */
  unparsed?: string | undefined;
  json: { url: string; text: string } | undefined;
  /** SHA-256 of the text that was last taken over, or loaded; and of what its modules were made by that, see made.ts */
  seen: string;
  taken: string;
  /** how that text ends */
  tail: string;
  /** the newest text that was found to be a module's, and no shorter than the one that runs */
  right: string | undefined;
  /** whether it was said that it is gone */
  gone: boolean;
  /** tells whether it was written since it was looked at */
  stamp: string;
  /** whether it was written since it was taken over, or found to be as it runs */
  written: boolean;
  /** whether it was saved with the text that was taken over before, and something else runs by now */
  again: boolean;
}

/** Files that were saved together and of which one fails. */
interface Waiting {
  files: Set<string>;
  /** what was said of it, so that it is not said again where nothing of it was saved */
  said: string;
}

let stop: (() => void) | undefined;

/** Begins to watch; does nothing where that has begun. */
export function watch(): void {
  stop ??= begin();
}

/** Stops watching. */
export function unwatch(): void {
  stop?.();
  stop = undefined;
}

/** What is known of a file's text that was taken over, or loaded. @param text what its modules were made by that */
function takenAs(
  saved: string,
  text = saved,
): Pick<Watched, 'seen' | 'taken' | 'tail' | 'right' | 'written' | 'again'> {
  const seen = sha256(saved);
  const taken = text === saved ? seen : sha256(text);
  return { seen, taken, tail: saved.slice(-TAIL), right: undefined, written: false, again: false };
}

function begin(): () => void {
  const registry = needRegistry();
  const files = new Map<string, Watched>();
  /** files that are not loaded, at which a failed import was aimed */
  const awaited = new Set<string>();
  /** files that hot modules import and that are not hot, and what they were when they were found; see `stampOf` */
  const plain = new Map<string, string>();
  /** files of modules that Node names by a link to them (--preserve-symlinks): the link, by the file */
  const links = new Map<string, string>();
  const importers = new Set<LiveModule>();
  /** URLs that modules import which run */
  const imported = new Set<string>();
  let saidPlain = false;
  /** whether the directories are looked at in which other files may be */
  let isBeside = false;
  let isReady = false;
  let loading: NodeJS.Timeout | undefined;
  /** files at which something has happened, and what they were when it did */
  const dirty = new Map<string, string>();
  /** files of which it cannot be told yet whether a person saved them, or git has written them */
  const unclear = new Set<string>();
  let waiting: Waiting[] = [];
  /** whether what waits is to be tried again, as something that could not be loaded can be now */
  let due = false;
  let quiet: NodeJS.Timeout | undefined;
  let working = false;
  /** ends a second look, as there is more to look at */
  let wake = (): void => {};
  let ended = false;

  const { NODE_OPTIONS: _none, ...env } = process.env;
  const thread = new Worker(
    new URL(`./thread${extname(import.meta.url)}`, import.meta.url),
    ownOptions({
      name: 'hotswap watch',
      execArgv: [],
      argv: [],
      env,
    }),
  );
  thread.on('message', ({ path, error, ready }: { path?: string; error?: string; ready?: true }) => {
    if (ready) lookAgain();
    if (error !== undefined) sayError(`a file cannot be watched: ${error}`);
    if (path !== undefined) happened(path);
  });
  thread.on('error', (error) => sayError(`files are no longer watched: ${error.message}`));
  thread.unref();
  const anew = createAnew((url) => {
    const known = files.get(fileURLToPath(url));
    const module = known?.modules.find((one) => one.url === url);
    if (known === undefined || module === undefined) return;
    Object.assign(known, takenAs(module.base));
    happened(fileURLToPath(url));
  });
  thread.postMessage({ command: commandPid });
  const sayOther = othersSaid(registry.say);
  thread.on('message', ({ other }: { other?: string }) => {
    if (other !== undefined && stampOf(other) !== '') sayOther(other);
  });
  registry.follow({ loaded: follow, unparsed: followUnparsed, began: anew.began });
  findSoon();
  return () => {
    ended = true;
    registry.follow(undefined);
    void thread.terminate();
  };

  function follow(module: LiveModule): void {
    if (!module.url.startsWith('file:')) return;
    const file = fileURLToPath(module.url);
    const known = files.get(file);
    // What another loader has made of a file does not tell what that was.
    const made = module.file ?? (module.madeAs === undefined ? undefined : textOf(file));
    const loaded = typeof made === 'string' ? made : module.base;
    module.file = undefined;
    anew.loaded(module);
    const former = known?.modules.findIndex(({ url }) => url === module.url) ?? -1;
    if (known !== undefined) {
      known.modules.splice(former === -1 ? known.modules.length : former, former === -1 ? 0 : 1, module);
      if (former !== -1 || known.unparsed !== undefined) Object.assign(known, takenAs(loaded, module.base));
      known.unparsed = undefined;
    } else
      files.set(file, {
        modules: [module],
        json: undefined,
        ...takenAs(loaded, module.base),
        gone: false,
        stamp: stampOf(file),
      });
    if (known === undefined) look([file, ...linked(file)]);
    followJson(module.source, module.url);
    importers.add(module);
    findSoon();
  }

  function linked(file: string): string[] {
    const real = realOf(file);
    if (real === file) return [];
    links.set(real, file);
    return [real];
  }

  function findSoon(): void {
    clearTimeout(loading);
    loading = later(findPlain, LOADED).unref();
  }

  function followUnparsed({ url, text }: Unparsed): void {
    const file = fileURLToPath(url);
    const known = files.get(file);
    const of = { modules: [], json: undefined, gone: false, stamp: stampOf(file) };
    files.set(file, { ...(known ?? of), ...takenAs(text), unparsed: url });
    look([file]);
  }

  /**
   * Looks for imported files that are loaded and not hot: a save of one is to be said, once, and no more. A little at a time, as
   * the program is at work by now.
   */
  function findPlain(): void {
    const end = performance.now() + SLICE;
    for (const module of importers) {
      if (performance.now() > end) {
        loading = later(findPlain, 1).unref();
        return;
      }
      importers.delete(module);
      const { declared, all } = importsIn(module);
      if (module.scope !== undefined) for (const one of declared) imported.add(one);
      if (!saidPlain) findPlainIn(module, all);
    }
    for (const file of requiredFiles()) followPlain(file);
    lookAgain();
    rehearse();
    void findFailed();
    if (isBeside) return;
    isBeside = true;
    thread.postMessage({ beside: otherDirectories() });
    if (registry.modules.size > 0 || !isCommonJs()) return;
    saidPlain = true;
    registry.say(
      `${shown(process.argv[1] as string)} is CommonJS: files of ES modules (.mjs, or .js where package.json says "type": "module") are taken over when they are saved, and others wait for a restart`,
    );
  }

  function followPlain(file: string): void {
    const stamp = stampOf(file);
    if (files.has(file) || plain.has(file) || stamp === '') return;
    plain.set(file, stamp);
    look([file]);
  }

  /** Finds modules that have failed: of those that a module imports which runs by now, none has. */
  async function findFailed(): Promise<void> {
    for (const module of [...registry.modules.values()]) {
      if (ended || imported.has(module.url) || !(await hasFailed(module))) continue;
      for (const url of importedBy(module)) {
        const file = fileOf(url);
        if (file === undefined || files.has(file) || stampOf(file) !== '') continue;
        awaited.add(file);
        look([file]);
      }
    }
  }

  function findPlainIn({ url }: LiveModule, specifiers: readonly string[]): void {
    for (const specifier of specifiers) {
      if (!/^(\.{0,2}\/|file:).*\.\w+$/.test(specifier)) continue;
      if (!URL.canParse(specifier, url)) continue;
      const { href, pathname } = new URL(specifier, url);
      if (pathname.includes('/node_modules/')) continue;
      const file = fileOf(href);
      if (file === undefined) continue; // that `import()` was refused
      if (/\.json$/i.test(pathname)) followJsonFile(href);
      else followPlain(file);
    }
  }

  /** Does once what a save will do, without its effect: the first one would load the parser, and take 50 ms more. */
  function rehearse(): void {
    if (isReady) return;
    let module: LiveModule | undefined;
    for (const { modules } of files.values())
      for (const one of modules) if (one.base.length < (module?.base.length ?? Infinity)) module = one;
    if (module === undefined) return;
    isReady = true;
    try {
      isOther(module, `${currentText(module)}\n`, '');
    } catch {
      // the first save will say so
    }
  }

  function sayPlain(file: string): void {
    if (saidPlain || files.has(file) || stampOf(file) === plain.get(file)) return;
    saidPlain = true;
    registry.say(
      `${shown(file)} is no hot module (CommonJS, or excluded): files like it, and node_modules, are left alone until a restart`,
    );
  }

  function followJson(source: string, url: string): void {
    for (const one of jsonImports(source, url)) followJsonFile(one);
  }

  function followJsonFile(url: string): void {
    const file = fileURLToPath(url);
    if (files.has(file)) return;
    const text = textOf(file);
    if (typeof text !== 'string') return;
    files.set(file, {
      modules: [],
      json: { url, text },
      ...takenAs(text),
      gone: false,
      stamp: stampOf(file),
    });
    look([file]);
  }

  /** What was saved between its being loaded and its being watched is told by nobody. */
  function lookAgain(): void {
    for (const [file, { stamp }] of files) if (stamp !== stampOf(file)) happened(file);
  }

  function look(added: string[]): void {
    thread.postMessage(added);
  }

  /** Something may have happened to a file. */
  function happened(path: string): void {
    if (ended) return;
    const file = links.get(path) ?? path;
    const stamp = stampOf(file);
    if (dirty.get(file) === stamp) return; // it is to be read, and one save is told of several times
    if (working && files.get(file)?.stamp === stamp) return; // it has been read just now
    dirty.set(file, stamp);
    wake();
    if (working) return;
    settle();
    if (dirty.size <= FEW) soon(() => prepare(file));
  }

  /** Waits for quiet, then works. */
  function settle(): void {
    const go = (): void => void work();
    if (dirty.size > FEW) return afterQuiet(QUIET_BURST, go);
    afterQuiet(QUIET_WHOLE, () => {
      if ([...dirty.keys()].every(isWhole)) go();
      else afterQuiet(QUIET - QUIET_WHOLE, go);
    });
  }

  /** Does it unless something happens before; what has happened while the program kept its thread busy counts. */
  function afterQuiet(ms: number, then: () => void): void {
    clearTimeout(quiet);
    quiet = later(() => {
      const own = quiet;
      // Not unref'd: Node would leave it until something else happens.
      soon(() => {
        if (own === quiet && !working && !ended) then();
      });
    }, ms);
    quiet.unref();
  }

  /** Reads a file while it is waited for quiet. What comes of it is remembered, and serves if the text stays. */
  function prepare(file: string): void {
    const known = files.get(file);
    const [module] = known?.modules ?? [];
    if (ended || known === undefined || module === undefined || module.madeAs !== undefined) return;
    const text = textOf(file);
    if (typeof text !== 'string' || (text.length > STROKE && !text.endsWith(known.tail))) return;
    if (isLong(text) && languageOf(module.url) === 'js') {
      void checkAhead(module, text).then((isRight) => {
        if (isRight && text.length >= currentText(module).length) known.right = text;
      });
      return;
    }
    try {
      analysed(module, text, file);
      checkWhole(module, text, file);
      if (text.length >= currentText(module).length) known.right = text;
    } catch {
      // to be said when it is taken over, if it is
    }
  }

  /** Whether a file has been written to its end, as far as one can tell. */
  function isWhole(file: string): boolean {
    const { tail = '', right } = files.get(file) ?? {};
    const text = textOf(file);
    return typeof text === 'string' && (text === right || (tail !== '' && text.endsWith(tail)));
  }

  async function work(): Promise<void> {
    working = true;
    try {
      await takeIn();
    } catch (error) {
      sayError(`a save could not be taken over: ${(error as Error)?.stack ?? error}`);
    }
    working = false;
    for (const file of unclear) dirty.set(file, stampOf(file));
    unclear.clear();
    if (dirty.size > 0 && !ended) settle();
  }

  async function takeIn(): Promise<void> {
    const [first] = dirty.keys();
    const isCheckout = await checkedOut(first as string);
    // News of the other files may be on its way still, and none of them is to come later than the rest.
    if (isCheckout || dirty.size > FEW) {
      for (const [file, { stamp }] of files) {
        const now = stampOf(file);
        if (stamp !== now) dirty.set(file, now);
      }
    }
    const burst = new Set<string>();
    const come: string[] = [];
    for (const file of dirty.keys()) {
      if (isChanged(file)) burst.add(file);
      else if (stampOf(file) !== '' && awaited.delete(file)) come.push(file);
    }
    dirty.clear();
    const touched = [...burst, ...come];
    const failed = await setAside(burst);
    await leadAnew(failed, touched);
    due ||= come.length + failed.length > 0;
    // What waits and shares a file with this burst belongs to it; what imports a file of it is tried again once this is in.
    const own: Waiting = { files: burst, said: '' };
    for (const one of waiting) {
      if (![...one.files].some((file) => burst.has(file))) continue;
      for (const file of one.files) burst.add(file);
      own.said = one.said;
    }
    const others = waiting.filter((one) => ![...one.files].some((file) => burst.has(file)));
    const before = new Set(waiting.flatMap((one) => [...one.files]));
    waiting = others;
    let applied = false;
    if (burst.size > 0) {
      const result = await tryAll(own, true);
      if (result === 'again') {
        waiting = [...others, ...[own].filter(({ files }) => [...files].some((file) => before.has(file)))];
        return;
      }
      applied = result === 'in';
      if (result === 'failed') waiting = [...others, own];
      if (applied) await leadAnew([], touched); // what was imported meanwhile has failed over what was there before
    }
    if (!applied && !due) return;
    const isOver = due ? () => true : (one: Waiting) => uses(one.files, burst);
    due = false;
    for (const one of others.filter(isOver)) {
      if ((await tryAll(one, false)) === 'in') waiting = waiting.filter((other) => other !== one);
    }
  }

  /** Whether files import some others, directly or through modules that run: then these may be why they fail. */
  function uses(waiting: ReadonlySet<string>, saved: ReadonlySet<string>): boolean {
    const reached = new Set<string>();
    for (const file of waiting) {
      const text = textOf(file);
      const modules = files.get(file)?.modules ?? [];
      try {
        for (const module of modules)
          if (typeof text === 'string')
            for (const one of specifiersIn(text, module.url)) reached.add(resolvedFrom(module, one) ?? '');
      } catch {
        // it does not parse, which is why it fails
      }
    }
    for (const url of reached) {
      if (saved.has(fileOf(url) ?? '')) return true;
      const module = registry.modules.get(url);
      if (module !== undefined) for (const one of importsOf(module)) reached.add(one);
    }
    return false;
  }

  /** Takes files out of a burst of which no module runs. @returns the URLs of those that can be loaded now */
  async function setAside(burst: Set<string>): Promise<string[]> {
    const urls: string[] = [];
    for (const file of burst) {
      const known = files.get(file) as Watched;
      const failed = known.unparsed === undefined ? [] : [known.unparsed];
      for (const module of known.modules) if (await hasFailed(module)) failed.push(module.url);
      const [url] = failed;
      if (url === undefined) continue;
      if (failed.length < known.modules.length) {
        urls.push(...failed);
        continue;
      }
      burst.delete(file);
      const text = await loadable(file, known, url);
      if (text === undefined) continue;
      Object.assign(known, takenAs(text));
      urls.push(...failed);
    }
    return urls;
  }

  /** The text of a file that is to be loaded for the first time; undefined where it cannot be, which is said, or is being written. */
  async function loadable(file: string, known: Watched, url: string): Promise<string | undefined> {
    let text = readNow(file, known);
    const refusal = (): Error | undefined =>
      typeof text !== 'string' || known.modules[0]?.madeAs !== undefined
        ? (text as Error | undefined)
        : parseError(url, file, text);
    if (text === undefined || (typeof text === 'string' && text.trim() === '')) return undefined;
    if (refusal() instanceof Error && (await moreWithin(SECOND_LOOK))) {
      dirty.set(file, stampOf(file));
      return undefined;
    }
    text = readNow(file, known);
    const error = refusal();
    if (error instanceof Error)
      sayError(`${shown(file)} is not taken over; nothing of it runs\n${error.message}`);
    return typeof text === 'string' && !(error instanceof Error) ? text : undefined;
  }

  /** Has modules loaded anew that have failed, with all that have failed over them, or over any of these files. */
  async function leadAnew(urls: readonly string[], touched: readonly string[]): Promise<void> {
    const changed = touched.flatMap((file) => {
      const { modules = [], json } = files.get(file) ?? {};
      return [
        pathToFileURL(file).href,
        ...modules.map(({ url }) => url),
        ...(json === undefined ? [] : [json.url]),
      ];
    });
    const fresh = anew.lead([...new Set([...urls, ...(await anew.failedOver([...urls, ...changed]))])]);
    if (fresh.length === 0) return;
    const waits: string[] = [];
    const failed: string[] = [];
    for (const url of fresh) {
      const module = registry.modules.get(url);
      const isYet = module !== undefined && (await isWaiting(module));
      (isYet ? waits : failed).push(shown(fileURLToPath(url)));
    }
    if (waits.length > 0) registry.say(`${several(waits)}: not run yet; what was saved goes in when it runs`);
    if (failed.length === 0) return;
    const them = failed.length === 1 ? 'it' : 'them';
    registry.say(`${several(failed)}: not run so far; the next import loads ${them} anew`);
  }

  /** @returns `again` where more has happened meanwhile, so that it is all looked at again */
  async function tryAll(group: Waiting, first: boolean): Promise<'in' | 'failed' | 'again'> {
    let { changed, failures } = await readAll(group.files);
    const isEmptied = changed.some(({ saved }) => saved.trim() === '');
    let done = failures.size > 0 || isEmptied ? undefined : await takeOver(changed);
    failures = done?.failures ?? failures;
    if (first && (failures.size > 0 || done === undefined)) {
      if (await moreWithin(isEmptied ? EMPTIED : SECOND_LOOK)) {
        for (const file of group.files) dirty.set(file, stampOf(file));
        return 'again';
      }
      if (done === undefined || isBroken(failures)) {
        ({ changed, failures } = await readAll(group.files));
        done = failures.size > 0 ? undefined : await takeOver(changed);
        failures = done?.failures ?? failures;
      }
    }
    if (failures.size > 0 || done === undefined) {
      sayFailures(group, failures, first);
      return 'failed';
    }
    for (const { file, text, saved } of changed) {
      const known = files.get(file) as Watched;
      Object.assign(known, takenAs(saved, text));
      if (known.json !== undefined) known.json.text = text;
      for (const { url } of known.modules) followJson(text, url);
    }
    for (const one of done.done) sayDone(registry, one);
    for (const one of done.json)
      registry.say(`${shown(fileURLToPath(one.url))}: ${one.summary}; its importers have it`);
    if (group.said !== '' && done.done.length + done.json.length === 0)
      for (const file of group.files) registry.say(`${shown(file)}: as it runs`);
    return 'in';
  }

  /** Waits. @returns whether something happened meanwhile, and it waited no longer */
  async function moreWithin(ms: number): Promise<boolean> {
    for (let left = ms; left > 0 && dirty.size === 0; left -= PIECE) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        later(resolve, PIECE).unref();
      });
    }
    wake = () => {};
    return dirty.size > 0;
  }

  /** Whether a file was saved with something else than was last taken over, or than runs, or waits; says so of one that is gone. */
  function isChanged(file: string): boolean {
    const known = files.get(file);
    if (known === undefined) {
      if (plain.has(file)) sayPlain(file);
      return false;
    }
    const text = readNow(file, known);
    if (text === undefined) {
      if (!known.gone) void sayGone(file, known);
      return false;
    }
    known.gone = false;
    if (text instanceof Error) return true;
    return isSaved(file, known, text) || waiting.some((one) => one.files.has(file));
  }

  /**
   * The text of a file, as of the time that its stamp is noted of: news of this very text may come yet, and is no save of what ran
   * before what is done meanwhile, while what is written after it was read is one.
   */
  function readNow(file: string, known: Watched): ReturnType<typeof textOf> {
    // Not for ever: somebody may go on writing.
    for (let tries = 0; ; tries++) {
      const stamp = stampOf(file);
      known.written ||= stamp !== known.stamp;
      known.stamp = stamp;
      const text = textOf(file);
      if (tries === 3 || stamp === stampOf(file)) return text;
    }
  }

  /** Whether a file with this text was saved: it is another than was taken over, or was written again while something else runs. */
  function isSaved(file: string, known: Watched, text: string): boolean {
    if (sha256(text) !== known.seen) return true;
    const isOther = known.modules.some((module) => currentText(module) !== text);
    const byGit = isOther && known.written && !known.again ? isByGit(file) : !known.again;
    if (byGit === undefined) {
      unclear.add(file);
      return false;
    }
    known.again = known.written = isOther && !byGit;
    return known.again;
  }

  async function sayGone(file: string, known: Watched): Promise<void> {
    known.gone = true;
    await wait(SECOND_LOOK);
    if (!known.gone || ended || textOf(file) !== undefined) return;
    registry.say(`${shown(file)} is gone; ${running(file)}`);
  }

  async function readAll(of: Set<string>): Promise<{ changed: Changed[]; failures: Failures }> {
    const changed: Changed[] = [];
    const failures: Failures = new Map();
    for (const file of of) {
      const known = files.get(file) as Watched;
      const { json, taken } = known;
      const modules: LiveModule[] = [];
      for (const one of known.modules) if (!(await hasFailed(one))) modules.push(one);
      const saved = readNow(file, known);
      if (saved instanceof Error) failures.set(file, saved);
      if (typeof saved !== 'string' || !isSaved(file, known, saved)) continue;
      const [module] = modules;
      try {
        const text = module === undefined ? saved : await madeOf(module, saved);
        const before = json && { url: json.url, before: json.text };
        changed.push({ file, text, saved, modules, seen: taken, json: before });
      } catch (error) {
        failures.set(file, error as Error);
      }
    }
    return { changed, failures };
  }

  function sayFailures(group: Waiting, failures: Failures, again: boolean): void {
    const all: string[] = [];
    for (const [file, error] of failures) {
      all.push(`${shown(file)} is not taken over; ${running(file)}\n${error.message}`);
      const { url } = (error.cause ?? {}) as { url?: unknown };
      if (typeof url === 'string' && url.startsWith('file:')) {
        awaited.add(fileURLToPath(url));
        look([fileURLToPath(url)]);
      }
    }
    const others = [...group.files].filter((file) => !failures.has(file)).map(shown);
    if (others.length > 0) {
      all.push(`${several(others)}: saved together with it, and wait for it`);
    }
    const said = all.join('\n');
    if (said === group.said && !again) return;
    group.said = said;
    for (const one of all) sayError(one);
  }

  /** What of a file runs on. */
  function running(file: string): string {
    const [module] = files.get(file)?.modules ?? [];
    return module === undefined
      ? 'what was loaded of it stays'
      : `v${runningVersion(module).number + module.vsn} runs on`;
  }
}

/** A file where it is, whatever links lead to it. */
function realOf(file: string): string {
  try {
    return realpath(file);
  } catch {
    return file; // it is gone by now
  }
}

/** Names for a line, the first few. */
function several(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}

/** What a module's text imports: by declarations, as URLs of files; and all that it names. */
function importsIn({ source, url }: LiveModule): { declared: string[]; all: string[] } {
  try {
    const lang = languageOf(url);
    const names = lang === 'js' ? undefined : specifiersOf(tryParse(source, lang).program);
    const all = names ?? specifiersIn(source, url);
    const declared = (names ?? specifiersIn(source, url, true)).flatMap((one) =>
      /^\.{0,2}\/|^file:/.test(one) && URL.canParse(one, url)
        ? [one, ...writtenFor(one)].map((name) => new URL(name, url).href)
        : [],
    );
    return { declared, all };
  } catch {
    return { declared: [], all: [] }; // it was loaded, so Node knows better than we
  }
}

/** Whether what failed may be a file in the middle of being written. */
function isBroken(failures: Failures): boolean {
  return [...failures.values()].some(
    (error) =>
      !('code' in error) || error.code === 'ERR_HOTSWAP_SYNTAX' || error.code === 'ERR_HOTSWAP_MISSING',
  );
}
