import * as z from "zod";
import { Root } from "../root.ts";
import { EXTENSION } from "../../resolve/merge.ts";
import type { Path } from "../../report/problem.ts";

/** The part of JSON Schema that zod writes for a config. */
export interface JsonSchema {
  readonly type?: string;
  /** The operator's name for such a value: "duration", "address". */
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  /** Mappings of several kinds: each has a `const` that tells it from the others. */
  readonly oneOf?: readonly JsonSchema[];
}

let made: Record<string, unknown> | undefined;

/** The JSON Schema (draft 2020-12) of what a config file may hold: for editors, and for `tcpproxy schema`. */
export function configJsonSchema(): Record<string, unknown> {
  made ??= makeSchema();
  return structuredClone(made);
}

function makeSchema(): Record<string, unknown> {
  return {
    title: "tcpproxy configuration",
    anyOf: [{ required: ["apps"] }, { required: ["include"] }],
    if: { not: { required: ["include"] } },
    then: { properties: { apps: { minItems: 1 } } },
    ...z.toJSONSchema(Root, {
      io: "input",
      override: ({ zodSchema, jsonSchema }) => {
        // zod leaves both out for what it transforms.
        const meta = z.globalRegistry.get(zodSchema);
        if (meta?.default !== undefined) jsonSchema.default = meta.default as typeof jsonSchema.default;
        if (jsonSchema.additionalProperties === false) {
          jsonSchema.patternProperties = { [`^${EXTENSION}`]: {} };
        }
        if (meta?.examples !== undefined) jsonSchema.examples = meta.examples as unknown[];
      },
    }),
  };
}

/** The keys of a mapping in the schema. */
export interface KnownKeys {
  /** The keys that it may have; empty where the schema knows no mapping. */
  readonly keys: readonly string[];
  /** The keys that it must have. */
  readonly required: readonly string[];
  /** The kinds, other than its own, whose mappings may have a key. */
  kindsWith(key: string): readonly string[];
}

/** The types that the value at a path may have ("string", "integer", …), whatever kind of mapping it is in. */
export function typesAt(path: Path): ReadonlySet<string> {
  return new Set(schemasAt(path).flatMap(branches).flatMap(({ type }) => type ?? []));
}

/** The keys that the mapping at a path may have. `value` selects the kind where there are several. */
export function keysAt(path: Path, value: unknown): KnownKeys {
  const mappings = schemasAt(path).flatMap(branches).filter((schema) => schema.properties !== undefined);
  const own = mappings.find((mapping) => isOfKind(mapping, value)) ?? mappings[0];
  return {
    keys: Object.keys(own?.properties ?? {}),
    required: own?.required ?? [],
    kindsWith: (key) =>
      mappings.filter((mapping) => mapping !== own && Object.hasOwn(mapping.properties ?? {}, key))
        .flatMap((mapping) => kindsOf(mapping).map(([, kind]) => String(kind))),
  };
}

function schemasAt(path: Path): readonly JsonSchema[] {
  made ??= makeSchema();
  let schemas: readonly JsonSchema[] = [made as JsonSchema];
  for (const step of path) {
    schemas = schemas.flatMap(branches).flatMap((schema) => {
      const next = typeof step === "number"
        ? schema.items
        : Object.hasOwn(schema.properties ?? {}, step)
        ? schema.properties?.[step]
        : undefined;
      return next === undefined ? [] : [next];
    });
  }
  return schemas;
}

function branches(schema: JsonSchema): readonly JsonSchema[] {
  return [schema, ...[...schema.anyOf ?? [], ...schema.oneOf ?? []].flatMap(branches)];
}

function isOfKind(mapping: JsonSchema, value: unknown): boolean {
  return kindsOf(mapping).every(([key, kind]) => (value as Record<string, unknown> | null)?.[key] === kind);
}

/** The keys of a mapping that can have one value only. */
function kindsOf(mapping: JsonSchema): (readonly [key: string, kind: unknown])[] {
  return Object.entries(mapping.properties ?? {}).flatMap(([key, { const: kind }]) =>
    kind === undefined ? [] : [[key, kind] as const]
  );
}
