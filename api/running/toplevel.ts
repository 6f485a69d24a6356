/**
 * The top level of a version, carried into the running module. In: units that have come, or say something else; out: what evaluates them, each
 * name with the value that it held under the same text before, where that is at hand; and what takes all of it back.
 */
import { HotswapError } from '../../error.ts';
import type { Bound } from '../../loader/kept.ts';
import { type Held, type LiveModule, type MadeBy, nativeIn, valueIn } from '../../loader/live.ts';
import { awaits, lineOf, type Node } from '../../loader/parse.ts';
import { type Analysis, analyse } from '../plan/analysis.ts';
import {
  canBecome,
  classOf,
  type Imported,
  isOfStatements,
  kindOf,
  textOfUnit,
  type Unit,
  unitsOf,
} from '../plan/units.ts';
import { assignedBy, putsBackProperty, type Target } from './assigned.ts';
import { compile, compileAdds, setterOf, variableOf } from './compile.ts';
import { checkImport, importFor, type Leads } from './importing.ts';
import { comparedToMade, forgetTexts, giveMembers } from './members.ts';
import { mergedKeys, propertiesUnder, putUnder } from './merged.ts';
import {
  classScopeIn,
  keep,
  keptAs,
  madeBy,
  madeIn,
  namespaceOf,
  nativesOf,
  overlaidIn,
  overlayOf,
  placeOf,
} from './overlay.ts';
import type { MadeClass } from './statics.ts';
import { takePlace, takePlaceAsFunction } from './succession.ts';
import { putsBack, takeBack } from './undo.ts';

/** Units made ready. */
export interface Evaluation {
  /** refuses imports that cannot be; undefined where there are none */
  check: ((leads: Leads) => Promise<void>) | undefined;
  /** what takes time: imports, and units that await; gives what takes these back. Undefined where nothing does */
  load: ((leads: Leads) => Promise<() => void>) | undefined;
  /** whether some of them await */
  waits: boolean;
  /** specifiers of what they import */
  imports: readonly string[];
  /** evaluates them, and gives what takes that back; throws with nothing changed */
  run: () => () => void;
}

const NOTHING: Evaluation = {
  check: undefined,
  load: undefined,
  waits: false,
  imports: [],
  run: () => () => {},
};

/** What is done where something stands in a text. */
export interface Placed {
  /** offset of what stands there */
  at: number;
  /** does it; gives what takes it back */
  run: () => () => void;
}

/** A version's top level, as far as it is to be evaluated. */
export interface TopLevel {
  /** what runs */
  before: Analysis;
  after: Analysis;
  units: readonly Unit[];
  /** what is done besides, among them: members of classes that stay */
  members: readonly Placed[];
  bound: Bound;
  /** whether an earlier version comes back, for which no statement runs that has run before */
  again: boolean;
  /** file that stack traces are to name */
  url: string;
  /** called before units that await are evaluated, with those: lets what they call be what the version has; gives what takes that back */
  ahead: (units: readonly Unit[]) => () => void;
}

/**
 * Makes a top level ready to be evaluated, in source order as a module that starts is: first what is hoisted, imports, functions and
 * `var` without a value, then all else where it stands.
 * @throws ERR_HOTSWAP_SYNTAX for what the engine refuses
 */
