/**
 * Which clauses a function has. In: a function's tree; out: its leading guarded exits and what is left of it, with the
 * statements of each. An Erlang function has clauses by syntax, one of JavaScript by where control can go: no call runs
 * more than one of them. Pure.
 */
import { superCall } from '../../loader/functions.ts';
import { blockOf, type FunctionNode, type Node, unwrapped } from '../../loader/parse.ts';

/** Statements that others can be put among. */
export interface StatementList {
  statements: Node[];
  /** the statement that stands before them, if any */
  before: Node | undefined;
  /** where the first would begin if nothing stood before it */
  start: number;
  /** their first stands alone after `if (…)` or `else`, and takes others in only by becoming a block */
  alone: boolean;
  /** they are a case's: what they declare is the whole switch's */
  isCase: boolean;
}

export interface Clause extends StatementList {
  /** offsets of its text: guard and branch, a case with its labels, or statements alone */
  from: number;
  to: number;
  /** the statement that another clause must precede to come before this one; none for a case that is not the first */
  head: Node | undefined;
  /** the `switch` that it is a case of */
  of: SwitchStatement | undefined;
  /** the statement before that one */
  previous: Node | undefined;
  /** the `if` whose `else` leads to the head */
  elseOf: IfStatement | undefined;
}

type IfStatement = Extract<Node, { type: 'IfStatement' }>;
type SwitchStatement = Extract<Node, { type: 'SwitchStatement' }>;

/**
 * The statements of a function's body, after its directives; in a derived constructor after `super(…)`, as before
 * that there is no `this`. None for an arrow that is one expression.
 */
export function bodyOf(fn: FunctionNode, derived: boolean): StatementList | undefined {
  const block = blockOf(fn);
  if (block === undefined) return undefined;
  const body = block.body as Node[];
  const opening = derived ? superCall(fn) : undefined;
  const first =
    opening === undefined
      ? body.findIndex((statement) => !isDirective(statement))
      : body.indexOf(opening) + 1;
  const from = first === -1 ? body.length : first;
  return list(body.slice(from), block.start + 1, body[from - 1]);
}

/**
 * The clauses of a function, in source order.
 *
 * - A top-level `if` whose branch always returns or throws is one, and so is each `else if` after it, and an `else`
 *   that always does.
 * - Each case of a top-level `switch` that always returns or throws is one, with the labels that lead to nothing else. What
 *   other cases do on their way (by falling through, or out of the switch) is part of none.
 * - They lead: the first statement of any other kind, a declaration too, ends the run, and so does a `switch` that some
 *   case leads out of. What is left of the body is the last clause, and may be empty; where nothing can get there, as after an
 *   `else` or a `default` that always leaves, there is none.
 */
export function clausesOf(fn: FunctionNode, derived: boolean): Clause[] {
  const body = bodyOf(fn, derived);
  if (body === undefined) {
    const { start, end } = fn.body as Node;
    return [{ ...list([], start), from: start, to: end, ...NO_HEAD }];
  }
  const { statements } = body;
  const found: Clause[] = [];
  for (let i = 0; i < statements.length; i++) {
    const statement = statements[i] as Node;
    const previous = statements[i - 1] ?? body.before;
    if (statement.type === 'EmptyStatement') continue;
    if (statement.type === 'IfStatement' && exits(statement.consequent)) {
      const { clauses, last } = guards(statement, previous);
      found.push(...clauses);
      if (last.alternate === null) continue;
      if (!exits(last.alternate)) found.push(rest(body, i + 1, found.length, last));
      return found;
    }
    const cases = statement.type === 'SwitchStatement' ? caseClauses(statement, previous) : [];
    if (statement.type !== 'SwitchStatement' || cases.length === 0) {
      found.push(rest(body, i, found.length));
      return found;
    }
    found.push(...cases);
    const leadsOut = casesEnd(statement, new Set());
    if (leadsOut) found.push(rest(body, i + 1, found.length));
    if (leadsOut || hasDefault(statement)) return found;
  }
  found.push(rest(body, statements.length, found.length));
  return found;
}

