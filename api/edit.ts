/**
 * What a program calls to change a function. In: a target and the new code; out: a promise of the module's new version.
 * Each is a text edit of the current version, handed to `commit`.
 */
import { HotswapError } from '../error.ts';
import type { Bound } from '../loader/kept.ts';
import { type Language, languageOf } from '../loader/language.ts';
import type { LiveModule } from '../loader/live.ts';
import { ownOptions } from '../loader/options.ts';
import { arityOf } from '../loader/parameters.ts';
import { checkReadable, describe } from '../messages.ts';
import { runningText } from '../node.ts';
import { commit, type Edit, queued } from './apply/commit.ts';
import { reported } from './apply/events.ts';
import { type Bindings, bindings, checkedOptions, type EditOptions } from './given/bind.ts';
import type { Destination } from './given/check.ts';
import { type Code, type Given, given, isClassText } from './given/given.ts';
import { boundOf, currentText, currentVersion, type Version } from './history/history.ts';
import { list, moduleOf } from './modules/module.ts';
import { usesElsewhere } from './modules/uses.ts';
import { injectCore, rewriteCore } from './override/override.ts';
import { analyse, analyseAhead } from './plan/analysis.ts';
import { coreTarget, noClauses } from './target/core.ts';
import {
  exportOf,
  type Found,
  find,
  moduleBehind,
  type NewTarget,
  placeOf,
  type Target,
} from './target/target.ts';
import { addClauseText, type Order } from './text/addclause.ts';
import {
  addExpressionText,
  addFunctionText,
  addValueText,
  checkNewExport,
  exportText,
  removeExportText,
} from './text/exporting.ts';
import { type At, type Clauses, injectText } from './text/inject.ts';
import { type Edited, rewriteText } from './text/rewrite.ts';

export interface InjectOptions extends EditOptions {
  /** statement index, from 0 (default), or `'end'`: after the body's work, before its final return leaves */
  at?: At;
  /** put them into each of these clauses, at that index there, instead of into the body as a whole; see `clauses` */
  clauses?: Clauses;
}

/**
 * Replaces a function's code for everyone who holds it, from the next call on. A function of Node's own modules is replaced
 * for every importer; the value that is given is installed itself, and keeps its closure (HOTSWAP_OVERRIDE_CORE).
 *
 * @param target the function, `'<module>#<path>'`, or `{ module, path }`
 * @param to a function that stands by itself (its closure cannot be read), or source text, which is resolved in the
 *   target's module
 * @returns the module's new version, once it is live and on disk
 * @throws ERR_HOTSWAP_OUT_OF_SCOPE with `names` for names that cannot be resolved, ERR_HOTSWAP_NO_SOURCE,
 *   ERR_HOTSWAP_SYNTAX, ERR_HOTSWAP_TOO_MANY, ERR_HOTSWAP_ARITY, ERR_HOTSWAP_STRUCTURAL, ERR_HOTSWAP_CACHE, and those of
 *   `Target`. After any of them nothing has changed.
 * @example
 * await rewrite(price, (item) => item.cost * 1.2);
 * await rewrite('./cart.js#Cart.prototype.total', 'total() { return this.#items.length }');
 * await rewrite(price, (item) => item.cost * RATE, { bind: { RATE: 1.2 } });
 * const { readFileSync } = fs; // not an import, which would become the new one
 * await rewrite('node:fs#readFileSync', (...args) => { log(args[0]); return readFileSync(...args); });
 */
export function rewrite(target: Target, to: Code, options: EditOptions = {}): Promise<Version> {
  return reported(async () => {
    const core = coreTarget(target);
    if (core !== undefined) return rewriteCore(core, to, options);
    return change(target, to, options, 'the new source', (destination, what, bind) =>
      rewriteText(destination, what, bind),
    );
  });
}

/**
 * Puts the statements of a function into another's body. A `return` among them leaves the injected code only. A function of
 * Node's own modules is wrapped: `what` is called at its start (`at` 0) or after it (`'end'`).
 *
 * @param target as for `rewrite`
 * @param what a function without parameters, or its source text, which may use the target's variables
 * @returns the module's new version, once it is live and on disk
 * @throws ERR_HOTSWAP_ARITY when `what` takes parameters, ERR_HOTSWAP_MISSING when `at` is past the end of the body
 *   or of a clause, or there is no such clause, and as `rewrite`
 * @example
 * await inject(price, () => console.log('priced'), { at: 'end' });
 * await inject(area, () => console.count('area'), { at: 0, clauses: [0, 2] });
 */
