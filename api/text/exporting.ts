/**
 * The text edits behind `addExport` and `removeExport`. In: the current version, an export's name and what it is to be; out: the
 * module's new text, in which nothing else has moved. Pure.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import { languageOf } from '../../loader/language.ts';
import {
  boundNames,
  exportName,
  isIdentifier,
  lineOf,
  type Node,
  tryParse,
  unwrapped,
} from '../../loader/parse.ts';
import { describe } from '../../messages.ts';
import { fileOf } from '../../node.ts';
import { type Bindings, literalOf } from '../given/bind.ts';
import type { Given } from '../given/given.ts';
import { list } from '../modules/module.ts';
import { type Analysis, analyse, referencesIn } from '../plan/analysis.ts';
import { type Exported, exportedLocals, localOf } from '../plan/exported.ts';
import { nodesOf, type Unit, unitsOf } from '../plan/units.ts';
import { type Edited, rewriteText } from './rewrite.ts';

/** A module's text, and the export that is to come or go. */
export interface ExportPlace {
  /** URL of the module */
  module: string;
  analysis: Analysis;
  name: string;
}

/** Text with a function as a new export at its end. @throws what `rewrite` would be refused with */
export function addFunctionText(place: ExportPlace, what: Given, bind: Bindings): Edited {
  const { module, name } = place;
  const empty = name === 'default' ? 'export default function () {}' : `export function ${name}() {}`;
  const analysis = analyse(withStatement(place, empty), module, `${module}#${name}`);
  const hot = analysis.functions.findLast((one) => one.path === name);
  if (hot === undefined) throw new Error(`no function in ${empty}`);
  const bound = new Set([...bind.constants.keys(), ...Object.keys(bind.values)]);
  return rewriteText({ module, hot, analysis, bound, kept: {} }, what, bind);
}

/** Text with a value as a new export at its end: written out where JSON can say it, bound to a name otherwise. */
export function addValueText(place: ExportPlace, value: unknown): Edited {
  const { name, analysis } = place;
  const literal = literalOf(value);
  if (literal !== undefined) return { source: withStatement(place, constant(name, literal)), values: {} };
  let bound = `${name}$`;
  while (analysis.source.includes(bound)) bound += '$';
  return { source: withStatement(place, constant(name, bound)), values: { [bound]: value } };
}

/** Text with an expression, given as source, as a new export at its end. @throws ERR_HOTSWAP_SYNTAX */
export function addExpressionText(place: ExportPlace, text: string): Edited {
  const { errors, program } = tryParse(`(${text}\n)`, languageOf(place.module));
  const [only] = program.body;
  if (errors.length > 0 || program.body.length !== 1 || only?.type !== 'ExpressionStatement') {
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `the source for ${place.module}#${place.name} is neither one function nor an expression: ${errors[0]?.message ?? describe(text)}. A string is source text; to export the string itself, give JSON.stringify of it.`,
      { module: place.module, path: place.name },
    );
  }
  const value = unwrapped(only.expression);
  const inner = `(${text}\n)`.slice(value.start, value.end);
  // `1, z = 2` in a declaration would be two variables.
  const whole = value.type === 'SequenceExpression' ? `(${inner})` : inner;
  return { source: withStatement(place, constant(place.name, whole)), values: {} };
}

/** Text in which a variable that the module has already is exported. */
export function exportText(place: ExportPlace): Edited {
  return { source: withStatement(place, `export { ${place.name} };`), values: {} };
}

/**
 * Whether a name can become an export.
 * @param isNew whether a declaration comes with it, or one must be there
 * @throws ERR_HOTSWAP_BAD_TARGET
 */
export function checkNewExport({ module, analysis, name }: ExportPlace, isNew: boolean): void {
  const refuse = (why: string): never => {
    throw new HotswapError(
      'ERR_HOTSWAP_BAD_TARGET',
      `${module} cannot export ${JSON.stringify(name)}: ${why}`,
      {
        module,
        path: name,
      },
    );
  };
  if (exportedLocals(analysis.source, analysis.url).some((one) => one.name === name))
    refuse('it does so already; rewrite() changes it, removeExport() takes it away');
  const taken = tryParse(`let ${name};`).errors.length > 0 && name !== 'default';
  if (!isIdentifier(name) || taken) refuse('that cannot name a variable');
  const declared = unitsOf(analysis).some((unit) => unit.names.includes(name) && name !== 'default');
  if (isNew && declared)
    refuse('it has a variable of that name; addExport() without a second argument exports that one');
  if (!isNew && !declared) refuse('it has no variable of that name, and nothing was given to export');
}

