import {
  type Address,
  type KeepaliveTimes,
  type Pollable,
  type ReadyHandler,
  type TcpMeasures,
  WOULD_BLOCK,
} from "../../base/mod.ts";
import {
  AF_UNIX,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  IPPROTO_TCP,
  MSG_NOSIGNAL,
  SHUT_WR,
  SO_ERROR,
  SOL_SOCKET,
  TCP_NODELAY,
} from "./calls/constants.ts";
import { badResource, ERRNO, SystemError } from "./calls/errno.ts";
import { Head, type HeadSocket } from "./heads.ts";
import type { LinuxPipe, Pipes } from "./pipes.ts";
import { ownAddress } from "./socket.ts";
import { setKeepAlive } from "./socket_settings.ts";
import type { Sockets } from "./sockets.ts";
import { readTcpInfo } from "./tcp_info.ts";

export interface ConnectedSocketOptions {
  readonly family: number;
  readonly peer: Address;
  /** Default: looked up in the kernel on first use. */
  readonly local?: Address | undefined;
  /** Events that the reactor has reported, if it already watches the descriptor. */
  readonly events?: number | undefined;
}

const ENDING = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/**
 * A connected socket of the kernel, with calls that never wait. It owns the descriptor and closes it once.
 *
 * The handler that is attached learns when a call may succeed again. Until there is one, a subclass goes on with what it
 * has begun.
 */
export abstract class ConnectedSocket implements Pollable, HeadSocket {
  generation = 0;
  readonly peer: Address;
  protected readonly sockets: Sockets;
  protected readonly fd: number;
  readonly #family: number;
  #local: Address | undefined;
  #isClosed = false;
  /** Whether a receive may find something. Events set it; a receive that finds too little clears it. */
  #isReadable = false;
  #isEnding = false;
  #hasError = false;
  #hasFinished = false;
  #endsByReset = false;
  /** Whether reading has ended because everything sent has been delivered, and a reset follows. */
  #isDelivered = false;
  #handler: ReadyHandler | undefined;
  /** Goes out before all else; `undefined` once it has. */
  #head: Head | undefined;

  /** @throws {SystemError} when the kernel cannot watch it; it is closed then. */
  constructor(sockets: Sockets, fd: number, { family, peer, local, events }: ConnectedSocketOptions) {
    this.sockets = sockets;
    this.fd = fd;
    this.#family = family;
    this.peer = peer;
    this.#local = local;
    if (events !== undefined) {
      sockets.reactor.handOver(fd, this);
      // A subclass that heard of them would not have its own fields yet.
      this.#note(events);
      return;
    }
    try {
      sockets.reactor.add(fd, this);
    } catch (error) {
      sockets.close(fd);
      throw error;
    }
  }

  /** Called when there is room to send, and no handler. */
  protected abstract continueWrite(): void;

  /** Called when there is something to receive, and no handler. */
  protected abstract continueRead(): void;

  abstract withdrawRead(): boolean;

  get local(): Address {
    return this.#local ??= ownAddress(this.sockets.libc, this.fd);
  }

  get isReadable(): boolean {
    return this.#isReadable;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  protected get isClosed(): boolean {
    return this.#isClosed;
  }