const NO_HEAD = { head: undefined, of: undefined, previous: undefined, elseOf: undefined };

/** An `if` and the `else if`s after it whose branches always leave. */
function guards(first: IfStatement, previous: Node | undefined): { clauses: Clause[]; last: IfStatement } {
  const clauses: Clause[] = [];
  let last = first;
  for (let at: Node | null = first; at?.type === 'IfStatement' && exits(at.consequent); at = at.alternate) {
    const elseOf = at === first ? undefined : last;
    clauses.push({
      ...branch(at.consequent),
      from: at.start,
      to: at.consequent.end,
      head: at,
      of: undefined,
      previous: elseOf?.consequent ?? previous,
      elseOf,
    });
    last = at;
  }
  if (last.alternate !== null && exits(last.alternate)) {
    const { start, end } = last.alternate;
    clauses.push({
      ...branch(last.alternate),
      from: start,
      to: end,
      head: last.alternate,
      of: undefined,
      previous: last.consequent,
      elseOf: last,
    });
  }
  return { clauses, last };
}

function caseClauses(node: SwitchStatement, previous: Node | undefined): Clause[] {
  const clauses: Clause[] = [];
  let labels: number | undefined;
  for (const { consequent, start, end } of node.cases) {
    labels ??= start;
    const [first] = consequent;
    if (first === undefined) continue;
    if (!leadOut(consequent as Node[])) {
      const inner =
        first.type === 'BlockStatement' && exits(first)
          ? branch(first)
          : { ...list(consequent as Node[], first.start), isCase: true };
      clauses.push({
        ...inner,
        from: labels,
        to: end,
        head: clauses.length === 0 ? node : undefined,
        of: node,
        previous,
        elseOf: undefined,
      });
    }
    labels = undefined;
  }
  return clauses;
}

/** What is left of a body. @param elseOf an `if` before it whose `else` is its first statement */
function rest(body: StatementList, index: number, before: number, elseOf?: IfStatement): Clause {
  const from = before === 0 ? 0 : index; // empty statements before the first of another kind count
  const opening = elseOf?.alternate ?? undefined;
  const following = body.statements.slice(from);
  const statements = opening === undefined ? following : [opening, ...following];
  const previous = elseOf?.consequent ?? body.statements[from - 1] ?? body.before;
  const inner =
    opening !== undefined && following.length === 0
      ? branch(opening)
      : { ...list(statements, body.start, previous), alone: opening !== undefined };
  const head = statements[0];
  const start = head?.start ?? previous?.end ?? body.start;
  return {
    ...inner,
    from: start,
    to: statements.at(-1)?.end ?? start,
    head,
    of: undefined,
    previous,
    elseOf,
  };
}

/** The statements of a branch: a block's, or the one that it is. */
function branch(node: Node): StatementList {
  if (node.type === 'BlockStatement') return list(node.body as Node[], node.start + 1);
  return { ...list([node], node.start), alone: true };
}

function list(statements: Node[], start: number, before?: Node): StatementList {
  return { statements, before, start, alone: false, isCase: false };
}

export function isDirective(statement: Node): boolean {
  return 'directive' in statement && Boolean(statement.directive);
}

/** The statement that control leaves a list by, or comes to last. */
export function lastReached(statements: readonly Node[]): Node | undefined {
  return statements.find(exits) ?? statements.at(-1);
}

/** Whether control never comes out of a statement, neither at its end nor by a jump: it returns, throws or goes on for ever. */
export function exits(node: Node): boolean {
  return !leadOut([node]);
}

function leadOut(statements: readonly Node[]): boolean {
  const jumps = new Set<string>();
  return allEnd(statements, jumps) || jumps.size > 0;
}

function allEnd(statements: readonly Node[], jumps: Set<string>): boolean {
  return statements.every((statement) => ends(statement, jumps));
}

