import { z } from "zod";
import { REASONS } from "../../base/mod.ts";
import { configJsonSchema } from "../../config/mod.ts";
import type { LiveExplanationJson } from "../json/explanation.ts";
import type { ReloadJson } from "../json/reload.ts";
import type { FaultJson, StatusJson } from "../json/status.ts";
import type { SchemaName } from "./description.ts";

const Time = z.iso.datetime().meta({ description: "As in RFC 3339, in UTC" });
const Count = z.int().min(0);
const UnknownCount = Count.nullable().meta({ description: "`null` where nobody counts them" });
const Limit = Count.nullable().meta({ description: "`null` for no limit" });

const Health = z.object({ status: z.enum(["alive", "ready"]) });

/** RFC 9457. */
const problem = {
  type: z.literal("about:blank"),
  title: z.string().meta({ description: "The name of the status" }),
  status: z.int().min(400).max(599),
  detail: z.string().meta({ description: "What failed, why, and what to do" }),
};
const Problem = z.object(problem).meta({ description: "Why a request failed (RFC 9457)" });

const Target = z.object({
  address: z.string(),
  state: z.enum(["up", "down", "ejected"]).meta({
    description: "As checks and connections find it, whatever an operator has set",
  }),
  admin: z.enum(["ready", "drain", "down"]).meta({
    description:
      "As an operator has set it: with `drain` it takes no new connections, with `down` the live ones end too",
  }),
  detail: z.string().nullable().meta({ description: "Why it is down or ejected" }),
  since: Time.nullable().meta({ description: "When its state last changed; `null` for never" }),
  weight: z.number().min(0).meta({ description: "As an operator has set it, else as configured" }),
  configured_weight: z.number().min(0),
  current_weight: z.number().min(0).meta({ description: "The effective weight: less during a slow start" }),
  backup: z.boolean(),
  connections: UnknownCount,
  max_connections: Limit,
  discovered_by: z.string().nullable().meta({
    description: "The name that discovery found it by; `null` for a configured target",
  }),
});

const pool = {
  targets: z.array(Target),
  undiscovered: z.array(z.string()).meta({ description: "Discovered names without a target at the moment" }),
};

const Fault = z.looseObject({
  kind: z.string(),
  since: Time,
  expires_at: Time.nullable().meta({ description: "`null` for never" }),
  source: z.enum(["config", "api"]).meta({ description: "Whether the config or this API has set it" }),
}).meta({
  description: "A fault as the config has it, with what is known of it while it is in effect",
}) satisfies z.ZodType<
  FaultJson
>;

const App = z.object({
  name: z.string(),
  state: z.enum(["accepting", "paused"]),
  listeners: z.array(z.string()),
  balance: z.string(),
  sessions: UnknownCount,
  max_connections: Limit,
  faults: z.array(Fault).meta({ description: "The faults in effect" }),
  ...pool,
  routes: z.array(z.object({ route: z.string(), ...pool })),
});

const LastReload = z.object({
  at: Time,
  result: z.enum(["succeeded", "failed"]),
  trigger: z.string().meta({ description: "What asked for it: `SIGHUP`, `admin API`, `watch`" }),
  detail: z.string().nullable().meta({
    description: "What has changed, or why nothing has; `null` where there was no change",
  }),
});

const ConfigState = z.object({
  path: z.string().nullable().meta({ description: "`null` where it has no file that can be read again" }),
  hash: z.string().meta({ description: "The same for configs that come to the same" }),
  loaded_at: Time,
  last_reload: LastReload.nullable(),
});

const Status = z.object({
  version: z.string(),
  started_at: Time,
  now: Time,
  state: z.enum(["starting", "ready", "draining"]),
  workers: Count.meta({ description: "The number of threads that carry connections" }),
  sessions: Count.meta({ description: "Open sessions" }),
  config: ConfigState,
  apps: z.array(App),
}) satisfies z.ZodType<StatusJson>;

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
  Explanation,
  Reload,
  Config: configSchema,
  OpenApi,
};

/** Schemas that others refer to by a name of their own. */
const PARTS: Readonly<Record<string, z.ZodType>> = { Target, App, Fault };

/**
 * Returns every schema as JSON Schema (draft 2020-12), by name, for `#/components/schemas/`.
 *
 * @param isStrict whether what a schema does not name is forbidden. Clients must ignore what they do not know; tests must
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
      // The pattern of a date is a page long, and says what the format says.
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
