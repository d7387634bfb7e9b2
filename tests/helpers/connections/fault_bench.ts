import { ByteBucket } from "../../../lib/limits/mod.ts";
import {
  BufferPool,
  type CutKind,
  type Fault,
  FaultPlan,
  type FaultRule,
  type FaultScope,
  type Filter,
  type RelayEnd,
  type SessionFaults,
} from "../../../lib/relay/mod.ts";
import { FakeTime } from "../fakes/fake_time.ts";
import type { MemoryDuplex } from "./memory_duplex.ts";
import { RelayEnds } from "./relay_ends.ts";

/** A rule that hits every session in both directions for ever, but for what `scope` says. */
export function faultRule(fault: Fault, scope: Partial<FaultScope> = {}): FaultRule {
  return {
    ...fault,
    direction: "both",
    probability: 1,
    expiresAtMs: Infinity,
    seed: 1,
    appliesTo: () => true,
    ...scope,
  };
}

/** A plan in fake time. */
export function faultPlan(rules: readonly FaultRule[], time = new FakeTime()): FaultPlan {
  const { clock, pause } = time;
  return new FaultPlan(rules, { clock, pause, budget: (rate, nowMs) => new ByteBucket(rate, nowMs) });
}

/** What came, and when. */
export type Arrival = readonly [atMs: number, what: Uint8Array | "FIN" | "reset"];

/** The app's own filters; default none. */
export interface OwnFilters {
  readonly up?: readonly Filter[];
  readonly down?: readonly Filter[];
}

/** A relay with faults between two connections in memory, in fake time, run as a session runs it. */
export class FaultBench extends RelayEnds {
  readonly time: FakeTime;
  readonly end: Promise<RelayEnd>;
  readonly cuts: CutKind[] = [];
  /** What has come to each far end so far. */
  readonly atClient: Arrival[] = [];
  readonly atTarget: Arrival[] = [];
  #stopped = false;

  constructor(faults: SessionFaults, { time, own }: { readonly time: FakeTime; readonly own: OwnFilters }) {
    super({ capacity: 64 * 1024 });
    this.time = time;
    const engine = faults.engine({
      buffers: new BufferPool(),
      ticker: { nowMs: 0 },
      up: own.up ?? [],
      down: own.down ?? [],
      onCut: (kind) => this.cuts.push(kind),
    });
    const { signal } = this.controller;
    this.end = engine({ client: this.nearClient, target: this.nearTarget }, {
      up: this.up,
      down: this.down,
      prefetched: undefined,
      pendingRead: undefined,
      get aborted() {
        return signal.aborted;
      },
      signal,
      stop: () => this.#close(),
      linger: () => this.nearTarget.close(),
    });
    this.#watch(this.client, this.atClient);
    this.#watch(this.target, this.atTarget);
  }

  /** A relay of a session that these faults hit. */
  static with(faults: readonly FaultRule[], own: OwnFilters = {}): FaultBench {
    const time = new FakeTime();
    const drawn = faultPlan(faults, time).draw("192.0.2.1", time.nowMs);
    if (drawn === undefined) throw new Error("fault bench: no fault hit the session; expected one");
    return new FaultBench(drawn, { time, own });
  }

  /** Ends the relay as a session does: the signal first, then the sockets. */
  abort(): void {
    this.controller.abort();
    this.#close();
  }

  #close(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.nearClient.close();
    if (this.nearTarget.closes === 0) this.nearTarget.close();
  }

  async #watch(end: MemoryDuplex, arrivals: Arrival[]): Promise<void> {
    for (;;) {
      const buffer = new Uint8Array(64 * 1024);
      let count: number | null;
      try {
        count = await end.read(buffer);
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
        arrivals.push([this.time.nowMs, "reset"]);
        return;
      }
      arrivals.push([this.time.nowMs, count === null ? "FIN" : buffer.slice(0, count)]);
      if (count === null) return;
    }
  }
}
