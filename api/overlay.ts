/**
 * What a version declares that the running module did not have when it was loaded. In: units that have come; out: code that
 * makes them, ready to run, and where every name of a version lives. No variable can be added to a module that runs, so
 * new names are properties of one object, the module's overlay, and code that is evaluated later refers to them there.
 * A name that comes back finds its value as it was.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../error.ts';
import { SCOPE } from '../loader/instrument.ts';
import { type Bound, type LiveModule, type Overlay, type Scope, valueIn } from '../loader/live.ts';
import { eachChild, type Node } from '../loader/parse.ts';
import { setProperties } from '../loader/patch.ts';
import { type Analysis, analyse } from './analysis.ts';
import { lifeOf } from './cells.ts';
import { evaluated, placed } from './evaluation.ts';
import { isOverlaid, patchInside, referTo } from './surroundings.ts';
import { kindOf, type Unit, unitsOf } from './units.ts';

const NONE: ReadonlySet<string> = new Set();
const natives = new WeakMap<LiveModule, Map<string, Unit>>();

/** The names that the module was evaluated with, and what declares each. */
function nativesOf(module: LiveModule): Map<string, Unit> {
  let found = natives.get(module);
  if (found === undefined) {
    const units = unitsOf(analyse(module.source, module.url));
    natives.set(module, (found = new Map(units.flatMap((unit) => unit.names.map((name) => [name, unit])))));
  }
  return found;
}

/** The names of a version that live on the overlay. */
export function overlaidIn(module: LiveModule, analysis: Analysis): ReadonlySet<string> {
  if (analysis.source === module.source) return NONE;
  const native = nativesOf(module);
  let names: Set<string> | undefined;
  for (const unit of unitsOf(analysis)) {
    for (const name of unit.names) if (!native.has(name)) (names ??= new Set()).add(name);
  }
  return names ?? NONE;
}

/** The scope of a class at the top level, by its path; undefined where it has not been evaluated. */
export function classScopeIn(module: LiveModule, path: string): Scope | undefined {
  const made = module.overlay?.classes.get(path);
  const { classes } = analyse(module.source, module.url);
  return module.classScopes[made ?? classes.findIndex((one) => one.path === path)];
}

/** The path of the class that handed over a scope by this number. */
export function classPathIn(module: LiveModule, number: number): string | undefined {
  const native = analyse(module.source, module.url).classes[number];
  if (native !== undefined) return native.path;
  for (const [path, made] of module.overlay?.classes ?? []) if (made === number) return path;
  return undefined;
}

/** The overlay of a module, made when it is first needed. */
export function overlayOf(module: LiveModule): Overlay {
  const nextClass = analyse(module.source, module.url).classes.length;
  module.overlay ??= { values: Object.create(null), texts: new Map(), classes: new Map(), nextClass };
  return module.overlay;
}

/**
 * Makes units ready to be evaluated, in source order, functions first. A unit whose text is the one that its names were made
 * by is left as it is, with its state; so is a function that is there, as its patch point takes the new code.
 * @param url file that stack traces are to name
 * @returns evaluates them, and returns what takes that back; throws ERR_HOTSWAP_STRUCTURAL where evaluating one fails, with nothing changed
 * @throws ERR_HOTSWAP_SYNTAX for what the engine refuses
 */
export function prepareUnits(
  module: LiveModule,
  analysis: Analysis,
  units: readonly Unit[],
  bound: Bound,
  url: string,
): () => () => void {
  const overlay = units.length === 0 ? module.overlay : overlayOf(module);
  const native = nativesOf(module);
  const fresh = units.filter((unit) => !isThere(module, analysis, unit));
  const isFirst = ({ node }: Unit) => node.type === 'FunctionDeclaration';
  const made = [...fresh.filter(isFirst), ...fresh.filter((unit) => !isFirst(unit))].map((unit) => ({
    unit,
    evaluate: compile(module, analysis, unit, bound.get(unit.names[0] as string) ?? {}, url),
  }));
  return () => {
    const undos: (() => void)[] = [];
    const undo = () => {
      for (const one of undos.reverse()) one();
    };
    try {
      for (const { unit, evaluate } of made) {
        for (const name of unit.names) undos.push(remember(module, name, native.has(name)));
        try {
          evaluate();
        } catch (cause) {
          throw failed(module, unit, cause);
        }
        const text = textOf(analysis, unit);
        for (const name of unit.names) overlay?.texts.set(name, text);
      }
    } catch (error) {
      undo();
      throw error;
    }
    return undo;
  };
}

