export async function report({ data: { tick } }) {
  return `tick ${tick}`;
}
