/**
 * Takes and gives back as fast as it can, beside other threads that do the same, and says when there was more than the
 * limit.
 *
 * @module
 */
import {
  type SharedClientMemory,
  SharedClientTable,
  SharedCount,
  SharedRate,
} from "../../../lib/limits/mod.ts";

/** What each thread is given. */
export interface Contention {
  readonly worker: number;
  readonly max: number;
  readonly rounds: number;
  readonly count: SharedArrayBuffer;
  readonly rate: SharedArrayBuffer;
  readonly clients: SharedClientMemory;
  /** Holders of a place of the count and of the table, as the threads themselves count them. */
  readonly holders: SharedArrayBuffer;
}

/** What each thread has seen. */
export interface Contended {
  /** The most holders at once: of the count, of a client. */
  readonly most: readonly number[];
  /** How often the rate let it pass. */
  readonly passed: number;
}

const port = globalThis as unknown as {
  onmessage: (event: MessageEvent<Contention>) => void;
  postMessage(result: Contended): void;
};

port.onmessage = ({ data }): void => port.postMessage(contend(data));

function contend({ worker, max, rounds, ...memory }: Contention): Contended {
  const count = new SharedCount(memory.count, { worker, max });
  const clients = new SharedClientTable(memory.clients, { worker, maxConnections: max });
  const rate = new SharedRate(memory.rate, { ratePerSecond: 1 / 3600, burst: 100 });
  const holders = new Int32Array(memory.holders);
  const most = [0, 0];
  let passed = 0;
  const hold = (which: number): void => {
    most[which] = Math.max(most[which] ?? 0, Atomics.add(holders, which, 1) + 1);
    Atomics.sub(holders, which, 1);
  };
  for (let round = 0; round < rounds; round++) {
    if (rate.tryTake(0)) passed++;
    if (count.tryTake()) {
      hold(0);
      count.giveBack();
    }
    const admission = clients.admit("192.0.2.1", 0);
    if (typeof admission === "object") {
      hold(1);
      admission[Symbol.dispose]();
    }
  }
  return { most, passed };
}
