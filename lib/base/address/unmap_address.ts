import type { Address } from "./address.ts";
import { formatIp, parseIp, unmapIp } from "./ip.ts";

/**
 * An address with an IPv4 host in its own form where it is written as IPv6 (`::ffff:192.0.2.1`), as a listener for both
 * families shows it, and as a load balancer behind such a listener announces it.
 */
export function unmapAddress(address: Address): Address {
  if (address.kind !== "tcp" || !address.host.startsWith("::ffff:")) return address;
  const bytes = parseIp(address.host);
  return bytes === undefined ? address : { ...address, host: formatIp(unmapIp(bytes)) };
}