export function inject(target: Target, what: Code, options: InjectOptions = {}): Promise<Version> {
  return reported(async () => {
    checkReadable(options, 'the object of options');
    const own = ownOptions(options);
    const at = own?.at === undefined ? 0 : own.at;
    const core = coreTarget(target);
    if (core !== undefined) return injectCore(core, what, own, at);
    return change(target, what, own, 'the injected source', (destination, code, bind) =>
      injectText(destination, code, bind, at, own.clauses),
    );
  });
}

/**
 * Adds the clauses of a function to another's (see `clauses`). Where one of them returns, the call returns; where the new
 * code comes to its end, the next clause is tried. So nothing gets past new code that always returns.
 *
 * @param target as for `rewrite`
 * @param clause a function of the same arity; its parameters become the target's, whatever they are called, but
 *   patterns and defaults must be written alike. Source text may use the target's variables.
 * @param order the clause that the new ones come before, from 0, or `'end'` (or their number): after the last, where only
 *   calls come that the last does not return from
 * @returns the module's new version, once it is live and on disk
 * @throws ERR_HOTSWAP_ARITY when the parameters differ, ERR_HOTSWAP_MISSING when there is no such position,
 *   ERR_HOTSWAP_STRUCTURAL for one between the cases of a `switch` that cannot be divided in two (over a variable or a
 *   property it can, unless a case before leads on), and as `rewrite`
 * @example await addClause(area, (shape) => { if (shape.kind === 'circle') return Math.PI * shape.r ** 2; }, 0);
 */
export function addClause(
  target: Target,
  clause: Code,
  order: Order,
  options: EditOptions = {},
): Promise<Version> {
  return reported(async () => {
    const core = coreTarget(target);
    if (core !== undefined) throw noClauses(core);
    return change(target, clause, options, 'the new clause', (destination, what, bind) =>
      addClauseText(destination, what, bind, order),
    );
  });
}

/**
 * Gives a module one more export. Whoever imports the module from then on sees it; `import()` gives a namespace with it.
 *
 * @param target what it is to be called: `'<module>#<name>'`, or `{ module, path }`; `default` is a name like others
 * @param value a function that stands by itself; any other value, which is written into the version if JSON can say it and
 *   otherwise makes it live but not persisted; or source text of a function or an expression, which is resolved in the
 *   module. Nothing at all exports a variable that the module has.
 * @returns the module's new version, once it is live and on disk
 * @throws ERR_HOTSWAP_BAD_TARGET when the module exports the name already or has another variable of that name, ERR_HOTSWAP_STRUCTURAL
 *   when evaluating it fails, and as `rewrite`
 * @example await addExport('./pricing.js#discount', (item) => item.cost * 0.9);
 */
export function addExport(target: NewTarget, value?: unknown, options: EditOptions = {}): Promise<Version> {
  return reported(async () => {
    const { ref, path, arity } = placeOf(target);
    const bind = bindings(checkedOptions(options).bind);
    const what = functionIn(value, languageOf(moduleOf(ref).url));
    if (arity !== undefined && arity !== (what && arityOf(what.node))) {
      throw new HotswapError(
        'ERR_HOTSWAP_ARITY',
        `the new export ${path}/${arity} insists on arity ${arity}, and ${what ? `the function has ${arityOf(what.node)}` : `${describe(value)} is no function`}`,
        { path },
      );
    }
    return queued(moduleOf(ref), async () => {
      const module = moduleOf(ref);
      const analysis = analyse(currentText(module), module.url);
      const place = { module: module.url, analysis, name: path };
      checkNewExport(place, value !== undefined);
      const edited =
        what !== undefined
          ? addFunctionText(place, what, bind)
          : value === undefined
            ? exportText(place)
            : typeof value === 'string'
              ? addExpressionText(place, value)
              : addValueText(place, value);
      return commit(module, {
        source: edited.source,
        about: `${module.url}#${path}`,
        bound: withBound(boundOf(currentVersion(module)), path, edited.values),
      });
    });
  });
}

