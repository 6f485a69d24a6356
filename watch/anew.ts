/**
 * Files of modules that have never come to run, see api/modules/failed.ts. In: files that were saved; out: imports of those modules, and of
 * what failed over them, lead to instances that are loaded anew from the files as they are then. Nothing is run here: the
 * program imports it again, or does not.
 */
import { setImmediate as soon } from 'node:timers';
import { needRegistry } from '../api/history/history.ts';
import { failedOver, hasFailed } from '../api/modules/failed.ts';
import { languageOf } from '../loader/language.ts';
import type { LiveModule } from '../loader/live.ts';
import { syntaxError, tryRead } from '../loader/parse.ts';

export interface Anew {
  /** Leads the next imports of modules to what their files say then. @returns those of which that was not so already */
  lead(urls: readonly string[]): string[];
  /** Those that have failed over any of these URLs, or are one of them. */
  failedOver(urls: readonly string[]): Promise<string[]>;
  /** A module has been loaded, which may be one that was led to. */
  loaded(module: LiveModule): void;
  /** Modules begin to run; may call nothing that a program can patch. */
  began(prefix: string): void;
}

/** @param resumed is told of a module that was waiting to run, was saved meanwhile, and runs the text from before now */
export function createAnew(resumed: (url: string) => void): Anew {
  const registry = needRegistry();
  /** modules that are led to an instance which has not been loaded yet, by URL */
  const led = new Set<string>();
  /** by prefix: the URL of a module that has not begun to run and stands aside for another instance */
  const aside: Record<string, string> = Object.create(null);
  /** those that were loaded anew: they may have failed again */
  const tried = new Set<LiveModule>();

  return { lead, failedOver: over, loaded, began };

  function lead(urls: readonly string[]): string[] {
    const fresh = urls.filter((url) => !led.has(url));
    if (fresh.length === 0) return [];
    for (const url of fresh) {
      led.add(url);
      const module = registry.modules.get(url);
      if (module !== undefined && module.scope === undefined) aside[module.prefix] = url;
    }
    registry.loadAnew(fresh, ++registry.hot.batches);
    return fresh;
  }

  async function over(urls: readonly string[]): Promise<string[]> {
    for (const module of tried) if (!(await hasFailed(module))) tried.delete(module);
    return (await failedOver(new Set(urls))).map(({ url }) => url);
  }

  function loaded(module: LiveModule): void {
    if (!led.delete(module.url)) return;
    tried.add(module);
    for (const prefix of Object.keys(aside)) if (aside[prefix] === module.url) delete aside[prefix];
  }

  function began(prefix: string): void {
    const url = aside[prefix];
    if (url === undefined) return;
    delete aside[prefix];
    soon(() => {
      if (!led.delete(url)) return;
      registry.loadAnew([url], undefined);
      resumed(url);
    });
  }
}

/** Why a text cannot be loaded as a module's. */
export function parseError(url: string, file: string, text: string): Error | undefined {
  const lang = languageOf(url);
  const read = tryRead(text, lang);
  return 'errors' in read ? syntaxError(text, file, read.errors) : undefined;
}
