import type { AppDiff, ConfigDiff, ItemDiff, OptionDiff } from "../../../config/mod.ts";
import type { Logger } from "../../../log/mod.ts";
import type { ReloadedFile, ReloadProblem, ReloadResult } from "../../../proxy/mod.ts";

/** Logs what came of a reload, each line with what asked for it before it. */
export function logReload(log: Logger, result: ReloadResult, trigger: string): void {
  if (result.kind === "refused") {
    for (const problem of result.problems) {
      logProblem(log, problem, { trigger, consequence: "; the old config stays in effect" });
    }
    return;
  }
  const renewed = result.apps.filter(({ files }) => files.length > 0);
  const changes = changeLines(result.diff);
  for (const change of changes) log.info("{trigger}: {change}", { trigger, change });
  for (const { app, files } of renewed) {
    log.info('{trigger}: certificates of app "{app}": {files}', {
      trigger,
      app,
      files: files.map(describe).join("; "),
    });
  }
  if (changes.length + renewed.length === 0) {
    log.info("{trigger}: the config and its files have not changed", { trigger });
  }
  for (const problem of result.warnings) logProblem(log, problem, { trigger, consequence: "" });
}

/** Returns what a reload has changed, or why it has changed nothing, in one line; `undefined` where there was no change. */
export function reloadDetail(result: ReloadResult): string | undefined {
  const lines = result.kind === "refused" ? result.problems.map(({ message }) => message) : [
    ...changeLines(result.diff),
    ...result.apps.flatMap(({ app, files }) =>
      files.length === 0 ? [] : `certificates of app "${app}": ${files.map(describe).join("; ")}`
    ),
  ];
  return lines.length === 0 ? undefined : abbreviate(lines, "; ");
}

/** The log lines for the changes of a reload, one for each changed app and setting. */
export function changeLines({ apps, settings }: ConfigDiff): string[] {
  return [
    ...apps.filter(({ change }) => change !== "kept").map(appLine),
    ...settings.map((setting) => optionText(setting)),
  ];
}

function appLine({ name, change, listeners, targets, options }: AppDiff): string {
  const what = change === "gone" ? "removed" : change;
  const details = change === "changed"
    ? [...itemTexts("listener", listeners), ...itemTexts("target", targets), ...options.map(optionText)]
    : listeners.map(({ address }) => address);
  return `app "${name}" ${what}${details.length === 0 ? "" : `: ${abbreviate(details)}`}`;
}

function itemTexts(noun: string, items: readonly ItemDiff[]): string[] {
  return items.filter(({ change }) => change !== "kept")
    .map(({ address, change }) => `${noun} ${address} ${change === "gone" ? "removed" : change}`);
}

/** `idle_timeout 1h -> 5m`; what is no plain value is named alone. */
function optionText({ key, before, after }: OptionDiff): string {
  const isPlain = [before, after].every((value) => typeof value !== "object");
  return isPlain ? `${key} ${before} -> ${after}` : `${key} changed`;
}

const MAX_DETAILS = 8;

function abbreviate(texts: readonly string[], separator = ", "): string {
  const more = texts.length - MAX_DETAILS;
  return more <= 0
    ? texts.join(separator)
    : `${texts.slice(0, MAX_DETAILS).join(separator)} and ${more} more`;
}

function describe({ file, validToMs }: ReloadedFile): string {
  const until = validToMs === undefined
    ? ""
    : `, valid until ${new Date(validToMs).toISOString().slice(0, 10)}`;
  return `${file} is new${until}`;
}

function logProblem(
  log: Logger,
  { app, file, message, severity }: ReloadProblem,
  { trigger, consequence }: { trigger: string; consequence: string },
): void {
  // A file that cannot be read is named by the message itself.
  const what = file === undefined || message.includes(file) ? message : `${file}: ${message}`;
  const whose = app === undefined ? "" : 'app "{app}": ';
  log[severity](`{trigger}: ${whose}{what}{consequence}`, {
    trigger,
    ...(app === undefined ? {} : { app }),
    what,
    consequence,
  });
}
