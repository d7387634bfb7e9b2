import { type AppOverrides, Overrides, type RuntimeFaults, type TargetSettingChange } from "../app/mod.ts";
import type { ControlledApp } from "./_controlled_app.ts";
import { type TakenOverApp, takeOverSettings } from "./handed_state.ts";
import { retained } from "./_retained.ts";

/** What operators set for the apps at run time. It outlasts a reload, and the process if another takes over from it. */
export class OperatorSettings {
  readonly #overrides = new Overrides();
  readonly #apps: () => ReadonlyMap<string, ControlledApp>;

  /**
   * @param apps returns the apps in effect, by name, in the order of the config.
   * @param handed what a process before hands over.
   */
  constructor(apps: () => ReadonlyMap<string, ControlledApp>, handed: readonly TakenOverApp[]) {
    this.#apps = apps;
    takeOverSettings(this.#overrides, handed);
  }

  /** The settings of an app, which need not exist yet. */
  of(app: string): AppOverrides {
    return this.#overrides.of(app);
  }

  isPaused(app: string): boolean {
    return this.#apps().get(app)?.overrides.pause.isPaused ?? false;
  }

  /** Sets what the targets of an app with this label may do; returns whether there is any. */
  setTarget(app: string, label: string, change: TargetSettingChange): boolean {
    return this.#apps().get(app)?.targets.set(label, change) ?? false;
  }

  /** Pauses an app, or lets it go on; returns whether there is such an app. */
  setPaused(name: string, isPaused: boolean): boolean {
    const app = this.#apps().get(name);
    app?.overrides.pause.set(isPaused);
    return app !== undefined;
  }

  /** Replaces the faults of an app that were set at run time; returns whether there is such an app. */
  setFaults(name: string, faults: RuntimeFaults | undefined): boolean {
    const app = this.#apps().get(name);
    if (app !== undefined) app.overrides.faults = faults;
    return app !== undefined;
  }

  /** The targets that operators have taken down. */
  downed(): { readonly app: string; readonly target: string }[] {
    return [...this.#apps()].flatMap(([app, { targets }]) =>
      targets.pools.flatMap(({ pool }) =>
        pool.targets.flatMap(({ label, admin }) => admin === "down" ? [{ app, target: label }] : [])
      )
    );
  }

  /** Forgets what was set for apps and targets that a reload has removed. */
  retain(): void {
    this.#overrides.retain([...this.#apps().values()].map(({ config, labels }) => retained(config, labels)));
  }
}
