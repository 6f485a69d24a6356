/** Long histories, as an old cache has them. In: a module's file; out: its log on disk, and the text of its newest version. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ModuleLog } from '../dist/cache/log.js';
import { putObject, sha256 } from '../dist/cache/objects.js';
import { moduleText } from './modules.js';

/** Writes a history of so many versions of a module that `writeModule` made. Only the newest, which runs, has a text. */
export function writeHistory(file, versions, cache) {
  const text = readFileSync(file, 'utf8');
  const base = sha256(text);
  const log = new ModuleLog(cache, pathToFileURL(file).href);
  for (let n = 1; n <= versions; n++) {
    const id = n === versions ? putObject(cache, moduleText(text.length, n), '.mjs').id : sha256(String(n));
    log.appendVersion(base, { id, parent: n - 1, at: n, summary: '~price', kept: true });
  }
}
