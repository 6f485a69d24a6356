/**
 * The hooks where Node runs them on a thread of their own (Node 20, `module.register`). In: requests for modules;
 * out: instrumented texts, and over a port a message a module for the registry on the main thread. Cells are
 * defined there by a virtual module, `hotswap:cells/<prefix>/<count>`, that each instrumented one imports first.
 */
import type { LoadHook, ResolveHook } from 'node:module';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Config } from './config.ts';
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
  const result = await nextResolve(specifier, context);
  receive();
  const facade = loader.leadsTo(result.url, context.parentURL);
  return facade === undefined ? result : { ...result, url: facade };
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
  const result = await nextLoad(url, context);
  if (result.format !== 'module' || !loader.takes(url)) return result;
  const source = textOf(result.source);
  if (source === undefined) return result;
  try {
    const instrumented = loader.load(url, source);
    if (instrumented === undefined) return result;
    port.postMessage(instrumented.loaded);
    return { ...result, source: instrumented.code };
  } catch (error) {
    say(`${url} could not be instrumented and runs as it is: ${error}`);
    return result;
  }
};

function hear(news: News): void {
  if ('version' in news) loader.remember(news.version);
  else if ('config' in news) loader.configure(news.config);
  else if ('expose' in news) loader.expose(...news.expose);
  else if ('batch' in news) loader.begin(news.batch);
  else if ('end' in news) loader.end(...news.end);
  else loader.forget(news.forget);
}
