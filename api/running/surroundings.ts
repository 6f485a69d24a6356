/**
 * How new code reaches what is around its function. In: a version's text, a hot function in it, and the cell that is to hold
 * the replacement; out: the text with its references rewritten to ask the closure that is being called, and with patch
 * points of their own for the functions inside. Nothing is evaluated here.
 */
import type MagicString from 'magic-string';
import type { HotFunction } from '../../loader/functions.ts';
import { defineCells } from '../../loader/gates.ts';
import type { LiveCell, LiveModule } from '../../loader/live.ts';
import { cellName } from '../../loader/names.ts';
import {
  eachChild,
  type FunctionNode,
  isClass,
  isFunction,
  type Node,
  skipTrivia,
} from '../../loader/parse.ts';
import {
  addAccessor,
  addPatchPoint,
  type HandedOn,
  handedOnBy,
  isMade,
  keysOf,
  type Slot,
  selfName,
} from '../../loader/patch.ts';
import type { Reference, Scope } from '../../loader/scopes.ts';
import { type Analysis, outerReferences, scopesAround } from '../plan/analysis.ts';
import { newCell } from './cells.ts';
import { isOverlaid } from './overlay.ts';

/** What a replacement is made from. */
export interface Making {
  module: LiveModule;
  analysis: Analysis;
  hot: HotFunction;
  /** number of the cell, and the cell, whose patch point will call */
  index: number;
  cell: LiveCell;
  /** values bound to names, which no text can carry */
  bound: Readonly<Record<string, unknown>>;
  /** file that stack traces are to name */
  url: string;
  /** names of the version that live on the overlay */
  overlaid: ReadonlySet<string>;
  /** whether its class is made anew, and leaves its instances behind */
  isLeft: boolean;
  /** the class that its class's name stands for once more, where an earlier one comes back */
  back?: unknown;
  /** whether there is a new function in its place as well: who holds the old one may keep its code */
  remade: () => boolean;
}

/** How a text reaches what is around its function: rewritten references, and what they need declared. */
export interface Reached {
  unreachable: string[];
  /** the expression for a key of the surroundings, by `hs$v` where one is written; undefined where it cannot be had */
  answer: (key: string) => string | undefined;
  /** puts what the references need around the function's expression */
  wrap: (before: string, after: string) => [before: string, after: string];
  /** see `guardConstants` */
  guard: string[];
}

/**
 * Rewrites the references of a function to variables of the functions around it: `n` becomes `hs$e0(0)`, which asks the
 * patch point of the closure that is being called, and a target of assignment becomes `hs$v.n`. Where V8 may quote it in a message it is
 * `("n",hs$e0(0))`, so that one is told the name; see loader/quoted.ts.
 */
