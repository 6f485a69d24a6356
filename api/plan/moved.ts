/**
 * A top-level statement of an earlier text, as it stands in a later one. In: what it held there, and how far it has
 * moved; out: the same, moved. Paths are there at once; what has offsets in it is copied when it is first asked for,
 * since an edit looks into few of the statements that it moves.
 */
import type { ClassScope, FunctionKind, HotFunction, Part, Reach } from '../../loader/functions.ts';
import { eachChild, type FunctionNode, type Node } from '../../loader/parse.ts';
import type { Reference, Scope, Surroundings } from '../../loader/scopes.ts';

/** How far: in the text, and among the module's functions and classes. */
export interface Distance {
  offset: number;
  lines: number;
  functions: number;
  classes: number;
}

export class MovedPart implements Part {
  readonly start: number;
  readonly end: number;
  readonly functions: HotFunction[] = [];
  readonly classes: ClassScope[] = [];
  readonly accessors = [];
  readonly names: string[];
  readonly #origin: Part;
  readonly #distance: Distance;
  readonly #top: Scope;
  readonly #nodes = new Map<Node, Node>();
  readonly #scopes = new Map<Scope, Scope>();
  #references: Reference[] | undefined;

  /**
   * @param part one without accessors, which go by their places
   * @param top the module's scope there
   */
  static of(part: Part, by: Distance, top: Scope): Part {
    if (!(part instanceof MovedPart)) return new MovedPart(part, by, top);
    const so = part.#distance;
    const all: Distance = {
      offset: so.offset + by.offset,
      lines: so.lines + by.lines,
      functions: so.functions + by.functions,
      classes: so.classes + by.classes,
    };
    return new MovedPart(part.#origin, all, top);
  }

  private constructor(origin: Part, distance: Distance, top: Scope) {
    this.#origin = origin;
    this.#distance = distance;
    this.#top = top;
    this.start = origin.start + distance.offset;
    this.end = origin.end + distance.offset;
    this.names = origin.names;
    const classes = new Map<ClassScope, ClassScope>();
    for (const one of origin.classes) this.classes.push(this.#class(one, classes));
    const functions = new Map<HotFunction, HotFunction>();
    for (const one of origin.functions) {
      const moved = new MovedFunction(one, this, distance, (scope) => this.#class(scope, classes));
      moved.parent = one.parent && functions.get(one.parent);
      functions.set(one, moved);
      this.functions.push(moved);
    }
  }

  get statement(): Node {
    return this.node(this.#origin.statement);
  }

  get references(): Reference[] {
    this.#references ??= this.#origin.references.map((one) => ({
      ...one,
      node: this.node(one.node),
      parent: one.parent && this.node(one.parent),
      scope: this.#declaring(one),
    }));
    return this.#references;
  }

  /** Its statement as it stood there. */
  get unmoved(): Node {
    return this.#origin.statement;
  }

  /** A node of the statement. */
  node<T extends Node>(origin: T): T {
    if (this.#distance.offset === 0) return origin;
    if (this.#nodes.size === 0) this.#copy(this.#origin.statement);
    return this.#nodes.get(origin) as T;
  }

  /** Where a name is declared. Others may be the module's now, or be so no longer. */
  #declaring({ key, kind, scope }: Reference): Scope | undefined {
    if (scope?.parent !== undefined) return this.scope(scope);
    return kind === 'variable' && this.#top.variables.has(key) ? this.#top : undefined;
  }

  /** A scope of the statement, or the module's. */
  scope(origin: Scope): Scope {
    if (origin.parent === undefined) return this.#top;
    let copy = this.#scopes.get(origin);
    if (copy === undefined) {
      const { parent, owner, block } = origin;
      copy = {
        ...origin,
        parent: this.scope(parent),
        owner: owner && this.node(owner),
        block: block && this.node(block),
      };
      this.#scopes.set(origin, copy);
    }
    return copy;
  }

  #copy(node: Node): Node {
    const { offset } = this.#distance;
    const copy = { ...node, start: node.start + offset, end: node.end + offset };
    this.#nodes.set(node, copy);
    const fields = copy as unknown as Record<string, unknown>;
    eachChild(node, (child, key) => {
      const value = fields[key];
      if (!Array.isArray(value)) fields[key] = this.#copy(child);
      else if (value === (node as unknown as typeof fields)[key])
        fields[key] = value.map((item) =>
          item === null || typeof item !== 'object' ? item : this.#copy(item),
        );
    });
    return copy;
  }

  #class(origin: ClassScope, known: Map<ClassScope, ClassScope>): ClassScope {
    let moved = known.get(origin);
    if (moved === undefined) {
      const { index, path } = origin;
      moved = new MovedClass(index < 0 ? index : index + this.#distance.classes, path, origin.node, this);
      known.set(origin, moved);
    }
    return moved;
  }
}

class MovedClass implements ClassScope {
  readonly index: number;
  readonly path: string;
  readonly #node: ClassScope['node'];
  readonly #part: MovedPart;

  constructor(index: number, path: string, node: ClassScope['node'], part: MovedPart) {
    this.index = index;
    this.path = path;
    this.#node = node;
    this.#part = part;
  }

  get node(): ClassScope['node'] {
    return this.#part.node(this.#node);
  }
}

class MovedFunction implements HotFunction {
  readonly index: number;
  readonly path: string;
  readonly kind: FunctionKind;
  readonly async: boolean;
  readonly generator: boolean;
  readonly arity: number;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly classScope: ClassScope | undefined;
  readonly memberOf: ClassScope | undefined;
  readonly isStatic: boolean;
  readonly derived: boolean;
  readonly reach: Reach | undefined;
  readonly local: boolean;
  readonly surroundings: Surroundings;
  readonly capturedParameters: readonly string[];
  parent: HotFunction | undefined;
  readonly #origin: HotFunction;
  readonly #part: MovedPart;

  constructor(
    origin: HotFunction,
    part: MovedPart,
    { offset, lines, functions }: Distance,
    classOf: (scope: ClassScope) => ClassScope,
  ) {
    const { reach } = origin;
    this.index = origin.index + functions;
    this.path = origin.path;
    this.kind = origin.kind;
    this.async = origin.async;
    this.generator = origin.generator;
    this.arity = origin.arity;
    this.line = origin.line + lines;
    this.start = origin.start + offset;
    this.end = origin.end + offset;
    this.classScope = origin.classScope && classOf(origin.classScope);
    this.memberOf = origin.memberOf && classOf(origin.memberOf);
    this.isStatic = origin.isStatic;
    this.derived = origin.derived;
    this.reach =
      reach === undefined || typeof reach.root === 'string' ? reach : { ...reach, root: classOf(reach.root) };
    this.local = origin.local;
    this.surroundings = origin.surroundings;
    this.capturedParameters = origin.capturedParameters;
    this.#origin = origin;
    this.#part = part;
  }

  get node(): FunctionNode {
    return this.#part.node(this.#origin.node);
  }

  get owner(): HotFunction['owner'] {
    return this.#origin.owner && this.#part.node(this.#origin.owner);
  }

  get scope(): Scope {
    return this.#part.scope(this.#origin.scope);
  }
}
