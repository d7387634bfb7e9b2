/**
 * The runtime's queue of microtasks, emptied in the middle of a callback, as the runtime itself does after each of
 * its own. `node:timers` and `process.nextTick` are built on it; it has no public name.
 */
export interface Microtasks {
  /** Runs whatever awaits a settled promise, until nothing is left. */
  drain(): void;
  /** Whether callbacks of `process.nextTick` wait for a turn of the event loop. */
  hasTicks(): boolean;
}

/** Returns the queue; `undefined` for a runtime that does not offer it. */
export function openMicrotasks(): Microtasks | undefined {
  const key = Reflect.get(Deno, "internal");
  const core = typeof key === "symbol" ? property(Reflect.get(Deno, key), "core") : undefined;
  const run = property(core, "runMicrotasks");
  const hasTicks = property(core, "hasTickScheduled");
  if (typeof run !== "function" || typeof hasTicks !== "function") return undefined;
  return {
    drain: (): void => void run.call(core),
    hasTicks: (): boolean => hasTicks.call(core) !== false,
  };
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
