/**
 * The code of one unit of the top level. In: a unit of a version's text; out: a function that evaluates it among the module's own
 * variables and enters what it declares, there or on the overlay.
 */
import type MagicString from 'magic-string';
import type { LiveModule } from '../loader/live.ts';
import { DEFAULT, SCOPE } from '../loader/names.ts';
import { awaits, type ClassNode, isClass } from '../loader/parse.ts';
import type { Analysis } from './analysis.ts';
import { compiled } from './evaluation.ts';
import { overlaidIn, overlayOf, privateNames } from './overlay.ts';
import { kindOf, type Unit } from './units.ts';

/** The code of one unit, as a function that evaluates it and enters what it declares. */
export function compile(
  module: LiveModule,
  analysis: Analysis,
  unit: Unit,
  values: Readonly<Record<string, unknown>>,
  url: string,
): (namespace: unknown) => unknown {
  const overlay = overlayOf(module);
  if (unit.imported !== undefined) return importInto(overlay.values, unit);
  const { node, names } = unit;
  const overlaid = overlaidIn(module, analysis);
  const classes = new Map<string, number>();
  const isAsync = awaits(node);
  const make = compiled({
    module,
    analysis,
    node,
    place: node,
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
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(overlay.values, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  };
  const constant = kindOf(unit) === 'const' || names[0] === 'default';
  const finish = (): void => {
    for (const [path, number] of classes) overlay.classes.set(path, number);
    for (const name of constant ? names : [])
      if (overlaid.has(name)) Object.defineProperty(overlay.values, name, { writable: false });
  };
  return () => {
    const result = make(define, ...Object.values(values));
    if (isAsync) return (result as Promise<unknown>).then(finish);
    finish();
    return undefined;
  };
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
  // An enum, a namespace and a decorated class are made by statements.
  const isDecorated = node.type === 'ClassDeclaration' && hasDecorators(node);
  if (/^TS/.test(node.type) || isDecorated) {
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
