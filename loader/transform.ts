/**
 * JavaScript from what erase.ts leaves: enums, namespaces, JSX, decorators. In: a module's text, types blanked; out: what Node
 * can run, made by oxc-transform, and laid out again so that each line stands where it stood: stack traces name the author's
 * lines without anyone having asked for source maps. The transformer is only loaded when there is such a text.
 */
import remapping from '@jridgewell/remapping';
import { HotswapError } from '../error.ts';
import { asImported } from '../node.ts';
import type { Place } from './erase.ts';
import { frameAt, frameOfLine } from './frame.ts';
import { languageOf, requireOurs } from './language.ts';
import { withComment } from './maps.ts';
import { eachChild, lineOf, type Node, tryParse } from './parse.ts';
import { HELPERS } from './registry.ts';
import { type JsxSettings, jsxOf, type Settings } from './settings.ts';

interface TransformOptions {
  /** URL of the module, for errors */
  url: string;
  settings: Settings;
  /** the author's text, for comments that say how JSX is meant */
  source: string;
  /** what is to be transformed, by its places there */
  left: readonly Place[];
}

export interface Transformed {
  code: string;
  /** decoded source map from `code` to the text that was given */
  map: { version: 3; names: []; sources: string[]; mappings: Segment[][] };
}

type Segment = [column: number, source: 0, line: number, sourceColumn: number];

/** Variable of a module through which edits find what its JSX goes through, by specifier. */
export const JSX = 'hs$jsx';

/**
 * A whole module as JavaScript.
 * @throws ERR_HOTSWAP_SYNTAX for what the transformer refuses, with the line
 */
export function transformModule(text: string, options: TransformOptions): Transformed {
  const { code, mappings } = run(text, 'module', options);
  const { jsx } = optionsOf(options);
  let opening = '';
  if (jsx.runtime === 'automatic') {
    // What edits may need later: they are evaluated, and cannot import.
    const isFrom = (one: string): boolean => code.includes(`from ${JSON.stringify(one)}`);
    const runtime = `${jsx.importSource}/jsx-runtime`;
    const whole = isFrom(jsx.importSource) ? [jsx.importSource] : [];
    const specifiers = isFrom(runtime) || whole.length > 0 ? [runtime, ...whole] : [];
    const imports = specifiers.map((one, i) => `import*as ${JSX}${i} from${JSON.stringify(one)};`);
    const entries = specifiers.map((one, i) => `${JSON.stringify(one)}:${JSX}${i}`);
    if (/\bjsxs?\b|\bcreateElement\b/.test(code) && specifiers.length > 0)
      opening = `${imports.join('')}const ${JSX}={__proto__:null,${entries.join()}};`;
  }
  return realigned(code, mappings, opening);
}

/**
 * An expression, which is to be evaluated among a module's own variables, as JavaScript.
 * @throws as `transformModule`
 */
