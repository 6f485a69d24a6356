/**
 * The transformation of a module: patch points, the way into its scope, and live exports. In: source text; out:
 * the text that Node runs instead, with every line where it was. Pure; JavaScript that does not parse comes back
 * as it is, so that Node reports the error as ever.
 */
import remapping from '@jridgewell/remapping';
import MagicString from 'magic-string';
import { tooDeep } from '../error.ts';
import { functionsOf, type HotFunction } from './functions.ts';
import type { ImportUse } from './imports.ts';
import { languageOf, typed } from './language.ts';
import { layoutOf } from './layout.ts';
import { cellName, DEFAULT, gateName, HOT, importOf, SCOPE } from './names.ts';
import {
  boundNames,
  eachChild,
  isClass,
  isFunction,
  loadParse,
  MARKED,
  type Node,
  type Program,
  type Read,
  skipTrivia,
  syntaxError,
  tryRead,
  unwrapped,
} from './parse.ts';
import { addAccessor, addPatchPoint, setProperties } from './patch.ts';
import type { Reference } from './scopes.ts';
import type { Settings } from './settings.ts';
import type { Transformed } from './transform.ts';

/** Whether a module may use `import.meta.hot`, under whatever name. */
export function mentionsHot(source: string): boolean {
  return /\bimport\s*\.\s*meta\b/.test(source) && /\bhot\b/.test(source);
}

export interface InstrumentOptions extends WrittenIn {
  /** what the names of this module's cells begin with, e.g. `hs$1k3v9x` */
  prefix: string;
  /** import a virtual module that defines the gate first, numbered 0: for hooks that run on another thread */
  importGates: boolean;
  /** whether to make a source map */
  mapped: boolean;
  /** whether V8 counts what is covered: then no branch of ours ends where one of the author's could */
  isCovered?: boolean;
  /** whether the module is to have `import.meta.hot`, whatever its text says; default: where that mentions it */
  hot?: boolean;
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
  /** number of its hot functions */
  cells: number;
  /** source map version 3 of `code`, as JSON, when asked for */
  map: string | undefined;
  /** see layout.ts; undefined for what is not only the author's text with insertions of ours */
  layout: string | undefined;
}

/**
 * Instruments one module. Returns undefined where the text is JavaScript that does not parse.
 * @throws ERR_HOTSWAP_SYNTAX for TypeScript or JSX that does not, which Node cannot report, and for a text that nests too deep
 */
export function instrument(
  source: string,
  { prefix, importGates, mapped, isCovered = false, hot, url, settings }: InstrumentOptions,
): Instrumented | undefined {
  const read = readModule(source, { url, settings });
  if (read === undefined) return undefined;
  const { program } = read;
  const references: Reference[] = [];
  const { functions, classes, accessors } = functionsOf(read.plain, program, settings && references, false);
  if (functions.length > NESTED && functions.some(isTooNested)) throw tooDeep('the text');
  const imports = settings && typed().importUse(read, source, references, settings, url);
  const plain = imports === undefined ? source : typed().withoutUnused(read, imports);
  const text = new MagicString(plain);
  const facts = survey(plain, program);

  // Inner ones first: where two begin at one place, the outer's text must come to stand outside.
  for (let i = functions.length - 1; i >= 0; i--) {
    const hot = functions[i] as (typeof functions)[number];
    addPatchPoint(
      text,
      plain,
      hot,
      cellName(prefix, i),
      gateName(prefix),
      facts.readsNewTarget.has(hot.node),
      undefined,
      isCovered,
    );
  }
  // After the patch points: new code of a constructor sets what its own parameters say.
  setProperties(text, program, read.properties, settings?.define);
  if (settings !== undefined) typed().finishTypes(text, read, imports as ImportUse, settings, url);
  for (let i = 0; i < accessors.length; i++) addAccessor(text, accessors[i] as (typeof accessors)[number]);
  const bare: number[] = [];
  for (let i = 0; i < classes.length; i++) {
    const scope = classes[i] as (typeof classes)[number];
    const first = isCovered ? scope.node.body.body.find(isStaticElement) : undefined;
    if (isCovered && first === undefined) bare.push(i);
    const at = first?.start ?? scope.node.body.start + 1;
    const evaluate = isCovered ? '(()=>0,eval(hs$c))' : 'eval(hs$c)'; // see addPatchPoint
    text.appendLeft(at, `static{${SCOPE}("${prefix}",hs$c=>${evaluate},${i})}`);
  }
  freeExports(text, facts);

  const gates = importGates ? importOf(0) : '';
  const meets = (hot ?? mentionsHot(source)) ? `${HOT}(import.meta,"${prefix}",${JSON.stringify(url)});` : '';
  if (source.startsWith(MARKED)) text.overwrite(1, MARKED.length, '//');
  open(text, program, gates, `${SCOPE}("${prefix}",hs$c=>eval(hs$c),()=>import.meta);${meets}`);

  const isPrintedAnew = settings !== undefined && (read.left.length > 0 || read.properties.length > 0);
  const made = finished(text, read, source, { url, settings }, mapped || (isCovered && isPrintedAnew));
  const layout = isPrintedAnew ? undefined : layoutOf(text, made.code, prefix, bare);
  return { ...made, cells: functions.length, layout };
}

