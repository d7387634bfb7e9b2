/**
 * Replaces a part of a document, which stands between two comments: `<!-- NAME -->` and `<!-- /NAME -->`.
 *
 * @throws {Error} when the document has no such part.
 */
export function replacePart(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`replace "${name}": the document has no ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`;
}
