/** Where the supported versions of the runtime differ. */
export { type AddressedDuplex, SettlingDuplex } from "./settling.ts";
export { runtimeAtLeast } from "./version.ts";
