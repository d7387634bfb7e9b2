import { formatDuration } from "../../base/mod.ts";
import { parsed, type Raw } from "./raw.ts";
import { limit } from "../schema/values/units.ts";
import type { Path, Problem } from "../report/problem.ts";

const Duration = limit({ zero: true });

/** Checks the settings of faults against each other. */
export function checkFault(fault: Raw, path: Path): Problem[] {
  if (fault.kind === "latency") return checkJitter(fault, path);
  if (fault.kind === "reset" || fault.kind === "close") return checkCut(fault, path);
  return [];
}

function checkJitter(fault: Raw, path: Path): Problem[] {
  const amount = parsed(Duration, fault.amount);
  const jitter = parsed(Duration, fault.jitter);
  if (amount === undefined || jitter === undefined || jitter <= amount) return [];
  const message = `the jitter is ${formatDuration(jitter)}; expected at most the amount, ${
    formatDuration(amount)
  }`;
  return [{ path: [...path, "jitter"], message }];
}

function checkCut({ after, after_bytes: afterBytes }: Raw, path: Path): Problem[] {
  if (after === undefined && afterBytes === undefined) {
    return [{ path, message: `the time is missing; set "after" or "after_bytes"` }];
  }
  if (after === undefined || afterBytes === undefined) return [];
  const message = `"after" is given too; keep one of the two`;
  return [{ path: [...path, "after_bytes"], at: "key", message }];
}
