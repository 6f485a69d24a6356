/**
 * A version's function, made. In: a live module, a version's analysis and one of its hot functions; out: what the
 * function's cell is to hold. The text is evaluated in its module's or class's scope, on its own line of a file that
 * exists. Nothing of the program changes here.
 */
import { types } from 'node:util';
import MagicString from 'magic-string';
import { HotswapError } from '../error.ts';
import { type HotFunction, superCall } from '../loader/functions.ts';
import { cellName } from '../loader/instrument.ts';
import type { LiveModule, Scope } from '../loader/live.ts';
import { eachChild, type FunctionNode, isClass, isFunction, type Node } from '../loader/parse.ts';
import { parens } from '../loader/patch.ts';
import type { Analysis } from './analysis.ts';
import { freeReferences } from './scope.ts';

export interface Making {
  module: LiveModule;
  analysis: Analysis;
  hot: HotFunction;
  /** the function as the module was loaded: whose patch point will call */
  loaded: HotFunction;
  /** values bound to names, which no text can carry */
  bound: Readonly<Record<string, unknown>>;
  /** file that stack traces are to name */
  url: string;
}

/**
 * Makes the replacement for a hot function.
 * @throws ERR_HOTSWAP_SYNTAX for what the engine refuses
 * @throws ERR_HOTSWAP_STRUCTURAL where it cannot be put in place: code generation is disallowed, the module has not
 *   handed over its scope, or the change of kind cannot pass through the loaded function
 */
export function makeFunction(making: Making): unknown {
  const { module, hot, url, analysis } = making;
  checkKind(making);
  const names = Object.keys(making.bound);
  const [before, text, after] = expression(making);
  // The text's first character keeps its line, and its column where there is room before it.
  const lineStart =
    Math.max(
      analysis.source.lastIndexOf('\n', hot.start - 1),
      analysis.source.lastIndexOf('\r', hot.start - 1),
    ) + 1;
  const head = `((${['hs$home', 'hs$meta', ...names].join()})=>${before}`;
  const padding = '\n'.repeat(hot.line - 1) + ' '.repeat(Math.max(0, hot.start - lineStart - head.length));
  // V8 takes no URL with a quote in it.
  const code = `${padding}${head}${text}${after})\n//# sourceURL=${url.replaceAll("'", '%27')}`;

  const scope = scopeOf(making);
  let factory: (...args: unknown[]) => unknown;
  try {
    factory = scope(code) as typeof factory;
  } catch (cause) {
    throw evaluationError(making, cause);
  }
  const needsMeta = text.includes('hs$meta');
  const needsHome = before.includes('hs$home');
  return factory(
    needsHome ? home(making, scope) : undefined,
    needsMeta ? module.meta?.() : undefined,
    ...names.map((name) => making.bound[name]),
  );
}

/** The innermost scope that the module handed over. */
function scopeOf({ module, loaded }: Making): Scope {
  const { classScope } = loaded;
  const found = classScope === undefined ? module.scope : module.classScopes[classScope.index];
  if (found !== undefined) return found;
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${module.url}#${loaded.path} cannot be edited yet: ${classScope === undefined ? 'the module' : `the class ${classScope.path}`} has not been evaluated`,
    { module: module.url, path: loaded.path },
  );
}

/** What `super` hangs on: the prototype of the object that the method was written in. */
function home({ module, hot, loaded }: Making, scope: Scope): unknown {
  if (hot.classScope !== undefined) {
    const itself = scope('this') as { prototype: object };
    return Object.getPrototypeOf(hot.isStatic ? itself : itself.prototype);
  }
  const holder = reach(
    module,
    loaded.reach === undefined ? undefined : { ...loaded.reach, keys: loaded.reach.keys.slice(0, -1) },
  );
  if (holder !== null && typeof holder === 'object') return Object.getPrototypeOf(holder);
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${module.url}#${hot.path} uses super, and the object it belongs to cannot be reached from the module's variables`,
    { module: module.url, path: hot.path },
  );
}

/** The live value at the end of a reach, following plain properties only; undefined where there is none. */
export function reach(module: LiveModule, way: HotFunction['reach']): unknown {
  if (way === undefined) return undefined;
  let value: unknown;
  try {
    value =
      typeof way.root === 'string' ? module.scope?.(way.root) : module.classScopes[way.root.index]?.('this');
  } catch {
    return undefined; // in its dead zone
  }
  for (const key of way.keys) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function') || types.isProxy(value))
      return undefined;
    const side = /^([gs]et) (.*)$/s.exec(key);
    const property = Object.getOwnPropertyDescriptor(value, side?.[2] ?? key);
    value = side === null ? property?.value : property?.[side[1] as 'get' | 'set'];
  }
  return value;
}

