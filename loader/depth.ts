/**
 * How deep a text nests, before it is read: the parser is native and recurses on the C stack, so what is too deep for it ends the
 * process. In: a text; out: nothing, or the error that says where it is too deep. Linear, without a tree, and an
 * estimate: it may count too much, and what it counts is far below what the stack takes. Of JavaScript only: where statements end in
 * TypeScript and JSX without a semicolon, only a parser can tell.
 */
import { tooDeep } from '../error.ts';

/**
 * What the parser takes of the stack, in units of 300 bytes. Measured with oxc-parser 0.159 for 40 forms of nesting on Node 20 and 24:
 * 2.1 to 2.9 KB a bracket with what stands before it, 1.0 to 1.5 KB for each `=`, `:`, `if`, `else` or loop that holds the next, and
 * 140 to 350 bytes for any other operator.
 */
const BRACKET = 8;
const HOLDS = 5;

/** Units that a text may take of a megabyte of stack: half of it. */
const UNITS = 1750;

/** What is below this is read on any stack there is. */
const SHALLOW = 400;

/** Megabytes of stack: a thread has 4 unless its maker says otherwise, the main thread 8, and on Windows 1. */
const STACK = process.platform === 'win32' ? 1 : 4;

/** @throws ERR_HOTSWAP_SYNTAX where a text nests too deep to be read, with a RangeError as `cause` and the line */
export function checkDepth(source: string): void {
  if (source.length * BRACKET <= SHALLOW) return;
  let limit = SHALLOW;
  if (deeperThan(source, limit) === -1) return;
  const { stackSizeMb = STACK } = process.getBuiltinModule('node:worker_threads').resourceLimits;
  limit = UNITS * Math.min(stackSizeMb, STACK);
  const found = deeperThan(source, limit);
  if (found === -1) return;
  const line = source.slice(0, found).split('\n').length;
  throw tooDeep('the text', line);
}

