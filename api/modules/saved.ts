/**
 * What a module's file says now. In: the module; out: the file's text, and what the loaders that made the module's text of it make of
 * this one: only they know, and only an import asks them.
 */
import { HotswapError } from '../../error.ts';
import type { LiveModule } from '../../loader/live.ts';
import { textModule } from '../../loader/variants.ts';
import { fileURLToPath, readFileSync, statSync } from '../../node.ts';
import { needRegistry } from '../history/history.ts';

/**
 * The text that a module would be loaded with.
 * @param text of its file, which is that where no other loader made another of it
 * @throws ERR_HOTSWAP_SYNTAX for what another loader refuses
 */
export async function madeOf({ url, madeAs }: LiveModule, text: string): Promise<string> {
  if (madeAs === undefined) return text;
  const { ask } = needRegistry();
  const asked = textModule(url);
  ask(asked, true);
  try {
    return (await import(asked)).default;
  } catch (cause) {
    const file = fileURLToPath(url);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HotswapError(
      'ERR_HOTSWAP_SYNTAX',
      `${file} is refused by the loader that it goes through: ${why}`,
      {
        module: url,
        file,
        cause,
      },
    );
  } finally {
    ask(asked, false);
  }
}

/** The text of a module's file. @throws ERR_HOTSWAP_MISSING, ERR_HOTSWAP_SYNTAX where it is not UTF-8 */
export function readSource(url: string): string {
  const file = fileURLToPath(url);
  let bytes: Buffer;
  try {
    if (statSync(file).isDirectory()) throw new Error('it is a directory');
    bytes = readFileSync(file);
  } catch (cause) {
    throw new HotswapError(
      'ERR_HOTSWAP_MISSING',
      `${file} cannot be read (${(cause as Error).message}); the version before runs on`,
      { module: url, file, cause },
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new HotswapError('ERR_HOTSWAP_SYNTAX', `${file} is not UTF-8 text; the version before runs on`, {
      module: url,
      file,
      cause,
    });
  }
}