export function transformExpression(text: string, options: TransformOptions): string {
  const { code, mappings } = run(text, 'script', options);
  return realigned(code, mappings, '').code.replace(
    /\bvar (_\w+) = require\(("[^"]*")\);/g,
    (whole, name, specifier) => {
      const { jsx } = optionsOf(options);
      const isRuntime =
        jsx.runtime === 'automatic' &&
        [`${jsx.importSource}/jsx-runtime`, jsx.importSource].includes(JSON.parse(specifier));
      return isRuntime && code.startsWith('var ') ? `var ${name}=${JSX}[${specifier}];` : whole;
    },
  );
}

/** JavaScript that another compiler has printed, its lines where the author has them. @returns undefined for what was made of several files */
export function relaid(text: string, map: string, url: string): string | undefined {
  const { mappings, sources } = remapping(map, () => null, { decodedMappings: true });
  if (sources.length !== 1) return undefined;
  const made = realigned(text, mappings as unknown as Segment[][], '');
  return withComment(made.code, remapping({ ...made.map, sources: [url] } as never, () => null).toString());
}

function optionsOf({ source, settings }: TransformOptions): { jsx: JsxSettings } {
  return { jsx: jsxOf(source, settings) };
}

function run(
  text: string,
  sourceType: 'module' | 'script',
  options: TransformOptions,
): { code: string; mappings: Segment[][] } {
  const { settings, url, left, source } = options;
  const decorator = settings.decorators ? undefined : left.find((one) => one.type === 'Decorator');
  if (decorator !== undefined) throw undecorated(source, decorator, url);
  const { jsx } = optionsOf(options);
  const lang = languageOf(url);
  const { transformSync } = requireOurs<typeof import('oxc-transform')>('oxc-transform');
  const { code, map, errors } = asImported(() =>
    transformSync(`module.${lang}`, text, {
      lang,
      sourceType,
      sourcemap: true,
      jsx: { ...jsx, pure: false },
      typescript: {
        onlyRemoveTypeImports: true,
        removeClassFieldsWithoutInitializer: !settings.define,
      },
      decorator: { legacy: settings.decorators },
      helpers: { mode: 'External' as never },
    }),
  );
  const error = errors.find((one) => one.severity === 'Error');
  if (error !== undefined) throw refused(text, error, options);
  const { mappings } = remapping(map as never, () => null, { decodedMappings: true });
  // Only we write this name, as no other does.
  const helped = text.includes('babelHelpers') ? code : code.replaceAll('babelHelpers.', `${HELPERS}.`);
  return { code: helped, mappings: mappings as unknown as Segment[][] };
}

function undecorated(source: string, { start }: Place, url: string): HotswapError {
  const line = lineOf(source, start);
  return new HotswapError(
    'ERR_HOTSWAP_SYNTAX',
    `${url}:${line} cannot be made JavaScript: it has a decorator as ECMAScript proposes it, which neither Node nor oxc-transform runs. "experimentalDecorators": true in tsconfig.json makes it TypeScript's own.${frameOfLine(source, line)}`,
    { module: url, line },
  );
}

/** The text has the author's lines, but not only what he wrote in them: most often the parser finds the same in his own. */
function refused(
  text: string,
  { message, labels }: { message: string; labels: { start: number }[] },
  { url, source }: TransformOptions,
): HotswapError {
  const own = tryParse(source, languageOf(url), true).errors.find((one) => one.message === message);
  const line =
    own === undefined ? lineOf(text, labels[0]?.start ?? 0) : lineOf(source, own.labels[0]?.start ?? 0);
  const frame = own === undefined ? frameOfLine(source, line) : frameAt(source, own.labels);
  return new HotswapError(
    'ERR_HOTSWAP_SYNTAX',
    `${url}:${line} cannot be made JavaScript: ${message}${frame}`,
    { module: url, line },
  );
}

/** Words that must not have the line's end right after them (ECMA-262 12.10.1). */
const KEEPS = /(?<=^|[^\w$.])(return|throw|yield|await)(\s*)$/;
const JOINED = /(?:^|[^\w$.])(?:return|throw|break|continue|yield|async|await|using)$/;

/**
 * Printed code with its lines where the text had them: the printer's own line ends go, as it ends every statement with a
 * semicolon, and others come where the map says that a line has begun. Comments go; the author's text has them.
 */
function realigned(code: string, mappings: Segment[][], opening: string): Transformed {
  const { program, comments } = tryParse(code, 'js');
  const solid: { start: number; end: number }[] = [];
  const look = (node: Node): void => {
    if (node.type === 'TemplateElement') solid.push(node);
    eachChild(node, look);
  };
  look(program);
  solid.sort((a, b) => a.start - b.start);
  const hashbang = /^#!.*\n/.exec(code)?.[0] ?? '';
  const rows: Segment[][] = [[]];
  let out = '';
  let row = '';
  let at = 0;
  let [comment, quasi] = [0, 0];

  const breakLine = (): void => {
    out += `${row}\n`;
    row = '';
    rows.push([]);
  };
  const plain = (to: number): void => {
    while (at < to) {
      const next = code.indexOf('\n', at);
      const end = next === -1 || next > to ? to : next;
      row += row === '' || row.endsWith(' ') ? code.slice(at, end).trimStart() : code.slice(at, end);
      at = end;
      if (at < to) {
        row += ' ';
        at++;
        while (code[at] === '\t') at++;
      }
    }
    at = Math.max(at, to);
  };
  const exact = (to: number): void => {
    for (; at < to; at++) {
      if (code[at] === '\n') breakLine();
      else row += code[at];
    }
  };
  /** Everything up to an offset. */
  const print = (to: number): void => {
    while (at < to) {
      while ((comments[comment]?.end ?? code.length + 1) <= at) comment++;
      while ((solid[quasi]?.end ?? code.length + 1) <= at) quasi++;
      const nextComment = comments[comment]?.start ?? code.length;
      const nextQuasi = solid[quasi]?.start ?? code.length;
      if (nextComment <= at && comment < comments.length) at = comments[comment]?.end as number;
      else if (nextQuasi <= at && quasi < solid.length) exact(Math.min(to, solid[quasi]?.end as number));
      else plain(Math.min(to, nextComment, nextQuasi));
    }
  };
  /** Begins the next line, if one may begin here; what must stay on the line of what follows goes with it. */
  const breakTo = (line: number): void => {
    let next = quasi;
    while ((solid[next]?.end ?? code.length) < at) next++;
    if ((solid[next]?.start ?? code.length + 1) <= at) return;
    const before = row.trimEnd();
    const [, word, space] = KEEPS.exec(row) ?? [];
    if (JOINED.test(before) && word === undefined) return;
    if (/^\s*=>/.test(code.slice(at, at + 9))) return;
    if (/^(?:\+\+|--)/.test(code.slice(at, at + 2)) && !/[;{}(,=:?&|]$/.test(before)) return;
    const moved = word === undefined ? '' : word + space;
    const from = row.length - moved.length;
    const mapped = (rows.at(-1) as Segment[]).filter(([column]) => column >= from);
    if (JOINED.test(row.slice(0, from).trimEnd())) return;
    (rows.at(-1) as Segment[]).length -= mapped.length;
    row = row.slice(0, from);
    while (rows.length <= line) breakLine();
    row = moved;
    (rows.at(-1) as Segment[]).push(...mapped.map(([column, ...rest]): Segment => [column - from, ...rest]));
  };

  if (hashbang !== '') {
    row = hashbang.slice(0, -1);
    breakLine();
    at = hashbang.length;
  }
  row += opening;
  let start = 0;
  for (const segments of mappings) {
    for (const [column, , line, sourceColumn] of segments) {
      const offset = start + column;
      if (line === undefined || offset < at) continue;
      print(offset);
      if (line >= rows.length) breakTo(line);
      (rows.at(-1) as Segment[]).push([row.length, 0, line, sourceColumn as number]);
    }
    const end = code.indexOf('\n', start);
    start = end === -1 ? code.length : end + 1;
  }
  print(code.length);
  return { code: out + row, map: { version: 3, names: [], sources: [''], mappings: rows } };
}