export function prepareUnits(module: LiveModule, top: TopLevel): Evaluation {
  const { before, after: analysis, units, members, bound, again, url, ahead } = top;
  if (units.length === 0 && members.length === 0) return NOTHING;
  const overlaid = overlaidIn(module, analysis);
  const made = new Map(
    units.map((unit) => {
      const by = madeBy(analysis, unit, overlaid);
      return [unit, unit.imported === undefined ? by : { ...by, homes: namespaceOf(module, unit.imported) }];
    }),
  );
  const madeOf = (unit: Unit): MadeBy => made.get(unit) as MadeBy;
  const isMadeAnew = (unit: Unit): boolean =>
    !isThere(module, analysis, unit, madeOf(unit), overlaid, again) &&
    heldBy(module, unit, madeOf(unit), overlaid) === undefined;
  const there = units.filter((unit) => {
    if (!isThere(module, analysis, unit, madeOf(unit), overlaid, again)) return false;
    const name = unit.names.length === 0 ? assignedOn(unit) : undefined;
    return name === undefined || !units.some((one) => one.names.includes(name) && isMadeAnew(one));
  });
  const fresh = units.filter(
    (unit) => !there.includes(unit) || isOther(module, unit, madeOf(unit), overlaid),
  );
  const all = fresh.map((unit): Compiled => {
    const [name = ''] = unit.names;
    const was = madeIn(module, name, overlaid);
    const isAdded = was !== undefined && hasBase(was, madeOf(unit), analysis, unit);
    const isMade = there.includes(unit);
    const back = isMade ? undefined : heldBy(module, unit, madeOf(unit), overlaid);
    const at = isHoisted(unit) ? HOISTED : unit.node.start;
    const isKept = isMade || back !== undefined;
    const evaluate =
      isKept || (isAdded && !isOfStatements(unit))
        ? undefined
        : compile(module, analysis, unit, bound.get(name) ?? {}, url);
    const adds = isKept ? [] : compileAdds(module, analysis, unit, url);
    return { at, unit, made: madeOf(unit), evaluate, adds, back, isMade, isAdded };
  });
  const inOrder = inSourceOrder(module, analysis, all, members);
  const last = inOrder.findLastIndex((one) => 'unit' in one && isAwaiting(one));
  const waits = last >= 0;
  const imports = all.filter(({ unit, evaluate }) => evaluate !== undefined && unit.imported !== undefined);
  const importing = ({ unit: { imported, node } }: Compiled): [LiveModule, Imported, number] => [
    module,
    imported as Imported,
    lineOf(analysis.source, node.start),
  ];
  const check = async (leads: Leads): Promise<void> => {
    for (const one of imports) await checkImport(...importing(one), leads);
  };
  const undos: (() => void)[] = [];
  const todo = steps(module, before, analysis, inOrder, overlaid, url, undos);
  const load = async (leads: Leads): Promise<() => void> => {
    for (const one of imports) one.namespace = await importFor(...importing(one), leads);
    if (waits)
      undos.push(ahead(inOrder.slice(0, last + 1).flatMap((one) => ('unit' in one ? one.unit : []))));
    await runSlowly(todo, last + 1, undos);
    return () => takeBack(undos);
  };
  const run = (): (() => void) => {
    runAll(todo, undos);
    return () => takeBack(undos);
  };
  return {
    check: imports.length > 0 ? check : undefined,
    load: waits || imports.length > 0 ? load : undefined,
    waits,
    imports: imports.map(({ unit }) => (unit.imported as Imported).specifier),
    run,
  };
}

interface Compiled {
  /** where it is evaluated, `HOISTED` before all that has a place */
  at: number;
  unit: Unit;
  made: MadeBy;
  evaluate: ((namespace: unknown) => unknown) | undefined;
  /** what adds to the function or class that it declares, to be evaluated where it stands */
  adds: { at: number; evaluate: () => void }[];
  /** what each of its names held under this text, and is given once more */
  back: Held[] | undefined;
  /** whether the class that it declares is where its name lives now */
  isMade: boolean;
  /** whether the function or class that it declares stays, and what adds to it is another */
  isAdded: boolean;
  namespace?: unknown;
}

const HOISTED = -1;

/** Whether a unit is there before all that has a place in the text (ECMA-262 16.2.1.6.4, InitializeEnvironment). */
function isHoisted(unit: Unit): boolean {
  const { node, imported } = unit;
  if (node.type === 'VariableDeclarator') return node.init === null && kindOf(unit) === 'var';
  return imported !== undefined || node.type === 'FunctionDeclaration';
}

/** All that is evaluated, each with its place. */
function inSourceOrder(
  module: LiveModule,
  analysis: Analysis,
  all: readonly Compiled[],
  members: readonly Placed[],
): (Compiled | Placed)[] {
  const adds = all.flatMap(({ unit, at, adds }) =>
    adds.map((one): Placed => {
      const run = (): (() => void) => {
        try {
          one.evaluate();
        } catch (cause) {
          throw failed(module, analysis, unit, cause);
        }
        return () => {}; // what its properties were is put back with the unit
      };
      return { at: Math.max(at, one.at), run };
    }),
  );
  return [...all, ...members, ...adds].sort((a, b) => a.at - b.at);
}

