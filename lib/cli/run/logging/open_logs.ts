import type { LogConfig, LogServerConfig } from "../../../config/mod.ts";
import { AccessLog, type ColorChoice, type LogProblem, setUpLogging } from "../../../log/mod.ts";
import type { LogSink } from "../../../logsink/mod.ts";
import type { Io } from "../../io.ts";

export interface OpenLogsOptions {
  readonly io: Pick<Io, "complain">;
  readonly color?: ColorChoice | undefined;
}

/** Starts the operational log where the config has it. Trouble with a log server goes to stderr, once an episode. */
export async function openOperationalLog(config: LogConfig, { io, color }: OpenLogsOptions): Promise<void> {
  const colors = color === undefined ? {} : { color };
  if (config.destination === undefined) return setUpLogging(config, colors);
  const { sink, maxRetryMs } = await sinkOf(config.destination);
  setUpLogging(config, {
    destination: sink.destination,
    envelope: sink.envelope,
    maxRetryMs,
    onProblem: (problem) => {
      // A stderr that cannot be written leaves nobody to tell.
      io.complain(problemText(problem)).catch(() => {});
    },
  });
}

/** Opens the access log. @throws {LogOpenError} if its file cannot be opened within 5 s. */
export async function openAccessLog(config: LogConfig, color: ColorChoice): Promise<AccessLog> {
  const { access, format, template } = config;
  if (typeof access !== "object") return await AccessLog.open(access, { format, template, color });
  const { sink, maxRetryMs } = await sinkOf(access);
  return AccessLog.to(sink.destination, { format, template, envelope: sink.envelope, maxRetryMs });
}

/** Loaded only when a log goes there. */
async function sinkOf(server: LogServerConfig): Promise<{ sink: LogSink; maxRetryMs: number }> {
  const { MAX_RETRY_MS, openLogSink } = await import("../../../logsink/mod.ts");
  return { sink: openLogSink(server), maxRetryMs: MAX_RETRY_MS };
}

function problemText(problem: LogProblem): string {
  switch (problem.kind) {
    case "failing":
      return `write the operational log: ${problem.message} (${problem.code}); lines are kept up to 8 MiB, then dropped; ` +
        "writing is retried";
    case "stalled":
      return "write the operational log: the server takes nothing; lines are dropped until it does";
    case "recovered":
      return `write the operational log: it works again; ${problem.droppedLines} lines were dropped`;
    case "lost":
      return `close the operational log: it still could not be written; lines lost: ${problem.droppedLines}`;
    case "not_reopened":
      return `reopen the operational log: ${problem.message}`;
  }
}
