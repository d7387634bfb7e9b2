import {
  type Address,
  type KeepaliveTimes,
  type Pollable,
  type ReadyHandler,
  type TcpMeasures,
  WOULD_BLOCK,
} from "../../base/mod.ts";
import type { Connection } from "../transport.ts";
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
import { badResource, ERRNO, interrupted, SystemError } from "./calls/errno.ts";
import type { LinuxPipe, Pipes } from "./pipes.ts";
import type { PendingRead, PendingWrite } from "./pending.ts";
import { ownAddress } from "./socket.ts";
import { setKeepAlive } from "./socket_settings.ts";
import type { Sockets } from "./sockets.ts";
import { readTcpInfo } from "./tcp_info.ts";

export interface LinuxConnectionOptions {
  readonly family: number;
  readonly peer: Address;
  /** Default: looked up in the kernel on first use. */
  readonly local?: Address | undefined;
  /** Events that the reactor has reported, if it already watches the descriptor. */
  readonly events?: number | undefined;
}

const ENDING = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/** A connection on a socket of the kernel. It owns the descriptor and closes it once. */
export class LinuxConnection implements Connection, Pollable {
  generation = 0;
  readonly peer: Address;
  readonly #sockets: Sockets;
  readonly #fd: number;
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
  #read: PendingRead | undefined;
  #write: PendingWrite | undefined;
  #handler: ReadyHandler | undefined;

  /** @throws {SystemError} when the kernel cannot watch it; it is closed then. */
  constructor(sockets: Sockets, fd: number, { family, peer, local, events }: LinuxConnectionOptions) {
    this.#sockets = sockets;
    this.#fd = fd;
    this.#family = family;
    this.peer = peer;
    this.#local = local;
    if (events !== undefined) {
      sockets.reactor.handOver(fd, this);
      this.onEvents(events);
      return;
    }
    try {
      sockets.reactor.add(fd, this);
    } catch (error) {
      sockets.close(fd);
      throw error;
    }
  }

  get local(): Address {
    return this.#local ??= ownAddress(this.#sockets.libc, this.#fd);
  }

