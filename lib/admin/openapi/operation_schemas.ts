/**
 * The schemas of what an operator lists and sets.
 *
 * @module
 */
import * as z from "zod";
import { configJsonSchema } from "../../config/mod.ts";
import { SESSION_STATES } from "../../session/mod.ts";
import type {
  AppSetJson,
  DiscoveriesJson,
  DrainJson,
  FaultsJson,
  TargetSetJson,
  UpgradeJson,
} from "../json/operations.ts";
import type { EndedJson, SessionJson, SessionsJson } from "../json/sessions.ts";
import { App, Count, Fault, Target, Time } from "./status_schemas.ts";

const Incomplete = z.array(z.string()).meta({
  description: "The workers that have not answered, and why; empty where all have",
});

export const Session = z.object({
  id: z.int().min(1),
  app: z.string(),
  listener: z.string(),
  client: z.string().meta({
    description: "The address in the client's PROXY header, else where the connection comes from",
  }),
  target: z.string().nullable().meta({ description: "`null` before a target has answered" }),
  state: z.enum(SESSION_STATES),
  sni: z.string().nullable(),
  started_at: Time,
  age_ms: Count,
  idle_ms: Count.meta({ description: "Since the last byte in either direction, to about a second" }),
  bytes_up: Count,
  bytes_down: Count,
  connect_ms: z.number().min(0).nullable(),
  tries: Count.meta({ description: "Dials made; 0 before dialing has ended" }),
  worker: z.int().min(1).nullable().meta({
    description: "The worker that carries it; `null` with one thread",
  }),
}) satisfies z.ZodType<SessionJson>;

export const Sessions = z.object({
  total: Count.meta({ description: "How many live sessions there are" }),
  matched: Count.meta({ description: "How many fit the filter" }),
  sessions: z.array(Session),
  incomplete: Incomplete,
}) satisfies z.ZodType<SessionsJson>;

export const Ended = z.object({
  ended: Count.meta({ description: "How many sessions were ended" }),
  incomplete: Incomplete,
}) satisfies z.ZodType<EndedJson>;

export const TargetSet = Target.extend({
  ended: Count.meta({ description: "How many sessions were ended" }),
  incomplete: Incomplete,
}) satisfies z.ZodType<TargetSetJson>;

export const AppSet = App.extend({ incomplete: Incomplete }) satisfies z.ZodType<AppSetJson>;

export const Faults = z.object({
  faults: z.array(Fault),
  incomplete: Incomplete,
}) satisfies z.ZodType<FaultsJson>;

export const TargetBody = z.strictObject({
  state: z.enum(["ready", "drain", "down"]).optional(),
  weight: z.int().min(0).max(256).nullable().optional().meta({
    description: "`null` for the configured one",
  }),
});

export const AppBody = z.strictObject({ state: z.enum(["paused", "accepting"]) });

export const Drain = z.object({
  state: z.enum(["serving", "draining"]),
  sessions: Count.meta({ description: "Open sessions" }),
  deadline: Time.nullable().meta({
    description: "When the last session is ended at the latest; `null` for never, and while it is serving",
  }),
}) satisfies z.ZodType<DrainJson>;

export const Upgrade = z.object({
  pid: z.int().min(1).meta({ description: "The process that has taken over" }),
  version: z.string().meta({ description: "The version of its program" }),
}) satisfies z.ZodType<UpgradeJson>;

export const Discoveries = z.object({
  discoveries: z.array(z.object({
    app: z.string(),
    name: z.string().meta({ description: "The target entry in the config" }),
    kind: z.string().meta({ description: "`dns`, `srv`, …" }),
    targets: z.array(z.string()),
    answered_at: Time.nullable().meta({
      description: "When the last good answer came; `null` before the first",
    }),
    error: z.string().nullable().meta({ description: "Why lookups fail; `null` while they succeed" }),
  })),
}) satisfies z.ZodType<DiscoveriesJson>;

/** The body that sets faults, each as an app of the config has it. */
export function faultsBody(): Record<string, unknown> {
  let schema: unknown = configJsonSchema();
  for (const key of ["properties", "apps", "items", "properties", "faults"]) {
    schema = (schema as Readonly<Record<string, unknown>>)[key];
  }
  return {
    type: "object",
    properties: { faults: schema },
    required: ["faults"],
    additionalProperties: false,
  };
}
