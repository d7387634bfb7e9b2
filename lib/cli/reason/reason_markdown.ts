import { REASON_PAGES, REASON_WORDS, reasonMetric, type ReasonWord } from "./reason_pages.ts";

/** The page of a reason as a section of `docs/troubleshooting.md`. */
export function reasonSection(word: ReasonWord): string {
  const page = REASON_PAGES[word];
  const metrics = [reasonMetric(word), ...page.metrics ?? []].filter((metric) => metric !== undefined);
  return `## ${word}

${page.means} Ended by ${page.endedBy}.

Usual causes:

${list(page.causes)}

What to do:

${list(page.remedies)}

In the access log:

${list(Object.entries(page.fields).map(([field, tells]) => `\`${field}\`: ${tells}`))}

Metrics: ${metrics.map((metric) => `\`${metric}\``).join(", ")}.`;
}

/** A table of every word with its meaning, each with a link to its section. */
export function reasonTable(): string {
  return [
    "| reason | meaning |",
    "| ------ | ------- |",
    ...REASON_WORDS.map((word) => `| [\`${word}\`](#${word}) | ${REASON_PAGES[word].means} |`),
  ].join("\n");
}

function list(texts: readonly string[]): string {
  return texts.map((text) => `- ${text}`).join("\n");
}
