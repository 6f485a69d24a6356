/**
 * What a project's tsconfig.json says that changes what code does. In: a module's URL; out: how its JSX, decorators and class
 * fields are meant. Only modules in TypeScript or JSX are asked about. What is not here (`target`, `paths`) does not count.
 */

import { asImported, dirname, fileURLToPath, statSync } from '../node.ts';
import { requireOurs } from './language.ts';

export interface Settings {
  jsx: JsxSettings;
  /** `experimentalDecorators` */
  decorators: boolean;
  /** `emitDecoratorMetadata` */
  metadata: boolean;
  /** `strictNullChecks`, of which what decorators are told depends: a `string | null` is an object then */
  strict: boolean;
  /** `useDefineForClassFields`: off, fields without a value are no fields */
  define: boolean;
  /** `verbatimModuleSyntax`: imports stay as they are written, used or not */
  verbatim: boolean;
}

export type JsxSettings =
  | { runtime: 'automatic'; importSource: string }
  | { runtime: 'classic'; pragma: string; pragmaFrag: string };

const known = new Map<string, Settings>();

/** The settings of the nearest tsconfig.json at or above a module, or TypeScript's defaults. */
export function settingsFor(url: string): Settings {
  const directory = dirname(fileURLToPath(url));
  let found = known.get(directory);
  if (found === undefined) known.set(directory, (found = readSettings(directory)));
  return found;
}

type Options = import('get-tsconfig').TsConfigJson.CompilerOptions;

function readSettings(directory: string): Settings {
  const options = compilerOptions(directory);
  const { jsx, jsxImportSource, jsxFactory, jsxFragmentFactory, target = 'esnext' } = options;
  const isClassic = String(jsx).toLowerCase() === 'react' || (jsx === undefined && jsxFactory !== undefined);
  const old = /^es(3|5|6|20(15|16|17|18|19|20|21))$/i.test(target);
  return {
    jsx:
      isClassic && jsxImportSource === undefined
        ? {
            runtime: 'classic',
            pragma: jsxFactory ?? 'React.createElement',
            pragmaFrag: jsxFragmentFactory ?? 'React.Fragment',
          }
        : { runtime: 'automatic', importSource: jsxImportSource ?? 'react' },
    decorators: options.experimentalDecorators === true,
    metadata: options.experimentalDecorators === true && options.emitDecoratorMetadata === true,
    strict: options.strictNullChecks ?? options.strict ?? false,
    define: options.useDefineForClassFields ?? !old,
    verbatim: options.verbatimModuleSyntax === true,
  };
}

function compilerOptions(directory: string): Options {
  try {
    const { getTsconfig } = requireOurs<typeof import('get-tsconfig')>('get-tsconfig');
    const found = asImported(() => getTsconfig(directory));
    return found === null || isForeign(found.path, directory) ? {} : (found.config.compilerOptions ?? {});
  } catch {
    return {}; // TypeScript itself reports a tsconfig.json that cannot be read
  }
}

/**
 * Whether a tsconfig.json may be anybody's: it can name code that will run (`jsxImportSource`). It counts if it is ours, root's or of
 * whoever has the module's directory, and not if it is above that in a directory that everybody can write to, as /tmp.
 */
function isForeign(tsconfig: string, directory: string): boolean {
  const us = process.geteuid?.();
  if (us === undefined) return false;
  const above = dirname(tsconfig);
  if (above !== directory && (statSync(above).mode & 0o002) !== 0) return true;
  return ![0, us, statSync(directory).uid].includes(statSync(tsconfig).uid);
}

/** JSX as a text wants it: comments (`@jsxImportSource`) come before the settings. */
export function jsxOf(source: string, { jsx }: Settings): JsxSettings {
  const said = (name: string): string | undefined =>
    new RegExp(`/\\*[*\\s]*@${name}\\s+([^\\s*]+)`).exec(source)?.[1];
  const [runtime, importSource, pragma] = [said('jsxRuntime'), said('jsxImportSource'), said('jsx')];
  const isClassic =
    runtime === undefined
      ? importSource === undefined && (pragma !== undefined || jsx.runtime === 'classic')
      : runtime === 'classic';
  if (!isClassic) {
    const fallback = jsx.runtime === 'automatic' ? jsx.importSource : 'react';
    return { runtime: 'automatic', importSource: importSource ?? fallback };
  }
  const [factory, fragment] =
    jsx.runtime === 'classic' ? [jsx.pragma, jsx.pragmaFrag] : ['React.createElement', 'React.Fragment'];
  return { runtime: 'classic', pragma: pragma ?? factory, pragmaFrag: said('jsxFrag') ?? fragment };
}
