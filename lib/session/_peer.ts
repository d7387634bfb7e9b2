import { type Address, formatIp, parseIp, unmapIp } from "../base/mod.ts";

/** The address of a socket's end. */
export function addressOf(addr: Deno.Addr): Address {
  if (addr.transport !== "tcp" && addr.transport !== "udp") {
    // A client that has bound no path of its own has `null` there, whatever the type says.
    return { kind: "unix", path: "path" in addr ? addr.path ?? "" : "" };
  }
  return unmapped({ kind: "tcp", host: addr.hostname, port: addr.port });
}

/**
 * The address as everyone knows it: an IPv4 one that is written as IPv6 (`::ffff:192.0.2.1`, as a listener for both
 * families shows it, and a load balancer that has such a listener announces it) in its own form.
 */
export function unmapped(address: Address): Address {
  if (address.kind !== "tcp" || !address.host.startsWith("::ffff:")) return address;
  const bytes = parseIp(address.host);
  return bytes === undefined ? address : { ...address, host: formatIp(unmapIp(bytes)) };
}
