/**
 * The transformation of a module: patch points, the way into its scope, and live exports. In: source text; out:
 * the text that Node runs instead, with every line where it was. Pure; JavaScript that does not parse comes back
 * as it is, so that Node reports the error as ever.
 */
import remapping from '@jridgewell/remapping';
import MagicString from 'magic-string';
import { functionsOf } from './functions.ts';
import { usedImports } from './imports.ts';
import { languageOf } from './language.ts';
import {
  boundNames,
  eachChild,
  isClass,
  isFunction,
  type Node,
  type Program,
  type Read,
  syntaxError,
  tryParse,
  tryRead,
  unwrapped,
} from './parse.ts';
import { addAccessor, addPatchPoint, setProperties } from './patch.ts';
import type { Reference } from './scopes.ts';
import type { Settings } from './settings.ts';
import { type Transformed, transformModule } from './transform.ts';

/** Global through which an instrumented module hands over its scope; defined by the registry. */
export const SCOPE = 'hs$scope';

export interface InstrumentOptions extends WrittenIn {
  /** what the names of this module's cells begin with, e.g. `hs$1k3v9x` */
  prefix: string;
  /** import a virtual module that defines the cells first: for hooks that run on another thread */
  importCells: boolean;
  /** whether to make a source map */
  mapped: boolean;
}

/** Where a text is from, and how it is meant. */
export interface WrittenIn {
  /** URL of the module */
  url: string;
  /** of TypeScript and JSX */
  settings: Settings | undefined;
}

export interface Instrumented {
  code: string;
  /** number of cells that must be defined before the module runs */
  cells: number;
  /** source map version 3 of `code`, as JSON, when asked for */
  map: string | undefined;
}

/** The name of a hot function's cell. @param index its position in `functionsOf` */
export function cellName(prefix: string, index: number): string {
  return `${prefix}$${index}`;
}

/**
 * Instruments one module. Returns undefined where the text is JavaScript that does not parse.
 * @throws ERR_HOTSWAP_SYNTAX for TypeScript or JSX that does not, which Node cannot report
 */
export function instrument(
  source: string,
  { prefix, importCells, mapped, url, settings }: InstrumentOptions,
): Instrumented | undefined {
  const read = readModule(source, { url, settings });
  if (read === undefined) return undefined;
  const { program } = read;
  const references: Reference[] = [];
  const { functions, classes, accessors } = functionsOf(read.plain, program, settings && references);
  const plain = settings === undefined ? source : usedImports(read, source, references, settings);
  const text = new MagicString(plain);
  const facts = survey(plain, program);

  // Inner ones first: where two begin at one place, the outer's text must come to stand outside.
  for (let i = functions.length - 1; i >= 0; i--) {
    const hot = functions[i] as (typeof functions)[number];
    addPatchPoint(text, plain, hot, cellName(prefix, i), facts.readsNewTarget.has(hot.node));
  }
  // After the patch points: new code of a constructor sets what its own parameters say.
  setProperties(text, program, read.properties, settings?.define);
  for (let i = 0; i < accessors.length; i++) addAccessor(text, accessors[i] as (typeof accessors)[number]);
  for (let i = 0; i < classes.length; i++) {
    const scope = classes[i] as (typeof classes)[number];
    text.appendLeft(scope.node.body.start + 1, `static{${SCOPE}("${prefix}",hs$c=>eval(hs$c),${i})}`);
  }
  if (!facts.evaluates) freeExports(text, program, facts.assigned);

  const cells = importCells ? `import "hotswap:cells/${prefix}/${functions.length}";` : '';
  const opening = `${cells}${SCOPE}("${prefix}",hs$c=>eval(hs$c),()=>import.meta);`;
  const { hashbang } = program;
  if (hashbang === null) text.prepend(opening);
  else if (hashbang.end === source.length) text.append(`\n${opening}`);
  else
    text.appendRight(source.startsWith('\r\n', hashbang.end) ? hashbang.end + 2 : hashbang.end + 1, opening);

  return { ...finished(text, read, source, { url, settings }, mapped), cells: functions.length };
}

/** A text as JavaScript, without anything of ours in it. @throws as `instrument` */
export function asJavaScript(source: string, where: WrittenIn, mapped: boolean): Omit<Instrumented, 'cells'> {
  const read = where.settings && readModule(source, where);
  if (read === undefined) return { code: source, map: undefined };
  const { program, plain, properties } = read;
  const references: Reference[] = [];
  functionsOf(plain, program, references);
  const text = new MagicString(usedImports(read, source, references, where.settings as Settings));
  setProperties(text, program, properties, where.settings?.define);
  return finished(text, read, source, where, mapped);
}

