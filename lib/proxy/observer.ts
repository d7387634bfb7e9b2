import type { ListenerObserver } from "../listen/mod.ts";
import type { Target, TargetChange } from "../pool/mod.ts";
import type { EndedSession, SessionObserver } from "../session/mod.ts";
import type { FileProblem } from "./check_tls.ts";
import type { UpkeepObserver } from "./upkeep.ts";

export type { TargetChange } from "../pool/mod.ts";

/** Everything that a proxy tells whoever looks on: each room's own observer, and the proxy's. */
export interface ProxyObserver extends SessionObserver, ListenerObserver, UpkeepObserver {
  /** A session has ended, here or in another thread; nothing of it changes any more. */
  sessionEnded(session: EndedSession): void;

  /** A target of the app went out of use or came back; once a change. */
  targetChanged(app: string, target: Target, what: { change: TargetChange; detail: string }): void;

  /** This process has no file descriptor left for dials of the app; they wait and are tried again. */
  dialStarved(app: string, error: unknown): void;

  /** A certificate in use has expired, or will within 14 days; once a day for each. */
  certificateExpiring(problem: FileProblem): void;

  /** Draining goes on: so many sessions are left, for at most so long. */
  draining(left: number, leftMs: number): void;

  /** Something of the program itself failed; the connection concerned is lost, the rest goes on. */
  defect(error: unknown): void;
}
