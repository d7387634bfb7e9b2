/**
 * What a connection's first bytes say, and where that leads: PROXY header, ClientHello, routes.
 *
 * @module
 */
export * from "./client_hello.ts";
export * from "./peek.ts";
export * from "./proxy_header.ts";
export * from "./proxy_tlvs.ts";
export * from "./route_table.ts";
export * from "./sni_matcher.ts";
