import { assertEquals, assertStringIncludes } from "@std/assert";
import { crossSiteReason, type Sender } from "../../lib/admin/auth/cross_site.ts";
import type { TcpAddress } from "../../lib/base/mod.ts";

const LOOPBACK: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 9900 };

function isForeign(sender: Partial<Sender>, host = "127.0.0.1"): boolean {
  const all = { host: undefined, origin: undefined, fetchSite: undefined };
  return crossSiteReason({ ...all, ...sender }, { ...LOOPBACK, host }) !== undefined;
}

Deno.test("crossSiteReason: a request without browser headers is not from a page", () => {
  assertEquals(isForeign({}), false);
  assertEquals(isForeign({ host: "127.0.0.1:9900" }), false);
});

Deno.test("crossSiteReason: a foreign name that resolves here is foreign", () => {
  const own = [
    "localhost",
    "LOCALHOST:1",
    "localhost.",
    "127.0.0.1:9900",
    "127.0.0.2",
    "[::1]:9900",
    "[::ffff:127.0.0.1]",
  ];
  const others = [
    "evil.example",
    "evil.example:9900",
    "localhost.evil.example",
    "10.0.0.1",
    "[::2]",
    "",
    "a b",
    "@",
    "127.0.0.1.x",
  ];
  assertEquals(own.filter((host) => isForeign({ host })), []);
  assertEquals(others.filter((host) => !isForeign({ host })), []);
});

Deno.test("crossSiteReason: the listen address is accepted, and with a wildcard every IP address", () => {
  assertEquals(isForeign({ host: "admin.internal:1" }, "admin.internal"), false);
  assertEquals(isForeign({ host: "Admin.Internal" }, "admin.internal"), false);
  assertEquals(isForeign({ host: "other.internal" }, "admin.internal"), true);
  assertEquals(isForeign({ host: "10.0.0.1" }, "10.0.0.1"), false);
  assertEquals(isForeign({ host: "10.0.0.2" }, "10.0.0.1"), true);
  for (const wildcard of ["0.0.0.0", "::"]) {
    assertEquals(isForeign({ host: "10.0.0.2:9900" }, wildcard), false);
    assertEquals(isForeign({ host: "[2001:db8::1]:9900" }, wildcard), false);
    assertEquals(isForeign({ host: "evil.example" }, wildcard), true);
  }
});

Deno.test("crossSiteReason: a page of another origin is foreign, a same-origin one is not", () => {
  const host = "localhost:9900";
  assertEquals(isForeign({ host, origin: "http://localhost:9900" }), false);
  assertEquals(isForeign({ host: "localhost", origin: "http://localhost" }), false);
  const others = [
    "http://evil.example",
    "http://localhost",
    "http://localhost:9901",
    "http://127.0.0.1:9900",
    "null",
    "",
  ];
  assertEquals(others.filter((origin) => !isForeign({ host, origin })), []);
  assertEquals(isForeign({ origin: "http://localhost" }), true);
});

Deno.test("crossSiteReason: Sec-Fetch-Site is trusted", () => {
  const host = "localhost:9900";
  assertEquals(["same-origin", "none"].filter((fetchSite) => isForeign({ host, fetchSite })), []);
  assertEquals(["same-site", "cross-site", "x"].filter((fetchSite) => !isForeign({ host, fetchSite })), []);
});

Deno.test("crossSiteReason: names the host and the accepted ones", () => {
  const why = crossSiteReason({ host: "evil.example", origin: undefined, fetchSite: undefined }, LOOPBACK);
  assertStringIncludes(why ?? "", '"evil.example"; expected "127.0.0.1:9900" or a loopback address');
});
