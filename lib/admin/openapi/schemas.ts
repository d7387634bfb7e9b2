import * as z from "zod";
import { REASONS } from "../../base/mod.ts";
import { configJsonSchema } from "../../config/mod.ts";
import type { LiveExplanationJson } from "../json/explanation.ts";
import type { ReloadJson } from "../json/reload.ts";
import type { SchemaName } from "./description.ts";
import {
  AppBody,
  AppSet,
  Discoveries,
  Drain,
  Ended,
  Faults,
  faultsBody,
  Session,
  Sessions,
  TargetBody,
  TargetSet,
  Upgrade,
} from "./operation_schemas.ts";
import { App, Fault, Status, Target, Time, UnknownCount } from "./status_schemas.ts";
import { Spread, TargetTraffic, Traffic } from "./traffic_schemas.ts";

const Health = z.object({ status: z.enum(["alive", "ready"]) });

/** RFC 9457. */
const problem = {
  type: z.literal("about:blank"),
  title: z.string().meta({ description: "The name of the status" }),
  status: z.int().min(400).max(599),
  detail: z.string().meta({ description: "What failed, why, and what to do" }),
};
const Problem = z.object(problem).meta({ description: "Why a request failed (RFC 9457)" });

const ExplainedTarget = z.object({ address: z.string(), backup: z.boolean(), why: z.string() });

const Explanation = z.object({
  app: z.string(),
  listener: z.string(),
  admission: z.object({ allowed: z.boolean(), rule: z.string() }),
  route: z.string().nullable().meta({ description: "`null` when no route takes the connection" }),
  targets: z.array(ExplainedTarget).meta({ description: "In the order in which they would be tried" }),
  skipped: z.array(ExplainedTarget).meta({
    description: "Targets that would be skipped in their current state",
  }),
  routes: z.array(z.object({
    name: z.string(),
    verdict: z.enum(["chosen", "shadowed", "no_match"]),
    why: z.string(),
  })),
  refusal: z.object({ reason: z.enum(REASONS), why: z.string() }).nullable().meta({
    description: "Why it would be closed before a target is dialed; `null` where it would not",
  }),
  notes: z.array(z.string()),
}) satisfies z.ZodType<LiveExplanationJson>;

const Listener = z.object({ app: z.string(), listener: z.string() });

const ExplainProblem = z.object({
  ...problem,
  nearest: Listener.nullable().optional().meta({ description: "The listener with the nearest port (404)" }),
  listeners: z.array(Listener).optional().meta({ description: "Those that the question fits (409)" }),
});

const ReloadProblem = z.object({
  app: z.string().nullable(),
  file: z.string().nullable(),
  message: z.string(),
});

/** A key whose value is `undefined` in the program is absent in JSON. */
const Unset: z.ZodType<unknown> = z.unknown().optional().meta({ description: "Absent where it is not set" });
const Option = z.object({ key: z.string(), before: Unset, after: Unset });

const change = z.enum(["kept", "added", "gone", "changed"]);

const Reload = z.object({
  changes: z.object({
    apps: z.array(z.object({
      name: z.string(),
      change,
      sessions: UnknownCount,
      listeners: z.array(z.object({ address: z.string(), change })),
      targets: z.array(z.object({
        address: z.string(),
        route: z.string().nullable().meta({ description: "`null` for one of the app's own targets" }),
        change,
        connections: UnknownCount,
      })),
      options: z.array(Option),
    })),
    settings: z.array(Option),
  }),
  apps: z.array(z.object({
    name: z.string(),
    files: z.array(z.object({
      file: z.string(),
      valid_to: Time.nullable().meta({ description: "When a presented certificate expires" }),
    })),
  })).meta({ description: "The apps with files, each with its changed files" }),
  warnings: z.array(ReloadProblem),
}) satisfies z.ZodType<ReloadJson>;

const ReloadRefused = z.object({ ...problem, problems: z.array(ReloadProblem) });

const OpenApi = z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) });

/** The schema of each body, in zod or as JSON Schema. */
const SCHEMAS: Readonly<Record<SchemaName, z.ZodType | (() => Record<string, unknown>)>> = {
  Health,
  Problem,
  ExplainProblem,
  ReloadRefused,
  Status,
  Sessions,
  Session,
  Ended,
  TargetSet,
  AppSet,
  Faults,
  FaultsBody: faultsBody,
  TargetBody,
  AppBody,
  Drain,
  Upgrade,
  Discoveries,
  Explanation,
  Reload,
  Config: configSchema,
  OpenApi,
};

/** Schemas that others refer to by a name of their own. */
const PARTS: Readonly<Record<string, z.ZodType>> = { Target, App, Fault, Traffic, TargetTraffic, Spread };

/**
 * Returns every schema as JSON Schema (draft 2020-12), by name, for `#/components/schemas/`.
 *
 * @param isStrict whether keys that a schema does not name are forbidden. Clients must ignore unknown keys; tests must
 * not.
 */
export function jsonSchemas({ isStrict }: { readonly isStrict: boolean }): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  const schemas: Record<string, unknown> = {};
  for (const [id, schema] of Object.entries({ ...SCHEMAS, ...PARTS })) {
    if (typeof schema === "function") schemas[id] = schema();
    else registry.add(schema, { id });
  }
  const converted = z.toJSONSchema(registry, {
    uri: (id) => `#/components/schemas/${id}`,
    io: isStrict ? "output" : "input",
    override: ({ jsonSchema }) => {
      // The pattern of a date is a page long, and repeats the format.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
    },
  }).schemas;
  for (const [id, { $schema: _schema, $id: _id, ...schema }] of Object.entries(converted)) {
    schemas[id] = schema;
  }
  return schemas;
}

function configSchema(): Record<string, unknown> {
  const { $schema: _schema, ...schema } = configJsonSchema();
  return schema;
}