/**
 * Puts what a module begins with before all that runs in it, and where it can behind what does not (imports, functions): then each line has
 * nothing of ours before what stands on it. `first` comes first of all.
 */
function open(text: MagicString, { body, hashbang }: Program, first: string, opening: string): void {
  const { original } = text;
  const next = (body as Node[]).findIndex((statement) => !isHoisted(statement));
  const last = (body as Node[])[next < 0 ? body.length - 1 : next - 1];
  let start = 0;
  if (hashbang !== null) {
    if (hashbang.end === original.length) return void text.append(`\n${first}${opening}`);
    start = hashbang.end + (original.startsWith('\r\n', hashbang.end) ? 2 : 1);
  }
  if (last !== undefined) text.appendLeft(last.end, `;${opening}`);
  const opens = first + (last === undefined ? opening : '');
  if (start === 0) text.prepend(opens);
  else text.appendRight(start, opens);
}

/** Whether a statement has run, or stands, before any other runs. */
function isHoisted(statement: Node): boolean {
  const { type } = statement;
  const declared = type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  if (declared === null) return true;
  return /^(?:ImportDeclaration|ExportAllDeclaration|FunctionDeclaration|TSInterfaceDeclaration|TSTypeAliasDeclaration)$/.test(
    declared.type,
  );
}

/** What V8 counts as one function with all that a class has of it, so that ours comes right before its first. */
function isStaticElement(member: Node): boolean {
  return member.type === 'StaticBlock' || (member.type === 'PropertyDefinition' && member.static);
}

/**
 * How many functions may stand one in the other. V8 reads some 1,000 nested arrows, and half as many with our patch points; each of
 * those then takes twice the stack, so this many take no more than a fifth of what there is.
 */
const NESTED = 200;

function isTooNested({ parent }: Pick<HotFunction, 'parent'>): boolean {
  let depth = 0;
  for (let at = parent; at !== undefined; at = at.parent) depth++;
  return depth >= NESTED;
}

/** A text as JavaScript, without anything of ours in it. @throws as `instrument` */
export function asJavaScript(source: string, where: WrittenIn, mapped: boolean): Printed {
  const read = where.settings && readModule(source, where);
  if (read === undefined) return { code: source, map: undefined };
  const { program, plain, properties } = read;
  const references: Reference[] = [];
  functionsOf(plain, program, references, false);
  const settings = where.settings as Settings;
  const imports = typed().importUse(read, source, references, settings, where.url);
  const text = new MagicString(typed().withoutUnused(read, imports));
  setProperties(text, program, properties, settings.define);
  typed().finishTypes(text, read, imports, settings, where.url);
  return finished(text, read, source, where, mapped);
}

/** A module's text read, types and all. Returns undefined and throws as `instrument`. */
export function readModule(source: string, { url, settings }: WrittenIn): Read | undefined {
  const lang = settings === undefined ? 'js' : languageOf(url);
  const { define = true } = settings ?? {};
  const found = tryRead(source, lang, { early: lang === 'js', parser: loadParse, define });
  if ('program' in found) return found;
  if (lang === 'js') return undefined;
  throw syntaxError(source, url, found.errors);
}

type Printed = Pick<Instrumented, 'code' | 'map'>;

/** What Node can run of an edited text, and the way back to the author's. */
function finished(
  text: MagicString,
  { left }: Read,
  source: string,
  { url, settings }: WrittenIn,
  mapped: boolean,
): Printed {
  const ours = mapped ? text.generateMap({ hires: 'boundary', source: url }) : undefined;
  let made: Transformed | undefined;
  if (settings !== undefined && left.length > 0)
    made = typed().transformModule(text.toString(), { url, settings, source, left });
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
  /** declarations of exported constants that hold data, and that nothing assigns to */
  constants: VariableDeclaration[];
  /** an `export default` of data */
  byDefault: ReturnType<typeof defaultData>;
}

