/**
 * Files that were saved together, taken over together. In: their new texts; out: all of them live, or none and the errors.
 * Where `import.meta.hot` accepts a change they are taken over one after the other, what is imported first, and all are undone if one
 * fails; else it is one step.
 */

import { currentText, runningVersion, type Version } from '../api/history/history.ts';
import { isAccepted } from '../api/hot.ts';
import { type Analysis, analyse } from '../api/plan/analysis.ts';
import { plan } from '../api/plan/plan.ts';
import { aligned, isIn } from '../api/plan/units.ts';
import { reloadFrom } from '../api/reload.ts';
import { savedTogether } from '../api/transaction.ts';
import { restore } from '../api/versions.ts';
import type { HotswapError } from '../error.ts';
import { writtenFor } from '../loader/language.ts';
import type { LiveModule } from '../loader/live.ts';
import type { Node, Program } from '../loader/parse.ts';
import { oneLine, short } from '../messages.ts';
import { fileOf } from '../node.ts';
import { type JsonChange, jsonChange } from './json.ts';
import type { Done } from './say.ts';

/** A file whose text is another than the one that was last taken over, or loaded. */
export interface Changed {
  file: string;
  /** what its modules are to be; of a file that goes through another loader, what that makes of it */
  text: string;
  /** its own text */
  saved: string;
  /** the hot modules that it is the text of */
  modules: LiveModule[];
  /** where it is JSON that they import: its URL, and the text that the running value came from */
  json: { url: string; before: string } | undefined;
  /** SHA-256 of the text last taken over, or loaded */
  seen: string;
}

/** What could not be taken over, a file each. */
export type Failures = Map<string, Error>;

export interface Outcome {
  failures: Failures;
  done: Done[];
  json: JsonChange[];
}

/** A file's new text, read from the one that is current. @throws ERR_HOTSWAP_SYNTAX */
export function analysed(module: LiveModule, text: string, file: string): Analysis {
  return analyse(text, module.url, file, analyse(currentText(module), module.url));
}

/** Takes the files over, all or none. */
export async function takeOver(changed: Changed[]): Promise<Outcome> {
  const failures: Failures = new Map();
  const programs = new Map<string, Program>();
  const json: JsonChange[] = [];
  for (const one of changed) {
    try {
      const [module] = one.modules;
      // One alone is read, and refused, where it is taken over.
      if (module !== undefined && changed.length > 1)
        programs.set(one.file, analysed(module, one.text, one.file).program);
      if (one.json !== undefined) json.push(await jsonChange(one.json.url, one.json.before, one.text));
    } catch (error) {
      failures.set(one.file, error as Error);
    }
  }
  if (failures.size > 0) return { failures, done: [], json: [] };
  const inOrder = importedFirst(changed, programs);
  const before = new Map(inOrder.flatMap(({ modules }) => modules.map((one) => [one, stateOf(one)])));
  // What is imported again is not carried out in one step.
  const inTurn = isAccepted([...before.keys()]);
  const versions = await (inTurn ? oneByOne : inOneStep)(inOrder, json, failures);
  if (failures.size > 0) return { failures, done: [], json: [] };
  const done: Done[] = [];
  for (const { file, seen, modules } of inOrder) {
    for (const module of modules) {
      const version = versions.get(module);
      const was = before.get(module);
      if (version === undefined || was === undefined || version.number === was.number) continue;
      done.push({
        file,
        version,
        lost: lostEdits(module, was, seen),
        withdrawn: withdrawn(was, module, version),
      });
    }
  }
  return { failures, done, json };
}

interface State {
  number: number;
  text: string;
  version: ReturnType<typeof runningVersion>;
}

function stateOf(module: LiveModule): State {
  const version = runningVersion(module);
  return { number: version.number + module.vsn, text: currentText(module), version };
}

async function inOneStep(
  changed: Changed[],
  json: JsonChange[],
  failures: Failures,
): Promise<Map<LiveModule, Version>> {
  const versions = new Map<LiveModule, Version>();
  const undos: (() => void)[] = [];
  try {
    const all = await savedTogether(async () => {
      for (const { file, text, modules } of changed) {
        for (const module of modules) {
          try {
            versions.set(module, await reloadFrom(module, text));
          } catch (error) {
            failures.set(file, error as Error);
          }
        }
      }
      if (failures.size > 0) throw failures.values().next().value;
      for (const one of json) undos.push(one.make());
    });
    // Numbers may be others than the transaction had in mind, where another process has come before.
    for (const [module] of versions) {
      const made = all.find((one) => one.module === module.url);
      if (made !== undefined) versions.set(module, made);
    }
  } catch (error) {
    for (const undo of undos.reverse()) undo();
    if (failures.size === 0) failures.set(failedFile(error, changed), error as Error);
  }
  return versions;
}

