import { ipv4Number, parseIp, unmapIp } from "../base/mod.ts";
import { hashBytes, hashText, mix } from "./_hash.ts";

/**
 * The hash of a client's address for {@link PickContext.clientHash}: unsigned, 32 bits, the same on every machine.
 *
 * All ways to write an address hash alike, and `::ffff:192.0.2.1`, as a listener for both families shows an IPv4
 * client, like `192.0.2.1`. A text that is no IP address (a unix client has none) is hashed as it stands.
 */
export function clientHash(address: string): number {
  const ipv4 = ipv4Number(address);
  if (ipv4 !== undefined) return mix(ipv4);
  const parsed = parseIp(address);
  if (parsed === undefined) return hashText(address);
  const bytes = unmapIp(parsed);
  if (bytes.length === 16) return hashBytes(bytes);
  return mix(bytes.reduce((number, byte) => (number << 8) | byte, 0));
}
