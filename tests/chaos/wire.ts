/**
 * A wire between two network namespaces, whose packets pass through this process: with `tc netem` it would be the kernel
 * that loses and delays them, but not every kernel has that. Both ends are TUN devices (`tun.rst` of the kernel's
 * documentation).
 *
 * @module
 */
import type { Random } from "../../lib/base/mod.ts";
import { seededRandom } from "../helpers/fakes/seeded_random.ts";
import { command } from "./fault.ts";

const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
/** `_IOW('T', 202, int)`. */
const TUNSETIFF = 0x400454can;
const O_RDWR = 2;
const O_CLOEXEC = 0x80000;
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;

const MTU = 9000;

/** Protocol number, and where an IPv4 header has its addresses (RFC 791 section 3.1). */
const TCP = 6;
const SOURCE_AT = 12;
const DESTINATION_AT = 16;

/** The addresses of this end, where clients and targets are, and of the proxy's. */
const CLIENT = "10.77.0.1";
const PROXY = "10.77.0.2";
const TARGETS = ["10.77.1.1", "10.77.1.2"];
const ADMIN = "10.77.2.2";

/** How long a packet is held back that others overtake. */
const OVERTAKEN_MS = 15;

/** What happens to packets. */
export interface Weather {
  /** Share lost, 0 to 1. */
  readonly loss?: number;
  readonly delayMs?: number;
  /** The delay is up to this much longer. */
  readonly jitterMs?: number;
  /** Share that others overtake. */
  readonly reorder?: number;
  /** The addresses at this end that it is for; others have good weather. */
  readonly hosts: readonly string[];
}

/** Names of the two namespaces of a run. */
export interface Namespaces {
  readonly near: string;
  readonly far: string;
}

const SYMBOLS = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize", nonblocking: true },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** The wire; this process is in the near namespace. Disposing of it takes both devices away. */
export class Wire implements AsyncDisposable {
  readonly clientHost = CLIENT;
  readonly proxyHost = PROXY;
  readonly adminHost = ADMIN;
  readonly targetHosts: readonly string[] = TARGETS;
  /** Words that run a program at the far end. */
  readonly prefix: readonly string[];
  readonly #far: string;
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #ends: readonly [number, number];
  readonly #pumps: readonly Promise<void>[];
  readonly #random: Random = seededRandom(3);
  readonly #vanished = new Set<number>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #weather: Weather | undefined;
  #isOver = false;

  /** Lays the wire: devices, addresses, routes. */
  static async open({ far }: Namespaces): Promise<Wire> {
    const wire = new Wire(far);
    const farIp = ["ip", "-n", far];
    await command("ip", "link", "set", "chaos1", "netns", far);
    await command("ip", "link", "set", "lo", "up");
    await command(...farIp, "link", "set", "lo", "up");
    await command("ip", "address", "replace", `${CLIENT}/30`, "dev", "chaos0");
    for (const host of TARGETS) await command("ip", "address", "replace", `${host}/32`, "dev", "lo");
    await command("ip", "link", "set", "chaos0", "up", "mtu", String(MTU));
    await command(...farIp, "address", "replace", `${PROXY}/30`, "dev", "chaos1");
    await command(...farIp, "address", "replace", `${ADMIN}/32`, "dev", "lo");
    await command(...farIp, "link", "set", "chaos1", "up", "mtu", String(MTU));
    await command(...farIp, "route", "add", "10.77.1.0/24", "via", CLIENT);
    await command("ip", "route", "add", "10.77.2.0/24", "via", PROXY);
    return wire;
  }

  private constructor(far: string) {
    this.#far = far;
    this.prefix = ["ip", "netns", "exec", far];
    this.#library = Deno.dlopen("libc.so.6", SYMBOLS);
    this.#ends = [this.#device("chaos0"), this.#device("chaos1")];
    const [near, distant] = this.#ends;
    // What this end sends has its address as the source.
    this.#pumps = [this.#pump(near, distant, SOURCE_AT), this.#pump(distant, near, DESTINATION_AT)];
  }

  /** Changes what happens to packets from now on; `undefined`: nothing. */
  set weather(weather: Weather | undefined) {
    this.#weather = weather;
  }

