/**
 * Man pages in the mdoc language (mdoc(7)): text, lists and displays, and the part of Markdown that the references use.
 *
 * @module
 */

/** A longer line of text is wrapped. */
const LINE_WIDTH = 78;

/** Text with `code`, **bold** and [links](…), as lines of a paragraph. Each sentence begins a line, as mdoc wants it. */
export function paragraph(markdown: string): string {
  const text = markdown.replaceAll(/\s+/g, " ").trim();
  const sentences = inline(text).split(/(?<=[.:!?](?:\\fR)?\)?) (?=\(?["A-Z\\])/);
  return sentences.flatMap(wrap).map(shield).join("\n");
}

/** Paragraphs, lists and code blocks of Markdown. Headings and comments are left out. */
export function blocks(markdown: string): string {
  const parts: string[] = [];
  for (const block of markdown.split(/\n{2,}/).map((each) => each.trim())) {
    if (block === "" || block.startsWith("#") || block.startsWith("<!--")) continue;
    const code = /^```\w*\n([\s\S]*?)\n```$/.exec(block)?.[1];
    if (code !== undefined) parts.push(literal(code));
    else if (block.startsWith("- ")) parts.push(bullets(block.slice(2).split(/\n- /)));
    else parts.push(parts.length === 0 ? paragraph(block) : `.Pp\n${paragraph(block)}`);
  }
  return parts.join("\n");
}

/** Lines that are shown as they are. */
export function literal(text: string): string {
  const lines = text.split("\n").map((line) => shield(escape(line)));
  return [".Bd -literal -offset indent", ...lines, ".Ed"].join("\n");
}

/** A list of terms, which may be macros (`Fl -help`), and what they mean. */
export function definitions(items: readonly (readonly [term: string, markdown: string])[]): string {
  return [
    ".Bl -tag -width Ds",
    ...items.map(([term, meaning]) => `.It ${term}\n${paragraph(meaning)}`),
    ".El",
  ].join("\n");
}

function bullets(items: readonly string[]): string {
  return [".Bl -bullet", ...items.map((item) => `.It\n${paragraph(item)}`), ".El"].join("\n");
}

/** One argument of a macro. Delimiters at its end (`apps[]`) are part of it. */
export function argument(text: string): string {
  const isDelimited = /[.,:;?!)\]]$/.test(text);
  return `"${escape(text).replaceAll('"', "\\(dq")}${isDelimited ? "\\&" : ""}"`;
}

/** A backslash begins an escape sequence, and a bare hyphen may be typeset as one that no shell takes. */
export function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...").replaceAll("’", "'");
}

function inline(markdown: string): string {
  return markdown.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/).map((part) => {
    const code = /^`([^`]+)`$/.exec(part)?.[1];
    if (code !== undefined) return bold(code);
    const strong = /^\*\*`?([^*`]+)`?\*\*$/.exec(part)?.[1];
    if (strong !== undefined) return bold(strong);
    const link = /^\[([^\]]+)\]/.exec(part)?.[1];
    return link === undefined ? escape(part) : inline(link);
  }).join("");
}

function bold(text: string): string {
  return `\\fB${escape(text)}\\fR`;
}

function wrap(sentence: string): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > LINE_WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** A line of text that begins with a full stop or an apostrophe would be taken for a macro. */
function shield(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
