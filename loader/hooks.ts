/**
 * The hooks where Node runs them on a thread of their own (Node 20, `module.register`). In: requests for modules;
 * out: instrumented texts, and over a port a message a module for the registry on the main thread. Cells are
 * defined there by a virtual module, `hotswap:cells/<prefix>/<count>`, that each instrumented one imports first.
 */
import type { LoadHook, ResolveHook } from 'node:module';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Config } from './config.ts';
import { languageOf, writtenFor } from './language.ts';
import { CELLS as DEFINE, type News } from './live.ts';
import { createLoader, type ModuleLoader, sayer } from './load.ts';
import { textOf } from './source.ts';

export interface HooksData {
  port: MessagePort;
  config: Config;
  sourceMaps: boolean;
}

const CELLS = 'hotswap:cells/';
let loader: ModuleLoader;
let say: (line: string) => void;
let port: MessagePort;

export function initialize(data: HooksData): void {
  port = data.port;
  loader = createLoader(data.config, true, () => data.sourceMaps);
  say = sayer(data.config);
}

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  if (specifier.startsWith(CELLS)) return { url: specifier, format: 'module', shortCircuit: true };
  const result = await resolved(specifier, context, nextResolve);
  receive();
  const other = loader.leadsTo(result.url, context.parentURL);
  return other === undefined ? result : { ...result, url: other };
};

/** In TypeScript `./x.js` may stand for `./x.ts`. */
const resolved: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const { parentURL } = context;
    if (parentURL === undefined || languageOf(parentURL) === 'js') throw error;
    for (const written of writtenFor(specifier)) {
      try {
        return await nextResolve(written, context);
      } catch {
        // the next one, or what was said of the one asked for
      }
    }
    throw error;
  }
};

function receive(): void {
  for (let sent = receiveMessageOnPort(port); sent !== undefined; sent = receiveMessageOnPort(port)) {
    hear(sent.message as News);
  }
}

export const load: LoadHook = async (url, context, nextLoad) => {
  if (url.startsWith(CELLS)) {
    const [prefix, count] = url.slice(CELLS.length).split('/');
    const source = `${DEFINE}(${JSON.stringify(prefix)}, ${Number(count)})`;
    return { format: 'module', source, shortCircuit: true };
  }
  receive();
  const fresh = loader.fresh(url);
  if (fresh !== undefined) {
    if (fresh.loaded !== undefined) port.postMessage(fresh.loaded);
    return { format: 'module', source: fresh.code, shortCircuit: true };
  }
  const version = loader.version(url) ?? loader.facade(url);
  if (version !== undefined) return { format: 'module', source: version, shortCircuit: true };
  const result = await given(url, context, nextLoad);
  if (result.format !== 'module' || !loader.takes(url)) return result;
  const source = textOf(result.source);
  if (source === undefined) return result;
  try {
    const instrumented = loader.load(url, source);
    if (instrumented === undefined) return result;
    port.postMessage(instrumented.loaded);
    return { ...result, source: instrumented.code };
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_HOTSWAP_SYNTAX') throw error;
    say(`${url} could not be instrumented and runs as it is: ${error}`);
    return result;
  }
};

/** What the next loader gives; this Node has none for TypeScript and JSX. */
const given: LoadHook = async (url, context, nextLoad) => {
  const isKnown = (context.format ?? undefined) !== undefined || languageOf(url) === 'js';
  if (isKnown || !loader.takes(url)) return nextLoad(url, context);
  const read = await nextLoad(url, { ...context, format: 'module' });
  return loader.isModule(url, textOf(read.source) ?? '') ? read : nextLoad(url, context);
};

function hear(news: News): void {
  if ('version' in news) loader.remember(news.version);
  else if ('config' in news) loader.configure(news.config);
  else if ('expose' in news) loader.expose(...news.expose);
  else if ('batch' in news) loader.begin(news.batch);
  else if ('end' in news) loader.end(...news.end);
  else loader.forget(news.forget);
}
