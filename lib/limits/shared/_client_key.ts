import { ipv4Number, parseIp, unmapIp } from "../../base/mod.ts";

/** A client as 64 bits, in two halves. */
export interface ClientBits {
  readonly high: number;
  readonly low: number;
}

/** Upper half of all IPv4 clients: as an IPv6 prefix it would be multicast, which is no client's address. */
const IPV4_HIGH = -1;

/**
 * Packs a client into 64 bits: an IPv4 address or an IPv6 /64 (see `ClientTable`) fits without loss. Any other text
 * is hashed (FNV-1a, in two halves).
 */
export function clientBits(address: string): ClientBits {
  const ipv4 = ipv4Number(address);
  if (ipv4 !== undefined) return { high: IPV4_HIGH, low: ipv4 | 0 };
  const parsed = parseIp(address);
  if (parsed === undefined) return { high: hash(address, 0x811c9dc5), low: hash(address, 0x1000193) };
  const bytes = unmapIp(parsed);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const first = view.getInt32(0);
  return bytes.length === 4 ? { high: IPV4_HIGH, low: first } : { high: first, low: view.getInt32(4) };
}

function hash(text: string, basis: number): number {
  let value = basis;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x1000193);
  return value;
}
