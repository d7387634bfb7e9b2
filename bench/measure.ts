import type { Backend } from "./backend.ts";
import type { Lab } from "./system/lab.ts";
import type { Peer, RunningPeer } from "./peer.ts";

/** One figure that a measure gives. */
export interface Metric {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** Digits after the point when shown. */
  readonly digits: number;
  /** Whether it is a column of the summary table. */
  readonly headline?: boolean;
}

/** One run's figures by metric id; a figure that does not apply (CPU time of "no proxy") is absent. */
export type Sample = Readonly<Record<string, number>>;

/** How much load one run puts on. */
export interface Load {
  /** Length of one timed run, whole seconds: `wrk` and `iperf3` know no fractions. */
  readonly seconds: number;
  /** Idle connections that are opened to see what one costs. */
  readonly idleConnections: number;
  /** Requests per second of the open-loop latency run. */
  readonly rate: number;
  /** Threads of each proxy that has threads. */
  readonly threads: number;
}

/** A peer that runs between the load and the backend, and everything that a measure may need beside it. */
export interface Subject {
  readonly peer: Peer;
  readonly running: RunningPeer;
  /** Port on 127.0.0.1 that leads to the small static HTTP reply. */
  readonly httpPort: number;
  /** Port on 127.0.0.1 that leads to the iperf3 server. */
  readonly bulkPort: number;
  readonly lab: Lab;
  readonly backend: Backend;
  readonly load: Load;
}

/** Something that is measured for every peer in every round. */
export interface Measure {
  readonly id: string;
  readonly title: string;
  /** Programs (names in `programs.ts`) without which it cannot run. */
  readonly needs: readonly string[];
  readonly metrics: readonly Metric[];
  /** Ids of the only peers that it can be run with; default all. */
  readonly peers?: readonly string[];
  /** Whether it starts the peer for itself, so that the one in the subject need not be warm; default no. */
  readonly startsPeer?: boolean;
  /** @throws {Error} when the load did not pass as it should; the row then says so. */
  run(subject: Subject): Promise<Sample>;
}
