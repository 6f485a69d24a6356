/**
 * The text edits in which a function hands its calls to another: in its place (`replaceText`), or around the code that was
 * there (`wrapText`), which then stands, letter by letter, in a function `next` inside; and the way back (`unwrapText`). In:
 * the current version, the hot function, and what is to be called; out: the module's new text. Pure.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import { type HotFunction, superCall } from '../../loader/functions.ts';
import { arityOf, hasInitialisers, movable } from '../../loader/parameters.ts';
import {
  blockOf,
  boundNames,
  eachChild,
  type FunctionNode,
  isFunction,
  type Node,
  skipTrivia,
} from '../../loader/parse.ts';
import { parens } from '../../loader/patch.ts';
import type { Bindings } from '../given/bind.ts';
import { checkValue, type Destination } from '../given/check.ts';
import { type Given, paramsText } from '../given/given.ts';
import { declaredWithin, type FreeReferences, freeReferences } from '../given/scope.ts';
import { type Analysis, outerReferences, partAround, scopesAround } from '../plan/analysis.ts';
import { isWithin } from '../plan/plan.ts';
import { bodyText, type Edited, writeConstants } from './rewrite.ts';

/** When a wrapper is called: instead of the code that was there, before it, after it, or when it fails. */
export type How = 'around' | 'before' | 'after' | 'onError';

/** A wrapper as it came: its text, where it has one, and itself, where it is a value. */
export interface Wrapper {
  what: Given | undefined;
  value: unknown;
  /** values for its names; undefined where none were given: then a closure stays one */
  bind: Bindings | undefined;
}

/**
 * The function's code becomes a call of a value.
 * @param arity what `.length` of the value says, which the function's follows; an arrow's does not grow
 */
export function replaceText(to: Destination, value: unknown, arity: number): Edited {
  const names = namesFor(to);
  const name = names('replacement');
  // Nothing of the old code is left that could need more than its arguments; but an arrow's `this` is that of its place.
  const own = to.hot.kind === 'arrow' ? ownContext(to) : new Set<string>();
  const { head, foot, passed, receiver } = shellOf(to, names, own, new Set(), arity);
  const call =
    passed !== '...arguments'
      ? invoke(name, [passed], receiver)
      : receiver
        ? `${name}.apply(this, arguments)`
        : `${name}(${passed})`;
  return {
    source: inPlace(to, `${head}return ${handOn(to.hot)}${call};${foot}`),
    values: { [name]: value },
  };
}

/**
 * The function's code goes into a function inside it, `next`, and a wrapper is called around that. A wrapper that can stand
 * in the text is written there; a closure is bound.
 * @param wish what to call the wrapper in the text
 * @throws ERR_HOTSWAP_STRUCTURAL for code that no function inside could run
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE for a wrapper that is to be written and cannot be
 */
export function wrapText(to: Destination, wrapper: Wrapper, how: How, wish: string = how): Edited {
  const { hot, analysis } = to;
  const { what } = wrapper;
  const isArrow = hot.node.type === 'ArrowFunctionExpression';
  const used = what === undefined ? undefined : freeReferences(what.node);
  const written =
    what !== undefined &&
    used !== undefined &&
    (!what.isValue || wrapper.bind !== undefined || standsAlone(what, used, to));
  if (written && what.isValue) checkValue(what, used, to);

  const names = namesFor(to, written ? used.names.keys() : []);
  const next = names('next');
  const name = names(wish);
  const values = { ...to.kept };
  let declared = '';
  if (written) declared = `const ${name} = ${wrapperText(to, what, used, wrapper.bind, names, values)}; `;
  else values[name] = wrapper.value;

  const own = ownContext(to);
  const avoid = new Set(written ? used.names.keys() : []);
  const { head, foot, passed, receiver } = shellOf(to, names, own, avoid);
  const asFunction = !isArrow && mustBeFunction(to, own);
  const bindsThis = asFunction && own.has('this');
  const old = `const ${next} = ${innerText(analysis, hot, asFunction)}; `;
  const call = bindsThis ? `${next}.call(this, ${passed})` : `${next}(${passed})`;
  const wrap = (...args: string[]): string =>
    invoke(name, args, receiver && !(written && what.node.type === 'ArrowFunctionExpression'));
  const waits = hot.generator ? 'yield* ' : hot.async ? 'await ' : '';

  let tail: string;
  if (how === 'around') {
    tail = `return ${handOn(hot)}${wrap(bindsThis ? `${next}.bind(this)` : next, passed)};`;
  } else if (how === 'before') {
    tail = `${wrap(passed)}; return ${hot.generator ? waits : ''}${call};`;
  } else if (how === 'after') {
    const result = names('result');
    const done = names('done');
    tail =
      waits !== ''
        ? `const ${result} = ${waits}${call}; ${wrap(result, passed)}; return ${result};`
        : `const ${done} = (${result}) => { ${wrap(result, passed)}; return ${result}; }; const ${result} = ${call}; ` +
          `return ${result} instanceof Promise ? ${result}.then(${done}) : ${done}(${result});`;
  } else {
    const [result, error, failed] = [names('result'), names('error'), names('failed')];
    tail =
      waits !== ''
        ? `try { return ${waits}${call}; } catch (${error}) { return ${wrap(error, passed)}; }`
        : `const ${failed} = (${error}) => ${wrap(error, passed)}; ` +
          `try { const ${result} = ${call}; return ${result} instanceof Promise ? ${result}.catch(${failed}) : ${result}; } ` +
          `catch (${error}) { return ${failed}(${error}); }`;
  }
  return { source: inPlace(to, `${head}${old}${declared}${tail}${foot}`), values };
}

