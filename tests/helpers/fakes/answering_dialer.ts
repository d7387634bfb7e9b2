import type { Duplex } from "../../../lib/base/mod.ts";
import {
  Dialer,
  type DialFailure,
  type DialHolder,
  DialPause,
  type DialResult,
  type NextTarget,
} from "../../../lib/dial/mod.ts";
import type { Candidate, TargetSpec } from "../../../lib/pool/mod.ts";

/** Answers at once for the first candidate that does not refuse, without a network. */
export class AnsweringDialer extends Dialer<Candidate> {
  /** The labels of targets that refuse. */
  readonly refusing = new Set<string>();
  /** The pauses that it was asked for; they take no time. */
  readonly pauses: number[] = [];
  onPause: (() => void) | undefined;

  constructor() {
    super({ connectTimeoutMs: 1000, connectDeadlineMs: 1000 });
  }

  override async dial(
    next: NextTarget<Candidate>,
    until: AbortSignal | DialHolder,
  ): Promise<DialResult<Candidate>> {
    const failures: DialFailure<Candidate>[] = [];
    for (;;) {
      let target = next();
      // A promise that is not one must not cost a turn, in which another could come.
      if (target instanceof Promise) target = await target;
      if (target instanceof DialPause) {
        this.pauses.push(target.ms);
        this.onPause?.();
        continue;
      }
      const tries = failures.length;
      if (until.aborted) return { kind: "aborted", tries, failures };
      if (target === undefined) return { kind: "exhausted", tries, timedOut: false, failures };
      if (!this.refusing.has(target.label)) {
        return { kind: "connected", conn: NO_CONN, target, connectMs: 0, tries: tries + 1, failures };
      }
      failures.push({ target, code: "ECONNREFUSED", message: "refused", durationMs: 0 });
    }
  }
}

const NO_CONN: Duplex = {
  read: () => Promise.resolve(null),
  write: (bytes) => Promise.resolve(bytes.length),
  closeWrite: () => Promise.resolve(),
  close: () => {},
};

/** A target that an {@link AnsweringDialer} knows by its port. */
export function target(port: number, maxConnections: number, weight = 1): TargetSpec {
  return { address: { kind: "tcp", host: "10.0.0.1", port }, maxConnections, weight };
}
