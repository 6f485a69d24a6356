/**
 * Versions that the start guard has set aside, as the API sees them. In: a live module; out: which of its versions are, and why; which
 * one is to run after a restart; and, once somebody makes one live, the word that it may run again.
 */
import { type Aside, type Health, HealthFile } from '../../cache/health.ts';
import type { KeptVersion } from '../../loader/kept.ts';
import type { LiveModule } from '../../loader/live.ts';
import { historyOf, needRegistry, versionAt } from './history.ts';

/** By cache. */
const files = new Map<string, HealthFile>();

function healthIn(cacheDir: string): HealthFile {
  let file = files.get(cacheDir);
  if (file === undefined) files.set(cacheDir, (file = new HealthFile(cacheDir)));
  return file;
}

/** What a cache knows of versions; undefined where there is none. */
function healthOf(module: LiveModule): Health | undefined {
  const { log, cacheDir } = historyOf(module);
  return log === undefined || cacheDir === undefined ? undefined : healthIn(cacheDir).read();
}

/** All that are set aside in the cache, oldest first. */
export function allAsides(): Aside[] {
  const { cacheDir } = needRegistry().config;
  return cacheDir === undefined ? [] : [...healthIn(cacheDir).read().asides.values()];
}

/** Why versions of a module are set aside, by their ids. */
export function asidesOf(module: LiveModule): Map<string, Aside> {
  const asides = healthOf(module)?.asides.values() ?? [];
  return new Map([...asides].filter((one) => one.module === module.url).map((one) => [one.id, one]));
}

/** Number of the version that runs after a restart: the one in force, or the nearest that it was made from and that is not set aside. */
export function numberToRun(module: LiveModule, inForce: number): number {
  const asides = asidesOf(module);
  if (asides.size === 0) return inForce;
  const isHealthy = ({ id }: KeptVersion) =>
    healthOf(module)?.isHealthy({ module: module.url, id }, process.argv[1] ?? '') === true;
  let isDeep = false;
  let number = inForce;
  while (number !== 0) {
    const version = versionAt(module, number);
    const aside = asides.get(version.id);
    isDeep ||= aside?.isDeep === true;
    if (aside === undefined && version.kept && (!isDeep || isHealthy(version))) break;
    number = version.parent ?? 0;
  }
  return number;
}

/** Lets a version run again at starts, as somebody has made it live. */
export function bringBack(module: LiveModule, { id }: Pick<KeptVersion, 'id'>): void {
  const { log, cacheDir } = historyOf(module);
  if (log === undefined || cacheDir === undefined) return;
  const version = { module: module.url, id };
  const file = healthIn(cacheDir);
  if (file.read().asideOf(version) !== undefined) file.append([{ event: 'back', versions: [version] }]);
}
