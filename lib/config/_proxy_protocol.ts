import { z } from "zod";
import { blocks } from "./_texts.ts";
import { choiceOrOff, limit } from "./_units.ts";

/** The PROXY protocol, on both sides. */
export const ProxyProtocol = z.strictObject({
  accept: choiceOrOff(["off", "optional", "required"]).prefault("off").meta({
    description:
      "Whether connections begin with a PROXY header, v1 or v2. `required`: every one must, and must come from " +
      "`from`. `optional`: one from `from` may, and speaks for itself if it does not; from anyone else nothing is " +
      "read and nothing believed, and the bytes go to the target as they are. Where a header names no IP address " +
      "(UNKNOWN, LOCAL, unix sockets), `allow`, `deny` and the limits of each client go by the sender's own.",
  }),
  from: blocks().prefault([]).meta({
    description:
      "The load balancers whose headers are believed. Everyone is `0.0.0.0/0` and `::/0`. With `accept: optional` " +
      "list only senders that never pass on a client's first bytes without a header of their own: such a client " +
      "could forge one.",
    examples: [["10.0.0.0/8"]],
  }),
  timeout: limit().prefault("3s").meta({
    description:
      "How long the header may take. With `accept: optional` a connection from `from` that says nothing is taken to " +
      "have none after this time: as long waits a client of a protocol in which the server speaks first (SSH, SMTP, " +
      "MySQL), so keep it short there.",
    examples: ["100ms"],
  }),
  send: choiceOrOff(["off", "v1", "v2"]).prefault("off").meta({
    description: "The header that targets are sent, before TLS; a target's own `proxy_protocol` wins.",
  }),
}, { error: "a mapping" });
