/** A connection from one of the proxy's listeners to another, by way of a target. */
export interface Crossing {
  /** Id of the listener that its client came to. */
  readonly from: number;
  /** Id of the listener at which it arrived. */
  readonly to: number;
  /** Port of its client: the local port of the previous crossing, if there is one. */
  readonly clientPort: number;
}

const PORTS = 65_536;

/** Layout of one crossing. The first word is 0 for none, else {@link Crossing.from} + 1. */
const FROM = 0;
const TO = 1;
const CLIENT_PORT = 2;
const WORKER = 3;
const WORDS = 4;

/**
 * The crossings of all threads, keyed by the local port of the dial, which is the client port that the other listener
 * sees. Two crossings can share a port (to different listeners, or from different addresses of this machine). The
 * later one wins; a loop that this hides is found one round later.
 */
export class Crossings {
  readonly #words: Int32Array;
  readonly #worker: number;

  /** Allocates memory for all ports; the system commits a page on its first write. */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(PORTS * WORDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Removes the crossings of a thread that has died. */
  static forget(memory: SharedArrayBuffer, worker: number): void {
    const words = new Int32Array(memory);
    for (let at = 0; at < words.length; at += WORDS) {
      if (words[at + FROM] !== 0 && words[at + WORKER] === worker) Atomics.store(words, at + FROM, 0);
    }
  }

  constructor(memory: SharedArrayBuffer, worker: number) {
    this.#words = new Int32Array(memory);
    this.#worker = worker;
  }

  set(port: number, { from, to, clientPort }: Crossing): void {
    const at = port * WORDS;
    this.#words[at + TO] = to;
    this.#words[at + CLIENT_PORT] = clientPort;
    this.#words[at + WORKER] = this.#worker;
    Atomics.store(this.#words, at + FROM, from + 1);
  }

  /** Returns the crossing that dialed `to` from this port. */
  get(port: number, to: number): Omit<Crossing, "to"> | undefined {
    const at = port * WORDS;
    const from = Atomics.load(this.#words, at + FROM);
    if (from === 0 || this.#words[at + TO] !== to) return undefined;
    return { from: from - 1, clientPort: this.#words[at + CLIENT_PORT] ?? 0 };
  }

  /** Removes a crossing, unless another has taken its port. */
  delete(port: number, { from, to }: Crossing): void {
    const at = port * WORDS;
    if (this.#words[at + TO] === to) Atomics.compareExchange(this.#words, at + FROM, from + 1, 0);
  }
}
