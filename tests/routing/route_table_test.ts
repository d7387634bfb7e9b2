import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  matchesSni,
  NO_ROUTE_FACTS,
  parseSniPattern,
  RouteError,
  type RouteFacts,
  type RouteRule,
  RouteTable,
} from "../../lib/routing/mod.ts";

const RULES: readonly RouteRule<string>[] = [
  { sni: ["special.example.com"], value: "special" },
  { sni: ["*.example.com", "example.org"], alpn: ["h2", "h3"], value: "example h2" },
  { sni: ["*.example.com"], value: "example" },
  { alpn: ["postgresql"], value: "postgresql" },
  { sni: ["*"], value: "named" },
  { value: "rest" },
];

const CASES: readonly (readonly [name: string, facts: RouteFacts, value: string])[] = [
  ["an exact name", tls("special.example.com"), "special"],
  ["the first of two that match", tls("special.example.com", "h2"), "special"],
  ["a name below, with its protocol", tls("www.example.com", "http/1.1", "h2"), "example h2"],
  ["a name below, without the protocol", tls("www.example.com", "http/1.1"), "example"],
  ["the second name of a list", tls("example.org", "h3"), "example h2"],
  ["a protocol alone, without a name", tls(undefined, "postgresql"), "postgresql"],
  ["a protocol alone, with a name", tls("other.example", "postgresql"), "postgresql"],
  ["any name", tls("other.example", "H2"), "named"],
  ["no name", tls(undefined, "h2"), "rest"],
  ["no TLS", NO_ROUTE_FACTS, "rest"],
];

for (const [name, facts, value] of CASES) {
  Deno.test(`RouteTable: ${name}`, () => {
    const table = new RouteTable(RULES);
    const index = RULES.findIndex((rule) => rule.value === value);
    const match = table.match(facts);
    assertEquals([match?.index, match?.value], [index, value]);
  });
}

Deno.test("RouteTable: without a catch-all, what matches nothing has no route", () => {
  const table = new RouteTable(RULES.slice(0, 3));
  assertEquals(table.match(tls("other.example", "h2")), undefined);
  assertEquals(table.match(tls(undefined, "h2")), undefined);
  assertEquals(table.match(NO_ROUTE_FACTS), undefined);
  assertEquals(new RouteTable([]).match(tls("example.com")), undefined);
});

Deno.test("RouteTable: explains each route", () => {
  const table = new RouteTable(RULES);
  assertEquals(table.explain(tls("www.example.com", "http/1.1")).map(({ verdict, why }) => [verdict, why]), [
    ["no_match", 'the server name is "www.example.com", expected "special.example.com"'],
    ["no_match", 'the protocols offered are "http/1.1", expected "h2" or "h3"'],
    ["chosen", 'the server name "www.example.com" matches "*.example.com"'],
    ["no_match", 'the protocols offered are "http/1.1", expected "postgresql"'],
    ["shadowed", 'the server name "www.example.com" matches "*"; but the route at index 2 comes first'],
    ["shadowed", "it takes every connection; but the route at index 2 comes first"],
  ]);
  assertEquals(table.explain(NO_ROUTE_FACTS).map(({ why }) => why), [
    'there is no server name, expected "special.example.com"',
    'there is no server name, expected "*.example.com" or "example.org"; ' +
    'no protocol is offered, expected "h2" or "h3"',
    'there is no server name, expected "*.example.com"',
    'no protocol is offered, expected "postgresql"',
    'there is no server name, expected "*"',
    "it takes every connection",
  ]);
});

Deno.test("RouteTable: refuses what can never match", () => {
  assertThrows(() => new RouteTable([{ sni: [], value: 0 }]), RouteError, "list of server names is empty");
  assertThrows(() => new RouteTable([{ alpn: [], value: 0 }]), RouteError, "list of protocols is empty");
  assertThrows(
    () => new RouteTable([{ alpn: [""], value: 0 }]),
    RouteError,
    'the protocol "" is no ALPN name',
  );
  assertThrows(() => new RouteTable([{ alpn: ["h 2"], value: 0 }]), RouteError, "no ALPN name");
  assertThrows(() => new RouteTable([{ sni: ["a.*"], value: 0 }]), RouteError, 'has a "*" within');
});

Deno.test("RouteTable: chooses what going through the routes one by one chooses, and explains the same", () => {
  const label = fc.constantFrom("a", "b");
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
  const pattern = fc.oneof(name, name.map((each) => `*.${each}`), fc.constant("*"));
  const protocol = fc.constantFrom("h2", "h3", "x");
  const rule = fc.record({
    sni: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    alpn: fc.array(protocol, { minLength: 1, maxLength: 2 }),
    value: fc.nat(),
  }, { requiredKeys: ["value"] });
  const facts = fc.record({
    sni: fc.option(name, { nil: undefined }),
    alpn: fc.array(protocol, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), facts, (rules, facts) => {
      const table = new RouteTable(rules);
      const expected = rules.findIndex((each) => matchesRule(each, facts));
      assertEquals(table.match(facts)?.index ?? -1, expected);
      const explained = table.explain(facts);
      assertEquals(explained.findIndex((each) => each.verdict === "chosen"), expected);
      assertEquals(
        explained.map((each) => each.verdict !== "no_match"),
        rules.map((each) => matchesRule(each, facts)),
      );
    }),
    { numRuns: 500 },
  );
});

function matchesRule(rule: RouteRule<number>, facts: RouteFacts): boolean {
  const { sni } = facts;
  const named = rule.sni === undefined ||
    (sni !== undefined && rule.sni.some((pattern) => matchesSni(parseSniPattern(pattern), sni)));
  return named && (rule.alpn === undefined || rule.alpn.some((protocol) => facts.alpn.includes(protocol)));
}

function tls(sni: string | undefined, ...alpn: readonly string[]): RouteFacts {
  return { sni, alpn };
}
