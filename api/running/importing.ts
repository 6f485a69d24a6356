/**
 * What a version imports. In: a live module, and what its text imports; out: the namespace, or the refusal that says why there is
 * none. Whether there is one can also be asked without running what is imported. Nothing of the module changes here.
 */
import { HotswapError } from '../../error.ts';
import { writtenFor, writtenIn } from '../../loader/language.ts';
import type { LiveModule } from '../../loader/live.ts';
import { withoutInstance } from '../../loader/variants.ts';
import { createRequire, existsSync, fileURLToPath } from '../../node.ts';
import { importOnceMore } from '../modules/fresh.ts';
import type { Imported } from '../plan/units.ts';
import { addedExport } from './facade.ts';

/** What a text imports; without a name it is enough that it loads. */
export type Wanted = Omit<Imported, 'attributes'> & Partial<Imported>;

/** Where an import of a module leads that is edited together with the one that imports it: to a URL of what it is to export. */
export type Leads = (url: string) => string;

/**
 * The module that a text of another imports.
 * @param line where it does @throws ERR_HOTSWAP_STRUCTURAL where it does not load, or has no such export
 */
export async function importFor(
  module: LiveModule,
  wanted: Wanted,
  line: number,
  leads: Leads,
): Promise<Record<string, unknown>> {
  const { specifier, name, attributes = {}, told } = wanted;
  let namespace: Record<string, unknown>;
  let url = '';
  try {
    const found = resolved(module, specifier);
    url = withoutInstance(found);
    const to = leads(url) === url ? found : leads(url);
    const isPlain = Object.keys(attributes).length === 0;
    const added = isPlain && name !== undefined ? addedExport(url, name, to !== found) : undefined;
    if (added !== undefined) return added;
    const imported = isPlain ? import(to) : import(to, { with: attributes });
    namespace = await imported.catch(async (error) => {
      const again = isPlain ? await importOnceMore(url) : undefined;
      if (again === undefined) throw error;
      return again;
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const why = `which cannot be loaded: ${isNoFile(cause, url) ? noFile(specifier, url) : message}`;
    throw refused(module, wanted, line, why, cause);
  }
  if (name !== undefined && name !== '*' && !told && !(name in namespace)) {
    throw refused(module, wanted, line, noExport(name, Object.keys(namespace)));
  }
  return namespace;
}

/**
 * Refuses what `importFor` would, without running what is imported: that it throws is not known yet. A module that imports it is
 * linked (ECMA-262 16.2.1.5.1, Link), and something that throws is evaluated before it.
 * @throws ERR_HOTSWAP_STRUCTURAL
 */
export async function checkImport(
  module: LiveModule,
  wanted: Wanted,
  line: number,
  leads: Leads,
): Promise<void> {
  const { specifier, attributes = {} } = wanted;
  const name = wanted.told ? undefined : wanted.name;
  let url: string;
  try {
    const found = resolved(module, specifier);
    const plain = withoutInstance(found);
    const to = leads(plain) === plain ? found : leads(plain);
    if (name !== undefined && addedExport(plain, name, to !== found) !== undefined) return;
    url = JSON.stringify(to);
  } catch {
    await importFor(module, wanted, line, leads); // fails, with words
    return;
  }
  const names =
    name === undefined ? '' : `${name === '*' ? '* as n' : `{${JSON.stringify(name)} as n}`} from`;
  const given = Object.keys(attributes).length === 0 ? '' : ` with ${JSON.stringify(attributes)}`;
  const number = ++checks;
  const stop = dataUrl(`throw ${number}`);
  const text = `import ${JSON.stringify(stop)};import ${names}${url}${given}`;
  const error = await import(dataUrl(text)).catch((thrown) => thrown);
  if (error === number) return;
  if (name !== undefined && isUnexported(error))
    throw refused(module, wanted, line, `which has no export ${JSON.stringify(name)}`, error);
  await importFor(module, wanted, line, leads);
}

/** More names than these are not listed. */
const MANY = 20;

/** What to say of a name that is not exported: those that are, or of many the one that was meant. */
function noExport(name: string, names: string[]): string {
  const why = `which has no export ${JSON.stringify(name)}`;
  if (names.length <= MANY) return `${why}; it has ${names.join(', ')}`;
  const { closest } = createRequire(import.meta.url)(
    'fastest-levenshtein',
  ) as typeof import('fastest-levenshtein');
  return `${why}; did you mean ${closest(name, names)}?`;
}

/** How many imports were checked. */
let checks = 0;

function dataUrl(text: string): string {
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

/** Whether a module is linked to another that has no export of a name: V8's words, and Node's where that is CommonJS. */
function isUnexported(error: unknown): boolean {
  return error instanceof SyntaxError && /not provide an export named|^Named export '/.test(error.message);
}

function refused(
  { url }: LiveModule,
  { specifier }: Wanted,
  line: number,
  why: string,
  cause?: unknown,
): HotswapError {
  return new HotswapError(
    'ERR_HOTSWAP_STRUCTURAL',
    `${url} line ${line} imports ${JSON.stringify(specifier)}, ${why}`,
    { module: url, line, cause },
  );
}

function resolved(module: LiveModule, specifier: string): string {
  const meta = module.meta?.();
  const url = meta === undefined ? new URL(specifier, module.url).href : meta.resolve(specifier);
  if (writtenIn(module.url) === 'js' || !url.startsWith('file:') || existsSync(new URL(url))) return url;
  return writtenFor(url).find((one) => existsSync(new URL(one))) ?? url;
}

/** Whether an import failed because nothing is where it leads; Node would name us as the one who imports it. */
function isNoFile(cause: unknown, url: string): boolean {
  const error = cause as { code?: string; url?: string } | undefined;
  const isGone = error?.code === 'ERR_MODULE_NOT_FOUND' || error?.code === 'ERR_UNSUPPORTED_DIR_IMPORT';
  return isGone && error.url === url && url.startsWith('file:');
}

/** With the file that an import without an extension, or of a directory, is likely to mean. */
function noFile(specifier: string, url: string): string {
  const ends = ['.ts', '.tsx', '.mts', '.js', '.jsx', '.mjs', '/index.ts', '/index.js'];
  const end = ends.find((one) => existsSync(new URL(url + one)));
  const meant = end === undefined ? '' : ` (is ${JSON.stringify(specifier + end)} meant?)`;
  return `there is no file ${fileURLToPath(url)}${meant}`;
}
