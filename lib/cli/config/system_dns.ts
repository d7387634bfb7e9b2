import { formatAddress, formatIp, parseIp } from "../../base/mod.ts";

/** Where most systems say which resolver they ask. */
const RESOLV_CONF = "/etc/resolv.conf";

/** Any IPv4 address: for a system that does not say. (The runtime's list has no such block of IPv6.) */
const ANYWHERE = "0.0.0.0/0:53";

/**
 * The addresses at which the runtime asks the system's resolver, as they stand on its list of permissions. A port without
 * an address, `:53`, does not count there for a resolver.
 */
export async function systemDns(): Promise<string[]> {
  const { state } = await Deno.permissions.query({ name: "read", path: RESOLV_CONF });
  return nameservers(state === "granted" ? await readOr(RESOLV_CONF, undefined) : undefined);
}

/** As {@link systemDns}, of a text as in resolv.conf(5); `undefined` for none. */
export function nameservers(text = ""): string[] {
  const found = [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].flatMap(([, host = ""]) => {
    const bytes = parseIp(host);
    return bytes === undefined ? [] : [formatAddress({ kind: "tcp", host: formatIp(bytes), port: 53 })];
  });
  return found.length === 0 ? [ANYWHERE] : [...new Set(found)];
}

async function readOr<T>(path: string, otherwise: T): Promise<string | T> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    // Another system, or one that is set up in another way.
    if (error instanceof Error) return otherwise;
    throw error;
  }
}
