/**
 * Connections whose first packet carries data (TCP Fast Open, RFC 7413).
 *
 * @module
 */
import { WOULD_BLOCK } from "../../../base/mod.ts";
import type { CancelSignal } from "../../cancel.ts";
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLOUT,
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  SO_ERROR,
  SOL_SOCKET,
  TCP_CLOSE,
  TCP_INFO,
  TCP_SYN_SENT,
} from "../calls/constants.ts";
import type { ConnectedSocketOptions } from "../connected_socket.ts";
import { LinuxConnection } from "../connection.ts";
import { ERRNO, interrupted, SystemError } from "../calls/errno.ts";
import type { Sockets } from "../sockets.ts";

/**
 * Sends the first bytes on a socket whose `connect` waits for them (TCP_FASTOPEN_CONNECT); returns how many went. The
 * kernel repeats them after the handshake if the peer has not taken them with it.
 *
 * @throws {SystemError} as `connect`.
 */
export function sendEarly({ libc }: Sockets, fd: number, bytes: Uint8Array): number {
  for (;;) {
    const count = libc.calls.send(fd, bytes as Uint8Array<ArrayBuffer>, bytes.length, MSG_NOSIGNAL);
    if (count >= 0) return count;
    const code = libc.errno;
    if (code === ERRNO.EINPROGRESS) return 0;
    if (code !== ERRNO.EINTR) throw new SystemError("connect", code);
  }
}

/** A connection on which the first bytes have been sent already: the first to be sent are these, and only counted. */
export class EarlyConnection extends LinuxConnection {
  #sent: number;

  constructor(
    sockets: Sockets,
    fd: number,
    { sent, ...options }: ConnectedSocketOptions & { readonly sent: number },
  ) {
    super(sockets, fd, options);
    this.#sent = sent;
  }

  override send(bytes: Uint8Array<ArrayBuffer>, length: number): number {
    if (this.#sent === 0) return super.send(bytes, length);
    const count = Math.min(this.#sent, length);
    this.#sent -= count;
    if (count === length) return count;
    // The first packet had no room for the rest, and the kernel reports only room that it has lacked.
    const rest = super.send(bytes.subarray(count, length), length - count);
    return rest === WOULD_BLOCK ? count : count + rest;
  }
}

/** A connection that the first send makes. */
export class OpeningConnection extends LinuxConnection {
  #settle: ((error?: unknown) => void) | undefined;

  established(signal: CancelSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#settle?.(signal.reason);
      signal.addEventListener("abort", onAbort);
      this.#settle = (error) => {
        this.#settle = undefined;
        signal.removeEventListener("abort", onAbort);
        this.sockets.reactor.settled();
        if (error === undefined) resolve();
        else reject(error);
      };
      // On this machine the answer may be there already.
      this.#look();
    });
  }

  override onEvents(events: number): void {
    if (this.#settle !== undefined && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0) this.#look();
    super.onEvents(events);
  }

  override close(): void {
    super.close();
    this.#settle?.(interrupted());
  }

  /** Settles unless the answer is still to come. The state is the first byte of `struct tcp_info`. */
  #look(): void {
    const { libc } = this.sockets;
    const state = libc.option(this.fd, IPPROTO_TCP, TCP_INFO) & 0xff;
    if (state === TCP_SYN_SENT) return;
    const code = libc.option(this.fd, SOL_SOCKET, SO_ERROR);
    const isRefused = code !== 0 || state === TCP_CLOSE;
    this.#settle?.(
      isRefused ? new SystemError("connect", code === 0 ? ERRNO.ECONNREFUSED : code) : undefined,
    );
  }
}
