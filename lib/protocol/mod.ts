/**
 * What is said at the beginning of a connection, as bytes: the PROXY protocol both ways, and the ClientHello of TLS.
 *
 * @module
 */
export * from "./client_hello.ts";
export * from "./crc32c.ts";
export * from "./proxy_codes.ts";
export * from "./proxy_header.ts";
export * from "./proxy_ssl.ts";
export * from "./proxy_tlv_rules.ts";
export * from "./proxy_tlvs.ts";
