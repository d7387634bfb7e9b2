import type { HealthCheckConfig } from "../config/mod.ts";
import type { Pool } from "../pool/mod.ts";
import { CheckGroup, type HealthChecksOptions } from "./_check_group.ts";
import { checkKey } from "./target_spec.ts";

export type { HealthChecksOptions } from "./_check_group.ts";

/** The active checks of one app: a group for each way in which targets are checked. */
export class HealthChecks {
  readonly #pools: () => readonly Pool[];
  readonly #options: HealthChecksOptions;
  #groups: ReadonlyMap<string | undefined, CheckGroup> = new Map();

  /** @param checks what the targets are checked by, each as often as they say it. */
  constructor(
    checks: readonly HealthCheckConfig[],
    pools: () => readonly Pool[],
    options: HealthChecksOptions,
  ) {
    this.#pools = pools;
    this.#options = options;
    this.#groups = this.#groupsOf(checks);
  }

  /** Checks the targets that the pools have now. To be called at the start, and after those of a pool have changed. */
  update(): void {
    for (const group of this.#groups.values()) group.update();
  }

  /**
   * Checks by these from now on. A target keeps what was known of it until its new checks know better; one that is not
   * checked any more is up. Resolves when nothing is left of checks that are not among them.
   */
  async replace(checks: readonly HealthCheckConfig[]): Promise<void> {
    const before = this.#groups;
    this.#groups = this.#groupsOf(checks);
    const gone = [...before].filter(([key]) => !this.#groups.has(key));
    const stopping = Promise.all(gone.map(([, group]) => group.stop()));
    this.update();
    for (const pool of this.#pools()) {
      for (const target of pool.targets) {
        if (!this.#groups.has(target.checkedAs)) pool.setUp(target, true, "it is no longer checked");
      }
    }
    await stopping;
  }

  /** Ends them; resolves when nothing of them is left. Idempotent. */
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
