/**
 * Texts that other loaders have made of files. In: what the next loader gives for a module; out: the module's text, and the
 * language that it is in, where that loader has made another text of the file's (tsx gives JavaScript for TypeScript). Node's own
 * loader gives bytes. What was made with a source map is laid out again, each line where the author has it: functions,
 * errors and stack traces name his lines.
 */
import { fileURLToPath, readFileSync } from '../node.ts';
import { instrumenter, type Language, takeAs, typed, writtenIn } from './language.ts';
import { type Source, textOf } from './source.ts';

export interface Given {
  text: string;
  /** undefined: it is the file's own text */
  madeAs: Language | undefined;
  /** where it is not: the text of the file */
  file?: string | undefined;
}

/** The text of a module; undefined where none is given. */
export function givenText(url: string, source: Source): Given | undefined {
  const text = textOf(source);
  const file = typeof source === 'string' ? fileText(url) : undefined;
  if (typeof source !== 'string' || text === undefined || text === file)
    return text === undefined ? undefined : { text, madeAs: undefined };
  const isJavaScript = instrumenter().tryParse(text, 'js').errors.length === 0;
  const madeAs = isJavaScript ? 'js' : writtenIn(url);
  takeAs(url, madeAs);
  return { text: (isJavaScript ? laidOut(text, url) : undefined) ?? text, madeAs, file };
}

function fileText(url: string): string | undefined {
  try {
    return textOf(readFileSync(fileURLToPath(url)));
  } catch {
    return undefined; // it is no file, and the loader knows what it is
  }
}

/** A text with its lines where its source map says that the author has them; undefined where it has no map of one file. */
function laidOut(text: string, url: string): string | undefined {
  try {
    const map = instrumenter().mapIn(text, url);
    return map === undefined ? undefined : typed().relaid(text, map, url);
  } catch {
    return undefined; // a map that cannot be read or understood is no map, as for Node
  }
}
