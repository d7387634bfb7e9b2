/**
 * The schemas of the status.
 *
 * @module
 */
import * as z from "zod";
import type { FaultJson, StatusJson } from "../json/status.ts";
import { TargetTraffic, Traffic } from "./traffic_schemas.ts";

export const Time = z.iso.datetime().meta({ description: "As in RFC 3339, in UTC" });
export const Count = z.int().min(0);
export const UnknownCount = Count.nullable().meta({ description: "`null` where nobody counts them" });
export const Limit = Count.nullable().meta({ description: "`null` for no limit" });

export const Target = z.object({
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
  traffic: TargetTraffic,
});

const pool = {
  targets: z.array(Target),
  undiscovered: z.array(z.string()).meta({ description: "Discovered names without a target at the moment" }),
};

export const Fault = z.looseObject({
  kind: z.string(),
  since: Time,
  expires_at: Time.nullable().meta({ description: "`null` for never" }),
  source: z.enum(["config", "api"]).meta({ description: "Whether the config or this API has set it" }),
}).meta({
  description: "A fault as the config has it, with what is known of it while it is in effect",
}) satisfies z.ZodType<
  FaultJson
>;

export const App = z.object({
  name: z.string(),
  state: z.enum(["accepting", "paused"]),
  listeners: z.array(z.string()),
  balance: z.string(),
  sessions: UnknownCount,
  max_connections: Limit,
  traffic: Traffic,
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

export const Status = z.object({
  version: z.string(),
  started_at: Time,
  now: Time,
  state: z.enum(["starting", "ready", "draining"]),
  workers: Count.meta({ description: "The number of threads that carry connections" }),
  sessions: Count.meta({ description: "Open sessions" }),
  config: ConfigState,
  traffic: Traffic,
  apps: z.array(App),
}) satisfies z.ZodType<StatusJson>;
