import type { Listeners } from "../listeners/listeners.ts";
import type { LocalApps } from "./local_apps.ts";
import type { LocalSessions } from "./local_sessions.ts";
import { countByApp, type RuntimeSnapshot } from "../status/runtime_snapshot.ts";

/** A look at the proxy in this thread. */
export function localSnapshot(
  { listeners, sessions, apps, isEnding }: {
    readonly listeners: Listeners;
    readonly sessions: LocalSessions;
    readonly apps: LocalApps;
    readonly isEnding: boolean;
  },
): RuntimeSnapshot {
  let counts: ReadonlyMap<string, number> | undefined;
  return {
    listeners: listeners.list(),
    workers: 1,
    sessions: sessions.table.size,
    isEnding,
    sessionsOf: (app) => {
      counts ??= countByApp(sessions.table.list());
      return counts.get(app) ?? 0;
    },
    isPaused: (app) => apps.get(app)?.resumed !== undefined,
    faults: (app) => apps.get(app)?.faults(Date.now()) ?? [],
    pools: (app) => apps.get(app)?.snapshot() ?? [],
  };
}
