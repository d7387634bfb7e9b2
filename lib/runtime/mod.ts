/** Where the supported versions of the runtime differ. */
export { runtimeAtLeast } from "./version.ts";
