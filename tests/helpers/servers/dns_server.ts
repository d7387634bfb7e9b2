import type { TcpAddress } from "../../../lib/base/mod.ts";

/** The records of one name. An alias has no others. */
export type DnsEntry =
  | { readonly alias: string }
  | { readonly services: readonly { readonly port: number; readonly target: string }[] }
  | { readonly addresses: readonly string[] };

const CNAME = 5;
const TYPES = { alias: CNAME, services: 33, addresses: 1 } as const;

/**
 * A DNS server on loopback that answers as most do: with the alias and what that stands for in one message (dnsmasq does
 * not know aliases of services).
 */
export class DnsServer implements AsyncDisposable {
  readonly nameserver: TcpAddress;
  readonly #entries: Readonly<Record<string, DnsEntry>>;
  readonly #socket: Deno.DatagramConn;
  readonly #serving: Promise<void>;

  constructor(entries: Readonly<Record<string, DnsEntry>>) {
    this.#entries = entries;
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const { port } = this.#socket.addr as Deno.NetAddr;
    this.nameserver = { kind: "tcp", host: "127.0.0.1", port };
    this.#serving = this.#serve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    for await (const [query, from] of this.#socket) await this.#socket.send(this.#answer(query), from);
  }

  /** RFC 1035 section 4.1. */
  #answer(query: Uint8Array): Uint8Array {
    const { name, end } = readName(query, 12);
    const records = this.#records(name, number16(query, end));
    const head = Uint8Array.from([...query.subarray(0, 2), 0x85, 0x80, 0, 1, 0, records.length, 0, 0, 0, 0]);
    return Uint8Array.from([...head, ...query.subarray(12, end + 4), ...records.flat()]);
  }

  #records(name: string, type: number): number[][] {
    const records: number[][] = [];
    for (let at = name; records.length < 16;) {
      const entry = this.#entries[at];
      if (entry === undefined) break;
      if ("alias" in entry) {
        records.push(record(at, CNAME, nameBytes(entry.alias)));
        if (type === CNAME) break;
        at = entry.alias;
        continue;
      }
      const datas = "services" in entry
        ? entry.services.map(({ port, target }) => [0, 0, 0, 1, port >> 8, port & 255, ...nameBytes(target)])
        : entry.addresses.map((address) => address.split(".").map(Number));
      if (type !== ("services" in entry ? TYPES.services : TYPES.addresses)) break;
      for (const data of datas) records.push(record(at, type, data));
      break;
    }
    return records;
  }
}

function record(name: string, type: number, data: readonly number[]): number[] {
  return [...nameBytes(name), 0, type, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255, ...data];
}

function nameBytes(name: string): number[] {
  return [...name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0];
}

function readName(bytes: Uint8Array, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = bytes[at++] ?? 0; length > 0; length = bytes[at++] ?? 0) {
    labels.push(new TextDecoder().decode(bytes.subarray(at, at + length)));
    at += length;
  }
  return { name: labels.join(".").toLowerCase(), end: at };
}

function number16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