/** What instrumentation must know of function bodies, by one walk over the whole tree where there is anything to know. */
function survey(source: string, program: Program): Facts {
  const constants = exportedData(program);
  const byDefault = defaultData(program);
  const readsNewTarget = new Set<Node>();
  const hasData = constants.length > 0 || byDefault !== undefined;
  if (!hasData && !/\btarget\b/.test(source)) return { readsNewTarget, constants, byDefault };
  const assigned = new Set<string>();
  /** a direct `eval`, which may assign to anything */
  let evaluates = false;
  const target = (pattern: Node): void => {
    boundNames(unwrapped(pattern)).forEach((name) => assigned.add(name));
  };
  const look = (node: Node, owner: Node | undefined): void => {
    if (node.type === 'MetaProperty') {
      if (node.meta.name === 'new' && owner !== undefined) readsNewTarget.add(owner);
    } else if (node.type === 'AssignmentExpression') target(node.left);
    else if (node.type === 'UpdateExpression') target(node.argument);
    else if (
      (node.type === 'ForInStatement' || node.type === 'ForOfStatement') &&
      node.left.type !== 'VariableDeclaration'
    ) {
      target(node.left);
    } else if (node.type === 'CallExpression' && node.callee.type === 'Identifier') {
      evaluates ||= node.callee.name === 'eval';
    }
    const inner = isFunction(node) && node.type !== 'ArrowFunctionExpression' ? node : owner;
    eachChild(node, (child) => look(child, inner));
  };
  look(program, undefined);
  if (evaluates) return { readsNewTarget, constants: [], byDefault: undefined };
  const isFree = ({ declarations }: VariableDeclaration): boolean =>
    !declarations.some((one) => boundNames(one.id).some((name) => assigned.has(name)));
  return { readsNewTarget, constants: constants.filter(isFree), byDefault };
}

type VariableDeclaration = Extract<Node, { type: 'VariableDeclaration' }>;

/** Declarations of exported constants that hold data, and not a function or class only. */
function exportedData(program: Program): VariableDeclaration[] {
  const exported = new Set<string>();
  const constants: VariableDeclaration[] = [];
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
  return constants.filter(({ declarations }) => {
    let holdsData = false;
    declarations.forEach((one) => {
      const init = one.init === null ? undefined : unwrapped(one.init);
      holdsData ||=
        init !== undefined &&
        !isFunction(init) &&
        !isClass(init) &&
        boundNames(one.id).some((name) => exported.has(name));
    });
    return holdsData;
  });
}

/** What an `export default` gives that is neither a function nor a class: then it stands in a variable, DEFAULT. */
function defaultData(program: Program): Extract<Node, { type: 'ExportDefaultDeclaration' }> | undefined {
  for (let i = 0; i < program.body.length; i++) {
    const statement = program.body[i] as Node;
    if (statement.type !== 'ExportDefaultDeclaration') continue;
    const value = unwrapped(statement.declaration as Node);
    return isFunction(value) || isClass(value) ? undefined : statement;
  }
  return undefined;
}

/** The constants of a text that the running module can assign to all the same, `default` for DEFAULT. */
export function freedNames(source: string, program: Program): Set<string> {
  const { constants, byDefault } = survey(source, program);
  const names = new Set<string>();
  for (const { declarations } of constants) {
    for (const one of declarations) for (const name of boundNames(one.id)) names.add(name);
  }
  if (byDefault !== undefined) names.add('default');
  return names;
}

/**
 * Makes what is exported assignable where nothing in the module can tell, so that a new value reaches importers through the
 * live binding. What the module assigns to itself stays, as it must go on throwing.
 */
function freeExports(text: MagicString, { constants, byDefault: data }: Facts): void {
  for (let i = 0; i < constants.length; i++) {
    const { start } = constants[i] as VariableDeclaration;
    text.overwrite(start, start + 'const'.length, 'let  ');
  }
  if (data === undefined) return;
  const { end } = data.declaration as Node;
  text.overwrite(data.start, data.start + 'export'.length, `let ${DEFAULT}=(`);
  const word = skipTrivia(text.original, data.start + 'export'.length);
  text.remove(word, word + 'default'.length);
  text.appendLeft(end, `);export{${DEFAULT} as default};`);
}
