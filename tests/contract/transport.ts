/**
 * What every transport promises, run for each of them against the runtime's own sockets at the other end.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { type Address, errorCode, type TcpAddress } from "../../lib/base/mod.ts";
import type { Connection, ListeningSocket, Transport } from "../../lib/net/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, randomBytes, readAll, writeAll } from "../helpers/clients.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { blackHole } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** A transport under test. */
export interface TransportCase {
  readonly name: string;
  /** Why it cannot be tested here; default: it can. */
  readonly ignore?: boolean;
  /** Runs with a transport, which is gone when this resolves. */
  with(use: (transport: Transport) => Promise<void>): Promise<void>;
}

const LOOPBACK: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
const NEVER = new AbortController().signal;

/** Registers the contract's tests for one transport. */
export function testTransportContract({ name, ignore = false, with: withTransport }: TransportCase): void {
  const test = (what: string, use: (transport: Transport) => Promise<void>): void =>
    Deno.test({ name: `${name}: ${what}`, ignore, fn: () => withTransport(use) });

  for (const host of ["127.0.0.1", "::1", "0.0.0.0", "::"]) {
    test(`listens on ${host}, and shows both ends' addresses`, async (transport) => {
      const socket = transport.listen({ ...LOOPBACK, host }, { shared: false });
      const port = portOf(socket);
      const to = host === "::1" ? "::1" : "127.0.0.1";
      const [client, conn] = await Promise.all([Deno.connect({ hostname: to, port }), socket.accept()]);
      assert(client.localAddr.transport === "tcp");
      assertEquals(tcp(conn.peer), { kind: "tcp", host: to, port: client.localAddr.port });
      assertEquals(tcp(conn.local), { kind: "tcp", host: to, port });
      conn.close();
      client.close();
      socket.close();
    });
  }

  test("a connection that is dialed shows both ends' addresses", async (transport) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const conn = await transport.connect({ ...LOOPBACK, port }, NEVER);
    using far = await listener.accept();
    assertEquals(tcp(conn.peer), { ...LOOPBACK, port });
    assertEquals(tcp(conn.local), {
      ...LOOPBACK,
      port: far.remoteAddr.transport === "tcp" ? far.remoteAddr.port : 0,
    });
    conn.close();
  });

  test("a name is looked up", async (transport) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const [conn, far] = await Promise.all([
      transport.connect({ kind: "tcp", host: "localhost", port }, NEVER),
      listener.accept(),
    ]);
    far.close();
    conn.close();
    const error = await assertRejects(() =>
      transport.connect({ kind: "tcp", host: "no-such-name.invalid", port }, NEVER)
    );
    assertStrictEquals(errorCode(error), "ENOTFOUND");
  });

  test("a port that nothing listens on refuses", async (transport) => {
    const { port } = await freedPort();
    for (const host of ["127.0.0.1", "::1", "localhost"]) {
      const error = await assertRejects(() => transport.connect({ kind: "tcp", host, port }, NEVER));
      assertStrictEquals(errorCode(error), "ECONNREFUSED");
    }
  });

  test("a bound port is in use for others, and free once closed", async (transport) => {
    const socket = transport.listen(LOOPBACK, { shared: false });
    const address: TcpAddress = { ...LOOPBACK, port: portOf(socket) };
    const error = assertThrows(() => transport.listen(address, { shared: false }));
    assertStrictEquals(errorCode(error), "EADDRINUSE");
    // Connections that were open before do not keep it.
    const [client, conn] = await Promise.all([connectTo(address.port), socket.accept()]);
    socket.close();
    conn.close();
    await readAll(client);
    client.close();
    transport.listen(address, { shared: false }).close();
  });

  test("an address of another machine cannot be bound", (transport) => {
    const error = assertThrows(() => transport.listen({ ...LOOPBACK, host: "192.0.2.1" }, { shared: false }));
    assertStrictEquals(errorCode(error), "EADDRNOTAVAIL");
    return Promise.resolve();
  });

  test("closing ends an accept that waits, and later ones fail", async (transport) => {
    const socket = transport.listen(LOOPBACK, { shared: false });
    const accepting = socket.accept().then(() => "accepted", errorCode);
    await turn();
    socket.close();
    assert(["EINTR", "EBADF"].includes(await accepting));
    assertStrictEquals(await socket.accept().then(() => "accepted", errorCode), "EBADF");
  });

  test("hundreds of connections at once are all accepted", async (transport) => {
    const socket = transport.listen(LOOPBACK, { shared: false });
    const port = portOf(socket);
    const clients = Array.from({ length: 300 }, () => connectTo(port));
    const conns: Connection[] = [];
    while (conns.length < clients.length) conns.push(await socket.accept());
    const peers = new Set(conns.map(({ peer }) => peer.kind === "tcp" ? peer.port : 0));
    assertStrictEquals(peers.size, clients.length);
    for (const conn of conns) conn.close();
    for (const client of await Promise.all(clients)) client.close();
    socket.close();
  });

  test("an aborted dial rejects with the reason and leaves nothing open", async (transport) => {
    const reason = new Error("enough");
    const early = AbortSignal.abort(reason);
    assertStrictEquals(await rejection(transport.connect({ ...LOOPBACK, port: 1 }, early)), reason);
    using hole = await blackHole();
    const controller = new AbortController();
    const dialing = rejection(transport.connect({ ...LOOPBACK, port: hole.port }, controller.signal));
    await turn();
    controller.abort(reason);
    assertStrictEquals(await dialing, reason);
  });

  test("a unix socket listens and connects, and its file goes with it", async (transport) => {
    await using folder = new TemporaryFolder();
    const path = folder.file("socket");
    const socket = transport.listenUnix(path);
    assertEquals(socket.address, { kind: "unix", path });
    assertStrictEquals(errorCode(assertThrows(() => transport.listenUnix(path))), "EADDRINUSE");
    const [near, far] = await Promise.all([
      transport.connect({ kind: "unix", path }, NEVER),
      socket.accept(),
    ]);
    assertEquals([near.peer, far.local, far.peer], [{ kind: "unix", path }, { kind: "unix", path }, {
      kind: "unix",
      path: "",
    }]);
    near.setNoDelay?.();
    near.setKeepAlive?.();
    const echoed = readSome(far);
    await near.write(utf8("through"));
    assertEquals(await echoed, utf8("through"));
    near.close();
    assertStrictEquals(await far.read(new Uint8Array(1)), null);
    far.close();
    socket.close();
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
    const error = await rejection(transport.connect({ kind: "unix", path }, NEVER));
    assertStrictEquals(errorCode(error), "ENOENT");
  });

  test("bytes pass both ways whole, and a half-close leaves the other way open", async (transport) => {
    await using pair = await connectedPair(transport);
    const { near, far } = pair;
    const up = randomBytes(3_000_000, 1);
    const down = randomBytes(2_000_000, 2);
    const [atFar, atNear] = await Promise.all([
      readAll(far),
      readAll(near),
      writeAll(near, up).then(() => near.closeWrite()),
      writeAll(far, down).then(() => far.closeWrite()),
    ]);
    assertSameBytes(atFar, up);
    assertSameBytes(atNear, down);
    // Once more does no harm.
    await near.closeWrite();
  });

  test("a write to a peer that does not read waits, and goes on when it does", async (transport) => {
    await using pair = await connectedPair(transport);
    const { near, far } = pair;
    const bytes = randomBytes(20_000_000);
    let written = 0;
    const writing = (async (): Promise<void> => {
      while (written < bytes.length) written += await near.write(bytes.subarray(written));
      await near.closeWrite();
    })();
    for (let before = -1; before !== written;) {
      before = written;
      await turn();
    }
    assert(written < bytes.length, "everything was written");
    assertSameBytes(await readAll(far), bytes);
    await writing;
  });

  test("closing ends a read and a write that wait, and later ones fail", async (transport) => {
    await using pair = await connectedPair(transport);
    const { near } = pair;
    const reading = near.read(new Uint8Array(10)).then(() => "read", errorCode);
    const writing = (async (): Promise<string> => {
      try {
        for (;;) await near.write(new Uint8Array(1_000_000));
      } catch (error) {
        return errorCode(error);
      }
    })();
    for (let i = 0; i < 20; i++) await turn();
    pair.closeNear();
    assertEquals([await reading, await writing], ["EINTR", "EINTR"]);
    assertStrictEquals(errorCode(await rejection(near.read(new Uint8Array(1)))), "EBADF");
    assertStrictEquals(errorCode(await rejection(near.write(new Uint8Array(1)))), "EBADF");
  });

  test("what a peer sent before its reset is read, then the reset; writes fail", async (transport) => {
    await using pair = await connectedPair(transport);
    const { near, far } = pair;
    await near.write(utf8("never read"));
    await writeAll(far, utf8("last words"));
    // Closing with unread bytes sends RST.
    far.close();
    const buffer = new Uint8Array(100);
    const first = await near.read(buffer);
    assertEquals(buffer.subarray(0, first ?? 0), utf8("last words"));
    const code = await near.read(buffer).then((count) => `read ${count}`, errorCode);
    assert(["ECONNRESET", "read null"].includes(code), code);
    const failing = await rejection((async () => {
      for (;;) {
        await near.write(utf8("more"));
        await turn();
      }
    })());
    assert(["EPIPE", "ECONNRESET"].includes(errorCode(failing)));
  });

  test("options of the socket are taken", async (transport) => {
    await using pair = await connectedPair(transport);
    pair.near.setNoDelay?.();
    pair.near.setNoDelay?.(false);
    pair.near.setKeepAlive?.();
    pair.near.setKeepAlive?.(false);
  });
}

