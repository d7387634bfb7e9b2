/**
 * Routing by a connection's first bytes: peeking at them, matching names, choosing routes.
 *
 * @module
 */
export * from "./peek.ts";
export * from "./route_table.ts";
export * from "./sni_matcher.ts";
