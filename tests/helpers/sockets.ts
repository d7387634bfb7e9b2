/**
 * Sockets as the kernel shows them to others, and what this process may do with them.
 *
 * @module
 */

/** Capabilities by their bit (`capabilities(7)`). */
const CAPABILITIES = { netAdmin: 12, sysAdmin: 21 } as const;

/** Whether this process has a capability. */
export function hasCapability(name: keyof typeof CAPABILITIES): boolean {
  try {
    const [, effective = "0"] = /^CapEff:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ??
      [];
    return (BigInt(`0x${effective}`) >> BigInt(CAPABILITIES[name]) & 1n) === 1n;
  } catch {
    // There is no such file on other systems.
    return false;
  }
}

/** Whether the kernel has Multipath TCP. */
export function hasMptcp(): boolean {
  try {
    return Deno.readTextFileSync("/proc/sys/net/mptcp/enabled").trim() === "1";
  } catch {
    // There is no such file without it.
    return false;
  }
}

/** The sockets that fit a filter of `ss`, one a line, with timers, marks, traffic classes and protocols. */
export async function socketsOf(filter: string, flags: readonly string[] = []): Promise<string[]> {
  const { stdout } = await new Deno.Command("ss", {
    args: ["-tnoeiHO", "--tos", ...flags, ...filter.split(" ")],
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

/** The ports of a config's listeners and targets, as the far ends of sockets see them. */
export function portOf(address: string): number {
  return Number(address.split(":").at(-1));
}
