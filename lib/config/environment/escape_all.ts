import { escapeReferences } from "./references.ts";

/** A value for a config file: its texts stay what they are when references to variables are replaced. Keys are kept. */
export function escapeAllReferences(value: unknown): unknown {
  if (typeof value === "string") return escapeReferences(value);
  if (Array.isArray(value)) return value.map(escapeAllReferences);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, escapeAllReferences(each)]));
}
