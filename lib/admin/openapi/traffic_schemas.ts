import * as z from "zod";
import { REASONS } from "../../base/mod.ts";
import type { SpreadJson, TargetTrafficJson, TrafficJson } from "../json/traffic.ts";

const Count = z.int().min(0);

export const Spread = z.object({
  count: Count,
  mean: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
}).meta({
  description: "Milliseconds; quantiles are estimated from a histogram",
}) satisfies z.ZodType<SpreadJson>;

const bytes = {
  "bytes_up": Count.meta({ description: "Client to target, those of open connections included" }),
  "bytes_down": Count,
};

export const Traffic = z.object({
  connections: Count.meta({ description: "Connections accepted" }),
  ...bytes,
  ended: z.partialRecord(z.enum(REASONS), Count).meta({
    description: "Connections that have ended, by reason; without those that no connection had",
  }),
  dial_ms: Spread.nullable().meta({ description: "Time until a target answered a dial" }),
  session_ms: Spread.nullable().meta({ description: "Length of connections that have ended" }),
}).meta({
  description: "Since the start, of an app or of all; rates are differences of two snapshots",
}) satisfies z.ZodType<TrafficJson>;

export const TargetTraffic = z.object({
  connections: Count.meta({ description: "Connections that were relayed to it" }),
  ...bytes,
  dials: z.object({ connected: Count, failed: Count }),
  dial_ms: Spread.nullable(),
}).meta({
  description: "Of all targets of the app with this address together",
}) satisfies z.ZodType<TargetTrafficJson>;
