import { type Address, formatAddress, type Random } from "../base/mod.ts";
import type { HealthCheckConfig } from "../config/mod.ts";
import { encodeProxyHeader } from "../dial/mod.ts";
import {
  Checker,
  parseCheckBytes,
  parseExpect,
  parseStatus,
  type Pool,
  Probe,
  type Prober,
  type Target,
} from "../pool/mod.ts";
import type { AppTls } from "./tls.ts";

export interface ChecksOptions {
  readonly tls: AppTls;
  readonly random: Random;
}

/** The active checks of one app: an address is checked once, in however many of the app's pools it is a target. */
export class Checks {
  readonly #pools: readonly Pool[];
  readonly #check: HealthCheckConfig;
  readonly #tls: AppTls;
  readonly #checker: Checker;

  constructor(check: HealthCheckConfig, pools: readonly Pool[], { tls, random }: ChecksOptions) {
    this.#pools = pools;
    this.#check = check;
    this.#tls = tls;
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
    const targets = this.#pools.flatMap((pool) => pool.targets);
    this.#checker.setTargets(targets.map(({ address }) => address));
    // One that is new to its pool may be known already.
    for (const label of new Set(targets.map(({ address }) => formatAddress(address)))) {
      const status = this.#checker.status(label);
      if (status?.status !== "down" || status.last?.kind !== "failure") continue;
      this.#setUp(label, false, status.last.message);
    }
  }

  /** Ends them; resolves when nothing of them is left. Idempotent. */
  stop(): Promise<void> {
    return this.#checker.stop();
  }

  #setUp(label: string, up: boolean, detail: string): void {
    for (const pool of this.#pools) {
      for (const target of pool.targets) {
        if (formatAddress(target.address) === label) pool.setUp(target, up, this.#where(target) + detail);
      }
    }
  }

  /** What is wrong with another port is not wrong with the one that the target is called by. */
  #where({ address }: Target): string {
    const { port } = this.#check;
    return port === undefined || address.kind === "unix" ? "" : `port ${port}: `;
  }

  /** Checks of a target's own port begin with the header that its sessions begin with; another port is another service. */
  #prober(): Prober {
    const check = this.#check;
    const common = {
      timeoutMs: check.timeoutMs,
      ...(check.send === undefined ? {} : { send: parseCheckBytes(check.send) }),
      ...(check.expect === undefined ? {} : { expect: parseExpect(check.expect) }),
      ...(check.http === undefined ? {} : {
        http: {
          path: check.http.path,
          status: parseStatus(check.http.status),
          ...(check.http.host === undefined ? {} : { host: check.http.host }),
        },
      }),
    };
    return {
      run: (address: Address, signal: AbortSignal) => {
        const header = check.port === undefined ? this.#headerOf(formatAddress(address)) : undefined;
        return new Probe({
          ...common,
          ...(header === undefined
            ? {}
            : { preface: encodeProxyHeader(header, { source: undefined, destination: undefined }) }),
          ...(check.tls ? { secure: (raw, inner) => this.#tls.secureProbe(raw, address, inner) } : {}),
        }).run(address, signal);
      },
    };
  }

  #headerOf(label: string): Target["sendProxy"] {
    for (const pool of this.#pools) {
      const target = pool.targets.find(({ address }) => formatAddress(address) === label);
      if (target !== undefined) return target.sendProxy;
    }
    return undefined;
  }
}
