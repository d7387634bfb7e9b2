/** A connection from one of the own listeners to another, by way of a target. */
export interface Crossing {
  /** The listener that its client came to, by its number. */
  readonly from: number;
  /** The listener that it has arrived at. */
  readonly to: number;
  /** The port from which its client came: that of the crossing before it, where there is one. */
  readonly clientPort: number;
}

const PORTS = 65_536;

/** The words of one crossing. The first is 0 for none, else one more than {@link Crossing.from}. */
const FROM = 0;
const TO = 1;
const CLIENT_PORT = 2;
const WORKER = 3;
const WORDS = 4;

/**
 * The crossings of all threads, each by the local port of its dial, which is the port that its client is seen to come
 * from at the other listener. Two may have the same port (to different listeners, or from different addresses of this
 * machine); the later one is kept, and a circle that this hides is found one round later.
 */
export class Crossings {
  readonly #words: Int32Array;
  readonly #worker: number;

  /** Memory for all ports; the system gives it when it is first written to. */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(PORTS * WORDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Removes those of a thread that has died. */
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

  /** The crossing that dialed `to` from this port. */
  get(port: number, to: number): Omit<Crossing, "to"> | undefined {
    const at = port * WORDS;
    const from = Atomics.load(this.#words, at + FROM);
    if (from === 0 || this.#words[at + TO] !== to) return undefined;
    return { from: from - 1, clientPort: this.#words[at + CLIENT_PORT] ?? 0 };
  }

  /** Removes one, unless another has taken its port. */
  delete(port: number, { from, to }: Crossing): void {
    const at = port * WORDS;
    if (this.#words[at + TO] === to) Atomics.compareExchange(this.#words, at + FROM, from + 1, 0);
  }
}
