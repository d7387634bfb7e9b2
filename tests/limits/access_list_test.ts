import { assertEquals } from "@std/assert";
import { parseCidr, parseIp } from "../../lib/base/mod.ts";
import { AccessList } from "../../lib/limits/mod.ts";

function accessList(allow: string[], deny: string[]): AccessList {
  return new AccessList({ allow: allow.map(parseCidr), deny: deny.map(parseCidr) });
}

Deno.test("AccessList: without rules, everyone may connect", () => {
  const list = new AccessList({});
  assertEquals(["10.0.0.1", "::1", ""].map((address) => list.allows(address)), [true, true, true]);
  assertEquals(list.explain("10.0.0.1"), { allowed: true, rule: "no rules" });
});

Deno.test("AccessList: with allow, nobody else may connect", () => {
  const list = accessList(["10.0.0.0/8", "fd00::/8"], []);
  assertEquals(["10.1.2.3", "11.1.2.3", "fd12::1", "2001:db8::1"].map((address) => list.allows(address)), [
    true,
    false,
    true,
    false,
  ]);
  assertEquals(list.explain("10.1.2.3"), { allowed: true, rule: "allow 10.0.0.0/8" });
  assertEquals(list.explain("2001:db8::1"), { allowed: false, rule: "not in allow" });
});

Deno.test("AccessList: with deny alone, everyone else may connect", () => {
  const list = accessList([], ["10.9.0.0/16"]);
  assertEquals(list.explain("10.9.1.1"), { allowed: false, rule: "deny 10.9.0.0/16" });
  assertEquals(list.explain("10.8.1.1"), { allowed: true, rule: "not in deny" });
});

Deno.test("AccessList: deny wins, however narrow the allow", () => {
  const list = accessList(["10.0.0.0/8", "10.9.1.1"], ["10.9.0.0/16"]);
  assertEquals(list.explain("10.9.1.1"), { allowed: false, rule: "deny 10.9.0.0/16" });
  assertEquals(list.allows("10.9.1.1"), false);
  assertEquals(list.allows("10.8.1.1"), true);
});

Deno.test("AccessList: an IPv4 client of a listener for both families is the IPv4 client", () => {
  const list = accessList(["10.0.0.0/8"], []);
  assertEquals(list.allows("::ffff:10.1.2.3"), true);
  assertEquals(list.allows(parseIp("::ffff:10.1.2.3") ?? ""), true);
  assertEquals(list.allows("::ffff:11.1.2.3"), false);
});

Deno.test("AccessList: text that is not an IP address is admitted only without allow rules", () => {
  assertEquals(accessList(["0.0.0.0/0", "::/0"], []).explain("unix"), {
    allowed: false,
    rule: "not in allow",
  });
  assertEquals(accessList([], ["0.0.0.0/0"]).allows("unix"), true);
});

Deno.test("AccessList: allows and explain agree", () => {
  const list = accessList(["10.0.0.0/8", "::/0"], ["10.9.0.0/16", "2001:db8::/32"]);
  for (const address of ["10.9.9.9", "10.8.8.8", "9.9.9.9", "2001:db8::1", "2001:db9::1", "none", ""]) {
    assertEquals(list.allows(address), list.explain(address).allowed);
  }
});