export function reachOut(text: MagicString, making: Making, native: HotFunction): Reached {
  const { analysis, hot, cell, overlaid, bound } = making;
  const { plain: source } = analysis;
  const unreachable = new Set<string>();
  const written = new Set<string>();
  const privates = new Set<string>();
  const self = ownName(native, hot);
  const outer = outerReferences(analysis, hot);
  const guard = guardConstants(text, outer, overlaid);
  const ask = (key: string, ...more: string[]): string => {
    const place = placeOf(cell, key);
    if (place === undefined) unreachable.add(key.replace(/ in$/, ''));
    return `hs$e${place?.[0]}(${[place?.[1], ...more].join()})`;
  };

  for (const reference of outer) {
    const { key, kind, node, parent, scope, writes, shorthand } = reference;
    if (scope === undefined && Object.hasOwn(bound, key)) continue;
    if (isOverlaid(reference, overlaid)) {
      referTo(text, reference);
      continue;
    }
    if (key === self && kind === 'variable' && scope?.owner === hot.node) continue; // handed on by its name
    if (scope === undefined || scope.handedOver || scope.owner === hot.node) continue;
    if (kind === 'private') {
      reachPrivate(reference);
    } else if (key === 'super') {
      if (!isField(hot)) reachSuper(reference);
    } else if (node.type === 'JSXIdentifier') {
      // A tag can be no call, but a property.
      ask(key);
      written.add(key);
      put(text, node, `hs$v.${key}`);
    } else if (writes) {
      ask(key);
      if (!(scope.variables.get(key)?.constant ?? false)) ask(`${key}=`);
      written.add(key);
      put(text, node, shorthand ? `${key}:hs$v.${key}` : `hs$v.${key}`);
    } else {
      const value = ask(key);
      const inNew = parent !== undefined && followsNew(source, node.start);
      const isNamed = isQuoted(reference) && (inNew || canOpen(source, node.start));
      const named = isNamed ? `(${JSON.stringify(key)},${value})` : inNew ? `(${value})` : value;
      put(text, node, shorthand ? `${key}:${value}` : named);
    }
  }

  const wrap: Reached['wrap'] = (before, after) => {
    if (!isMade(native, cell.slots)) return [before, after];
    const accessors = cell.slots.length === 0 ? ['hs$e0'] : cell.slots.map((_row, i) => `hs$e${i}`);
    const params = `(${[...accessors, ...(self === undefined ? [] : [self])].join()})=>`;
    let lead = '';
    if (written.size > 0) {
      const properties = [...written].map((key) => {
        const set =
          placeOf(cell, `${key}=`) === undefined
            ? 'throw new TypeError("Assignment to constant variable.")'
            : ask(`${key}=`, 'v');
        return `get ${key}(){return ${ask(key)}},set ${key}(v){${set}}`;
      });
      lead += `const hs$v={${properties.join()}};`;
    }
    if (privates.size > 0) {
      const properties = [...privates].map((name) => {
        const key = JSON.stringify(name);
        const call = JSON.stringify(`${name}()`);
        return `get ${key}(){return ${ask(name, 'o')}},set ${key}(v){${ask(`${name}=`, 'o', 'v')}},get ${call}(){return ${ask(name, 'o')}?.bind(o)}`;
      });
      lead += `const hs$q=o=>o==null?o:{${properties.join()}};`;
    }
    if (lead === '') return [`${params}${before}`, after];
    return before.startsWith('{')
      ? [`${params}{${lead}${before}`, `${after}}`]
      : [`${params}{${lead}return ${before}`, `${after}}`];
  };
  const answer: Reached['answer'] = (key) => (placeOf(cell, key) === undefined ? undefined : ask(key));
  return { unreachable: [...unreachable], answer, wrap, guard };

  /** `o.#x` → `hs$q(o)["#x"]`, `o.#m(…)` → `hs$q(o)["#m()"](…)`, `#x in o` → `hs$e0(5,o)` */
  function reachPrivate({ key, node, parent }: Reference): void {
    if (parent?.type === 'BinaryExpression') {
      text.overwrite(node.start, parent.right.start, `${ask(`${key} in`).slice(0, -1)},`);
      text.appendLeft(parent.right.end, ')');
    } else if (parent?.type === 'MemberExpression') {
      ask(key);
      privates.add(key);
      const [open, close] = followsNew(source, parent.start) ? ['(', ')'] : ['', ''];
      text.prependRight(parent.object.start, `${open}hs$q(`).appendLeft(parent.object.end, ')');
      const dot = source.slice(parent.object.end, node.start);
      text.overwrite(
        parent.object.end,
        node.end,
        `${dot.includes('?.') ? '?.' : ''}["${key}${callOf(parent) === undefined ? '' : '()'}"]${close}`,
        { contentOnly: true },
      );
    }
  }

  /** `super.x` → `hs$e0(2,"x")`, `super[x]` → `hs$e0(2,(x))`, `super.x(…)` → `hs$e0(2,"x").call(this,…)` */
  function reachSuper({ parent }: Reference): void {
    if (parent?.type !== 'MemberExpression') {
      unreachable.add('super');
      return;
    }
    const { property } = parent;
    const [open, close] = followsNew(source, parent.start) ? ['(', ')'] : ['', ''];
    if (parent.computed) {
      text.overwrite(parent.start, property.start, `${open}${ask('super').slice(0, -1)},(`);
      text.overwrite(property.end, parent.end, `))${close}`);
    } else {
      const value = ask('super', JSON.stringify(source.slice(property.start, property.end)));
      text.overwrite(parent.start, parent.end, `${open}${value}${close}`);
    }
    const call = callOf(parent);
    if (call === undefined) {
      if (isTarget(parent)) unreachable.add('super');
      return;
    }
    const after = skipTrivia(source, call.end);
    if (source[after] === '`') return void text.appendLeft(after, `.bind(${ask('this')})`);
    const end = source.indexOf('(', after) + 1;
    text.overwrite(after, end, `${source[after] === '(' ? '' : '?'}.call(${ask('this')},`);
  }

  /** What a call calls, which is a member or that in parentheses: either way the call hands the member's object on. */
  function callOf(member: Node): Node | undefined {
    const [callee, holder] = holdersOf(member);
    const called =
      holder?.type === 'CallExpression'
        ? holder.callee
        : holder?.type === 'TaggedTemplateExpression'
          ? holder.tag
          : undefined;
    return called === callee ? callee : undefined;
  }

  /** Whether a member is assigned to, by itself or in a pattern. */
  function isTarget(member: Node): boolean {
    const [target, holder, around] = holdersOf(member);
    switch (holder?.type) {
      case 'UpdateExpression':
      case 'ArrayPattern':
      case 'RestElement':
        return true;
      case 'AssignmentExpression':
      case 'AssignmentPattern':
      case 'ForInStatement':
      case 'ForOfStatement':
        return holder.left === target;
      case 'Property':
        return around?.type === 'ObjectPattern' && holder.value === target;
      default:
        return false;
    }
  }

  /** A node with the parentheses around it, then the nodes that this stands in, innermost first. */
  function holdersOf(node: Node): Node[] {
    const path: Node[] = [];
    const descend = (at: Node): void => {
      path.unshift(at);
      eachChild(at, (child) => {
        if (path[0] === at && child.start <= node.start && child.end >= node.end) descend(child);
      });
    };
    descend(hot.node);
    let first = path.indexOf(node);
    while (TRANSPARENT.has(path[first + 1]?.type as string)) first++;
    return path.slice(first);
  }
}

