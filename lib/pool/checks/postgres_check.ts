import { PacketExchange, type PacketTurn } from "./_packet_exchange.ts";
import type { LoginCheck } from "./mysql_check.ts";
import { concatBytes } from "./check_text.ts";
import type { Turn } from "./exchange.ts";

/** The user and database of a login check. */
export interface PostgresLogin extends LoginCheck {
  /** Default `postgres`. */
  readonly database?: string | undefined;
}

/**
 * Starts a session with a PostgreSQL server (protocol 3.0). Healthy when it is ready for queries or requests a
 * password, which a server that is starting up or out of connections does not.
 *
 * Source: PostgreSQL documentation, "Frontend/Backend Protocol".
 */
export class PostgresCheck extends PacketExchange {
  readonly #user: string;
  readonly #database: string;
  readonly #isNobody: boolean;

  constructor({ user, database }: PostgresLogin) {
    super();
    this.#user = user ?? "tcpproxy";
    this.#database = database ?? "postgres";
    this.#isNobody = user === undefined;
  }

  begin(): Turn {
    const parameters = `user\0${this.#user}\0database\0${this.#database}\0application_name\0tcpproxy\0\0`;
    const text = new TextEncoder().encode(parameters);
    const head = new DataView(new ArrayBuffer(8));
    head.setUint32(0, head.byteLength + text.length);
    head.setUint32(4, PROTOCOL_3_0);
    return { verdict: "need_more", send: concatBytes([new Uint8Array(head.buffer), text]) };
  }

  /** A byte of type, four of length, which count themselves. */
  protected lengthOf(bytes: Uint8Array): number | undefined {
    const [type] = bytes;
    if (type !== undefined && !KNOWN.includes(String.fromCharCode(type))) return NaN;
    if (bytes.length < 5) return undefined;
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
    return length < 4 ? NaN : 1 + length;
  }

  protected take(packet: Uint8Array): PacketTurn {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    switch (String.fromCharCode(packet[0] ?? 0)) {
      case "Z":
        return WELL;
      case "R":
        if (packet.length < 9) return { verdict: "no_match" };
        return view.getUint32(5) === AUTHENTICATION_OK
          ? { verdict: "need_more", said: "an accepted login" }
          : WELL;
      case "E":
        return this.#takeError(packet.subarray(5));
      default:
        return { verdict: "need_more" };
    }
  }

  /** Fields of a letter and a text that ends in NUL: `C` is the SQLSTATE, `M` the message. */
  #takeError(payload: Uint8Array): PacketTurn {
    const fields = new Map(
      new TextDecoder().decode(payload).split("\0").filter((field) => field !== "")
        .map((field) => [field.charAt(0), field.slice(1)] as const),
    );
    const code = fields.get("C") ?? "";
    const isLoginRefused = code.startsWith("28") || code === NO_SUCH_DATABASE;
    return {
      verdict: this.#isNobody && isLoginRefused ? "match" : "no_match",
      said: `error ${code}: ${fields.get("M") ?? ""}`,
    };
  }
}

const PROTOCOL_3_0 = 3 << 16;
const AUTHENTICATION_OK = 0;
/** SQLSTATE "invalid catalog name". */
const NO_SUCH_DATABASE = "3D000";
/** The packets that a server may send before it is ready; anything else is another protocol. */
const KNOWN = "RESKZNv";
/** Says goodbye (Terminate). */
const WELL: PacketTurn = { verdict: "match", send: Uint8Array.of(0x58, 0, 0, 0, 4) };
