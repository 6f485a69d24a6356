/**
 * The code of one unit of the top level. In: a unit of a version's text; out: a function that evaluates it among the module's own
 * variables and enters what it declares, there or on the overlay.
 */
import type MagicString from 'magic-string';
import { type LiveModule, valueIn } from '../../loader/live.ts';
import { DEFAULT, SCOPE } from '../../loader/names.ts';
import { awaits, type ClassNode, isClass, type Node, startOf } from '../../loader/parse.ts';
import type { Analysis } from '../plan/analysis.ts';
import { isOfStatements, kindOf, nodesOf, type Unit } from '../plan/units.ts';
import { compiled } from './evaluation.ts';
import { instancePrivate, nativesOf, overlaidIn, overlayOf, privateNames } from './overlay.ts';

/** The code of one unit, without what adds to it, as a function that evaluates it and enters what it declares. */
export function compile(
  module: LiveModule,
  analysis: Analysis,
  unit: Unit,
  values: Readonly<Record<string, unknown>>,
  url: string,
): (namespace: unknown) => unknown {
  if (unit.imported !== undefined) return importInto(overlayOf(module).values, unit);
  if (isOfStatements(unit)) return compileStatements(module, analysis, unit, nodesOf(unit), url);
  return compileOne(module, analysis, unit, values, url);
}

/** The code of each namespace that adds to the function or class which a unit declares, and where it stands. */
export function compileAdds(
  module: LiveModule,
  analysis: Analysis,
  unit: Unit,
  url: string,
): { at: number; evaluate: () => void }[] {
  if (unit.more === undefined || isOfStatements(unit)) return [];
  return unit.more.map(({ node }) => {
    return { at: node.start, evaluate: compileStatements(module, analysis, unit, [node], url) };
  });
}

function compileOne(
  module: LiveModule,
  analysis: Analysis,
  unit: Unit,
  values: Readonly<Record<string, unknown>>,
  url: string,
): () => unknown {
  const overlay = overlayOf(module);
  const { node, names } = unit;
  const overlaid = overlaidIn(module, analysis);
  const classes = new Map<string, number>();
  const isAsync = awaits(node);
  const make = compiled({
    module,
    analysis,
    nodes: [node],
    places: [{ start: startOf(node), end: node.end }],
    path: names[0] ?? '',
    scope: module.scope,
    isAsync,
    params: ['hs$d', ...Object.keys(values)],
    body: (text, cells) => {
      for (const scope of analysis.classes) {
        if (scope.node.start < node.start || scope.node.end > node.end) continue;
        const number = overlay.nextClass++;
        classes.set(scope.path, number);
        overlay.privates.set(number, privateNames(scope.node));
        const brand = instancePrivate(scope.node);
        if (brand !== undefined) overlay.brands.set(number, brand);
        text.appendLeft(
          scope.node.body.start + 1,
          `static{${SCOPE}("${module.prefix}",hs$c=>eval(hs$c),${number})}`,
        );
      }
      for (const cell of cells) {
        const home = classes.get(analysis.functions[cell.position]?.classScope?.path ?? '');
        if (home !== undefined) cell.home = home;
      }
      return ['{', `${assignment(text, unit, overlaid)}}`];
    },
    url,
  });
  const constant = kindOf(unit) === 'const' || names[0] === 'default';
  const finish = (): void => {
    for (const [path, number] of classes) overlay.classes.set(path, number);
    for (const name of constant ? names : [])
      if (overlaid.has(name)) Object.defineProperty(overlay.values, name, { writable: false });
  };
  const isPattern = node.type === 'VariableDeclarator' && node.id.type !== 'Identifier';
  const assigned = isPattern ? names.filter((name) => overlaid.has(name)) : [];
  return () => {
    const define = definer(module);
    for (const name of assigned) define(name, overlay.values[name]); // what was a constant or an import refuses to be assigned to
    const result = make(define, ...Object.values(values));
    if (isAsync) return (result as Promise<unknown>).then(finish);
    finish();
    return undefined;
  };
}

/** What enters a name on the overlay. */
function definer(module: LiveModule): (name: string, value: unknown) => void {
  const { values } = overlayOf(module);
  return (name, value) => {
    Object.defineProperty(values, name, { value, writable: true, enumerable: true, configurable: true });
  };
}

/**
 * Enums and namespaces of one name, evaluated together: what they make is made anew, or added to the function or class of that
 * name. They see it as a variable of their own, as TypeScript has it.
 */
