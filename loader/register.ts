/**
 * `node --import hotswap/register app.js`: puts the hooks in place before the program loads. Side effect only.
 * Hooks run on this thread where Node can (22.15 and later: `registerHooks`), on a thread of their own otherwise.
 */
import * as nodeModule from 'node:module';
import { dirname } from 'node:path';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { readConfig } from './config.ts';
import type { HooksData } from './hooks.ts';
import { addModule, createRegistry, defineCells, type Loaded, registry } from './live.ts';
import { createLoader, sayer } from './load.ts';
import { textOf } from './source.ts';

type LoadResult = { format?: string | null; source?: Parameters<typeof textOf>[0]; shortCircuit?: boolean };
type SyncLoad = (
  url: string,
  context: object,
  nextLoad: (url: string, context: object) => LoadResult,
) => LoadResult;

const { registerHooks } = nodeModule as { registerHooks?: (hooks: { load: SyncLoad }) => void };

if (registry() === undefined) {
  const entry = process.argv[1];
  const config = readConfig(process.env, entry === undefined ? process.cwd() : dirname(entry));
  if (registerHooks === undefined) onAnotherThread();
  else onThisThread(registerHooks);

  function onThisThread(install: NonNullable<typeof registerHooks>): void {
    const say = sayer(config);
    const loader = createLoader(config, false, () => process.sourceMapsEnabled);
    const modules = createRegistry(config, { receive: () => {}, publish: loader.remember, say });
    install({
      load(url, context, nextLoad) {
        const version = loader.version(url);
        if (version !== undefined) return { format: 'module', source: version, shortCircuit: true };
        const result = nextLoad(url, context);
        if (result.format !== 'module' || !loader.takes(url)) return result;
        const source = textOf(result.source);
        if (source === undefined) return result;
        try {
          const instrumented = loader.load(url, source);
          if (instrumented === undefined) return result;
          defineCells(instrumented.loaded.prefix, instrumented.cells);
          addModule(modules, instrumented.loaded);
          return { ...result, source: instrumented.code };
        } catch (error) {
          say(`${url} could not be instrumented and runs as it is: ${(error as Error).stack}`);
          return result;
        }
      },
    });
  }

  function onAnotherThread(): void {
    const { port1, port2 } = new MessageChannel();
    const modules = createRegistry(config, {
      receive() {
        for (let sent = receiveMessageOnPort(port1); sent !== undefined; sent = receiveMessageOnPort(port1)) {
          addModule(modules, sent.message as Loaded);
        }
      },
      publish: (version) => port1.postMessage(version),
      say: sayer(config),
    });
    Object.assign(modules, { cells: defineCells });
    const data: HooksData = { port: port2, config, sourceMaps: process.sourceMapsEnabled };
    nodeModule.register('./hooks.js', { parentURL: import.meta.url, data, transferList: [port2] });
    port1.unref();
  }
}
