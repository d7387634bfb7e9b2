import { Child, killProcesses } from "./child.ts";
import { listeningPorts, processTree, readIfThere } from "./proc.ts";

/** How long a started program may take until it listens. */
const READY_TIMEOUT_MS = 30_000;

/** How often the list of listening sockets is looked at meanwhile. */
const READY_POLL_MS = 10;

/** Lowest port that the lab gives out. */
const FIRST_PORT = 10_000;

/** Where Linux starts with ports for outgoing connections unless set otherwise. */
const DEFAULT_EPHEMERAL_START = 32_768;

/** How a program is started. */
export interface StartOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The place of one bench run: a scratch folder, ports, and every process that was started in it. Disposing it ends the
 * processes and removes the folder.
 */
export class Lab implements AsyncDisposable {
  /** Scratch folder for configs, pid files and logs. */
  readonly dir: string;
  readonly #children = new Set<Child>();
  readonly #firstEphemeral: number;
  #nextPort: number;
  #names = 0;

  private constructor(dir: string) {
    this.dir = dir;
    const range = readIfThere("/proc/sys/net/ipv4/ip_local_port_range") ?? "";
    this.#firstEphemeral = parseInt(range) || DEFAULT_EPHEMERAL_START;
    this.#nextPort = FIRST_PORT + Math.floor(Math.random() * (this.#firstEphemeral - FIRST_PORT) / 2);
  }

  static async open(): Promise<Lab> {
    return new Lab(await Deno.makeTempDir({ prefix: "tcpproxy-bench-" }));
  }

  /** Starts a program with stdin and stdout on /dev/null; the end of its stderr is kept for messages. */
  start(command: string, options: StartOptions): Child {
    const process = new Deno.Command(command, {
      args: [...options.args],
      env: { ...options.env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const child: Child = new Child(command, process, () => this.#children.delete(child));
    this.#children.add(child);
    return child;
  }

  /**
   * Consecutive ports on which nothing listens, below the range for outgoing connections: a port of that range could
   * be taken by one of the thousands of connections that a measure opens.
   *
   * @throws {Error} when there is no such run of ports.
   */
  freePorts(count: number): number[] {
    const taken = listeningPorts();
    let port = this.#nextPort;
    // The search starts in the middle of the range, so its end is met once and its start may be passed once.
    for (let wraps = 0; wraps < 2;) {
      if (port + count > this.#firstEphemeral) {
        port = FIRST_PORT;
        wraps++;
        continue;
      }
      const ports = Array.from({ length: count }, (_, index) => port + index);
      const blocker = ports.findLast((each) => taken.has(each));
      if (blocker === undefined) {
        this.#nextPort = port + count;
        return ports;
      }
      port = blocker + 1;
    }
    throw new Error(
      `cannot find ports: none of ${FIRST_PORT} to ${this.#firstEphemeral} starts ${count} free ones`,
    );
  }

  /** One port of {@link Lab.freePorts}. */
  freePort(): number {
    return this.freePorts(1)[0] ?? FIRST_PORT;
  }

  /** A name that no other file of the scratch folder has. */
  uniqueName(prefix: string): string {
    return `${prefix}-${++this.#names}`;
  }

  /** Writes a file into the scratch folder and gives its path. */
  async write(name: string, text: string): Promise<string> {
    const path = `${this.dir}/${name}`;
    await Deno.writeTextFile(path, text);
    return path;
  }

  /**
   * Resolves when every port is listened on. The kernel's list of sockets is asked rather than the port itself: a
   * connection would reach the target behind it, and an iperf3 server takes every connection for a test.
   *
   * @throws {Error} when one of the programs has ended, or after 30 seconds.
   */
  async listening(ports: readonly number[], programs: readonly Child[]): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    for (;;) {
      const ended = programs.find((each) => each.ended);
      if (ended !== undefined) {
        throw new Error(`cannot start "${ended.name}": it ended with ${ended.lastWords}`);
      }
      const open = listeningPorts();
      const waiting = ports.find((port) => !open.has(port));
      if (waiting === undefined) return;
      if (performance.now() > deadline) {
        const names = programs.map((each) => each.name).join(" ");
        throw new Error(
          `cannot start "${names}": port ${waiting} is closed after ${READY_TIMEOUT_MS / 1000} s`,
        );
      }
      await pause(READY_POLL_MS);
    }
  }

  /** Ends every process at once and removes the folder, without waiting: for the way out at Ctrl-C. */
  abandon(): void {
    // Everything that descends from the bench: what the lab started, and the load generator of the moment.
    killProcesses(processTree([Deno.pid]).filter((each) => each.pid !== Deno.pid));
    Deno.removeSync(this.dir, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop()));
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** Resolves after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
