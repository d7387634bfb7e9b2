import { z } from "zod";
import { BALANCE_STRATEGIES } from "./config.ts";
import { Target } from "./_target.ts";
import {
  byteRateOrOff,
  choice,
  limit,
  limitOrOff,
  listenHost,
  listenRange,
  name,
  portRange,
} from "./_units.ts";

const Bandwidth = z.strictObject({
  upload: byteRateOrOff().optional().meta({
    description: "From client to target, in bytes per second.",
    default: "off",
    examples: ["10MiB/s"],
  }),
  download: byteRateOrOff().optional().meta({
    description: "From target to client, in bytes per second.",
    default: "off",
    examples: ["10MiB/s"],
  }),
}, { error: "a mapping" });

/** The options that `defaults` can give for every app. A new one is a row here and a field in `_resolve.ts`. */
const AppOptions = z.strictObject({
  host: listenHost().meta({
    description: "The address that `ports` are bound on. `::` is every interface, IPv6 and IPv4.",
    default: "::",
    examples: ["127.0.0.1"],
  }),
  balance: choice(BALANCE_STRATEGIES).meta({
    description:
      "How a connection's first target is chosen. `random`: a random start, then the next in order; " +
      "every target is tried at most once.",
    default: "random",
  }),
  connect_timeout: limit().meta({
    description: "The limit of one dial.",
    default: "5s",
  }),
  connect_deadline: limit().meta({
    description: "The limit of all dials of one connection.",
    default: "15s",
  }),
  idle_timeout: limitOrOff().meta({
    description: "Closes a connection that carried no byte in either direction for this long.",
    default: "1h",
  }),
  half_close_timeout: limitOrOff().meta({
    description:
      "Closes a connection of which one side has finished and the other sent no byte for this long.",
    default: "5m",
  }),
  max_lifetime: limitOrOff().meta({
    description: "Closes a connection that is this old, give or take 10 %.",
    default: "off",
    examples: ["24h"],
  }),
  bandwidth: Bandwidth.meta({
    description: "Limits of each connection. An app's own replaces that of `defaults` whole.",
    default: {},
  }),
}, { error: "a mapping" });

/** What is built in for an app that says nothing. */
export const BUILT_IN_APP_OPTIONS = AppOptions.parse(
  Object.fromEntries(Object.entries(AppOptions.shape).map(([key, schema]) => [key, schema.meta()?.default])),
);

/** App options that hold for every app that does not give its own. */
export const Defaults = AppOptions.partial();

/** An entry of `ports`. */
export const Ports = portRange();

/** An entry of `listen`. */
export const ListenRange = listenRange();

/** One app. */
export const App = z.strictObject({
  name: name().meta({
    description:
      "What logs and metrics call the app: letters, digits, `-`, `_` and `.`, at most 63. No two apps " +
      "share one.",
    examples: ["postgres"],
  }),
  ports: z.array(Ports, { error: "a list of ports" }).optional().meta({
    description: "Ports that are listened on, as numbers or ranges. `ports` or `listen` is needed.",
    examples: [[5432, "6000-6009"]],
  }),
  listen: z.array(ListenRange, { error: "a list of addresses" }).optional().meta({
    description: "Addresses that are listened on, beside or instead of `ports`: `host:port`, `[v6]:port`, " +
      "`host:first-last` or `unix:/path`.",
    examples: [["127.0.0.1:7000", "unix:/run/pg.sock"]],
  }),
  targets: z.array(Target, { error: "a list of targets" }).min(1, { error: "at least one target" }).meta({
    description:
      "Where connections go: `host:port`, `[v6]:port`, `unix:/path`, or `host:*` for the port that the " +
      "client came to; each as a text or as a mapping.",
    examples: [["10.0.0.5:5432", { address: "10.0.0.6:5432" }]],
  }),
  ...Defaults.shape,
}, { error: "a mapping" });

/** An app as zod gives it: texts are values, nothing is filled in. */
export type ParsedApp = z.output<typeof App>;
