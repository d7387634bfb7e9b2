import type { LogDestination } from "../../../lib/log/mod.ts";

/** A destination that keeps what it is given. */
export interface MemoryDestination extends LogDestination {
  /** What has arrived. */
  text(): string;
  /** How many writes there were. */
  writes(): number;
  closed(): boolean;
  /** Resolves when `needle` has arrived. */
  arrived(needle: string): Promise<void>;
}

/** What a {@link memoryDestination} does at a write: takes so many bytes, or throws. */
export type Behaviour = (bytes: Uint8Array) => number | Promise<number>;

/** A destination in memory; by default it takes everything. */
export function memoryDestination(behaviour: Behaviour = (bytes): number => bytes.length): MemoryDestination {
  const decoder = new TextDecoder();
  let text = "";
  let writes = 0;
  let closed = false;
  let waiting: { needle: string; resolve: () => void }[] = [];
  const take = (bytes: Uint8Array, count: number): number => {
    text += decoder.decode(bytes.subarray(0, count), { stream: true });
    const here = waiting.filter(({ needle }) => text.includes(needle));
    waiting = waiting.filter((each) => !here.includes(each));
    for (const { resolve } of here) resolve();
    return count;
  };
  return {
    text: () => text,
    writes: () => writes,
    closed: () => closed,
    arrived: (needle) =>
      new Promise((resolve) => text.includes(needle) ? resolve() : waiting.push({ needle, resolve })),
    write: async (bytes) => {
      writes++;
      return take(bytes, await behaviour(bytes));
    },
    writeSync: (bytes) => {
      writes++;
      const count = behaviour(bytes);
      if (typeof count !== "number") {
        throw new Error("write at once: the behaviour waits; expected one that does not");
      }
      return take(bytes, count);
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
}

/** A promise and what ends it. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

/** A gate that stands closed until it is opened. */
export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** An error as the runtime throws it for an errno. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code} (os error)`), { code });
}
