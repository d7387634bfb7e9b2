import { z } from "zod";
import { Root } from "./_root.ts";
import type { Path } from "./problem.ts";

/** The part of JSON Schema that zod writes for a config. */
export interface JsonSchema {
  readonly type?: string;
  /** What operators call such a value: "duration", "address". */
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
}

let made: Record<string, unknown> | undefined;

/** The JSON Schema (draft 2020-12) of what a config file may hold: for editors, and for `tcpproxy schema`. */
export function configJsonSchema(): Record<string, unknown> {
  made ??= {
    title: "tcpproxy configuration",
    ...z.toJSONSchema(Root, {
      io: "input",
      override: ({ zodSchema, jsonSchema }) => {
        // zod leaves both out for what it transforms.
        const meta = z.globalRegistry.get(zodSchema);
        if (meta?.default !== undefined) jsonSchema.default = meta.default as typeof jsonSchema.default;
        if (meta?.examples !== undefined) jsonSchema.examples = meta.examples as unknown[];
      },
    }),
  };
  return structuredClone(made);
}

/** The keys that the mapping at a path may have; empty where the schema knows no mapping. */
export function keysAt(path: Path): readonly string[] {
  configJsonSchema();
  let schema = made as JsonSchema | undefined;
  for (const step of path) {
    const branches: readonly JsonSchema[] = schema?.anyOf ?? (schema === undefined ? [] : [schema]);
    const next: (JsonSchema | undefined)[] = branches.map((branch) =>
      typeof step === "number"
        ? branch.items
        : Object.hasOwn(branch.properties ?? {}, step)
        ? branch.properties?.[step]
        : undefined
    );
    schema = next.find((branch) => branch !== undefined);
  }
  const mapping = [schema, ...schema?.anyOf ?? []].find((branch) => branch?.properties !== undefined);
  return Object.keys(mapping?.properties ?? {});
}
