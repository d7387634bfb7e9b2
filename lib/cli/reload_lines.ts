import type { Logger } from "../log/mod.ts";
import type { ReloadedFile, ReloadProblem, ReloadResult } from "../proxy/mod.ts";

/** Says what came of reading certificates again, each line with what asked for it before it. */
export function logReload(log: Logger, result: ReloadResult, trigger: string): void {
  if (result.kind === "refused") {
    for (const problem of result.problems) {
      logProblem(log, problem, { trigger, consequence: "; the old ones stay in use" });
    }
    return;
  }
  const changed = result.apps.filter(({ files }) => files.length > 0);
  for (const { app, files } of changed) {
    log.info('{trigger}: certificates of app "{app}": {files}', {
      trigger,
      app,
      files: files.map(describe).join("; "),
    });
  }
  if (result.apps.length === 0) log.info("{trigger}: no app has certificates to read again", { trigger });
  else if (changed.length === 0) log.info("{trigger}: the certificates have not changed", { trigger });
  for (const problem of result.warnings) logProblem(log, problem, { trigger, consequence: "" });
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
  const whose = app === undefined ? "" : 'certificates of app "{app}": ';
  log[severity](`{trigger}: ${whose}{what}{consequence}`, {
    trigger,
    ...(app === undefined ? {} : { app }),
    what,
    consequence,
  });
}
