/**
 * Patch points: the check at the entry of a hot function that sends the call to its replacement. In: a function
 * and the name of its cell; out: edits on a MagicString, all within existing lines. What the unedited function
 * does, says (`name`, `length`, messages) and costs must not change.
 */
import type MagicString from 'magic-string';
import { type HotFunction, superCall } from './functions.ts';
import { CONSTRUCT, NULLISH } from './names.ts';
import { hasInitialisers, movable, type ParameterMove } from './parameters.ts';
import { blockOf, eachChild, type FunctionNode, isClass, type Node, skipTrivia, unwrapped } from './parse.ts';
import type { Accessor, CapturedName } from './scopes.ts';

/** The parameter that takes what an arrow's own parameters leave. */
const REST = '...hs$r';

/**
 * Puts the patch point into one function.
 * @param cell name of the global cell, e.g. `hs$1k3v9x$4`
 * @param gate name of the module's gate; undefined in a text whose cells are there
 * @param readsNewTarget whether the body reads `new.target`, which is then passed on
 * @param handedOn what a replacement can ask for of the functions around
 * @param isCovered whether V8 counts branches, of which a default is none
 */
export function addPatchPoint(
  text: MagicString,
  source: string,
  hot: HotFunction,
  cell: string,
  gate: string | undefined,
  readsNewTarget: boolean,
  handedOn: HandedOn = handedOnBy(hot),
  isCovered = false,
): void {
  const { node } = hot;
  const called = isMade(hot, keysOf(handedOn)) ? `${cell}(${argumentsOf(hot, handedOn)})` : cell;
  // V8 guesses the names of functions that have none, and no longer that of the last one when it reads a call: here that one is ours.
  const made = isCovered ? `(()=>0,${called})` : called;
  const check = gate === undefined ? cell : `${gate}&&${cell}`;
  const isArrow = node.type === 'ArrowFunctionExpression';
  const initialises = hasInitialisers(node);
  const isMoved = isArrow
    ? initialises || slowToCapture(hot)
    : initialises && runsCode(node) && hot.kind !== 'constructor';
  const move = isMoved ? movable(node) : undefined;
  const redirect = isArrow ? undefined : redirectThis(hot, check, made, readsNewTarget);
  if (move !== undefined)
    return moveParameters(
      text,
      source,
      node,
      { move, isCovered },
      isArrow ? hot.capturedParameters : [],
      (params) => redirect ?? redirectArrow(check, made, params, !initialises),
    );
  if (redirect !== undefined) return enterBody(text, source, hot, redirect);

  const params = openParameters(text, source, node);
  if (blockOf(node) !== undefined) return enterBody(text, source, hot, redirectArrow(check, made, params));
  const { body } = node;
  text.prependRight(
    (body as Node).start,
    `${check}?${made}(${params.join()}):(${takesRest(params) ? '{},' : ''}`,
  );
  text.appendLeft((body as Node).end, ')');
}

/** The statement that hands a call on as it came: `this`, every argument, and `new.target` where it counts. */
function redirectThis(
  { kind, generator }: HotFunction,
  check: string,
  made: string,
  readsNewTarget: boolean,
): string {
  if (kind === 'constructor') return `if(${check})return ${made}.call(this,new.target,arguments);`;
  if (generator) return `if(${check})return yield*${made}.apply(this,arguments);`;
  if (readsNewTarget) {
    return `if(${check})return new.target?${CONSTRUCT}(${made},arguments,new.target):${made}.apply(this,arguments);`;
  }
  return `if(${check})return ${made}.apply(this,arguments);`;
}

/** @param writes whether what comes next is an assignment to a captured variable */
function redirectArrow(check: string, made: string, params: string[], writes = false): string {
  return `if(${check})return ${made}(${params.join()});${takesRest(params) && !writes ? '({});' : ''}`;
}

/**
 * Whether an arrow was given a rest parameter. Such a one makes an empty object after its check, which costs nothing in
 * optimised code and saves what the rest parameter costs there. While V8 reads the cell it keeps the rest array's length
 * for a possible deoptimisation; the next operations share that state for as long as nothing in between may write.
 * Making an object counts as a write when that is decided, and is removed afterwards (unless V8's escape analysis has used up
 * what it may track, so there is none where a captured parameter is written anyway).
 */
