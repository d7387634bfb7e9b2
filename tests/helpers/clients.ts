import { createConnection } from "node:net";
import { concat } from "./bytes.ts";
import { seededRandom } from "./fakes/seeded_random.ts";

/** Connects to a port of this machine. The caller owns it. */
export function connectTo(port: number, hostname = "127.0.0.1"): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname, port });
}

/** Writes all of it: a single write of the runtime may take only a part. */
export async function writeAll(conn: Pick<Deno.Conn, "write">, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await conn.write(bytes.subarray(written));
}

/** Reads until FIN. */
export async function readAll(conn: Pick<Deno.Conn, "read">): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const buffer = new Uint8Array(65536);
  for (let count; (count = await conn.read(buffer)) !== null;) pieces.push(buffer.slice(0, count));
  return concat(...pieces);
}

/** Reads exactly so many bytes. */
export async function readExactly(conn: Deno.Conn, wanted: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(wanted);
  for (let have = 0; have < wanted;) {
    const count = await conn.read(bytes.subarray(have));
    if (count === null) throw new Error(`read: FIN after ${have} bytes; expected ${wanted}`);
    have += count;
  }
  return bytes;
}

/** Reads until FIN or a reset, and says which; what was read is of no interest. */
export async function readToEnd(conn: Deno.Conn): Promise<"fin" | "reset"> {
  try {
    await readAll(conn);
    return "fin";
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return "reset";
    throw error;
  }
}

/** Sends all of it with FIN behind it while it reads the reply to its end. */
export async function exchange(conn: Deno.Conn, request: Uint8Array): Promise<Uint8Array> {
  const [reply] = await Promise.all([
    readAll(conn),
    writeAll(conn, request).then(() => conn.closeWrite()),
  ]);
  return reply;
}

/** Bytes without a pattern, the same for the same seed. */
export function randomBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
  return new Uint8Array(words.buffer, 0, length);
}

/** The SHA-256 of some bytes, in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer> | Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes.slice());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A client that can send RST, which a connection of the runtime's own cannot. */
export interface ResettingClient {
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when so many bytes have arrived in all. */
  received(bytes: number): Promise<void>;
  /** Sends FIN; reading goes on. */
  finish(): Promise<void>;
  /** How the other end ends the connection. */
  readonly ended: Promise<"fin" | "reset">;
  /** Sends RST; resolves when the socket is gone. Idempotent. */
  reset(): Promise<void>;
}

/** Connects a {@link ResettingClient}; the test resets it. `onData` is given what arrives; default nobody is. */
export async function resettingClient(
  port: number,
  onData?: (bytes: Uint8Array) => void,
): Promise<ResettingClient> {
  const socket = createConnection({ host: "127.0.0.1", port, allowHalfOpen: true });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let count = 0;
  let waiting: { bytes: number; resolve: () => void }[] = [];
  socket.on("data", (chunk: Uint8Array) => {
    count += chunk.length;
    onData?.(chunk);
    for (const { bytes, resolve } of waiting) if (count >= bytes) resolve();
    waiting = waiting.filter(({ bytes }) => count < bytes);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("error", reject);
  });
  // What follows from the reset is no error of the test.
  socket.removeAllListeners("error");
  const ended = new Promise<"fin" | "reset">((resolve) => {
    socket.once("end", () => resolve("fin"));
    socket.on("error", () => resolve("reset"));
  });
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => socket.write(bytes, (error) => error ? reject(error) : resolve())),
    received: (bytes) =>
      new Promise((resolve) => count >= bytes ? resolve() : waiting.push({ bytes, resolve })),
    finish: () => new Promise((resolve) => socket.end(() => resolve())),
    ended,
    reset: () => {
      if (!socket.destroyed) socket.resetAndDestroy();
      return closed;
    },
  };
}
