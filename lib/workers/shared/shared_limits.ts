import type { PoolRef } from "../../app/mod.ts";
import type { AppConfig, Config } from "../../config/mod.ts";
import { Crossings } from "../../dial/mod.ts";
import { SharedClientTable, SharedCount, SharedRate } from "../../limits/mod.ts";
import type { TargetState } from "../../pool/mod.ts";
import type { AppMemory, CommonMemory, TargetRecord } from "../channel/messages.ts";
import { SharedDraws } from "./shared_draws.ts";
import { AcceptBalancer } from "./accept_balancer.ts";

/** All memory that the workers of one proxy share: made by the control plane, and cleaned by it when a worker dies. */
export class SharedLimits {
  readonly common: CommonMemory;
  readonly #workers: number;
  readonly #apps: ReadonlyMap<string, AppMemory>;
  /** The places of limited targets, by their pool, and in it by name and limit. */
  readonly #targets = new Map<string, ReadonlyMap<string, SharedArrayBuffer>>();

  constructor(config: Config, workers: number) {
    this.#workers = workers;
    this.common = {
      ids: new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT),
      active: SharedCount.allocate(workers),
      turns: AcceptBalancer.allocate(workers),
      starved: SharedCount.allocate(workers),
      starvedMoves: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
      crossings: Crossings.allocate(),
    };
    this.#apps = new Map(config.apps.map((app) => [app.name, memoryOf(app, workers)]));
  }

  /** Sessions of all workers that have not ended. */
  get active(): number {
    return this.#active(0).taken;
  }

  /** Sessions of one worker that have not ended. */
  activeOf(worker: number): number {
    return this.#active(worker).mine;
  }

  /** Sessions of an app that have not ended; `undefined` for one without a limit, whose sessions nobody counts. */
  sessionsOf(app: string): number | undefined {
    const { places } = this.app(app);
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
      const places = before.get(key) ?? SharedCount.allocate(this.#workers);
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

  /** Gives back all that a worker held when it died. */
  forget(worker: number): void {
    SharedCount.forget(this.common.active, worker);
    AcceptBalancer.forget(this.common.turns, worker);
    SharedCount.forget(this.common.starved, worker);
    Crossings.forget(this.common.crossings, worker);
    for (const { places, clients } of this.#apps.values()) {
      if (places !== undefined) SharedCount.forget(places, worker);
      if (clients !== undefined) SharedClientTable.forget(clients, worker);
    }
    for (const targets of this.#targets.values()) {
      for (const places of targets.values()) SharedCount.forget(places, worker);
    }
  }

  #active(worker: number): SharedCount {
    return new SharedCount(this.common.active, { worker, max: Infinity });
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

function memoryOf(app: AppConfig, workers: number): AppMemory {
  const countsClients = app.maxConnectionsPerClient !== Infinity || app.acceptRatePerClient !== undefined;
  return {
    places: app.maxConnections === Infinity ? undefined : SharedCount.allocate(workers),
    rate: app.acceptRate === undefined ? undefined : SharedRate.allocate(),
    clients: countsClients ? SharedClientTable.allocate({ workers }) : undefined,
    faults: app.faults.length === 0 ? undefined : SharedDraws.allocate(app.faults.length),
  };
}
