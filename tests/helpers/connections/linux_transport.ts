import { assertEquals } from "@std/assert";
import { Libc } from "../../../lib/net/linux/calls/libc.ts";
import { Descriptors } from "../../../lib/net/linux/descriptors.ts";
import { LinuxTransport } from "../../../lib/net/linux/transport.ts";
import { type Connection, nativeProblem } from "../../../lib/net/mod.ts";
import { until } from "../until.ts";
import type { NearDial } from "./connected_ends.ts";

/** Whether tests of the kernel's own sockets can run: on Linux with glibc, with permission for FFI. */
export const hasLinuxSockets = nativeProblem() === undefined;

/** Runs with a transport on the kernel's own sockets, and ends it. */
export async function withLinuxTransport(use: (transport: LinuxTransport) => Promise<void>): Promise<void> {
  const transport = new LinuxTransport();
  try {
    await use(transport);
  } finally {
    await transport.end();
  }
}

/** As {@link withLinuxTransport}, and fails where a socket is left open, which no sanitizer of the runtime sees. */
export async function withWatchedLinuxTransport(
  use: (transport: LinuxTransport) => Promise<void>,
): Promise<void> {
  const libc = new Libc();
  const memory = Descriptors.allocate(libc);
  libc.close();
  // The thread keeps some pipes, once it has needed them.
  const open = (): number[] => [...new Descriptors(memory).list()].filter((fd) => !isPipe(fd));
  const transport = new LinuxTransport({ descriptors: memory });
  try {
    const own = open();
    await use(transport);
    // A socket that ends by a reset is closed when the other end has everything.
    await until(() => open().length <= own.length);
    assertEquals(open(), own);
  } finally {
    await transport.end();
  }
}

function isPipe(fd: number): boolean {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`).startsWith("pipe:");
  } catch {
    // It has been closed meanwhile.
    return false;
  }
}

/** A connection of the transport and its far end. */
export async function linuxPair(
  transport: LinuxTransport,
): Promise<{ readonly near: Connection; readonly far: Deno.TcpConn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [near, far] = await Promise.all([
    transport.connect(
      { kind: "tcp", host: "127.0.0.1", port: listener.addr.port },
      new AbortController().signal,
    ),
    listener.accept(),
  ]);
  return { near, far };
}

/** Connects with sockets of the kernel. */
export function linuxDial(): NearDial {
  const transport = new LinuxTransport();
  const never = new AbortController().signal;
  return {
    connect: (port) => transport.connect({ kind: "tcp", host: "127.0.0.1", port }, never),
    end: () => transport.end(),
  };
}
