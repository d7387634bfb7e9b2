import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Address, Pipe, Pollable, TcpAddress } from "../../lib/base/mod.ts";
import { NO_PIPE, PLAIN_DIAL, WOULD_BLOCK } from "../../lib/base/mod.ts";
import type { Connection } from "../../lib/net/mod.ts";
import { Libc } from "../../lib/net/linux/calls/libc.ts";
import { Descriptors } from "../../lib/net/linux/descriptors.ts";
import { LinuxTransport } from "../../lib/net/linux/transport.ts";
import { randomBytes, readExactly, writeAll } from "../helpers/clients.ts";
import { hasLinuxSockets, withLinuxTransport } from "../helpers/connections/linux_transport.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { until } from "../helpers/until.ts";

const LOOPBACK: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
const NEVER = new AbortController().signal;

function test(what: string, use: (transport: LinuxTransport) => Promise<void>): void {
  Deno.test({ name: `Pipes: ${what}`, ignore: !hasLinuxSockets, fn: () => withLinuxTransport(use) });
}

/** A connection of the transport, and the runtime's at its other end. */
interface Pair {
  readonly near: Connection;
  readonly far: Deno.Conn;
}

async function pairOf(transport: LinuxTransport): Promise<Pair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [near, far] = await Promise.all([
    transport.connect({ ...LOOPBACK, port: listener.addr.port }, NEVER),
    listener.accept(),
  ]);
  return { near, far };
}

/** The polled side of a connection, whose pipes are those of its thread. */
function polled({ pollable }: Connection): Required<Pollable> {
  if (pollable?.pipes === undefined) throw new Error("a connection without pipes");
  pollable.attach({ onReadable: () => {}, onWritable: () => {}, onClosed: () => {} });
  return pollable as Required<Pollable>;
}

/** Moves what `from` receives to `to` until its FIN. */
async function move(from: Required<Pollable>, to: Required<Pollable>): Promise<void> {
  for (;;) {
    const pipe = take(from);
    let count = from.receiveInto(pipe);
    await until(() => count !== WOULD_BLOCK || (count = from.receiveInto(pipe)) !== WOULD_BLOCK);
    if (count > 0) await until(() => isEmptied(pipe, to));
    from.pipes.release(pipe);
    if (count === 0) return;
  }
}

function take({ pipes }: Required<Pollable>): Pipe {
  const pipe = pipes.take();
  if (pipe === undefined) throw new Error("no pipe is free");
  return pipe;
}

function isEmptied(pipe: Pipe, to: Required<Pollable>): boolean {
  while (pipe.bytes > 0) if (to.sendFrom(pipe) === WOULD_BLOCK) return false;
  return true;
}

test("bytes come out whole and in order, also for a slow reader", async (transport) => {
  const from = await pairOf(transport);
  const to = await pairOf(transport);
  const bytes = randomBytes(5_000_000);
  const sending = writeAll(from.far, bytes).then(() => (from.far as Deno.TcpConn).closeWrite());
  const moving = move(polled(from.near), polled(to.near));
  const [received] = await Promise.all([readExactly(to.far, bytes.length), sending, moving]);
  assertSameBytes(received, bytes);
  for (const { near, far } of [from, to]) {
    near.close();
    far.close();
  }
});

test("bytes pass from a unix socket and to one", async (transport) => {
  await using folder = new TemporaryFolder();
  const path = folder.file("s.sock");
  using listener = Deno.listen({ transport: "unix", path });
  const address: Address = { kind: "unix", path };
  const [near, far] = await Promise.all([transport.connect(address, NEVER), listener.accept()]);
  const tcp = await pairOf(transport);
  const bytes = randomBytes(300_000);
  const [unixSide, tcpSide] = [polled(near), polled(tcp.near)];
  const sending = writeAll(far, bytes).then(() => far.closeWrite());
  const [received] = await Promise.all([
    readExactly(tcp.far, bytes.length),
    sending,
    move(unixSide, tcpSide),
  ]);
  assertSameBytes(received, bytes);
  const back = writeAll(tcp.far, bytes).then(() => (tcp.far as Deno.TcpConn).closeWrite());
  const [returned] = await Promise.all([readExactly(far, bytes.length), back, move(tcpSide, unixSide)]);
  assertSameBytes(returned, bytes);
  for (const each of [near, far, tcp.near, tcp.far]) each.close();
});

