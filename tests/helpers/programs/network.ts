/**
 * Machines of a test: network namespaces, joined by cables.
 *
 * @module
 */
import { hasCapability } from "../sockets.ts";
import { missingTools } from "./tools.ts";

/** Why there can be no {@link Network} here; empty where there can. */
export function networkProblem(): string {
  const missing = missingTools("ip", "sh");
  if (missing.length > 0) return `${missing.join(", ")} missing`;
  if (!hasCapability("netAdmin") || !hasCapability("sysAdmin")) return "not permitted";
  const name = `tcpproxy-${crypto.randomUUID().slice(0, 8)}`;
  const isMade =
    new Deno.Command("ip", { args: ["netns", "add", name], stderr: "null" }).outputSync().success;
  if (isMade) new Deno.Command("ip", { args: ["netns", "delete", name] }).outputSync();
  return isMade ? "" : "no network namespaces";
}

/** A few machines. Disposing of it removes them; nothing may run on them any more. */
export class Network implements AsyncDisposable {
  readonly #prefix = `tcpproxy-${crypto.randomUUID().slice(0, 8)}`;
  readonly #names: readonly string[];

  private constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Makes machines with these names. */
  static async create(names: readonly string[]): Promise<Network> {
    const network = new Network(names);
    try {
      for (const name of names) {
        await run("ip", ["netns", "add", network.#of(name)]);
        await network.ip(name, "link set lo up");
      }
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The words that run a program on a machine. */
  on(name: string): string[] {
    return ["ip", "netns", "exec", this.#of(name)];
  }

  /** Runs `ip` on a machine, once for each of its lines. */
  async ip(name: string, ...lines: readonly string[]): Promise<void> {
    for (const line of lines) await run("ip", ["-n", this.#of(name), ...line.split(" ")]);
  }

  /** Runs a shell command on a machine; returns what it writes. */
  async shell(name: string, command: string): Promise<string> {
    const [program = "", ...args] = [...this.on(name), "sh", "-c", command];
    return await run(program, args);
  }

  /** Joins two machines by a cable whose ends have these names. */
  async join([one, oneEnd]: [string, string], [other, otherEnd]: [string, string]): Promise<void> {
    const link = `link add ${oneEnd} type veth peer name ${otherEnd} netns ${this.#of(other)}`;
    await this.ip(one, link, `link set ${oneEnd} up`);
    await this.ip(other, `link set ${otherEnd} up`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names) {
      await new Deno.Command("ip", { args: ["netns", "delete", this.#of(name)], stderr: "null" }).output();
    }
  }

  #of(name: string): string {
    return `${this.#prefix}-${name}`;
  }
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
