import { assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { type ClientAdmission, type ClientLimits, ClientTable } from "../../lib/limits/mod.ts";

/** Admits, and lets the connection go at once. */
function visit(table: ClientTable, address: string, nowMs: number): string {
  const admission = table.admit(address, nowMs);
  return typeof admission === "string" ? admission : (admission[Symbol.dispose](), "in");
}

function leave(admission: ClientAdmission | undefined): void {
  if (typeof admission === "object") admission[Symbol.dispose]();
}

Deno.test("ClientTable: without limits, admits everyone and remembers nobody", () => {
  const table = new ClientTable({});
  for (let i = 0; i < 100; i++) assertEquals(visit(table, "192.0.2.1", 0), "in");
  assertEquals(table.size, 0);
});

Deno.test("ClientTable: counts each client's connections on its own", () => {
  const table = new ClientTable({ maxConnections: 2 });
  const first = table.admit("192.0.2.1", 0);
  table.admit("192.0.2.1", 0);
  assertEquals(table.admit("192.0.2.1", 0), "limit");
  assertEquals(typeof table.admit("192.0.2.2", 0), "object");
  assertEquals(table.active("192.0.2.1"), 2);
  leave(first);
  leave(first);
  assertEquals(table.active("192.0.2.1"), 1);
  assertEquals(typeof table.admit("192.0.2.1", 0), "object");
});

Deno.test("ClientTable: bounds each client's rate on its own", () => {
  const table = new ClientTable({ acceptRate: { ratePerSecond: 2 } });
  assertEquals([0, 0, 0].map((nowMs) => visit(table, "192.0.2.1", nowMs)), ["in", "in", "rate_limit"]);
  assertEquals(visit(table, "192.0.2.2", 0), "in");
  assertEquals([499, 500, 501].map((nowMs) => visit(table, "192.0.2.1", nowMs)), [
    "rate_limit",
    "in",
    "rate_limit",
  ]);
});

Deno.test("ClientTable: a rate may have a burst of more than a second", () => {
  const table = new ClientTable({ acceptRate: { ratePerSecond: 0.5, burst: 3 } });
  assertEquals([0, 0, 0, 0, 1999, 2000, 2001].map((nowMs) => visit(table, "192.0.2.1", nowMs)), [
    "in",
    "in",
    "in",
    "rate_limit",
    "rate_limit",
    "in",
    "rate_limit",
  ]);
});

Deno.test("ClientTable: a refusal for too many connections costs nothing of the rate", () => {
  const table = new ClientTable({ maxConnections: 1, acceptRate: { ratePerSecond: 2 } });
  const only = table.admit("192.0.2.1", 0);
  assertEquals([1, 2, 3].map(() => visit(table, "192.0.2.1", 0)), ["limit", "limit", "limit"]);
  leave(only);
  assertEquals([1, 2].map(() => visit(table, "192.0.2.1", 0)), ["in", "rate_limit"]);
});

Deno.test("ClientTable: an IPv6 client is its /64", () => {
  const table = new ClientTable({ maxConnections: 1 });
  table.admit("2001:db8:0:1::1", 0);
  assertEquals(visit(table, "2001:db8:0:1:ffff:ffff:ffff:ffff", 0), "limit");
  assertEquals(visit(table, "2001:db8:0:2::1", 0), "in");
});

Deno.test("ClientTable: an IPv4 client of a listener for both families is the IPv4 client", () => {
  const table = new ClientTable({ maxConnections: 1 });
  table.admit("::ffff:192.0.2.1", 0);
  assertEquals([visit(table, "192.0.2.1", 0), visit(table, "::ffff:192.0.2.2", 0)], ["limit", "in"]);
});

Deno.test("ClientTable: a million addresses do not grow it without limit", () => {
  const table = new ClientTable({ acceptRate: { ratePerSecond: 0.001 }, maxRemembered: 1000 });
  let greatest = 0;
  for (let i = 0; i < 1_000_000; i++) {
    visit(table, `${1 + (i >> 24)}.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`, 0);
    greatest = Math.max(greatest, table.size);
  }
  assertEquals(greatest, 1000);
});

Deno.test("ClientTable: a flood of addresses evicts no client with a connection", () => {
  const table = new ClientTable({ maxConnections: 1, acceptRate: { ratePerSecond: 1 }, maxRemembered: 10 });
  const live = Array.from({ length: 50 }, (_, i) => table.admit(`192.0.2.${i}`, 0));
  for (let i = 0; i < 1000; i++) visit(table, `10.0.${i >> 8}.${i & 255}`, 0);
  assertEquals(live.map((_, i) => visit(table, `192.0.2.${i}`, 0)), live.map(() => "limit"));
  assertEquals(table.size, 60);
  for (const admission of live) leave(admission);
  assertEquals(table.size, 10);
});

Deno.test("ClientTable: a flood does not evict a client that keeps connecting", () => {
  const table = new ClientTable({ acceptRate: { ratePerSecond: 1 }, maxRemembered: 10 });
  visit(table, "192.0.2.1", 0);
  for (let i = 0; i < 1000; i++) {
    visit(table, `10.0.${i >> 8}.${i & 255}`, 0);
    if (i % 5 === 0) assertEquals(visit(table, "192.0.2.1", 0), "rate_limit");
  }
});

Deno.test("ClientTable: forgets clients whose rate has recovered as others come", () => {
  const table = new ClientTable({ acceptRate: { ratePerSecond: 1 } });
  for (let i = 0; i < 100; i++) visit(table, `10.0.0.${i}`, 0);
  assertEquals(table.size, 100);
  for (let i = 0; i < 100; i++) visit(table, "192.0.2.1", 1000 + i * 1000);
  assertEquals(table.size, 1);
});

Deno.test("ClientTable: counts exactly the open connections, whatever the order of events", () => {
  const step = fc.record({ client: fc.nat({ max: 4 }), isCome: fc.boolean(), passMs: fc.nat({ max: 700 }) });
  const limits: ClientLimits = { maxConnections: 3, acceptRate: { ratePerSecond: 2 }, maxRemembered: 2 };
  fc.assert(fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
    const table = new ClientTable(limits);
    const open = new Map<string, Disposable[]>();
    let nowMs = 0;
    for (const { client, isCome, passMs } of steps) {
      nowMs += passMs;
      const address = `192.0.2.${client}`;
      const guards = open.get(address) ?? [];
      open.set(address, guards);
      if (isCome) {
        const admission = table.admit(address, nowMs);
        if (typeof admission === "object") guards.push(admission);
        assertEquals(admission === "limit", guards.length === 3 && typeof admission === "string");
      } else {
        guards.shift()?.[Symbol.dispose]();
      }
      assertEquals(table.active(address), guards.length);
      const connected = [...open.values()].filter((guards) => guards.length > 0).length;
      assertLessOrEqual(table.size, connected + 2);
    }
  }));
});