function readModule(source: string, { url, settings }: WrittenIn): Read | undefined {
  const lang = settings === undefined ? 'js' : languageOf(url);
  const { metadata = false, define = true } = settings ?? {};
  const found = tryRead(source, lang, { early: lang === 'js', parser: tryParse, metadata, define });
  if ('program' in found) return found;
  if (lang === 'js') return undefined;
  throw syntaxError(source, url, found.errors);
}

/** What Node can run of an edited text, and the way back to the author's. */
function finished(
  text: MagicString,
  { left }: Read,
  source: string,
  { url, settings }: WrittenIn,
  mapped: boolean,
): Omit<Instrumented, 'cells'> {
  const ours = mapped ? text.generateMap({ hires: 'boundary', source: url }) : undefined;
  let made: Transformed | undefined;
  if (settings !== undefined && left.length > 0)
    made = transformModule(text.toString(), { url, settings, source });
  if (ours === undefined) return { code: made?.code ?? text.toString(), map: undefined };
  const map = made === undefined ? ours : remapping([made.map, ours.toString()] as never, () => null);
  return {
    code: made?.code ?? text.toString(),
    map: JSON.stringify({ ...map, sourcesContent: [source] }),
  };
}

interface Facts {
  /** functions whose own code reads `new.target` */
  readsNewTarget: Set<Node>;
  /** names that something in the module assigns to */
  assigned: Set<string>;
  /** a direct `eval`, which may assign to anything */
  evaluates: boolean;
}

/** One walk over the whole tree for what instrumentation must know of function bodies. */
function survey(source: string, program: Program): Facts {
  const facts: Facts = { readsNewTarget: new Set(), assigned: new Set(), evaluates: false };
  const wantsTarget = /\btarget\b/.test(source);
  const wantsAssigned = /\bexport\b/.test(source) && /\bconst\b/.test(source);
  if (!wantsTarget && !wantsAssigned) return facts;
  const target = (pattern: Node): void => {
    boundNames(unwrapped(pattern)).forEach((name) => facts.assigned.add(name));
  };
  const look = (node: Node, owner: Node | undefined): void => {
    if (node.type === 'MetaProperty') {
      if (node.meta.name === 'new' && owner !== undefined) facts.readsNewTarget.add(owner);
    } else if (node.type === 'AssignmentExpression') target(node.left);
    else if (node.type === 'UpdateExpression') target(node.argument);
    else if (
      (node.type === 'ForInStatement' || node.type === 'ForOfStatement') &&
      node.left.type !== 'VariableDeclaration'
    ) {
      target(node.left);
    } else if (node.type === 'CallExpression' && node.callee.type === 'Identifier') {
      facts.evaluates ||= node.callee.name === 'eval';
    }
    const inner = isFunction(node) && node.type !== 'ArrowFunctionExpression' ? node : owner;
    eachChild(node, (child) => look(child, inner));
  };
  look(program, undefined);
  return facts;
}

/**
 * An exported `const` that holds data becomes `let`, so that a new value reaches importers through the live
 * binding. One that the module assigns to stays, as it must go on throwing; one that holds a function stays.
 */
function freeExports(text: MagicString, program: Program, assigned: Set<string>): void {
  const exported = new Set<string>();
  const constants: Extract<Node, { type: 'VariableDeclaration' }>[] = [];
  for (let i = 0; i < program.body.length; i++) {
    const statement = program.body[i] as Node;
    let declaration: Node | null = statement;
    if (statement.type === 'ExportNamedDeclaration') {
      declaration = statement.declaration;
      if (statement.source === null) {
        statement.specifiers.forEach((specifier) => {
          if (specifier.local.type === 'Identifier') exported.add(specifier.local.name);
        });
      }
    }
    if (declaration?.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
    constants.push(declaration);
    if (declaration !== statement) {
      declaration.declarations.forEach((one) => {
        boundNames(one.id).forEach((name) => exported.add(name));
      });
    }
  }
  for (let i = 0; i < constants.length; i++) {
    const { start, declarations } = constants[i] as (typeof constants)[number];
    const names: string[] = [];
    let holdsData = false;
    declarations.forEach((one) => {
      const init = one.init === null ? undefined : unwrapped(one.init);
      const bound = boundNames(one.id);
      holdsData ||=
        init !== undefined && !isFunction(init) && !isClass(init) && bound.some((name) => exported.has(name));
      bound.forEach((name) => names.push(name));
    });
    if (holdsData && !names.some((name) => assigned.has(name))) {
      text.overwrite(start, start + 'const'.length, 'let  ');
    }
  }
}