const OTHER = 0;
const SPACE = 1;
const WORD = 2;
const OPERATOR = 3;
const kinds = new Uint8Array(128).fill(OTHER);
for (let c = 0; c < 33; c++) kinds[c] = SPACE;
for (let c = 0; c < 128; c++) if (/[\w$#@]/.test(String.fromCharCode(c))) kinds[c] = WORD;
for (const c of '=!<>&|+-*%^~?.:') kinds[c.charCodeAt(0)] = OPERATOR;

/** Letters of operators that are two of them: `&&`, `**`, `??` and the like. */
const DOUBLE = new Set([...'&|*?<>'].map((one) => one.charCodeAt(0)));

/** What brackets are: of a template, of what stands between a word like `if` and its statement, or of an object. */
const TEMPLATE = 1;
const HEAD = 2;
const OBJECT = 3;

/** What words are: such an `if`, `do`, the branch after it, an operator between operands or before one, or the start of a case. */
const BODY = 4;
const ELSE = 5;
const BETWEEN = 6;
const BEFORE = 7;
const CASE = 8;
const WORDS = new Map<string, number>(
  Object.entries({
    if: HEAD,
    for: HEAD,
    while: HEAD,
    with: HEAD,
    do: BODY,
    else: ELSE,
    case: CASE,
    default: CASE,
    ...Object.fromEntries(
      ['in', 'of', 'instanceof', 'as', 'satisfies', 'extends'].map((one) => [one, BETWEEN]),
    ),
    ...Object.fromEntries(
      ['typeof', 'void', 'delete', 'new', 'await', 'yield', 'return', 'throw', 'keyof'].map((one) => [
        one,
        BEFORE,
      ]),
    ),
  }),
);
const SHORT = 2;
const LONG = 10;

/** What stands before a place: whether an operand has ended there, and of what kind the bracket was that closed. */
const NO_OPERAND = 0;
const OPERAND = 1;
/** a block has ended there, and a statement with it unless an `else` comes */
const BLOCK = 2;

/**
 * The first offset at which a text nests deeper than `limit` units; -1: nowhere. What adds to the depth is counted a bracket, and in it a
 * statement and an expression: `;` ends both, `,` an expression, and a line's end where an operand ends and another begins.
 */
function deeperThan(source: string, limit: number): number {
  const { length } = source;
  const stack: number[] = [];
  let total = 0;
  /** units of the expression and of the statement that this place is in, in its bracket */
  let expression = 0;
  let statement = 0;
  let before = NO_OPERAND;
  /** whether a statement has ended, unless an `else` comes */
  let ended = false;
  let isHead = false;
  let isProperty = false;
  /** whether a `{` would open an object */
  let takesValue = false;
  let newLine = false;

  const endStatement = (): void => {
    total -= expression + statement;
    expression = statement = 0;
    ended = false;
  };
  const open = (kind: number): void => {
    stack.push(kind, expression, statement);
    total += BRACKET;
    expression = statement = 0;
    before = NO_OPERAND;
    ended = isHead = isProperty = takesValue = false;
  };
  const add = (units: number): void => {
    expression += units;
    total += units;
  };
  /** the offset after a template's text, where it ends or an expression in it begins */
  const template = (from: number): number => {
    for (let i = from; i < length; i++) {
      const c = source.charCodeAt(i);
      if (c === 92) i++;
      else if (c === 96) {
        before = OPERAND;
        return i + 1;
      } else if (c === 36 && source.charCodeAt(i + 1) === 123) {
        open(TEMPLATE);
        takesValue = true;
        return i + 2;
      }
    }
    return length;
  };
  /** an operand begins */
  const begin = (): void => {
    if (ended || before === BLOCK || (before === OPERAND && newLine)) endStatement();
    newLine = false;
  };

  for (let i = 0; i < length; ) {
    const c = source.charCodeAt(i);
    const kind = c < 128 ? kinds[c] : c === 0x2028 || c === 0x2029 || c === 0xfeff ? SPACE : WORD;
    if (kind === SPACE) {
      if (c === 10 || c === 13) newLine = true;
      i++;
      continue;
    }
    if (kind === WORD) {
      const from = i;
      for (i++; i < length; i++) {
        const d = source.charCodeAt(i);
        if (d < 128 && kinds[d] !== WORD) break;
      }
      const size = i - from;
      const isWord = !isProperty && size >= SHORT && size <= LONG && c > 96;
      const word = isWord ? WORDS.get(source.slice(from, i)) : undefined;
      const wasHead: boolean = isHead;
      isHead = isProperty = takesValue = false;
      if (word === BETWEEN && before !== NO_OPERAND) {
        add(1);
        before = NO_OPERAND;
        takesValue = true;
      } else if (word === ELSE) {
        total += HOLDS - expression;
        expression = 0;
        statement += HOLDS;
        ended = newLine = false;
        before = NO_OPERAND;
      } else {
        begin();
        before = word === undefined || word === BETWEEN ? OPERAND : NO_OPERAND;
        if (word === CASE) endStatement();
        else if (word === BEFORE) {
          add(2);
          takesValue = true;
          isHead = wasHead; // for await (
        } else if (word === HEAD || word === BODY) {
          statement += HOLDS;
          total += HOLDS;
          isHead = word === HEAD;
        }
      }
      if (total > limit) return from;
      continue;
    }
    const next = source.charCodeAt(i + 1);
    if (kind === OPERATOR) {
      i++;
      ended = newLine = false;
      isProperty = c === 46;
      takesValue = true;
      if (c === 61 && next === 61) {
        add(1);
        while (source.charCodeAt(i) === 61) i++;
      } else if (c === 61) {
        add(HOLDS);
        if (next === 62) {
          takesValue = false;
          i++;
        }
      } else if ((c === 60 || c === 62 || c === 33) && next === 61) {
        add(1);
        while (source.charCodeAt(i) === 61) i++;
      } else if (c === 60 && next === 47) {
        add(1);
        i++;
      } else {
        add(c === 58 ? HOLDS : 1);
        if (next === c && DOUBLE.has(c)) i++;
      }
      // After an operand these may be its own: `a++`, `a!`.
      if (!((c === 43 || c === 45) && next === c && before === OPERAND)) before = NO_OPERAND;
      else {
        i++;
        isProperty = false;
      }
      if (total > limit) return i;
      continue;
    }
    switch (c) {
      case 34: // "
      case 39: {
        begin();
        for (i++; i < length; i++) {
          const d = source.charCodeAt(i);
          if (d === 92) i++;
          else if (d === c || d === 10) break;
        }
        i++;
        before = OPERAND;
        break;
      }
      case 96: // `
        if (before === OPERAND) add(1);
        else begin();
        i = template(i + 1);
        break;
      case 47: // /
        if (next === 47) {
          while (i < length && source.charCodeAt(i) !== 10) i++;
          continue;
        }
        if (next === 42) {
          const end = source.indexOf('*/', i + 2);
          i = end === -1 ? length : end + 2;
          continue;
        }
        if (before === OPERAND) {
          add(1);
          before = NO_OPERAND;
          takesValue = true;
          i++;
        } else {
          begin();
          let isClass = false;
          for (i++; i < length; i++) {
            const d = source.charCodeAt(i);
            if (d === 92) i++;
            else if (d === 91) isClass = true;
            else if (d === 93) isClass = false;
            else if (d === 10 || (d === 47 && !isClass)) break;
          }
          i++;
          before = OPERAND;
        }
        break;
      case 59: // ;
        total -= expression;
        expression = 0;
        ended = true;
        before = NO_OPERAND;
        takesValue = false;
        i++;
        break;
      case 44: // ,
        total -= expression;
        expression = 0;
        before = NO_OPERAND;
        takesValue = true;
        i++;
        break;
      case 40: // (
      case 91:
        if (before === OPERAND && !isHead) add(1);
        else begin();
        open(isHead ? HEAD : 0);
        takesValue = true;
        i++;
        break;
      case 123: // {
        if (ended) endStatement();
        open(takesValue ? OBJECT : 0);
        i++;
        break;
      case 41: // )
      case 93:
      case 125: {
        i++;
        if (stack.length === 0) break;
        total -= BRACKET + expression + statement;
        statement = stack.pop() as number;
        expression = stack.pop() as number;
        const opened = stack.pop();
        ended = takesValue = newLine = false;
        if (c === 125 && opened === TEMPLATE) i = template(i);
        else if (c === 125) before = opened === OBJECT ? OPERAND : BLOCK;
        else before = opened === HEAD ? NO_OPERAND : OPERAND;
        break;
      }
      default:
        i++;
    }
    isHead = isProperty = false;
    if (total > limit) return i;
  }
  return -1;
}
