import type { LogProblem } from "./_line_writer.ts";
import { getLogger } from "./operational.ts";

const logger = getLogger("log");

/** Tells the operational log of trouble with the access log: one line when an episode begins, one when it ends. */
export function reportAccessLogProblem(problem: LogProblem): void {
  switch (problem.kind) {
    case "failing":
      return logger.error("write the access log: {message}; lines are kept for a while, then dropped", {
        message: problem.message,
        code: problem.code,
      });
    case "stalled":
      return logger.error("write the access log: nobody reads it; lines are dropped");
    case "recovered":
      return logger.warning(
        "write the access log: it can be written again, {droppedLines} lines were dropped",
        {
          droppedLines: problem.droppedLines,
        },
      );
    case "not_reopened":
      return logger.error("reopen the access log: {message}; the old file stays in use", {
        message: problem.message,
      });
  }
}