function takesRest(params: string[]): boolean {
  return params.at(-1) === REST;
}

/** One thing that a replacement can ask a patch point for. */
export interface Slot {
  /** a variable's name, `name=` for writing it, `#name`, `#name=`, `#name in`, `this`, `arguments`, `new.target`, `super` */
  key: string;
  /** the expression that answers, of `hs$v` and `hs$w` */
  answer: string;
}

/** What a patch point hands on: what it answers itself, and the accessors of crowded scopes. */
export interface HandedOn {
  own: Slot[];
  shared: { accessor: string; slots: Slot[] }[];
}

/** What the patch point of a function hands on; nothing for one at the top level. */
export function handedOnBy({ surroundings: { names, shared, context, privates } }: HotFunction): HandedOn {
  const own = variableSlots(names);
  context.forEach((name) => {
    own.push({ key: name, answer: name === 'super' ? 'super[hs$v]' : name });
  });
  for (let i = 0; i < privates.length; i++) {
    const name = `#${privates[i]}`;
    own.push({ key: name, answer: `hs$v.${name}` });
    own.push({ key: `${name}=`, answer: `hs$v.${name}=hs$w` });
    own.push({ key: `${name} in`, answer: `${name} in hs$v` });
  }
  const others: HandedOn['shared'] = [];
  for (let i = 0; i < shared.length; i++) {
    const one = shared[i] as (typeof shared)[number];
    others.push({ accessor: one.accessor, slots: variableSlots(one.names) });
  }
  return { own, shared: others };
}

function variableSlots(names: CapturedName[]): Slot[] {
  const slots: Slot[] = [];
  for (let i = 0; i < names.length; i++) {
    const { name, constant, assigned, hidden } = names[i] as CapturedName;
    const key = hidden ? '' : name;
    slots.push({ key, answer: name });
    if (!constant && assigned) slots.push({ key: `${key}=`, answer: `${name}=hs$v` });
  }
  return slots;
}

/** Keys of what is handed on, an accessor a row: the form in which a cell remembers them. */
export function keysOf({ own, shared }: HandedOn): string[][] {
  const keys = (slots: Slot[]): string[] => slots.map((slot) => slot.key);
  return own.length === 0 && shared.length === 0 ? [] : [keys(own), ...shared.map((one) => keys(one.slots))];
}

/** Whether a cell holds what makes the replacement for one closure, rather than the replacement itself. */
export function isMade(hot: HotFunction, keys: readonly unknown[]): boolean {
  return keys.length > 0 || selfName(hot) !== undefined;
}

/**
 * The name by which a function expression calls itself. Nothing but its own code can see it, so its patch point hands it on: new
 * code is to mean the function that callers hold.
 */
export function selfName({ surroundings }: HotFunction): string | undefined {
  return surroundings.self;
}

/** Declares the accessor of a crowded scope at the end of its block. */
export function addAccessor(text: MagicString, { name, block, names }: Accessor): void {
  text.appendLeft(block.end - 1, `;function ${name}(hs$k,hs$v){return ${chain(variableSlots(names))}}`);
}

/** The arguments that make a replacement: an accessor for this closure, made only now, the shared ones, the own name. */
function argumentsOf(hot: HotFunction, { own, shared }: HandedOn): string {
  const answers = chain(own);
  const params = answers.includes('hs$w')
    ? 'hs$k,hs$v,hs$w'
    : answers.includes('hs$v')
      ? 'hs$k,hs$v'
      : own.length > 1
        ? 'hs$k'
        : '';
  let list = own.length === 0 ? '0' : `(${params})=>${answers}`;
  for (let i = 0; i < shared.length; i++) list += `,${shared[i]?.accessor}`;
  const self = selfName(hot);
  return self === undefined ? list : `${list},${self}`;
}

