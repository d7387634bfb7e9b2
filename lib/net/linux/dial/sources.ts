import { type AddressRange, formatIp, writeAddress } from "../../../base/mod.ts";
import { AF_INET, AF_INET6 } from "../calls/constants.ts";
import { newSockaddr } from "../calls/sockaddr.ts";

/** Addresses of one family to dial from, in turn. */
export class Sources {
  readonly #ranges: readonly AddressRange[];
  readonly #total: number;
  readonly #sockaddr: Uint8Array<ArrayBuffer>;
  readonly #at: number;
  readonly #bytes: number;
  #turn: number;

  /** Returns the addresses of a family; `undefined` where there is none. */
  static of(ranges: readonly AddressRange[], family: number): Sources | undefined {
    const bytes = family === AF_INET6 ? 16 : 4;
    const own = ranges.filter(({ first }) => first.length === bytes);
    return own.length === 0 ? undefined : new Sources(own, family);
  }

  private constructor(ranges: readonly AddressRange[], family: number) {
    this.#ranges = ranges;
    this.#total = ranges.reduce((sum, { size }) => sum + size, 0);
    const { sockaddr, at } = newSockaddr(family);
    this.#sockaddr = sockaddr;
    this.#at = at;
    this.#bytes = family === AF_INET ? 4 : 16;
    // Threads that start together do not go through them in step.
    this.#turn = Math.floor(Math.random() * this.#total);
  }

  /** How many there are. */
  get count(): number {
    return this.#total;
  }

  /** Returns the next address, with port 0; the memory is the same each time. */
  next(): Uint8Array<ArrayBuffer> {
    let offset = this.#turn;
    this.#turn = (offset + 1) % this.#total;
    for (const range of this.#ranges) {
      if (offset < range.size) {
        writeAddress(range, offset, this.#sockaddr, this.#at);
        break;
      }
      offset -= range.size;
    }
    return this.#sockaddr;
  }

  /** Formats the address that {@link Sources.next} has returned last. */
  get last(): string {
    return formatIp(this.#sockaddr.subarray(this.#at, this.#at + this.#bytes));
  }
}