/** Both ends of a connection: the near one of the transport, the far one of the runtime. */
interface ConnectedPair extends AsyncDisposable {
  readonly near: Connection;
  readonly far: Deno.TcpConn;
  closeNear(): void;
}

async function connectedPair(transport: Transport): Promise<ConnectedPair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [near, far] = await Promise.all([
    transport.connect({ ...LOOPBACK, port: listener.addr.port }, NEVER),
    listener.accept(),
  ]);
  let isClosed = false;
  const closeNear = (): void => {
    if (!isClosed) near.close();
    isClosed = true;
  };
  return {
    near,
    far,
    closeNear,
    [Symbol.asyncDispose]: (): Promise<void> => {
      closeNear();
      far[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function tcp(address: Address): TcpAddress {
  if (address.kind !== "tcp") throw new Error("expected a TCP address");
  const { host, port } = address;
  return { kind: "tcp", host, port };
}

function portOf({ address }: ListeningSocket): number {
  return tcp(address).port;
}

async function freedPort(): Promise<{ port: number }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await turn();
  return { port };
}

async function readSome(conn: Connection): Promise<Uint8Array> {
  const buffer = new Uint8Array(100);
  return buffer.slice(0, await conn.read(buffer) ?? 0);
}

function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(() => new Error("it resolved"), (error: unknown) => error);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
