/**
 * TypeScript without its types. In: a text and its tree; out: the same text with every type blanked, each character left
 * in its place, so that all who read a module see JavaScript and every offset and line still is the author's. What more than
 * types must go for (an enum, a namespace with code, JSX, a decorator, `<T>x`) stays and is named; transform.ts sees to it.
 */
import {
  type AccessorProperty,
  type ClassNode,
  eachChild,
  type FunctionNode,
  isErased,
  type MethodDefinition,
  type Node,
  type Program,
  type PropertyDefinition,
  skipTrivia,
} from './parse.ts';

export interface Erased {
  /** as long as the text */
  plain: string;
  /** places that are no JavaScript yet */
  left: Place[];
  /** parameters that set a property of the instance: `constructor(private db: Db)`; the place is that of the name */
  properties: (Place & { name: string })[];
  /** `import fs = require('node:fs')`, which stands there as `const  fs = require('node:fs')` */
  requires: (Place & { name: string; word: number })[];
  /** the tree with its types, where something is decorated that may be told them at run time */
  withTypes: Program | undefined;
  /** types at the end of something, by where they start; see `restoreEnds` */
  ends: Map<number, { of: number; to: number }>;
  /** type parameters that arrows begin with, by the parenthesis after them */
  starts: Map<number, number>;
}

export interface Place {
  start: number;
  end: number;
  type: string;
}

interface Blank {
  start: number;
  end: number;
  /** what stands in its first characters instead */
  instead: string;
}

export interface EraseOptions {
  /** off: what a class declares without a value is no field */
  define?: boolean;
}

const MODIFIERS = new Set(['public', 'private', 'protected', 'readonly', 'override', 'abstract', 'declare']);

