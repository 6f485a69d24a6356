/**
 * The service that keeps versions on disk: started by `--import hotswap/register` with what the environment and package.json
 * say, or by a program with what it says. In: options; out: a promise of the state it is in then. Without it edits work in
 * memory.
 */
import { probe } from '../cache/objects.ts';
import { HotswapError } from '../error.ts';
import { keepCompiled } from '../loader/compiled.ts';
import {
  type Config,
  checkOptions,
  flag,
  type Options,
  programDirectory,
  readConfig,
} from '../loader/config.ts';
import { ownOptions } from '../loader/options.ts';
import { registry } from '../loader/registry.ts';
import { bringUp, type Failure, failOn, putBack, touched } from './all.ts';
import { allAsides } from './history/asides.ts';
import { type Attached, attach, detach } from './history/attach.ts';
import { historyOf, needRegistry, numberOf, runningVersion } from './history/history.ts';
import { keepRecorded, withdrawAll } from './history/withdraw.ts';
import { alone } from './modules/alone.ts';
import { liveModules } from './modules/module.ts';
import { editedCore } from './target/core.ts';

/** Settings of the service; what is left out is as the environment and package.json say, and `null` is off. */
export type StartOptions = Options;

/** How the service is to stop; what is left out is as it was started. */
export type StopOptions = Pick<Options, 'persist' | 'unload'>;

/** The state of the service, as plain data. */
export interface Status extends Omit<Config, 'cacheDir'> {
  /** whether versions are recorded and re-applied; for `cacheDir: null` in memory */
  started: boolean;
  /** the directory that has the versions; null: they are kept in memory only */
  cacheDir: string | null;
  /** where the load hooks run: on this thread, on one of their own, or nowhere: no module is hot */
  hooks: 'on-thread' | 'off-thread' | 'none';
  /** number of hot modules */
  modules: number;
  /** the modules that do not run their files, and those of Node's that are not as Node has them */
  edited: { module: string; number: number; persisted: boolean }[];
  /** the versions in the cache that no start runs, as one has ended with them: `restore` brings them back */
  setAside: { module: string; number: number; why: string; at: Date }[];
}

const START: readonly (keyof Config)[] = [
  'cacheDir',
  'persist',
  'unload',
  'durable',
  'reload',
  'rollbackLength',
  'overrideCore',
  'include',
  'exclude',
  'silent',
  'watch',
  'compileCache',
];

/**
 * Starts the service: from now on versions are kept in `cacheDir`, those made in memory before included. Under `--import
 * hotswap/register` it runs already, and the first `start` gives it other settings. Without, `start` also puts the load hooks in place:
 * modules that are imported from then on are hot.
 *
 * Where the cache has versions of a module that is loaded already, `reload` makes the newest live; edits that this program has made in
 * memory are newer than those, and get the numbers after theirs. One that cannot be applied in place is named on stderr.
 *
 * @param options win over the environment, which wins over package.json
 * @throws ERR_HOTSWAP_CONFIG for an option that cannot be understood, and when it was started already; ERR_HOTSWAP_CACHE when the
 *   directory cannot be written. After any of them nothing has changed.
 * @example await start({ cacheDir: '/var/lib/shop/hotswap', rollbackLength: 10 });
 */
export async function start(options: StartOptions = {}): Promise<Status> {
  checkOptions(options, 'start()', START);
  const config = readConfig(process.env, programDirectory(), options);
  if (registry() === undefined) {
    if (config.cacheDir !== undefined) probe(config.cacheDir);
    await import('../loader/register.ts');
  }
  return alone('start()', async () => {
    const service = needRegistry();
    if (service.service === 'started') {
      const where = service.config.cacheDir ?? 'memory';
      throw new HotswapError(
        'ERR_HOTSWAP_CONFIG',
        `the service has been started, with its versions in ${where}; stop() it before it is started with other options`,
      );
    }
    const { cacheDir } = config;
    if (cacheDir !== undefined) probe(cacheDir);
    attachAll(cacheDir);
    service.configure(config);
    keepCompiled(config);
    service.service = 'started';
    if (config.reload) {
      const { failures } = await bringUp((_module, change) => change());
      for (const { module, error } of failures)
        service.say(`the newest version of ${module} is not applied: ${(error as Error).message}`);
    }
    await followFiles(config.watch);
    return status();
  });
}

