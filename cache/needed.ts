/**
 * Which texts a cache is needed for. In: its logs; out: the ids that they name. A log that is damaged may still be read by a
 * person, so whatever it names is needed.
 */
import { existsSync, join, readdirSync, statSync } from '../node.ts';
import { readFile } from './files.ts';
import { Ledger } from './ledger.ts';
import { linesIn, parseLine } from './lines.ts';
import { oldestKept } from './table.ts';

/**
 * Ids of the texts that logs need, a log at a time: those of the versions that can be gone back to, of the ones in force, and of the
 * files that they rest on.
 * @param rollbackLength how many versions can be gone back to, each
 * @throws where one cannot be read: then nobody knows what it needs
 */
export function* neededIds(cacheDir: string, rollbackLength: number): Generator<Set<string>> {
  const room = join(cacheDir, 'modules');
  const isThere = statSync(room, { throwIfNoEntry: false })?.isDirectory() === true;
  for (const name of isThere ? readdirSync(room) : []) {
    for (const file of [join(room, name, 'log'), join(room, name, 'log.damaged')])
      if (existsSync(file)) yield idsIn(readFile(file), rollbackLength);
  }
}

/** The texts that a log needs. @param bytes of the log */
function idsIn(bytes: Buffer, rollbackLength: number): Set<string> {
  const all = new Set<string>();
  const ids = new Set<string>();
  const ledger = new Ledger();
  for (const { line } of linesIn(bytes)) {
    const event = parseLine(line);
    if (event === undefined) {
      ledger.take(line, event);
      continue;
    }
    ids.add(event.base);
    const isTaken = ledger.take(line, event);
    if (event.event !== 'version') continue;
    all.add(event.id);
    if (!isTaken && event.part !== undefined) ids.add(event.id);
  }
  if (ledger.damaged !== undefined) return new Set([...all, ...ids]);
  for (const { versions, current } of ledger.eras.values()) {
    const oldest = oldestKept(versions.length, rollbackLength);
    for (let number = oldest; number <= versions.length; number++)
      ids.add((versions.at(number) as { id: string }).id);
    const inForce = versions.at(current);
    if (inForce !== undefined) ids.add(inForce.id);
  }
  return ids;
}

/** Those of some ids that no log names. For few of them: every log is read. */
export function unneeded(cacheDir: string, ids: readonly string[]): string[] {
  const left = new Set(ids);
  try {
    for (const needed of neededIds(cacheDir, Number.POSITIVE_INFINITY))
      for (const id of needed) left.delete(id);
  } catch {
    return []; // one that cannot be read may need all of them
  }
  return [...left];
}