function isAwaiting(one: Compiled | Placed): boolean {
  return 'unit' in one && one.evaluate !== undefined && awaits(one.unit.node);
}

/** Evaluates one after the other, and yields what each gives: a promise, of one that awaits. @param undos get what takes it back */
function* steps(
  module: LiveModule,
  before: Analysis,
  analysis: Analysis,
  all: readonly (Compiled | Placed)[],
  overlaid: ReadonlySet<string>,
  url: string,
  undos: (() => void)[],
): Generator<unknown, void, void> {
  for (const one of all) {
    if ('run' in one) {
      undos.push(one.run());
      yield undefined;
      continue;
    }
    const finish = begin(module, before, analysis, one, overlaid, url, undos);
    try {
      yield one.evaluate?.(one.namespace);
    } catch (cause) {
      throw failed(module, analysis, one.unit, cause);
    }
    finish();
  }
}

function runAll(of: ReturnType<typeof steps>, undos: (() => void)[]): void {
  try {
    while (of.next().done !== true);
  } catch (error) {
    takeBack(undos);
    throw error;
  }
}

/** Evaluates the first of them, and waits for those that await. */
async function runSlowly(of: ReturnType<typeof steps>, count: number, undos: (() => void)[]): Promise<void> {
  try {
    for (let i = 0; i < count; i++) {
      const { value } = of.next();
      try {
        await value;
      } catch (error) {
        of.throw(error);
      }
    }
  } catch (error) {
    takeBack(undos);
    throw error;
  }
}

/** Notes how things are before a unit is evaluated. @returns what is to be done when it has been */
function begin(
  module: LiveModule,
  running: Analysis,
  analysis: Analysis,
  { unit, made, evaluate, back, isMade, isAdded }: Compiled,
  overlaid: ReadonlySet<string>,
  url: string,
  undos: (() => void)[],
): () => void {
  const overlay = overlayOf(module);
  if (evaluate !== undefined)
    for (const one of assignedBy(analysis, unit)) undos.push(putsBackAssigned(module, one, overlaid));
  if (unit.names.length === 0) {
    return () => {
      if (overlay.ran.has(made.text)) return;
      overlay.ran.add(made.text);
      undos.push(() => overlay.ran.delete(made.text));
    };
  }
  const [first = ''] = unit.names;
  // What an export stands for was never this class, and what was imported is another module's.
  const isOwn = unitsOf(running).every((one) => one.imported === undefined || one.names[0] !== first);
  const before = !isOwn || madeIn(module, first, overlaid)?.passes ? undefined : valueIn(module, first);
  const former = formerClass(module, running, first, before);
  const classes = new Map(overlay.classes);
  undos.push(() => {
    overlay.classes = classes;
  });
  const ran = overlaidIn(module, running);
  const there = isMade ? madeIn(module, first, overlaid) : undefined;
  for (const [i, name] of unit.names.entries()) {
    const now = unitsOf(running).find((one) => one.names.includes(name));
    const place = placeOf(name, overlaid);
    const was = madeIn(module, name, overlaid);
    const keys = [...new Set([...mergedKeys(now), ...mergedKeys(unit)])];
    const held = descriptorOf(module, name, overlaid, keys);
    undos.push(putsBack(overlay.made, place), () => putBack(module, name, overlaid, held, keys));
    if (was !== undefined && held !== undefined) keep(overlay.kept, keptAs(place, was), held);
    // The code of its functions, and what adds to it, may be others than when it was made.
    const isOther = now !== undefined && (classOf(unit) ? classOf(now) : isOfStatements(now));
    if (isOther && was !== undefined && held !== undefined && place === placeOf(name, ran))
      keep(overlay.kept, keptAs(place, { text: textOfUnit(running, now), homes: was.homes }), held);
    if (back !== undefined) putBack(module, name, overlaid, back[i], keys);
    else if (isAdded && !isMade) putUnder(before, keys);
  }
  return () => {
    for (const name of unit.names) overlay.made.set(placeOf(name, overlaid), made);
    const node = classOf(unit);
    const after = overlaid.has(first) ? overlay.values[first] : nativeIn(module, first);
    if (node === undefined) {
      if (former !== undefined) takePlaceAsFunction(overlay.succeeded, former, after, undos);
      return;
    }
    if (evaluate === undefined) {
      const number = module.classScopes.findIndex((scope) => scope?.('this') === after);
      if (number >= 0) overlay.classes.set(first, number);
    }
    if (there !== undefined && there.text !== made.text)
      forgetTexts(overlay.kept, placeOf(first, overlaid), after);
    const members = there && (() => giveMembers(module, there, analysis, unit, url));
    const now = { value: after, node, scope: classScopeIn(module, first) };
    takePlace(overlay.succeeded, former ?? { value: before }, now, members, undos);
  };
}