/** Text without an export and without what it exports. */
export function removeExportText(place: ExportPlace): Edited {
  const { analysis, name } = place;
  const exported = exportedLocals(analysis.source, analysis.url);
  const found = exported.find((one) => one.name === name);
  if (found === undefined) throw missingExport(place, exported);
  const text = new MagicString(analysis.source);
  for (const statement of analysis.program.body) {
    if (statement.type === 'ExportNamedDeclaration' && statement.declaration === null) {
      const left = statement.specifiers.filter((one) => exportName(one.exported) !== name);
      if (left.length === statement.specifiers.length) continue;
      if (left.length === 0) removeStatement(text, analysis.source, statement);
      else removeItem(text, statement.specifiers, (one) => exportName(one.exported) === name);
    } else if (statement.type === 'ExportAllDeclaration') {
      if (statement.exported !== null && exportName(statement.exported) === name)
        removeStatement(text, analysis.source, statement);
    } else if (statement.type === 'ExportDefaultDeclaration' && name === 'default') {
      const value = unwrapped(statement.declaration as Node);
      if (value.type === 'Identifier') removeStatement(text, analysis.source, statement);
    }
  }
  const local = localOf(found, analysis);
  const shared = exported.some((one) => one !== found && localOf(one, analysis) === local);
  if (local !== undefined && shared) unexport(text, place, local);
  if (local !== undefined && !shared) {
    const unit = unitsOf(analysis).find((one) => one.names.includes(local));
    if (unit !== undefined && unit.imported === undefined) {
      checkUnused(place, unit);
      for (const one of [unit, ...(unit.more ?? [])]) removeUnit(text, place, one);
    }
  }
  return { source: text.toString(), values: {} };
}

/** `export const a = 1;` becomes `const a = 1;`, where `a` is exported by another name as well. */
function unexport(text: MagicString, { analysis, name }: ExportPlace, local: string): void {
  for (const statement of analysis.program.body) {
    const isDefault = statement.type === 'ExportDefaultDeclaration';
    if (!isDefault && statement.type !== 'ExportNamedDeclaration') continue;
    const declaration = statement.declaration as Node | null;
    if (declaration === null || isDefault !== (name === 'default')) continue;
    const declared = namesOf(declaration);
    if (!declared.includes(local)) continue;
    text.remove(statement.start, declaration.start);
    const others = declared.filter((one) => one !== local);
    if (others.length > 0) text.appendLeft(statement.end, ` export { ${others.join(', ')} };`);
  }
}

/** The variables that a declaration at the top level makes. */
function namesOf(declaration: Node): string[] {
  if (declaration.type === 'VariableDeclaration')
    return declaration.declarations.flatMap(({ id }) => boundNames(id));
  const id = 'id' in declaration ? (declaration.id as Node | null) : null;
  return id?.type === 'Identifier' ? [id.name] : [];
}

function missingExport({ module, name }: ExportPlace, exported: Exported[]): HotswapError {
  const from = exported.filter((one) => one.name === '*').map((one) => one.from);
  const names = exported.map((one) => one.name).filter((one) => one !== '*');
  const why = from.length > 0 ? `; what it exports from ${from.join(', ')} can only be removed there` : '';
  return new HotswapError(
    'ERR_HOTSWAP_MISSING',
    `${module} has no export ${JSON.stringify(name)} to remove; it has ${list(names)}${why}`,
    { module, path: name, names },
  );
}

function constant(name: string, text: string): string {
  return name === 'default' ? `export default ${text};` : `export const ${name} = ${text};`;
}

/** The text with one more statement at its end, a blank line before it. */
function withStatement({ analysis: { source } }: ExportPlace, statement: string): string {
  const end = source.includes('\r\n') ? '\r\n' : '\n';
  if (source === '') return `${statement}${end}`;
  return `${source}${/[\n\r]$/.test(source) ? '' : end}${end}${statement}${end}`;
}

