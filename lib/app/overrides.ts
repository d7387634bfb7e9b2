import { PauseSwitch } from "./pause_switch.ts";
import type { RuntimeFaults } from "./faults/runtime_faults.ts";
import { TargetSettings } from "./targets/target_settings.ts";

/** What an operator has set for one app at run time, beside its config. */
export class AppOverrides {
  readonly targets = new TargetSettings();
  readonly pause = new PauseSwitch();
  /** Faults set by the admin API; `undefined` for none. */
  faults: RuntimeFaults | undefined;
}

/** An app as it is after a reload. */
export interface RetainedApp {
  readonly name: string;
  /** The labels of its targets. */
  readonly labels: ReadonlySet<string>;
  /** Whether it discovers targets. */
  readonly discovers: boolean;
}

/**
 * What operators have set for the apps of a proxy. It is kept beside the apps, so that a reload that fails half-way and
 * puts the earlier apps back loses nothing of it.
 */
export class Overrides {
  readonly #apps = new Map<string, AppOverrides>();

  of(app: string): AppOverrides {
    let overrides = this.#apps.get(app);
    if (overrides === undefined) this.#apps.set(app, overrides = new AppOverrides());
    return overrides;
  }

  /** Forgets what was set for apps and targets that a reload has removed. */
  retain(apps: readonly RetainedApp[]): void {
    const left = new Set(this.#apps.keys());
    for (const { name, labels, discovers } of apps) {
      left.delete(name);
      this.#apps.get(name)?.targets.retain(labels, discovers);
    }
    for (const name of left) {
      // A connection that waits at a listener that another app has now must not wait on.
      this.#apps.get(name)?.pause.set(false);
      this.#apps.delete(name);
    }
  }
}
