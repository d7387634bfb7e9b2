import { type Address, type DialSettings, errorCode, formatAddress } from "../../../base/mod.ts";
import {
  AF_INET,
  AF_INET6,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_TRANSPARENT,
  TCP_FASTOPEN_CONNECT,
  TCP_INFO,
  TCP_SYN_SENT,
} from "../calls/constants.ts";
import type { SystemError } from "../calls/errno.ts";
import { SourceError } from "../calls/option_error.ts";
import { encodeSockaddr, familyOf } from "../calls/sockaddr.ts";
import { applySettings, setNamed } from "../socket_settings.ts";
import type { Sockets } from "../sockets.ts";
import type { DialFor } from "../../transport.ts";
import { Sources } from "./sources.ts";

/** Makes the sockets that an app's targets are dialed with. */
export class DialSockets {
  readonly #sockets: Sockets;
  readonly #settings: DialSettings;
  readonly #ipv4: Sources | undefined;
  readonly #ipv6: Sources | undefined;

  constructor(sockets: Sockets, settings: DialSettings) {
    this.#sockets = sockets;
    this.#settings = settings;
    this.#ipv4 = Sources.of(settings.source, AF_INET);
    this.#ipv6 = Sources.of(settings.source, AF_INET6);
  }

  /**
   * Creates a socket for a dial to this address; one of a unix socket has no settings.
   *
   * @throws {SystemError} {SocketOptionError} {SourceError}
   */
  create(address: Address, dialFor: DialFor | undefined): number {
    const sockets = this.#sockets;
    const settings = this.#settings;
    const family = familyOf(address);
    if (address.kind === "unix") return sockets.create(family);
    const fd = settings.mptcp ? sockets.createMultipath(family) : sockets.create(family);
    try {
      applySettings(sockets.libc, fd, settings, family);
      if (settings.transparent) this.#bindToClient(fd, family, dialFor?.client);
      else if (settings.source.length > 0) this.#bindToSource(fd, family);
      if (settings.fastOpen && (dialFor?.early !== undefined || dialFor?.speaksFirst === true)) {
        setNamed(sockets.libc, fd, {
          level: IPPROTO_TCP,
          option: TCP_FASTOPEN_CONNECT,
          value: 1,
          key: "fast_open",
        });
      }
      return fd;
    } catch (error) {
      sockets.close(fd);
      throw error;
    }
  }

  /**
   * Returns whether `connect`, which has succeeded, has only noted the address: the first packet is sent with the first data
   * (`tcp(7)` TCP_FASTOPEN_CONNECT). So it is where the target has given out a cookie before.
   */
  isWaiting(fd: number): boolean {
    // The state is the first byte of `struct tcp_info`.
    return this.#settings.fastOpen &&
      (this.#sockets.libc.option(fd, IPPROTO_TCP, TCP_INFO) & 0xff) === TCP_SYN_SENT;
  }

  /** Says more of an error of `connect` that is about the address dialed from. */
  explain(error: SystemError): Error {
    const { source, transparent } = this.#settings;
    if (error.code !== "EADDRNOTAVAIL" || (source.length === 0 && !transparent)) return error;
    const remedy = transparent ? "" : `; add addresses to "source"`;
    return new SourceError(error.code, `no port is free for another connection to this target${remedy}`);
  }

  #bindToSource(fd: number, family: number): void {
    const sources = family === AF_INET ? this.#ipv4 : this.#ipv6;
    if (sources === undefined) {
      const name = family === AF_INET ? "IPv4" : "IPv6";
      throw new SourceError("EAFNOSUPPORT", `"source" has no ${name} address for this target; add one`);
    }
    const sockaddr = sources.next();
    this.#bind(
      fd,
      sockaddr,
      (code) =>
        code === "EADDRNOTAVAIL"
          ? `"source" has ${sources.last}, which is no address of this machine; assign it, or correct the key`
          : undefined,
    );
  }

  /** Binds to an address of another machine (`ip(7)` IP_TRANSPARENT, `ipv6(7)` IPV6_TRANSPARENT): EPERM. */
  #bindToClient(fd: number, family: number, client: Address | undefined): void {
    if (client?.kind !== "tcp" || familyOf(client) !== family) {
      const from = client?.kind === "tcp"
        ? `the client's address ${client.host}`
        : "a client without an address";
      throw new SourceError("EAFNOSUPPORT", `"transparent": cannot dial this target from ${from}`);
    }
    const isIpv6 = family === AF_INET6;
    setNamed(this.#sockets.libc, fd, {
      level: isIpv6 ? IPPROTO_IPV6 : IPPROTO_IP,
      option: isIpv6 ? IPV6_TRANSPARENT : IP_TRANSPARENT,
      value: 1,
      key: "transparent",
    });
    const own: Address = { kind: "tcp", host: client.host, port: 0 };
    this.#bind(fd, encodeSockaddr(own), () => `"transparent": cannot bind to ${formatAddress(own)}`);
  }

  /** `ip(7)` IP_BIND_ADDRESS_NO_PORT: the port is chosen when the target is known, and may serve others too. */
  #bind(
    fd: number,
    sockaddr: Uint8Array<ArrayBuffer>,
    describe: (code: string) => string | undefined,
  ): void {
    const { libc } = this.#sockets;
    setNamed(libc, fd, { level: IPPROTO_IP, option: IP_BIND_ADDRESS_NO_PORT, value: 1, key: "source" });
    if (libc.calls.bind(fd, sockaddr, sockaddr.length) === 0) return;
    const error = libc.error("bind");
    const code = errorCode(error);
    throw new SourceError(code, describe(code) ?? error.message);
  }
}
