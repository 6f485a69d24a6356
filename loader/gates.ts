/**
 * Gates and cells: the hidden globals that patch points read. In: a module's prefix and a cell's number; out: the global defined,
 * written or taken away, so that V8 takes each for a constant for as long as it can.
 */
import { cellName, gateName } from './names.ts';

/** A module as its gate and cells know it. */
interface Gated {
  prefix: string;
  cells: unknown[];
}

const { defineProperty, isExtensible, isFrozen } = Object;
const { defineProperty: define, deleteProperty } = Reflect;

/**
 * Defines the gate of a module before it runs. It is there already where a module was loaded that could not be linked then.
 * @returns whether it is there now: not where the program has closed its global object
 */
export function defineGate(prefix: string): boolean {
  const name = gateName(prefix);
  return name in globalThis || define(globalThis, name, EMPTY);
}

const shut = new Set<string>();

/**
 * Declares a gate that is never opened, as a script's variable: these need no property of a global object (ECMA-262 9.1.1.4, the
 * declarative record). @returns whether it was not there
 */
export function declareShutGate(prefix: string): boolean {
  if (shut.has(prefix)) return false;
  shut.add(prefix);
  process.getBuiltinModule('node:vm').runInThisContext(`let ${gateName(prefix)};`);
  return true;
}

/**
 * Opens the gate of a module whose first function is about to be replaced: its patch points read their cells from now on. What is
 * optimised of it is optimised anew, once.
 */
export function openGate({ prefix, cells }: Gated): void {
  if (isOpen(prefix)) return;
  defineCells(prefix, cells.length);
  rewriteGlobal(gateName(prefix), true);
}

/** Whether that can be done, or has been: not where the program has closed its global object. */
export function canOpenGate({ prefix }: Pick<Gated, 'prefix'>): boolean {
  return isExtensible(globalThis) || (isOpen(prefix) && !isFrozen(globalThis));
}

function isOpen(prefix: string): boolean {
  return (globalThis as unknown as Record<string, unknown>)[gateName(prefix)] === true;
}

/**
 * Defines cells. A cell is a global of its own: V8 takes one that was never rewritten for a constant and compiles the check away.
 */
export function defineCells(prefix: string, count: number, from = 0): void {
  for (let i = from; i < from + count; i++) {
    const name = cellName(prefix, i);
    if (!(name in globalThis)) define(globalThis, name, EMPTY);
  }
}

/** Of a gate, and of a cell of a function that is as it was loaded. */
const EMPTY = Object.freeze({
  __proto__: null,
  value: undefined,
  writable: true,
  enumerable: false,
  configurable: true,
});

/**
 * Writes a cell: `replacement` runs from the next call on; undefined is the function as loaded. The property is taken
 * away and defined anew, which V8 takes for a fresh constant: it deoptimises what read the old one and inlines the replacement.
 * One that was assigned to twice it reads at every call (0.5 ns become 5).
 */
export function writeCell(prefix: string, index: number, replacement: unknown): void {
  rewriteGlobal(cellName(prefix, index), replacement);
}

/** What a cell holds: undefined where its function is as it was made. */
export function readCell(prefix: string, index: number): unknown {
  return (globalThis as unknown as Record<string, unknown>)[cellName(prefix, index)];
}

function rewriteGlobal(name: string, replacement: unknown): void {
  if (isExtensible(globalThis) && deleteProperty(globalThis, name)) hidden(name, replacement);
  else (globalThis as unknown as Record<string, unknown>)[name] = replacement;
}

/** Takes away the cells of closures that are no more. */
export function removeCells({ prefix, cells }: Gated, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    cells[i] = undefined;
    deleteProperty(globalThis, cellName(prefix, i));
  }
}

/** Defines a global that no enumeration shows. */
export function hidden(name: string | symbol, value: unknown): void {
  const descriptor = { __proto__: null, value, writable: true, enumerable: false, configurable: true };
  defineProperty(globalThis, name, descriptor);
}
