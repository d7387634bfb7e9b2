import type { Duplex } from "../../../lib/base/mod.ts";
import type { TestCertificate } from "./certificates.ts";

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

/** The same connection, but for what a test does itself. */
export function altered(conn: Duplex, own: Partial<Pick<Duplex, "read" | "write">>): Duplex {
  return {
    read: (buffer) => conn.read(buffer),
    write: (bytes) => conn.write(bytes),
    closeWrite: () => conn.closeWrite(),
    close: () => conn.close(),
    ...own,
  };
}

/** One message there and back, for `s_client -ign_eof`, which waits for our end. */
export async function echoOnce(conn: Duplex): Promise<void> {
  const buffer = new Uint8Array(64);
  const count = await conn.read(buffer) ?? 0;
  await conn.write(buffer.subarray(0, count));
}

/** What shows a certificate, as `openssl s_client` and `s_server` take it. */
export function showing({ certFile, keyFile }: Pick<TestCertificate, "certFile" | "keyFile">): string[] {
  return ["-cert", certFile, "-key", keyFile];
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
