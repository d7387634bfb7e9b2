/**
 * Calls of the kernel that fail: each error goes to whom it concerns, nothing stays open, and what comes next works.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { errorCode, isResourceExhaustion, type TcpAddress, WOULD_BLOCK } from "../../lib/base/mod.ts";
import type { Connection, ListeningSocket } from "../../lib/net/mod.ts";
import { Descriptors } from "../../lib/net/linux/descriptors.ts";
import { LinuxTransport } from "../../lib/net/linux/transport.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, readAll, writeAll } from "../helpers/clients.ts";
import { FaultyLibc } from "../helpers/connections/faulty_libc.ts";
import { hasLinuxSockets, linuxPair } from "../helpers/connections/linux_transport.ts";
import { until } from "../helpers/until.ts";

const LOOPBACK: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
const NEVER = new AbortController().signal;

/** As `errno(3)` numbers them on x86-64 and arm64. */
const ERRNO = {
  EPERM: 1,
  EINTR: 4,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENFILE: 23,
  EMFILE: 24,
  ENOSPC: 28,
  EPROTO: 71,
  ENOPROTOOPT: 92,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  EINPROGRESS: 115,
  EHOSTUNREACH: 113,
} as const;
type ErrnoName = keyof typeof ERRNO;

interface Faulty {
  readonly libc: FaultyLibc;
  readonly transport: LinuxTransport;
  /** How many descriptors it holds, beside its own. */
  open(): number;
}

function test(what: string, use: (faulty: Faulty) => Promise<void>): void {
  Deno.test({
    name: `LinuxTransport, failing calls: ${what}`,
    ignore: !hasLinuxSockets,
    fn: async () => {
      const libc = new FaultyLibc();
      const descriptors = Descriptors.allocate(libc);
      const count = (): number => [...new Descriptors(descriptors).list()].length;
      const transport = new LinuxTransport({ libc, descriptors });
      const own = count();
      try {
        await use({ libc, transport, open: () => count() - own });
        assertStrictEquals(libc.isSpent, true, "a call that was to fail was never made");
        assertStrictEquals(count(), own, "a descriptor is left");
      } finally {
        await transport.end();
      }
    },
  });
}

/** A socket of the transport that listens, and a client of it whose connection has not been accepted. */
async function withClient(
  transport: LinuxTransport,
  use: (socket: ListeningSocket, client: Deno.TcpConn) => Promise<void>,
): Promise<void> {
  const socket = transport.listen(LOOPBACK, { shared: false });
  try {
    using client = await connectTo(socket.address.kind === "tcp" ? socket.address.port : 0);
    await use(socket, client);
  } finally {
    socket.close();
  }
}

/** Sends both ways, which shows that a connection works. */
async function assertWorks(near: Connection, far: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(10);
  await writeAll(far, utf8("ping"));
  assertEquals(buffer.subarray(0, await near.read(buffer) ?? 0), utf8("ping"));
  await near.write(utf8("pong"));
  near.close();
  assertEquals(await readAll(far), utf8("pong"));
}

test("an accept for which the system has no means, or that it forbids, says so; the next one takes the client", async (faulty) => {
  const { libc, transport } = faulty;
  for (const name of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EPERM"] as const satisfies ErrnoName[]) {
    await withClient(transport, async (socket, client) => {
      libc.fail("accept4", ERRNO[name]);
      assertStrictEquals(errorCode(await assertRejects(() => socket.accept())), name);
      await assertWorks(await socket.accept(), client);
    });
  }
});

test("an accept that was interrupted, or whose client is gone or cannot be reached, goes on with the next", async ({ libc, transport }) => {
  await withClient(transport, async (socket, client) => {
    const { EINTR, ECONNABORTED, EPROTO, ENOPROTOOPT, ENETDOWN, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT } =
      ERRNO;
    libc.fail(
      "accept4",
      ...[EINTR, ECONNABORTED, EPROTO, ENOPROTOOPT, ENETDOWN, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT],
    );
    await assertWorks(await socket.accept(), client);
  });
});

test("clients that are gone use the turn's budget up: others have theirs in between", async ({ libc, transport }) => {
  await withClient(transport, async (socket, client) => {
    libc.fail("accept4", ...new Array(200).fill(ERRNO.ECONNABORTED));
    let isAccepted = false;
    const accepting = socket.accept().finally(() => isAccepted = true);
    await Promise.resolve();
    assertEquals([isAccepted, libc.isSpent], [false, false], "200 failures in one turn");
    await assertWorks(await accepting, client);
  });
});

test("a connection that cannot be watched is closed, whoever made it", async ({ libc, transport, open }) => {
  for (const name of ["ENOMEM", "ENOSPC"] as const satisfies ErrnoName[]) {
    await withClient(transport, async (socket, client) => {
      const accepting = socket.accept();
      await (await accepting).close();
      using second = await connectTo(socket.address.kind === "tcp" ? socket.address.port : 0);
      libc.fail("epoll_ctl", ERRNO[name]);
      const refused = errorCode(await assertRejects(() => socket.accept()));
      assertEquals([refused, isResourceExhaustion(refused)], [name, true]);
      assertStrictEquals(open(), 1);
      assertEquals([await readAll(client), await readAll(second)], [utf8(""), utf8("")]);
    });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    libc.fail("epoll_ctl", ERRNO[name]);
    const dialing = transport.connect({ ...LOOPBACK, port: listener.addr.port }, NEVER);
    assertStrictEquals(errorCode(await assertRejects(() => dialing)), name);
    assertStrictEquals(open(), 0);
  }
});