/** `k == 0 ? a : k == 1 ? a = v : …` */
function chain(slots: Slot[]): string {
  const last = slots.length - 1;
  let text = '';
  for (let i = 0; i <= last; i++)
    text += (i < last ? `hs$k==${i}?` : '') + slots[i]?.answer + (i < last ? ':' : '');
  return text;
}

/** Inserts at the start of a body, after its directives and, in a derived constructor, after `super(…)`. */
function enterBody(text: MagicString, source: string, hot: HotFunction, statement: string): void {
  const block = blockOf(hot.node) as NonNullable<ReturnType<typeof blockOf>>;
  const first = hot.derived ? superCall(hot.node) : undefined;
  let at = first === undefined ? block.start + 1 : first.end;
  for (let i = 0; first === undefined && i < block.body.length; i++) {
    const item = block.body[i] as Node;
    if (!('directive' in item) || !item.directive) break;
    at = item.end;
    // An arrow gets a rest parameter, and a list that is not simple may not stand before "use strict" (15.2.1).
    if (item.directive === 'use strict' && hot.kind === 'arrow') {
      text.overwrite(item.expression.start, item.expression.end, '"use\\x20strict"');
    }
  }
  const ended = at === block.start + 1 || source[at - 1] === ';';
  text.appendLeft(at, ended ? statement : `;${statement}`);
}

/**
 * Gives an arrow a rest parameter, which takes what its own parameters leave and does not count in `.length`.
 * @returns the arguments of a call that hands everything on
 */
function openParameters(text: MagicString, source: string, arrow: FunctionNode): string[] {
  const params: string[] = [];
  for (let i = 0; i < arrow.params.length; i++) {
    const param = arrow.params[i] as Node;
    if (param.type === 'RestElement') return [...params, source.slice(param.start, param.end)];
    params.push((param as { name: string }).name);
  }
  const { open, close, comma } = parens(source, arrow);
  if (open === undefined) {
    const only = arrow.params[0] as Node;
    text.prependRight(only.start, '(');
    text.appendLeft(only.end, `,${REST})`);
  } else if (comma !== undefined) {
    text.overwrite(comma, comma + 1, `,${REST}`);
  } else {
    text.appendLeft(close, params.length === 0 ? REST : `,${REST}`);
  }
  return [...params, REST];
}

/**
 * Whether the rest parameter would make functions inside an arrow slower. In a list that is not simple V8 takes parameters
 * for `let`, and functions that capture one check at each use whether it has a value. As a `var` of the body it needs none.
 */
function slowToCapture({ node, capturedParameters }: HotFunction): boolean {
  return (
    capturedParameters.length > 0 && node.params.at(-1)?.type !== 'RestElement' && movable(node) === 'flat'
  );
}

/**
 * Turns `f({ a }, b = g()) {` into `f(hs$0,hs$1=void 0){if(…)…;var { a }=…;var b=hs$1;if(b===void 0)b = g();`, with each
 * pattern, default and `captured` name left on its line: what stood around them moves, not they. The raw arguments can then be
 * handed on, and a replaced function's defaults no longer run. Equivalent where `movable` says so; where it says `nested`, each is a
 * `let`, and the body a block inside. Where branches are counted it is `var {0:b = g()}=[hs$1];`, which takes longer.
 */