/** Blanks the types of a text. */
export function erase(source: string, program: Program, { define = true }: EraseOptions = {}): Erased {
  const blanks: Blank[] = [];
  const left: Place[] = [];
  const properties: Erased['properties'] = [];
  const requires: Erased['requires'] = [];
  /** where statements and fields end by the end of their line */
  const unended = new Set<number>();
  /** where fields end that are called as modifiers are */
  const words = new Set<number>();
  const typesOnly = namesOfTypes(program);
  const ends: Erased['ends'] = new Map();
  const starts: Erased['starts'] = new Map();
  visit(program);
  const plain = blanked(source, blanks, unended, words, ends);
  const withTypes = left.some((one) => one.type === 'Decorator') ? program : undefined;
  return { plain, left, properties, requires, withTypes, ends, starts };

  function blank(start: number, end: number, instead = ''): void {
    if (end > start) blanks.push({ start, end, instead });
  }

  /** Blanks what may stand at the end of a node, of which nothing else tells that it belongs to it. */
  function blankEnd(of: Node, start: number, end: number): void {
    blank(start, end);
    if (end > start) ends.set(start, { of: of.start, to: end });
  }

  /** A statement or class member that goes as a whole: what is before it must not go on into what is after it. */
  function drop({ start, end }: Place): void {
    blank(start, end, ';');
  }

  function leave({ start, end, type }: Node): void {
    left.push({ start, end, type });
  }

  function visit(node: Node): void {
    if (isErased(node) && !isDecorated(node)) return drop(node);
    switch (node.type) {
      case 'ImportDeclaration':
        for (const one of node.specifiers)
          if ('importKind' in one && one.importKind === 'type') dropItem(one, node.end);
        return;
      case 'ExportNamedDeclaration':
        if (node.declaration !== null) break;
        for (const one of node.specifiers) {
          const isType = one.local.type === 'Identifier' && typesOnly.has(one.local.name);
          if (one.exportKind === 'type' || (node.source === null && isType)) dropItem(one, node.end);
        }
        return;
      case 'ExportDefaultDeclaration':
        if (node.declaration.type === 'Identifier' && typesOnly.has(node.declaration.name)) return drop(node);
        end(node);
        break;
      case 'ExpressionStatement':
      case 'VariableDeclaration':
      case 'ReturnStatement':
      case 'ThrowStatement':
        end(node);
        break;
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement': {
        eachChild(node, visit);
        const head = node.type === 'ForStatement' ? node.init : node.left;
        if (head !== null) unended.delete(head.end);
        return;
      }
      case 'TSImportEqualsDeclaration':
        return node.moduleReference.type === 'TSExternalModuleReference' ? required(node) : leave(node);
      case 'TSExportAssignment':
        return leave(node);
      case 'TSEnumDeclaration':
      case 'TSModuleDeclaration':
      case 'TSTypeAssertion':
      case 'JSXElement':
      case 'JSXFragment':
        leave(node);
        break;
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
        blankEnd(node, node.expression.end, node.end);
        return visit(node.expression);
      case 'TSNonNullExpression':
        blankEnd(node, node.end - 1, node.end);
        return visit(node.expression);
      case 'Identifier':
        return typedName(node);
      case 'VariableDeclarator':
        if (node.definite) {
          const mark = skipTrivia(source, nameEnd(node.id));
          if (source[mark] === '!') blank(mark, mark + 1);
        }
        break;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return visitFunction(node);
      case 'ClassDeclaration':
      case 'ClassExpression':
        return visitClass(node);
      case 'MethodDefinition':
      case 'PropertyDefinition':
      case 'AccessorProperty':
      case 'TSAbstractPropertyDefinition':
      case 'TSAbstractAccessorProperty':
        return visitMember(node);
    }
    blankTypes(node);
    eachChild(node, visit);
  }

  /** `import fs = require('node:fs')` is a constant, whose value is asked for as TypeScript has it in an ES module. */
  function required({
    start,
    end,
    type,
    id,
    moduleReference,
  }: Extract<Node, { type: 'TSImportEqualsDeclaration' }>): void {
    blank(start, start + 'import'.length, 'const ');
    requires.push({ start, end, type, name: id.name, word: moduleReference.start });
  }

  function end(node: Node): void {
    if (source[node.end - 1] !== ';') unended.add(node.end);
  }

  /** An item of a list in braces, with the comma after it. */
  function dropItem({ start, end }: Place, limit: number): void {
    const after = skipTrivia(source, end);
    blank(start, after < limit && source[after] === ',' ? after + 1 : end);
  }

  /** The types that hang on a node of any kind. */
  function blankTypes(node: Node): void {
    for (const key of [
      'typeParameters',
      'typeArguments',
      'superTypeArguments',
      'typeAnnotation',
      'returnType',
    ]) {
      const type = (node as unknown as Record<string, Place | null | undefined>)[key];
      if (type && node.type !== 'TSTypeAssertion') blankEnd(node, type.start, type.end);
    }
  }

  function afterDecorators(node: Node): number {
    const last = 'decorators' in node ? node.decorators?.at(-1) : undefined;
    return last === undefined || last.end > node.end || last.start < node.start
      ? node.start
      : skipTrivia(source, last.end);
  }

  function decorators(node: Node): void {
    const all = 'decorators' in node ? (node.decorators ?? []) : [];
    all.forEach((one) => visit(one.expression));
    if (all.length > 0) leave(all[0] as Node);
  }

  /** Where a name ends that a type may follow. */
  function nameEnd(node: Node): number {
    if (node.type !== 'Identifier') return node.end;
    const start = afterDecorators(node);
    return (
      start +
      (/^(?:[\p{ID_Continue}$\u200c\u200d]|\\u(?:\{[^}]*\}|.{4}))+/u.exec(
        source.slice(start, start + 300),
      )?.[0].length ?? 0)
    );
  }

  /** `name?: Type`, with its decorators where it is a parameter. */
  function typedName(node: Extract<Node, { type: 'Identifier' }>): void {
    decorators(node);
    if (('typeAnnotation' in node && node.typeAnnotation) || ('optional' in node && node.optional))
      blankEnd(node, nameEnd(node), node.end);
  }

  function visitFunction(node: FunctionNode): void {
    const { typeParameters, returnType, params, body } = node;
    const isArrow = node.type === 'ArrowFunctionExpression';
    if (typeParameters && isArrow && hasLines(typeParameters)) {
      // `async` and `return` must not have the line's end right after them.
      const open = skipTrivia(source, typeParameters.end);
      blank(typeParameters.start, typeParameters.end, '(');
      blank(open, open + 1);
    } else if (typeParameters) {
      blank(typeParameters.start, typeParameters.end);
      if (isArrow) starts.set(skipTrivia(source, typeParameters.end), typeParameters.start);
    }
    params.forEach((param: Node) => visitParameter(param));
    if (returnType) visitReturnType(returnType, isArrow);
    if (body !== null) visit(body as Node);
  }

  function hasLines({ start, end }: Place): boolean {
    return /[\n\r\u2028\u2029]/.test(source.slice(start, end));
  }

  /** An arrow must stand on the line of the parenthesis before it. */
  function visitReturnType(type: Place, isArrow: boolean): void {
    const arrow = isArrow ? skipTrivia(source, type.end) : type.end;
    let close = type.start;
    while (isArrow && source[close] !== ')') close--;
    if (!isArrow || !hasLines({ start: close, end: arrow, type: '' })) return blank(type.start, type.end);
    if (hasLines({ start: close, end: type.start + 2, type: '' })) {
      blank(close, close + 1);
      blank(type.start, type.end);
      blank(arrow - 1, arrow, ')');
    } else {
      blank(type.start, type.end, '=>');
      blank(arrow, arrow + 2);
    }
  }

  function visitParameter(param: Node): void {
    if (param.type === 'Identifier' && param.name === 'this') return dropItem(param, source.length);
    if (param.type !== 'TSParameterProperty') {
      if (param.type !== 'Identifier') decorators(param);
      return visit(param);
    }
    decorators(param);
    const { parameter } = param;
    blank(afterDecorators(param), parameter.start);
    const name = parameter.type === 'AssignmentPattern' ? parameter.left : parameter;
    if (name.type === 'Identifier') properties.push({ ...placeOf(name), name: name.name });
    visit(parameter as Node);
  }

  function visitClass(node: ClassNode): void {
    decorators(node);
    if (node.abstract) {
      const at = afterDecorators(node);
      blank(at, at + 'abstract'.length);
    }
    if (node.typeParameters) blank(node.typeParameters.start, node.typeParameters.end);
    if (node.superClass) visit(node.superClass);
    if (node.superTypeArguments) blank(node.superTypeArguments.start, node.superTypeArguments.end);
    const last = node.implements?.at(-1);
    if (last !== undefined) {
      const head = node.superTypeArguments ?? node.superClass ?? node.typeParameters ?? node.id;
      const after = head === null || head === undefined ? source.indexOf('implements', node.start) : head.end;
      blank(skipTrivia(source, after), last.end);
    }
    visit(node.body);
  }

  function visitMember(node: MethodDefinition | PropertyDefinition | AccessorProperty): void {
    decorators(node);
    const { key } = node;
    const opening = afterDecorators(node);
    for (let at = opening, kept = node.decorators.length > 0; at < key.start; ) {
      const word = /^[a-z]+/.exec(source.slice(at, at + 20))?.[0];
      if (word === undefined) break;
      const isOnly = isErased(node); // only its decorators are left of it, which take it as `declare x`
      if (isOnly && word === 'abstract') blank(at, at + word.length, 'declare ');
      else if (MODIFIERS.has(word) && !(isOnly && word === 'declare'))
        blank(at, at + word.length, kept ? '' : ';');
      kept = true;
      at = skipTrivia(source, at + word.length);
    }
    if (node.computed) visit(key);
    if (('optional' in node && node.optional) || ('definite' in node && node.definite)) {
      let at = skipTrivia(source, key.end);
      if (node.computed) at = skipTrivia(source, at + 1);
      if (source[at] === '?' || source[at] === '!') blank(at, at + 1);
    }
    if ('kind' in node) {
      return visit(node.value as Node);
    }
    if (!define && node.value === null && node.decorators.length === 0 && key.type !== 'PrivateIdentifier')
      return drop(node);
    end(node);
    const isWord =
      key.type === 'Identifier' && !node.computed && /^(?:get|set|static|accessor)$/.test(key.name);
    if (isWord && node.value === null) words.add(node.end);
    if (node.typeAnnotation) blankEnd(node, node.typeAnnotation.start, node.typeAnnotation.end);
    if (node.value) visit(node.value);
  }
}

