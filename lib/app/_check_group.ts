import { type Address, formatAddress, type Random, type TargetAddress } from "../base/mod.ts";
import type { HealthCheckConfig } from "../config/mod.ts";
import { connectForCheck, type Dialed, type OwnListeners } from "../dial/mod.ts";
import { Checker, type Pool, Probe, type Prober, type Target } from "../pool/mod.ts";
import { encodeProxyHeader } from "../protocol/mod.ts";
import { type ExchangeMaker, exchangeMaker } from "./exchanges.ts";
import { checkKey } from "./target_spec.ts";
import type { AppTls } from "./tls.ts";

export interface HealthChecksOptions {
  readonly tls: Pick<AppTls, "secureProbe">;
  readonly random: Random;
  /** The app's name. */
  readonly app: string;
  readonly listeners: OwnListeners;
}

/** The checks of those targets of an app that are checked alike; an address once, in however many pools it is. */
export class CheckGroup {
  readonly #pools: () => readonly Pool[];
  readonly #check: HealthCheckConfig;
  readonly #key: string | undefined;
  readonly #tls: Pick<AppTls, "secureProbe">;
  readonly #connect: (address: Address, signal: AbortSignal) => Promise<Dialed>;
  readonly #exchange: ExchangeMaker;
  readonly #checker: Checker;

  constructor(check: HealthCheckConfig, pools: () => readonly Pool[], options: HealthChecksOptions) {
    const { tls, random, app, listeners } = options;
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
        wentUp: (label) => this.#setUp(label, true, "checks succeed"),
        wentDown: (label, why) => this.#setUp(label, false, why),
      },
    });
  }

  /** Checks the targets that the pools have now. To be called at the start, and after those of a pool have changed. */
  update(): void {
    const targets = [...this.#targets()].map(([, target]) => target);
    // One that was down by other checks stays so until these find it well.
    const down = new Set(targets.filter(({ up }) => !up).map(({ address }) => formatAddress(address)));
    this.#checker.setTargets(targets.map(({ address }) => address), { isDown: (label) => down.has(label) });
    // One that is new to its pool may be known already.
    for (const label of new Set(targets.map(({ address }) => formatAddress(address)))) {
      const status = this.#checker.status(label);
      if (status?.status !== "down") continue;
      this.#setUp(label, false, status.last?.kind === "failure" ? status.last.message : "it was down before");
    }
  }

  /** Ends them; resolves when nothing of them is left. Idempotent. */
  stop(): Promise<void> {
    return this.#checker.stop();
  }

  *#targets(): Generator<[Pool, Target]> {
    for (const pool of this.#pools()) {
      for (const target of pool.targets) if (target.checkedAs === this.#key) yield [pool, target];
    }
  }

  #setUp(label: string, up: boolean, detail: string): void {
    for (const [pool, target] of this.#targets()) {
      if (formatAddress(target.address) === label) pool.setUp(target, up, this.#where(target) + detail);
    }
  }

  /** What is wrong with another port is not wrong with the one that the target is called by. */
  #where({ address }: Target): string {
    const { port } = this.#check;
    return port === undefined || address.kind === "unix" ? "" : `port ${port}: `;
  }

  /** Checks of a target's own port begin with the header that its sessions begin with; another port is another service. */
  #prober(): Prober {
    const { timeoutMs, port, tls } = this.#check;
    return {
      run: (address: Address, signal: AbortSignal) => {
        const target = this.#targetAt(address);
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

  /** The target that a check at this address is one of. */
  #targetAt(at: Address): Target | undefined {
    for (const [, target] of this.#targets()) {
      if (isCheckedAt(target.address, at, this.#check.port)) return target;
    }
    return undefined;
  }
}

/** Whether a check at `at` is one of the target, where checks have a port of their own or not. */
function isCheckedAt(target: TargetAddress, at: Address, port: number | undefined): boolean {
  if (port === undefined || target.kind === "unix" || at.kind === "unix") {
    return formatAddress(target) === formatAddress(at);
  }
  return target.host === at.host;
}

/** The `Host` field for a target that was found by its name. */
function hostField(name: string, address: Address): string {
  return address.kind === "tcp" ? formatAddress({ ...address, host: name }) : name;
}
