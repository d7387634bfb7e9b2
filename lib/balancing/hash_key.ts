import { formatIp, parseIp, unmapIp } from "../base/mod.ts";
import type { HashKeyConfig } from "../config/parsed.ts";

/** The facts about a connection that can serve as a hash key. */
export interface HashFacts {
  /** The client's address; for a unix client a path, or an empty string. */
  readonly client: string;
  readonly sni: string | undefined;
  tlv(type: number): Uint8Array | undefined;
}

/** Returns the text to hash for a connection: its key, or the client's address if it has no such key. */
export function hashKeyOf(key: HashKeyConfig, facts: HashFacts): string {
  switch (key.kind) {
    case "client":
      return facts.client;
    case "subnet":
      return subnetOf(facts.client, key);
    case "sni":
      return facts.sni ?? facts.client;
    case "tlv": {
      const value = facts.tlv(key.type);
      return value === undefined || value.length === 0
        ? facts.client
        : new TextDecoder("latin1").decode(value);
    }
  }
}

function subnetOf(client: string, { ipv4, ipv6 }: { readonly ipv4: number; readonly ipv6: number }): string {
  const parsed = parseIp(client);
  if (parsed === undefined) return client;
  const bytes = unmapIp(parsed).slice();
  const prefix = bytes.length === 4 ? ipv4 : ipv6;
  for (const [index, byte] of bytes.entries()) {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    bytes[index] = byte & (0xff << (8 - kept));
  }
  return `${formatIp(bytes)}/${prefix}`;
}
