import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatSniPattern, matchesSni, parseSniPattern, RouteError } from "../../lib/routing/mod.ts";

const MATCHES: readonly (readonly [pattern: string, sni: string, matches: boolean])[] = [
  ["example.com", "example.com", true],
  ["EXAMPLE.com.", "example.com", true],
  ["example.com", "www.example.com", false],
  ["example.com", "example.com.evil", false],
  ["*.example.com", "www.example.com", true],
  ["*.example.com", "a.b.example.com", true],
  ["*.Example.COM.", "www.example.com", true],
  ["*.example.com", "example.com", false],
  ["*.example.com", "badexample.com", false],
  ["*.example.com", "www.example.com.evil", false],
  ["*.com", "example.com", true],
  ["*", "example.com", true],
  ["*", "localhost", true],
  ["localhost", "localhost", true],
  ["_sip.example.com", "_sip.example.com", true],
  ["xn--bcher-kva.example", "xn--bcher-kva.example", true],
];

for (const [pattern, sni, matches] of MATCHES) {
  Deno.test(`matchesSni: "${pattern}" ${matches ? "matches" : "does not match"} "${sni}"`, () => {
    assertEquals(matchesSni(parseSniPattern(pattern), sni), matches);
  });
}

const WRONG: readonly (readonly [pattern: string, message: string])[] = [
  ["", "is no host name"],
  [".", "is no host name"],
  ["*.", "is no host name"],
  [".example.com", "is no host name"],
  ["a..example.com", "is no host name"],
  ["exa mple.com", "is no host name"],
  ["example.com:443", "is no host name"],
  ["https://example.com", "is no host name"],
  [`${"a".repeat(64)}.example.com`, "is no host name"],
  [`${"a.".repeat(127)}b`, "is no host name"],
  ["www.*.com", 'has a "*" within'],
  ["w*.example.com", 'has a "*" within'],
  ["**.example.com", 'has a "*" within'],
  ["*.*.example.com", 'has a "*" within'],
  ["b\u00fccher.example", 'expected its "xn--" form'],
  ["192.0.2.1", "is an IP address"],
  ["2001:db8::1", "is an IP address"],
];

for (const [pattern, message] of WRONG) {
  Deno.test(`parseSniPattern: refuses "${pattern}"`, () => {
    assertThrows(() => parseSniPattern(pattern), RouteError, message);
  });
}

Deno.test("formatSniPattern: what it writes is read as the same pattern", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}(\.[a-z]{1,8}){0,2}$/);
  const pattern = fc.oneof(name, name.map((each) => `*.${each}`), fc.constant("*"));
  fc.assert(fc.property(pattern, (text) => assertEquals(formatSniPattern(parseSniPattern(text)), text)));
});
