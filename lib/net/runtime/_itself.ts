/**
 * Returns the connection, unless it has connected to itself. A dial to a local port in the ephemeral range on which
 * nothing listens may be assigned that very port, and the socket then opens itself (RFC 9293 section 3.5,
 * simultaneous open): a check would see the target up, and a session would echo its client. Such a connection is
 * closed.
 *
 * @throws {Deno.errors.ConnectionRefused} as the system does for a port that nothing listens on.
 */
export function refuseItself<C extends Pick<Deno.TcpConn, "localAddr" | "remoteAddr" | "close">>(conn: C): C {
  const { localAddr, remoteAddr } = conn;
  if (localAddr.port !== remoteAddr.port || localAddr.hostname !== remoteAddr.hostname) return conn;
  conn.close();
  throw new Deno.errors.ConnectionRefused(
    "Connection refused: nothing listens there, the socket connected to itself",
  );
}
