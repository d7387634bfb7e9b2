import type { Duplex } from "../../../lib/base/mod.ts";
import { concat } from "../bytes.ts";

/** Two ends of a TCP connection on this machine. */
export interface TcpPair {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;
}

/** Connects to itself. The caller owns both ends. */
export async function tcpPair(): Promise<TcpPair> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const [client, server] = await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
  return { client, server };
}

/** Writes all of it. */
export async function sendAll(conn: Duplex, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

/** Reads to the end. */
export async function receiveAll(conn: Duplex): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const buffer = new Uint8Array(65536);
  for (let count; (count = await conn.read(buffer)) !== null;) pieces.push(buffer.slice(0, count));
  return concat(...pieces);
}

/** Sends back what comes, and its end. */
export async function echoBack(conn: Duplex): Promise<void> {
  const buffer = new Uint8Array(65536);
  for (let count; (count = await conn.read(buffer)) !== null;) await sendAll(conn, buffer.subarray(0, count));
  await conn.closeWrite();
}

/** The SHA-256 of some bytes, in hex. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What openssl printed, and how it ended. */
export interface OpensslRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `openssl s_client` against a port of this machine; standard input ends after `input`. */
export async function runSClient(
  port: number,
  options: { args?: readonly string[]; input?: string } = {},
): Promise<OpensslRun> {
  const { args = [], input = "" } = options;
  const process = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  const output = process.output();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    // It may end before it reads: what it printed tells.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  const { code, stdout, stderr } = await output;
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Runs `openssl s_server`, which sends back each line reversed, gives its port to `use`, and ends it. */
export async function withSServer(
  args: readonly string[],
  use: (port: number) => Promise<void>,
): Promise<void> {
  const process = new Deno.Command("openssl", {
    args: ["s_server", "-accept", "127.0.0.1:0", "-rev", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = process.stdout.getReader();
  try {
    let text = "";
    let port: number | undefined;
    while (port === undefined) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`openssl s_server ${args.join(" ")}: it ended at once`);
      text += new TextDecoder().decode(value);
      const match = /ACCEPT .*:(\d+)/.exec(text)?.[1];
      if (match !== undefined) port = Number(match);
    }
    const drained = drain(reader);
    await use(port);
    kill(process);
    await drained;
  } finally {
    kill(process);
    await reader.cancel();
    await process.status;
  }
}

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

function kill(process: Deno.ChildProcess): void {
  try {
    process.kill();
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
}
