/** What the operator wrote, checked and resolved: the only way from YAML, or a value made in code, to a {@link Config}. */
export * from "./model/config.ts";
export * from "./model/fault_config.ts";
export * from "./model/health_config.ts";
export * from "./model/starttls_config.ts";
export * from "./model/tls_config.ts";
export * from "./diff.ts";
export * from "./config_hash.ts";
export * from "./document.ts";
export * from "./load.ts";
export * from "./report/problem.ts";
export { escapeAllReferences } from "./environment/escape_all.ts";
export type { Environment, Variable } from "./environment/references.ts";
export { type Machine, workerCount } from "./worker_count.ts";
export { effectiveConfig, formatSyslogAddress } from "./resolve/effective.ts";
export { effectiveFault } from "./resolve/effective_options.ts";
export { configJsonSchema } from "./schema/json_schema.ts";
export type { JsonSchema } from "./schema/json_schema.ts";
