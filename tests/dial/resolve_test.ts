import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import type { TcpAddress } from "../../lib/base/mod.ts";
import { resolveAddresses, ResolveError, resolveServices } from "../../lib/dial/mod.ts";
import { DnsServer } from "../helpers/servers/dns_server.ts";
import { Dnsmasq } from "../helpers/servers/dnsmasq.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const missing = missingTools("dnsmasq");
const ignore = missing.length > 0;
const needs = ignore ? ` (ignored: missing ${missing.join(", ")})` : "";

/** Queries of the types in `answered` are answered with 192.0.2.7; others never are. */
function dnsServer(answered: readonly number[]): AsyncDisposable & { nameserver: TcpAddress } {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const serving = (async (): Promise<void> => {
    for await (const [query, from] of socket) {
      // The question is a name, ended by an empty label, and then the type and class (RFC 1035 section 4.1).
      const typeAt = query.indexOf(0, 12) + 1;
      if (!answered.includes(query[typeAt + 1] ?? 0)) continue;
      const header = [...query.subarray(0, 2), 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
      const record = [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7];
      await socket.send(Uint8Array.of(...header, ...query.subarray(12, typeAt + 4), ...record), from);
    }
  })();
  return {
    nameserver: { kind: "tcp", host: "127.0.0.1", port },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      socket.close();
      await serving;
    },
  };
}

Deno.test({
  name: `resolveAddresses: gives every A and AAAA answer, each once, in one order${needs}`,
  ignore,
  fn: async () => {
    const addresses = ["192.0.2.9", "2001:db8::1", "192.0.2.10", "::ffff:192.0.2.9"];
    await using dns = await Dnsmasq.start({ hosts: { "db.test": addresses } });
    assertEquals(await resolveAddresses("db.test", dns), ["192.0.2.10", "192.0.2.9", "2001:db8::1"]);
    assertEquals(await resolveAddresses("db.test.", dns), ["192.0.2.10", "192.0.2.9", "2001:db8::1"]);
  },
});

Deno.test({
  name: `resolveAddresses: one family is enough, and none is an empty answer${needs}`,
  ignore,
  fn: async () => {
    const hosts = { "four.test": ["192.0.2.4"], "six.test": ["2001:db8::6"] };
    await using dns = await Dnsmasq.start({ hosts });
    assertEquals(await resolveAddresses("four.test", dns), ["192.0.2.4"]);
    assertEquals(await resolveAddresses("six.test", dns), ["2001:db8::6"]);
    assertEquals(await resolveAddresses("nobody.test", dns), []);
  },
});

Deno.test({
  name: `resolveServices: gives the records by priority, and none for an unknown name${needs}`,
  ignore,
  fn: async () => {
    await using dns = await Dnsmasq.start({
      services: {
        "_db._tcp.test": [
          { target: "b.test", port: 5433, priority: 20, weight: 0 },
          { target: "a.test", port: 5432, priority: 10, weight: 70 },
        ],
        "_gone._tcp.test": [{ target: "", port: 0, priority: 0, weight: 0 }],
      },
    });
    assertEquals(await resolveServices("_db._tcp.test", dns), [
      { target: "a.test.", port: 5432, priority: 10, weight: 70 },
      { target: "b.test.", port: 5433, priority: 20, weight: 0 },
    ]);
    assertEquals((await resolveServices("_gone._tcp.test", dns)).map((record) => record.target), ["."]);
    assertEquals(await resolveServices("_none._tcp.test", dns), []);
  },
});

Deno.test("resolveAddresses: returns an IP address without a lookup", async () => {
  const nameserver: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 1 };
  assertEquals(await resolveAddresses("192.0.2.1", { nameserver }), ["192.0.2.1"]);
  assertEquals(await resolveAddresses("2001:DB8:0::1", { nameserver }), ["2001:db8::1"]);
});

Deno.test("resolveAddresses: tolerates a missing answer for one family", async () => {
  await using dns = dnsServer([1]);
  assertEquals(await resolveAddresses("half.test", { nameserver: dns.nameserver, timeoutMs: 50 }), [
    "192.0.2.7",
  ]);
});

Deno.test("resolveAddresses: a server that never answers times out, and the error names it", async () => {
  await using dns = dnsServer([]);
  const { nameserver } = dns;
  const error = await assertRejects(
    () => resolveAddresses("db.test", { nameserver, timeoutMs: 30 }),
    ResolveError,
    `resolve "db.test" at 127.0.0.1:${nameserver.port}: no answer within 30 ms`,
  );
  assertEquals(error.code, "ETIMEDOUT");
  await assertRejects(() => resolveServices("_db._tcp.test", { nameserver, timeoutMs: 30 }), ResolveError);
});

