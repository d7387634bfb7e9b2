/** Differences between the supported versions of the runtime. */
export { runtimeAtLeast } from "./version.ts";
