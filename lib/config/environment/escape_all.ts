import { escapeReferences } from "./references.ts";

/** Escapes a value for a config file: replacing references leaves its texts unchanged. Keys are kept. */
export function escapeAllReferences(value: unknown): unknown {
  if (typeof value === "string") return escapeReferences(value);
  if (Array.isArray(value)) return value.map(escapeAllReferences);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, escapeAllReferences(each)]));
}