function failed({ url }: LiveModule, { names }: Unit, cause: unknown): HotswapError {
  const what = names.join(', ');
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${url}: the new ${what} cannot be made, evaluating it failed: ${message}`,
    { module: url, names, cause },
  );
}

function textOf({ source }: Analysis, { node }: Unit): string {
  return source.slice(node.start, node.end);
}

/** Whether what a unit declares is there as it is to be, or is a function whose cells take its code. */
function isThere(module: LiveModule, analysis: Analysis, unit: Unit): boolean {
  const text = textOf(analysis, unit);
  return unit.names.every((name) => {
    const before = nativesOf(module).get(name);
    const now =
      module.overlay?.texts.get(name) ??
      (before === undefined ? undefined : textOf(analyse(module.source, module.url), before));
    if (now === undefined) return false;
    if (now === text) return true;
    const hot = analysis.functions.find((one) => one.node === unit.node || one.path === name);
    return hot !== undefined && module.cells.some((cell) => cell?.name === hot.path && isFunctionText(now));
  });
}

function isFunctionText(text: string): boolean {
  return /^(async\s+)?function\b|=>/.test(text);
}

/** What a name holds, to be put back. */
function remember(module: LiveModule, name: string, isNative: boolean): () => void {
  const overlay = overlayOf(module);
  const text = overlay.texts.get(name);
  const descriptor = Object.getOwnPropertyDescriptor(overlay.values, name);
  const before = isNative && name !== 'default' ? valueIn(module, name) : undefined;
  return () => {
    if (text === undefined) overlay.texts.delete(name);
    else overlay.texts.set(name, text);
    if (isNative && name !== 'default') assign(module, name, before);
    else if (descriptor === undefined) delete overlay.values[name];
    else Object.defineProperty(overlay.values, name, descriptor);
  };
}

/** Puts a native variable back; one that is constant has never changed. */
function assign({ scope }: LiveModule, name: string, value: unknown): void {
  try {
    const set = scope?.(`hs$v=>{${name}=hs$v}`) as ((value: unknown) => void) | undefined;
    set?.(value);
  } catch {
    // constant
  }
}

/** The code of one unit, as a function that evaluates it and enters what it declares. */
function compile(
  module: LiveModule,
  analysis: Analysis,
  unit: Unit,
  values: Readonly<Record<string, unknown>>,
  url: string,
): () => void {
  const { node, names } = unit;
  const overlay = overlayOf(module);
  const overlaid = overlaidIn(module, analysis);
  const isHere = ({ start, end }: { start: number; end: number }) => start >= node.start && end <= node.end;
  const text = new MagicString(analysis.plain);
  for (const reference of analysis.references) {
    if (isHere(reference.node) && isOverlaid(reference, overlaid)) referTo(text, reference);
  }
  let usesMeta = false;
  const metas = (one: Node): void => {
    if (one.type === 'MetaProperty' && one.meta.name === 'import') {
      usesMeta = true;
      text.overwrite(one.start, one.end, 'hs$meta');
    } else eachChild(one, metas);
  };
  metas(node);
  const first = module.cells.length;
  patchInside(
    text,
    { module, analysis, overlaid },
    analysis.functions.filter((one) => isHere(one)),
    node,
    new Set(),
    () => undefined,
  );
  setProperties(text, node, analysis.properties);
  for (const scope of analysis.classes) {
    if (!isHere(scope.node)) continue;
    const number = overlay.nextClass++;
    overlay.classes.set(scope.path, number);
    text.appendLeft(
      scope.node.body.start + 1,
      `static{${SCOPE}("${module.prefix}",hs$c=>eval(hs$c),${number})}`,
    );
  }

  const [name = ''] = names;
  const key = JSON.stringify(name);
  const whole = text.slice(node.start, node.end);
  const isNative = !names.some((one) => overlaid.has(one)) && name !== 'default';
  const constant = kindOf(unit) === 'const' || name === 'default';
  let code: string;
  if (node.type === 'VariableDeclarator' && node.id.type !== 'Identifier') {
    const pattern = text.slice(node.id.start, node.id.end);
    const init = node.init === null ? 'undefined' : text.slice(node.init.start, node.init.end);
    code = `(${pattern}=${init})`;
  } else {
    const value =
      node.type === 'VariableDeclarator'
        ? node.init === null
          ? 'undefined'
          : `({${key}:${text.slice(node.init.start, node.init.end)}})[${key}]`
        : /Declaration$/.test(node.type) && names[0] !== 'default'
          ? whole
          : `({${key}:${whole}})[${key}]`;
    code = isNative ? `${name}=${value}` : `hs$d(${key},${value})`;
    // An enum, a namespace and a decorated class are made by statements.
    const isStatement = /^TS/.test(node.type) || ('decorators' in node && (node.decorators ?? []).length > 0);
    if (isStatement && node.type !== 'VariableDeclarator') code = `{${whole};hs$d(${key},${name})}`;
  }
  const bound = Object.keys(values);
  const params = ['hs$o', 'hs$d', 'hs$i', 'hs$meta', ...bound, 'hs$life', 'hs$see=()=>hs$life'];
  const head = `((${params.join()})=>{`;
  const placedCode = placed({ module, analysis }, node, head, `${code}})`, url);
  const factory = evaluated({ module, path: name }, module.scope, placedCode) as (...args: unknown[]) => void;
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(overlay.values, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  };
  return () => {
    factory(
      overlay.values,
      define,
      same,
      usesMeta ? module.meta?.() : undefined,
      ...bound.map((name) => values[name]),
      lifeOf(module, first, module.cells.length),
    );
    if (isNative) return;
    for (const name of constant ? names : [])
      Object.defineProperty(overlay.values, name, { writable: false });
  };
}

/** What a call of a name on the overlay goes through, so that the overlay is not its `this`. */
export function same<T>(value: T): T {
  return value;
}
