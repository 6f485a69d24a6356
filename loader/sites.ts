/**
 * Call sites that say another place than V8's. In: a call site (https://v8.dev/docs/stack-trace-api), and where its code is; out: one that answers
 * everything else as V8's does, and prints itself as that one would there.
 */
import { fileURLToPath } from '../node.ts';

/** A stack frame as V8 gives it. */
export type CallSite = NodeJS.CallSite & {
  getScriptHash(): string;
  getScriptNameOrSourceURL(): string | null;
};

/** A call site, and where its code is. */
interface Moved {
  site: CallSite;
  url: string;
  line: number;
  column: number | null;
}

/** By call sites with other places. Whoever had a say in how traces look before us may hand them on to us. */
const moved = new WeakMap<object, Moved>();

/** What such call sites have in common: all that V8's have. */
let movedSites: object | undefined;

export function isMoved(site: object): boolean {
  return moved.has(site);
}

/** A call site with another place. */
export function siteAt(site: CallSite, url: string, line: number, column: number | null): NodeJS.CallSite {
  movedSites ??= likeThose(Object.getPrototypeOf(site));
  const made = Object.create(movedSites);
  moved.set(made, { site, url, line, column });
  return made;
}

function likeThose(sites: CallSite): object {
  const answers: Record<string, (one: Moved) => unknown> = {
    getLineNumber: ({ line }) => line,
    getColumnNumber: ({ column }) => column,
    getScriptNameOrSourceURL: ({ url }) => url,
    // Where source maps are on Node would look for what the map of the text as it was loaded says of that line.
    getFileName: ({ site }) => (process.sourceMapsEnabled ? undefined : site.getFileName()),
    getEvalOrigin: ({ site }) => (process.sourceMapsEnabled ? undefined : site.getEvalOrigin()),
    toString: shown,
  };
  const made: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(sites)) {
    const native = sites[name as 'toString'];
    if (name === 'constructor' || typeof native !== 'function') continue;
    const answer = answers[name] ?? (({ site }) => native.call(site));
    made[name] = function (this: object) {
      return answer(moved.get(this) as Moved);
    };
  }
  return made;
}

/** As V8 writes it, or Node where source maps are on. */
function shown({ site, url, line, column }: Moved): string {
  const was = `${site.getScriptNameOrSourceURL()}:${site.getLineNumber()}:${site.getColumnNumber()}`;
  const file = process.sourceMapsEnabled && url.startsWith('file:') ? fileURLToPath(url) : url;
  const text = String(site);
  const at = text.lastIndexOf(was);
  if (at < 0) return text;
  return `${text.slice(0, at)}${file}:${line}:${column}${text.slice(at + was.length)}`;
}
