/**
 * The cells of a module, and whose they are. A function has a cell for each text that closures of it were made from. In:
 * a live module; out: its cells, and the function that a cell's closures are. What they are in the current version is
 * `path`, which follows them where an edit moves them.
 */
import type { HotFunction } from '../../loader/functions.ts';
import { removeCells } from '../../loader/gates.ts';
import type { LiveCell, LiveModule } from '../../loader/live.ts';
import { handedOnBy, keysOf } from '../../loader/patch.ts';
import { staged } from '../history/staging.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';

/** Every cell of a module; those of the text that it was loaded with are entered here. */
export function cellsOf(module: LiveModule): LiveModule['cells'] {
  if (module.cells.length === 0) {
    const analysis = analyse(module.source, module.url);
    for (const hot of analysis.functions)
      module.cells.push(newCell(analysis, hot, 0, keysOf(handedOnBy(hot)), NONE));
  }
  return module.cells;
}

/** @param batch see `LiveCell` */
export function newCell(
  { source }: Analysis,
  { path, index }: HotFunction,
  batch: number,
  slots: string[][],
  overlaid: ReadonlySet<string>,
): LiveCell {
  return { name: path, path, source, position: index, batch, stale: false, slots, overlaid };
}

const NONE: ReadonlySet<string> = new Set();

/** The function as the text has it in which the cell's closures were made. */
export function nativeOf({ url }: LiveModule, { source, position }: LiveCell): HotFunction {
  return analyse(source, url).functions[position] as HotFunction;
}

/** The path of a cell in the version that runs or, within a transaction, in the one that will. */
export function pathOf(module: LiveModule, cell: LiveCell): string | undefined {
  const places = staged(module)?.prepared.places;
  return places?.has(cell) ? places.get(cell) : cell.path;
}

/** The number of the class whose scope the cell's closures see, if any. */
export function homeOf(module: LiveModule, cell: LiveCell): number | undefined {
  if (cell.home !== undefined || cell.source !== module.source) return cell.home;
  return nativeOf(module, cell).classScope?.index;
}

const batches = new FinalizationRegistry<() => void>((remove) => remove());

/**
 * What the closures of one evaluated text keep alive: each holds the scope that it was made in, and that scope holds this
 * object. When it goes, nobody is left to read the text's cells, and they go as well.
 * @param from number of the first cell @param to the number after the last
 */
export function lifeOf(module: LiveModule, from: number, to: number): object {
  const life = {};
  const { prefix, cells } = module; // it may be another instance by then
  batches.register(life, () => removeCells({ prefix, cells }, from, to));
  return life;
}
