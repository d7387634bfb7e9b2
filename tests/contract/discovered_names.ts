import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Duplex } from "../../lib/base/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { exchange, readToEnd } from "../helpers/clients.ts";
import { Dnsmasq, type DnsRecords } from "../helpers/servers/dnsmasq.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import type { TlsLab } from "../helpers/tls/tls_lab.ts";
import { type TlsTarget, tlsTarget } from "../helpers/tls/tls_target.ts";

function test(name: string, fn: (lab: TlsLab) => Promise<void>): void {
  testTls(name, fn, "dnsmasq");
}

/** Which names TLS with discovered targets goes by, in how many threads it may run. No plane deviates. */
export function testDiscoveredNamesContract(name: string, start: StartPlane): void {
  test(
    `${name}: TLS with a target of discover dns asks for the entry's name, and verifies it`,
    async (lab) => {
      const { target, names } = await targetFor(lab, "api.test");
      await using _target = target;
      const records = { hosts: { "api.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] } };
      const app = (host: string) => ({ targets: [{ address: `${host}:${target.port}`, discover: "dns" }] });
      await discovering(records, start, { ...app("api.test"), ...trusting(lab) }, async (plane) => {
        assertStrictEquals(await answer(plane), "hello");
        assertEquals(names, ["api.test"]);
      });
      await discovering(records, start, { ...app("other.test"), ...trusting(lab) }, async (plane) => {
        const [session] = await refused(plane);
        assertEquals(session?.failures.map(({ message }) => message), [
          'TLS with the target: the certificate is for "api.test"; expected one for "other.test"',
        ]);
      });
      const named = { ...app("other.test"), ...trusting(lab, { server_name: "api.test" }) };
      await discovering(records, start, named, async (plane) => {
        assertStrictEquals(await answer(plane), "hello");
      });
      // The one that was refused in between is none that the target has shaken hands with.
      assertEquals(names, ["api.test", "api.test"]);
    },
  );

  test(`${name}: TLS with targets of discover srv asks each for its record's name`, async (lab) => {
    const [a, b] = [await targetFor(lab, "a.test"), await targetFor(lab, "b.test")];
    await using _a = a.target;
    await using _b = b.target;
    const record = ({ target: { port } }: TlsTarget, target: string) => ({
      target,
      port,
      priority: 1,
      weight: 1,
    });
    const records = {
      hosts: { "a.test": ["127.0.0.1"], "b.test": ["127.0.0.1"] },
      services: { "_api._tcp.test": [record(a, "a.test"), record(b, "b.test")] },
    };
    const app = { targets: [{ address: "_api._tcp.test", discover: "srv" }], balance: "round_robin" };
    await discovering(records, start, { ...app, ...trusting(lab) }, async (plane) => {
      // Each thread has turns of its own, so that not every second connection need go to the other one.
      for (let count = 0; a.names.length === 0 || b.names.length === 0; count++) {
        if (count === 50) throw new Error("expected both targets");
        assertStrictEquals(await answer(plane), "hello");
      }
      assertEquals([new Set(a.names), new Set(b.names)], [new Set(["a.test"]), new Set(["b.test"])]);
    });
  });

  test(`${name}: a check of a discovered target asks for its name, in TLS and in HTTP`, async (lab) => {
    const requests: string[] = [];
    const serve = async (conn: Duplex): Promise<void> => {
      const buffer = new Uint8Array(1000);
      const count = await conn.read(buffer);
      requests.push(new TextDecoder().decode(buffer.subarray(0, count ?? 0)));
      await conn.write(utf8("HTTP/1.1 503 No\r\n\r\n"));
    };
    const { target, names } = await targetFor(lab, "api.test", serve);
    await using _target = target;
    const records = { hosts: { "api.test": ["127.0.0.1"] } };
    const check = { interval: "1h", fall: 1, tls: true, http: { path: "/ready" } };
    const app = { targets: [{ address: `api.test:${target.port}`, discover: "dns" }], "health_check": check };
    await discovering(records, start, { ...app, ...trusting(lab) }, async (plane) => {
      await plane.log.when(() => plane.log.targetChanges.some((change) => change.endsWith(" down")));
      assertEquals(names, ["api.test"]);
      assertEquals(requests[0]?.split("\r\n").slice(0, 2), [
        "GET /ready HTTP/1.1",
        `Host: api.test:${target.port}`,
      ]);
    });
  });
}

function trusting(lab: TlsLab, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { target_tls: { ca: lab.ca.certFile, ...more } };
}

async function targetFor(
  lab: TlsLab,
  name: string,
  serve?: (conn: Duplex) => Promise<void>,
): Promise<TlsTarget> {
  const certificate = lab.folder.make(name, { altNames: `DNS:${name}`, issuer: lab.ca });
  const terminator = await lab.terminator({ certificates: [{ ...certificate, origin: name }] });
  return tlsTarget(terminator, serve === undefined ? {} : { serve });
}

/** Runs an app whose names a real server knows. */
async function discovering(
  records: DnsRecords,
  start: StartPlane,
  app: Readonly<Record<string, unknown>>,
  use: (plane: TestPlane) => Promise<void>,
): Promise<void> {
  await using dns = await Dnsmasq.start(records);
  const nameserver = `${dns.nameserver.host}:${dns.nameserver.port}`;
  await withPlane(start, { apps: [{ ...app, dns: { nameserver, interval: "1h" } }] }, use);
}

/** What a target answers to a greeting, once. */
async function answer(plane: TestPlane): Promise<string> {
  using client = await plane.connect();
  const reply = await exchange(client, utf8("hello"));
  await plane.log.ended(1);
  return new TextDecoder().decode(reply);
}

async function refused(plane: TestPlane): ReturnType<TestPlane["log"]["ended"]> {
  using client = await plane.connect();
  await readToEnd(client);
  return await plane.log.ended(1);
}
