import type { AppObserver } from "../app/mod.ts";
import type { EndedSession, SessionObserver } from "../session/mod.ts";
import type { FileProblem } from "./reload/check_tls.ts";
import type { SocketFileChange } from "./listeners/socket_file_watch.ts";

/** All events of a proxy: those of its apps and sessions, and its own. */
export interface ProxyObserver extends SessionObserver, AppObserver {
  /** A session has ended, here or in another thread; nothing of it changes any more. */
  sessionEnded(session: EndedSession): void;

  /** A session lasts, here or in another thread, and `log.access_interval` has passed again. Default nobody asks. */
  sessionActive?(session: EndedSession): void;

  /** A certificate in use has expired, or will within 14 days; once a day for each. */
  certificateExpiring(problem: FileProblem): void;

  /** The file of a unix socket that the app listens on has been lost, or is there again; found within 10 s. */
  socketFileChanged(app: string, path: string, change: SocketFileChange): void;

  /** Draining goes on: so many sessions are left, for at most so long. */
  draining(left: number, leftMs: number): void;

  /** An internal error; the connection concerned is lost, the rest goes on. */
  defect(error: unknown): void;
}
