import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { HELD_BYTES, MAX_CAPTURES } from "../../lib/capture/mod.ts";
import { parseCidr } from "../../lib/base/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { begun, bytesOf, captureOf, requestOf } from "../helpers/protocol/captures.ts";
import {
  exchange,
  randomBytes,
  readExactly,
  readToEnd,
  resettingClient,
  writeAll,
} from "../helpers/clients.ts";
import { type ReadCapture, readCapture, sentBy } from "../helpers/protocol/pcapng.ts";
import { configOf } from "../helpers/proxy/proxy.ts";
import { freePort } from "../helpers/free_ports.ts";
import { type StartPlane, withPlane } from "../helpers/proxy/plane.ts";
import { echo, neverAnswering, TestTarget } from "../helpers/targets.ts";

const CLIENT = 0;
const TARGET = 1;

/** Captures of live sessions, in how many threads a proxy may run. */
export function testCaptureContract(name: string, start: StartPlane): void {
  Deno.test(`${name}: a capture of an app has both sides of each connection, byte for byte`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP, { count: 3 })));
      const read = captureOf(file);
      const requests = [randomBytes(10, 1), randomBytes(300_000, 2), new Uint8Array()];
      const ports: number[] = [];
      for (const request of requests) {
        using client = await plane.connect();
        ports.push(client.localAddr.port);
        assertEquals((await exchange(client, request)).length, request.length);
        await plane.log.outcome();
      }
      const capture = await read;
      for (const [index, request] of requests.entries()) {
        const client = `127.0.0.1:${ports[index]}`;
        const listener = `127.0.0.1:${plane.port}`;
        assertEquals(sentBy(of(capture, client), CLIENT, client), request);
        assertEquals(sentBy(of(capture, client), CLIENT, listener), request);
      }
      const dialers = new Set(
        capture.packets.filter(({ interfaceId, direction }) => interfaceId === TARGET && direction === "out")
          .map(({ segment }) => segment.from),
      );
      const passedOn = [...dialers].map((dialer) => of(capture, dialer)).map((packets, index) => [
        sentBy(packets, TARGET, [...dialers][index] ?? ""),
        sentBy(packets, TARGET, target.address),
      ]);
      assertEquals(passedOn, requests.map((request) => [request, request]));
      const summary = await file.done;
      assertEquals([summary.end, summary.sessions, summary.dropped], ["all connections captured", 3, 0]);
      assertEquals(summary.packets, capture.packets.length);
      assertEquals(capture.statistics.map(({ dropped }) => dropped), [0, 0]);
      assertStringIncludes(capture.comment, 'app "app-1"');
    });
  });

  Deno.test(`${name}: a captured connection begins with a handshake and ends with FIN, its reason and facts in comments`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP, { count: 1 })));
      using client = await plane.connect();
      await exchange(client, utf8("hello"));
      const { packets } = await captureOf(file);
      for (const side of [CLIENT, TARGET]) {
        const own = packets.filter(({ interfaceId }) => interfaceId === side);
        assertEquals(own.slice(0, 3).map(({ segment }) => segment.flags), ["S", "SA", "A"]);
        assert(own.some(({ segment }) => segment.flags === "FA"));
        assertStringIncludes(own[0]?.comment ?? "", "app app-1, session ");
        assertEquals(own.at(-1)?.comment, "session ended: client_closed");
        assertEquals(own.slice(1, -1).filter(({ comment }) => comment !== undefined), []);
      }
      assertStringIncludes(
        packets.find(({ interfaceId }) => interfaceId === TARGET)?.comment ?? "",
        `target ${target.address}`,
      );
    });
  });

  Deno.test(`${name}: a session that relays already is captured by its number, from its pending reads on`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      using other = await plane.connect();
      await writeAll(other, utf8("before"));
      await readExactly(other, 6);
      using client = await plane.connect();
      await writeAll(client, utf8("before"));
      await readExactly(client, 6);
      const file = begun(await plane.control.capture(requestOf({ kind: "session", id: 2 })));
      const from = `127.0.0.1:${client.localAddr.port}`;
      await writeAll(client, utf8("first"));
      await readExactly(client, 5);
      await writeAll(other, utf8("not this"));
      await readExactly(other, 8);
      client.close();
      const { packets } = await captureOf(file);
      assertEquals(sentBy(packets, CLIENT, from), utf8("first"));
      assertEquals(sentBy(packets, CLIENT, `127.0.0.1:${plane.port}`), utf8("first"));
      assertEquals(sentBy(packets, TARGET, target.address), utf8("first"));
      assertEquals(packets.filter(({ segment }) => segment.flags.includes("S")), []);
      assertEquals((await file.done).end, "session ended");
    });
  });

  Deno.test(`${name}: a session that does not exist cannot be captured`, async () => {
    await withPlane(start, { apps: [{ targets: ["127.0.0.1:1"] }] }, async ({ control }) => {
      assertEquals(await control.capture(requestOf({ kind: "session", id: 77 })), {
        kind: "unknown_session",
      });
    });
  });

  Deno.test(`${name}: a reset ends a captured connection with RST, the other side as its peer saw it`, async () => {
    let end: "fin" | "reset" | undefined;
    await using target = new TestTarget(async (conn) => {
      await writeAll(conn, await readExactly(conn, 1));
      end = await readToEnd(conn);
    });
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP, { count: 1 })));
      const client = await resettingClient(plane.port);
      await client.write(utf8("x"));
      await client.received(1);
      await client.reset();
      await target.done(1);
      const { packets } = await captureOf(file);
      const last = (side: number): string | undefined =>
        packets.findLast(({ interfaceId }) => interfaceId === side)?.segment.flags;
      assertEquals([last(CLIENT), last(TARGET)], ["RA", end === "reset" ? "RA" : "FA"]);
      const comment = packets.findLast(({ comment }) => comment !== undefined)?.comment;
      assertEquals(comment, "session ended: client_reset");
    });
  });

  Deno.test(`${name}: a connection that reaches no target is captured on the client's side`, async () => {
    await withPlane(start, { apps: [{ targets: ["127.0.0.1:1"] }] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP, { count: 1 })));
      using client = await plane.connect();
      await exchange(client, utf8("")).catch(() => {});
      const { packets } = await captureOf(file);
      assertEquals(packets.map(({ interfaceId, segment }) => [interfaceId, segment.flags]), [
        [CLIENT, "S"],
        [CLIENT, "SA"],
        [CLIENT, "A"],
        [CLIENT, "FA"],
      ]);
      assertEquals(packets.at(-1)?.comment, "session ended: no_target");
    });
  });

  Deno.test(`${name}: a capture of an app is of the clients that were asked for`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const clients = [parseCidr("127.0.0.9/32")];
      const nobody = begun(
        await plane.control.capture(requestOf({ ...APP, clients: [parseCidr("10.0.0.0/8")] })),
      );
      const file = begun(
        await plane.control.capture(
          requestOf({ ...APP, clients: [...clients, parseCidr("127.0.0.1")] }, { count: 1 }),
        ),
      );
      using client = await plane.connect();
      await exchange(client, utf8("x"));
      assert((await captureOf(file)).packets.length > 0);
      nobody.end("time limit reached");
      assertEquals((await captureOf(nobody)).packets, []);
    });
  });

  Deno.test(`${name}: live connections of an app are captured when they move, and idle ones take no place`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      using idle = await plane.connect();
      using busy = await plane.connect();
      for (const conn of [idle, busy]) {
        await writeAll(conn, utf8("x"));
        await readExactly(conn, 1);
      }
      const file = begun(await plane.control.capture(requestOf(APP, { count: 1 })));
      await writeAll(busy, utf8("moves"));
      await readExactly(busy, 5);
      busy.close();
      const { packets } = await captureOf(file);
      const from = `127.0.0.1:${busy.localAddr.port}`;
      assertEquals(sentBy(packets, CLIENT, from), utf8("moves"));
      assertEquals(of({ packets }, `127.0.0.1:${idle.localAddr.port}`), []);
    });
  });

  Deno.test(`${name}: a capture ends at its size, with a complete file of at most that size`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP, { bytes: 20_000 })));
      const read = bytesOf(file);
      using client = await plane.connect();
      for (let sent = 0; sent < 50; sent++) {
        await writeAll(client, randomBytes(1000));
        await readExactly(client, 1000);
      }
      const bytes = await read;
      assert(bytes.length <= 20_000, `${bytes.length} bytes`);
      assert(bytes.length > 15_000, `${bytes.length} bytes`);
      assertEquals(readCapture(bytes).statistics.map(({ comment }) => comment), [
        "capture ended: size limit reached",
        "capture ended: size limit reached",
      ]);
    });
  });

  Deno.test(`${name}: a capture ends when its time is over, also where nothing passes`, async () => {
    await withPlane(start, { apps: [{ targets: ["127.0.0.1:1"] }] }, async ({ control }) => {
      const file = begun(await control.capture(requestOf(APP, { forMs: 1 })));
      assertEquals((await captureOf(file)).packets, []);
      assertEquals((await file.done).end, "time limit reached");
    });
  });

  Deno.test(`${name}: a reader that reads nothing loses packets, which are counted, and no traffic`, async () => {
    await using target = new TestTarget(neverAnswering);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP, { count: 1 })));
      const request = randomBytes(1024 * 1024);
      using client = await plane.connect();
      for (let sent = 0; sent < 24; sent++) await writeAll(client, request);
      client.close();
      const { up } = await plane.log.outcome();
      assertEquals(up.bytes, 24 * request.length);
      const { packets, statistics } = await captureOf(file);
      const { dropped } = await file.done;
      assert(dropped > 0);
      assertEquals(statistics.reduce((sum, one) => sum + one.dropped, 0), dropped);
      // How it ended is kept, and the packet after a gap says how many are missing.
      assertEquals(packets.at(-1)?.comment, "session ended: client_closed");
      assert(packets.some((packet) => (packet.dropped ?? 0) > 0));
      const bytes = packets.reduce((sum, { segment }) => sum + segment.payload.length, 0);
      assert(bytes <= HELD_BYTES, `${bytes} bytes were kept`);
    });
  });

  Deno.test(`${name}: when the reader goes away, the capture ends and sessions go on`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP)));
      using client = await plane.connect();
      await writeAll(client, utf8("a"));
      await readExactly(client, 1);
      await file.stream.cancel();
      assertEquals((await file.done).end, "reader gone");
      assertEquals(await exchange(client, utf8("b")), utf8("b"));
    });
  });

  Deno.test(`${name}: only so many captures run at once, and another may begin when one has ended`, async () => {
    await withPlane(start, { apps: [{ targets: ["127.0.0.1:1"] }] }, async ({ control }) => {
      const files = await Promise.all(
        Array.from({ length: MAX_CAPTURES }, () => control.capture(requestOf(APP))),
      );
      assertEquals(await control.capture(requestOf(APP)), { kind: "too_many" });
      for (const file of files) await begun(file).stream.cancel();
      await begun(await control.capture(requestOf(APP))).stream.cancel();
    });
  });

  Deno.test(`${name}: two captures of one connection do not disturb each other`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const both = [
        begun(await plane.control.capture(requestOf(APP, { count: 1 }))),
        begun(await plane.control.capture(requestOf(APP, { count: 1, resolution: "ns" }))),
      ];
      using client = await plane.connect();
      await exchange(client, utf8("twice"));
      const captures = await Promise.all(both.map(captureOf));
      for (const { packets } of captures) {
        assertEquals(sentBy(packets, CLIENT, `127.0.0.1:${client.localAddr.port}`), utf8("twice"));
      }
      assertEquals(captures.map(({ interfaces }) => interfaces[0]?.resolution), [6, 9]);
      const [us = 0n, ns = 0n] = captures.map(({ packets }) => packets[0]?.timestamp);
      assertEquals(ns / 1_000_000_000n - us / 1_000_000n <= 1n, true);
    });
  });

  Deno.test(`${name}: a capture lasts through a reload, for connections of before and after`, async () => {
    await using target = new TestTarget(echo);
    const app = { name: "app-1", listen: [`127.0.0.1:${freePort()}`], targets: [target.address] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using before = await plane.connect();
      await writeAll(before, utf8("x"));
      await readExactly(before, 1);
      const file = begun(await plane.control.capture(requestOf(APP, { count: 2 })));
      const reloaded = await plane.control.reload(configOf({ apps: [{ ...app, "idle_timeout": "5m" }] }));
      assertEquals(reloaded.kind, "done");
      using after = await plane.connect();
      await exchange(after, utf8("after"));
      await exchange(before, utf8("before"));
      const { packets } = await captureOf(file);
      assertEquals(sentBy(packets, CLIENT, `127.0.0.1:${after.localAddr.port}`), utf8("after"));
      assertEquals(sentBy(packets, CLIENT, `127.0.0.1:${before.localAddr.port}`), utf8("before"));
    });
  });

  Deno.test(`${name}: a session of the config before a reload is captured by its number`, async () => {
    await using target = new TestTarget(echo);
    const app = { name: "app-1", listen: [`127.0.0.1:${freePort()}`], targets: [target.address] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using client = await plane.connect();
      await writeAll(client, utf8("x"));
      await readExactly(client, 1);
      const reloaded = await plane.control.reload(configOf({ apps: [{ ...app, "idle_timeout": "5m" }] }));
      assertEquals(reloaded.kind, "done");
      const file = begun(await plane.control.capture(requestOf({ kind: "session", id: 1 })));
      await exchange(client, utf8("still here"));
      const { packets } = await captureOf(file);
      assertEquals(sentBy(packets, CLIENT, `127.0.0.1:${client.localAddr.port}`), utf8("still here"));
    });
  });

  Deno.test(`${name}: a proxy that stops ends its captures, and their files are complete`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP)));
      using client = await plane.connect();
      await writeAll(client, utf8("x"));
      await readExactly(client, 1);
      await plane.control.stop();
      const { packets, statistics } = await captureOf(file);
      assertEquals(statistics.length, 2);
      assertEquals(packets.at(-1)?.comment, "session ended: drained");
      assertEquals((await file.done).end, "proxy stopping");
    });
  });

  Deno.test(`${name}: what a target is sent in a PROXY header is on its side of the capture`, async () => {
    await using target = new TestTarget(echo);
    const app = { targets: [{ address: target.address, "proxy_protocol": "v1" }] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const file = begun(await plane.control.capture(requestOf(APP, { count: 1 })));
      using client = await plane.connect();
      await exchange(client, utf8("data"));
      const { packets } = await captureOf(file);
      const proxy = packets.find(({ interfaceId }) => interfaceId === TARGET)?.segment.from ?? "";
      const header = `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.localAddr.port} ${plane.port}\r\n`;
      assertEquals(sentBy(packets, TARGET, proxy), concat(utf8(header), utf8("data")));
    });
  });
}

const APP = { kind: "app", app: "app-1", clients: [] } as const;

/** The packets from and to an end. */
function of({ packets }: Pick<ReadCapture, "packets">, end: string): ReadCapture["packets"] {
  return packets.filter(({ segment }) => segment.from === end || segment.to === end);
}
