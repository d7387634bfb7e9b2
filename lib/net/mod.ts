/** Sockets: one interface for what the program needs of them, and what implements it. */
export { runtimeTransport } from "./runtime/transport.ts";
export type { Connection, ListeningSocket, Transport } from "./transport.ts";
