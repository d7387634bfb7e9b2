/**
 * Where a quote or a bracket opens that is the reason for a syntax error further down.
 *
 * @module
 */

/** An open quote or bracket, and where it opens. */
export interface Opening {
  readonly offset: number;
  readonly message: string;
}

/** A quoted text, closed or not; a plain piece is skipped whole, so that an apostrophe in it opens nothing. */
const TOKEN =
  /\s+|#.*|"(?:[^"\\]|\\[^])*("?)|'(?:[^']|'')*('?)|[[\]{},]|[-?:](?=\s)|[^\s[\]{},]+?(?=:\s|[\s,\]}]|$)|[^]/gy;

/**
 * The quote or the innermost bracket that nothing closes; or a quote before `offset` that closes on a later line, behind what
 * looks like a key: the quote that was to close it is missing, and another has taken its place.
 */
export function findOpening(text: string, offset: number): Opening | undefined {
  const brackets: number[] = [];
  let suspect: number | undefined;
  for (const { index, 0: token } of text.matchAll(TOKEN)) {
    const first = token.charAt(0);
    if (first === "[" || first === "{") brackets.push(index);
    else if (first === "]" || first === "}") brackets.pop();
    else if (first === '"' || first === "'") {
      const isClosed = token.length > 1 &&
        (first === '"' ? /^"(?:[^"\\]|\\[^])*"$/ : /^'(?:[^']|'')*'$/).test(token);
      if (!isClosed) return unclosedQuote(index);
      if (index < offset && /[\r\n]\s*(?:- )?[\w-]+:(?:\s|["']$)/.test(token)) suspect ??= index;
    }
  }
  if (suspect !== undefined) return unclosedQuote(suspect);
  const bracket = brackets.at(-1);
  if (bracket === undefined) return undefined;
  const closing = text.charAt(bracket) === "[" ? "]" : "}";
  return { offset: bracket, message: `the bracket that opens here is not closed; expected "${closing}"` };
}

function unclosedQuote(offset: number): Opening {
  return { offset, message: "the quote that opens here is not closed on its line" };
}
