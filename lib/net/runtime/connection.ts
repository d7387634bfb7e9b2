import { type Address, type KeepaliveTimes, unmapAddress } from "../../base/mod.ts";
import { runtimeAtLeast } from "../../runtime/mod.ts";
import type { Connection } from "../transport.ts";

/** The part of the runtime's connection that is used. */
export interface RuntimeConn extends Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close"> {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  setNoDelay?(on?: boolean): void;
  setKeepAlive?(on?: boolean): void;
}

/** Wraps a connection of the runtime, which belongs to the wrapper from then on. */
export function connectionOf(conn: RuntimeConn): Connection {
  return CLOSE_SETTLES_WRITES ? new RuntimeConnection(conn) : new SettlingConnection(conn);
}

/** Deno 2.9 settles a write when its connection is closed. */
const CLOSE_SETTLES_WRITES = runtimeAtLeast(2, 9);

/** A connection of the runtime. Its addresses are converted when they are asked for. */
export class RuntimeConnection implements Connection {
  protected readonly conn: RuntimeConn;
  #local: Address | undefined;
  #peer: Address | undefined;

  constructor(conn: RuntimeConn) {
    this.conn = conn;
  }

  get local(): Address {
    return this.#local ??= addressOf(this.conn.localAddr);
  }

  get peer(): Address {
    return this.#peer ??= addressOf(this.conn.remoteAddr);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.conn.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.conn.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.conn.closeWrite();
  }

  setNoDelay(on = true): void {
    this.conn.setNoDelay?.(on);
  }

  setKeepAlive(how: boolean | KeepaliveTimes = true): void {
    this.conn.setKeepAlive?.(how !== false);
  }

  close(): void {
    this.conn.close();
  }
}

/**
 * A connection whose `close` rejects a pending write. Deno 2.6 leaves one pending until the peer reads or closes; 2.9
 * rejects it with `Interrupted`, as both do with a read.
 */
export class SettlingConnection extends RuntimeConnection {
  #interrupt: ((reason: Error) => void) | undefined;

  override write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      this.conn.write(bytes).then(resolve, reject);
    });
  }

  override close(): void {
    super.close();
    const interrupted = new Error("operation canceled");
    interrupted.name = "Interrupted";
    this.#interrupt?.(interrupted);
  }
}

function addressOf(addr: Deno.Addr): Address {
  if (addr.transport === "tcp" || addr.transport === "udp") {
    return unmapAddress({ kind: "tcp", host: addr.hostname, port: addr.port });
  }
  // A client that has bound no path of its own has `null` there, whatever the type says.
  return { kind: "unix", path: "path" in addr ? addr.path ?? "" : "" };
}
