import type { OwnListeners } from "../../dial/mod.ts";
import type { ThreadCounters } from "../../metrics/mod.ts";
import type { Transport } from "../../net/mod.ts";
import { isPassed } from "../listeners/bound_listener.ts";
import { Listeners } from "../listeners/listeners.ts";
import type { ProxyObserver } from "../proxy_observer.ts";
import type { WallTime } from "../reload/reloader.ts";
import type { WorkerContext } from "../worker_context.ts";
import type { LocalSessions } from "./local_sessions.ts";

export interface LocalListenersOptions extends WallTime {
  readonly observer: ProxyObserver;
  readonly sessions: LocalSessions;
  readonly counters: ThreadCounters;
  readonly own: OwnListeners;
  readonly context?: WorkerContext | undefined;
  readonly transport?: Transport | undefined;
}

/** Creates this thread's listeners, whose connections become its sessions. */
export function localListeners(options: LocalListenersOptions): Listeners {
  const { observer, sessions, counters, own, context, transport, schedule } = options;
  const { pressure } = sessions;
  return new Listeners({
    observer: {
      acceptPaused: (address, error) => {
        counters.acceptPaused();
        pressure.acceptPaused(address);
        observer.acceptPaused(address, error);
      },
      acceptResumed: (address, pausedMs) => {
        pressure.acceptResumed(address);
        counters.acceptResumed(pausedMs);
        observer.acceptResumed(address, pausedMs);
      },
      socketFileChanged: (app, path, change) => observer.socketFileChanged(app, path, change),
    },
    schedule,
    transport,
    shared: context !== undefined,
    hasUnix: context?.hasUnixListeners !== false,
    unixNames: context?.unixNames,
    own,
    // The socket of a path belongs to one thread, which no other can relieve.
    turn: ({ wanted, app }, signal) =>
      pressure.hold(app, signal) ??
        (wanted.kind === "tcp" || isPassed(wanted, { transport }) ? context?.turn() : undefined),
    begin: (conn, origin) => sessions.begin(conn, origin),
  });
}
