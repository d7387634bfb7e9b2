/** Parts of a line that differ from run to run: a time, a length of time, an ephemeral port, `…`; and space. */
const VARYING = new RegExp(
  [
    "(?<time>\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z?)",
    "(?<length>\\b\\d+(?:\\.\\d+)?\\s?(?:µs|ms|s|min|m|h|MB|MiB)\\b)",
    "(?<port>\\b(?:3[3-9]|[4-6]\\d)\\d{3}\\b)",
    "(?<any>…)",
    "(?<space>\\s+)",
  ].join("|"),
  "g",
);

const PATTERNS: Readonly<Record<string, string>> = {
  time: "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z?",
  length: "(?:\\d+(?:\\.\\d+)?\\s?(?:µs|ms|s|min|m|h|MB|MiB)\\s?)+",
  port: "\\d{4,5}",
  any: ".*",
  space: "\\s+",
};

/** Whether a line is what a page says, but for what differs from run to run. */
export function matchesLine(expected: string, line: string): boolean {
  let pattern = "";
  let end = 0;
  for (const match of expected.trimEnd().matchAll(VARYING)) {
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0] ?? "any";
    pattern += escape(expected.slice(end, match.index)) + PATTERNS[kind];
    end = match.index + match[0].length;
  }
  pattern += escape(expected.trimEnd().slice(end));
  return new RegExp(`^${pattern}$`, "u").test(line.trimEnd());
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
