import { type Address, formatAddress, type Random, type TargetAddress } from "../base/mod.ts";
import type { HealthCheckConfig } from "../config/mod.ts";
import { connectForCheck, type Dialed, type OwnListeners } from "../dial/mod.ts";
import { encodeProxyHeader } from "../protocol/mod.ts";
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

export interface HealthChecksOptions {
  readonly tls: Pick<AppTls, "secureProbe">;
  readonly random: Random;
  /** The app's name. */
  readonly app: string;
  readonly listeners: OwnListeners;
}

/** The active checks of one app: an address is checked once, in however many of the app's pools it is a target. */
export class HealthChecks {
  readonly #pools: () => readonly Pool[];
  readonly #check: HealthCheckConfig;
  readonly #tls: Pick<AppTls, "secureProbe">;
  readonly #connect: (address: Address, signal: AbortSignal) => Promise<Dialed>;
  readonly #checker: Checker;

  constructor(check: HealthCheckConfig, pools: () => readonly Pool[], options: HealthChecksOptions) {
    const { tls, random, app, listeners } = options;
    this.#pools = pools;
    this.#check = check;
    this.#tls = tls;
    this.#connect = (address, signal) => connectForCheck(address, { app, listeners, signal });
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
    const targets = this.#pools().flatMap((pool) => pool.targets);
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
    for (const pool of this.#pools()) {
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
      connect: this.#connect,
      timeoutMs: check.timeoutMs,
      ...(check.send === undefined ? {} : { send: parseCheckBytes(check.send) }),
      ...(check.expect === undefined ? {} : { expect: parseExpect(check.expect) }),
    };
    const http = check.http && { path: check.http.path, status: parseStatus(check.http.status) };
    return {
      run: (address: Address, signal: AbortSignal) => {
        const target = this.#targetAt(address);
        const serverName = target?.serverName;
        const header = check.port === undefined ? target?.sendProxy : undefined;
        const host = check.http?.host ?? (serverName && hostField(serverName, address));
        return new Probe({
          ...common,
          ...(http === undefined ? {} : { http: host === undefined ? http : { ...http, host } }),
          ...(header === undefined
            ? {}
            : { preface: encodeProxyHeader(header, { source: undefined, destination: undefined }) }),
          ...(check.tls
            ? { secure: (raw, inner) => this.#tls.secureProbe(raw, { address, serverName }, inner) }
            : {}),
        }).run(address, signal);
      },
    };
  }

  /** The target that a check at this address is one of. */
  #targetAt(at: Address): Target | undefined {
    for (const pool of this.#pools()) {
      const target = pool.targets.find(({ address }) => isCheckedAt(address, at, this.#check.port));
      if (target !== undefined) return target;
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
