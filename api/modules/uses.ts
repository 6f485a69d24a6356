/**
 * Who else uses an export. In: a hot module and the name of an export; out: the places in other hot modules that could not be linked, or
 * would not be evaluated, at a start without it. Where a module hands the name to a call of ours and does nothing else
 * with it (`removeExport(price)`), that is no use; nor is one in a function that asks a namespace for it.
 */
import type { LiveModule } from '../../loader/live.ts';
import { eachChild, exportName, isFunction, lineOf, type Node } from '../../loader/parse.ts';
import type { Reference } from '../../loader/scopes.ts';
import { fileOf } from '../../node.ts';
import { currentText } from '../history/history.ts';
import { type Analysis, analyse, partAround, referencesIn } from '../plan/analysis.ts';
import { resolvedFrom, specifiersIn } from './importers.ts';
import { liveModules } from './module.ts';

/** The name under which a program imports us. */
const OURS = 'hotswap';

/** Places as `<file>:<line>`, in order of loading; empty where nothing needs the export. */
export function usesElsewhere(module: LiveModule, name: string, seen = new Set<LiveModule>()): string[] {
  seen.add(module);
  return liveModules().flatMap((other) => (seen.has(other) ? [] : usesIn(other, module, name, seen)));
}

/** @param seen modules that pass everything on (`export *`) and have been looked at */
function usesIn(other: LiveModule, module: LiveModule, name: string, seen: Set<LiveModule>): string[] {
  const text = currentText(other);
  const isPassed = name !== 'default' && /\bexport\s*\*/.test(text);
  if (name !== 'default' && !isPassed && !text.includes(name)) return [];
  const leads = (specifier: string): boolean => resolvedFrom(other, specifier) === module.url;
  if (!specifiersIn(text, other.url, true).some(leads)) return [];
  const analysis = analyse(text, other.url);
  const places: number[] = [];
  const passedOn: string[] = [];
  for (const statement of analysis.program.body as Node[]) {
    if (
      isPassed &&
      statement.type === 'ExportAllDeclaration' &&
      statement.exported === null &&
      leads(statement.source.value)
    )
      passedOn.push(...usesElsewhere(other, name, seen));
    if (
      statement.type === 'ExportNamedDeclaration' &&
      statement.source !== null &&
      leads(statement.source.value)
    ) {
      for (const one of statement.specifiers) if (exportName(one.local) === name) places.push(one.start);
    }
    if (statement.type !== 'ImportDeclaration' || !leads(statement.source.value)) continue;
    for (const one of statement.specifiers) {
      const uses = usesOf(analysis, one.local.name);
      if (one.type === 'ImportNamespaceSpecifier') {
        places.push(...uses.filter((use) => isAsked(analysis, use, name)).map(({ node }) => node.start));
        continue;
      }
      if ((one.type === 'ImportDefaultSpecifier' ? 'default' : exportName(one.imported)) !== name) continue;
      const real = uses.filter((use) => !isForUs(use, analysis));
      if (uses.length === 0 || real.length > 0) places.push(one.start, ...real.map(({ node }) => node.start));
    }
  }
  const file = fileOf(other.url) ?? other.url;
  const lines = new Set(places.map((at) => lineOf(text, at)));
  return [...[...lines].sort((a, b) => a - b).map((line) => `${file}:${line}`), ...passedOn];
}

/** Uses of a variable of the module. */
function usesOf(analysis: Analysis, name: string): Reference[] {
  return referencesIn(analysis).filter(
    ({ key, kind, scope, declares }) =>
      key === name &&
      kind === 'variable' &&
      !declares &&
      scope?.handedOver === true &&
      scope.parent === undefined,
  );
}

/** Whether a use is `ns.name`, evaluated when the module is. */
function isAsked(analysis: Analysis, { node, parent }: Reference, name: string): boolean {
  if (parent?.type !== 'MemberExpression' || parent.object !== node) return false;
  const { property, computed } = parent as { property: Node; computed: boolean };
  const asked = computed
    ? property.type === 'Literal' && property.value === name
    : property.type === 'Identifier' && property.name === name;
  return asked && !isInFunction(partAround(analysis, node).statement, node);
}

function isInFunction(statement: Node, { start, end }: Node): boolean {
  let found = false;
  const look = (one: Node): void => {
    if (one.start > start || one.end < end) return;
    if (isFunction(one)) found = true;
    else eachChild(one, look);
  };
  look(statement);
  return found;
}

/** Whether a use is the argument of a call of ours. */
function isForUs({ node, parent }: Reference, analysis: Analysis): boolean {
  if (parent?.type !== 'CallExpression' || !(parent.arguments as Node[]).includes(node)) return false;
  const { callee } = parent;
  const called = callee.type === 'MemberExpression' ? callee.object : callee;
  if (called.type !== 'Identifier') return false;
  return (analysis.program.body as Node[]).some(
    (one) =>
      one.type === 'ImportDeclaration' &&
      one.source.value === OURS &&
      one.specifiers.some(({ local }) => local.name === called.name),
  );
}
