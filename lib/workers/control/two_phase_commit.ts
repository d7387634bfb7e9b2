import type { NextTlsFiles } from "../../app/mod.ts";
import { programProblem, type ReloadProblem } from "../../proxy/mod.ts";
import type { Refusal } from "./replies.ts";
import type { Supervisor } from "./supervisor.ts";

/** One reload, as all threads are to take part in it. */
export interface CommitOptions {
  /** Its number. */
  readonly reload: number;
  readonly changed: readonly NextTlsFiles[];
  /** Puts it to use in this thread, and in what workers are started with. */
  commit(): void;
}

/**
 * Has all workers use the texts of changed files, or none: each gets ready and says so, and only when all are is any told
 * to use them. Workers that load meanwhile are started after it, with what is in use then.
 *
 * Resolves with what went wrong when there was no way back.
 *
 * @throws {Error} when one does not get ready; nothing has changed.
 */
export async function commitEverywhere(
  supervisor: Supervisor,
  { reload, changed, commit }: CommitOptions,
): Promise<readonly ReloadProblem[]> {
  using _held = supervisor.hold();
  const unready = await supervisor.ask({ kind: "prepare", reload, changed });
  if (unready.length > 0) {
    throw new Error(`${unready.map(describe).join(", ")}; all workers were wanted to be ready`);
  }
  commit();
  const left = await supervisor.ask({ kind: "use", reload });
  return left.map((refusal) =>
    programProblem(`use the new certificates: ${describe(refusal)}, it was wanted to use them by now`)
  );
}

function describe({ worker, why }: Refusal): string {
  return `worker ${worker}: ${why}`;
}
