/** A fenced block of a page. */
export interface Block {
  /** The line of its first line of text, from 1. */
  readonly line: number;
  /** The first word after the fence, `yaml`; empty for none. */
  readonly language: string;
  /** The words after that. */
  readonly info: readonly string[];
  readonly text: string;
}

/** A link or picture of a page. */
export interface Link {
  readonly line: number;
  readonly target: string;
}

/** A piece of code within a sentence. */
export interface InlineCode {
  readonly line: number;
  readonly text: string;
}

/** What the tests know of a Markdown page. */
export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  /** What `#…` may lead to. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
  readonly blocks: readonly Block[];
  readonly inlineCode: readonly InlineCode[];
  /** Blocks without a fence that GitHub shows as code: tests do not see them, so pages have none. */
  readonly indentedCode: readonly number[];
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*(.*)$/;

/** Reads the parts of Markdown that this repository's pages use: headings, fences, links and code. */
export function parsePage(path: string, text: string): Page {
  const blocks: Block[] = [];
  const links: Link[] = [];
  const inlineCode: InlineCode[] = [];
  const indentedCode: number[] = [];
  const headings: string[] = [];
  const ids: string[] = [];
  let open: { fence: string; indent: number; line: number; words: string[]; lines: string[] } | undefined;
  let isAfterBlank = true;
  let isInList = false;
  text.split("\n").forEach((line, index) => {
    if (open !== undefined) {
      const closing = FENCE.exec(line);
      if (closing?.[2]?.startsWith(open.fence) && closing[3] === "") {
        const [language = "", ...info] = open.words;
        blocks.push({
          line: open.line,
          language,
          info,
          text: open.lines.map((each) => `${each}\n`).join(""),
        });
        open = undefined;
      } else open.lines.push(withoutIndent(line, open.indent));
      return;
    }
    const fence = FENCE.exec(line);
    if (fence !== null) {
      const [, indent = "", mark = "", info = ""] = fence;
      open = {
        fence: mark,
        indent: indent.length,
        line: index + 2,
        words: info.split(/\s+/).filter((word) => word !== ""),
        lines: [],
      };
      return;
    }
    const wasAfterBlank = isAfterBlank;
    isAfterBlank = line.trim() === "";
    if (isAfterBlank) return;
    if (/^\s*(?:[-*+]|\d+\.)\s/.test(line)) isInList = true;
    else if (/^\S/.test(line) && wasAfterBlank) isInList = false;
    if (/^ {4,}\S/.test(line) && wasAfterBlank && !isInList) indentedCode.push(index + 1);
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line);
    if (heading !== null) headings.push(heading[1] ?? "");
    for (const [, id = ""] of line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) ids.push(id);
    for (const [, code = ""] of line.matchAll(/`([^`]+)`/g)) inlineCode.push({ line: index + 1, text: code });
    const prose = line.replaceAll(/`[^`]*`/g, "``");
    for (const [, target = ""] of prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)) {
      links.push({ line: index + 1, target });
    }
    for (const [, target = ""] of prose.matchAll(/\b(?:href|src|srcset)="([^"]+)"/g)) {
      links.push({ line: index + 1, target });
    }
  });
  return { path, text, anchors: anchorsOf(headings, ids), links, blocks, inlineCode, indentedCode };
}

/** GitHub's: lower case, without punctuation, dashes for spaces, numbered where two are the same. */
function anchorsOf(headings: readonly string[], ids: readonly string[]): Set<string> {
  const anchors = new Set(ids);
  for (const heading of headings) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
    const slug = plain.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    let anchor = slug;
    for (let number = 1; anchors.has(anchor); number++) anchor = `${slug}-${number}`;
    anchors.add(anchor);
  }
  return anchors;
}

function withoutIndent(line: string, indent: number): string {
  return line.slice(Math.min(indent, line.length - line.trimStart().length));
}
