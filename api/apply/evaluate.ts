/**
 * A version's function, made. In: a live module, a version's analysis, one of its hot functions, and the cell that is to
 * hold it; out: what the cell takes, or the names that closures with this cell cannot reach. The text is evaluated in
 * its module's or class's scope, on its own line of a file that exists. Nothing of the program changes here.
 */
import MagicString from 'magic-string';
import { HotswapError } from '../../error.ts';
import { type HotFunction, superCall } from '../../loader/functions.ts';
import { type LiveModule, type Scope, valueIn } from '../../loader/live.ts';
import { cellName } from '../../loader/names.ts';
import { eachChild, type FunctionNode, type Node } from '../../loader/parse.ts';
import { assignments, isMade, parens, propertiesOf, selfName } from '../../loader/patch.ts';
import { isProxy, runningText } from '../../node.ts';
import { cellOf } from '../given/given.ts';
import { outerReferences, partAround, scopesAround } from '../plan/analysis.ts';
import { isWithin } from '../plan/plan.ts';
import { sameTree } from '../plan/sametree.ts';
import { canBecome } from '../plan/units.ts';
import { anchorOf } from '../running/anchor.ts';
import { homeOf as cellHome, lifeOf, nativeOf } from '../running/cells.ts';
import { evaluatedTogether, finishTypes, type Placing, setParameters } from '../running/evaluation.ts';
import { classNumberIn, classScopeIn, overlayOf, privatesOf, same } from '../running/overlay.ts';
import {
  isField,
  type Making,
  patchInside,
  placeOf,
  reachOut,
  type Uncommon,
  uncommon,
} from '../running/surroundings.ts';

/**
 * What came of it: the cell's new value, and the number of the first of the cells of the functions inside it; or what the new code needs of closures that they cannot give (`name`, or `name=`
 * to assign to it), or what about the closures, of a function inside another, is not to be changed.
 */
export type Made = { value: unknown; first: number } | { unreachable: string[] } | { unfit: string };

/** What is made with others, and what is done once it is evaluated: until then its value is undefined. */
export interface Later {
  placing: Placing;
  done: (factory: unknown) => void;
}

/**
 * Makes the replacement for a hot function.
 * @param together where it is made with others: what is to be evaluated with theirs
 * @throws ERR_HOTSWAP_SYNTAX for what the engine refuses
 * @throws ERR_HOTSWAP_STRUCTURAL where it cannot be put in place: code generation is disallowed, the module has not
 *   handed over its scope, or the change of kind cannot pass through the function that callers hold
 */
export function makeFunction(making: Making, together?: Later[]): Made {
  const { module, hot, url, analysis } = making;
  const { classScope } = hot;
  const native = nativeOf(module, making.cell);
  const kind = unfit(making, native);
  if (kind !== undefined) return kind;
  const seen = classSeen(making);
  if (seen.unfit !== undefined) return { unfit: seen.unfit };
  const text = new MagicString(analysis.plain);
  const uses = uncommon(hot.node);
  const reached = reachOut(text, making, native);
  if (reached.unreachable.length > 0) return { unreachable: reached.unreachable };
  uses.metas.forEach((meta) => text.overwrite(meta.start, meta.end, 'hs$meta'));
  const cells = module.cells.length;
  const inside = partAround(analysis, hot).functions.filter((one) => isWithin(one, hot));
  const around = new Set(scopesAround(hot));
  patchInside(text, making, inside, hot.node, around, reached.answer);
  setParameters(text, hot.node, analysis);
  const { start, end } = hot.node.body as Node;
  finishTypes(text, analysis, making.overlaid, (offset) => offset > start && offset < end);
  decoratorsOf(hot.node).forEach(({ start, end }) =>
    text.overwrite(start, end, blankOf(text.original, start, end)),
  );

  const inner = module.cells.length > cells;
  const own = hot.node.id?.name;
  const held = own === undefined || !callsItself(making) ? undefined : heldOnly(making, native);
  const bound = Object.entries(making.bound).filter(([name]) => held === undefined || name !== own);
  if (held !== undefined) bound.push([own as string, held]);
  const [opening, body, closing] = expression(text, making, native, uses, held !== undefined);
  const [before, after] = reached.wrap(opening, closing);
  const names = bound.map(([name]) => name);
  const params = [...GIVEN, ...names, ...(inner ? ['hs$life', 'hs$see=()=>hs$life'] : []), ...reached.guard];
  const head = `((${params.join()})=>${before}`;
  const scope = classScope === undefined ? module.scope : seen.scope;
  for (const cell of module.cells.slice(cells))
    if (cell && seen.number !== undefined) cell.home = seen.number;
  const to = module.cells.length;
  const finish = (factory: unknown): unknown => {
    const home = before.includes('hs$home') ? homeOf(making, native, scope as Scope) : undefined;
    const meta = uses.metas.length > 0 ? module.meta?.() : undefined;
    // The arrow beside it is never called: it is there for V8 to keep `hs$life` in the scope.
    const life = inner ? lifeOf(module, cells, to) : undefined;
    const values = bound.map(([, value]) => value);
    // What the code calls there may come with it, after this.
    const overlay = making.overlaid.size === 0 ? undefined : overlayOf(module).values;
    const value = (factory as Factory)(home, meta, overlay, same, ...values, life);
    const isOne = !native.local && isLoaded(making) && isMade(native, []) && making.cell.slots.length === 0;
    return isOne ? madeOnce(value as Maker) : value;
  };
  const subject = { module, path: hot.path, analysis };
  const placing = { subject, start: hot.start, end: hot.end, head, text: `${body}${after})`, url, scope };
  if (together !== undefined) {
    const made = { value: undefined as unknown, first: cells };
    const done = (factory: unknown): void => {
      made.value = finish(factory);
    };
    together.push({ placing, done });
    return made;
  }
  try {
    const [factory] = evaluatedTogether([placing]);
    return { value: finish(factory), first: cells };
  } catch (error) {
    module.cells.length = cells;
    throw error;
  }
}

