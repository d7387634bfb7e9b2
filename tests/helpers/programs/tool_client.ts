/** A program that connects to a listener of the test, and what it sends first. */
export interface ToolClient {
  readonly command: string;
  /** The arguments, given the port that it is to connect to. */
  readonly args: (port: number) => readonly string[];
}

/**
 * Runs a program against a listener on a port of its own, gives its connection to `use`, and ends both. The program's
 * exit code is its own affair: its handshake is never answered.
 */
export async function withToolClient<T>(
  client: ToolClient,
  use: (conn: Deno.Conn) => Promise<T>,
): Promise<T> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const process = new Deno.Command(client.command, {
    args: [...client.args(listener.addr.port)],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const ended = process.status;
  try {
    const conn = await Promise.race([listener.accept(), ended.then(() => undefined)]);
    if (conn === undefined) throw new Error(`run ${client.command}: it ended before it connected`);
    try {
      return await use(conn);
    } finally {
      conn.close();
    }
  } finally {
    await ended;
  }
}
