import { REASON_PAGES, REASON_WORDS, reasonMetric, type ReasonWord } from "./reason_pages.ts";

/** What fits on any terminal. */
const WIDTH = 80;

/** The page of a reason for the terminal. */
export function reasonText(word: ReasonWord): string {
  const page = REASON_PAGES[word];
  const width = Math.max(...Object.keys(page.fields).map((field) => field.length));
  const metrics = [reasonMetric(word), ...page.metrics ?? []].filter((metric) => metric !== undefined);
  return [
    word,
    ...wrapped(page.means, "  "),
    "",
    ...wrapped(`Ended by: ${page.endedBy}`, ""),
    "",
    "Usual causes",
    ...page.causes.flatMap((cause) => wrapped(cause, "  - ")),
    "",
    "What to do",
    ...page.remedies.flatMap((remedy) => wrapped(remedy, "  - ")),
    "",
    "In the access log",
    ...Object.entries(page.fields).flatMap(([field, tells]) => wrapped(tells, `  ${field.padEnd(width)}  `)),
    "",
    "Metrics",
    ...metrics.map((metric) => `  ${metric}`),
  ].join("\n");
}

/** Every word with its meaning. */
export function reasonList(): string {
  const width = Math.max(...REASON_WORDS.map((word) => word.length));
  return REASON_WORDS.flatMap((word) => wrapped(REASON_PAGES[word].means, `${word.padEnd(width)}  `)).join(
    "\n",
  );
}

/** Breaks a text into lines behind a beginning, under which those after the first are indented. */
function wrapped(text: string, beginning: string): string[] {
  const indent = " ".repeat(beginning.length);
  const lines: string[] = [];
  let line = beginning;
  for (const word of text.replaceAll("`", "").split(" ")) {
    if (line.length + word.length + 1 > WIDTH && line.trim() !== "") {
      lines.push(line);
      line = indent;
    }
    line += line.length === beginning.length ? word : ` ${word}`;
  }
  return [...lines, line];
}
