/**
 * Loads and links a program, and runs nothing of it. In: the program, as the main file of a process that has our hooks and preloads this; out:
 * a filled cache, and the end of the process. A module that imports one that throws and then the program gets that error when all is
 * loaded and linked, and before the program begins: modules are evaluated in the order of their imports (ECMA-262 16.2.1.6).
 */
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { unwritable } from '../cache/writable.ts';
import { registry } from '../loader/registry.ts';
import { createTexts } from '../loader/texts.ts';
import { printable, writeError } from '../node.ts';

const LINKED = 'linked';

const { modules, config, receive, hooks } = registry() as NonNullable<ReturnType<typeof registry>>;
const file = process.argv[1] as string;
if (config.cacheDir === undefined)
  end(1, `${file} cannot be prepared: there is no cache, it is turned off (HOTSWAP_CACHE_DIR, cacheDir)`);
const error = await linked(pathToFileURL(file).href);
if (error !== undefined) {
  writeError(`hotswap: ${printable(file)} cannot be prepared:\n`);
  throw error; // which Node prints, with the place in the text
}
await written();
receive();
const { isOnDisk } = createTexts(config, hooks === 'off-thread', () => process.sourceMapsEnabled);
const lost = [...modules.values()].filter(({ url, source }) => !isOnDisk(url, source));
if (lost.length > 0)
  end(
    1,
    `${file} is not prepared: ${lost.length} of its ${modules.size} modules could not be written to ${config.cacheDir}: ${unwritable(config.cacheDir as string) ?? 'the disk refuses'}`,
  );
const { size } = modules;
if (size === 0)
  end(
    1,
    `${file} cannot be prepared: neither it nor what it imports is an ES module that is to be hot (an .mjs file, or .js where package.json says "type": "module")`,
  );
end(0, `${file} is prepared: ${size} ${size === 1 ? 'module' : 'modules'}, in ${config.cacheDir}`);

/** What keeps a program from being loaded; undefined where nothing does. */
async function linked(url: string): Promise<unknown> {
  const text = `import 'data:text/javascript,throw ${JSON.stringify(LINKED)}';import ${JSON.stringify(url)};`;
  try {
    await import(`data:text/javascript,${encodeURIComponent(text)}`);
  } catch (error) {
    return error === LINKED ? undefined : error;
  }
}

/** What waits to be written is written in the next turn of the loop that the hooks are in. */
async function written(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await import(`data:text/javascript,${i}`); // to where the hooks are and back
    await turn();
  }
}

function end(code: number, line: string): never {
  writeError(`hotswap: ${printable(line)}\n`);
  process.exit(code);
}
