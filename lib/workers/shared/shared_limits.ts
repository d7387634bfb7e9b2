import type { PoolRef } from "../../app/mod.ts";
import type { AppConfig, Config } from "../../config/mod.ts";
import { Crossings } from "../../dial/mod.ts";
import { SharedClientTable, SharedCount, SharedRate } from "../../limits/mod.ts";
import type { TargetState } from "../../pool/mod.ts";
import type { AppMemory, TargetRecord } from "../channel/messages.ts";
import { SharedDraws } from "./shared_draws.ts";

/**
 * How many generations of workers may have sessions at once. Each reload of the config makes one, and it lasts until its
 * last session has ended.
 */
export const MAX_GENERATIONS = 8;

/** The memory of the limits that all workers share: made by the control plane, and cleaned by it when a worker dies. */
export class SharedLimits {
  /** The number of the last session. */
  readonly ids = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  /** The dials that lack a file descriptor. */
  readonly starved: SharedArrayBuffer;
  /** Counts the changes of that, to be waited for. */
  readonly starvedMoves = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  /** The connections from one own listener to another. */
  readonly crossings = Crossings.allocate();
  readonly #shares: number;
  #apps: ReadonlyMap<string, AppMemory>;
  /** The places of limited targets, by their pool, and in it by name and limit. */
  readonly #targets = new Map<string, ReadonlyMap<string, SharedArrayBuffer>>();

  constructor(config: Config, workers: number) {
    this.#shares = workers * MAX_GENERATIONS;
    this.starved = SharedCount.allocate(this.#shares);
    this.#apps = this.#memories(config);
  }

  /** Takes up another config: apps that stay keep what is counted. */
  update(config: Config): void {
    this.#apps = this.#memories(config);
  }

  /** Sessions of an app that have not ended; `undefined` for one without a limit, whose sessions nobody counts. */
  sessionsOf(app: string): number | undefined {
    const places = this.#apps.get(app)?.places;
    return places === undefined ? undefined : new SharedCount(places, { worker: 0, max: Infinity }).taken;
  }

  /** The memory of the app of this name. */
  app(name: string): AppMemory {
    const memory = this.#apps.get(name);
    if (memory === undefined) throw new RangeError(`there is no app "${name}"`);
    return memory;
  }

  /**
   * Adds the memory of their places to the states of a pool's targets. A target has the same memory as before, also where
   * it was away for a while and still has connections.
   */
  recordsOf(pool: PoolRef, states: readonly TargetState[]): TargetRecord[] {
    const before = this.#targets.get(poolName(pool)) ?? new Map<string, SharedArrayBuffer>();
    const now = new Map<string, SharedArrayBuffer>();
    const keys = keysOf(states);
    const records = states.map((state, index): TargetRecord => {
      const key = keys[index];
      if (key === undefined) return { ...state, places: undefined };
      const places = before.get(key) ?? SharedCount.allocate(this.#shares);
      now.set(key, places);
      return { ...state, places };
    });
    for (const [key, places] of before) {
      if (!now.has(key) && new SharedCount(places, { worker: 0, max: Infinity }).taken > 0) {
        now.set(key, places);
      }
    }
    this.#targets.set(poolName(pool), now);
    return records;
  }

  /** How many connections each of a pool's targets has in all threads; `undefined` for one that is not limited, nor counted. */
  takenOf(pool: PoolRef, states: readonly TargetState[]): (number | undefined)[] {
    const places = this.#targets.get(poolName(pool));
    return keysOf(states).map((key) => {
      const memory = key === undefined ? undefined : places?.get(key);
      return memory === undefined ? undefined : new SharedCount(memory, { worker: 0, max: Infinity }).taken;
    });
  }

  /** Gives back all that a worker with this share held when it died. */
  forget(share: number): void {
    SharedCount.forget(this.starved, share);
    Crossings.forget(this.crossings, share);
    for (const { places, clients } of this.#apps.values()) {
      if (places !== undefined) SharedCount.forget(places, share);
      if (clients !== undefined) SharedClientTable.forget(clients, share);
    }
    for (const targets of this.#targets.values()) {
      for (const places of targets.values()) SharedCount.forget(places, share);
    }
  }

  #memories({ apps }: Config): Map<string, AppMemory> {
    return new Map(apps.map((app) => [app.name, memoryOf(app, this.#shares, this.#apps?.get(app.name))]));
  }
}

function poolName({ app, pool }: PoolRef): string {
  return `${app} ${pool}`;
}

/** What the places of each target of a pool are known by; `undefined` for one that is not limited. */
function keysOf(states: readonly TargetState[]): (string | undefined)[] {
  const seen = new Map<string, number>();
  return states.map(({ spec: { label, maxConnections = Infinity } }) => {
    if (maxConnections === Infinity) return undefined;
    const name = `${label} ${maxConnections}`;
    // A target may be named twice, and then is two.
    const twin = seen.get(name) ?? 0;
    seen.set(name, twin + 1);
    return `${name} ${twin}`;
  });
}

/** The memory of an app; what it had before it keeps, where it still has the limit. */
function memoryOf(app: AppConfig, shares: number, before: AppMemory | undefined): AppMemory {
  const countsClients = app.maxConnectionsPerClient !== Infinity || app.acceptRatePerClient !== undefined;
  const faultBytes = SharedDraws.allocate(app.faults.length).byteLength;
  return {
    places: app.maxConnections === Infinity ? undefined : before?.places ?? SharedCount.allocate(shares),
    rate: app.acceptRate === undefined ? undefined : before?.rate ?? SharedRate.allocate(),
    clients: countsClients ? before?.clients ?? SharedClientTable.allocate({ workers: shares }) : undefined,
    faults: app.faults.length === 0
      ? undefined
      : before?.faults?.byteLength === faultBytes
      ? before.faults
      : SharedDraws.allocate(app.faults.length),
  };
}
