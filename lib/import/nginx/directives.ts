/** A directive of an nginx config: a line, or a block with directives of its own. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** The line of its name, from 1. */
  readonly line: number;
  /** Of a block. */
  readonly inner: readonly Directive[] | undefined;
}

/** A place where a text is no config of nginx's. */
export interface SyntaxProblem {
  readonly line: number;
  readonly text: string;
}

interface Token {
  readonly kind: "word" | ";" | "{" | "}";
  readonly text: string;
  readonly line: number;
}

/** Deeper than a config is. */
const MAX_DEPTH = 50;

/** Reads an nginx config as a tree. Reads any text: what makes no sense is a problem, and the rest is read on. */
export function readDirectives(text: string): { directives: Directive[]; problems: SyntaxProblem[] } {
  const problems: SyntaxProblem[] = [];
  const tokens = tokensOf(text);
  const root: Directive[] = [];
  const open: { directives: Directive[]; line: number }[] = [{ directives: root, line: 1 }];
  let words: Token[] = [];
  for (const token of tokens) {
    const directives = open.at(-1)?.directives ?? root;
    if (token.kind === "word") words.push(token);
    else if (token.kind === ";") {
      add(directives, words, undefined);
      words = [];
    } else if (token.kind === "{") {
      const inner: Directive[] = [];
      if (words.length === 0 || open.length > MAX_DEPTH) {
        problems.push({ line: token.line, text: '"{" without a name before it' });
      }
      add(directives, words, inner);
      words = [];
      // What is too deep is read, and belongs to nothing.
      open.push({ directives: open.length > MAX_DEPTH ? [] : inner, line: token.line });
    } else {
      if (words.length > 0) {
        problems.push({ line: words[0]?.line ?? token.line, text: 'expected ";" before "}"' });
      }
      add(directives, words, undefined);
      words = [];
      if (open.length > 1) open.pop();
      else problems.push({ line: token.line, text: '"}" closes nothing' });
    }
  }
  if (words.length > 0) problems.push({ line: words[0]?.line ?? 1, text: 'expected ";" at the end' });
  add(open.at(-1)?.directives ?? root, words, undefined);
  if (open.length > 1) problems.push({ line: open.at(-1)?.line ?? 1, text: '"{" is never closed' });
  return { directives: root, problems };
}

function add(to: Directive[], [first, ...rest]: readonly Token[], inner: Directive[] | undefined): void {
  if (first === undefined) return;
  to.push({ name: first.text, args: rest.map(({ text }) => text), line: first.line, inner });
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let word: { text: string; line: number } | undefined;
  const endWord = (): void => {
    if (word !== undefined) tokens.push({ kind: "word", ...word });
    word = undefined;
  };
  for (let at = 0; at < text.length;) {
    const char = text[at] ?? "";
    if (/\s/.test(char)) {
      endWord();
      if (char === "\n") line++;
      at++;
    } else if (char === "#" && word === undefined) {
      const end = text.indexOf("\n", at);
      at = end === -1 ? text.length : end;
    } else if ((char === '"' || char === "'") && word === undefined) {
      const { value, end } = readQuoted(text, at + 1, char);
      tokens.push({ kind: "word", text: value, line });
      line += text.slice(at, end).split("\n").length - 1;
      at = end;
    } else if (char === ";" || char === "}" || (char === "{" && !(word?.text.endsWith("$") ?? false))) {
      endWord();
      tokens.push({ kind: char, text: char, line });
      at++;
    } else {
      word ??= { text: "", line };
      // "${name}" is one word, its braces included.
      const variable = /^\{\w+\}/.exec(text.slice(at, at + 80));
      if (char === "{" && variable !== null) {
        word.text += variable[0];
        at += variable[0].length;
        continue;
      }
      if (char === "\\" && at + 1 < text.length) {
        word.text += text.slice(at, at + 2);
        if (text[at + 1] === "\n") line++;
        at += 2;
      } else {
        word.text += char;
        at++;
      }
    }
  }
  endWord();
  return tokens;
}

function readQuoted(text: string, from: number, quote: string): { value: string; end: number } {
  let value = "";
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === quote) return { value, end: at + 1 };
    if (char === "\\" && (text[at + 1] === quote || text[at + 1] === "\\")) value += text[++at] ?? "";
    else value += char;
  }
  return { value, end: text.length };
}

/** The last directive of a name in a block. */
export function lastDirective(inner: readonly Directive[], name: string): Directive | undefined {
  return inner.findLast((directive) => directive.name === name);
}