  /** From now on nothing passes to and from these ports of this end; calling the result ends that. */
  vanish(ports: readonly number[]): () => void {
    for (const port of ports) this.#vanished.add(port);
    return () => {
      for (const port of ports) this.#vanished.delete(port);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    // A read that waits ends with its device.
    await command("ip", "link", "delete", "chaos0");
    await command("ip", "-n", this.#far, "link", "delete", "chaos1");
    await Promise.all(this.#pumps);
    for (const fd of this.#ends) this.#library.symbols.close(fd);
    this.#library.close();
  }

  #device(name: string): number {
    const { open, ioctl } = this.#library.symbols;
    const fd = open(new TextEncoder().encode("/dev/net/tun\0"), O_RDWR | O_CLOEXEC);
    const request = new Uint8Array(IFREQ_BYTES);
    request.set(new TextEncoder().encode(name));
    new DataView(request.buffer).setUint16(NAME_BYTES, IFF_TUN | IFF_NO_PI, true);
    if (fd < 0 || ioctl(fd, TUNSETIFF, request) < 0) {
      throw new Error(`make the device ${name}: not permitted`);
    }
    return fd;
  }

  /** @param at where packets from there have the address of this end. */
  async #pump(from: number, to: number, at: number): Promise<void> {
    const { read } = this.#library.symbols;
    for (;;) {
      const buffer = new Uint8Array(MTU + 100);
      const count = Number(await read(from, buffer, BigInt(buffer.length)));
      if (count <= 0 || this.#isOver) return;
      this.#pass(buffer.subarray(0, count), to, at);
    }
  }

  #pass(packet: Uint8Array<ArrayBuffer>, to: number, at: number): void {
    if (this.#vanished.size > 0 && this.#vanished.has(portOf(packet, at))) return;
    const weather = this.#weather;
    if (weather === undefined || !weather.hosts.includes(packet.subarray(at, at + 4).join("."))) {
      return this.#send(packet, to);
    }
    const { loss = 0, delayMs = 0, jitterMs = 0, reorder = 0 } = weather;
    if (this.#random() < loss) return;
    const laterMs = delayMs + this.#random() * jitterMs + (this.#random() < reorder ? OVERTAKEN_MS : 0);
    if (laterMs === 0) return this.#send(packet, to);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#send(packet, to);
    }, laterMs);
    this.#timers.add(timer);
  }

  #send(packet: Uint8Array<ArrayBuffer>, to: number): void {
    if (!this.#isOver) this.#library.symbols.write(to, packet, BigInt(packet.length));
  }
}

/** The port at this end of a packet, whose address stands at that place; 0 for what has none. */
function portOf(packet: Uint8Array, at: number): number {
  if ((packet[0] ?? 0) >> 4 !== 4 || packet[9] !== TCP) return 0;
  const segment = ((packet[0] ?? 0) & 15) * 4 + (at === SOURCE_AT ? 0 : 2);
  return (packet[segment] ?? 0) << 8 | (packet[segment + 1] ?? 0);
}

/** Why there can be no wire on this machine. */
export function missingWire(): string | undefined {
  if (Deno.build.os !== "linux") return "it takes network namespaces of Linux";
  if (Deno.uid() !== 0) return "it takes root to make network namespaces";
  try {
    Deno.statSync("/dev/net/tun");
  } catch {
    return "there is no /dev/net/tun";
  }
  const { success } = new Deno.Command("unshare", { args: ["--net", "true"], stderr: "null" }).outputSync();
  return success ? undefined : "network namespaces are not permitted here";
}

/** Runs with two namespaces of this process's own, and removes them. */
export async function withNamespaces<T>(use: (namespaces: Namespaces) => Promise<T>): Promise<T> {
  await removeStale();
  const names = { near: `tcpproxy-chaos-${Deno.pid}-near`, far: `tcpproxy-chaos-${Deno.pid}-far` };
  try {
    for (const name of Object.values(names)) await command("ip", "netns", "add", name);
    return await use(names);
  } finally {
    for (const name of Object.values(names)) await command("ip", "netns", "delete", name).catch(() => {});
  }
}

/** Removes namespaces of runs that were killed. */
async function removeStale(): Promise<void> {
  const { stdout } = await new Deno.Command("ip", { args: ["netns", "list"] }).output();
  for (const [name, pid] of new TextDecoder().decode(stdout).matchAll(/tcpproxy-chaos-(\d+)-(?:near|far)/g)) {
    try {
      Deno.statSync(`/proc/${pid}`);
    } catch {
      await command("ip", "netns", "delete", name);
    }
  }
}
