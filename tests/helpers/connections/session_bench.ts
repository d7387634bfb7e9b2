import { assertEquals, assertStrictEquals } from "@std/assert";
import { parseAddress, type Reason } from "../../../lib/base/mod.ts";
import { Dialer, type DialResult } from "../../../lib/dial/mod.ts";
import type { AcceptPlace } from "../../../lib/listen/mod.ts";
import type { Connection } from "../../../lib/net/mod.ts";
import { type Candidate, Pool } from "../../../lib/pool/mod.ts";
import { pumpEngine, type RelayEngine, type Ticker } from "../../../lib/relay/mod.ts";
import { type OpenSession, Session, type SessionApp } from "../../../lib/session/mod.ts";
import { CountingPool } from "../fakes/counting_pool.ts";
import { type MemoryDuplex, memoryPipe, type MemoryPipeOptions } from "./memory_duplex.ts";
import type { EngineParts } from "./relay_bench.ts";

/** What is not as everywhere. */
export interface AcceptedSessionOptions {
  readonly app?: Partial<SessionApp>;
  readonly place?: AcceptPlace;
  /** As in `SessionShared`. */
  readonly activeIntervalMs?: number;
  /** Makes the engine. Default the pump. */
  readonly engine?: (parts: Required<EngineParts>) => RelayEngine;
}

/** The proxy's end of a client's connection, which counts how often it is closed. */
export interface NearEnd extends Connection {
  readonly closes: number;
}

/** One session of a connection that was accepted, with a clock that the test sets. */
export class AcceptedSession<Near extends NearEnd> {
  nowMs = 0;
  readonly buffers = new CountingPool();
  readonly ended: OpenSession[] = [];
  /** When the session was reported as one that lasts. */
  readonly active: number[] = [];
  /** What the session has of its client. */
  readonly near: Near;
  readonly pool: Pool;
  /** What was reported to the pool of the target. */
  readonly reports: string[] = [];
  readonly session: Session;
  readonly ticker: Ticker;

  constructor(near: Near, target: string, options: AcceptedSessionOptions = {}) {
    const { app, place, activeIntervalMs = Infinity, engine = pumpEngine } = options;
    const clock = { nowMs: (): number => this.nowMs };
    const now = (): number => this.nowMs;
    const ticker = {
      get nowMs(): number {
        return now();
      },
    };
    this.near = near;
    this.ticker = ticker;
    this.pool = new Pool([{ address: parseAddress(target) }], {
      balance: "random",
      onReport: (_target, outcome) => void this.reports.push(outcome),
    });
    this.session = new Session(near, {
      id: 1,
      app: {
        name: "app",
        dialer: new Dialer({ connectTimeoutMs: 5000, connectDeadlineMs: 5000 }),
        idleTimeoutMs: Infinity,
        halfCloseTimeoutMs: Infinity,
        maxLifetimeMs: Infinity,
        keepalive: false,
        queueTimeoutMs: 0,
        retry: undefined,
        inspect: undefined,
        admission: undefined,
        secureTarget: undefined,
        sendsProxy: false,
        poolFor: () => this.pool,
        engine: () => engine({ buffers: this.buffers, ticker, clock }),
        faultsFor: () => undefined,
        ...app,
      },
      listener: { kind: "tcp", host: "127.0.0.1", port: 5000 },
      place,
    }, {
      ticker,
      buffers: this.buffers,
      clock,
      random: () => 0.5,
      activeIntervalMs,
      observer: {
        sessionEnded: (session) => this.ended.push(session),
        sessionActive: (session) => this.active.push(session.endedMs),
      },
    });
  }

  /** Fails unless the session has ended for `reason`, has reported it once, and has left nothing behind. */
  async assertEnded(reason: Reason): Promise<void> {
    assertStrictEquals(this.session.reason, reason);
    assertEquals(this.ended, [this.session]);
    assertStrictEquals(this.near.closes, 1);
    assertEquals(this.pool.targets.map(({ active }) => active), [0]);
    // What was pending on the client rejects once it is closed, and its buffer goes back after that.
    await nextTask();
    assertStrictEquals(this.buffers.out, 0, "buffers are out");
  }
}

export interface SessionBenchOptions extends AcceptedSessionOptions {
  /** How the client's connection behaves. */
  readonly client?: MemoryPipeOptions;
}

/** One session of a client in memory. */
export class SessionBench extends AcceptedSession<MemoryDuplex & Connection> {
  readonly client: MemoryDuplex;

  constructor(target: string, options: SessionBenchOptions = {}) {
    const [client, near] = memoryPipe(options.client);
    const addr = { kind: "tcp", host: "192.0.2.1", port: 4000 } as const;
    super(Object.assign(near, { local: addr, peer: addr }), target, options);
    this.client = client;
  }

  override async assertEnded(reason: Reason): Promise<void> {
    await super.assertEnded(reason);
    assertStrictEquals(this.near.pending, 0, "operations are pending");
  }
}

/** Replies every dial after so many microtasks. */
export class PromptDialer extends Dialer<Candidate> {
  constructor(readonly turns: number, readonly conn: () => MemoryDuplex) {
    super({ connectTimeoutMs: 5000, connectDeadlineMs: 5000 });
  }

  override async dial(next: () => Candidate | undefined): Promise<DialResult<Candidate>> {
    const target = next();
    if (target === undefined) return { kind: "exhausted", tries: 0, timedOut: false, failures: [] };
    for (let turn = 0; turn < this.turns; turn++) await Promise.resolve();
    return { kind: "connected", conn: this.conn(), target, connectMs: 1, tries: 1, failures: [] };
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