/** Whether something that is for the compiler only has decorators, which run all the same: `@Column() declare id: number`. */
function isDecorated(node: Node): boolean {
  return node.type !== 'ClassDeclaration' && 'decorators' in node && (node.decorators ?? []).length > 0;
}

function placeOf({ start, end, type }: Node): Place {
  return { start, end, type };
}

/** Names at the top level that only types have. */
function namesOfTypes({ body }: Program): Set<string> {
  const types = new Set<string>();
  const values = new Set<string>();
  for (const statement of body as Node[]) {
    const declared =
      (statement.type === 'ExportNamedDeclaration' && (statement.declaration as Node | null)) || statement;
    if (declared.type === 'ImportDeclaration') {
      for (const one of declared.specifiers) {
        const isType = declared.importKind === 'type' || ('importKind' in one && one.importKind === 'type');
        (isType ? types : values).add(one.local.name);
      }
    } else if ('id' in declared && declared.id && (declared.id as Node).type === 'Identifier') {
      const { name } = declared.id as { name: string };
      const isType = ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'].includes(declared.type);
      (isType ? types : values).add(name);
    }
  }
  if (types.size > 0) {
    for (const statement of body as Node[]) {
      if (statement.type === 'VariableDeclaration' || statement.type === 'ExportNamedDeclaration') {
        const declaration =
          statement.type === 'VariableDeclaration' ? statement : (statement.declaration as Node | null);
        if (declaration?.type !== 'VariableDeclaration') continue;
        for (const { id } of declaration.declarations) if (id.type === 'Identifier') values.add(id.name);
      }
    }
  }
  values.forEach((name) => types.delete(name));
  return types;
}