type Factory = (...args: unknown[]) => unknown;

type Maker = (surroundings: unknown, own: unknown) => unknown;

/** What makes the replacement of a function that nothing but its own name is handed on to, and of which there is one: once. */
function madeOnce(make: Maker): Maker {
  let known: unknown;
  let made: unknown;
  return (surroundings, own) => {
    if (own !== known || made === undefined) {
      made = make(surroundings, own);
      known = own;
    }
    return made;
  };
}

/** Whether a cell is of the text that the module was loaded with: it stays, and may keep its function from going. */
function isLoaded({ cell }: Making): boolean {
  return cell.batch === 0;
}

/** The function that callers hold, where its patch point does not hand it on and it can be told all the same. */
function heldOnly(making: Making, native: HotFunction): unknown {
  if (isMade(native, making.cell.slots) || !isLoaded(making)) return undefined;
  return heldIn(making.module, native, making.index);
}

/** The function whose patch point reads a cell, where it hangs on something of the module; the class, of a constructor. */
export function heldIn(module: LiveModule, native: HotFunction, index: number): object | undefined {
  const held = module.cells[index];
  const home = held && cellHome(module, held);
  if (native.kind === 'constructor')
    return home === undefined ? undefined : (module.classScopes[home]?.('this') as object | undefined);
  const found = reach(module, native.reach, home);
  if (typeof found !== 'function') return undefined;
  const cell = cellOf(found);
  return cell?.url === module.url && cell.index === index ? found : undefined; // or something that wraps it
}

/**
 * The class through whose scope new code sees #private names, and whether it can: instances that a class has left behind, as it
 * was made anew, have only the names of their own, in which the class's name means that one.
 */
function classSeen({ module, analysis, hot, cell, isLeft, back }: Making): {
  number?: number;
  scope?: Scope | undefined;
  unfit?: string;
} {
  const { classScope } = hot;
  if (classScope === undefined) return {};
  const live = classNumberIn(module, classScope.path);
  const own = cellHome(module, cell) ?? live;
  if (own === undefined || live === undefined) return {};
  const scope = module.classScopes[own];
  if (back !== undefined && scope?.('this') === back) return { number: own, scope };
  const number = own === live || scope === undefined ? live : successorOf(module, own, live);
  const has = privatesOf(module, number);
  const isEarlier = number !== live || isLeft;
  const outer = isEarlier ? outerReferences(analysis, hot) : [];
  // Those of classes inside the function are made with it.
  const lacking = outer.filter(
    ({ kind, key, scope }) => kind === 'private' && scope?.handedOver && !has.has(key.slice(1)),
  );
  if (lacking.length > 0) {
    const names = [...new Set(lacking.map(({ key }) => key))].join(', ');
    return { unfit: `instances that were made before have no ${names}` };
  }
  const { id } = classScope.node;
  if (outer.some(({ key }) => key === id?.name))
    return { unfit: `instances that were made before are of another class than ${id?.name} is now` };
  return { number, scope: module.classScopes[number] };
}

