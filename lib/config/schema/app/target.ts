import * as z from "zod";
import { DISCOVERIES } from "../../model/target_config.ts";
import { countOrOff, wholeNumber } from "../values/numbers.ts";
import { TargetHealthCheck } from "./health.ts";
import { choice, choiceOrOff, discoverableAddress, mappingOrOff, targetAddress } from "../values/units.ts";

/** The highest weight of a target. */
export const MAX_WEIGHT = 256;

const TargetOptions = z.strictObject({
  weight: wholeNumber(0, MAX_WEIGHT).prefault(1).meta({
    description:
      "The target's share of new connections beside the others'; 0 is none. With `balance: first` a weight " +
      "says no more than whether it is 0, and with `discover: srv` the records give it. With `file` and `http` it is that of " +
      "targets without a label `weight`.",
    examples: [3],
  }),
  backup: z.boolean().prefault(false).meta({
    description:
      "Used only while no target that is no backup is available; where all are backups, they are used as if " +
      "none were. With `discover: srv` the records' priorities say who is a backup, with `file` and `http` the label `backup` too.",
  }),
  max_connections: countOrOff().prefault("off").meta({
    description: "Connections at once, above which the target is passed over; see `queue_timeout`.",
    examples: [100],
  }),
  proxy_protocol: choiceOrOff(["off", "v1", "v2"]).optional().meta({
    description: "The PROXY header that the target is sent, in place of the app's `proxy_protocol.send`.",
    examples: ["v1"],
  }),
  health_check: mappingOrOff(TargetHealthCheck).optional().meta({
    description:
      "How this target is checked, where it differs from the app: any key of `apps[].health_check`. The others are as " +
      "the app says; a key that says what is sent or expected replaces all of the app's that do. `off`: it is not checked.",
    examples: [{ port: 8009 }],
  }),
  discover: choice(DISCOVERIES).optional().meta({
    description:
      "Keeps the targets current: `dns` makes every A and AAAA answer a target, `srv` every answer of every SRV record (see " +
      "`dns`), and `file` and `http` every target of a list in the format of Prometheus, at a path or a URL (see " +
      "`discovery`).",
    examples: ["dns"],
  }),
});

const PLAIN_TARGET = TargetOptions.parse({});

/** A target with options of its own. */
export const TargetMapping = z.strictObject({
  address: discoverableAddress().meta({
    description:
      "Where the target is: `host:port`, `[v6]:port`, `unix:/path`, or `host:*` for the port that the " +
      "client came to; with `discover: srv`, a name without a port, `_service._proto.name`; with `discover: file`, the path " +
      "of a file; with `discover: http`, a URL.",
    examples: ["10.0.0.6:5432", "targets.json"],
  }),
  ...TargetOptions.shape,
}, { error: "a mapping" });

/** A target as zod gives it. */
export type ParsedTarget = z.output<typeof TargetMapping>;

/** A target, as an address alone or as a mapping with options of its own. */
export const Target = z.union([
  targetAddress().transform((address): ParsedTarget => ({ address, ...PLAIN_TARGET })),
  TargetMapping,
], { error: `a target like "host:port"` });
