import { parseIpv6 } from "../../base/mod.ts";
import { runtimeAtLeast } from "../../runtime/mod.ts";
import type { DatagramSocket } from "../datagram.ts";

/** Addresses that a socket for UDP is bound to: any interface, a port that the system chooses. */
export const UDP_ANY = { ipv4: "0.0.0.0", ipv6: "::", port: 0 } as const;

/**
 * The socket file that this process binds in order to send to a unix socket, where the runtime's permissions are a list
 * of paths. It is there for a moment only.
 */
export const OWN_SOCKET_FILE = "/tmp/tcpproxy-datagram.sock";

/** Opens a socket that sends to an IP address and port over UDP. Nothing tells whether a datagram arrives. */
export function openUdp(host: string, port: number): DatagramSocket {
  const hostname = parseIpv6(host) === undefined ? UDP_ANY.ipv4 : UDP_ANY.ipv6;
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: UDP_ANY.port });
  return socketTo(socket, { transport: "udp", hostname: host, port });
}

/**
 * Opens a socket that sends to a unix datagram socket. A name that begins with `@` is Linux's abstract namespace.
 *
 * @throws {DatagramError} for an abstract name on a runtime that cannot send there, and the system's error.
 */
export function openUnixDatagram(path: string): DatagramSocket {
  const isAbstract = path.startsWith("@");
  if (isAbstract && !HAS_ABSTRACT_NAMES) {
    throw new DatagramError(`"${path}" is an abstract name; only Deno 2.9 and newer can send there`);
  }
  return socketTo(bindUnix(), { transport: "unixpacket", path: isAbstract ? `\0${path.slice(1)}` : path });
}

/** A datagram socket that this runtime cannot open; the message says why. */
export class DatagramError extends Error {
  override readonly name = "DatagramError";
}

/** Deno 2.9 binds to and sends to abstract names; 2.6 refuses them. */
const HAS_ABSTRACT_NAMES = Deno.build.os === "linux" && runtimeAtLeast(2, 9);

/**
 * Binds a unix datagram socket: the runtime has none without an address. An abstract name needs no file and no permission
 * but that for the network. The file of another is removed at once, which the socket does not notice, so that none is
 * left behind.
 */
function bindUnix(): Deno.DatagramConn {
  const unique = `${Deno.pid}-${crypto.randomUUID()}`;
  if (HAS_ABSTRACT_NAMES) {
    try {
      return Deno.listenDatagram({ transport: "unixpacket", path: `\0tcpproxy-${unique}` });
    } catch (error) {
      // Permissions that are a list cannot name it.
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
    }
  }
  try {
    return bindFile(`/tmp/tcpproxy-${unique}.sock`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  return bindFile(OWN_SOCKET_FILE);
}

function bindFile(path: string): Deno.DatagramConn {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  try {
    Deno.removeSync(path);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function socketTo(socket: Deno.DatagramConn, address: Deno.Addr): DatagramSocket {
  return {
    send: async (datagram) => void await socket.send(datagram, address),
    close: () => socket.close(),
  };
}