  get pollable(): Pollable {
    return this;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#isClosed) return Promise.reject(badResource());
    if (this.#read !== undefined) return Promise.reject(new Error("read: another read is pending"));
    if (buffer.length === 0) return Promise.resolve(0);
    try {
      const count = this.#isReadable || this.#isDelivered ? this.receive(buffer, buffer.length) : WOULD_BLOCK;
      if (count !== WOULD_BLOCK) return Promise.resolve(count === 0 ? null : count);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#read = { buffer, resolve, reject };
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#isClosed) return Promise.reject(badResource());
    if (this.#write !== undefined) return Promise.reject(new Error("write: another write is pending"));
    if (bytes.length === 0) return Promise.resolve(0);
    try {
      const count = this.send(bytes, bytes.length);
      if (count !== WOULD_BLOCK) return Promise.resolve(count);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#write = { bytes, resolve, reject };
    });
  }

  closeWrite(): Promise<void> {
    if (this.#isClosed) return Promise.reject(badResource());
    try {
      this.finish();
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  setNoDelay(on = true): void {
    if (this.#family === AF_UNIX || this.#isClosed) return;
    this.#sockets.libc.setOption(this.#fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
  }

  setKeepAlive(how: boolean | KeepaliveTimes = true): void {
    if (this.#family !== AF_UNIX && !this.#isClosed) setKeepAlive(this.#sockets.libc, this.#fd, how);
  }

  tcpInfo(): TcpMeasures | undefined {
    if (this.#family === AF_UNIX || this.#isClosed) return undefined;
    return readTcpInfo(this.#sockets.libc, this.#fd);
  }

  endByReset(): void {
    this.#endsByReset = this.#family !== AF_UNIX;
  }

  close(): void {
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    const { reactor } = this.#sockets;
    reactor.remove(this.#fd);
    if (this.#endsByReset) this.#sockets.drains.reset(this.#fd);
    else {
      // With unread bytes, closing alone sends a reset, and data sent before may be lost.
      if (!this.#isEnding && !this.#hasFinished) this.#sockets.libc.calls.shutdown(this.#fd, SHUT_WR);
      this.#sockets.close(this.#fd);
    }
    const read = this.#read;
    const write = this.#write;
    this.#read = this.#write = undefined;
    read?.reject(interrupted());
    write?.reject(interrupted());
    if (read !== undefined || write !== undefined) reactor.settled();
    this.#handler?.onClosed();
  }

  get isReadable(): boolean {
    return this.#isReadable;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  attach(handler: ReadyHandler): void {
    this.#handler = handler;
  }

  withdrawRead(): boolean {
    const wasPending = this.#read !== undefined;
    this.#read = undefined;
    return wasPending;
  }

  receive(buffer: Uint8Array, maxBytes: number): number {
    if (this.#isClosed) throw badResource();
    if (this.#isDelivered) return 0;
    const { libc } = this.#sockets;
    for (;;) {
      const count = libc.calls.recv(this.#fd, buffer, maxBytes, 0);
      if (count >= 0) {
        if (count < maxBytes && !this.#isEnding) this.#isReadable = false;
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
    return this.#sockets.pipes;
  }

  receiveInto(pipe: LinuxPipe): number {
    if (this.#isClosed) throw badResource();
    if (this.#isDelivered) return 0;
    const count = this.#sockets.pipes.fill(pipe, this.#fd);
    if (count === WOULD_BLOCK) this.#isReadable = false;
    return count;
  }

  sendFrom(pipe: LinuxPipe): number {
    if (this.#isClosed) throw badResource();
    return this.#sockets.pipes.drain(pipe, this.#fd);
  }

  send(bytes: Uint8Array, length: number): number {
    if (this.#isClosed) throw badResource();
    const { libc } = this.#sockets;
    for (;;) {
      const count = libc.calls.send(this.#fd, bytes, length, MSG_NOSIGNAL);
      if (count >= 0) return count;
      const code = libc.errno;
      if (code === ERRNO.EINTR) continue;
      if (code === ERRNO.EAGAIN) return WOULD_BLOCK;
      throw new SystemError("send", code);
    }
  }

  finish(): void {
    if (this.#isClosed) throw badResource();
    if (this.#hasFinished) return;
    this.#hasFinished = true;
    if (this.#endsByReset) return this.#sockets.drains.watch(this.#fd, this);
    const { libc } = this.#sockets;
    if (libc.calls.shutdown(this.#fd, SHUT_WR) === 0) return;
    const code = libc.errno;
    // The peer has reset the connection: a read reports that.
    if (code !== ERRNO.ENOTCONN) throw new SystemError("shutdown", code);
  }

  takeError(): Error | undefined {
    if (this.#isClosed || !this.#hasError) return undefined;
    this.#hasError = false;
    const code = this.#sockets.libc.option(this.#fd, SOL_SOCKET, SO_ERROR);
    return code === 0 ? undefined : new SystemError("connection", code);
  }

  settled(): void {
    this.#sockets.reactor.settled();
  }

  again(): void {
    this.#sockets.reactor.defer(this);
  }

  /** Called by the reactor. */
  onEvents(events: number): void {
    if ((events & ENDING) !== 0) {
      this.#isEnding = true;
      if ((events & EPOLLERR) !== 0) this.#hasError = true;
    }
    const isReadable = (events & (EPOLLIN | ENDING)) !== 0;
    if (isReadable) this.#isReadable = true;
    const handler = this.#handler;
    if (handler !== undefined) {
      // Room first: data held for this peer leaves before more is read for it.
      if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0) handler.onWritable();
      if (isReadable && !this.#isClosed) handler.onReadable();
      return;
    }
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0 && this.#write !== undefined) this.#tryWrite();
    if (isReadable && this.#read !== undefined) this.#tryRead();
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
    else this.#tryRead();
  }

  #tryRead(): void {
    const read = this.#read;
    if (read === undefined) return;
    try {
      const count = this.receive(read.buffer, read.buffer.length);
      if (count === WOULD_BLOCK) return;
      this.#read = undefined;
      read.resolve(count === 0 ? null : count);
    } catch (error) {
      this.#read = undefined;
      read.reject(error);
    }
    this.#sockets.reactor.answered();
  }

  #tryWrite(): void {
    const write = this.#write;
    if (write === undefined) return;
    try {
      const count = this.send(write.bytes, write.bytes.length);
      if (count === WOULD_BLOCK) return;
      this.#write = undefined;
      write.resolve(count);
    } catch (error) {
      this.#write = undefined;
      write.reject(error);
    }
    this.#sockets.reactor.answered();
  }
}
