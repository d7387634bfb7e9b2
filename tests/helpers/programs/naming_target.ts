/**
 * A program for a machine of a test: tells each client its address, a line, and sends back what it sends. Its argument is
 * the port.
 *
 * @module
 */

async function main(): Promise<void> {
  const listener = Deno.listen({ hostname: "::", port: Number(Deno.args[0]) });
  // deno-lint-ignore no-console -- Whoever started it waits for this.
  console.log("ready");
  for await (const conn of listener) {
    serve(conn).catch(() => {
      // The client has gone, or its network.
    });
  }
}

async function serve(conn: Deno.TcpConn): Promise<void> {
  // A listener for both families shows IPv4 addresses in IPv6's form.
  const own = conn.remoteAddr.hostname.replace(/^::ffff:/, "");
  const writer = conn.writable.getWriter();
  await writer.write(new TextEncoder().encode(`${own}\n`));
  writer.releaseLock();
  await conn.readable.pipeTo(conn.writable);
}

void main();
