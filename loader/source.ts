/** The source that a load hook got, as text. In: string, bytes or nothing; out: text, or undefined where there is none. */
export function textOf(source: Source): string | undefined {
  if (source === null || source === undefined) return undefined;
  return typeof source === 'string' ? source : decoder.decode(source);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export type Source = string | ArrayBuffer | NodeJS.TypedArray | null | undefined;