/**
 * Takes a wrapper out of a function that calls it by a bound name. Where nothing but the wrapping stands around the old
 * code, that is as it was; where something has been put there since, the call goes straight to `next`.
 * @returns the new text of the whole module; the same where nothing calls it any more
 */
export function unwrapText({ source, plain, functions }: Analysis, hot: HotFunction, name: string): string {
  const text = new MagicString(source);
  for (const one of functions) {
    if (one !== hot && !isWithin(one, hot)) continue;
    const inner = wrappedBy(one, name);
    if (inner === undefined) continue;
    if (one.node.type === 'ArrowFunctionExpression') {
      text.overwrite(one.node.start, one.node.end, source.slice(inner.start, inner.end));
      return text.toString();
    }
    const outer = parens(plain, one.node);
    const { open, close } = parens(plain, inner);
    const opening = one.derived ? superCall(one.node) : undefined;
    const arrow = inner.type === 'ArrowFunctionExpression' ? skipTrivia(plain, close + 1) + 2 : close + 1;
    const type = arrow === close + 1 ? '' : source.slice(close + 1, arrow - 2).trimEnd();
    const body =
      opening === undefined
        ? source.slice(arrow, inner.end)
        : source.slice(outer.close + 1, opening.end) +
          source.slice((blockOf(inner) as Node).start + 1, inner.end);
    text.overwrite(outer.open as number, one.node.end, source.slice(open, close + 1) + type + body);
    return text.toString();
  }
  const look = (node: Node): void => {
    const call = callOf(node, name);
    const [next, ...rest] = call?.args ?? [];
    if (next === undefined) return eachChild(node, look);
    const args = rest.length === 0 ? '' : source.slice(rest[0]?.start, rest.at(-1)?.end);
    text.overwrite(node.start, node.end, `${source.slice(next.start, next.end)}(${args})`);
  };
  look(hot.node);
  return text.toString();
}

/** The function that holds the old code of one that `name` is wrapped around, and nothing else is in. */
function wrappedBy(hot: HotFunction, name: string): FunctionNode | undefined {
  const block = blockOf(hot.node);
  if (block === undefined) return undefined;
  const opening = hot.derived ? superCall(hot.node) : undefined;
  const body = (block.body as Node[]).slice(
    opening === undefined ? 0 : (block.body as Node[]).indexOf(opening) + 1,
  );
  const [first, last] = body;
  if (body.length !== 2 || first?.type !== 'VariableDeclaration' || last?.type !== 'ReturnStatement')
    return undefined;
  let value = last.argument;
  while (value?.type === 'YieldExpression' || value?.type === 'AwaitExpression') value = value.argument;
  const inner = first.declarations[0]?.init;
  return value && callOf(value, name) !== undefined && inner && isFunction(inner) ? inner : undefined;
}

/** The arguments of `name(…)` or `name.call(this, …)`, without the `this`. */
function callOf(node: Node, name: string): { args: Node[] } | undefined {
  if (node.type !== 'CallExpression') return undefined;
  const { callee, arguments: args } = node;
  if (callee.type === 'Identifier' && callee.name === name) return { args };
  if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return undefined;
  const { object, property } = callee;
  const isCall = property.type === 'Identifier' && property.name === 'call';
  return object.name === name && isCall ? { args: args.slice(1) } : undefined;
}

/** The module's text with a function's, or of a method the part from its parameters on, replaced. */
function inPlace({ analysis, hot }: Destination, text: string): string {
  const { source } = analysis;
  const { node } = hot;
  const from =
    node.type === 'ArrowFunctionExpression' ? node.start : (parens(analysis.plain, node).open as number);
  return new MagicString(source).overwrite(from, node.end, text).toString();
}

