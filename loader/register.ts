/**
 * `node --import hotswap/register app.js`: puts the hooks in place before the program loads. Side effect only.
 * Hooks run on this thread where Node can (22.15 and later: `registerHooks`), on a thread of their own otherwise.
 */
import { hasLogs } from '../cache/log.ts';
import { type Starter, starterOf } from '../cache/starts.ts';
import { refusalOfText } from '../error.ts';
import { asLoaded, environment } from '../node.ts';
import { lookWhetherHot } from './allowed.ts';
import { withBuiltins, withFewBuiltins } from './builtins.ts';
import { keepCompiled } from './compiled.ts';
import { type Config, programDirectory, readConfig, sayer, sayOnce } from './config.ts';
import { keepCoverage } from './coverage.ts';
import { markCrashes } from './crash.ts';
import { showAuthorsLine } from './crashframe.ts';
import { isAlone } from './direct.ts';
import { StartWatch } from './ending.ts';
import { hidden } from './gates.ts';
import { Guard } from './guard.ts';
import type { HooksData } from './hooks.ts';
import { instrumenter, isOurs, writtenFor, writtenIn } from './language.ts';
import type { Loaded, Unparsed } from './live.ts';
import { createLoader, OURS } from './load.ts';
import { givenText } from './made.ts';
import { GATES, SENT, TOLD, TURN } from './names.ts';
import { addModule, addUnparsed, createRegistry, type News, type Registry, registry } from './registry.ts';
import { type Source, textOf } from './source.ts';
import { showAuthorsPlaces } from './traces.ts';

type LoadResult = { format?: string | null; source?: Source; shortCircuit?: boolean };
interface LoadContext {
  format?: string | null;
  conditions?: readonly string[];
}
type SyncLoad = (
  url: string,
  context: LoadContext,
  nextLoad: (url: string, context: LoadContext) => LoadResult,
) => LoadResult;

/** Asked before every load, in a realm where anything may be patched. */
const includes: (text: string, part: string) => boolean = Function.prototype.call.bind(
  String.prototype.includes,
);

/** `test` would call an `exec` that a program has patched. */
const exec: (pattern: RegExp, text: string) => object | null = Function.prototype.call.bind(
  RegExp.prototype.exec,
);

