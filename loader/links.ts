/**
 * Whether a version can be linked, before it is loaded. In: its text, that of the file, and the texts of the modules around it; out:
 * why not: an export that another module needs is gone, or it imports what is not there. Only what the version has changed is
 * looked at, and only modules that are named by a path: of packages nothing is known here. Behind `instrumenter`, as it parses.
 */
import { existsSync, fileURLToPath } from '../node.ts';
import { writtenFor } from './language.ts';
import { lineOf, tryParse } from './parse.ts';

/** A name that a module imports, or passes on, from another. */
interface Need {
  specifier: string;
  name: string;
  line: number;
}

/** What links a module to others. */
interface Links {
  specifiers: string[];
  needs: Need[];
  gives: Set<string>;
  /** specifiers of `export * from` */
  stars: string[];
}

/** A version that is about to run, and the modules around it. */
interface Linked {
  url: string;
  /** JavaScript, as are the others: of the version, and of the file */
  text: string;
  file: string;
  /** URLs of modules that have been loaded, whose imports lead to all that will be */
  loaded: Iterable<string>;
  /** the text that another module runs; undefined where that is not known */
  textOf: (url: string) => string | undefined;
}

/** Why a version cannot be linked, e.g. `app.js:1 imports "g", which it does not export`; undefined where nothing is known against it. */
export function brokenLink({ url, text, file, loaded, textOf }: Linked): string | undefined {
  const before = linksOf(file);
  const after = linksOf(text);
  const lost = new Set([...before.gives].filter((name) => !after.gives.has(name)));
  const isOld = ({ specifier, name }: Need): boolean =>
    before.needs.some((one) => one.specifier === specifier && one.name === name);
  const needs = after.needs.filter((need) => !isOld(need));
  const added = after.specifiers.filter((one) => !before.specifiers.includes(one));
  if (lost.size === 0 && needs.length === 0 && added.length === 0) return undefined;

  const graph = new Graph(textOf, new Map([[url, after]]));
  const gone = added.find((one) => resolved(one, url) === 'missing');
  if (gone !== undefined) return `it imports ${gone}, which is not there`;
  const missing = needs.find((need) => !graph.gives(resolved(need.specifier, url), need.name));
  if (missing !== undefined)
    return `its line ${missing.line} imports ${JSON.stringify(missing.name)} from ${missing.specifier}, which does not export that`;
  if (lost.size === 0) return undefined;

  const former = new Graph(textOf, new Map([[url, before]]));
  for (const [by, links] of graph.from([...loaded, url])) {
    for (const { specifier, name, line } of links.needs) {
      if (!lost.has(name)) continue;
      const target = resolved(specifier, by);
      if (!graph.gives(target, name) && former.gives(target, name))
        return `${fileURLToPath(by)}:${line} imports ${JSON.stringify(name)}, which it does not export`;
    }
  }
  return undefined;
}

/** Modules by what they import. */
class Graph {
  readonly #textOf: Linked['textOf'];
  readonly #links: Map<string, Links | undefined>;

  constructor(textOf: Linked['textOf'], known: Map<string, Links | undefined>) {
    this.#textOf = textOf;
    this.#links = known;
  }

  of(url: string): Links | undefined {
    if (!this.#links.has(url)) {
      const text = this.#textOf(url);
      this.#links.set(url, text === undefined ? undefined : linksOf(text));
    }
    return this.#links.get(url);
  }

  /** Whether a module exports a name, by `export *` too. Of one that is not known it is taken for granted. */
  gives(url: string, name: string, seen = new Set<string>()): boolean {
    if (url === '' || url === 'missing') return true;
    if (seen.has(url)) return false;
    seen.add(url);
    const links = this.of(url);
    if (links === undefined || links.gives.has(name)) return true;
    return name !== 'default' && links.stars.some((one) => this.gives(resolved(one, url), name, seen));
  }

  /** Some modules and all that they import. */
  *from(urls: readonly string[]): Generator<[url: string, links: Links]> {
    const all = new Set(urls);
    for (const url of all) {
      const links = this.of(url);
      if (links === undefined) continue;
      yield [url, links];
      for (const one of links.specifiers) all.add(resolved(one, url));
    }
  }
}

/** The URL that a path leads to; `missing` where there is no such file, empty for a package, which only Node can find. */
function resolved(specifier: string, from: string): string {
  if (!/^(?:\.{0,2}\/|file:)/.test(specifier) || !URL.canParse(specifier, from)) return '';
  const { href } = new URL(specifier, from);
  const isFile = (one: string): boolean => {
    try {
      return existsSync(fileURLToPath(one));
    } catch {
      return false;
    }
  };
  return [href, ...writtenFor(href)].find(isFile) ?? 'missing';
}

function linksOf(text: string): Links {
  const { staticImports, staticExports } = tryParse(text).module;
  const links: Links = { specifiers: [], needs: [], gives: new Set(), stars: [] };
  for (const { moduleRequest, entries, start } of staticImports) {
    const specifier = moduleRequest.value;
    links.specifiers.push(specifier);
    for (const { importName } of entries) {
      if (importName.kind === 'NamespaceObject') continue;
      const name = importName.kind === 'Default' ? 'default' : (importName.name ?? '');
      links.needs.push({ specifier, name, line: lineOf(text, start) });
    }
  }
  for (const { entries, start } of staticExports) {
    for (const { exportName, importName, moduleRequest } of entries) {
      const specifier = moduleRequest?.value;
      if (specifier !== undefined) links.specifiers.push(specifier);
      if (exportName.kind === 'Default') links.gives.add('default');
      else if (exportName.kind === 'Name') links.gives.add(exportName.name ?? '');
      else if (specifier !== undefined) links.stars.push(specifier);
      if (specifier !== undefined && importName.kind === 'Name')
        links.needs.push({ specifier, name: importName.name ?? '', line: lineOf(text, start) });
    }
  }
  return links;
}