Deno.test("resolveAddresses: an abort ends the wait with its reason", async () => {
  await using dns = dnsServer([]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const options = { nameserver: dns.nameserver, signal: controller.signal };
  const asked = [resolveAddresses("db.test", options), resolveServices("_db._tcp.test", options)];
  controller.abort(reason);
  for (const answer of await Promise.allSettled(asked)) {
    assertStrictEquals(answer.status === "rejected" ? answer.reason : undefined, reason);
  }
  const late = await assertRejects(() => resolveAddresses("db.test", options));
  assertStrictEquals(late, reason);
});

// Nobody is asked about names under "invalid", which never exist (RFC 6761 section 6.4).
Deno.test("resolveAddresses: without a nameserver, finds names that only the system knows", async () => {
  const lookup = (name: string): Promise<string[]> =>
    Promise.resolve(name === "box.invalid" ? ["10.0.0.2", "fe80::1%eth0", "10.0.0.1"] : []);
  assertEquals(await resolveAddresses("box.invalid", { lookup }), ["10.0.0.1", "10.0.0.2"]);
});

Deno.test("resolveAddresses: a name that the system does not know either has no addresses", async () => {
  const lookup = (): Promise<string[]> =>
    Promise.reject(Object.assign(new Error("not found"), { code: "ENOTFOUND" }));
  assertEquals(await resolveAddresses("box.invalid", { lookup }), []);
});

Deno.test("resolveAddresses: a failed system lookup is an error, and one that hangs times out", async () => {
  const failing = (): Promise<string[]> =>
    Promise.reject(Object.assign(new Error("temporary failure"), { code: "EAI_AGAIN" }));
  const hanging = (): Promise<string[]> => new Promise(() => {});
  const error = await assertRejects(() => resolveAddresses("box.invalid", { lookup: failing }), ResolveError);
  assertEquals([error.code, error.message], ["EAI_AGAIN", 'resolve "box.invalid": temporary failure']);
  const late = await assertRejects(() => resolveAddresses("box.invalid", { lookup: hanging, timeoutMs: 20 }));
  assertInstanceOf(late, ResolveError);
  assertEquals(late.code, "ETIMEDOUT");
});

Deno.test("resolveAddresses: with a nameserver, does not ask the system", async () => {
  await using dns = dnsServer([1]);
  const lookup = (): Promise<string[]> => Promise.reject(new Error("asked"));
  const options = { nameserver: dns.nameserver, timeoutMs: 50, lookup };
  assertEquals(await resolveAddresses("half.test", options), ["192.0.2.7"]);
});

Deno.test("resolveAddresses: finds this machine by its own host name", async () => {
  assertEquals((await resolveAddresses("localhost")).includes("127.0.0.1"), true);
});

Deno.test("resolveServices: follows an alias at the service name, and an alias of that", async () => {
  await using dns = new DnsServer({
    "_db._tcp.test": { alias: "_one._tcp.test" },
    "_one._tcp.test": { alias: "_two._tcp.test" },
    "_two._tcp.test": { services: [{ port: 5432, target: "a.test" }] },
    "a.test": { alias: "b.test" },
    "b.test": { addresses: ["10.0.0.1"] },
  });
  const record = { priority: 0, weight: 1, port: 5432, target: "a.test." };
  for (const name of ["_db._tcp.test", "_one._tcp.test", "_two._tcp.test"]) {
    assertEquals(await resolveServices(name, dns), [record], name);
  }
  assertEquals(await resolveAddresses("a.test", dns), ["10.0.0.1"]);
});

Deno.test("resolveServices: aliases that end nowhere return no records, a loop of them is an error", async () => {
  const chain = Array.from(
    { length: 20 },
    (_, at) => [`_${at}._tcp.test`, { alias: `_${at + 1}._tcp.test` }],
  );
  await using dns = new DnsServer({
    "_gone._tcp.test": { alias: "_nowhere._tcp.test" },
    "_here._tcp.test": { alias: "_there._tcp.test" },
    "_there._tcp.test": { alias: "_here._tcp.test" },
    ...Object.fromEntries(chain),
  });
  assertEquals(await resolveServices("_gone._tcp.test", dns), []);
  for (const name of ["_here._tcp.test", "_0._tcp.test"]) {
    const message = "more than 8 aliases (CNAME) in a row";
    assertStringIncludes(
      (await assertRejects(() => resolveServices(name, dns), ResolveError)).message,
      message,
    );
  }
});
