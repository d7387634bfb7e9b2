import type { TargetAdmin, TargetSpec } from "../../pool/mod.ts";

/** What an operator has set for a target at run time. */
export interface TargetSetting {
  readonly admin: TargetAdmin;
  /** 0 to 256; `undefined` for the configured weight. */
  readonly weight: number | undefined;
}

/** A change of a {@link TargetSetting}; what is left out stays as it is. */
export interface TargetSettingChange {
  readonly admin?: TargetAdmin;
  /** `null` for the configured weight. */
  readonly weight?: number | null;
}

/** Describes a setting for the log: `drain, weight 5`. */
export function describeSetting({ admin, weight }: TargetSetting): string {
  return `${admin}, ${weight === undefined ? "weight as configured" : `weight ${weight}`}`;
}

const AS_CONFIGURED: TargetSetting = { admin: "ready", weight: undefined };

/** How many settings are kept of targets that discovery does not find at the moment. */
const MAX_ABSENT = 1000;

/**
 * What an operator has set for the targets of one app, by their labels. It outlives the targets themselves: a target
 * that a reload rebuilds, or that discovery loses and finds again, is still set as it was.
 */
export class TargetSettings {
  /** In the order in which they were set. */
  readonly #byLabel = new Map<string, TargetSetting>();

  get(label: string): TargetSetting {
    return this.#byLabel.get(label) ?? AS_CONFIGURED;
  }

  /** All that is set, in the order in which it was. */
  list(): [label: string, setting: TargetSetting][] {
    return [...this.#byLabel];
  }

  set(label: string, change: TargetSettingChange): void {
    const before = this.get(label);
    const weight = change.weight === undefined ? before.weight : change.weight ?? undefined;
    const admin = change.admin ?? before.admin;
    this.#byLabel.delete(label);
    if (admin !== "ready" || weight !== undefined) this.#byLabel.set(label, { admin, weight });
  }

  /** Returns the targets with what is set for them. */
  applied(specs: readonly TargetSpec[]): TargetSpec[] {
    if (this.#byLabel.size === 0) return [...specs];
    return specs.map((spec) => {
      const setting = spec.label === undefined ? undefined : this.#byLabel.get(spec.label);
      if (setting === undefined) return spec;
      const { weight: configuredWeight = 1 } = spec;
      return { ...spec, configuredWeight, weight: setting.weight ?? configuredWeight, admin: setting.admin };
    });
  }

  /**
   * Forgets the settings of targets that are no longer in the app's config.
   *
   * @param discovers whether the app discovers targets: those that it has lost may come back, so of these the latest
   * 1000 are kept.
   */
  retain(labels: ReadonlySet<string>, discovers: boolean): void {
    const absent = [...this.#byLabel.keys()].filter((label) => !labels.has(label));
    const kept = discovers ? MAX_ABSENT : 0;
    for (const label of absent.slice(0, Math.max(0, absent.length - kept))) this.#byLabel.delete(label);
  }
}