/** Nodes that leave what stands in them a reference. */
const TRANSPARENT = new Set([
  'ParenthesizedExpression',
  'ChainExpression',
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSTypeAssertion',
  'TSNonNullExpression',
]);

/**
 * Gives functions of a text that is to be evaluated patch points and cells of their own: closures of this text are none of
 * another's.
 * @param inside the functions, which stand in `range`
 * @param around the scopes outside of the text, of which `answer` knows how to ask
 */
export function patchInside(
  text: MagicString,
  { module, analysis, overlaid }: Pick<Making, 'module' | 'analysis' | 'overlaid'>,
  inside: readonly HotFunction[],
  { start, end }: Pick<Node, 'start' | 'end'>,
  around: ReadonlySet<Scope>,
  answer: Reached['answer'],
): void {
  const accessors = analysis.accessors.filter(({ block }) => block.start >= start && block.end <= end);
  const declared = new Set(accessors.map((one) => one.name));
  const first = module.cells.length;
  defineCells(module.prefix, inside.length, first);
  const patched = inside.map((inner, i) => {
    const scopes = scopesAround(inner);
    const isOuter = (has: (scope: Scope) => boolean): boolean => {
      const found = scopes.find(has);
      return found !== undefined && around.has(found);
    };
    const own: Slot[] = [];
    const hand = ({ key, answer: asked }: Slot): void => {
      const name = key.replace(/(=| in)$/, '');
      const outer = name.startsWith('#')
        ? isOuter((scope) => scope.privates?.has(name.slice(1)) ?? false)
        : CONTEXT.has(name)
          ? isOuter((scope) => scope.context !== undefined)
          : isOuter((scope) => scope.variables.has(name));
      if (!outer) {
        own.push({ key, answer: asked });
        return;
      }
      const through = key === '' ? undefined : answer(key);
      if (through === undefined) return;
      const more = asked.includes('hs$w') ? ',hs$v,hs$w)' : asked.includes('hs$v') ? ',hs$v)' : ')';
      own.push({ key, answer: through.slice(0, -1) + more });
    };
    const handed = handedOnBy(inner);
    handed.own.forEach(hand);
    const shared: HandedOn['shared'] = [];
    for (const one of handed.shared) {
      if (declared.has(one.accessor)) shared.push(one);
      else one.slots.forEach(hand);
    }
    const handedOn: HandedOn = { own, shared };
    const slots = keysOf(handedOn);
    module.cells.push(newCell(analysis, inner, first, slots, overlaid));
    return { inner, handedOn, index: first + i };
  });
  for (const { inner, handedOn, index } of patched.reverse()) {
    const readsNewTarget = inner.kind === 'function' && uncommon(inner.node).targets.length > 0;
    addPatchPoint(
      text,
      analysis.plain,
      inner,
      cellName(module.prefix, index),
      undefined,
      readsNewTarget,
      handedOn,
    );
  }
  for (const accessor of accessors) addAccessor(text, accessor);
}

/**
 * Lets assignments to constants of the top level throw: those that are exported were made assignable (`freedNames`), which new
 * code must not be able to tell. A target becomes a property, whose setter assigns to a constant.
 * @returns the parameter that the code needs for that, if any
 */
export function guardConstants(
  text: MagicString,
  references: readonly Reference[],
  overlaid: ReadonlySet<string>,
): string[] {
  const names = new Set<string>();
  for (const reference of references) {
    const { key, kind, node, scope, writes, shorthand } = reference;
    if (!writes || kind !== 'variable' || scope?.handedOver !== true || scope.parent !== undefined) continue;
    if (scope.variables.get(key)?.constant !== true || isOverlaid(reference, overlaid)) continue;
    names.add(key);
    put(text, node, `${shorthand ? `${key}:` : ''}hs$k.${key}`);
  }
  const properties = [...names].map(
    (name) => `get ${name}(){return ${name}},set ${name}(hs$v){const hs$k=0;hs$k=hs$v}`,
  );
  return names.size === 0 ? [] : [`hs$k={${properties.join()}}`];
}

