/**
 * What `Function.prototype.toString` gives of functions once something has been edited. In: V8's text of a function, which names the cells
 * of its patch points; out: the text of the version whose code its calls run, standing alone. Loaded with the first edit.
 */
import { readCell } from '../../loader/gates.ts';
import type { LiveCell, LiveModule } from '../../loader/live.ts';
import { registry } from '../../loader/registry.ts';
import { layoutFor } from '../../loader/tostring.ts';
import { cellIn, classIn, isClassText } from '../given/given.ts';
import { runningVersion, versionAt, versionText } from '../history/history.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import { cellsOf, nativeOf } from './cells.ts';
import { formerOf } from './former.ts';

/** Lets `toString` ask here, from the first edit on. */
export function showEdits(): void {
  const live = registry();
  if (live !== undefined) live.edited ??= shown;
}

/** @returns undefined for what runs as it was loaded */
function shown(text: string): string | undefined {
  const found = isClassText(text) ? classIn(text, textNow) : functionIn(text);
  return found?.analysis.plain.slice(found.start, found.end);
}

/** A piece of a version's text. */
interface Piece {
  analysis: Analysis;
  start: number;
  end: number;
}

function functionIn(text: string): Piece | undefined {
  const cell = cellIn(text);
  const module = cell && registry()?.modules.get(cell.url);
  if (cell === undefined || module === undefined) {
    const former = formerOf(text); // its calls go to the instance that is live
    return former && named(former.module, textNow(former.module), former.path);
  }
  const own = cellsOf(module)[cell.index] as LiveCell;
  const native = nativeOf(module, own);
  const isLoaded = own.source === module.source && own.batch === 0;
  // One that has no cell may hold one that has.
  const start = isLoaded ? layoutFor(module.prefix)?.authorStart(text) : undefined;
  if (start !== undefined && start !== native.start) return undefined;
  const keeps = own.stale && readCell(module.prefix, cell.index) === undefined; // the code of its own text
  const source = own.stale ? keptText(module, own) : textNow(module);
  const now = keeps ? undefined : named(module, source, own.path);
  if (now !== undefined) return now;
  return isLoaded ? undefined : { analysis: analyse(own.source, module.url), ...native };
}

function named({ url }: LiveModule, source: string, path: string | undefined): Piece | undefined {
  const analysis = analyse(source, url);
  const hot = analysis.functions.find((one) => one.path === path);
  return hot && { analysis, start: hot.start, end: hot.end };
}

function textNow(module: LiveModule): string {
  return versionText(module, runningVersion(module));
}

/** The text of the last version that closures with a cell could run. */
function keptText(module: LiveModule, { kept }: LiveCell): string {
  const left = [...(kept?.keys() ?? [])].at(-1);
  const before = left === undefined ? undefined : versionAt(module, left).parent;
  return before === undefined ? module.source : versionText(module, versionAt(module, before));
}
