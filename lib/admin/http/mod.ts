/** A small HTTP/1.1 server on accepted connections, with a limit for every wait. */
export { HttpConnections } from "./connections.ts";
export type { HttpLimits } from "./limits.ts";
export { RequestError } from "./request_error.ts";
