import type { Duplex } from "./duplex.ts";
import type { KeepaliveTimes } from "./keepalive.ts";

/** A connection around another, which it owns. What a subclass does not change is the inner connection's. */
export abstract class WrappedDuplex implements Duplex {
  protected readonly conn: Duplex;

  constructor(conn: Duplex) {
    this.conn = conn;
  }

  get isTls(): boolean {
    return this.conn.isTls ?? false;
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
    this.conn.setKeepAlive?.(how);
  }

  endByReset(): void {
    this.conn.endByReset?.();
  }

  withholdEnd(): void {
    this.conn.withholdEnd?.();
  }

  passEndTo(receiver: Duplex): void {
    this.conn.passEndTo?.(receiver);
  }

  /** Closes the inner connection, which ends whatever is pending on it. */
  close(): void {
    this.conn.close();
  }
}
