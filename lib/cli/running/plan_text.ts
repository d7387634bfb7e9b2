import type { AppChangeJson, ChangesJson, ReloadAnswer, ReloadProblemJson } from "../../admin/mod.ts";

/** Formats the changes of a reload or a plan, one line each. */
export function planText(answer: Extract<ReloadAnswer, { kind: "done" }>): string {
  const { changes, warnings } = answer;
  const lines = [...changes.apps.flatMap(appLines), ...settingLines(changes)];
  return [
    ...(lines.length === 0 ? ["nothing changes"] : lines),
    ...warnings.map((warning) => `warning: ${problemText(warning)}`),
  ].join("\n");
}

/** Why a reload is refused. */
export function problemText({ app, file, message }: ReloadProblemJson): string {
  const where = file === null || message.includes(file) ? "" : `${file}: `;
  return `${app === null ? "" : `app "${app}": `}${where}${message}`;
}

const SIGNS: Readonly<Record<string, string>> = { added: "+", gone: "-", changed: "~" };

function appLines({ name, change, sessions, listeners, targets, options }: AppChangeJson): string[] {
  if (change === "kept") return [];
  const live = sessions === null || change === "added" ? "" : `, ${count(sessions, "session")}`;
  const sign = (what: string): string => SIGNS[what] ?? "?";
  return [
    `${sign(change)} app "${name}" ${change === "gone" ? "removed" : change}${live}`,
    ...listeners.filter((each) => each.change !== "kept")
      .map((each) => `  ${sign(each.change)} listener ${each.address}`),
    ...targets.filter((each) => each.change !== "kept").map(({ address, route, change, connections }) => {
      const way = route === null ? "" : ` of route ${route}`;
      const open = connections === null || connections === 0 ? "" : `, ${count(connections, "connection")}`;
      return `  ${sign(change)} target ${address}${way}${open}`;
    }),
    ...options.map(({ key, before, after }) => `  ~ ${key}: ${valueText(before)} -> ${valueText(after)}`),
  ];
}

function settingLines({ settings }: ChangesJson): string[] {
  return settings.map(({ key, before, after }) => `~ ${key}: ${valueText(before)} -> ${valueText(after)}`);
}

/** A value on one line; of what another program has sent, nothing that a terminal would obey. */
function valueText(value: unknown): string {
  const text = typeof value === "string" && /^[\w.:/-]+$/.test(value)
    ? value
    : JSON.stringify(value) ?? "unset";
  return text.replace(/[^\x20-\x7e]/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
