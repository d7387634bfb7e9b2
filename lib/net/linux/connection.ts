import { type Pollable, WOULD_BLOCK } from "../../base/mod.ts";
import type { Connection } from "../transport.ts";
import { badResource, interrupted } from "./calls/errno.ts";
import { ConnectedSocket } from "./connected_socket.ts";
import type { PendingRead, PendingWrite } from "./pending.ts";

/** A connection on a socket of the kernel, with reads and writes that wait where the socket's calls would have to. */
export class LinuxConnection extends ConnectedSocket implements Connection {
  #read: PendingRead | undefined;
  #write: PendingWrite | undefined;

  get pollable(): Pollable {
    return this;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.isClosed) return Promise.reject(badResource());
    if (this.#read !== undefined) return Promise.reject(new Error("read: another read is pending"));
    if (buffer.length === 0) return Promise.resolve(0);
    try {
      const count = this.isReadable ? this.receive(buffer, buffer.length) : WOULD_BLOCK;
      if (count !== WOULD_BLOCK) return Promise.resolve(count === 0 ? null : count);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#read = { buffer, resolve, reject };
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed) return Promise.reject(badResource());
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
    if (this.isClosed) return Promise.reject(badResource());
    try {
      this.finish();
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override close(): void {
    super.close();
    const read = this.#read;
    const write = this.#write;
    this.#read = this.#write = undefined;
    read?.reject(interrupted());
    write?.reject(interrupted());
    if (read !== undefined || write !== undefined) this.settled();
  }

  override withdrawRead(): boolean {
    const wasPending = this.#read !== undefined;
    this.#read = undefined;
    return wasPending;
  }

  protected override continueRead(): void {
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
    this.sockets.reactor.answered();
  }

  protected override continueWrite(): void {
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
    this.sockets.reactor.answered();
  }
}
