import type { Config } from "../config/parsed.ts";
import type { Session } from "../session/mod.ts";

/** The next config's targets and listeners, for a proxy that another one replaces. */
export interface Retirement {
  /** The labels of all targets of the new config, by app. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
  /** The other proxy's listeners, as text. */
  readonly listeners: readonly string[];
  /** How long sessions of other apps and targets may go on; `Infinity` for as long as they like. */
  readonly obsoleteMs: number;
}

/** How long sessions may go on that a reload to this config leaves without their app or target. */
export function obsoleteMs({ onReload, shutdown }: Config): number {
  return { keep: Infinity, drain: shutdown.drainTimeoutMs, close: 0 }[onReload];
}

/**
 * Returns what tells whether a session is left without its app or target.
 *
 * @param targets the labels of all targets of the config in effect, by app: one whose settings have changed is another
 *   object with the same label.
 */
export function obsoleteIn(targets: Retirement["targets"]): (session: Session) => boolean {
  const labels = new Map([...targets].map(([app, labels]) => [app, new Set(labels)]));
  return ({ app, target }) => {
    const left = labels.get(app.name);
    return left === undefined || (target !== undefined && !left.has(target.target.label));
  };
}
