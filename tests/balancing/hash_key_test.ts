import { assertEquals } from "@std/assert";
import { type HashFacts, hashKeyOf } from "../../lib/balancing/mod.ts";
import { utf8 } from "../helpers/bytes.ts";

const FACTS: HashFacts = {
  client: "192.0.2.77",
  sni: "example.com",
  tlv: (type) => type === 0xea ? utf8("vpce-1") : type === 0xeb ? new Uint8Array() : undefined,
};
const UNKNOWN: HashFacts = { client: "192.0.2.77", sni: undefined, tlv: () => undefined };

Deno.test("hashKeyOf: returns the client's address, the server name or a header field", () => {
  assertEquals(hashKeyOf({ kind: "client" }, FACTS), "192.0.2.77");
  assertEquals(hashKeyOf({ kind: "sni" }, FACTS), "example.com");
  assertEquals(hashKeyOf({ kind: "tlv", type: 0xea }, FACTS), "vpce-1");
});

Deno.test("hashKeyOf: a missing or empty key falls back to the client's address", () => {
  assertEquals(hashKeyOf({ kind: "sni" }, UNKNOWN), "192.0.2.77");
  assertEquals(hashKeyOf({ kind: "tlv", type: 0xea }, UNKNOWN), "192.0.2.77");
  assertEquals(hashKeyOf({ kind: "tlv", type: 0xeb }, FACTS), "192.0.2.77");
});

Deno.test("hashKeyOf: a subnet covers all addresses of its network, and no others", () => {
  const cases = [
    ["192.0.2.77", 24, "192.0.2.0/24"],
    ["::ffff:192.0.2.77", 24, "192.0.2.0/24"],
    ["192.0.2.77", 26, "192.0.2.64/26"],
    ["192.0.2.77", 32, "192.0.2.77/32"],
    ["2001:db8:1:2:3::4", 24, "2001:db8:1:2::/64"],
    ["/run/client", 24, "/run/client"],
    ["", 24, ""],
  ] as const;
  for (const [client, ipv4, expected] of cases) {
    assertEquals(hashKeyOf({ kind: "subnet", ipv4, ipv6: 64 }, { ...UNKNOWN, client }), expected);
  }
  const odd = hashKeyOf({ kind: "subnet", ipv4: 8, ipv6: 57 }, { ...UNKNOWN, client: "2001:db8:1:2ff::4" });
  assertEquals(odd, "2001:db8:1:280::/57");
});
