import type { ReloadResult } from "./reload_result.ts";
import type { ConnectionQuestion, Explanation } from "./explain/explanation.ts";
import type { ListenerInfo } from "./runtime_snapshot.ts";
import type { ProxyStatus } from "./status.ts";

/** What the command line and the admin API may ask of a running proxy, whatever plane carries it. */
export interface ProxyControl {
  /** What is bound, in the order of the config. */
  listeners(): readonly ListenerInfo[];

  /** Sessions that have not ended. */
  activeSessions(): number;

  /** All that is known of it at this moment. */
  status(): ProxyStatus;

  /** What would happen to a connection as things are at this moment. Nothing is changed by it, no turn is used. */
  explain(question: ConnectionQuestion): Explanation;

  /**
   * Reads again every file that the apps need for TLS. When all are good, handshakes use them from now on; when one is not,
   * nothing changes for any app. No listener, session or handshake under way is touched, nor what is known of targets.
   * One runs at a time; who asks meanwhile gets the result of one that began after they asked. At most half a minute;
   * never rejects.
   */
  reload(): Promise<ReloadResult>;

  /**
   * Stops accepting, lets sessions finish for up to the configured drain timeout, closes the rest spread over its
   * last part. Resolves when no session is left; idempotent.
   */
  drain(): Promise<void>;

  /** Closes listeners and sessions at once; also cuts a drain short. Resolves when no session is left; idempotent. */
  stop(): Promise<void>;
}
