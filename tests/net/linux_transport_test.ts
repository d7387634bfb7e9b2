import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { errorCode, type Pollable, type TcpAddress, WOULD_BLOCK } from "../../lib/base/mod.ts";
import type { Connection } from "../../lib/net/mod.ts";
import { Descriptors } from "../../lib/net/linux/descriptors.ts";
import { Libc } from "../../lib/net/linux/calls/libc.ts";
import { LinuxTransport } from "../../lib/net/linux/transport.ts";
import { testTransportContract } from "../contract/transport.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, randomBytes, readAll, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";
import { hasLinuxSockets, linuxPair, withLinuxTransport } from "../helpers/connections/linux_transport.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { blackHole } from "../helpers/targets.ts";
import { until } from "../helpers/until.ts";

testTransportContract({ name: "LinuxTransport", ignore: !hasLinuxSockets, with: withLinuxTransport });

const LOOPBACK: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
const NEVER = new AbortController().signal;

function test(what: string, use: (transport: LinuxTransport) => Promise<void>): void {
  Deno.test({ name: `LinuxTransport: ${what}`, ignore: !hasLinuxSockets, fn: () => withLinuxTransport(use) });
}

test("a dial that waits for the network is made when that answers", async (transport) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const queued = [await connectTo(port), await connectTo(port)];
  // The queue is full: the kernel drops the SYN and gets it again a second later.
  const dialing = transport.connect({ ...LOOPBACK, port }, NEVER);
  for (const conn of queued) {
    (await listener.accept()).close();
    conn.close();
  }
  const near = await dialing;
  using far = await listener.accept();
  await writeAll(far, utf8("banner"));
  const buffer = new Uint8Array(100);
  assertEquals(buffer.subarray(0, await near.read(buffer) ?? 0), utf8("banner"));
  near.close();
});

test("a connection that ends by reset delivers everything first, also to a slow reader", async (transport) => {
  for (const size of [0, 10, 5_000_000]) {
    const { near, far } = await linuxPair(transport);
    const bytes = randomBytes(size);
    const writing = (async (): Promise<void> => {
      for (let written = 0; written < size;) written += await near.write(bytes.subarray(written));
      near.endByReset?.();
      near.close();
    })();
    assertSameBytes(await readExactly(far, size), bytes);
    await writing;
    assertStrictEquals(await readToEnd(far), "reset");
    far.close();
  }
});

test("a connection that ends by reset shows the end once everything has arrived, and resets when it is closed", async (transport) => {
  const { near, far } = await linuxPair(transport);
  near.endByReset?.();
  await near.write(utf8("all there is"));
  await near.closeWrite();
  assertStrictEquals(await near.read(new Uint8Array(10)), null);
  near.close();
  assertEquals(await readExactly(far, 12), utf8("all there is"));
  assertStrictEquals(await readToEnd(far), "reset");
  far.close();
});

test("a connection that is closed without a reset ends with FIN", async (transport) => {
  const { near, far } = await linuxPair(transport);
  await near.write(utf8("whole"));
  near.close();
  assertEquals(await readAll(far), utf8("whole"));
  far.close();
});

test("a pending read is withdrawn without a loss", async (transport) => {
  const { near, far } = await linuxPair(transport);
  const pollable = pollableOf(near);
  assertStrictEquals(pollable.withdrawRead(), false);
  let settled = false;
  void near.read(new Uint8Array(10)).finally(() => settled = true);
  assertStrictEquals(pollable.withdrawRead(), true);
  await writeAll(far, utf8("here"));
  await until(() => pollable.isReadable);
  const buffer = new Uint8Array(10);
  assertStrictEquals(pollable.receive(buffer, 10), 4);
  assertStrictEquals(pollable.receive(buffer, 10), WOULD_BLOCK);
  assertEquals([buffer.subarray(0, 4), settled], [utf8("here"), false]);
  near.close();
  far.close();
});

