/** Differences between the supported versions of the runtime, and what it can do only with a permission of its own. */
export { type Microtasks, openMicrotasks } from "./microtasks.ts";
export { monotonicMicroseconds } from "./monotonic.ts";
export { runtimeAtLeast } from "./version.ts";