/** What would go on with the statement before it, were it not for the type there. */
const GOES_ON = /^(?:[([`+\-/<*]|in\b|instanceof\b)/;

/**
 * The text with the ranges blanked, line breaks aside. A statement that the end of its line has ended gets a semicolon where
 * without its type it would go on: before the next one, or in the type's place.
 */
function blanked(
  source: string,
  blanks: Blank[],
  unended: ReadonlySet<number>,
  words: ReadonlySet<number>,
  ends: Erased['ends'],
): string {
  for (const one of [...blanks]) {
    if (one.instead !== '' || !unended.has(one.end)) continue;
    const next = skipTrivia(source, one.end);
    if (!words.has(one.end) && !GOES_ON.test(source.slice(next, next + 12))) continue;
    if (next > one.end && /[ \t]/.test(source[next - 1] as string)) {
      blanks.push({ start: next - 1, end: next, instead: ';' });
      continue;
    }
    const { start, end } = one;
    while (/\s/.test(source[one.start] as string)) one.start++;
    one.instead = ';';
    ends.set(one.start + 1, ends.get(start) ?? { of: start, to: end });
  }
  blanks.sort((a, b) => a.start - b.start || b.end - a.end);
  let plain = '';
  let at = 0;
  for (const { start, end, instead } of blanks) {
    if (start < at) continue;
    const rest = source.slice(start + instead.length, end).replace(/[^\n\r\u2028\u2029]/g, ' ');
    plain += source.slice(at, start) + instead + rest;
    at = end;
  }
  return plain + source.slice(at);
}

/** Nodes to which a type at their end belongs that begins as they do. */
const WHOLE = /Statement$|Declaration$|^VariableDeclarator$|^PropertyDefinition$|^AccessorProperty$/;

/**
 * Lets the nodes of a plain text begin and end where they do for their author, with a type that stands first or last:
 * `x as T`. What is put after a statement must not come to stand before its type.
 */
export function restoreEnds(program: Program, { ends, starts, properties }: Erased): void {
  if (ends.size === 0 && starts.size === 0 && properties.length === 0) return;
  const setting = new Set(properties.map((one) => one.start));
  const fix = (node: Node): void => {
    eachChild(node, fix);
    // Of two texts that differ in this alone, the trees are to differ.
    if (node.type === 'Identifier' && setting.has(node.start)) Object.assign(node, { setsProperty: true });
    for (;;) {
      const isWhole = WHOLE.test(node.type);
      const found = ends.get(node.end);
      if (found === undefined || found.to <= node.end || !(node.start < found.of || isWhole)) break;
      node.end = found.to;
    }
    if (node.type === 'ArrowFunctionExpression') node.start = starts.get(node.start) ?? node.start;
    if (node.type !== 'ArrowFunctionExpression' || !node.expression || node.body.end === node.end) return;
    const { body: expression, end } = node;
    node.body = { type: 'ParenthesizedExpression', start: expression.start, end, expression } as never;
  };
  fix(program);
}
