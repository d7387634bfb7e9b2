import { type Address, formatIp, parseIp, unmapIp } from "../base/mod.ts";

/** The address of a socket's end. An IPv4 client of a listener for both families is known by its IPv4 address. */
export function addressOf(addr: Deno.Addr): Address {
  if (addr.transport !== "tcp" && addr.transport !== "udp") {
    // A client that has bound no path of its own has `null` there, whatever the type says.
    return { kind: "unix", path: "path" in addr ? addr.path ?? "" : "" };
  }
  const { hostname, port } = addr;
  if (!hostname.startsWith("::ffff:")) return { kind: "tcp", host: hostname, port };
  const bytes = parseIp(hostname);
  return { kind: "tcp", host: bytes === undefined ? hostname : formatIp(unmapIp(bytes)), port };
}