/** What stands before a call whose result is to be the function's: a generator stays one. */
function handOn({ generator, async }: HotFunction): string {
  return generator ? (async ? 'yield* await ' : 'yield* ') : '';
}

function invoke(fn: string, args: readonly string[], receiver: boolean): string {
  const list = args.filter((one) => one !== '').join(', ');
  return receiver ? `${fn}.call(${list === '' ? 'this' : `this, ${list}`})` : `${fn}(${list})`;
}

interface Shell {
  /** from the parameters up to the first statement */
  head: string;
  /** after the last statement */
  foot: string;
  /** the arguments of a call that hands all arguments on */
  passed: string;
  /** whether such a call can hand `this` on */
  receiver: boolean;
}

/**
 * A function without its code. Its parameters do nothing: patterns and defaults go with the code; `.length` says what it is
 * to say. A derived constructor keeps its own up to the end of `super(…)`.
 * @param own see `ownContext` @param avoid names that must not be parameters
 */
function shellOf(
  to: Destination,
  names: (wish: string) => string,
  own: ReadonlySet<string>,
  avoid: ReadonlySet<string>,
  arity = arityOf(to.hot.node),
): Shell {
  const { hot, analysis } = to;
  const { source, plain } = analysis;
  const { node } = hot;
  const { open, close } = parens(plain, node);
  const isArrow = node.type === 'ArrowFunctionExpression';
  // An arrow has no `arguments`; and code with `super` can be wrapped again only where it does not come with them.
  const rest = isArrow || own.has('super') || own.has('new.target');
  const opening = hot.derived ? superCall(node) : undefined;
  const params: string[] = [];
  if (opening !== undefined) {
    const clash = paramNames(hot).filter((name) => avoid.has(name));
    if (clash.length > 0) {
      throw new HotswapError(
        'ERR_HOTSWAP_OUT_OF_SCOPE',
        `the wrapper of ${to.module}#${hot.path} uses ${clash.join(', ')}, and there it would be a parameter of that constructor. Pass it with { bind } under another name.`,
        { module: to.module, path: hot.path, names: clash },
      );
    }
    if (!rest || !node.params.every((one: Node) => one.type === 'Identifier')) {
      const head = source.slice(open, opening.end);
      return { head: `${head}${ended(head)} `, foot: ' }', passed: '...arguments', receiver: true };
    }
    params.push(...paramNames(hot));
  } else {
    // An arrow hands on as many arguments as it has parameters: more than it had, and whoever is called would notice.
    const most = hot.kind === 'getter' ? 0 : isArrow ? arityOf(node) : PARAMETERS;
    const count = hot.kind === 'setter' ? 1 : Math.min(arity, most);
    for (let i = 0; i < count; i++) {
      const param = node.params[i] as Node | undefined;
      const known = param?.type === 'Identifier' && !avoid.has(param.name) ? param.name : undefined;
      params.push(known ?? names(param?.type === 'Identifier' ? param.name : 'arg'));
    }
  }
  if (rest && hot.kind !== 'getter' && hot.kind !== 'setter') params.push(`...${names('rest')}`);
  const list = params.join(', ');
  if (isArrow) {
    const head = `${node.async ? 'async ' : ''}(${list}) => { `;
    return { head, foot: ' }', passed: list, receiver: own.has('this') };
  }
  const same = params.length === node.params.length && node.params.every((one, i) => isNamed(one, params[i]));
  const head = same ? source.slice(open, close + 1) : `(${list})`;
  const start = opening === undefined ? ' {' : source.slice(close + 1, opening.end);
  return {
    head: `${head}${start}${opening === undefined ? '' : ended(start)} `,
    foot: ' }',
    passed: rest ? list : '...arguments',
    receiver: true,
  };
}

function ended(statement: string): string {
  return statement.endsWith(';') ? '' : ';';
}

function paramNames({ node }: HotFunction): string[] {
  return node.params.flatMap((param: Node) => boundNames(param));
}

/** No person writes more; `.length` of a value can be any number. */
const PARAMETERS = 255;

function isNamed(param: Node, name: string | undefined): boolean {
  return param.type === 'Identifier' && param.name === name;
}

