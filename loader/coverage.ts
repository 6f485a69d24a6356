/**
 * Coverage as plain Node has it. V8 counts by offsets in the text that runs, and Node writes them to the directory NODE_V8_COVERAGE when the
 * program ends; who reads them (node:test, c8) takes them for offsets in the file. In: what was written; out: the same with the author's
 * offsets, without patch points, what edits had evaluated, and files of ours. Nothing is loaded before the program ends.
 */
import { asLoaded, environment, join, readdirSync, readFileSync, writeFileSync } from '../node.ts';
import { withBuiltins } from './builtins.ts';
import { instrumenter } from './language.ts';
import type { Layout } from './layout.ts';
import type { Loaded } from './live.ts';
import { layoutFor, loadedModules } from './tostring.ts';

/** https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-ScriptCoverage */
interface Report {
  result: Script[];
  /** by URL, of texts that name a source map */
  'source-map-cache'?: Record<string, { lineLengths: number[]; data: unknown; url: string | null }>;
}

interface Script {
  scriptId: string;
  url: string;
  functions: Covered[];
}

interface Covered {
  functionName: string;
  isBlockCoverage: boolean;
  /** the first is the function itself */
  ranges: Range[];
}

/** `count` is that of the innermost range around a character. */
interface Range {
  startOffset: number;
  endOffset: number;
  count: number;
}

/** Whether this process counts what is covered, in a directory that others read or for a report of its own. */
export function countsCoverage(): boolean {
  return environment('NODE_V8_COVERAGE') !== undefined || reportsCoverage();
}

/** Whether node:test reports what is covered in this very process. */
function reportsCoverage(): boolean {
  return process.execArgv.includes('--experimental-test-coverage');
}

/**
 * Has the coverage of this thread written by us when it ends, after its last listener.
 * @param ours URL that our own files begin with
 */
export function keepCoverage(ours: string): void {
  const write = (): void => {
    try {
      asLoaded(() => withBuiltins(() => writeCoverage(ours)));
    } catch {
      // a directory that is gone: then it is as Node has written it
    }
  };
  // What node:test reports here it reads after this, and what there is to read is in a directory of its own.
  if (reportsCoverage()) process.on('beforeExit', write);
  if (!environment('NODE_V8_COVERAGE')) return;
  let isDone = false;
  const finish = (): void => {
    if (!isDone) write();
    isDone = true;
  };
  // Whatever is left to do, its last listener has been called; or `process.exit` is called in one of them.
  around('emit', (emit, name) => {
    try {
      return emit();
    } finally {
      if (name === 'exit') finish();
    }
  });
  around('reallyExit', (exit) => {
    finish();
    return exit();
  });
}

const { apply, defineProperty } = Reflect;

/** Puts another method in the place of one of `process`. @param work is given the call of that one, and what it is called with */
function around(
  name: 'emit' | 'reallyExit',
  work: (call: () => unknown, ...args: unknown[]) => unknown,
): void {
  const method = process[name as 'emit'] as (...args: unknown[]) => unknown;
  const value = function (this: unknown, ...args: unknown[]): unknown {
    return work(() => apply(method, this, args), ...args);
  };
  defineProperty(value, 'name', { value: name, configurable: true });
  defineProperty(process, name, { value, writable: true, configurable: true, enumerable: false });
}

/**
 * Has Node write what was counted since the last time, and writes all files of this thread anew, those of before included. Node writes one more when
 * all has ended, and by then nothing has run but this file; `v8.stopCoverage` would have it complain on stderr that there is nothing to write.
 */
function writeCoverage(ours: string): void {
  const directory = environment('NODE_V8_COVERAGE');
  if (!directory) return;
  const { threadId } = process.getBuiltinModule('node:worker_threads');
  process.getBuiltinModule('node:v8').takeCoverage();
  const isOwn = new RegExp(`^coverage-${process.pid}-\\d+-${threadId}\\.json$`);
  for (const name of (readdirSync(directory) as string[]).sort()) {
    if (!isOwn.test(name) || written.has(name)) continue;
    written.add(name);
    const file = join(directory, name);
    writeFileSync(file, JSON.stringify(authorsReport(JSON.parse(readFileSync(file, 'utf8')), ours)));
  }
}

