import type { NearDial } from "./connected_ends.ts";
import { LinuxTransport } from "../../../lib/net/linux/transport.ts";
import { nativeProblem } from "../../../lib/net/mod.ts";

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

/** Connects with sockets of the kernel. */
export function linuxDial(): NearDial {
  const transport = new LinuxTransport();
  const never = new AbortController().signal;
  return {
    connect: (port) => transport.connect({ kind: "tcp", host: "127.0.0.1", port }, never),
    end: () => transport.end(),
  };
}