/** The function as an expression: what goes before its text, the text, and what goes after. */
function expression(making: Making): [before: string, text: string, after: string] {
  const { module, analysis, hot, loaded } = making;
  const { source } = analysis;
  const { node } = hot;
  const text = new MagicString(source);
  const uses = uncommon(node);
  uses.metas.forEach((meta) => text.overwrite(meta.start, meta.end, 'hs$meta'));
  const object = uses.super ? '({__proto__:hs$home,' : '({';
  const slice = (from: number, to: number) => text.slice(from, to);

  if (hot.kind === 'function' || (hot.kind === 'arrow' && !hot.takesThis)) {
    const key = JSON.stringify(displayName(hot));
    const own = node.id;
    if (node.type === 'FunctionExpression' && own && freeReferences(node).names.has(own.name)) {
      // It calls itself by a name that only it can see: the call must go on to what replaces it.
      const cell = cellName(module.prefix, loaded.index);
      const block = node.body as Node;
      const call = `${cell}.apply(this,arguments);`;
      const check = `if(${cell}&&${cell}!==hs$self)${node.generator ? `return yield*${call}` : `return ${call}`}`;
      return [
        '{const hs$self=',
        `${slice(node.start, block.start + 1)}${check}${slice(block.start + 1, node.end)}`,
        ';return hs$self}',
      ];
    }
    if (own && node.type === 'FunctionDeclaration') text.remove(own.start, own.end);
    return [`({${key}:`, slice(node.start, node.end), `})[${key}]`];
  }

  if (hot.kind === 'arrow') {
    const key = JSON.stringify(displayName(hot));
    return [`${object}${key}(...hs$a){return(`, slice(node.start, node.end), `)(...hs$a)}})[${key}]`];
  }

  const { open } = parens(source, node);
  const key = JSON.stringify(
    hot.kind === 'constructor' ? (hot.classScope?.node.id?.name ?? 'constructor') : displayName(hot),
  );
  const marks = `${node.async ? 'async ' : ''}${node.generator ? '*' : ''}`;
  if (hot.kind !== 'constructor')
    return [`${object}${marks}${key}`, slice(open as number, node.end), `})[${key}]`];

  const opening = hot.derived ? superCall(node) : undefined;
  if (opening !== undefined)
    text.overwrite(
      opening.start,
      opening.end,
      source.slice(opening.start, opening.end).replace(/[^\n\r]/g, '') || ' ',
    );
  uses.targets.forEach((target) => text.overwrite(target.start, target.end, 'hs$target'));
  const method = slice(open as number, node.end);
  // A constructor's patch point passes `new.target` and the arguments apart; see loader/patch.ts.
  return uses.targets.length > 0
    ? [`function(hs$target,hs$args){return ${object}${key}`, method, `})[${key}].apply(this,hs$args)}`]
    : [
        `(hs$m=>function(hs$target,hs$args){return hs$m.apply(this,hs$args)})(${object}${key}`,
        method,
        `})[${key}])`,
      ];
}

/** The name that a stack trace shows. */
function displayName(hot: HotFunction): string {
  if (hot.kind === 'function' || hot.kind === 'arrow')
    return (
      hot.node.id?.name ??
      (/^[\p{L}$_.][\p{L}\p{N}$_.]*$/u.test(hot.path) ? (hot.path.split('.').at(-1) as string) : '')
    );
  const last =
    /(?:^|\.)((?:[gs]et )?[^.[\]]+)(?:~\d+)?$/.exec(hot.path) ?? /(\[.*\])(?:~\d+)?$/.exec(hot.path);
  return last?.[1] ?? hot.path;
}

interface Uncommon {
  super: boolean;
  metas: Node[];
  /** `new.target` of the function itself */
  targets: Node[];
}

/** What cannot stand in evaluated code as it is. */
function uncommon(fn: FunctionNode): Uncommon {
  const found: Uncommon = { super: false, metas: [], targets: [] };
  const look = (node: Node, own: boolean): void => {
    if (node.type === 'Super') found.super ||= own;
    if (node.type === 'MetaProperty') {
      if (node.meta.name === 'import') found.metas.push(node);
      else if (own) found.targets.push(node);
      return;
    }
    const within =
      own && !isClass(node) && (node === fn || !isFunction(node) || node.type === 'ArrowFunctionExpression');
    eachChild(node, (child) => look(child, within));
  };
  look(fn, true);
  return found;
}

/** Whether calls of the loaded function can become calls of the new one at all. */
function checkKind({ module, hot, loaded }: Making): void {
  const subject = { module: module.url, path: hot.path };
  const kind = (one: HotFunction) =>
    `${one.async ? 'an async ' : 'a '}${one.generator ? 'generator' : 'function'}`;
  if (
    (loaded.generator && !hot.generator) ||
    (loaded.async && hot.generator && !loaded.generator) ||
    (loaded.generator && hot.generator && !loaded.async && hot.async)
  ) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}#${hot.path} was loaded as ${kind(loaded)}, and whoever holds it would get that from ${kind(hot)} too; this change needs a restart`,
      subject,
    );
  }
  const reads = (one: HotFunction) => one.kind === 'function' && uncommon(one.node).targets.length > 0;
  if (reads(hot) && !reads(loaded)) {
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `the new code of ${module.url}#${hot.path} reads new.target, which the loaded function does not pass on; this change needs a restart`,
      subject,
    );
  }
}

function evaluationError({ module, hot }: Making, cause: unknown): HotswapError {
  const subject = { module: module.url, path: hot.path, cause };
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof EvalError) {
    return new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${module.url}#${hot.path} cannot be edited: this process runs with --disallow-code-generation-from-strings, and an edit is evaluated text`,
      subject,
    );
  }
  return new HotswapError(
    'ERR_HOTSWAP_SYNTAX',
    `the new code of ${module.url}#${hot.path} is refused by the engine: ${message}`,
    subject,
  );
}