/** The number of the class that makes instances of another one what they are, by which that one was succeeded. */
function successorOf({ classScopes, overlay }: LiveModule, own: number, live: number): number {
  const itself = classScopes[own]?.('this') as object;
  let value = itself;
  for (let next = overlay?.succeeded.get(value); next !== undefined; next = overlay?.succeeded.get(value))
    value = next.by;
  if (value === itself) return own;
  const number = classScopes.findIndex((scope) => scope?.('this') === value);
  return number < 0 ? live : number;
}

/** What evaluated code is given: `super`'s prototype, `import.meta`, the overlay, and what calls of names on it go through. */
const GIVEN = ['hs$home', 'hs$meta', 'hs$o', 'hs$i'];

/** What `super` hangs on: the prototype of the object that the method was written in. */
function homeOf({ module, hot, index }: Making, native: HotFunction, scope: Scope): unknown {
  if (hot.local) return (self: unknown) => homeFrom(self, cellName(module.prefix, index));
  if (hot.memberOf !== undefined) {
    const itself = scope('this') as { prototype: object };
    return anchorOf(hot.isStatic ? itself : itself.prototype);
  }
  const way = native.reach;
  const holder = reach(module, way === undefined ? undefined : { ...way, keys: way.keys.slice(0, -1) });
  if (holder !== null && typeof holder === 'object') return Object.getPrototypeOf(holder);
  throw new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${module.url}#${hot.path} uses super, and the object it belongs to cannot be reached from the module's variables`,
    { module: module.url, path: hot.path },
  );
}

/** The prototype of the object, on the chain from `self` up, that holds the method with this cell. */
function homeFrom(self: unknown, cell: string): unknown {
  const text = new RegExp(`\\b${cell.replaceAll('$', '\\$')}\\b`);
  for (let at = self; at !== null && at !== undefined; at = Object.getPrototypeOf(at)) {
    for (const { value, get, set } of Object.values(Object.getOwnPropertyDescriptors(at))) {
      if ([value, get, set].some((one) => typeof one === 'function' && text.test(runningText(one)))) {
        return Object.getPrototypeOf(at);
      }
    }
  }
  return undefined;
}

/**
 * The live value at the end of a reach, following plain properties only; undefined where there is none.
 * @param home number of the class that is meant where several have had its name
 */
function reach(module: LiveModule, way: HotFunction['reach'], home?: number): unknown {
  if (way === undefined) return undefined;
  let value: unknown;
  try {
    value =
      typeof way.root === 'string'
        ? valueIn(module, way.root)
        : (home === undefined ? classScopeIn(module, way.root.path) : module.classScopes[home])?.('this');
  } catch {
    return undefined; // in its dead zone
  }
  for (const key of way.keys) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function') || isProxy(value))
      return undefined;
    const side = /^([gs]et) (.*)$/s.exec(key);
    const property = Object.getOwnPropertyDescriptor(value, side?.[2] ?? key);
    value = side === null ? property?.value : property?.[side[1] as 'get' | 'set'];
  }
  return value;
}

type Expression = [before: string, text: string, after: string];

/**
 * The function as an expression: what goes before its text, the text, and what goes after.
 * @param isHeld whether its own name stands for the function that callers hold, as where the patch point hands that on
 */
