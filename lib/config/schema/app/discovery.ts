import * as z from "zod";
import { blocks, filePath } from "../values/texts.ts";
import { limit, nameserver } from "../values/units.ts";

/** How names are looked up. */
export const Dns = z.strictObject({
  nameserver: nameserver().prefault("system").meta({
    description: "The resolver that is asked, an IP address and a port; `system` is that of the system.",
    examples: ["10.0.0.2:53"],
  }),
  interval: limit().prefault("30s").meta({ description: "How often names are looked up again." }),
}, { error: "a mapping" });

/** Which targets discovery may find, and how it asks for them. */
export const Discovery = z.strictObject({
  within: blocks().prefault([]).meta({
    description:
      "The networks that discovered targets may be in, whatever finds them; one outside is left out, with a warning. With " +
      "IPv4 blocks alone, `workers` and `tcpproxy permissions` hold the proxy to them. Empty is everywhere.",
    examples: [["10.0.0.0/8"]],
  }),
  interval: limit().prefault("30s").meta({
    description:
      "How often an HTTP endpoint is asked, and how often a file is looked at beside the watch of its folder.",
  }),
  timeout: limit().prefault("5s").meta({ description: "The limit of one request, redirects included." }),
  ca: filePath().optional().meta({
    description:
      "The CAs, in PEM, that the certificate of an HTTPS endpoint must come from, in place of the system's.",
    examples: ["./ca.pem"],
  }),
  token_file: filePath().optional().meta({
    description:
      "The file of the token that an HTTP endpoint is shown (`Authorization: Bearer …`), read again at each request. It goes " +
      "to the endpoint's own host and port alone, whatever it redirects to.",
    examples: ["/run/secrets/discovery-token"],
  }),
}, { error: "a mapping" });
