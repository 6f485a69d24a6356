/**
 * Files that a save does nothing with: CommonJS, settings of the environment, templates and data that the program reads by itself. In: how the
 * program was started, and names of files that were saved; out: where to look for them, and one line for each kind, once.
 */
import { readdirSync } from 'node:fs';
import { packageRoot } from '../loader/config.ts';
import { basename, createRequire, fileURLToPath, join, realpath } from '../node.ts';
import { shown } from './say.ts';

/** How many directories are looked at besides those of modules, and how deep below the package's. */
const DIRECTORIES = 100;
const DEPTH = 3;

const ASIDE = /^\.|^(?:node_modules|coverage|dist|build|out|lib|tmp|logs?|public|uploads)$/;

type Kind = 'environment' | 'template' | 'data';

/** What kind of file a name is of, as far as programs read such files; undefined for any other. */
export function kindOf(file: string): Kind | undefined {
  const name = basename(file);
  if (/^\.env(?:\.|$)/.test(name)) return 'environment';
  if (/^(?:package|package-lock|tsconfig.*|jsconfig|deno)\.json$/.test(name)) return undefined;
  if (/\.(?:ejs|hbs|handlebars|pug|njk|liquid|eta|mustache|html?|graphql|gql|sql|proto)$/i.test(name))
    return 'template';
  return /\.(?:json5?|ya?ml|toml|ini|properties)$/i.test(name) ? 'data' : undefined;
}

/** Says of the first file of each kind that a save of it does nothing. */
export function othersSaid(say: (line: string) => void): (file: string) => void {
  const said = new Set<Kind>();
  return (file) => {
    const kind = kindOf(file);
    if (kind === undefined || said.has(kind)) return;
    said.add(kind);
    const why: Record<Kind, string> = {
      environment: 'is read when a program starts: what was saved counts from a restart on',
      template: 'is no module: what the program has read of it stays until it reads it again',
      data: 'is no module that is imported: what the program has read of it stays until it reads it again',
    };
    say(`${shown(file)} ${why[kind]}`);
  };
}

/** Directories of the program's package in which it may have such files. */
export function otherDirectories(): string[] {
  const root = packageRoot(process.cwd()) ?? process.cwd();
  const found = [root];
  for (let level = [root], depth = 0; depth < DEPTH && found.length < DIRECTORIES; depth++) {
    level = level.flatMap(inside);
    found.push(...level);
  }
  return found.slice(0, DIRECTORIES);
}

function inside(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((one) => one.isDirectory() && !ASIDE.test(one.name))
      .map(({ name }) => join(directory, name));
  } catch {
    return []; // gone, or not for us
  }
}

/** Files of CommonJS, and JSON, that have been loaded, those of packages aside. */
export function requiredFiles(): string[] {
  const { cache } = createRequire(import.meta.url);
  return Object.keys(cache).filter((file) => !/[\\/]node_modules[\\/]/.test(file) && !file.startsWith(OURS));
}

const OURS = fileURLToPath(new URL('../', import.meta.url));

/** Whether the program that Node was started with is CommonJS. */
export function isCommonJs(): boolean {
  const entry = process.argv[1];
  try {
    return entry !== undefined && requiredFiles().includes(realpath(entry));
  } catch {
    return false;
  }
}