async function oneByOne(
  changed: Changed[],
  json: JsonChange[],
  failures: Failures,
): Promise<Map<LiveModule, Version>> {
  const versions = new Map<LiveModule, Version>();
  const undos: (() => unknown)[] = [];
  let at = '';
  try {
    for (const one of json) {
      at = changed.find(({ json }) => json?.url === one.url)?.file ?? '';
      undos.push(one.make());
    }
    for (const { file, text, modules } of changed) {
      at = file;
      for (const module of modules) {
        const { number } = stateOf(module);
        const version = await reloadFrom(module, text);
        versions.set(module, version);
        if (version.number !== number) undos.push(() => restore(new URL(module.url), number));
      }
    }
  } catch (error) {
    failures.set(at, error as Error);
    for (const undo of undos.reverse()) await undo();
  }
  return versions;
}

/** Which of the files an error is about. */
function failedFile(error: unknown, changed: Changed[]): string {
  const { module, file } = error as Partial<HotswapError>;
  const found = changed.find(
    (one) => one.file === file || one.json?.url === module || one.modules.some(({ url }) => url === module),
  );
  return (found ?? (changed[0] as Changed)).file;
}

/** The files in an order in which what is imported comes before what imports it, as far as there is one. */
function importedFirst(changed: Changed[], programs: ReadonlyMap<string, Program>): Changed[] {
  if (changed.length === 1) return changed;
  const byFile = files(changed);
  const inOrder = new Set<Changed>();
  const begun = new Set<Changed>();
  const visit = (one: Changed): void => {
    if (begun.has(one)) return;
    begun.add(one);
    for (const { url } of one.modules) {
      for (const specifier of specifiersOf(programs.get(one.file))) {
        for (const imported of importedBy(url, specifier, byFile)) visit(imported);
      }
    }
    inOrder.add(one);
  };
  changed.forEach(visit);
  return [...inOrder];
}

function files(changed: Changed[]): Map<string, Changed> {
  return new Map(changed.map((one) => [one.file, one]));
}

/** Those of some files that a specifier leads to, from a module. By path: a URL writes some letters in two ways, as `~` and `%7E`. */
function importedBy(url: string, specifier: string, byFile: ReadonlyMap<string, Changed>): Changed[] {
  return [specifier, ...writtenFor(specifier)].flatMap((one) => {
    const file = URL.canParse(one, url) ? fileOf(new URL(one, url).href) : undefined;
    return (file !== undefined && byFile.get(file)) || [];
  });
}

/** What a text's `import` and `export … from` name. */
export function specifiersOf(program: Program | undefined): string[] {
  const found: string[] = [];
  for (const statement of (program?.body ?? []) as Node[]) {
    if (!('source' in statement) || statement.source === null || typeof statement.source !== 'object')
      continue;
    if (statement.source.type === 'Literal') found.push(String(statement.source.value));
  }
  return found;
}

/** Versions between the text that the file had and the one that ran: made in memory, and in no file. */
function lostEdits(module: LiveModule, { version: was }: State, seen: string): number[] {
  const lost: number[] = [];
  for (let at: typeof was | undefined = was; at !== undefined && at.id !== seen; ) {
    if (at.number === 0) break;
    lost.unshift(at.number + module.vsn);
    at = at.parent === undefined ? undefined : module.history?.versions.at(at.parent);
  }
  return lost;
}

/** What has run and does not run again: functions that were called where they stand, and statements that a version has no longer. */
function withdrawn({ text }: State, module: LiveModule, { summary }: Version): string[] {
  return [...called(text, module, summary), ...gone(text, module, summary)];
}

/** In a summary, which shows the first changes of many: that there are more. */
const MORE = / more$/;

/** A path of functions of which each is called there and then, as the one around it: `first = iife > return iife`; see paths.ts. */
const CALLED = /^(?:(?:[^>]+ = |return )?iife(?:~\d+)?(?: > |$))+$/;

/** Paths of the functions with other code that were called where they stand. */
function called(text: string, module: LiveModule, summary: string): string[] {
  if (!MORE.test(summary) && !/\biife\b/.test(summary)) return [];
  const { replaced, changed } = plan(analyse(text, module.url), analyse(currentText(module), module.url));
  return replaced.flatMap((hot) => (CALLED.test(hot.path) && !isIn(changed, hot) ? hot.path : []));
}

function gone(text: string, module: LiveModule, summary: string): string[] {
  if (!MORE.test(summary) && !/(^|, )-/.test(summary)) return [];
  const [before, after] = [analyse(text, module.url), analyse(currentText(module), module.url)];
  return aligned(before, after).flatMap(([was, now]) => {
    if (was === undefined || now !== undefined || was.names.length > 0 || was.imported !== undefined)
      return [];
    return [short(oneLine(text.slice(was.node.start, was.node.end)), 60)];
  });
}
