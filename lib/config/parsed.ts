/**
 * Configs that have been read: what they consist of, and what needs nothing of their text or its schema. The rooms that
 * workers load use this door: the rest of the room is a fifth of a worker's start.
 *
 * @module
 */
export * from "./model/config.ts";
export * from "./model/fault_config.ts";
export * from "./model/health_config.ts";
export * from "./model/log_config.ts";
export * from "./model/proxy_protocol_config.ts";
export * from "./model/starttls_config.ts";
export * from "./model/target_config.ts";
export * from "./model/tls_config.ts";
export * from "./diff.ts";
export * from "./config_hash.ts";
export * from "./without_secrets.ts";
export type { Path } from "./report/problem.ts";
export { engineOf } from "./engine.ts";
export { socketsOf, unsupportedKeys } from "./native_keys.ts";
export { tcpInfoKey } from "./tcp_info.ts";
export { type Machine, workerCount } from "./worker_count.ts";
export { effectiveConfig, formatSyslogAddress } from "./resolve/effective.ts";
export { effectiveFault } from "./resolve/effective_options.ts";
