/** What the operator wrote, checked and resolved: the only way from YAML, or a value made in code, to a {@link Config}. */
export * from "./parsed.ts";
export * from "./document.ts";
export * from "./load.ts";
export * from "./resolve_faults.ts";
export * from "./report/problem.ts";
export { escapeAllReferences } from "./environment/escape_all.ts";
export type { Environment, Variable } from "./environment/references.ts";
export { suggest } from "./report/suggest.ts";
export { readBounded } from "./yaml/read.ts";
export { DataError, parseData } from "./yaml/data.ts";
export { editorJsonSchema } from "./schema/json/editor_schema.ts";
export { configJsonSchema } from "./schema/json/json_schema.ts";
export type { JsonSchema } from "./schema/json/json_schema.ts";
