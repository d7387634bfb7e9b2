import type { LogProblem } from "../destination/line_writer.ts";
import { getLogger } from "./operational.ts";

const logger = getLogger("log");

/** Reports trouble with the access log in the operational log: one line when an episode begins, one when it ends. */
export function reportAccessLogProblem(problem: LogProblem): void {
  switch (problem.kind) {
    case "failing":
      return logger.error(
        "write the access log: {message} ({code}); lines are kept up to 8 MiB, then dropped; writing is retried",
        { message: problem.message, code: problem.code },
      );
    case "stalled":
      return logger.error(
        "write the access log: its reader has stalled; lines are dropped until it reads again",
      );
    case "recovered":
      return logger.warning("write the access log: it works again; {droppedLines} lines were dropped", {
        droppedLines: problem.droppedLines,
      });
    case "lost":
      return logger.error("close the access log: it still could not be written; lines lost: {droppedLines}", {
        droppedLines: problem.droppedLines,
      });
    case "not_reopened":
      return logger.error("reopen the access log: {message}; the old file stays in use", {
        message: problem.message,
      });
  }
}
