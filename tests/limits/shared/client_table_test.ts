import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { type ClientAdmission, ClientTable, SharedClientTable } from "../../../lib/limits/mod.ts";

function word(admission: ClientAdmission | undefined): string {
  return typeof admission === "string" ? admission : "in";
}

function leave(admission: ClientAdmission | undefined): void {
  if (typeof admission === "object") admission[Symbol.dispose]();
}

Deno.test("SharedClientTable: threads count a client together, each client on its own", () => {
  const memory = SharedClientTable.allocate({ workers: 2, capacity: 64 });
  const [one, other] = [0, 1].map((worker) => new SharedClientTable(memory, { worker, maxConnections: 2 }));
  const first = one?.admit("192.0.2.1", 0);
  assertEquals([word(other?.admit("192.0.2.1", 0)), word(one?.admit("192.0.2.1", 0))], ["in", "limit"]);
  assertEquals([word(other?.admit("192.0.2.2", 0)), other?.active("192.0.2.1")], ["in", 2]);
  leave(first);
  leave(first);
  assertEquals([other?.active("192.0.2.1"), word(other?.admit("192.0.2.1", 0))], [1, "in"]);
});

Deno.test("SharedClientTable: identifies clients as ClientTable does", () => {
  const memory = SharedClientTable.allocate({ workers: 1, capacity: 64 });
  const table = new SharedClientTable(memory, { worker: 0, maxConnections: 1 });
  assertEquals(
    [
      "2001:db8:0:1::1",
      "2001:db8:0:1:ffff::1",
      "2001:db8:0:2::1",
      "::ffff:192.0.2.1",
      "192.0.2.1",
      "0.0.0.0",
      "::1",
      "a name",
      "a name",
      "another",
    ].map((address) => word(table.admit(address, 0))),
    ["in", "limit", "in", "in", "limit", "in", "in", "in", "limit", "in"],
  );
});

Deno.test("SharedClientTable: forget releases one thread's connections", () => {
  const memory = SharedClientTable.allocate({ workers: 2, capacity: 64 });
  const [one, other] = [0, 1].map((worker) => new SharedClientTable(memory, { worker, maxConnections: 2 }));
  one?.admit("192.0.2.1", 0);
  other?.admit("192.0.2.1", 0);
  SharedClientTable.forget(memory, 0);
  assertEquals([
    other?.active("192.0.2.1"),
    word(other?.admit("192.0.2.1", 0)),
    word(other?.admit("192.0.2.1", 0)),
  ], [
    1,
    "in",
    "limit",
  ]);
});

Deno.test("SharedClientTable: decides as ClientTable does, whatever the order of events", () => {
  const step = fc.record({
    client: fc.nat({ max: 5 }),
    worker: fc.nat({ max: 1 }),
    gapMs: fc.nat({ max: 400 }),
    leaves: fc.boolean(),
  });
  const rate = fc.constantFrom(
    { acceptRate: { ratePerSecond: 2 } },
    { acceptRate: { ratePerSecond: 0.5, burst: 3 } },
    { acceptRate: { ratePerSecond: 1 / 8, burst: 5 } },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), rate, (steps, rate) => {
    const limits = { maxConnections: 2, ...rate };
    const single = new ClientTable(limits);
    const memory = SharedClientTable.allocate({ workers: 2, capacity: 64 });
    const shared = [0, 1].map((worker) => new SharedClientTable(memory, { worker, ...limits }));
    const present: ClientAdmission[][] = [];
    let nowMs = 0;
    for (const { client, worker, gapMs, leaves } of steps) {
      nowMs += gapMs;
      if (leaves) {
        for (const admission of present.shift() ?? []) leave(admission);
        continue;
      }
      const address = `192.0.2.${client}`;
      const wanted = single.admit(address, nowMs);
      const got = shared[worker]?.admit(address, nowMs);
      assertStrictEquals(word(got), word(wanted));
      if (got !== undefined) present.push([wanted, got]);
    }
  }));
});

Deno.test("SharedClientTable: a flood of clients never evicts one with a connection", () => {
  const memory = SharedClientTable.allocate({ workers: 1, capacity: 64 });
  const table = new SharedClientTable(memory, {
    worker: 0,
    maxConnections: 1,
    acceptRate: { ratePerSecond: 1 },
  });
  const kept = table.admit("192.0.2.1", 0);
  for (let i = 0; i < 10_000; i++) leave(table.admit(`10.0.${i >> 8}.${i & 255}`, 0));
  assertEquals([table.active("192.0.2.1"), word(table.admit("192.0.2.1", 0))], [1, "limit"]);
  leave(kept);
  assertStrictEquals(table.active("192.0.2.1"), 0);
});

Deno.test("SharedClientTable: when all cells have a connection, refuses new clients and admits known ones", () => {
  const memory = SharedClientTable.allocate({ workers: 1, capacity: 64 });
  const table = new SharedClientTable(memory, { worker: 0, maxConnections: 2 });
  const admissions = Array.from({ length: 64 }, (_, i) => table.admit(`10.0.0.${i}`, 0));
  assertEquals([word(table.admit("10.0.1.1", 0)), word(table.admit("10.0.0.63", 0))], ["limit", "in"]);
  leave(admissions[0]);
  assertEquals([word(table.admit("10.0.1.1", 0)), word(table.admit("10.0.1.2", 0))], ["in", "limit"]);
});
