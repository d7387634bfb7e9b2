/** What is looked at of a TCP connection. */
interface Ends {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  close(): void;
}

/**
 * Gives the connection, unless it has met itself. Where nobody listens on a local port of the range that the system
 * takes its own ports from, a dial to it may be given that very port, and the two ends of one socket open each other
 * (RFC 9293 section 3.5, simultaneous open): a check would find the target up, and a session would send its client back
 * what it said. Such a connection is closed.
 *
 * @throws {Deno.errors.ConnectionRefused} as the system does for a port that nobody listens on.
 */
export function refuseItself<C extends Ends>(conn: C): C {
  const { localAddr, remoteAddr } = conn;
  if (localAddr.port !== remoteAddr.port || localAddr.hostname !== remoteAddr.hostname) return conn;
  conn.close();
  throw new Deno.errors.ConnectionRefused("Connection refused: nobody listens there, the dial met itself");
}