test("an event for a descriptor that was closed in the same batch does not reach its successor", async (transport) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const first = await transport.connect({ ...LOOPBACK, port }, NEVER);
  const second = await transport.connect({ ...LOOPBACK, port }, NEVER);
  const [far1, far2] = [await listener.accept(), await listener.accept()];
  const heard: string[] = [];
  let next: Promise<Connection> | undefined;
  for (const [name, conn, other] of [["first", first, second], ["second", second, first]] as const) {
    conn.pollable?.attach({
      onReadable: () => {
        heard.push(name);
        if (next !== undefined) return;
        // The other's event is in this batch too, and its number is the lowest that is free.
        other.close();
        next = transport.connect({ ...LOOPBACK, port }, NEVER);
      },
      onWritable: () => {},
      onClosed: () => {},
    });
  }
  await Promise.all([writeAll(far1, utf8("x")), writeAll(far2, utf8("x"))]);
  await until(() => next !== undefined);
  if (next === undefined) throw new Error("nothing was heard");
  const successor = await next;
  const far3 = await listener.accept();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals([heard.length, pollableOf(successor).isReadable], [1, false]);
  (heard[0] === "first" ? first : second).close();
  successor.close();
  for (const far of [far1, far2, far3]) far.close();
});

Deno.test({
  name: "LinuxTransport: every descriptor is noted while it is open, for a thread that cleans up",
  ignore: !hasLinuxSockets,
  fn: async () => {
    const libc = new Libc();
    const memory = Descriptors.allocate(libc);
    libc.close();
    const open = (): number[] => [...new Descriptors(memory).list()];
    const transport = new LinuxTransport({ descriptors: memory });
    const own = open();
    const socket = transport.listen(LOOPBACK, { shared: true });
    assertEquals(open().filter((fd) => !own.includes(fd)), [socket.handle?.fd]);
    socket.close();
    for (let round = 0; round < 20; round++) {
      const { near, far } = await linuxPair(transport);
      assertStrictEquals(open().length, own.length + 1);
      near.close();
      far.close();
      const listening = transport.listen(LOOPBACK, { shared: false });
      listening.accept().catch(() => {});
      listening.close();
      assertThrows(() => transport.listen({ ...LOOPBACK, host: "192.0.2.1" }, { shared: false }));
      await assertRejects(() => transport.connect({ ...LOOPBACK, port: 1 }, NEVER));
    }
    assertEquals(open(), own);
    await transport.end();
    assertEquals(open(), []);
  },
});

test("another thread's part opens a listening socket a second time, and takes from the same queue", async (transport) => {
  const main = transport.listen(LOOPBACK, { shared: true });
  const { address, handle } = main;
  if (address.kind !== "tcp" || handle === undefined) throw new Error("expected a handle of a TCP socket");
  const { port } = address;
  const other = new LinuxTransport({ handles: new Map([[`127.0.0.1:${port}`, handle]]) });
  try {
    const shared = other.listen({ ...LOOPBACK, port }, { shared: true });
    const accepting = shared.accept();
    using client = await connectTo(port);
    const conn = await accepting;
    assertEquals(conn.peer, { ...LOOPBACK, port: client.localAddr.port });
    conn.close();
    // The queue lives as long as one of them.
    shared.close();
    using waiting = await connectTo(port);
    (await main.accept()).close();
    assertStrictEquals(await readToEnd(waiting), "fin");
    main.close();
    // Its number may belong to another socket by now.
    const next = transport.listen(LOOPBACK, { shared: true });
    const stale = new LinuxTransport({ handles: new Map([[`127.0.0.1:${port}`, handle]]) });
    const error = assertThrows(() => stale.listen({ ...LOOPBACK, port }, { shared: true }));
    assertStrictEquals(errorCode(error), "EBADF");
    await stale.end();
    next.close();
  } finally {
    await other.end();
  }
});

Deno.test({
  name: "LinuxTransport: its end closes what is still open, and closing that later fails like closing twice",
  ignore: !hasLinuxSockets,
  fn: async () => {
    const transport = new LinuxTransport();
    const { near, far } = await linuxPair(transport);
    const reading = near.read(new Uint8Array(1)).then(() => "read", errorCode);
    const socket = transport.listen(LOOPBACK, { shared: false });
    const accepting = socket.accept().then(() => "accepted", errorCode);
    using hole = await blackHole();
    const dialing = transport.connect({ ...LOOPBACK, port: hole.port }, NEVER).then(() => "made", errorCode);
    await transport.end();
    assertEquals([await reading, await accepting, await dialing], ["EINTR", "EINTR", "EINTR"]);
    assertStrictEquals(await readToEnd(far), "fin");
    assertEquals(
      [errorCode(assertThrows(() => near.close())), errorCode(assertThrows(() => socket.close()))],
      [
        "EBADF",
        "EBADF",
      ],
    );
    far.close();
  },
});

function pollableOf({ pollable }: Connection): Pollable {
  if (pollable === undefined) throw new Error("expected a connection that can be polled");
  return pollable;
}
