import { PacketExchange, type PacketTurn } from "./_packet_exchange.ts";
import { concatBytes } from "./check_text.ts";
import type { Turn } from "./exchange.ts";

/** The user of a login check. */
export interface LoginCheck {
  /** Default: a user that the server need not know; then a refused login counts as healthy. */
  readonly user?: string | undefined;
}

/**
 * Logs in to a MySQL or MariaDB server (protocol 41) without a password, and quits. Doing less would harm: a server
 * blocks a host after 100 connections that break off before the login (`max_connect_errors`).
 *
 * Source: MariaDB, "Connecting"; MySQL internals, "Connection Phase".
 */
export class MysqlCheck extends PacketExchange {
  readonly #user: string;
  readonly #isNobody: boolean;
  #state: "greeting" | "login" = "greeting";
  /** Password requests answered with an empty password. */
  #refusals = 0;

  constructor({ user }: LoginCheck) {
    super();
    this.#user = user ?? "tcpproxy";
    this.#isNobody = user === undefined;
  }

  begin(): Turn {
    return { verdict: "need_more" };
  }

  /** Three bytes of length, one of sequence, the payload. */
  protected lengthOf(bytes: Uint8Array): number | undefined {
    const [low, middle, high] = bytes;
    return low === undefined || middle === undefined || high === undefined
      ? undefined
      : HEADER_BYTES + low + (middle << 8) + (high << 16);
  }

  protected take(packet: Uint8Array): PacketTurn {
    const payload = packet.subarray(HEADER_BYTES);
    const [kind] = payload;
    const sequence = ((packet[3] ?? 0) + 1) & 0xff;
    if (kind === ERROR) return this.#takeError(payload);
    if (this.#state === "greeting") {
      if (kind !== PROTOCOL_10) return { verdict: "no_match" };
      this.#state = "login";
      return { verdict: "need_more", said: "a greeting", send: this.#login(sequence) };
    }
    if (kind === OK) return { verdict: "match", send: framed(0, Uint8Array.of(QUIT)) };
    if ((kind !== AUTH_SWITCH && kind !== AUTH_MORE) || ++this.#refusals > MAX_REFUSALS) {
      return { verdict: "no_match" };
    }
    return { verdict: "need_more", said: "a request for a password", send: framed(sequence, EMPTY) };
  }

  #takeError(payload: Uint8Array): PacketTurn {
    const code = (payload[1] ?? 0) | ((payload[2] ?? 0) << 8);
    const rest = new TextDecoder().decode(payload.subarray(3));
    // "#" and five characters of SQLSTATE, where the server knows what the client speaks.
    const [, state, message] = /^(?:#(.{5}))?([^]*)$/.exec(rest) ?? [];
    const isLoginRefused = this.#state === "login" && state === ACCESS_DENIED;
    return {
      verdict: this.#isNobody && isLoginRefused ? "match" : "no_match",
      said: `error ${code}: ${message}`,
    };
  }

  #login(sequence: number): Uint8Array {
    const fixed = new Uint8Array(32);
    const view = new DataView(fixed.buffer);
    view.setUint32(0, CAPABILITIES, true);
    view.setUint32(4, 1 << 24, true);
    view.setUint8(8, UTF8_GENERAL_CI);
    const user = new TextEncoder().encode(`${this.#user}\0`);
    const noPassword = Uint8Array.of(0);
    return framed(sequence, concatBytes([fixed, user, noPassword, PLUGIN]));
  }
}

function framed(sequence: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  return concatBytes([
    Uint8Array.of(length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff, sequence),
    payload,
  ]);
}

const HEADER_BYTES = 4;
const OK = 0x00;
const AUTH_MORE = 0x01;
const QUIT = 0x01;
const PROTOCOL_10 = 0x0a;
const AUTH_SWITCH = 0xfe;
const ERROR = 0xff;
const EMPTY = new Uint8Array();
/** More than any authentication method asks. */
const MAX_REFUSALS = 5;
/** LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH. */
const CAPABILITIES = 0x1 | 0x200 | 0x8000 | 0x80000;
const UTF8_GENERAL_CI = 33;
/** Whatever the user's plugin is: the server requests a switch if it is another. */
const PLUGIN = new TextEncoder().encode("mysql_native_password\0");
/** SQLSTATE "invalid authorization specification". */
const ACCESS_DENIED = "28000";
