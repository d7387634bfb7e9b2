import { type Command, type CommandArgs, UsageError } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";
import { suggestion } from "../suggestion.ts";
import { REASON_PAGES, REASON_WORDS, reasonMetric, type ReasonWord } from "../reason/reason_pages.ts";

/** `tcpproxy reason`: what a reason word of the log means, and what to do about it. */
export const reason: Command = {
  name: "reason",
  summary: "Explain why a connection ended: what a reason of the log means, and what to do",
  usage: "[REASON]",
  details:
    `REASON is the word that the access log, metrics and dashboard give as the reason of a session's end. Without
it, all are listed. The same as a page: docs/troubleshooting.md.`,
  arity: [0, 1],
  choices: REASON_WORDS,
  flags: [{ name: "json", summary: "Print JSON" }],
  example: "tcpproxy reason half_close_timeout",
  run: explainReason,
};

async function explainReason(args: CommandArgs, io: Io): Promise<number> {
  const [given] = args.positionals;
  const { reasonList, reasonText } = await import("../reason/reason_text.ts");
  if (given === undefined) {
    await io.print(args.on("json") ? json(REASON_WORDS.map(asJson)) : reasonList());
    return EXIT.done;
  }
  const word = REASON_WORDS.find((word) => word === given);
  if (word === undefined) {
    const near = suggestion(given, REASON_WORDS);
    throw new UsageError(
      `there is no reason "${given}"${near === "" ? `; expected one of ${REASON_WORDS.join(", ")}` : near}`,
    );
  }
  await io.print(args.on("json") ? json(asJson(word)) : reasonText(word));
  return EXIT.done;
}

function asJson(word: ReasonWord): Record<string, unknown> {
  const { means, endedBy, causes, remedies, fields, metrics = [] } = REASON_PAGES[word];
  const counted = reasonMetric(word);
  return {
    reason: word,
    means,
    ["ended_by"]: endedBy,
    causes,
    remedies,
    fields,
    metrics: counted === undefined ? metrics : [counted, ...metrics],
  };
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