/** The class that a name stands for in the version that runs. */
function formerClass(
  module: LiveModule,
  running: Analysis,
  name: string,
  value: unknown,
): MadeClass | undefined {
  const unit =
    typeof value === 'function' ? unitsOf(running).find((one) => one.names.includes(name)) : undefined;
  const node = unit && classOf(unit);
  return node && { value, node, scope: classScopeIn(module, name) };
}

/** What a statement gives a property, or its prototype: `A` of `A.prototype.total = …`. */
function assignedOn({ node }: Unit): string | undefined {
  if (node.type !== 'ExpressionStatement' || node.expression.type !== 'AssignmentExpression')
    return undefined;
  let target: Node = node.expression.left;
  if (target.type !== 'MemberExpression') return undefined;
  while (target.type === 'MemberExpression') target = target.object;
  return target.type === 'Identifier' ? target.name : undefined;
}

/** Whether what a unit declares is there as it is to be, or is a function whose cells take its code. */
function isThere(
  module: LiveModule,
  analysis: Analysis,
  unit: Unit,
  made: MadeBy,
  overlaid: ReadonlySet<string>,
  again: boolean,
): boolean {
  const { text, base } = made;
  if (unit.names.length === 0) {
    if (!again) return false;
    if (module.overlay?.ran.has(text)) return true;
    const before = analyse(module.source, module.url);
    return unitsOf(before).some((one) => one.names.length === 0 && textOfUnit(before, one) === text);
  }
  return unit.names.every((name) => {
    const now = madeIn(module, name, overlaid);
    if (now === undefined) return false;
    const fixed = !overlaid.has(name) && nativesOf(module).get(name)?.assignable === false;
    const isAlike = now.text.slice(now.base.length) === text.slice(base.length);
    return (
      fixed ||
      (now.text === text && now.homes === made.homes) ||
      (isAlike && (hasBase(now, made, analysis, unit) || takesMembers(now, made, analysis, unit)))
    );
  });
}

/**
 * Whether a class that is there must be seen to all the same: another one ran, that which its name stood for where it lived before,
 * another has taken its place since, or its members are others.
 */
function isOther(module: LiveModule, unit: Unit, { text }: MadeBy, overlaid: ReadonlySet<string>): boolean {
  if (classOf(unit) === undefined) return false;
  const [name = ''] = unit.names;
  const isElsewhere = (module.overlay?.names.has(name) ?? false) !== overlaid.has(name);
  const value = valueIn(module, name, overlaid);
  const isSucceeded = typeof value === 'function' && module.overlay?.succeeded.has(value) === true;
  return isElsewhere || isSucceeded || madeIn(module, name, overlaid)?.text !== text;
}

/** Whether the function or class that a unit declares is there, or is one whose cells take its code; what adds to it aside. */
function hasBase(now: MadeBy, made: MadeBy, analysis: Analysis, unit: Unit): boolean {
  if (isOfStatements(unit) || now.homes !== made.homes) return false;
  const { kind } = made;
  const takes = now.kind !== undefined && kind !== undefined && canBecome(now.kind, kind);
  return takes || isSameClass(now, made, analysis, unit);
}