/** The old code as a function of its own. An arrow, where it can be one, since that has the `this` and `super` around it. */
function innerText({ source, plain }: Analysis, hot: HotFunction, asFunction: boolean) {
  const { node, async, derived, generator } = hot;
  if (node.type === 'ArrowFunctionExpression') return source.slice(node.start, node.end);
  const { open, close } = parens(plain, node);
  // In TypeScript an arrow declares no `this`, and only a constructor's parameters set properties.
  const own = source.slice(open, close + 1);
  const params = hot.kind === 'constructor' || /^\(\s*this\b/.test(own) ? plain.slice(open, close + 1) : own;
  const { start } = node.body as Node;
  const opening = derived ? superCall(node) : undefined;
  const type = source.slice(close + 1, start).trimEnd();
  const body =
    opening === undefined
      ? source.slice(close + 1 + type.length, node.end)
      : ` {${source.slice(opening.end, node.end)}`;
  const head = async ? 'async ' : '';
  return asFunction
    ? `${head}function${generator ? '*' : ''} ${params}${type}${body}`
    : `${head}${params}${type} =>${body}`;
}

/** @throws ERR_HOTSWAP_STRUCTURAL for what neither an arrow nor a function inside could do */
function mustBeFunction({ hot, module }: Destination, own: ReadonlySet<string>): boolean {
  const held = ['super', 'new.target'].filter((key) => own.has(key));
  if (!hot.generator && !own.has('arguments'))
    return held.length === 0 && hasInitialisers(hot.node) && movable(hot.node) === undefined;
  if (held.length === 0) return true;
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${module}#${hot.path} cannot be wrapped: it uses ${held.join(' and ')} and ${hot.generator ? 'is a generator' : 'arguments'}, which no function inside it could do as well. Rewrite it instead.`,
    { module, path: hot.path },
  );
}

/** `this`, `arguments`, `super`, `new.target`: what a function's code uses of its own call or, an arrow's, of one around. */
function ownContext({ analysis, hot }: Destination): Set<string> {
  const { node } = hot;
  const opening = hot.derived ? superCall(node) : undefined;
  const uses =
    node.type === 'ArrowFunctionExpression'
      ? outerReferences(analysis, hot)
      : partAround(analysis, hot).references.filter(({ scope }) => scope?.owner === node);
  return new Set(
    uses
      .filter(({ kind, node: { start } }) => kind === 'context' && !isIn(opening, start))
      .map(({ key }) => key),
  );
}

function isIn(node: Node | undefined, offset: number): boolean {
  return node !== undefined && offset >= node.start && offset < node.end;
}

/**
 * Whether a function value means the same wherever it is written: all that it uses from outside is global there, too, and it
 * imports nothing, which would be looked for beside another file.
 */
function standsAlone(what: Given, free: FreeReferences, to: Destination): boolean {
  const around = scopesAround(to.hot);
  const params = new Set(to.hot.derived ? paramNames(to.hot) : []);
  return (
    free.context.size === 0 &&
    !/\bimport\b/.test(what.source) &&
    [...free.names.keys()].every((name) =>
      name === what.node.id?.name
        ? true
        : name !== what.ownName &&
          name in globalThis &&
          !params.has(name) &&
          !around.some(({ variables }) => variables.has(name)),
    )
  );
}

/** A wrapper as an expression, with its constants in it. Values that no text can carry are added to `values`. */
function wrapperText(
  to: Destination,
  what: Given,
  free: FreeReferences,
  bind: Bindings | undefined,
  names: (wish: string) => string,
  values: Record<string, unknown>,
): string {
  const { node, owner } = what;
  const text = new MagicString(what.source);
  const constants = bind === undefined ? '' : writeConstants(text, node, free, bind);
  const taken = takenBy(to);
  for (const [name, value] of Object.entries(bind?.values ?? {})) {
    const uses = free.names.get(name);
    if (uses === undefined) continue;
    const own = taken.has(name) && !(name in to.kept && to.kept[name] === value) ? names(name) : name;
    values[own] = value;
    if (own === name) continue;
    uses.forEach(({ node: { start, end }, shorthand }) =>
      text.overwrite(start, end, shorthand ? `${name}: ${own}` : own),
    );
  }
  if (owner === undefined && constants === '') return text.slice(node.start, node.end);
  const async = node.async ? 'async ' : '';
  const params = `(${paramsText(what, text)})`;
  const body = bodyText(text, node, constants);
  if (node.type === 'ArrowFunctionExpression') return `${async}${params} => ${body}`;
  return `${async}function${node.generator ? '*' : ''} ${node.id?.name ?? ''}${params} ${body}`;
}

/** Names that mean something in a function or where it stands. */
function takenBy({ hot, kept }: Destination): Set<string> {
  const taken = declaredWithin(hot.node);
  freeReferences(hot.node).names.forEach((_uses, name) => taken.add(name));
  for (const { variables } of scopesAround(hot)) for (const name of variables.keys()) taken.add(name);
  for (const name of Object.keys(kept)) taken.add(name);
  return taken;
}

/** Makes names that nothing there uses. */
function namesFor(to: Destination, others: Iterable<string> = []): (wish: string) => string {
  const taken = takenBy(to);
  for (const name of others) taken.add(name);
  return (wish) => {
    let name = wish;
    for (let i = 2; taken.has(name); i++) name = wish + i;
    taken.add(name);
    return name;
  };
}
