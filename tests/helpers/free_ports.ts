/**
 * Three ports that nobody listens on at this moment, all different. For programs that must be told a number; what
 * listens in the test itself asks for port 0.
 */
export function freePorts(): [number, number, number] {
  // All are held at once: a port that was given back could be given out again.
  using first = open();
  using second = open();
  using third = open();
  return [first.addr.port, second.addr.port, third.addr.port];
}

/** One of {@link freePorts}. */
export function freePort(): number {
  using listener = open();
  return listener.addr.port;
}

function open(): Deno.TcpListener {
  return Deno.listen({ hostname: "0.0.0.0", port: 0 });
}
