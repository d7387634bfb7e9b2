import type { Child } from "./system/child.ts";
import { treeCpuSeconds, treeMemoryBytes } from "./system/proc.ts";
import type { Lab } from "./system/lab.ts";

/**
 * What is done with each connection of a forward: a PROXY header is sent, the ClientHello is looked at (for the
 * certificate's name), TLS is ended or begun.
 */
export type ForwardOption = "proxy_v1" | "proxy_v2" | "client_hello" | "tls" | "target_tls";

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** Certificate and key in one file. */
  readonly both: string;
}

/** Ports on 127.0.0.1 whose connections go to one of the targets. */
export interface Forward {
  readonly listen: readonly number[];
  /** `host:port`, all of them reachable. */
  readonly targets: readonly string[];
  /** Default none; not every peer has all. */
  readonly option?: ForwardOption;
  /** For `tls` and `target_tls`: what the proxy shows, or trusts. */
  readonly certificate?: CertificateFiles;
}

/** What a peer is asked to do. */
export interface Plan {
  readonly forwards: readonly Forward[];
  /** Threads, or worker processes, of a peer that can have several. */
  readonly threads: number;
}

/** A proxy that can be measured. Every peer gets the settings that its own manual recommends for this use. */
export interface Peer {
  readonly id: string;
  readonly title: string;
  /** Ids of the only measures that this peer takes part in; default all. */
  readonly only?: readonly string[];
  /** Sends a PROXY header to the HTTP target, and forwards nothing else; default no. */
  readonly sendsProxy?: boolean;
  /** Whether the curves, with their thousands of ports and connections, are drawn for it. */
  readonly inCurves: boolean;
  /** Why it cannot run here, `undefined` when it can. */
  missing(): string | undefined;
  /** One line, as the program itself gives it. */
  version(): Promise<string>;
  /** Starts it; resolves before it listens. `undefined` when nothing stands between the load and the backend. */
  start(lab: Lab, plan: Plan): Promise<readonly Child[]>;
}

/** The processes of one started peer; the code that started it calls {@link RunningPeer.stop} exactly once. */
export class RunningPeer {
  readonly #children: readonly Child[];

  constructor(children: readonly Child[]) {
    this.#children = children;
  }

  /** Whether there is a process at all ("no proxy" has none). */
  get hasProcess(): boolean {
    return this.#children.length > 0;
  }

  /** CPU seconds, user and system, of all threads and of all child processes, living and reaped. */
  cpuSeconds(): number {
    return treeCpuSeconds(this.#children.map((child) => child.pid));
  }

  /** Resident memory; shared pages of several processes count once (see `treeMemoryBytes`). */
  memoryBytes(): number {
    return treeMemoryBytes(this.#children.map((child) => child.pid));
  }

  /**
   * Resolves when every port listens.
   *
   * @throws {Error} with the end of the peer's stderr when it ended before, or does not listen in time.
   */
  async ready(lab: Lab, ports: readonly number[]): Promise<void> {
    await lab.listening(ports, this.#children);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
  }
}