function compileStatements(
  module: LiveModule,
  analysis: Analysis,
  unit: Unit,
  nodes: readonly Node[],
  url: string,
): () => void {
  const [name = ''] = unit.names;
  const isNew = isOfStatements(unit);
  const make = compiled({
    module,
    analysis,
    nodes,
    places: nodes,
    path: name,
    scope: module.scope,
    params: ['hs$b'],
    own: [name],
    body: (text) => {
      let whole = isNew ? '' : `function ${name}(){}${name}=hs$b;`;
      let at = nodes[0]?.start;
      for (const node of nodes) {
        whole += text.original.slice(at, node.start).replace(/[^\n\r\u2028\u2029]/g, ' ');
        whole += text.slice(node.start, node.end);
        at = node.end;
      }
      return ['{', whole, `;return ${name}}`];
    },
    url,
  });
  return () => {
    const isOverlaid = overlaidIn(module, analysis).has(name);
    const base = isNew ? undefined : isOverlaid ? overlayOf(module).values[name] : valueIn(module, name);
    const value = make(base);
    if (isOverlaid) definer(module)(name, value);
    else setterOf(module, name)?.(value);
  };
}

/** What gives one of the module's own variables a value; undefined where nothing can. */
export function setterOf(module: LiveModule, name: string): ((value: unknown) => void) | undefined {
  if (nativesOf(module).get(name)?.assignable !== true) return undefined;
  return module.scope?.(`hs$v=>{${variableOf(name)}=hs$v}`) as (value: unknown) => void;
}

/** Whether a class, a member of it or a parameter is decorated. */
function hasDecorators({ decorators, body }: ClassNode): boolean {
  const isOn = (one: object): boolean =>
    'decorators' in one && ((one.decorators ?? []) as unknown[]).length > 0;
  return (
    decorators.length > 0 ||
    body.body.some((one) => isOn(one) || (one.type === 'MethodDefinition' && one.value.params.some(isOn)))
  );
}

/** The text of a unit as code that gives its names their values. */
function assignment(text: MagicString, { node, names }: Unit, overlaid: ReadonlySet<string>): string {
  const own = text.slice(node.start, node.end);
  const [first, ...more] = isClass(node) ? node.decorators : [];
  // Decorators may stand before the `export`.
  const isApart = first !== undefined && first.start < node.start;
  const whole = isApart ? `${text.slice(first.start, (more.at(-1) ?? first).end)} ${own}` : own;
  const [name] = names;
  if (name === undefined) return whole;
  const key = JSON.stringify(name);
  let value: string;
  // A decorated class is made by statements.
  if (node.type === 'ClassDeclaration' && hasDecorators(node)) {
    const give = overlaid.has(name) ? `hs$d(${key},${name})` : `hs$n=>{${variableOf(name)}=hs$n}`;
    return overlaid.has(name) ? `{${whole};${give}}` : `(${give})((()=>{${whole};return ${name}})())`;
  }
  if (node.type === 'VariableDeclarator') {
    const init = node.init === null ? 'undefined' : text.slice(node.init.start, node.init.end);
    if (node.id.type !== 'Identifier') return `(${text.slice(node.id.start, node.id.end)}=${init})`;
    value = `({${key}:${init}})[${key}]`; // an object's key names what has no name, as a variable does
  } else {
    value = /Declaration$/.test(node.type) && name !== 'default' ? whole : `({${key}:${whole}})[${key}]`;
  }
  return overlaid.has(name) ? `hs$d(${key},${value})` : `${variableOf(name)}=${value}`;
}

/** An imported name is read from its module each time: the binding is live (ECMA-262 16.2.1.7). */
function importInto(
  values: Record<string, unknown>,
  { names, imported }: Unit,
): (namespace: unknown) => void {
  return (namespace) => {
    const [local] = names;
    if (local === undefined || imported?.name === undefined) return;
    const { name } = imported;
    const read = (): unknown => (name === '*' ? namespace : (namespace as Record<string, unknown>)[name]);
    const set = (): never => {
      throw new TypeError('Assignment to constant variable.');
    };
    Object.defineProperty(values, local, { get: read, set, enumerable: true, configurable: true });
  };
}

/** What a name of the top level is called in the module as it runs. */
export function variableOf(name: string): string {
  return name === 'default' ? DEFAULT : name;
}
