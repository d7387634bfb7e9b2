import { configJsonSchema } from "./json_schema.ts";

/** A schema of any kind. */
type Schema = Record<string, unknown>;

/** What a reference to a variable of the environment looks like, within any text; see `environment/references.ts`. */
const REFERENCE = {
  type: "string",
  title: "reference to an environment variable",
  pattern: String.raw`(?:^|[^$])(?:\$\$)*\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?\}`,
};

/** Keywords that say something about a value without limiting it. */
const ANNOTATIONS: readonly string[] = ["title", "description", "default", "examples"];

/** The JSON Schema of a config file as it is written: in place of any value there may be a text with a reference. */
export function editorJsonSchema(): Record<string, unknown> {
  return { ...withReferences(configJsonSchema()), $defs: { reference: REFERENCE } };
}

function withReferences(schema: Schema): Schema {
  const { properties, items, anyOf, oneOf } = schema;
  const inner: Schema = {
    ...schema,
    ...(isMapping(properties) ? { properties: mapped(properties) } : {}),
    ...(isMapping(items) ? { items: withReferences(items) } : {}),
    ...(Array.isArray(anyOf) ? { anyOf: anyOf.map(withReferences) } : {}),
    ...(Array.isArray(oneOf) ? { oneOf: oneOf.map(withReferences) } : {}),
  };
  if (!isLimitedScalar(schema)) return inner;
  const entries = Object.entries(inner);
  const isAnnotation = ([key]: [string, unknown]): boolean => ANNOTATIONS.includes(key);
  return {
    ...Object.fromEntries(entries.filter(isAnnotation)),
    anyOf: [
      Object.fromEntries(entries.filter((entry) => !isAnnotation(entry))),
      { $ref: "#/$defs/reference" },
    ],
  };
}

function mapped(properties: Schema): Schema {
  return Object.fromEntries(
    Object.entries(properties).map(([key, each]) => [key, isMapping(each) ? withReferences(each) : each]),
  );
}

/** A word that tells kinds of mappings apart stays: with any text in its place, a mapping would be of all kinds. */
function isLimitedScalar({ type, pattern, enum: words, const: word }: Schema): boolean {
  if (typeof word === "string") return false;
  // A union has the pattern of its texts beside it.
  if (pattern !== undefined || words !== undefined) return true;
  return type === "number" || type === "integer" || type === "boolean";
}

function isMapping(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