function expression(
  text: MagicString,
  making: Making,
  native: HotFunction,
  uses: Uncommon,
  isHeld: boolean,
): Expression {
  const { module, analysis, hot, index } = making;
  const { plain: source } = analysis;
  const { node } = hot;
  const key = JSON.stringify(displayName(hot));
  const marks = `${node.async ? 'async ' : ''}${node.generator ? '*' : ''}`;
  const { open } = parens(source, node);

  if (hot.kind === 'function' || hot.kind === 'arrow') {
    const own = node.id;
    if (!isHeld && selfName(native) === undefined && callsItself(making)) {
      // Nothing tells the function that callers hold: a call of itself must go on to what replaces it.
      const cell = cellName(module.prefix, index);
      const inside = (node.body as Node).start + 1;
      const call = `${cell}.apply(this,arguments);`;
      const check = isMade(native, making.cell.slots)
        ? ''
        : `if(${cell}&&${cell}!==hs$self)return ${node.generator ? 'yield*' : ''}${call}`;
      return [
        '{const hs$self=',
        `${text.slice(node.start, inside)}${check}${text.slice(inside, node.end)}`,
        ';return hs$self}',
      ];
    }
    // As a method, since calls of a `function` in a literal took up to 13 times as long on V8 13.6; only one that is
    // constructed anew, with `new.target`, must be a `function`, and one with `super`, for the engine to refuse.
    const asFunction = hot.kind === 'arrow' || uses.super || uncommon(native.node).targets.length > 0;
    if (own && asFunction) text.remove(own.start, own.end);
    const value: Expression = asFunction
      ? [`({${key}:`, text.slice(node.start, node.end), `})[${key}]`]
      : [`({${marks}${key}`, text.slice(open as number, node.end), `})[${key}]`];
    const itself = placeOf(making.cell, 'this');
    const self = `hs$e0(${itself?.[1]})`;
    // An arrow's patch point passes no `this` to call with, but it has one to tell.
    const hasThis = hot.kind === 'function' && native.kind === 'arrow' && itself !== undefined;
    const named = namedParameters(native.node);
    const trim = native.kind === 'arrow' && countsArguments(hot.node, named) ? trimmed(named) : '';
    if (hasThis || trim !== '') {
      const call = `hs$f.apply(${hasThis ? self : 'void 0'},hs$a)`;
      return [`(hs$f=>(...hs$a)=>{${trim}return ${call}})(${value[0]}`, value[1], `${value[2]})`];
    }
    if (uses.super && isField(hot)) {
      return [
        `({__proto__:hs$home,field(){return${value[0]}`,
        value[1],
        `${value[2]}}}).field.call(${self})`,
      ];
    }
    return value;
  }

  if (hot.kind !== 'constructor') {
    const method = text.slice(open as number, node.end);
    if (!uses.super) return [`({${marks}${key}`, method, `})[${key}]`];
    if (!hot.local) return [`({__proto__:hs$home,${marks}${key}`, method, `})[${key}]`];
    return [
      `function(...hs$a){return({__proto__:hs$home(this),${marks}${key}`,
      method,
      `})[${key}].apply(this,hs$a)}`,
    ];
  }

  const opening = hot.derived ? superCall(node) : undefined;
  const own = assignments(propertiesOf(node, analysis.properties));
  if (opening !== undefined) {
    text.overwrite(opening.start, opening.end, blankOf(source, opening.start, opening.end));
  }
  if (own !== '') text.appendLeft(opening?.end ?? (node.body as Node).start + 1, own);
  uses.targets.forEach((target) => text.overwrite(target.start, target.end, 'hs$target'));
  const object = uses.super ? `({__proto__:hs$home${hot.local ? '(this)' : ''},` : '({';
  const name = JSON.stringify(hot.memberOf?.node.id?.name ?? 'constructor');
  const method = text.slice(open, node.end);
  // A constructor's patch point passes `new.target` and the arguments apart; see loader/patch.ts.
  return uses.targets.length > 0 || (uses.super && hot.local)
    ? [`function(hs$target,hs$args){return ${object}${name}`, method, `})[${name}].apply(this,hs$args)}`]
    : [
        `(hs$m=>function(hs$target,hs$args){return hs$m.apply(this,hs$args)})(${object}${name}`,
        method,
        `})[${name}])`,
      ];
}

/** How many parameters a function has before a rest parameter. */
function namedParameters({ params }: FunctionNode): number {
  return params.length - (params.at(-1)?.type === 'RestElement' ? 1 : 0);
}

/**
 * Whether code can tell how many of the first arguments it was called with: by a rest parameter among them, as in
 * `(...args) => args.length`, or by `arguments`.
 * @param first how many arguments that is
 */
function countsArguments(node: FunctionNode, first: number): boolean {
  if (node.params.at(-1)?.type === 'RestElement') return node.params.length <= first;
  return first > 0 && node.type !== 'ArrowFunctionExpression' && uncommon(node).arguments;
}

/**
 * The statement that takes arguments off `hs$a` that nobody gave. The patch point of `(a, b) => …` hands on `a` and `b` whether
 * they were given or not, as an arrow cannot tell; an `undefined` at the end of a call of few arguments is taken for one that
 * was not given.
 * @param named how many parameters the loaded arrow names
 */
