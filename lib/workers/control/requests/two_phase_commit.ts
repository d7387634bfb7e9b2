import type { NextTlsFiles } from "../../../app/mod.ts";
import { programProblem, type ReloadProblem } from "../../../proxy/mod.ts";
import type { Refusal } from "./replies.ts";
import type { Supervisor } from "../threads/supervisor.ts";

/** A reload that all threads take part in. */
export interface CommitOptions {
  /** The reload's number. */
  readonly reload: number;
  readonly changed: readonly NextTlsFiles[];
  /** Applies it in this thread, and to workers started from now on. */
  commit(): void;
}

/**
 * Makes all workers use the contents of changed files, or none: each prepares and confirms, and only when all have
 * confirmed do they get the message to use them. Workers that load meanwhile start afterwards, with what is in use then.
 *
 * Resolves with the problems that came too late to turn back.
 *
 * @throws {Error} when a worker cannot prepare; nothing has changed.
 */
export async function commitEverywhere(
  supervisor: Supervisor,
  { reload, changed, commit }: CommitOptions,
): Promise<readonly ReloadProblem[]> {
  using _held = supervisor.hold();
  const { refusals: unready } = await supervisor.ask({ kind: "prepare", reload, changed });
  if (unready.length > 0) {
    throw new Error(unready.map(describe).join(", "));
  }
  commit();
  const { refusals: left } = await supervisor.ask({ kind: "use", reload });
  return left.map((refusal) =>
    programProblem(`use the new certificates: ${describe(refusal)}; it still serves the old ones`)
  );
}

function describe({ worker, why }: Refusal): string {
  return `worker ${worker}: ${why}`;
}
