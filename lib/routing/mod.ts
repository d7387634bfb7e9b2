/**
 * Where a connection's first bytes lead: looking at them, matching names, routes.
 *
 * @module
 */
export * from "./peek.ts";
export * from "./route_table.ts";
export * from "./sni_matcher.ts";
