/**
 * What language a module is written in, and what Node makes of such a file. In: its URL; out: the language, by the
 * extension; for TypeScript and JSX also whether Node itself knows what to do with the file.
 */
import { createRequire, dirname, existsSync, extname, fileURLToPath, join, readFileSync } from '../node.ts';

export type Language = 'js' | 'jsx' | 'ts' | 'tsx';

const BY_EXTENSION: Record<string, Language> = { '.ts': 'ts', '.mts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' };

/** By URL, without query: the language of a module that another loader has made of its file. */
const made: Record<string, Language> = Object.create(null);

/** The language that a module's text is in. CommonJS (`.cts`, `.cjs`) is not ours, and so is none of these. */
export function languageOf(url: string): Language {
  const path = withoutQuery(url);
  return made[path] ?? byExtension(path);
}

/** The language that its author wrote a file in, by its extension. */
export function writtenIn(url: string): Language {
  return byExtension(withoutQuery(url));
}

function byExtension(path: string): Language {
  return BY_EXTENSION[/\.\w+$/.exec(path)?.[0] ?? ''] ?? 'js';
}

/** Makes known in which language a module's text is, where that is not its file's. */
export function takeAs(url: string, language: Language): void {
  made[withoutQuery(url)] = language;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

/** The file extension of a module, with its dot, as the cache uses it. */
export function extensionOf(url: string): string {
  const extension = extname(new URL(url).pathname);
  return /^\.\w+$/.test(extension) ? extension : '.js';
}

/** What modules in TypeScript and JSX need besides, loaded when the first of them asks. */
export const typed = room<typeof import('./typescript.ts')>('typescript');

/** What a module needs whose instrumented text is not in the cache, loaded when the first of them asks. */
export const instrumenter = room<typeof import('./instrumenter.ts')>('instrumenter');

/** Files that are loaded when they are first asked for, and at once: hooks cannot wait for an `import()`. */
function room<T>(name: string): () => T {
  let loaded: T | undefined;
  return () => (loaded ??= asOurs(() => requireOurs<T>(`./${name}${extname(import.meta.url)}`)));
}

/** What a package or a file of ours exports, without its being in the program's `require.cache`. */
export function requireOurs<T>(specifier: string): T {
  return unlisted(() => createRequire(import.meta.url)(specifier) as T);
}

/** Does work that may load files by `require`, and takes these off the list that a program sees of what was. */
export function unlisted<T>(work: () => T): T {
  const { cache } = createRequire(import.meta.url);
  const before = new Set(Object.keys(cache));
  try {
    return work();
  } finally {
    for (const file of Object.keys(cache)) if (!before.has(file)) Reflect.deleteProperty(cache, file);
  }
}

/** Whether modules that are loaded now are ours to work with, and not the program's. */
export let isOurs = false;

/** Does work that may load more of what we use. */
export function asOurs<T>(work: () => T): T {
  const before = isOurs;
  isOurs = true;
  try {
    return work();
  } finally {
    isOurs = before;
  }
}

/** Whether a file's nearest package.json says what its modules are; `.mts` says so itself. */
export function declaredType(url: string): 'module' | 'commonjs' | undefined {
  const file = fileURLToPath(url);
  if (extname(file) === '.mts') return 'module';
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    const known = types.get(directory);
    if (known !== undefined) return known === '' ? undefined : known;
    const manifest = join(directory, 'package.json');
    const isRoot = directory === dirname(directory);
    if (!existsSync(manifest) && !isRoot) continue;
    const type = isRoot && !existsSync(manifest) ? '' : typeIn(manifest);
    types.set(directory, type);
    return type === '' ? undefined : type;
  }
}

const types = new Map<string, 'module' | 'commonjs' | ''>();

function typeIn(manifest: string): 'module' | 'commonjs' | '' {
  try {
    const { type } = JSON.parse(readFileSync(manifest, 'utf8'));
    return type === 'module' || type === 'commonjs' ? type : '';
  } catch {
    return ''; // Node itself reports a package.json that does not parse
  }
}

/**
 * The TypeScript files that `./x.js` may stand for in a TypeScript file, where there is no such file: TypeScript has
 * imports name what the compiler would write.
 */
export function writtenFor(specifier: string): string[] {
  const [, name, kind] = /^(.*)\.(js|jsx|mjs)(?=$|[?#])/s.exec(specifier) ?? [];
  if (name === undefined || !/^(\.{1,2}\/|file:|\/)/.test(specifier)) return [];
  const rest = specifier.slice(name.length + 1 + (kind as string).length);
  const extensions = kind === 'mjs' ? ['.mts'] : kind === 'jsx' ? ['.tsx'] : ['.ts', '.tsx'];
  return extensions.map((extension) => name + extension + rest);
}
