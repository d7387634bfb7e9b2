import type { Path } from "../report/problem.ts";
import { formatPath } from "../report/problem.ts";
import { typesAt } from "../schema/json/json_schema.ts";
import type { Source } from "../yaml/source.ts";
import { ambiguityOf, resolvePlain } from "../yaml/core_schema.ts";

/**
 * Makes numbers and booleans, in place, of scalars that refer to variables where the schema expects those: what a variable
 * holds is data, and the key decides what kind. Returns the paths of those without a value, as {@link formatPath} writes them.
 */
export function settleReferences(value: unknown, source: Pick<Source, "referenceAt">): ReadonlySet<string> {
  const missing = new Set<string>();
  const visit = (node: unknown, path: Path): void => {
    if (typeof node !== "object" || node === null) return;
    const container = node as Record<string | number, unknown>;
    for (const key of Array.isArray(node) ? node.keys() : Object.keys(node)) {
      const child = container[key];
      const at = [...path, key];
      if (typeof child !== "string") {
        visit(child, at);
        continue;
      }
      const reference = source.referenceAt(at);
      if (reference === undefined) continue;
      if (reference.isMissing) missing.add(formatPath(at));
      else container[key] = typed(child, typesAt(at));
    }
  };
  visit(value, []);
  return missing;
}

function typed(text: string, types: ReadonlySet<string>): string | number | boolean {
  const value = ambiguityOf(text) === undefined ? resolvePlain(text) : text;
  if (typeof value === "boolean") return types.has("boolean") ? value : text;
  const isNumber = typeof value === "number" && Number.isFinite(value);
  return isNumber && (types.has("integer") || types.has("number")) ? value : text;
}
