import { z } from "zod";
import { blocks } from "./_texts.ts";
import { choiceOrOff, limit } from "./_units.ts";

/** The PROXY protocol, on both sides. */
export const ProxyProtocol = z.strictObject({
  accept: choiceOrOff(["off", "required"]).prefault("off").meta({
    description:
      "Whether every connection must begin with a PROXY header, v1 or v2. It is never guessed: a client that " +
      "need not send one could forge it. Needs `from`. Where it names no IP address (UNKNOWN, LOCAL, unix " +
      "sockets), the sender's own is the one that `allow`, `deny` and the limits of each client go by.",
  }),
  from: blocks().prefault([]).meta({
    description:
      "The load balancers that may send a header; a connection from elsewhere is closed. Everyone is " +
      "`0.0.0.0/0` and `::/0`.",
    examples: [["10.0.0.0/8"]],
  }),
  timeout: limit().prefault("3s").meta({ description: "How long the header may take." }),
  send: choiceOrOff(["off", "v1", "v2"]).prefault("off").meta({
    description: "The header that targets are sent, before TLS; a target's own `proxy_protocol` wins.",
  }),
}, { error: "a mapping" });
