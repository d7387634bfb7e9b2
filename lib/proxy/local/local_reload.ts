import type { LocalApps } from "./local_apps.ts";
import type { LocalSessions } from "./local_sessions.ts";
import type { Listeners, PreparedListeners } from "../listeners/listeners.ts";
import type { ReloadStep } from "../reload/reloader.ts";
import { obsoleteIn, obsoleteMs } from "../retirement.ts";
import { StartError } from "../start_error.ts";

/** The parts of a proxy that a reload changes. */
export interface ReloadedParts {
  readonly apps: LocalApps;
  readonly listeners: Listeners;
  readonly sessions: LocalSessions;
  /** How the proxy is ending; `undefined` while it is not. */
  ending(): "stopping" | "draining" | undefined;
}

/**
 * Carries out a reload in this thread: everything that can fail first, then all of it in one turn.
 *
 * @throws {StartError} when an app or a listener cannot work, or the proxy is ending; nothing has changed.
 */
export async function applyReload(
  step: ReloadStep,
  commit: () => void,
  { apps, listeners, sessions, ending }: ReloadedParts,
): Promise<void> {
  const next = await apps.prepare(step);
  let prepared: PreparedListeners;
  try {
    prepared = await listeners.prepare(step.config);
  } catch (error) {
    await next.discard();
    throw error;
  }
  const isConfig = step.diff.apps.some(({ change }) => change !== "kept");
  const end = ending();
  if ((isConfig || prepared.hasNew) && end !== undefined) {
    await Promise.all([next.discard(), prepared.discard()]);
    throw new StartError(`reload: the proxy is ${end}`);
  }
  apps.commit(next);
  commit();
  sessions.update(step.config);
  await prepared.commit(next.apps);
  await Promise.all(next.gone.map((app) => app.stop()));
  apps.retainOverrides();
  const targets = new Map(
    [...next.apps].map(([name, app]) => [name, app.targets().map(({ label }) => label)]),
  );
  sessions.endObsolete(obsoleteMs(step.config), obsoleteIn(targets));
}
