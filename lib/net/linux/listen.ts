import { type Address, type ListenSettings, PLAIN_LISTEN, type TcpAddress } from "../../base/mod.ts";
import { SettingsError, type SocketHandle } from "../transport.ts";
import {
  AF_INET6,
  AF_UNIX,
  F_DUPFD_CLOEXEC,
  IPPROTO_IPV6,
  IPPROTO_MPTCP,
  IPV6_V6ONLY,
  SO_PROTOCOL,
  SO_REUSEADDR,
  SOL_SOCKET,
} from "./calls/constants.ts";
import { ERRNO, SystemError } from "./calls/errno.ts";
import { encodeSockaddr, familyOf } from "./calls/sockaddr.ts";
import { cookieOf, LinuxListeningSocket } from "./listening_socket.ts";
import { ownAddress } from "./socket.ts";
import { applyListenSettings, changeListenSettings } from "./socket_settings.ts";
import type { Sockets } from "./sockets.ts";

/** Connections that the kernel may complete ahead of `accept`, as for the runtime's sockets. */
const BACKLOG = 4096;

/** Binds a TCP address. @throws {SystemError} and {SocketOptionError} */
export function listenTcp(
  sockets: Sockets,
  address: TcpAddress,
  settings: ListenSettings = PLAIN_LISTEN,
): LinuxListeningSocket {
  const family = familyOf(address);
  const { libc } = sockets;
  const fd = settings.mptcp ? sockets.createMultipath(family) : sockets.create(family);
  return bind(sockets, address, {
    fd,
    settings,
    prepare: () => {
      libc.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      // "::" serves IPv4 too, whatever the system's default is.
      if (family === AF_INET6 && address.host === "::") libc.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
      applyListenSettings(libc, fd, settings, family);
    },
  });
}

/** Binds a unix socket, whose file is removed when it is closed. @throws {SystemError} */
export function listenUnix(sockets: Sockets, path: string): LinuxListeningSocket {
  return bind(sockets, { kind: "unix", path }, { fd: sockets.create(AF_UNIX), prepare: () => {} });
}

/**
 * Opens a socket of another thread, or one that this process was started with, a second time. The file of a unix socket
 * belongs to the one that bound it.
 *
 * @param settings further settings; default none.
 * @throws {SystemError} when it is closed meanwhile: EBADF, also if its number meanwhile belongs to another socket.
 */
export function openShared(
  sockets: Sockets,
  address: Address,
  { handle, settings }: { readonly handle: SocketHandle; readonly settings?: ListenSettings | undefined },
): LinuxListeningSocket {
  const { libc } = sockets;
  const fd = sockets.own(libc.check("fcntl", libc.calls.fcntl(handle.fd, F_DUPFD_CLOEXEC, 0)));
  try {
    if (cookieOf(libc, fd) !== handle.cookie) throw new SystemError("fcntl", ERRNO.EBADF);
    if (settings === undefined || address.kind === "unix") {
      return new LinuxListeningSocket(sockets, fd, address);
    }
    const isMultipath = libc.option(fd, SOL_SOCKET, SO_PROTOCOL) === IPPROTO_MPTCP;
    // Where the kernel has none, the process before has made one of TCP as well.
    if (settings.mptcp && !isMultipath && sockets.multipathRefusal() === undefined) {
      throw new SettingsError(
        "systemd makes such a socket with SocketProtocol=mptcp; after an upgrade, restart once",
      );
    }
    changeListenSettings(libc, fd, { before: PLAIN_LISTEN, after: settings, family: familyOf(address) });
    return new LinuxListeningSocket(sockets, fd, address, { settings });
  } catch (error) {
    sockets.close(fd);
    throw error;
  }
}

interface NewSocket {
  readonly fd: number;
  readonly settings?: ListenSettings;
  prepare(): void;
}

/** Takes over a new socket; closes it when it throws. */
function bind(
  sockets: Sockets,
  address: Address,
  { fd, settings, prepare }: NewSocket,
): LinuxListeningSocket {
  const { libc } = sockets;
  try {
    const name = encodeSockaddr(address);
    prepare();
    libc.check("bind", libc.calls.bind(fd, name, name.length));
    libc.check("listen", libc.calls.listen(fd, BACKLOG));
    if (address.kind === "unix") return new LinuxListeningSocket(sockets, fd, address, { ownsFile: true });
    const bound = ownAddress(libc, fd);
    const port = bound.kind === "tcp" ? bound.port : address.port;
    return new LinuxListeningSocket(sockets, fd, { ...address, port }, { settings });
  } catch (error) {
    sockets.close(fd);
    throw error;
  }
}