test("a socket that cannot be made or prepared fails the dial or the listening, and nothing is left", async (faulty) => {
  const { libc, transport, open } = faulty;
  for (const name of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"] as const satisfies ErrnoName[]) {
    libc.fail("socket", ERRNO[name]);
    assertStrictEquals(
      errorCode(await assertRejects(() => transport.connect({ ...LOOPBACK, port: 9 }, NEVER))),
      name,
    );
    libc.fail("socket", ERRNO[name]);
    assertStrictEquals(errorCode(assertThrows(() => transport.listen(LOOPBACK, { shared: false }))), name);
  }
  for (const call of ["setsockopt", "bind", "listen", "getsockname"] as const) {
    libc.fail(call, ERRNO.ENOBUFS);
    assertStrictEquals(
      errorCode(assertThrows(() => transport.listen(LOOPBACK, { shared: false }))),
      "ENOBUFS",
    );
    assertStrictEquals(open(), 0);
  }
});

test("a dial that a firewall or the lack of ports or a way forbids fails with that, and is closed", async ({ libc, transport, open }) => {
  const names = ["EPERM", "EACCES", "EADDRNOTAVAIL", "EAGAIN", "ENETUNREACH", "ENOBUFS"] as const;
  for (const name of names satisfies readonly ErrnoName[]) {
    libc.fail("connect", ERRNO[name]);
    const error = await assertRejects(() => transport.connect({ ...LOOPBACK, port: 9 }, NEVER));
    assertEquals([errorCode(error), open()], [name, 0]);
  }
  libc.fail("getsockname", ERRNO.ENOBUFS);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialing = transport.connect({ ...LOOPBACK, port: listener.addr.port }, NEVER);
  assertStrictEquals(errorCode(await assertRejects(() => dialing)), "ENOBUFS");
  assertStrictEquals(open(), 0);
});

test("receiving and sending go on after a signal", async ({ libc, transport }) => {
  const { near, far } = await linuxPair(transport);
  libc.fail("recv", ERRNO.EINTR, ERRNO.EINTR);
  libc.fail("send", ERRNO.EINTR, ERRNO.EINTR);
  await assertWorks(near, far);
  far.close();
});

test("a send that finds the connection still under way waits for it", async ({ libc, transport }) => {
  const { near, far } = await linuxPair(transport);
  libc.fail("send", ERRNO.EINPROGRESS);
  assertStrictEquals(near.pollable?.send(utf8("x"), 1), WOULD_BLOCK);
  await assertWorks(near, far);
  far.close();
});

test("a receive or a send that fails says how, and the connection can be closed", async ({ libc, transport }) => {
  for (const name of ["ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENOMEM"] as const satisfies ErrnoName[]) {
    const { near, far } = await linuxPair(transport);
    libc.fail("recv", ERRNO[name]);
    const reading = near.read(new Uint8Array(10));
    await writeAll(far, utf8("x"));
    assertStrictEquals(errorCode(await assertRejects(() => reading)), name);
    libc.fail("send", ERRNO[name]);
    assertStrictEquals(errorCode(await assertRejects(() => near.write(utf8("x")))), name);
    near.close();
    far[Symbol.dispose]();
  }
});

test("waiting for events goes on after a signal, on either thread", async ({ libc, transport }) => {
  const { near, far } = await linuxPair(transport);
  const reading = near.read(new Uint8Array(10));
  libc.fail("epoll_wait", ...new Array(20).fill(ERRNO.EINTR));
  libc.fail("epoll_wait_aside", ERRNO.EINTR);
  // By then it sleeps on the other thread, and has been woken.
  await until(() => libc.isSpent);
  await writeAll(far, utf8("here"));
  assertStrictEquals(await reading, 4);
  near.close();
  far.close();
});

test("what cannot be asked of a connection that is to be reset does not hold it up", async ({ libc, transport }) => {
  const { near, far } = await linuxPair(transport);
  await near.write(utf8("all there is"));
  near.endByReset?.();
  libc.fail("getsockopt", ERRNO.ENOBUFS);
  near.close();
  await assertRejects(() => readAll(far));
  far.close();
});

test("a connection that the peer has reset can be finished", async ({ libc, transport }) => {
  const { near, far } = await linuxPair(transport);
  libc.fail("shutdown", 107);
  await near.closeWrite();
  near.close();
  far.close();
});

test("a dial that a signal interrupts goes on", async ({ libc, transport }) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  libc.interruptAfter("connect");
  const dialing = transport.connect({ ...LOOPBACK, port: listener.addr.port }, NEVER);
  using far = await listener.accept();
  await assertWorks(await dialing, far);
});