/** Begins to watch files, or ends it; nothing of that is loaded before it is wanted. */
async function followFiles(wanted: boolean): Promise<void> {
  if (!wanted && needRegistry().follower === undefined) return;
  const { watch, unwatch } = await import('../watch/watch.ts');
  if (wanted) watch();
  else unwatch();
}

/** Brings all histories into a cache, or none. */
function attachAll(cacheDir: string | undefined): void {
  const attached: Attached[] = [];
  try {
    for (const module of touched()) {
      if (cacheDir === undefined) detach(module, true);
      else attached.push(attach(module, cacheDir));
    }
  } catch (error) {
    for (const { undo } of attached.reverse()) undo();
    throw error;
  }
  for (const { take } of attached) take();
}

/**
 * Stops the service, once the edits and transactions asked for before are done: from now on edits work in memory. Every version can
 * still be gone back to, numbers go on, and `start` brings all into a cache again. Where it does not run, only `unload` does
 * anything.
 *
 * @param options `persist`: false removes from the cache what this process has recorded; `unload`: true puts every edited
 *   module back to its file, as it was saved last, in the running program (Node's own are put back as well), of which the cache learns nothing
 * @throws ERR_HOTSWAP_CONFIG for an option that cannot be understood, and within a transaction; the code of the first failure, with an
 *   AggregateError as `cause`, where modules could not be put back or files not removed; it has stopped all the same
 * @example process.once('SIGTERM', () => stop({ unload: true }));
 */
export async function stop(options: StopOptions = {}): Promise<Status> {
  checkOptions(options, 'stop()', ['persist', 'unload']);
  const own = ownOptions(options);
  const settings = (otherwise: Pick<Config, 'persist' | 'unload'>) => ({
    persist: flag([own.persist, 'the option persist'], otherwise.persist),
    unload: flag([own.unload, 'the option unload'], otherwise.unload),
  });
  settings({ persist: true, unload: false }); // what cannot be understood is refused before anything is waited for
  if (registry() === undefined) return status();
  return alone('stop()', async () => {
    const service = needRegistry();
    const { config } = service;
    const { persist, unload } = settings(config);
    const failures: Failure[] = [];
    const modules = touched();
    for (const module of modules) {
      try {
        detach(module, persist);
      } catch (error) {
        failures.push({ module: module.url, error });
      }
    }
    if (persist) keepRecorded();
    else for (const error of withdrawAll()) failures.push({ module: undefined, error });
    await followFiles(false);
    service.configure({ ...config, cacheDir: undefined, watch: false });
    service.service = 'stopped';
    if (unload) {
      const left = modules.map((module) => historyOf(module).left);
      failures.push(...(await putBack([...modules, ...editedCore()], true)).failures);
      // Of this the cache learns nothing at the next start either.
      modules.forEach((module, i) => {
        historyOf(module).left = left[i];
      });
    }
    failOn(failures, 'the service has stopped', 0);
    return status();
  });
}

/**
 * The state of the service, and what it has to do with.
 * @throws ERR_HOTSWAP_CONFIG where no module is hot and a setting of the environment cannot be understood
 * @example if (!status().started) await start();
 */
export function status(): Status {
  const found = registry();
  const { cacheDir, ...settings } = found?.config ?? readConfig(process.env, programDirectory());
  const all = found === undefined ? [] : [...touched(), ...editedCore()];
  const edited = all.filter((module) => runningVersion(module).number > 0);
  const started = found !== undefined && found.service !== 'stopped';
  return {
    started,
    cacheDir: (started ? cacheDir : undefined) ?? null,
    ...settings,
    hooks: found?.hooks ?? 'none',
    modules: liveModules().length,
    edited: edited.map((module) => {
      const version = runningVersion(module);
      return { module: module.url, number: numberOf(module, version), persisted: version.kept };
    }),
    setAside: (started ? allAsides() : []).map(({ module, number, why, at }) => ({
      module,
      number,
      why,
      at: new Date(at),
    })),
  };
}
