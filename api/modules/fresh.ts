/**
 * Fresh instances of modules. In: live modules; out: what the load hook must know to import them again; and modules that failed as they were
 * loaded, imported once more now that they say something else. Node keeps such a failure for the life of the process.
 */
import type { LiveModule } from '../../loader/live.ts';
import type { Fresh } from '../../loader/registry.ts';
import { instanceUrl } from '../../loader/variants.ts';
import { currentText, historyOf, needRegistry } from '../history/history.ts';
import { importsOf } from './importers.ts';

/** A module as it is to be imported again. @param batch number of those that are imported together @param text what it is to run */
export function freshOf(module: LiveModule, batch: number, text = currentText(module)): Fresh {
  const { url, base, vsn } = module;
  const { current: started } = historyOf(module);
  return { url, base, vsn, started, text, instance: instanceUrl(url, batch) };
}

/**
 * Imports a module once more that failed, with what it imports and failed, where one of them has changed since.
 * @returns its namespace; undefined where nothing has changed, or the module is not hot
 * @throws what it fails with this time; then everything is as it was
 */
export async function importOnceMore(url: string): Promise<Record<string, unknown> | undefined> {
  const { hot, begin, end, receive } = needRegistry();
  receive();
  const failed = await failedIn(url);
  if (!failed.some((module) => currentText(module) !== module.source)) return undefined;
  const number = ++hot.batches;
  const fresh = failed.map((module) => freshOf(module, number));
  begin({ number, modules: fresh, helpers: [] });
  const arrive = (module: LiveModule, { instance }: Fresh): void => {
    const arrived = hot.arrived[instance];
    delete hot.arrived[instance];
    if (arrived !== undefined) module.renew(arrived);
  };
  try {
    const namespace = await import(instanceUrl(url, number));
    receive();
    failed.forEach((module, i) => arrive(module, fresh[i] as Fresh));
    end(number, true);
    return namespace;
  } catch (error) {
    receive();
    for (const { instance } of fresh) delete hot.arrived[instance];
    end(number, false);
    throw error;
  }
}

/** The hot modules that did not come to their end, of one and those that it imports. */
async function failedIn(url: string): Promise<LiveModule[]> {
  const { modules } = needRegistry();
  const seen = new Set<string>();
  const failed: LiveModule[] = [];
  const look = async (at: string): Promise<void> => {
    const module = modules.get(at);
    if (module === undefined || seen.has(at)) return;
    seen.add(at);
    for (const one of importsOf(module)) await look(one);
    await import(at).catch(() => failed.push(module));
  };
  await look(url);
  return failed;
}
