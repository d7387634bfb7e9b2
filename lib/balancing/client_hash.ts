import { ipv4Number, parseIp, unmapIp } from "../base/mod.ts";
import { hashBytes, hashText, mix } from "./_hash.ts";

/**
 * Hashes a client's address for {@link PickContext.clientHash}: unsigned, 32 bits, the same on every machine.
 *
 * All spellings of an address hash alike, and `::ffff:192.0.2.1`, which a dual-stack listener shows for an IPv4
 * client, hashes like `192.0.2.1`. Text that is not an IP address (a unix client has none) is hashed as is.
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
