/**
 * The hooks where Node runs them on a thread of their own (Node 20, `module.register`). In: requests for modules;
 * out: instrumented texts, and over a port a message a module for the registry on the main thread. Gates are defined there
 * by a virtual module, `hotswap:gates/<turn>`, for all modules that were loaded since the last such one ran: running, it begins
 * the next turn and then takes in every message. A module is told of before the turn is read that it imports, so that its
 * message is there when that one runs. It imports it first, unless it is imported by one of the same turn: whoever
 * is first in that graph does, and that runs before all the rest. Each module also takes in messages when it begins to run, for
 * one that another graph has come to first.
 */
import type { LoadHook, ResolveHook } from 'node:module';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Starter } from '../cache/starts.ts';
import { refusalOfText } from '../error.ts';
import { fileURLToPath, readFileSync } from '../node.ts';
import { type Config, sayer } from './config.ts';
import { resolvedPlainly } from './direct.ts';
import { Guard } from './guard.ts';
import { writtenFor, writtenIn } from './language.ts';
import type { Loaded, Unparsed } from './live.ts';
import { createLoader, type ModuleLoader } from './load.ts';
import { givenText } from './made.ts';
import { GATES, GATES_URL, importOf, SENT, TOLD, TURN } from './names.ts';
import type { News } from './registry.ts';
import { textOf } from './source.ts';

export interface HooksData {
  port: MessagePort;
  /** `TURN`, `TOLD` and `SENT` of names.ts, shared with the main thread */
  counts: Int32Array;
  config: Config;
  sourceMaps: boolean;
  /** whether Node's own loader stands behind these hooks */
  isAlone: boolean;
  /** the thread that runs the modules */
  starter: Starter;
}

let loader: ModuleLoader;
let say: (line: string) => void;
let port: MessagePort;
let counts: Int32Array;
let heard = 0;
/** by the URL of a hot module: the turn it was told of in; and of one that is imported: that of a module that imports it */
const turns = new Map<string, number>();
const behind = new Map<string, number>();
let isAlone: boolean;

export function initialize(data: HooksData): void {
  ({ port, counts, isAlone } = data);
  const guard = new Guard(() => data.starter);
  loader = createLoader(data.config, true, () => data.sourceMaps, guard, tell);
  say = sayer(data.config);
}

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  if (specifier.startsWith(GATES_URL)) return { url: specifier, format: 'module', shortCircuit: true };
  const result = await resolved(specifier, context, nextResolve);
  receive();
  const { parentURL } = context;
  const other = loader.leadsTo(result.url, parentURL);
  if (other !== undefined) return { ...result, url: other };
  const known = parentURL === undefined ? undefined : turns.get(parentURL);
  if (known === Atomics.load(counts, TURN)) behind.set(result.url, known);
  return result;
};

/** In TypeScript `./x.js` may stand for `./x.ts`. */
const resolved: ResolveHook = async (specifier, context, nextResolve) => {
  const plain = isAlone ? resolvedPlainly(specifier, context.parentURL) : undefined;
  if (plain !== undefined) return { url: plain, format: 'module', shortCircuit: true };
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const { parentURL } = context;
    if (parentURL === undefined || writtenIn(parentURL) === 'js') throw error;
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
  if (Atomics.load(counts, TOLD) === heard) return;
  for (let sent = receiveMessageOnPort(port); sent !== undefined; sent = receiveMessageOnPort(port)) {
    heard++;
    hear(sent.message as News);
  }
}

export const load: LoadHook = async (url, context, nextLoad) => {
  if (url.startsWith(GATES_URL)) return { format: 'module', source: `${GATES}()`, shortCircuit: true };
  receive();
  const asked = loader.askedFor(url);
  if (asked !== undefined) {
    const text = givenText(asked, (await given(asked, context, nextLoad)).source)?.text;
    return { format: 'module', source: `export default ${JSON.stringify(text)}`, shortCircuit: true };
  }
  const variant = loader.variant(url, context.format);
  if (variant !== undefined) {
    const { code, loaded } = variant;
    const source = loaded === undefined ? code : announced(url, code, loaded);
    return { format: 'module', source, shortCircuit: true };
  }
  const anew = loader.anewOf(url);
  const own = anew ?? url;
  if (!isAlone) loader.noteFile(own);
  const result = await given(own, context, nextLoad);
  if (result.format !== 'module' || !loader.takes(own)) return result;
  try {
    const made = loader.load(own, result.source, anew === undefined ? undefined : url);
    return made === undefined ? result : { ...result, source: announced(url, made.code, made.loaded) };
  } catch (error) {
    const refusal = refusalOfText(error);
    if (refusal !== undefined) throw refusal;
    say(`${url} could not be instrumented and runs as it is: ${error}`);
    return result;
  }
};

/** Tells the main thread of something. */
function tell(what: Loaded | Unparsed): void {
  port.postMessage(what);
  Atomics.add(counts, SENT, 1);
}

/** Tells the main thread of a module, whose `source` is empty where it is `base`. @returns its text, which imports the virtual module that will have heard of it, if it must */
function announced(url: string, code: string, loaded: Loaded): string {
  const { base, source } = loaded;
  const told: Loaded = { ...loaded, source: source === base ? '' : source };
  let number: number;
  do {
    number = Atomics.load(counts, TURN);
    tell(told);
  } while (Atomics.load(counts, TURN) !== number);
  turns.set(url, number);
  const isBehind = behind.get(url) === number;
  behind.delete(url);
  const at = code.indexOf(importOf(0));
  const said = isBehind ? ' '.repeat(importOf(0).length) : importOf(number);
  return code.slice(0, at) + said + code.slice(at + said.length);
}

/** What the next loader gives; this Node has none for TypeScript and JSX. */
const given: LoadHook = async (url, context, nextLoad) => {
  if (isAlone && context.format === 'module' && url.startsWith('file:') && hasNone(context)) {
    try {
      return { format: 'module', source: readFileSync(fileURLToPath(url)), shortCircuit: true };
    } catch {
      // Node says what is wrong with it
    }
  }
  const isKnown = (context.format ?? undefined) !== undefined || writtenIn(url) === 'js';
  if (isKnown || !loader.takes(url)) return nextLoad(url, context);
  const read = await nextLoad(url, { ...context, format: 'module' });
  return loader.isModule(url, textOf(read.source) ?? '') ? read : nextLoad(url, context);
};

/** Whether an import has no attributes, which Node would have to look at. */
function hasNone(context: object): boolean {
  const { importAttributes = {} } = context as { importAttributes?: object };
  return Object.keys(importAttributes).length === 0;
}

function hear(news: News): void {
  if ('version' in news) loader.remember(news.version);
  else if ('config' in news) loader.configure(news.config);
  else if ('expose' in news) loader.expose(...news.expose);
  else if ('offer' in news) loader.offer(...news.offer);
  else if ('batch' in news) loader.begin(news.batch);
  else if ('end' in news) loader.end(...news.end);
  else if ('ask' in news) loader.ask(...news.ask);
  else if ('anew' in news) loader.loadAnew(...news.anew);
  else loader.forget(news.forget);
}