/** Extensions of TypeScript and JSX. */
const TYPED = /\.(?:m?ts|[jt]sx)(?:$|[?#])/;

type SyncResolve = (
  specifier: string,
  context: { parentURL?: string },
  nextResolve: (specifier: string, context: object) => { url: string },
) => { url: string };

const nodeModule = process.getBuiltinModule('node:module');
const { registerHooks } = nodeModule as {
  registerHooks?: (hooks: { load?: SyncLoad; resolve?: SyncResolve }) => void;
};

/** Asked for only where it is needed: it loads more of Node. */
const threads = () => process.getBuiltinModule('node:worker_threads');

if (registry() === undefined) {
  const config = readConfig(process.env, programDirectory());
  const whyNot = lookWhetherHot(registerHooks === undefined);
  const writeCompiled = keepCompiled(config);
  let thisStart: Starter | undefined;
  const starter = (): Starter => (thisStart ??= starterOf(threads().threadId));
  const ending = new StartWatch(starter);
  const begun = (url: string): void => ending.began(url);
  if (whyNot !== undefined) sayOnce(whyNot, config);
  else if (registerHooks === undefined) onAnotherThread();
  else onThisThread(registerHooks);
  if (whyNot === undefined && config.watch && threads().isMainThread) beginWatching();
  markCrashes();
  showAuthorsPlaces();
  showAuthorsLine();
  keepCoverage(OURS);

  /** Nothing of it is loaded, and nothing else costs anything, unless it is asked for. */
  function beginWatching(): void {
    import('../watch/watch.ts')
      .then(({ watch }) => watch())
      .catch((error) => sayer(config)(`files are not watched: ${error}`));
  }

  function onThisThread(install: NonNullable<typeof registerHooks>): void {
    const say = sayer(config);
    const unparsed = (module: Unparsed): void => addUnparsed(modules, module);
    const guard = new Guard(starter, (cacheDir) => ending.begin(cacheDir));
    const loader = createLoader(config, false, () => process.sourceMapsEnabled, guard, unparsed);
    const isFirst = isAlone(process.execArgv, environment('NODE_OPTIONS'));
    let resolves = false;
    /** whether a file of ours has come through the hooks */
    let isAsked = false;
    /** whether a module was loaded since the last one began to run */
    let made = false;
    const modules = createRegistry(config, {
      hooks: 'on-thread',
      receive: () => {},
      publish: loader.remember,
      expose,
      offer(url, exported) {
        resolveAll();
        loader.offer(url, exported);
      },
      forget(url) {
        resolveAll();
        loader.forget(url);
      },
      begin(batch) {
        resolveAll();
        loader.begin(batch);
      },
      end: loader.end,
      ask: loader.ask,
      loadAnew(urls, number) {
        resolveAll();
        loader.loadAnew(urls, number);
      },
      configure: loader.configure,
      say,
      begun,
      settle() {
        if (!made) return;
        made = false;
        withBuiltins(() => {
          loader.settle();
          writeCompiled();
        });
      },
    });
    install({
      load(url, context, nextLoad) {
        if (!isAsked && !isOurs && includes(url, OURS)) {
          // The program is loading the API, which has files in common with the instrumenter: what Node is loading for an `import`
          // cannot be required meanwhile.
          isAsked = true;
          withBuiltins(instrumenter);
        }
        // From here on what such a module stands before must be led to, where it is another.
        if (includes(url, 'iitm=')) resolveAll();
        const asked = includes(url, 'hotswap') ? withBuiltins(() => loader.askedFor(url)) : undefined;
        if (asked !== undefined) return exported(asked, typed(asked));
        const source = includes(url, 'hotswap') ? withBuiltins(() => ours(url, context.format)) : undefined;
        if (source !== undefined) return { format: 'module', source, shortCircuit: true };
        const anew = includes(url, 'hotswap') ? withBuiltins(() => loader.anewOf(url)) : undefined;
        const own = anew ?? url;
        // Because of these hooks Node reads an ES module with fs.readFileSync, which is the program's to replace; without
        // them it would not. CommonJS it reads that way in any case.
        const imported = !includes(context.format ?? '', 'commonjs') && context.conditions?.[0] !== 'require';
        if (!isFirst) withBuiltins(() => loader.noteFile(own));
        const next = exec(TYPED, own) === null ? () => nextLoad(own, context) : () => typed(own);
        const result = imported ? asLoaded(next) : next();
        const { format } = result;
        const isModule = format === 'module' || format === 'module-typescript';
        if (!isModule) return result;
        return anew === undefined ? instrumented(url, result) : instrumented(anew, result, url);

        /** What the next loader gives, where this Node may have none for TypeScript or JSX. */
        function typed(url: string): LoadResult {
          if (!withBuiltins(() => loader.takes(url))) return nextLoad(url, context);
          resolveAll();
          // 'typescript' is what `require` calls a file whose package.json does not say.
          if ((context.format ?? 'typescript') !== 'typescript') return nextLoad(url, context);
          const read = nextLoad(url, { ...context, format: 'module' });
          const isOne = withBuiltins(() => loader.isModule(url, textOf(read.source) ?? ''));
          return isOne ? read : nextLoad(url, context);
        }
      },
    });

    function expose(...exposed: Parameters<Registry['expose']>): void {
      resolveAll();
      loader.expose(...exposed);
    }

    /**
     * Nothing needs to look at what is resolved until the exports of some module are others than its own, the numbers of its
     * versions were given anew, one was imported again, or one is TypeScript.
     */
    function resolveAll(): void {
      if (resolves) return;
      resolves = true;
      install({
        resolve(specifier, context, nextResolve) {
          const result = resolved(specifier, context, nextResolve);
          const other = withBuiltins(() => loader.leadsTo(result.url, context.parentURL));
          return other === undefined ? result : { ...result, url: other };
        },
      });
    }

    /** A module that exports what the other loaders make of a file. */
    function exported(url: string, { source }: LoadResult): LoadResult {
      const text = withBuiltins(() => givenText(url, source)?.text);
      return { format: 'module', source: `export default ${JSON.stringify(text)}`, shortCircuit: true };
    }

    /** The text of what we make ourselves. */
    function ours(url: string, format: LoadContext['format']): string | undefined {
      const found = loader.variant(url, format);
      if (found?.loaded !== undefined) addModule(modules, found.loaded);
      return found?.code;
    }

    /** In TypeScript `./x.js` may stand for `./x.ts`. */
    function resolved(...[specifier, context, nextResolve]: Parameters<SyncResolve>): { url: string } {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        const { parentURL } = context;
        if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND' || parentURL === undefined)
          throw error;
        const isTyped = withBuiltins(() => writtenIn(parentURL) !== 'js');
        for (const written of isTyped ? withBuiltins(() => writtenFor(specifier)) : []) {
          try {
            return nextResolve(written, context);
          } catch {
            // the next one, or what was said of the one asked for
          }
        }
        throw error;
      }
    }

    /** @param instance URL under which the module is loaded, where that is another */
    function instrumented(url: string, result: LoadResult, instance?: string): LoadResult {
      try {
        const ready =
          instance === undefined ? withFewBuiltins(() => take(loader.ready(url, result.source))) : undefined;
        const taken = ready ?? withBuiltins(() => take(loader.load(url, result.source, instance)));
        return taken === undefined ? result : { ...result, format: 'module', source: taken };
      } catch (error) {
        const refusal = withBuiltins(() => refusalOfText(error));
        if (refusal !== undefined) throw refusal;
        withBuiltins(() => say(`${url} could not be instrumented and runs as it is: ${error}`));
        return result;
      }
    }

    /** @returns the text to run for a module, which is entered */
    function take(found: ReturnType<typeof loader.load>): string | undefined {
      if (found === undefined) return undefined;
      made = true;
      addModule(modules, found.loaded);
      return found.code;
    }
  }

  function onAnotherThread(): void {
    const { isMainThread, MessageChannel, receiveMessageOnPort } = threads();
    const { port1, port2 } = new MessageChannel();
    const counts = new Int32Array(new SharedArrayBuffer(12));
    const { add, load } = Atomics;
    let taken = 0;
    const tell = (news: News): void => {
      port1.postMessage(news);
      add(counts, TOLD, 1);
    };
    const take = (told: Loaded | Unparsed): void => {
      taken++;
      if ('text' in told) addUnparsed(modules, told);
      else addModule(modules, { ...told, source: told.source || told.base });
    };
    // Asked for whenever a module begins to run, among what the program has patched; most often there is nothing.
    const receive = (): void => {
      if (load(counts, SENT) === taken) return;
      withBuiltins(() => {
        const next = () => asLoaded(() => receiveMessageOnPort(port1));
        for (let sent = next(); sent !== undefined; sent = next()) take(sent.message as Loaded | Unparsed);
      });
    };
    const modules = createRegistry(config, {
      hooks: 'off-thread',
      receive,
      publish: (version) => tell({ version }),
      expose: (...expose) => tell({ expose }),
      offer: (...offer) => tell({ offer }),
      forget: (url) => tell({ forget: url }),
      begin: (batch) => tell({ batch }),
      end: (...end) => tell({ end }),
      ask: (...ask) => tell({ ask }),
      loadAnew: (...anew) => tell({ anew }),
      configure(next: Config) {
        Object.assign(config, next);
        tell({ config: next });
        watchEnding();
      },
      say: sayer(config),
      begun,
      settle: receive,
      deliver(on) {
        port1.removeAllListeners('message');
        if (on) port1.on('message', (told: Loaded | Unparsed) => withBuiltins(() => take(told)));
        port1.unref();
      },
    });
    hidden(GATES, () => {
      add(counts, TURN, 1); // what comes from now on is for the next one
      receive();
    });
    watchEnding();
    const data: HooksData = {
      starter: starter(),
      port: port2,
      counts,
      config,
      sourceMaps: process.sourceMapsEnabled,
      isAlone: isMainThread && isAlone(process.execArgv, environment('NODE_OPTIONS')),
    };
    nodeModule.register('./hooks.js', { parentURL: import.meta.url, data, transferList: [port2] });
    port1.unref();

    /** Modules are loaded by another thread, which cannot hear how this one ends: where there are histories, versions may come to run. */
    function watchEnding(): void {
      const { cacheDir, reload } = config;
      if (cacheDir !== undefined && reload && hasLogs(cacheDir)) ending.begin(cacheDir);
    }
  }
}
