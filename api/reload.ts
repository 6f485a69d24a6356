/**
 * The file on disk taken over. In: a hot module, and perhaps the text that was read; out: a promise of its new version, whose
 * text is that. Whatever changed in it, only that is evaluated; a file that cannot be read, parsed or brought to life changes nothing.
 */
import { frameAt, marksIn } from '../loader/frame.ts';
import { asJavaScript } from '../loader/instrument.ts';
import { languageOf, typed } from '../loader/language.ts';
import type { LiveModule } from '../loader/live.ts';
import { parseAway, syntaxError, tryParse, tryRead } from '../loader/parse.ts';
import { fileURLToPath } from '../node.ts';
import { commit } from './apply/commit.ts';
import { reported } from './apply/events.ts';
import { currentText, UNBOUND, type Version } from './history/history.ts';
import { update } from './hot.ts';
import { type ModuleRef, moduleOf } from './modules/module.ts';
import { madeOf, readSource } from './modules/saved.ts';
import { isLong } from './plan/turns.ts';

/**
 * Takes a module's file, as it is on disk now, as its next version and brings the running program to it: changed functions for
 * everyone who holds them; new, changed and removed declarations, imports, exports and methods; and of statements
 * at the top level only those that are new or changed, which run. State is kept, and `rollback` undoes it. Where some module
 * accepts the change with `import.meta.hot`, it is imported again instead, with what imports it up to there.
 *
 * @returns the version that runs: a new one, or the current one where the file says nothing else
 * @throws ERR_HOTSWAP_MISSING when there is no file to read, ERR_HOTSWAP_SYNTAX when it does not parse or is no text,
 *   ERR_HOTSWAP_STRUCTURAL when something new in it fails: an import that does not load, an initialiser that throws;
 *   ERR_HOTSWAP_NOT_HOT, ERR_HOTSWAP_CACHE. After any of them the version before runs on.
 * @example console.log((await reload('./cart.js')).summary); // '+discount, ~total'
 */
export function reload(ref: ModuleRef): Promise<Version> {
  return reported(async () => {
    const module = moduleOf(ref);
    if (module.madeAs === undefined) return take(module, () => readSource(module.url));
    const text = await madeOf(module, readSource(module.url));
    return take(module, () => text);
  });
}

/** As `reload`, with a text that was read from the file and looked at before: it may have another by now. */
export function reloadFrom(module: LiveModule, text: string): Promise<Version> {
  return reported(() => take(module, () => text));
}

function take(module: LiveModule, read: () => string): Promise<Version> {
  const about = fileURLToPath(module.url);
  const checked = (): string | Promise<string> => {
    const source = read();
    if (source === currentText(module)) return source;
    if (isLong(source)) return checkAhead(module, source).then(() => right(source));
    return right(source);
  };
  const right = (source: string): string => {
    checkWhole(module, source, about);
    return source;
  };
  return update(module, checked, (source) => commit(module, { source, about, bound: UNBOUND, open: true }));
}

/** The text that was last found right, by module: a file that is saved is looked at before it is taken over. */
const whole = new WeakMap<LiveModule, string>();

/**
 * Finds on another thread whether a long text is right; what it does not find is left to `checkWhole`.
 * @returns whether it is known to be
 */
export async function checkAhead(module: LiveModule, source: string): Promise<boolean> {
  if (!isLong(source) || languageOf(module.url) !== 'js') return false;
  try {
    if (whole.get(module) !== source && (await parseAway(source, true)) !== undefined)
      whole.set(module, source);
  } catch {
    // said by `checkWhole`
  }
  return whole.get(module) === source;
}

/**
 * Refuses a text that Node would not load: what is evaluated of it are pieces, of which none need be wrong by itself
 * (ECMA-262 16.2.1.1, Module Semantics: Early Errors).
 * @throws ERR_HOTSWAP_SYNTAX
 */
export function checkWhole(module: LiveModule, source: string, about: string): void {
  if (whole.get(module) === source) return;
  const { url } = module;
  const lang = languageOf(url);
  // What does not parse at all is refused, and told of, by whoever reads it for its changes.
  if (lang !== 'js' && 'errors' in tryRead(source, lang)) return;
  const code = lang === 'js' ? source : javaScriptOf(source, url);
  const found = tryRead(code, 'js', { early: true });
  if (!('errors' in found)) {
    whole.set(module, source);
    return;
  }
  // Where TypeScript sees it too, the author's own text shows it.
  const own = lang === 'js' ? found.errors : tryParse(source, lang, true).errors;
  if (own.length > 0) throw syntaxError(source, about, own);
  const { map = '' } = asJavaScript(source, { url, settings: typed().settingsFor(url) }, true);
  const { labels = [] } = found.errors.find((one) => one.severity === 'Error') ?? found.errors[0] ?? {};
  throw syntaxError(code, about, found.errors, frameAt(source, marksIn(source, code, map, labels)));
}

function javaScriptOf(source: string, url: string): string {
  return asJavaScript(source, { url, settings: typed().settingsFor(url) }, false).code;
}
