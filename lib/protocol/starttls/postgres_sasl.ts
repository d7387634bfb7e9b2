import { NO_BYTES, type Rewrite } from "./upgrade.ts";

const AUTHENTICATION = 0x52;
const NEGOTIATE_VERSION = 0x76;
const SASL = 10;

/** Type, length, code. */
const HEAD_BYTES = 9;

/** A longer message passes unchanged: no server has so many mechanisms. */
const MAX_MESSAGE_BYTES = 512;

const BOUND = "SCRAM-SHA-256-PLUS";

/**
 * Takes SCRAM-SHA-256-PLUS out of what a server offers. That mechanism ties the password's proof to the TLS connection
 * with the server, which a client in plain text does not have: libpq gives up as soon as it is offered.
 *
 * Source: PostgreSQL 17 documentation, section 53.7 (AuthenticationSASL).
 */
export class PostgresSaslRewrite implements Rewrite {
  done = false;
  #held: Uint8Array = NO_BYTES;

  feed(bytes: Uint8Array): Uint8Array {
    this.#held = joined(this.#held, bytes);
    let out: Uint8Array = NO_BYTES;
    while (!this.done) {
      const length = this.#messageLength();
      if (length === undefined) return out;
      out = joined(out, this.#pass(length));
    }
    const rest = this.#held;
    this.#held = NO_BYTES;
    return joined(out, rest);
  }

  end(): Uint8Array {
    this.done = true;
    return this.#held;
  }

  /** Of the first message held, once it is whole; `undefined` where more must come. Others than these end the matter. */
  #messageLength(): number | undefined {
    const [type] = this.#held;
    if (type === undefined) return undefined;
    if (type !== AUTHENTICATION && type !== NEGOTIATE_VERSION) {
      this.done = true;
      return 0;
    }
    if (this.#held.length < 5) return undefined;
    const length = 1 + new DataView(this.#held.buffer, this.#held.byteOffset).getUint32(1);
    if (length < HEAD_BYTES || length > MAX_MESSAGE_BYTES) {
      this.done = true;
      return 0;
    }
    return this.#held.length < length ? undefined : length;
  }

  #pass(length: number): Uint8Array {
    const message = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    if (message[0] !== AUTHENTICATION) return message;
    this.done = true;
    return withoutBinding(message);
  }
}

function withoutBinding(message: Uint8Array): Uint8Array {
  if (new DataView(message.buffer, message.byteOffset).getUint32(5) !== SASL) return message;
  const names = new TextDecoder("latin1").decode(message.subarray(HEAD_BYTES)).split("\0").filter((name) =>
    name !== ""
  );
  const left = names.filter((name) => name !== BOUND);
  // A server that takes nothing else is for the client to refuse.
  if (left.length === names.length || left.length === 0) return message;
  const list = new TextEncoder().encode(`${left.join("\0")}\0\0`);
  const out = joined(message.subarray(0, HEAD_BYTES), list);
  new DataView(out.buffer).setUint32(1, out.length - 1);
  return out;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