function moveParameters(
  text: MagicString,
  source: string,
  node: FunctionNode,
  { move, isCovered }: { move: ParameterMove; isCovered: boolean },
  captured: readonly string[],
  redirect: (params: string[]) => string,
): void {
  const isArrow = node.type === 'ArrowFunctionExpression';
  const isNested = move === 'nested';
  const declare = isNested ? 'let ' : 'var ';
  const { open, close } = parens(source, node);
  const header: string[] = [];
  const args: string[] = [];
  for (let i = 0; i < node.params.length; i++) {
    const param = node.params[i] as Node;
    const raw = `hs$${i}`;
    if (param.type === 'Identifier' && (isNested || captured.includes(param.name))) {
      header.push(raw);
      args.push(raw);
      text.appendRight(param.start, declare).appendLeft(param.end, `=${raw};`);
    } else if (param.type === 'Identifier') {
      header.push(param.name);
      args.push(param.name);
      text.remove(param.start, param.end);
    } else if (param.type === 'RestElement') {
      const { argument } = param;
      const stays = argument.type === 'Identifier' && !isNested;
      const name = stays ? argument.name : raw;
      header.push(`...${name}`);
      args.push(`...${name}`);
      if (stays) {
        blank(text, source, param.start, param.end);
      } else {
        blank(text, source, param.start, argument.start);
        text.appendRight(argument.start, declare).appendLeft(argument.end, `=${raw};`);
      }
    } else {
      const withDefault = param.type === 'AssignmentPattern';
      header.push(withDefault ? `${raw}=void 0` : raw);
      args.push(raw);
      if (withDefault && isCovered) {
        text.appendRight(param.start, `${declare}{0:`).appendLeft(param.end, `}=[${raw}];`);
      } else if (withDefault && param.left.type === 'Identifier') {
        const { name } = param.left;
        text
          .appendRight(param.start, `${declare}${name}=${raw};if(${name}===void 0)`)
          .appendLeft(param.end, ';');
      } else if (withDefault) {
        const equals = skipTrivia(source, param.left.end);
        const [before, after] = param.left.type === 'ArrayPattern' ? ['(0,', ')'] : ['', ''];
        text.appendRight(param.start, declare);
        text.overwrite(equals, equals + 1, `=${before}${raw}===void 0?(`);
        text.appendLeft(param.end, `):${raw}${after};`);
      } else {
        // `(0, x)` and the check keep V8's messages, which would otherwise name our parameter.
        const array = param.type === 'ArrayPattern';
        if (array) text.appendRight(param.start, declare);
        else openPattern(text, source, param, raw, declare);
        text.appendLeft(param.end, array ? `=(0,${raw});` : `=${raw};`);
      }
    }
    const after = skipTrivia(source, param.end);
    if (source[after] === ',') text.remove(after, after + 1);
  }
  if (isArrow && node.params.at(-1)?.type !== 'RestElement') {
    header.push(REST);
    args.push(REST);
  }
  const head = `(${header.join()})${isArrow ? '=>' : ''}{${redirect(args)}`;
  if (open !== undefined) {
    text.overwrite(open, open + 1, head);
    text.remove(close, close + 1);
  } else {
    text.prependRight(close, head); // `x => …`
  }
  if (isArrow) {
    const arrow = skipTrivia(source, open === undefined ? (node.params[0] as Node).end : close + 1);
    text.remove(arrow, arrow + 2);
  }
  const block = blockOf(node);
  if (block !== undefined) {
    if (isNested) text.appendLeft(block.end, '}');
    else text.remove(block.start, block.start + 1);
  } else {
    const body = node.body as Node;
    text.prependRight(body.start, 'return (').appendLeft(body.end, ')}');
  }
}

/** Where the parameter list opens and closes, and its trailing comma; `open` is undefined for `x => …`. */
export function parens(
  source: string,
  node: FunctionNode,
): { open: number | undefined; close: number; comma: number | undefined } {
  const last = node.params.at(-1);
  let open: number | undefined;
  if (node.type === 'ArrowFunctionExpression') {
    let at = skipTrivia(source, node.start);
    if (node.async) at = skipTrivia(source, at + 'async'.length);
    if (source[at] !== '(') return { open: undefined, close: at, comma: undefined };
    open = at;
  } else {
    const first = node.params[0];
    // A method's function starts at its parenthesis; any other has a keyword, a star or a name before it.
    let at = node.start;
    const limit = first?.start ?? (blockOf(node) as Node).start;
    while (source[at] !== '(' && at < limit)
      at = node.id && at < node.id.start ? node.id.end : skipTrivia(source, at + 1);
    open = at;
  }
  let close = skipTrivia(source, last?.end ?? open + 1);
  let comma: number | undefined;
  if (source[close] === ',') {
    comma = close;
    close = skipTrivia(source, close + 1);
  }
  return { open, close, comma };
}

/**
 * Gives constructors the assignments that their parameters stand for: `constructor(private db: Db)` sets `this.db`. In a
 * derived one they come after `super(…)`.
 * @param asFields whether each is a field, too, which the class has before its others
 */
