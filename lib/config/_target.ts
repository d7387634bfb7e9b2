import { z } from "zod";
import { targetAddress } from "./_units.ts";

/** A target, as an address alone or as a mapping with options of its own. */
export const Target = z.union([
  targetAddress().transform((address) => ({ address })),
  z.strictObject({
    address: targetAddress().meta({
      description:
        "Where the target is: `host:port`, `[v6]:port`, `unix:/path`, or `host:*` for the port that the " +
        "client came to.",
      examples: ["10.0.0.6:5432"],
    }),
  }, { error: "a mapping" }),
], { error: `a target as "host:port"` });