/**
 * Whether control can come to the end of a statement (the normal completions of ECMA-262 6.2.4, as far as the text tells).
 * @param jumps gets the `break`s and `continue`s that can be reached and whose targets are around it
 */
function ends(node: Node, jumps: Set<string>): boolean {
  switch (node.type) {
    case 'ReturnStatement':
    case 'ThrowStatement':
      return false;
    case 'BreakStatement':
    case 'ContinueStatement':
      jumps.add(`${node.type} ${node.label?.name ?? ''}`);
      return false;
    case 'BlockStatement':
      return allEnd(node.body as Node[], jumps);
    case 'IfStatement': {
      const then = ends(node.consequent, jumps);
      return node.alternate === null || ends(node.alternate, jumps) || then;
    }
    case 'LabeledStatement': {
      const end = ends(node.body, jumps);
      jumps.delete(`ContinueStatement ${node.label.name}`);
      return jumps.delete(`BreakStatement ${node.label.name}`) || end;
    }
    case 'ForStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'ForInStatement':
    case 'ForOfStatement': {
      const inner = new Set<string>();
      const bodyEnds = ends(node.body, inner);
      const goesOn = [...inner].some((jump) => jump.startsWith('ContinueStatement')) || bodyEnds;
      inner.delete('ContinueStatement ');
      const broken = inner.delete('BreakStatement ');
      inner.forEach((jump) => jumps.add(jump));
      if (node.type === 'ForInStatement' || node.type === 'ForOfStatement') return true;
      const endless = node.test === null || isTrue(node.test);
      return broken || (!endless && (node.type !== 'DoWhileStatement' || goesOn));
    }
    case 'SwitchStatement':
      return casesEnd(node, jumps) || !hasDefault(node);
    case 'TryStatement': {
      const inner = new Set<string>();
      const blockEnds = ends(node.block, inner);
      const end = (node.handler !== null && ends(node.handler.body, inner)) || blockEnds;
      if (node.finalizer !== null && !ends(node.finalizer, jumps)) return false;
      inner.forEach((jump) => jumps.add(jump));
      return end;
    }
    default:
      return true;
  }
}

/**
 * The text of what a `switch` is about, if it can be divided in two before a case: where reading that once more does nothing,
 * no case leads from the first part into the second or past it, and none declares anything for both.
 */
export function dividedBefore(from: number, { discriminant, cases }: SwitchStatement): Node | undefined {
  const first = cases.filter((one) => one.start < from);
  const declares = cases.some(({ consequent }) =>
    consequent.some(
      (one) =>
        one.type === 'FunctionDeclaration' ||
        one.type === 'ClassDeclaration' ||
        (one.type === 'VariableDeclaration' && one.kind !== 'var'),
    ),
  );
  const leads = casesEnd({ cases: first }, new Set()) || hasDefault({ cases: first });
  return declares || leads || !isPlain(discriminant) ? undefined : discriminant;
}

/** A literal, a variable, a property of one, or the type of these. */
function isPlain(node: Node): boolean {
  const value = unwrapped(node);
  if (value.type === 'MemberExpression') return !value.computed && isPlain(value.object);
  if (value.type === 'UnaryExpression') return value.operator === 'typeof' && isPlain(value.argument);
  return ['Literal', 'Identifier', 'ThisExpression'].includes(value.type);
}

/** Whether some case of a switch leads to what follows it. */
function casesEnd({ cases }: Pick<SwitchStatement, 'cases'>, jumps: Set<string>): boolean {
  const inner = new Set<string>();
  let end = true;
  for (const { consequent } of cases) end = allEnd(consequent as Node[], inner);
  const broken = inner.delete('BreakStatement ');
  inner.forEach((jump) => jumps.add(jump));
  return broken || end;
}

function hasDefault({ cases }: Pick<SwitchStatement, 'cases'>): boolean {
  return cases.some((one) => one.test === null);
}

function isTrue(test: Node): boolean {
  const value = unwrapped(test);
  return value.type === 'Literal' && Boolean(value.value);
}
