import v8 from "node:v8";
import vm from "node:vm";

/** Collects garbage as a program cannot do by itself. */
const collect: () => void = (() => {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
})();

/**
 * Bytes of this thread's objects and buffers that something still holds. Garbage does not count, so the figure does not
 * depend on when V8 collects, as the resident memory of the process does.
 */
export function memoryInUse(): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Bytes of the process's resident memory, after a collection: buffers of the runtime count too. */
export function residentMemory(): number {
  collect();
  return Deno.memoryUsage().rss;
}
