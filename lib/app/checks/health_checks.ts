import type { HealthCheckConfig } from "../../config/parsed.ts";
import type { Pool } from "../../pool/mod.ts";
import { CheckGroup, type HealthChecksOptions } from "./_check_group.ts";
import { checkKey } from "../targets/target_spec.ts";

export type { HealthChecksOptions } from "./_check_group.ts";

/** The active checks of one app: one group per distinct check definition. */
export class HealthChecks {
  readonly #pools: () => readonly Pool[];
  readonly #options: HealthChecksOptions;
  #groups: ReadonlyMap<string | undefined, CheckGroup> = new Map();

  /** @param checks the check of each target; duplicates are fine. */
  constructor(
    checks: readonly HealthCheckConfig[],
    pools: () => readonly Pool[],
    options: HealthChecksOptions,
  ) {
    this.#pools = pools;
    this.#options = options;
    this.#groups = this.#groupsOf(checks);
  }

  /** Checks the targets that the pools have now. Call it at start and after the targets of a pool have changed. */
  update(): void {
    for (const group of this.#groups.values()) group.update();
  }

  /**
   * Replaces the checks. A target keeps its state until its new check changes it; one that is no longer checked is
   * up. Resolves when the dropped checks have stopped.
   */
  async replace(checks: readonly HealthCheckConfig[]): Promise<void> {
    const before = this.#groups;
    this.#groups = this.#groupsOf(checks);
    const gone = [...before].filter(([key]) => !this.#groups.has(key));
    const stopping = Promise.all(gone.map(([, group]) => group.stop()));
    this.update();
    for (const pool of this.#pools()) {
      for (const target of pool.targets) {
        if (!this.#groups.has(target.checkedAs)) pool.setUp(target, true, "no longer checked");
      }
    }
    await stopping;
  }

  /** Stops all checks; resolves when none is left running. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.stop()));
  }

  #groupsOf(checks: readonly HealthCheckConfig[]): Map<string | undefined, CheckGroup> {
    const distinct = new Map(checks.map((check) => [checkKey(check), check]));
    return new Map([...distinct].map(([key, check]) => [
      key,
      this.#groups.get(key) ?? new CheckGroup(check, this.#pools, this.#options),
    ]));
  }
}
