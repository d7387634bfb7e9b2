import { writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { type Serve, TestTarget } from "../helpers/targets.ts";
import { patternAt } from "./pattern.ts";
import { Visit } from "./visit.ts";

/** Length of a request for a piece of the endless stream: from where, and how much, two 32-bit numbers. */
export const REQUEST_BYTES = 8;

/** Encodes a request. */
export function request(from: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, from);
  view.setUint32(4, length);
  return bytes;
}

interface Wanted {
  readonly from: number;
  readonly length: number;
}

async function readRequest(conn: Deno.Conn): Promise<Wanted> {
  const bytes = await exactly(conn, REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  return { from: view.getUint32(0), length: view.getUint32(4) };
}

/** Reads a request, and its FIN; then sends what it asks for. */
export const download = async (conn: Deno.Conn): Promise<void> => {
  const { from, length } = await readRequest(conn);
  await drain(conn);
  for (let sent = 0; sent < length;) {
    const piece = patternAt(from + sent, Math.min(64 * 1024, length - sent));
    await writeAll(conn, piece);
    sent += piece.length;
  }
  await conn.closeWrite();
};

/** Sends its FIN at once, and compares what follows a request; tells the outcome beside the connection. */
export class Uploads {
  readonly #waiting = new Map<number, (error: Error | undefined) => void>();

  readonly serve: Serve = async (conn) => {
    await conn.closeWrite();
    const { from, length } = await readRequest(conn);
    using visit = new Visit(Math.random, 120_000);
    let failure: Error | undefined;
    try {
      await visit.receive(conn, from, length);
      await visit.receiveEnd(conn);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    this.#waiting.get(from)?.(failure);
    this.#waiting.delete(from);
  };

  /** Resolves when the upload from that position, which no other has, is complete and right. */
  arrival(from: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(from, (error) => error === undefined ? resolve() : reject(error));
    });
  }

  /** Nobody waits for it any more. */
  forget(from: number): void {
    this.#waiting.delete(from);
  }
}

/** Sends back the client's address and port out of a PROXY v2 header over IPv4, and then what follows it. */
export const proxyHeaderEcho = async (conn: Deno.Conn): Promise<void> => {
  const head = await exactly(conn, 16);
  const block = await exactly(conn, new DataView(head.buffer).getUint16(14));
  await writeAll(conn, Uint8Array.from([...block.subarray(0, 4), ...block.subarray(8, 10)]));
  const buffer = new Uint8Array(64 * 1024);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    await writeAll(conn, buffer.subarray(0, count));
  }
  await conn.closeWrite();
};

/** A target that goes away with its connections now and then, and comes back on the same port. */
export class RestartingTarget implements AsyncDisposable {
  readonly address: string;
  /** Rises when it goes away, and when it is back: odd in between. */
  generation = 0;
  readonly #serve: Serve;
  #target: TestTarget;

  constructor(serve: Serve) {
    this.#serve = serve;
    // No port that the kernel could give to another while it is away.
    this.#target = new TestTarget(serve, { port: freePort() });
    this.address = this.#target.address;
  }

  async restart(downMs: number): Promise<void> {
    this.generation++;
    const { port } = this.#target;
    await this.#target[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, downMs));
    this.#target = new TestTarget(this.#serve, { port });
    this.generation++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target[Symbol.asyncDispose]();
  }
}

/** @throws {Error} when the end comes before. */
export async function exactly(
  conn: Pick<Deno.Conn, "read">,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let have = 0; have < length;) {
    const count = await conn.read(bytes.subarray(have));
    if (count === null) {
      throw new Deno.errors.ConnectionReset(`the end came after ${have} of ${length} bytes`);
    }
    have += count;
  }
  return bytes;
}

async function drain(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await conn.read(buffer) !== null);
}
