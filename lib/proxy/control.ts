import type { CaptureRequest, CaptureStart } from "../capture/mod.ts";
import type { Config } from "../config/parsed.ts";
import type { CountersSnapshot, MetricsSnapshot } from "../metrics/mod.ts";
import type { ReloadPlan, ReloadResult } from "./reload/reload_result.ts";
import type { ConnectionQuestion, Explanation } from "./explain/explanation.ts";
import type { ProxyOperations } from "./operations.ts";
import type { ListenerInfo } from "./status/runtime_snapshot.ts";
import type { ProxyStatus } from "./status/status.ts";

/** The control interface of a running proxy, the same for every plane. */
export interface ProxyControl {
  /** What an operator may do to it. */
  readonly operations: ProxyOperations;

  /** The bound listeners, in config order. */
  listeners(): readonly ListenerInfo[];

  /** The config in effect. */
  config(): Config;

  /** Sessions that have not ended. */
  activeSessions(): number;

  /**
   * Whether every thread answers within the limit, and every listener accepts. A worker that has died counts as alive,
   * since another takes its place. Never rejects.
   */
  isAlive(limitMs: number): Promise<boolean>;

  /** All that is known of it at this moment. */
  status(): ProxyStatus;

  /** What was counted since the start, over all threads, with the state of apps and targets. Never rejects. */
  metrics(): Promise<MetricsSnapshot>;

  /**
   * Explains what would happen to a connection now. Changes nothing: it takes no turn.
   *
   * @param counted what was counted just before: workers tell how many connections a target has only there, unless it has
   * a limit. Default: such numbers are left out.
   */
  explain(question: ConnectionQuestion, counted?: CountersSnapshot): Explanation;

  /**
   * Puts another config into effect, by default the same one with its files read again; all of it or, where something is
   * wrong (a file, a port that is taken), nothing. Listeners that stay are not touched, ones that go are emptied first;
   * targets that stay keep what is known of them; sessions and handshakes under way keep what they began with. One runs at
   * a time; those asked for meanwhile become one, with the config given last. Never rejects.
   */
  reload(next?: Config): Promise<ReloadResult>;

  /** Returns the plan of a {@link ProxyControl.reload} to this config. Changes nothing; never rejects. */
  plan(next?: Config): Promise<ReloadPlan>;

  /**
   * Begins to capture a session, or those of an app, live ones and new ones. The capture lasts through reloads; the caller
   * reads its file, or cancels it.
   */
  capture(request: CaptureRequest): Promise<CaptureStart>;

  /**
   * Stops accepting, lets sessions finish for up to the configured drain timeout, closes the rest spread over its
   * last part. Resolves when no session is left; idempotent.
   *
   * @param others addresses whose sockets another process accepts on: they are left to it from this moment on, with the
   * connections in their queues. A connection that waits for a permit goes on waiting. Default none.
   */
  drain(others?: ReadonlySet<string>): Promise<void>;

  /** Closes listeners and sessions at once; also cuts a drain short. Resolves when no session is left; idempotent. */
  stop(): Promise<void>;
}