  setNoDelay(on = true): void {
    if (this.#family === AF_UNIX || this.#isClosed) return;
    this.sockets.libc.setOption(this.fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
  }

  setKeepAlive(how: boolean | KeepaliveTimes = true): void {
    if (this.#family !== AF_UNIX && !this.#isClosed) setKeepAlive(this.sockets.libc, this.fd, how);
  }

  tcpInfo(): TcpMeasures | undefined {
    if (this.#family === AF_UNIX || this.#isClosed) return undefined;
    return readTcpInfo(this.sockets.libc, this.fd);
  }

  endByReset(): void {
    this.#endsByReset = this.#family !== AF_UNIX;
  }

  close(): void {
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    this.#head?.drop();
    const { reactor } = this.sockets;
    reactor.remove(this.fd);
    if (this.#endsByReset) this.sockets.drains.reset(this.fd);
    else {
      // With unread bytes, closing alone sends a reset, and data sent before may be lost.
      if (!this.#isEnding && !this.#hasFinished) this.sockets.libc.calls.shutdown(this.fd, SHUT_WR);
      this.sockets.close(this.fd);
    }
    this.#handler?.onClosed();
  }

  attach(handler: ReadyHandler): void {
    this.#handler = handler;
  }

  receive(buffer: Uint8Array, maxBytes: number): number {
    if (this.#isClosed) throw badResource();
    if (this.#isDelivered) return 0;
    const { libc } = this.sockets;
    for (;;) {
      const count = libc.calls.recv(this.fd, buffer, maxBytes, 0);
      if (count >= 0) {
        if (count < maxBytes && !this.#isEnding) this.#isReadable = false;
        if (count === 0 && this.#head?.error !== undefined) throw this.#head.error;
        return count;
      }
      const code = libc.errno;
      if (code === ERRNO.EINTR) continue;
      this.#isReadable = false;
      if (code === ERRNO.EAGAIN) return WOULD_BLOCK;
      throw new SystemError("recv", code);
    }
  }

  get pipes(): Pipes {
    return this.sockets.pipes;
  }

  receiveInto(pipe: LinuxPipe): number {
    if (this.#isClosed) throw badResource();
    if (this.#isDelivered) return 0;
    const count = this.sockets.pipes.fill(pipe, this.fd);
    if (count === WOULD_BLOCK) this.#isReadable = false;
    return count;
  }

  sendFrom(pipe: LinuxPipe): number {
    if (this.#isClosed) throw badResource();
    if (this.#head?.flush() === false) return WOULD_BLOCK;
    return this.sockets.pipes.drain(pipe, this.fd);
  }

  send(bytes: Uint8Array, length: number): number {
    if (this.#isClosed) throw badResource();
    const head = this.#head;
    if (head === undefined) return this.sendNow(bytes, length);
    const count = head.send(bytes, length);
    if (head.isSent) this.#head = undefined;
    return count;
  }

  sendFirst(head: Uint8Array): void {
    if (this.#isClosed) throw badResource();
    this.#head = new Head(this, head);
    this.sockets.heads.add(this.#head);
  }

  /** Called by the head. */
  sendNow(bytes: Uint8Array, length: number): number {
    const { libc } = this.sockets;
    for (;;) {
      const count = libc.calls.send(this.fd, bytes, length, MSG_NOSIGNAL);
      if (count >= 0) return count;
      const code = libc.errno;
      if (code === ERRNO.EINTR) continue;
      // In progress: the first packet had to go without data (`fast_open`, whose cookie has gone since the dial).
      if (code === ERRNO.EAGAIN || code === ERRNO.EINPROGRESS) return WOULD_BLOCK;
      throw new SystemError("send", code);
    }
  }

  finish(): void {
    if (this.#isClosed) throw badResource();
    if (this.#hasFinished) return;
    this.#hasFinished = true;
    this.#head?.flush();
    if (this.#endsByReset) return this.sockets.drains.watch(this.fd, this);
    const { libc } = this.sockets;
    if (libc.calls.shutdown(this.fd, SHUT_WR) === 0) return;
    const code = libc.errno;
    // The peer has reset the connection: a read reports that.
    if (code !== ERRNO.ENOTCONN) throw new SystemError("shutdown", code);
  }

  takeError(): Error | undefined {
    if (this.#isClosed || !this.#hasError) return undefined;
    this.#hasError = false;
    const code = this.sockets.libc.option(this.fd, SOL_SOCKET, SO_ERROR);
    return code === 0 ? undefined : new SystemError("connection", code);
  }

  settled(): void {
    this.sockets.reactor.settled();
  }

  again(): void {
    this.sockets.reactor.defer(this);
  }

  /** Called by the reactor. */
  onEvents(events: number): void {
    this.#note(events);
    const hasRoom = (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0;
    const isReadable = (events & (EPOLLIN | ENDING)) !== 0;
    const handler = this.#handler;
    // Room first: data held for this peer leaves before more is read for it.
    if (hasRoom) this.#head?.onRoom();
    if (handler !== undefined) {
      if (hasRoom) handler.onWritable();
      if (isReadable && !this.#isClosed) handler.onReadable();
      return;
    }
    if (hasRoom) this.continueWrite();
    if (isReadable) this.continueRead();
  }

  /** Called by the reactor. */
  onEnd(): void {
    this.#endsByReset = false;
    if (!this.#isClosed) this.close();
  }

  /** Called by the reactor, as {@link Pollable.again} asked. */
  onTurn(): void {
    if (!this.#isClosed) this.#handler?.onReadable();
  }

  /** Called when the peer's host has everything that was sent: reading ends, and a reset follows. */
  onDelivered(): void {
    if (this.#isClosed) return;
    this.#isDelivered = this.#isReadable = this.#isEnding = true;
    if (this.#handler !== undefined) this.#handler.onReadable();
    else this.continueRead();
  }

  #note(events: number): void {
    if ((events & ENDING) !== 0) {
      this.#isEnding = true;
      if ((events & EPOLLERR) !== 0) this.#hasError = true;
    }
    if ((events & (EPOLLIN | ENDING)) !== 0) this.#isReadable = true;
  }
}
