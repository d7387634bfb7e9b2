import type { Fault } from "./fault.ts";
import type { Round } from "./round.ts";
import { SUBJECT_IDS, type SubjectId } from "./subjects.ts";

const TITLES: Readonly<Record<SubjectId, string>> = {
  runtime: "engine: runtime",
  native: "engine: native",
  haproxy: "HAProxy",
  nginx: "nginx",
};

/** The table of faults, promises, and what was seen, as Markdown. */
export function chaosTable(
  faults: readonly Fault[],
  rounds: readonly Round[],
  missing: ReadonlyMap<string, string>,
): string {
  const ran = SUBJECT_IDS.filter((id) => rounds.some(({ subject }) => subject === id));
  const head = ["fault", "promise", ...ran.map((id) => TITLES[id])];
  const rows = faults.map((fault) => {
    const cells = ran.map((id) => {
      const round = rounds.find((each) => each.fault === fault.name && each.subject === id);
      return round === undefined ? missing.get(fault.name) ?? "–" : seen(round);
    });
    return [fault.title, fault.promise, ...cells];
  });
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(escaped).join(" | ")} |`)
    .join("\n");
}

/** What was seen in a round, in a few words. */
export function seen(round: Round): string {
  const parts = [`${round.served} of ${round.asked} served`];
  if (round.recoveredMs !== undefined) parts.push(`again after ${Math.round(round.recoveredMs)} ms`);
  if (round.memoryAfter > 0) {
    parts.push(`${round.memoryBefore.toFixed(0)} to ${round.memoryAfter.toFixed(0)} MiB`);
  }
  parts.push(...round.notes);
  if (round.broken.length > 0) parts.push(`**broken:** ${round.broken.join("; ")}`);
  return parts.join("; ");
}

function escaped(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}