/** Whether a class that was made by another text is this one, the code of its functions aside, which its cells take. */
function isSameClass(now: MadeBy, made: MadeBy, analysis: Analysis, unit: Unit): boolean {
  if (now.keyword !== made.keyword || unit.names[0] === 'default') return false;
  const compared = comparedToMade(now, analysis, unit);
  return compared?.isSame === true && compared.come.length === 0 && compared.statics.length === 0;
}

/** Whether a class that was made by another text is this one once it has the members of this text. */
function takesMembers(now: MadeBy, made: MadeBy, analysis: Analysis, unit: Unit): boolean {
  if (now.keyword !== made.keyword || unit.names[0] === 'default' || now.homes !== made.homes) return false;
  return comparedToMade(now, analysis, unit)?.isSame === true;
}

/** What each name of a unit held that was made by this text; undefined where that is not at hand of all. */
function heldBy(
  { overlay }: LiveModule,
  unit: Unit,
  made: MadeBy,
  overlaid: ReadonlySet<string>,
): Held[] | undefined {
  const held = unit.names.flatMap((name) => overlay?.kept.get(keptAs(placeOf(name, overlaid), made)) ?? []);
  return held.length > 0 && held.length === unit.names.length ? held : undefined;
}

/** What the name of a unit will stand for once more, where its text comes back; undefined where it is evaluated. */
export function comingBack(
  module: LiveModule,
  analysis: Analysis,
  unit: Unit,
  overlaid: ReadonlySet<string>,
): unknown {
  const made = madeBy(analysis, unit, overlaid);
  const [name = ''] = unit.names;
  const isMade = classOf(unit) !== undefined && isThere(module, analysis, unit, made, overlaid, false);
  return isMade ? valueIn(module, name, overlaid) : heldBy(module, unit, made, overlaid)?.[0]?.value;
}

/** What a name holds, and that under some keys; undefined for one on the overlay that is not there yet. */
function descriptorOf(
  module: LiveModule,
  name: string,
  overlaid: ReadonlySet<string>,
  keys: readonly string[],
): Held | undefined {
  const { values } = overlayOf(module);
  let found: Held | undefined;
  if (overlaid.has(name)) found = Object.getOwnPropertyDescriptor(values, name);
  else if (module.scope === undefined || nativesOf(module).get(name)?.assignable !== true) return undefined;
  try {
    found ??= overlaid.has(name) ? undefined : { value: module.scope?.(variableOf(name)) };
  } catch {
    return undefined; // in its dead zone
  }
  return keys.length === 0 || found === undefined
    ? found
    : { ...found, own: propertiesUnder(found.value, keys) };
}

function putBack(
  module: LiveModule,
  name: string,
  overlaid: ReadonlySet<string>,
  held: Held | undefined,
  keys: readonly string[],
): void {
  const { values } = overlayOf(module);
  putUnder(held?.value, keys, held?.own);
  if (!overlaid.has(name)) setterOf(module, name)?.(held?.value);
  else if (held === undefined) delete values[name];
  else Object.defineProperty(values, name, held);
}

/** What gives a variable, or a property, what it has now. */
function putsBackAssigned(
  module: LiveModule,
  { root, keys }: Target,
  overlaid: ReadonlySet<string>,
): () => void {
  if (keys.length > 0) return putsBackProperty(valueIn(module, root, overlaid), keys);
  const held = descriptorOf(module, root, overlaid, []);
  return held === undefined ? () => {} : () => putBack(module, root, overlaid, held, []);
}

function failed(module: LiveModule, analysis: Analysis, unit: Unit, cause: unknown): HotswapError {
  if (cause instanceof HotswapError) return cause;
  const { names, node } = unit;
  const line = lineOf(analysis.source, node.start);
  const message = cause instanceof Error ? cause.message : String(cause);
  const what =
    names.length === 0
      ? `the new statement in line ${line} failed`
      : `the new ${names.join(', ')} in line ${line} cannot be made, evaluating it failed`;
  return new HotswapError('ERR_HOTSWAP_STRUCTURAL', `${module.url}: ${what}: ${message}`, {
    module: module.url,
    names,
    line,
    cause,
  });
}
