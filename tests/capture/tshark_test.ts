import { assertEquals, assertMatch } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { begun, bytesOf, requestOf } from "../helpers/protocol/captures.ts";
import {
  connectTo,
  exchange,
  randomBytes,
  readAll,
  readExactly,
  resettingClient,
  writeAll,
} from "../helpers/clients.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { type TestProxy, withProxy } from "../helpers/proxy/proxy.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { originating, terminating, testTls } from "../helpers/tls/tls_app.ts";
import { connectTls } from "../helpers/tls/tls_client.ts";
import { tlsTarget } from "../helpers/tls/tls_target.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { examined, fieldsOf } from "../helpers/programs/tshark.ts";

const missing = missingTools("tshark");
const reason = missing.length === 0 ? "" : ` (ignored: ${missing.join(", ")} not found)`;

function testShark(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `tshark: ${name}${reason}`, ignore: missing.length > 0, fn });
}

const APP = { kind: "app", app: "app-1", clients: [] } as const;

/** Captures what `talk` has the proxy's first app do, one connection. */
async function captured(
  app: Readonly<Record<string, unknown>>,
  talk: (proxy: TestProxy) => Promise<void>,
): Promise<Uint8Array> {
  let capture: Uint8Array = new Uint8Array();
  await withProxy(app, async (proxy) => {
    const file = begun(await proxy.proxy.capture(requestOf(APP, { count: 1 })));
    const reading = bytesOf(file);
    await talk(proxy);
    capture = await reading;
  });
  return capture;
}

const REQUEST = randomBytes(200_000);

/** The engines, and what an app says to have each. */
const ENGINES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "the pump": {},
  "the pump at a pace": { bandwidth: { upload: "20MiB/s", download: "20MiB/s" } },
  "the stream pipeline": { faults: [{ kind: "slice", size: "1000B", delay: "0ms", direction: "both" }] },
  "the stream pipeline with latency": { faults: [{ kind: "latency", amount: "5ms", direction: "both" }] },
};

for (const [engine, options] of Object.entries(ENGINES)) {
  testShark(`a capture of ${engine} has no flaw and follows as the bytes that were sent`, async () => {
    await using target = new TestTarget(echo);
    const capture = await captured({ ...options, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      assertSameBytes(await exchange(client, REQUEST), REQUEST);
    });
    const { findings, streams } = await examined(capture);
    assertEquals([findings, streams.length], [[], 2]);
    for (const [up, down] of streams) {
      assertSameBytes(up, REQUEST);
      assertSameBytes(down, REQUEST);
    }
  });
}

testShark("IPv6 on the client's side, and the PROXY header on the target's", async () => {
  await using target = new TestTarget(echo);
  const app = { listen: ["[::1]:1"], targets: [{ address: target.address, "proxy_protocol": "v1" }] };
  const capture = await captured(app, async (proxy) => {
    using client = await connectTo(proxy.port, "::1");
    await exchange(client, utf8("six"));
  });
  const { findings, streams: [client, sent] } = await examined(capture);
  assertEquals(findings, []);
  const [[source = ""] = []] = await fieldsOf(capture, "ipv6.src");
  assertEquals(source, "::1");
  assertEquals(client?.[0], utf8("six"));
  assertMatch(new TextDecoder().decode(sent?.[0]), /^PROXY TCP6 ::1 ::1 \d+ \d+\r\nsix$/);
});

testShark("unix sockets stand as addresses of 192.0.2.0/24", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo, { path: folder.file("target.sock") });
  const path = folder.file("in.sock");
  const capture = await captured({ listen: [`unix:${path}`], targets: [target.address] }, async () => {
    using client = await Deno.connect({ transport: "unix", path });
    await exchange(client, utf8("local"));
  });
  const { findings, streams } = await examined(capture);
  assertEquals(findings, []);
  const ends = await fieldsOf(capture, "frame.interface_name", "ip.src", "ip.dst");
  assertEquals(ends[0], ["client", "192.0.2.1", "192.0.2.2"]);
  assertEquals(ends.find(([side]) => side === "target"), ["target", "192.0.2.3", "192.0.2.4"]);
  assertEquals(streams[1], [utf8("local"), utf8("local")]);
});

testShark("comments say app, session and why it ended; the interfaces have names", async () => {
  await using target = new TestTarget(echo);
  const capture = await captured({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await exchange(client, utf8("x"));
  });
  const rows = await fieldsOf(capture, "frame.interface_name", "frame.comment");
  const comments = rows.filter(([, comment = ""]) => comment !== "");
  assertEquals(comments, [
    ["client", "app app-1, session 1"],
    ["target", `app app-1, session 1, target ${target.address}`],
    ["target", "session ended: client_closed"],
    ["client", "session ended: client_closed"],
  ]);
});

testShark("a reset is one in the capture", async () => {
  await using target = new TestTarget(echo);
  const capture = await captured({ targets: [target.address] }, async (proxy) => {
    const client = await resettingClient(proxy.port);
    await client.write(utf8("x"));
    await client.received(1);
    await client.reset();
  });
  assertEquals((await examined(capture)).findings, []);
  const resets = (await fieldsOf(capture, "frame.interface_name", "tcp.flags.reset"))
    .filter(([, isReset]) => isReset === "1" || isReset === "True");
  assertEquals(resets.map(([side]) => side), ["client"]);
});

testShark("a session that is captured in the middle follows from there on", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async ({ proxy, port }) => {
    using client = await connectTo(port);
    await writeAll(client, utf8("before"));
    await readExactly(client, 6);
    const file = begun(await proxy.capture(requestOf({ kind: "session", id: 1 })));
    const reading = bytesOf(file);
    await writeAll(client, utf8("after"));
    await client.closeWrite();
    await readAll(client);
    const capture = await reading;
    const after = [utf8("after"), utf8("after")] as const;
    assertEquals(await examined(capture), { findings: [], streams: [after, after] });
  });
});

testTls("tshark: with TLS on both sides the capture is of what is inside, and says so", async (lab) => {
  const { target } = tlsTarget(await lab.terminator());
  await using _target = target;
  const app = { ...terminating(lab), ...originating(lab), targets: [target.address] };
  const capture = await captured(app, async (proxy) => {
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
    using client = conn;
    await writeAll(client, utf8("secret"));
    assertEquals(await readExactly(client, 6), utf8("secret"));
  });
  const secret = [utf8("secret"), utf8("secret")] as const;
  assertEquals(await examined(capture), { findings: [], streams: [secret, secret] });
  const comments = await fieldsOf(capture, "frame.interface_name", "frame.comment");
  assertEquals(
    comments.filter(([, comment = ""]) => comment.includes("TLS, shown decrypted")).map(([side]) => side),
    [
      "client",
      "target",
    ],
  );
}, "tshark");