/** @throws ERR_HOTSWAP_OUT_OF_SCOPE with what would be left without the name: functions, fields, initial values, statements */
function checkUnused({ module, analysis, name }: ExportPlace, unit: Unit): void {
  const users = new Map<string, number>();
  for (const { key, kind, node, scope, declares } of referencesIn(analysis)) {
    if (kind !== 'variable' || declares || !unit.names.includes(key)) continue;
    if (scope?.handedOver !== true || scope.parent !== undefined) continue;
    if (nodesOf(unit).some(({ start, end }) => node.start >= start && node.end <= end)) continue;
    const around = analysis.functions.findLast((hot) => hot.start <= node.start && hot.end >= node.end);
    const isExport = analysis.program.body.some(
      (one) => isListOfNames(one) && one.start <= node.start && one.end >= node.end,
    );
    const user = around?.path ?? 'the top level';
    if (!isExport && !users.has(user)) users.set(user, node.start);
  }
  if (users.size === 0) return;
  const names = [...users.keys()];
  const file = fileOf(module) ?? module;
  const places = [...users].map(([user, at]) => `${user} (${file}:${lineOf(analysis.source, at)})`);
  throw new HotswapError(
    'ERR_HOTSWAP_OUT_OF_SCOPE',
    `${module}#${name} cannot be removed: ${list(places)} would be left without it. Rewrite what uses it first.`,
    { module, path: name, names },
  );
}

/** Whether a statement only says what is exported: `export { a }`, `export default a`. Of these the name has been taken out. */
function isListOfNames(statement: Node): boolean {
  if (statement.type === 'ExportNamedDeclaration') return statement.declaration === null;
  return (
    statement.type === 'ExportDefaultDeclaration' &&
    unwrapped(statement.declaration as Node).type === 'Identifier'
  );
}

function removeUnit(
  text: MagicString,
  { module, analysis, name }: ExportPlace,
  { node, statement }: Unit,
): void {
  const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  if (declaration?.type !== 'VariableDeclaration' || declaration.declarations.length === 1) {
    if (node.type === 'VariableDeclarator' && node.id.type !== 'Identifier') {
      const line = analysis.source.slice(node.start, node.end).split('\n', 1)[0];
      throw new HotswapError(
        'ERR_HOTSWAP_STRUCTURAL',
        `${module}#${name} is taken out of something together with others, and cannot be removed alone: ${line}`,
        { module, path: name },
      );
    }
    removeStatement(text, analysis.source, statement);
  } else {
    removeItem(text, declaration.declarations, (one) => one === node);
  }
}

/** Removes an item of a list that is separated by commas, and the comma that goes with it. */
function removeItem<T extends { start: number; end: number }>(
  text: MagicString,
  items: readonly T[],
  isIt: (item: T) => boolean,
): void {
  const i = items.findIndex(isIt);
  const [before, item, after] = [items[i - 1], items[i], items[i + 1]];
  if (item === undefined) return;
  if (after !== undefined) text.remove(item.start, after.start);
  else text.remove(before?.end ?? item.start, item.end);
}

/** Removes a statement with its lines, and the documentation right above it. */
function removeStatement(text: MagicString, source: string, { start, end }: Node): void {
  const above = /(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/[ \t]*\r?\n)?[ \t]*$/.exec(source.slice(0, start));
  const from = start - (above?.[0].length ?? 0);
  const opens = from === 0 || /[\n\r]/.test(source[from - 1] as string);
  const rest = /^[ \t]*(?:\r\n|\n|\r|$)/.exec(source.slice(end));
  if (!opens || rest === null) {
    text.remove(start, end);
    return;
  }
  // Of the blank lines around it one is enough.
  const blank = /(?:^|\n)[ \t]*\r?\n$/.test(source.slice(0, from))
    ? (/^(?:[ \t]*\r?\n)+/.exec(source.slice(end + rest[0].length))?.[0].length ?? 0)
    : 0;
  text.remove(from, end + rest[0].length + blank);
}