/** Whether V8 quotes what stands here when it cannot be called, constructed, iterated or taken apart. */
function isQuoted({ node, parent }: Reference): boolean {
  switch (parent?.type) {
    case 'CallExpression':
    case 'NewExpression':
      return parent.callee === node;
    case 'TaggedTemplateExpression':
      return parent.tag === node;
    case 'ForOfStatement':
      return parent.right === node;
    case 'VariableDeclarator':
      return parent.init === node && parent.id.type === 'ObjectPattern';
    case 'SpreadElement':
      return true;
    default:
      return false;
  }
}

/** Whether a parenthesis may open at an offset: nothing on a line above would go on with it, as a call. */
function canOpen(source: string, offset: number): boolean {
  let before = offset;
  while (before > 0 && /\s/.test(source[before - 1] as string)) before--;
  if (source.endsWith('*/', before)) return false;
  if (!/[\n\r\u2028\u2029]/.test(source.slice(before, offset))) return true;
  const line = source.slice(source.lastIndexOf('\n', before - 1) + 1, before);
  return /(?:[([{,;=&|?:!*%<~^]|=>)$/.test(line) && !/\/\/|\/\*/.test(line);
}

/**
 * Rewrites a reference to a name on the overlay: `f` becomes `hs$o.f`, which as a callee must not hand on its `this`. A global that
 * the module's variable hides becomes `hs$o.hs$g.f`, and `typeof f` with it `typeof hs$o.hs$t.f`, which must not throw.
 */
export function referTo(text: MagicString, { key, node, parent, shorthand, scope }: Reference): void {
  const isTypeof = parent?.type === 'UnaryExpression' && parent.operator === 'typeof';
  const value = scope !== undefined ? `hs$o.${key}` : `hs$o.${isTypeof ? 'hs$t' : 'hs$g'}.${key}`;
  if (node.type === 'JSXIdentifier') return put(text, node, value);
  const isCallee =
    (parent?.type === 'CallExpression' && parent.callee === node) ||
    (parent?.type === 'TaggedTemplateExpression' && parent.tag === node) ||
    parent?.type === 'ParenthesizedExpression';
  put(text, node, shorthand ? `${key}:${value}` : isCallee ? callee(text.original, node, value) : value);
}

function callee(source: string, { start }: Node, value: string): string {
  return canOpen(source, start) ? `(0,${value})` : `hs$i(${value})`;
}

/** Rewrites a reference. What stands around it may have been rewritten before. */
function put(text: MagicString, { start, end }: Node, value: string): void {
  text.overwrite(start, end, value, { contentOnly: true });
}

/** Which accessor answers for a key, and by which number. */
export function placeOf(cell: LiveCell, key: string): [accessor: number, number: number] | undefined {
  for (let i = 0; i < cell.slots.length; i++) {
    const number = (cell.slots[i] as string[]).indexOf(key);
    if (number >= 0) return [i, number];
  }
  return undefined;
}

const CONTEXT = new Set(['this', 'arguments', 'new.target', 'super']);

/** Whether `new` stands right before an offset. Looks back only as far as there is white space. */
function followsNew(source: string, offset: number): boolean {
  let end = offset;
  while (end > 0 && /\s/.test(source[end - 1] as string)) end--;
  return /\bnew$/.test(source.slice(Math.max(0, end - 4), end));
}

/** An arrow in a field of a top-level class, whose `super` hangs on a class that can be asked. */
export function isField(hot: HotFunction): boolean {
  return hot.kind === 'arrow' && !hot.local && hot.memberOf !== undefined;
}

/** What new code calls the closure by that is being called, where the patch point hands that on. */
function ownName(native: HotFunction, hot: HotFunction): string | undefined {
  return selfName(native) === undefined ? undefined : (selfName(hot) ?? 'hs$own');
}

export interface Uncommon {
  super: boolean;
  metas: Node[];
  /** `new.target` of the function itself */
  targets: Node[];
  /** whether it mentions `arguments` */
  arguments: boolean;
}

/** What cannot stand in evaluated code as it is. */
export function uncommon(fn: FunctionNode): Uncommon {
  const found: Uncommon = { super: false, metas: [], targets: [], arguments: false };
  const arrow = fn.type === 'ArrowFunctionExpression';
  const look = (node: Node, own: boolean): void => {
    if (node.type === 'Super') found.super ||= own;
    if (node.type === 'Identifier' && node.name === 'arguments') found.arguments ||= own;
    if (node.type === 'MetaProperty') {
      if (node.meta.name === 'import') found.metas.push(node);
      else if (own && !arrow) found.targets.push(node);
      return;
    }
    const within =
      own && !isClass(node) && (node === fn || !isFunction(node) || node.type === 'ArrowFunctionExpression');
    eachChild(node, (child) => look(child, within));
  };
  look(fn, true);
  return found;
}
