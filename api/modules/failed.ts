/**
 * Modules that have never come to run: they could not be linked, threw while they were evaluated, or something that they import did. In:
 * live modules, and files that were saved; out: which of them can only be loaded anew. Node keeps a failure for the life of the
 * process and tells of it only who imports the module; what has not begun to run has handed over no scope.
 */
import { resolve as resolveSpecifier } from 'import-meta-resolve';
import { writtenFor } from '../../loader/language.ts';
import type { LiveModule } from '../../loader/live.ts';
import { asImported } from '../../node.ts';
import { needRegistry } from '../history/history.ts';
import { resolvedFrom, specifiersIn } from './importers.ts';

/** How the evaluation of modules ended that have begun to run, as far as somebody has asked. */
const evaluations = new WeakMap<LiveModule, 'running' | 'done' | 'failed'>();

/** How long an import of what has ended may take, in milliseconds; one that takes longer waits for a top-level await. */
const TRIP = 50;

/** Whether a module has not begun to run, or has failed. A module that awaits something at its top level runs. */
export async function hasFailed(module: LiveModule): Promise<boolean> {
  if (module.scope === undefined) return true;
  if (!evaluations.has(module)) {
    evaluations.set(module, 'running');
    const ended = import(module.instance ?? module.url).then(
      () => evaluations.set(module, 'done'),
      (error) => {
        // Of a file that is gone, or a directory now, Node does not ask what has run.
        if (String(error?.url).startsWith(module.url)) evaluations.delete(module);
        else evaluations.set(module, 'failed');
      },
    );
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, TRIP).unref())]);
  }
  return evaluations.get(module) === 'failed';
}

/** Whether a module has not begun to run because something that it imports awaits at its top level. */
export async function isWaiting(module: LiveModule): Promise<boolean> {
  if (module.scope !== undefined) return false;
  const { modules } = needRegistry();
  for (const url of reachedFrom(module)) {
    const one = modules.get(url);
    if (one?.scope !== undefined && !(await hasFailed(one)) && evaluations.get(one) === 'running')
      return true;
  }
  return false;
}

/** The modules that have failed, as far as that is known, and import one of some URLs, directly or through others. */
export async function failedOver(urls: ReadonlySet<string>): Promise<LiveModule[]> {
  const { modules } = needRegistry();
  const found: LiveModule[] = [];
  for (const module of [...modules.values()]) {
    if (module.scope !== undefined && evaluations.get(module) !== 'failed') continue;
    const leadsThere = [...reachedFrom(module)].some((url) => urls.has(url));
    if (leadsThere && !(await isWaiting(module))) found.push(module);
  }
  return found;
}

/** URLs of a module and of all that it imports. */
function reachedFrom({ url }: LiveModule): Set<string> {
  const { modules } = needRegistry();
  const reached = new Set([url]);
  for (const one of reached) {
    const module = modules.get(one);
    if (module !== undefined) for (const imported of importedBy(module)) reached.add(imported);
  }
  return reached;
}

/** URLs of what a module imports by declarations, as its text was loaded; where a file may have several names, of each. */
export function importedBy(module: LiveModule): string[] {
  const { url, source } = module;
  let specifiers: string[] = [];
  try {
    specifiers = specifiersIn(source, url, true);
  } catch {
    // it was loaded, so Node knows better than we
  }
  return specifiers.flatMap((specifier) => {
    if (/^\.{0,2}\/|^file:/.test(specifier) && URL.canParse(specifier, url)) {
      const { href } = new URL(specifier, url);
      return [href, ...writtenFor(href)];
    }
    try {
      return resolvedFrom(module, specifier) ?? asImported(() => resolveSpecifier(specifier, url));
    } catch {
      return []; // there is no such package
    }
  });
}