/** Names of files that have the author's offsets. */
const written = new Set<string>();

/** Modules by the numbers of their scripts: only the first report of a module has its whole text in it. */
const scripts = new Map<string, Loaded>();

/** A report by the author's texts. */
function authorsReport(report: Report, ours: string): Report {
  const loaded = new Map<string, Loaded[]>();
  for (const one of loadedModules()) loaded.set(one.url, [...(loaded.get(one.url) ?? []), one]);
  const maps = { ...report['source-map-cache'] };
  const result: Script[] = [];
  for (const script of report.result.sort((a, b) => Number(a.scriptId) - Number(b.scriptId))) {
    if (script.url.startsWith(ours)) continue;
    const those = loaded.get(script.url);
    if (those === undefined) {
      result.push(script);
      continue;
    }
    // What is evaluated for an edit has the file's URL as well.
    const isOther = (one: Loaded): boolean => ![...scripts.values()].includes(one);
    const module = scripts.get(script.scriptId) ?? those.find((one) => isOther(one) && isTextOf(one, script));
    if (module === undefined) continue;
    scripts.set(script.scriptId, module);
    const layout = layoutFor(module.prefix);
    result.push(
      layout === undefined ? script : { ...script, functions: authorsFunctions(script, layout, module) },
    );
    const map = layout && mapOf(module);
    if (map !== undefined) maps[script.url] = map;
  }
  return { ...report, result, ...(Object.keys(maps).length > 0 && { 'source-map-cache': maps }) };
}

/** The source map that the author's text names, as Node keeps it. */
function mapOf({ url, source }: Loaded): NonNullable<Report['source-map-cache']>[string] | undefined {
  if (!NAMED.test(source)) return undefined;
  const lineLengths = source.split(/[\n\u2028\u2029]/).map((line) => line.length); // without their ends, of which `\r` is not one
  try {
    return { lineLengths, data: instrumenter().mapFrom(source, url), url: null };
  } catch {
    return undefined; // it cannot be read
  }
}

/** What names a source map at the end of a text. */
const NAMED = /\/\/[#@](?=[ \t]*sourceMappingURL=\S+\s*$)/;

/**
 * A text without the source map that it names: Node would write that down with the lengths of its lines, and by the offsets in a report those are the
 * author's.
 */
export function withoutMap(code: string): string {
  return code.replace(NAMED, '// ');
}

/** Whether a script is the text that runs of a module, at whose end there may be comments of ours. */
function isTextOf({ prefix, source }: Loaded, { functions }: Script): boolean {
  const layout = layoutFor(prefix);
  const length = functions[0]?.ranges[0]?.endOffset ?? 0;
  return layout === undefined || length >= layout.lengthOf(source.length);
}

function authorsFunctions({ functions }: Script, layout: Layout, { source }: Loaded): Covered[] {
  const authors: Covered[] = [];
  for (const one of functions) {
    const [whole] = one.ranges as [Range];
    if (one.functionName === '<static_initializer>' && layout.isBare(whole.startOffset)) continue;
    const ranges: Range[] = [];
    for (const range of one.ranges) {
      const { startOffset, endOffset, count } = range;
      const start = layout.author(startOffset);
      const end = Math.min(layout.authorEnd(endOffset), source.length);
      // Our checks are branches, which end in what is ours; but a function may end there, too.
      const isOurs = range !== whole && endOffset !== whole.endOffset && layout.endsInOurs(endOffset);
      if (!isOurs && (end > start || range === whole))
        ranges.push({ startOffset: start, endOffset: end, count });
    }
    const [{ startOffset, endOffset }] = ranges as [Range];
    if (endOffset === startOffset) continue;
    const isGuess = one.functionName.includes('hs$');
    authors.push({
      ...one,
      functionName: isGuess ? nearestName(source, startOffset) : one.functionName,
      ranges,
    });
  }
  return authors;
}

/** A name for a function that has none, where V8 has guessed one of ours: what is assigned to last before it. */
function nearestName(source: string, start: number): string {
  const before = source.slice(Math.max(0, start - 2000), start);
  return [...before.matchAll(/([\w$]+)\s*=(?![=>])/g)].at(-1)?.[1] ?? 'anonymous';
}