test("bytes of Multipath TCP pass, or are known to be unable to", async (transport) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dial = transport.dialing({ ...PLAIN_DIAL, mptcp: true });
  const [near, far] = await Promise.all([
    dial.connect({ ...LOOPBACK, port: listener.addr.port }, NEVER),
    listener.accept(),
  ]);
  const from = polled(near);
  await writeAll(far, randomBytes(1000));
  const pipe = take(from);
  let count = WOULD_BLOCK;
  await until(() => (count = from.receiveInto(pipe)) !== WOULD_BLOCK);
  assertStrictEquals([1000, NO_PIPE].includes(count), true);
  from.pipes.release(pipe);
  near.close();
  far.close();
});

test("a receiver that has reset is an error, and neither a signal nor a wait", async (transport) => {
  const from = await pairOf(transport);
  const to = await pairOf(transport);
  await writeAll(from.far, randomBytes(100_000));
  const [source, sink] = [polled(from.near), polled(to.near)];
  // Unread bytes make the close a reset.
  await to.near.write(randomBytes(10));
  to.far.close();
  let error: unknown;
  await until(() => {
    const pipe = take(source);
    try {
      if (source.receiveInto(pipe) > 0) isEmptied(pipe, sink);
      else sink.send(randomBytes(1), 1);
    } catch (thrown) {
      error = thrown;
    }
    source.pipes.release(pipe);
    return error !== undefined;
  });
  assertEquals(["EPIPE", "ECONNRESET"].includes((error as { code: string }).code), true);
  for (const each of [from.near, from.far, to.near]) each.close();
});

Deno.test({
  name: "Pipes: are limited, kept when empty, closed when not, and noted for a thread that cleans up",
  ignore: !hasLinuxSockets,
  fn: async () => {
    const libc = new Libc();
    const memory = Descriptors.allocate(libc);
    libc.close();
    const open = (): number => [...new Descriptors(memory).list()].length;
    const transport = new LinuxTransport({ descriptors: memory });
    const { near, far } = await pairOf(transport);
    const before = open();
    const side = polled(near);
    const { pipes } = side;
    const taken: Pipe[] = [];
    for (let pipe = pipes.take(); pipe !== undefined; pipe = pipes.take()) taken.push(pipe);
    assertEquals([taken.length, open() - before], [32, 64]);
    await writeAll(far, randomBytes(10));
    const [first, ...others] = taken;
    if (first === undefined) throw new Error("no pipe was taken");
    await until(() => side.receiveInto(first) === 10);
    pipes.release(first);
    assertStrictEquals(open() - before, 62);
    for (const pipe of others) pipes.release(pipe);
    assertStrictEquals(open() - before, 8);
    near.close();
    far.close();
    await transport.end();
    assertStrictEquals(open(), 0);
  },
});

Deno.test({
  name: "Pipes: a connection that is closed neither receives into one nor sends from one",
  ignore: !hasLinuxSockets,
  fn: () =>
    withLinuxTransport(async (transport) => {
      const { near, far } = await pairOf(transport);
      const side = polled(near);
      const pipe = take(side);
      near.close();
      let failures = 0;
      for (const call of [() => side.receiveInto(pipe), () => side.sendFrom(pipe)]) {
        try {
          call();
        } catch {
          failures++;
        }
      }
      assertStrictEquals(failures, 2);
      side.pipes.release(pipe);
      far.close();
    }),
});
