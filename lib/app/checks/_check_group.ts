import { type Address, formatAddress, type Random } from "../../base/mod.ts";
import type { HealthCheckConfig } from "../../config/parsed.ts";
import { connectForCheck, type OwnListeners } from "../../dial/mod.ts";
import type { Connection } from "../../net/mod.ts";
import {
  Checker,
  type CheckProber,
  type CheckTarget,
  type Pool,
  Probe,
  type Target,
} from "../../pool/mod.ts";
import { encodeProxyHeader } from "../../protocol/mod.ts";
import type { AppTally } from "../app_tally.ts";
import { type ExchangeMaker, exchangeMaker } from "./check_exchange.ts";
import { checkKey } from "../targets/target_spec.ts";
import type { AppTls } from "../tls/tls.ts";

export interface HealthChecksOptions {
  readonly tls: Pick<AppTls, "secureProbe">;
  readonly random: Random;
  readonly tally: Pick<AppTally, "checked">;
  /** The app's name. */
  readonly app: string;
  readonly listeners: OwnListeners;
}

/**
 * The health checks of all targets of an app that share one check definition. An address in several pools is checked
 * once, unless it is checked under several names or with several PROXY headers.
 */
export class CheckGroup {
  readonly #pools: () => readonly Pool[];
  readonly #check: HealthCheckConfig;
  readonly #key: string | undefined;
  readonly #tls: Pick<AppTls, "secureProbe">;
  readonly #connect: (address: Address, signal: AbortSignal) => Promise<Connection>;
  readonly #exchange: ExchangeMaker;
  readonly #checker: Checker;
  /** The first of the targets that share a check, by check key. */
  #byKey: ReadonlyMap<string, Target> = new Map();

  constructor(check: HealthCheckConfig, pools: () => readonly Pool[], options: HealthChecksOptions) {
    const { tls, random, app, listeners, tally } = options;
    this.#pools = pools;
    this.#check = check;
    this.#key = checkKey(check);
    this.#tls = tls;
    this.#connect = (address, signal) => connectForCheck(address, { app, listeners, signal });
    this.#exchange = exchangeMaker(check);
    this.#checker = new Checker({
      prober: this.#prober(),
      intervalMs: check.intervalMs,
      rise: check.rise,
      fall: check.fall,
      random,
      ...(check.port === undefined ? {} : { port: check.port }),
      observer: {
        checked: (key, isGood) => {
          const target = this.#byKey.get(key);
          if (target !== undefined) tally.checked(target.label, isGood);
        },
        wentUp: (key) => this.#setUp(key, true, "checks succeed"),
        wentDown: (key, why) => this.#setUp(key, false, why),
      },
    });
  }

  /** Checks the targets that the pools have now. Call it at start and after the targets of a pool have changed. */
  update(): void {
    const targets = [...this.#targets()].map(([, target]) => target);
    // A target that was down under its previous check stays down until this one succeeds.
    const down = new Set(targets.filter(({ up }) => !up).map((target) => this.#keyOf(target)));
    const wanted = targets.map((target): CheckTarget => ({
      key: this.#keyOf(target),
      address: target.address,
    }));
    this.#byKey = new Map(targets.toReversed().map((target) => [this.#keyOf(target), target]));
    this.#checker.setTargets(wanted, { isDown: (key) => down.has(key) });
    // A target that is new to its pool may already have a status from another pool.
    for (const key of new Set(wanted.map(({ key }) => key))) {
      const status = this.#checker.status(key);
      if (status?.status !== "down") continue;
      this.#setUp(
        key,
        false,
        status.last?.kind === "failure" ? status.last.message : "down before this check",
      );
    }
  }

  /** Stops all checks; resolves when none is left running. Idempotent. */
  stop(): Promise<void> {
    return this.#checker.stop();
  }

  *#targets(): Generator<[Pool, Target]> {
    for (const pool of this.#pools()) {
      for (const target of pool.targets) if (target.checkedAs === this.#key) yield [pool, target];
    }
  }

  /** The check key: the address, and whatever else changes the answer to a check. */
  #keyOf({ address, serverName, sendProxy }: Target): string {
    const { tls, http, port } = this.#check;
    const name = tls || (http !== undefined && http.host === undefined) ? serverName : undefined;
    const header = port === undefined ? sendProxy : undefined;
    return [formatAddress(address), name ?? "", header ?? ""].join(" ");
  }

  #setUp(key: string, up: boolean, detail: string): void {
    for (const [pool, target] of this.#targets()) {
      if (this.#keyOf(target) === key) pool.setUp(target, up, this.#where(target) + detail);
    }
  }

  /**
   * Prefixes the detail with the checked port or name, because another port, or another name at the same address, may
   * be fine.
   */
  #where(target: Target): string {
    const { port } = this.#check;
    const { address, serverName } = target;
    const label = formatAddress(address);
    const isOneOfSeveral = serverName !== undefined &&
      [...this.#targets()].some(([, other]) =>
        other.serverName !== serverName && formatAddress(other.address) === label &&
        this.#keyOf(other) !== this.#keyOf(target)
      );
    const where = port === undefined || address.kind === "unix" ? "" : `port ${port}: `;
    return isOneOfSeveral ? `as ${serverName}: ${where}` : where;
  }

  /** Checks of the target's own port send the same PROXY header as its sessions; another port is another service. */
  #prober(): CheckProber {
    const { timeoutMs, port, tls } = this.#check;
    return {
      run: (address: Address, signal: AbortSignal, key: string) => {
        const target = this.#byKey.get(key);
        const serverName = target?.serverName;
        const isOwnPort = port === undefined || address.kind === "unix";
        const header = port === undefined ? target?.sendProxy : undefined;
        const host = serverName && hostField(serverName, address);
        return new Probe({
          connect: this.#connect,
          timeoutMs,
          exchange: () => this.#exchange(address, host),
          ...(header === undefined
            ? {}
            : { preface: encodeProxyHeader(header, { source: undefined, destination: undefined }) }),
          ...(tls
            ? {
              secure: (raw, inner) => this.#tls.secureProbe(raw, { address, serverName, isOwnPort }, inner),
            }
            : {}),
        }).run(address, signal);
      },
    };
  }
}

/** The `Host` field for a target that discovery found by name. */
function hostField(name: string, address: Address): string {
  return address.kind === "tcp" ? formatAddress({ ...address, host: name }) : name;
}
