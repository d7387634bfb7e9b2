import { type PoolRef, SharedDraws } from "../../app/mod.ts";
import type { AppConfig, Config } from "../../config/parsed.ts";
import { Crossings } from "../../dial/mod.ts";
import { SharedClientTable, SharedCount, SharedRate } from "../../limits/mod.ts";
import type { TargetState } from "../../pool/mod.ts";
import type { AppMemory, TargetRecord } from "../channel/messages.ts";

/**
 * How many generations of workers may have sessions at once. Each reload of the config makes one, which lasts until
 * its last session has ended.
 */
export const MAX_GENERATIONS = 8;

/**
 * The memory of the limits that all workers share. The control plane allocates it, and cleans it when a worker dies.
 */
export class SharedLimits {
  /** The last session id given out. */
  readonly ids = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  /** How many dials wait for a file descriptor. */
  readonly starved: SharedArrayBuffer;
  /** Counts the changes of `starved`, for waiting on them. */
  readonly starvedMoves = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  /** The connections from this proxy to its own listeners. */
  readonly crossings = Crossings.allocate();
  readonly #shares: number;
  #apps: ReadonlyMap<string, AppMemory>;
  /** The places of limited targets, by pool, then by name and limit. */
  readonly #targets = new Map<string, ReadonlyMap<string, SharedArrayBuffer>>();

  constructor(config: Config, workers: number) {
    this.#shares = workers * MAX_GENERATIONS;
    this.starved = SharedCount.allocate(this.#shares);
    this.#apps = this.#memories(config);
  }

  /** Switches to another config; apps that remain keep their counts. */
  update(config: Config): void {
    this.#apps = this.#memories(config);
  }

  /** Returns the open sessions of an app; `undefined` for an app without a limit, which nobody counts. */
  sessionsOf(app: string): number | undefined {
    const places = this.#apps.get(app)?.places;
    return places === undefined ? undefined : new SharedCount(places, { worker: 0, max: Infinity }).taken;
  }

  /** Returns the memory of an app. */
  app(name: string): AppMemory {
    const memory = this.#apps.get(name);
    if (memory === undefined) throw new RangeError(`there is no app "${name}"`);
    return memory;
  }

  /**
   * Adds the memory of places to target states. A target keeps its memory, even after an absence in which it still
   * had connections.
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

  /**
   * Returns how many connections each of a pool's targets has over all threads; `undefined` for unlimited targets,
   * which nobody counts.
   */
  takenOf(pool: PoolRef, states: readonly TargetState[]): (number | undefined)[] {
    const places = this.#targets.get(poolName(pool));
    return keysOf(states).map((key) => {
      const memory = key === undefined ? undefined : places?.get(key);
      return memory === undefined ? undefined : new SharedCount(memory, { worker: 0, max: Infinity }).taken;
    });
  }

  /** Releases everything that a dead worker with this share held. */
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

/** Returns the key of each target's places; `undefined` for an unlimited target. */
function keysOf(states: readonly TargetState[]): (string | undefined)[] {
  const seen = new Map<string, number>();
  return states.map(({ spec: { label, maxConnections = Infinity } }) => {
    if (maxConnections === Infinity) return undefined;
    const name = `${label} ${maxConnections}`;
    // A target named twice counts as two.
    const twin = seen.get(name) ?? 0;
    seen.set(name, twin + 1);
    return `${name} ${twin}`;
  });
}

/** Allocates the memory of an app, reusing that of limits that it already had. */
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