/**
 * Takes an export away, and the code behind it. Whoever still holds the function or class gets `ERR_HOTSWAP_REMOVED` on
 * calling it; who imports the module from then on does not find it. A version that has it brings it back as it was.
 *
 * @param target the exported function or class, `'<module>#<name>'`, or `{ module, path }`
 * @returns the module's new version, once it is live and on disk
 * @throws ERR_HOTSWAP_MISSING when there is no such export (any more), ERR_HOTSWAP_OUT_OF_SCOPE with what uses it: functions,
 *   fields, initial values and statements of the module, and other hot modules that import it by name, pass it on, or ask a namespace for
 *   it while they are evaluated, ERR_HOTSWAP_STRUCTURAL when it cannot be taken out of what stands around it
 * @example await removeExport('./pricing.js#discount');
 */
export function removeExport(target: Target): Promise<Version> {
  return reported(async () => {
    const { ref, path } = exportOf(target);
    return queued(moduleOf(ref), async () => {
      const module = moduleOf(ref);
      const analysis = analyse(currentText(module), module.url);
      const { source } = removeExportText({ module: module.url, analysis, name: path });
      const uses = usesElsewhere(module, path);
      if (uses.length > 0) {
        throw new HotswapError(
          'ERR_HOTSWAP_OUT_OF_SCOPE',
          `${module.url}#${path} cannot be removed: ${list(uses)} would be left without it. Change what uses it first.`,
          { module: module.url, path, names: uses },
        );
      }
      return commit(module, {
        source,
        about: `${module.url}#${path}`,
        bound: withBound(boundOf(currentVersion(module)), path, {}),
      });
    });
  });
}

/** The function in what is to be exported, if it is one. A class is a value like any other. */
function functionIn(value: unknown, lang: Language): Given | undefined {
  if (typeof value === 'function') {
    const isClass = isClassText(runningText(value));
    return isClass ? undefined : given(value, 'the new source', lang);
  }
  if (typeof value !== 'string') return undefined;
  try {
    return given(value, 'the new source', lang);
  } catch {
    return undefined; // an expression, perhaps
  }
}

type TextEdit = (to: Destination, what: Given, bind: Bindings) => Edited;

async function change(
  target: Target,
  code: Code,
  options: EditOptions,
  role: 'the new source' | 'the injected source' | 'the new clause',
  edit: TextEdit,
): Promise<Version> {
  const module = moduleBehind(target);
  const own = checkedOptions(options, role);
  const what = given(code, role, languageOf(module.url));
  const bind = bindings(own.bind);
  const bound = new Set([...bind.constants.keys(), ...Object.keys(bind.values)]);
  return editInTurn(module, target, bound, (to, { module, hot, arity }) => {
    if (arity !== undefined && role === 'the new source' && arityOf(what.node) !== arity) {
      throw new HotswapError(
        'ERR_HOTSWAP_ARITY',
        `${module.url}#${hot.path}/${arity} insists on arity ${arity}, and the new function has ${arityOf(what.node)}`,
        { module: module.url, path: hot.path },
      );
    }
    return edit(to, what, bind);
  });
}

/**
 * Makes a text edit of a function its module's newest version. What is given is taken now; where it goes is looked up when
 * its turn comes, as an edit before it may move that.
 * @param bound names that `bind` supplies
 */
export function editInTurn(
  module: LiveModule,
  target: Target,
  bound: ReadonlySet<string>,
  edit: (to: Destination, found: Found) => Edited,
): Promise<Version> {
  return queued(module, async () => {
    await analyseAhead(currentText(module), module.url);
    const found = find(target);
    return commit(
      found.module,
      editOf(found, bound, (to) => edit(to, found)),
    );
  });
}

/** A text edit of a function, with the values bound into the module. @param bound names that `bind` supplies */
export function editOf(
  { module, analysis, hot }: Found,
  bound: ReadonlySet<string>,
  edit: (to: Destination) => Edited,
): Edit {
  const before = boundOf(currentVersion(module));
  const kept = before.get(hot.path) ?? {};
  const { source, values } = edit({ module: module.url, hot, analysis, bound, kept });
  return { source, about: `${module.url}#${hot.path}`, bound: withBound(before, hot.path, values) };
}

/** The bound values of a version in which one function has these; the same map where nothing changes. */
export function withBound(before: Bound, path: string, values: Record<string, unknown>): Bound {
  const known = before.get(path) ?? {};
  const names = Object.keys(values);
  if (
    names.length === Object.keys(known).length &&
    names.every((name) => Object.is(values[name], known[name]))
  )
    return before;
  const after = new Map(before);
  if (names.length === 0) after.delete(path);
  else after.set(path, values);
  return after;
}