export function setProperties(
  text: MagicString,
  program: Node,
  properties: readonly { start: number; name: string }[],
  asFields = true,
): void {
  if (properties.length === 0) return;
  const look = (node: Node): void => {
    if (isClass(node)) {
      for (const member of node.body.body) {
        if (!('kind' in member) || member.kind !== 'constructor') continue;
        const names = propertiesOf(member.value as FunctionNode, properties);
        if (names.length > 0 && asFields)
          text.appendLeft(node.body.start + 1, names.map((name) => `${name};`).join(''));
        text.appendLeft(afterSuper(member.value as FunctionNode), assignments(names));
      }
    }
    eachChild(node, look);
  };
  look(program);
}

/** The names of a constructor's parameters that set properties. */
export function propertiesOf(
  { params }: FunctionNode,
  properties: readonly { start: number; name: string }[],
): string[] {
  const isIn = ({ start }: { start: number }) => params.some((one) => one.start <= start && one.end > start);
  return properties.length === 0 ? [] : properties.filter(isIn).map((one) => one.name);
}

export function assignments(names: readonly string[]): string {
  return names.length === 0 ? '' : `${names.map((name) => `;this.${name}=${name}`).join('')};`;
}

/** Where a constructor's own code begins: after its directives or the statement that calls `super`. */
function afterSuper(node: FunctionNode): number {
  const block = blockOf(node) as NonNullable<ReturnType<typeof blockOf>>;
  let at = block.start + 1;
  for (const item of block.body as Node[]) {
    if ('directive' in item && item.directive) at = item.end;
    if (item.type !== 'ExpressionStatement') continue;
    const call = unwrapped(item.expression);
    if (call.type === 'CallExpression' && call.callee.type === 'Super') return item.end;
  }
  return at;
}

/** Removes text but not its line breaks. */
function blank(text: MagicString, source: string, start: number, end: number): void {
  if (end > start)
    text.overwrite(start, end, source.slice(start, end).replace(/[^\n\r\u2028\u2029]/g, '') || ' ');
}

/**
 * Opens `var { a }=hs$0` with a check for null and undefined, on which V8 names the first property and puts the error
 * on its line; so the brace moves there, too. Where that property has a default, V8 does not name the value.
 */
function openPattern(text: MagicString, source: string, pattern: Node, raw: string, declare: string): void {
  const first = pattern.type === 'ObjectPattern' ? (pattern.properties[0] as Node | undefined) : undefined;
  const named = first?.type === 'Property' && !first.computed ? first : undefined;
  if (named?.value.type === 'AssignmentPattern') {
    text.appendRight(pattern.start, declare);
    return;
  }
  const key = named === undefined ? '' : `${source.slice(named.key.start, named.key.end)}:hs$0`;
  const at = named ?? (first?.type === 'RestElement' ? first : undefined);
  text.remove(pattern.start, pattern.start + 1);
  text.appendRight(at?.start ?? pattern.start + 1, `${raw}??${NULLISH}(${raw},({${key}})=>0);${declare}{`);
}

/** Whether a parameter list does more than name parameters and give them constants: old code that a swap must not run. */
function runsCode(node: FunctionNode): boolean {
  return node.params.some((param: Node) => {
    if (param.type === 'Identifier') return false;
    if (param.type === 'RestElement') return param.argument.type !== 'Identifier';
    return param.type !== 'AssignmentPattern' || param.left.type !== 'Identifier' || !isConstant(param.right);
  });
}

function isConstant(node: Node): boolean {
  const value = unwrapped(node);
  switch (value.type) {
    case 'Literal':
    case 'Identifier':
      return true;
    case 'ArrayExpression':
      return value.elements.length === 0;
    case 'ObjectExpression':
      return value.properties.length === 0;
    case 'UnaryExpression':
      return value.operator !== 'delete' && isConstant(value.argument);
    case 'TemplateLiteral':
      return value.expressions.length === 0;
    default:
      return isFunctionLike(value);
  }
}

function isFunctionLike(node: Node): boolean {
  return node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression';
}
