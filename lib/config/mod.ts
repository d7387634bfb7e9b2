/** What the operator wrote, checked and resolved: the only way from YAML, or a value made in code, to a {@link Config}. */
export * from "./config.ts";
export * from "./fault_config.ts";
export * from "./health_config.ts";
export * from "./starttls_config.ts";
export * from "./tls_config.ts";
export * from "./diff.ts";
export * from "./document.ts";
export * from "./load.ts";
export * from "./problem.ts";
export { type Machine, workerCount } from "./worker_count.ts";
export { effectiveConfig } from "./_effective.ts";
export { configJsonSchema } from "./_json_schema.ts";
export type { JsonSchema } from "./_json_schema.ts";
