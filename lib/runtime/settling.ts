import type { Duplex } from "../base/mod.ts";

/** A connection with its addresses, as the runtime's are. */
export interface AddressedDuplex extends Duplex {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
}

/**
 * A connection whose `close` rejects a write that is under way. Deno 2.6 leaves one pending until the peer reads or closes
 * (2.9 rejects it with `Interrupted`, as both do with a read), and whoever awaits it would wait as long.
 */
export class SettlingDuplex implements AddressedDuplex {
  readonly #conn: AddressedDuplex;
  #interrupt: ((reason: Error) => void) | undefined;

  constructor(conn: AddressedDuplex) {
    this.#conn = conn;
  }

  get localAddr(): Deno.Addr {
    return this.#conn.localAddr;
  }

  get remoteAddr(): Deno.Addr {
    return this.#conn.remoteAddr;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#conn.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      this.#conn.write(bytes).then(resolve, reject);
    });
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  setNoDelay(on = true): void {
    this.#conn.setNoDelay?.(on);
  }

  setKeepAlive(on = true): void {
    this.#conn.setKeepAlive?.(on);
  }

  close(): void {
    this.#conn.close();
    const interrupted = new Error("operation canceled");
    interrupted.name = "Interrupted";
    this.#interrupt?.(interrupted);
  }
}
