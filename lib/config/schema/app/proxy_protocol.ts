import * as z from "zod";
import { blocks, escapedText } from "../values/texts.ts";
import { customTlv, tlv } from "./tlvs.ts";
import { choiceOrOff, limit } from "../values/units.ts";

const flag = (description: string): z.ZodPrefault<z.ZodBoolean> =>
  z.boolean({ error: "true or false" }).prefault(false).meta({ description });

/** A field with a fixed value. */
const AddedTlv = z.strictObject({
  type: customTlv().meta({ description: "Its type, `0xE0` to `0xEF`.", examples: [0xe0] }),
  value: escapedText().meta({
    description: "Its value: a text with the escapes of `health_check.send`.",
    examples: ["rack-7", "\\x01vpce-0123456789abcdef0"],
  }),
}, { error: "a mapping" });

/** The fields (TLV) of v2 headers to targets. */
const Tlvs = z.strictObject({
  authority: flag(
    "The server name that the client asks for in TLS (SNI). Without `tls`, the client's hello is looked at as for " +
      "`routes`; a connection without one goes on after `client_hello_timeout` at the latest.",
  ),
  alpn: flag("The protocol that `tls` has agreed on with the client."),
  unique_id: flag(
    "A name of the connection, unique across restarts, workers and machines (a UUID). One that came and is passed on stays.",
  ),
  ssl: flag(
    "The client's TLS that ended here (`tls`): version, cipher, and the common name of its certificate.",
  ),
  client_certificate: flag(
    "With `ssl`, the client's certificate too, in DER (type 0x28), up to 3 KiB; a longer one is left out. HAProxy and " +
      "nginx do not read it.",
  ),
  crc32c: flag(
    "A checksum of the header, which a receiver that knows it verifies. A wrong one that comes is always refused.",
  ),
  pass: z.union([z.literal("all"), z.array(tlv())], { error: "all, or a list of fields" }).prefault([]).meta(
    {
      description:
        "Received fields that are passed on as they came: by name or type as in `log`, or `all`. AWS sends the id of a VPC " +
        "endpoint in 0xEA, Azure the link of a private endpoint in 0xEE, Google Cloud the id of a Private Service Connect in 0xE0.",
      title: "list of fields or `all`",
      examples: [[0xea, "authority"]],
    },
  ),
  add: z.array(AddedTlv, { error: "a list of fields" }).prefault([]).meta({
    description: "Fields of your own with fixed values.",
    examples: [[{ type: 0xe0, value: "rack-7" }]],
  }),
}, { error: "a mapping" });

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
  log: z.array(tlv(), { error: "a list of fields" }).prefault([]).meta({
    description:
      "Fields (TLV) of the header that the access log shows: `authority`, `alpn`, `unique_id`, `netns`, `ssl`, or a " +
      "type as `0xEA`. They become `proxy_authority`, `proxy_alpn`, `unique_id` (the one that is sent, where there is " +
      "one), `proxy_netns`, `proxy_ssl_version`, `proxy_ssl_cipher`, `proxy_ssl_cn` and `tlv_ea`; what a header does " +
      "not have is left out.",
    examples: [["authority", "unique_id", 0xea]],
  }),
  send: choiceOrOff(["off", "v1", "v2"]).prefault("off").meta({
    description: "The header that targets are sent, before TLS; a target's own `proxy_protocol` wins.",
  }),
  tlvs: Tlvs.prefault({}).meta({
    description:
      "What a `v2` header tells targets beside the addresses. What `add` fixes wins, then what this proxy knows itself, " +
      "then what is passed on. Fields that would make the header longer than 4 KiB are left out. Health checks send none.",
    default: {},
  }),
}, { error: "a mapping" });
