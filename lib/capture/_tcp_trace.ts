import { MAX_SEGMENT_BYTES, TCP_FLAG, type TcpEnd, tcpHeaders } from "../protocol/mod.ts";

/** An end of a connection: the proxy's own, or the other one. */
export type TraceEnd = "peer" | "proxy";

/** One packet of a {@link TcpTrace}. */
export interface TracedPacket {
  readonly from: TraceEnd;
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
  readonly timeMs: number;
  readonly comment: string | undefined;
}

export interface TcpTraceOptions {
  readonly peer: TcpEnd;
  readonly proxy: TcpEnd;
  /** The number of the session, from which the initial sequence numbers follow. */
  readonly session: number;
  /** Put on the first packet. */
  readonly comment: string;
  /** Returns whether to make a packet with this size of payload. */
  admits(payloadBytes: number): boolean;
  /** The payload is valid during the call only. */
  emit(packet: TracedPacket): void;
}

/** The state of one end. */
interface EndState {
  readonly end: TcpEnd;
  /** Sequence number of its next byte. */
  next: number;
  hasFinished: boolean;
}

/** With {@link WINDOW_SCALE}, 1 GiB: nothing that passes is ever beyond it. */
const WINDOW = 0xffff;
const WINDOW_SCALE = 14;

/** Maximum segment size (RFC 9293 section 3.2) and window scale (RFC 7323), with a NOP between. */
const SYN_OPTIONS = Uint8Array.of(
  2,
  4,
  MAX_SEGMENT_BYTES >> 8,
  MAX_SEGMENT_BYTES & 0xff,
  1,
  3,
  3,
  WINDOW_SCALE,
);

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Makes the packets of one TCP connection from what its two ends sent. Acknowledgements are synthetic: a packet
 * acknowledges all that its sender was sent, and only SYN and the last FIN are acknowledged by packets of their own.
 */
export class TcpTrace {
  readonly #options: TcpTraceOptions;
  readonly #ends: Readonly<Record<TraceEnd, EndState>>;
  #hasBegun = false;
  #isReset = false;

  constructor(options: TcpTraceOptions) {
    this.#options = options;
    const state = (end: TcpEnd, salt: number): EndState => ({
      end,
      // After the SYN, which a trace that begins later does not show. Ports that are used again get other numbers.
      next: (Math.imul(options.session, 0x9e3779b1) + salt + 1) >>> 0,
      hasFinished: false,
    });
    this.#ends = { peer: state(options.peer, 0), proxy: state(options.proxy, 0x5bd1e995) };
  }

  /** Shows the handshake; to be called before all else. */
  open(by: TraceEnd, sentMs: number, answeredMs: number): void {
    const to = other(by);
    for (const end of [by, to] as const) this.#ends[end].next = (this.#ends[end].next - 1) >>> 0;
    this.#send(by, TCP_FLAG.syn, sentMs);
    this.#send(to, TCP_FLAG.syn | TCP_FLAG.ack, answeredMs);
    this.#send(by, TCP_FLAG.ack, answeredMs);
  }

  /** Shows bytes, in as many segments of about one size as they need. */
  data(from: TraceEnd, bytes: Uint8Array, timeMs: number): void {
    const { length } = bytes;
    // A multiple of four bytes, for the sake of the checksum.
    const size = Math.ceil(length / Math.ceil(length / MAX_SEGMENT_BYTES) / 4) * 4;
    for (let start = 0; start < length; start += size) {
      const push = start + size >= length ? TCP_FLAG.push : 0;
      this.#send(from, push | TCP_FLAG.ack, timeMs, bytes.subarray(start, start + size));
    }
  }

  /** Shows a FIN, the first one of that end. */
  finish(from: TraceEnd, timeMs: number, comment?: string): void {
    if (this.#ends[from].hasFinished) return;
    this.#send(from, TCP_FLAG.fin | TCP_FLAG.ack, timeMs, undefined, comment);
    this.#ends[from].hasFinished = true;
  }

  reset(from: TraceEnd, timeMs: number, comment?: string): void {
    this.#send(from, TCP_FLAG.reset | TCP_FLAG.ack, timeMs, undefined, comment);
    this.#isReset = true;
  }

  /** Shows that the proxy closes the connection, with a comment on the last packet; nothing after a reset. */
  close(timeMs: number, { comment, byReset }: { readonly comment: string; readonly byReset: boolean }): void {
    if (this.#isReset) return;
    if (byReset) return this.reset("proxy", timeMs, comment);
    if (!this.#ends.proxy.hasFinished) return this.finish("proxy", timeMs, comment);
    this.#send("proxy", TCP_FLAG.ack, timeMs, undefined, comment);
  }

  #send(from: TraceEnd, flags: number, timeMs: number, payload?: Uint8Array, comment?: string): void {
    const bytes = payload ?? NOTHING;
    const sender = this.#ends[from];
    const { next } = sender;
    const counted = (flags & (TCP_FLAG.syn | TCP_FLAG.fin)) === 0 ? 0 : 1;
    sender.next = (next + bytes.length + counted) >>> 0;
    if (!this.#options.admits(bytes.length)) return;
    const receiver = this.#ends[other(from)];
    const headers = tcpHeaders({
      from: sender.end,
      to: receiver.end,
      sequence: next,
      acknowledgement: (flags & TCP_FLAG.ack) === 0 ? 0 : receiver.next,
      flags,
      window: WINDOW,
      ...((flags & TCP_FLAG.syn) === 0 ? {} : { options: SYN_OPTIONS }),
    }, bytes);
    const first = this.#hasBegun ? undefined : this.#options.comment;
    this.#hasBegun = true;
    this.#options.emit({ from, headers, payload: bytes, timeMs, comment: joined(first, comment) });
  }
}

function other(end: TraceEnd): TraceEnd {
  return end === "peer" ? "proxy" : "peer";
}

function joined(first: string | undefined, last: string | undefined): string | undefined {
  return first === undefined || last === undefined ? first ?? last : `${first}; ${last}`;
}
