import * as z from "zod";
import { Target } from "./target.ts";
import { protocols, serverName } from "../values/texts.ts";

/** One route. */
export const Route = z.strictObject({
  sni: z.array(serverName(), { error: "a list of server names" }).min(1, {
    error: "at least one server name",
  })
    .optional().meta({
      description:
        "The server names that it takes: `example.com`, `*.example.com` for all names below that one, or `*` " +
        "for any. Without it, what names no server and what is no TLS as well.",
      examples: [["*.example.com"]],
    }),
  alpn: protocols().min(1, { error: "at least one protocol" }).optional().meta({
    description: "The client must offer one of these protocols (ALPN). Without it, any or none will do.",
    examples: [["h2"]],
  }),
  targets: z.array(Target, { error: "a list of targets" }).min(1, { error: "at least one target" }).meta({
    description: "Where its connections go, as in an app's `targets`.",
    examples: [["10.0.1.1:443"]],
  }),
}, { error: "a mapping" });
