import * as z from "zod";
import { wholeNumber } from "../values/numbers.ts";
import { tlv } from "./tlvs.ts";
import { choice } from "../values/units.ts";

/** The longest prefixes of an address. */
export const MAX_IPV4_PREFIX = 32;
export const MAX_IPV6_PREFIX = 128;

const HashKeyMapping = z.strictObject({
  subnet: z.array(wholeNumber(1, MAX_IPV6_PREFIX), { error: "two prefix lengths like [24, 64]" })
    .refine(
      ([ipv4 = Infinity, ipv6, ...more]) =>
        ipv4 <= MAX_IPV4_PREFIX && ipv6 !== undefined && more.length === 0,
      {
        error: "expected two prefix lengths, of IPv4 (at most 32) and of IPv6 (at most 128), like [24, 64]",
      },
    ).optional().meta({
      description: "The client's network, by the lengths of its prefix in IPv4 and in IPv6.",
      examples: [[24, 64]],
    }),
  tlv: tlv().optional().meta({
    description: "A field of the PROXY header that came, as in `proxy_protocol.log`.",
    examples: ["authority", 0xea],
  }),
}, { error: "client, sni, or a mapping" }).refine(
  ({ subnet, tlv }) => (subnet === undefined) !== (tlv === undefined),
  { error: `expected either "subnet" or "tlv"` },
);

/** The key that `source_hash` hashes. */
export const HashKey = z.union([choice(["client", "sni"]), HashKeyMapping], {
  error: "client, sni, or a mapping",
}).meta({ title: "`client`, `sni` or mapping" });
