import { parseIp } from "../../../lib/base/mod.ts";
import { resolveAddresses, ResolveError, resolveServices } from "../../../lib/dial/mod.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { uint16 } from "../../helpers/tls/client_hello.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type Checker, type FuzzTarget, holds } from "../engine/fuzz_target.ts";

/** Answers that are none leave the lookup to its limit, so it is short. */
const TIMEOUT_MS = 40;

const A = 1;
const CNAME = 5;
const AAAA = 28;
const SRV = 33;

/** The input is what follows the question of an answer, after two bytes of flags and the counts of its records. */
export const DNS_WIRE: FuzzTarget = {
  name: "dns_wire",
  what: "answers of a DNS server",
  longRun: 20_000,
  testRun: 100,
  dictionary: [
    Uint8Array.of(0xc0, 12),
    Uint8Array.of(0xc0, 0),
    Uint8Array.of(0, 1, 0, 1),
    Uint8Array.of(0, 33, 0, 1),
    Uint8Array.of(0, 5, 0, 1),
    Uint8Array.of(0, 41),
    Uint8Array.of(0, 0, 0, 60),
    "\x01a\x04test\0",
    Uint8Array.of(63),
  ],
  make,
  begin: () => new DnsChecker(),
};

function make(draw: Draw): Uint8Array {
  const records = draw.list(4, () => record(draw));
  const flags = draw.once(4) ? Uint8Array.of(draw.edge(8), draw.edge(8)) : Uint8Array.of(0x85, 0x80);
  const count = draw.once(8) ? draw.edge(8) : records.length;
  return concat(flags, uint16(count), uint16(draw.once(8) ? draw.below(3) : 0), uint16(0), ...records);
}

function name(draw: Draw): Uint8Array {
  if (draw.once(2)) return Uint8Array.of(0xc0, draw.once(4) ? draw.below(80) : 12);
  if (draw.once(8)) return concat(Uint8Array.of(draw.edge(8)), draw.bytes(70));
  return concat(
    ...draw.list(4, () => {
      const label = draw.once(5)
        ? draw.bytesOf(draw.between(1, 63))
        : utf8(draw.pick(["a", "test", "*", "xn--x", "a.b"]));
      return concat(Uint8Array.of(label.length), label);
    }),
    Uint8Array.of(0),
  );
}

function record(draw: Draw): Uint8Array {
  const type = draw.pick([A, A, AAAA, SRV, SRV, CNAME, 41, 6, 255]);
  const data = type === A
    ? draw.bytesOf(draw.once(9) ? draw.below(9) : 4)
    : type === AAAA
    ? draw.bytesOf(draw.once(9) ? draw.below(20) : 16)
    : type === SRV
    ? concat(uint16(draw.edge(16)), uint16(draw.edge(16)), uint16(draw.edge(16)), name(draw))
    : type === CNAME
    ? name(draw)
    : draw.bytes(30);
  const length = draw.once(12) ? draw.edge(16) : data.length;
  return concat(
    name(draw),
    uint16(type),
    uint16(draw.once(9) ? 255 : 1),
    draw.bytesOf(4),
    uint16(length),
    data,
  );
}

class DnsChecker implements Checker {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  readonly #serving: Promise<void>;
  #answer: Uint8Array = new Uint8Array();

  constructor() {
    this.#serving = this.#serve();
  }

  async check(input: Uint8Array): Promise<void> {
    this.#answer = input;
    const { port } = this.#socket.addr as Deno.NetAddr;
    const options = { nameserver: { kind: "tcp", host: "127.0.0.1", port }, timeoutMs: TIMEOUT_MS } as const;
    // A name that no file of this machine knows.
    const isService = new Draw(seedFor(input)).once(2);
    try {
      if (!isService) {
        const addresses = await resolveAddresses("a.fuzz.test.", options);
        const isGood = addresses.every((address) => parseIp(address) !== undefined);
        holds(isGood && new Set(addresses).size === addresses.length, () => `the addresses are ${addresses}`);
        return;
      }
      for (const record of await resolveServices("_a._tcp.fuzz.test.", options)) {
        const numbers = [record.port, record.priority, record.weight];
        holds(
          numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 65_536) &&
            record.target !== "",
          () => `a record is ${JSON.stringify(record)}`,
        );
      }
    } catch (error) {
      if (!(error instanceof ResolveError)) throw error;
      holds(error.message.startsWith('resolve "') && error.code !== "", () => `it says ${error.message}`);
    }
  }

  async end(): Promise<void> {
    this.#socket.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    for await (const [query, from] of this.#socket) {
      // The question goes to the end of its name, type and class.
      const end = query.indexOf(0, 12) + 5;
      const answer = concat(
        query.subarray(0, 2),
        this.#answer.subarray(0, 2),
        uint16(1),
        this.#answer.subarray(2, 8),
        query.subarray(12, end),
        this.#answer.subarray(8),
      );
      await this.#socket.send(answer.subarray(0, 4000), from);
    }
  }
}
