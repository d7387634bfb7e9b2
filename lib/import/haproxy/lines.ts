/** A line of a config that says something. */
export interface ConfigLine {
  /** From 1. */
  readonly line: number;
  readonly words: readonly string[];
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  " ": " ",
  "#": "#",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/**
 * Reads the lines of an HAProxy config: words between spaces, with its quotes, escapes and comments. Variables of the
 * environment, which it replaces within double quotes, become ours. Reads any text.
 */
export function readLines(text: string): ConfigLine[] {
  return text.split(/\r?\n/).map((line, index) => ({ line: index + 1, words: wordsOf(line) }))
    .filter(({ words }) => words.length > 0);
}

function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length;) {
    const char = line[at] ?? "";
    if (char === " " || char === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
    } else if (char === "#") {
      break;
    } else if (char === "'") {
      const end = line.indexOf("'", at + 1);
      const stop = end === -1 ? line.length : end;
      word = (word ?? "") + literal(line.slice(at + 1, stop));
      at = stop + 1;
    } else if (char === '"') {
      const { text, end } = readQuoted(line, at + 1);
      word = (word ?? "") + text;
      at = end;
    } else if (char === "\\") {
      const { text, end } = readEscape(line, at);
      word = (word ?? "") + literal(text);
      at = end;
    } else {
      const stop = /[ \t#'"\\]/.exec(line.slice(at))?.index;
      const end = stop === undefined ? line.length : at + Math.max(1, stop);
      word = (word ?? "") + literal(line.slice(at, end));
      at = end;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

function readQuoted(line: string, from: number): { text: string; end: number } {
  let text = "";
  for (let at = from; at < line.length;) {
    const rest = line.slice(at);
    if (rest.startsWith('"')) return { text, end: at + 1 };
    const variable = /^\$(?:\{(\w+)(?:-([^}]*))?\}|(\w+))/.exec(rest);
    if (variable !== null) {
      const [whole, braced, otherwise, plain] = variable;
      const name = braced ?? plain ?? "";
      text += otherwise === undefined ? `\${${name}}` : `\${${name}:-${otherwise}}`;
      at += whole.length;
    } else if (rest.startsWith("\\")) {
      const read = readEscape(line, at);
      text += literal(read.text);
      at = read.end;
    } else {
      text += rest[0] ?? "";
      at++;
    }
  }
  return { text, end: line.length };
}

function readEscape(line: string, at: number): { text: string; end: number } {
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(line.slice(at));
  if (hex !== null) return { text: String.fromCharCode(parseInt(hex[1] ?? "", 16)), end: at + 4 };
  const next = line[at + 1] ?? "";
  // Of any other, the backslash stays: it may be a regular expression's.
  return { text: ESCAPES[next] ?? `\\${next}`, end: at + 2 };
}

/** What is no variable in the original must not become one in ours. */
function literal(text: string): string {
  return text.replaceAll("${", "$${");
}