function trimmed(named: number): string {
  return `let hs$n=hs$a.length;if(hs$n<=${named})while(hs$n>0&&hs$a[hs$n-1]===void 0)hs$a.length=--hs$n;`;
}

/** What is left of a piece of text when only its line breaks stay. */
function blankOf(source: string, start: number, end: number): string {
  return source.slice(start, end).replace(/[^\n\r]/g, '') || ' ';
}

/** Decorators of parameters: they have run when there is a class. */
function decoratorsOf({ params }: FunctionNode): Node[] {
  const found: Node[] = [];
  const look = (node: Node): void => {
    if (node.type === 'Decorator') found.push(node);
    else if (/Pattern$|^Identifier$|^RestElement$/.test(node.type)) eachChild(node, look);
  };
  params.forEach(look);
  return found;
}

function callsItself({ analysis, hot }: Making): boolean {
  return outerReferences(analysis, hot).some(
    ({ key, scope }) => key === hot.node.id?.name && scope?.owner === hot.node,
  );
}

/** The name that a stack trace shows. */
function displayName(hot: HotFunction): string {
  const path = hot.path.slice(hot.path.lastIndexOf(' > ') + 1).trim();
  if (hot.kind === 'function' || hot.kind === 'arrow') {
    if (hot.node.id) return hot.node.id.name;
    return /^[\p{L}$_.][\p{L}\p{N}$_.]*$/u.test(path) && path !== 'return'
      ? (path.split('.').at(-1) as string)
      : '';
  }
  const last = /(?:^|\.)((?:[gs]et )?[^.[\]]+)(?:~\d+)?$/.exec(path) ?? /(\[.*\])(?:~\d+)?$/.exec(path);
  return last?.[1] ?? path;
}

/** Whether there is a direct eval in some code (ECMA-262 19.2.1), which sees all variables around it, whatever they are called. */
function callsEval(node: Node): boolean {
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'eval')
    return true;
  let found = false;
  eachChild(node, (child) => {
    found ||= callsEval(child);
  });
  return found;
}

/** How to go back to the file where that needs a restart, which would run the newest version again. */
function wayBack({ started }: LiveModule): string {
  return started === 0 ? '' : ' (to go back to the file, start with HOTSWAP_RELOAD=0 and reset() it there)';
}

/**
 * Whether calls of the function that callers hold can become calls of the new one at all. Closures of a function inside
 * another keep their code if not; a function that is made once needs a restart.
 */
function unfit({ module, hot, remade }: Making, native: HotFunction): Made | undefined {
  const refused = (long: string, short: string): Made => {
    if (hot.parent !== undefined || remade()) return { unfit: short };
    throw new HotswapError(
      'ERR_HOTSWAP_STRUCTURAL',
      `${long}; this change needs a restart${wayBack(module)}`,
      {
        module: module.url,
        path: hot.path,
      },
    );
  };
  const kind = (one: HotFunction) =>
    `${one.async ? 'an async ' : 'a '}${one.generator ? 'generator' : 'function'}`;
  // A promise of what sync code returns serves who awaits it.
  const awaited = native.async && !native.generator && !hot.generator;
  if (!awaited && !canBecome(native, hot)) {
    return refused(
      `${module.url}#${hot.path} was loaded as ${kind(native)}, and whoever holds it would get that from ${kind(hot)} too`,
      `what is ${kind(native)} cannot become ${kind(hot)}`,
    );
  }
  if (hot.parent !== undefined && callsEval(hot.node))
    return {
      unfit: `it calls eval, which would not find the variables of ${hot.parent.path} from where new code stands`,
    };
  const reads = (one: HotFunction) => one.kind === 'function' && uncommon(one.node).targets.length > 0;
  if (reads(hot) && !reads(native)) {
    return refused(
      `the new code of ${module.url}#${hot.path} reads new.target, which the loaded function does not pass on`,
      'new.target is not passed on by what does not read it',
    );
  }
  if (native.kind === 'constructor') {
    const [first, second] = [native, hot].map((one) => (one.derived ? superCall(one.node) : undefined));
    if (!sameTree(first, second))
      return { unfit: 'a class that exists calls the constructor it extends as it did' };
  }
  return undefined;
}
