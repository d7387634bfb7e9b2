/**
 * Socket options whose effect only other machines see: network namespaces stand for them.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { concat, utf8 } from "../helpers/bytes.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import { Network, networkProblem } from "../helpers/programs/network.ts";
import { NATIVE_PERMISSIONS, Program, program } from "../helpers/programs/program.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { buildHello, extension, serverName } from "../helpers/tls/client_hello.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { until } from "../helpers/until.ts";

const missing = missingTools("nc", "nstat", "ss", "sysctl");
const problem = missing.length > 0 ? `${missing.join(", ")} missing` : networkProblem();
const ignore = !hasLinuxSockets || problem !== "";
const why = problem === "" ? "" : ` (${problem})`;

/** A client on a machine of a test, by `nc`. */
class Client implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<unknown>;
  #hasEnded = false;
  received = new Uint8Array();

  constructor(runner: readonly string[], host: string, port: number) {
    const [program = "", ...args] = [...runner, "nc", host, String(port)];
    const options = { args, stdin: "piped", stdout: "piped", stderr: "null" } as const;
    this.#child = new Deno.Command(program, options).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#ended = Promise.all([
      this.#collect(),
      this.#child.status.then(() => this.#hasEnded = true),
    ]);
  }

  get text(): string {
    return new TextDecoder().decode(this.received);
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes);
  }

  /** Resolves when it has received so many bytes. */
  async has(count: number): Promise<void> {
    await until(() => this.received.length >= count || this.#hasEnded);
    assert(this.received.length >= count, `the connection ended after "${this.text}"`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
    this.#writer.releaseLock();
    await this.#child.stdin.close().catch(() => {});
    await this.#ended;
  }

  async #collect(): Promise<void> {
    for await (const bytes of this.#child.stdout) {
      this.received = new Uint8Array(concat(this.received, bytes));
    }
  }
}

/** Starts a target that tells clients their addresses and echoes, on a machine. */
async function namingTarget(runner: readonly string[], port: number): Promise<Program> {
  const path = fileURLToPath(new URL("../helpers/programs/naming_target.ts", import.meta.url));
  const [command = "", ...args] = [
    ...runner,
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-check",
    "--allow-net",
    path,
    String(port),
  ];
  const target = new Program(
    new Deno.Command(command, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn(),
  );
  await target.waitFor("ready");
  return target;
}

const PORT = 9000;

Deno.test({
  name: `socket options: transparent, user_timeout and retransmissions, seen from other machines${why}`,
  ignore,
  fn: async (t) => {
    await using network = await Network.create(["client", "proxy", "target"]);
    await network.join(["client", "c0"], ["proxy", "p0"]);
    await network.join(["target", "t0"], ["proxy", "p1"]);
    await network.ip("client", "addr add 10.77.1.2/24 dev c0", "-6 addr add fd77:1::2/64 dev c0 nodad");
    await network.ip("proxy", "addr add 10.77.1.1/24 dev p0", "-6 addr add fd77:1::1/64 dev p0 nodad");
    await network.ip("proxy", "addr add 10.77.2.1/24 dev p1", "-6 addr add fd77:2::1/64 dev p1 nodad");
    await network.ip("target", "addr add 10.77.2.2/24 dev t0", "-6 addr add fd77:2::2/64 dev t0 nodad");
    await network.ip("target", "route add default via 10.77.2.1", "-6 route add default via fd77:2::1");
    // What the documentation says: the target's answers to the clients' addresses are delivered to the proxy.
    await network.shell("proxy", "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.p1.rp_filter=0");
    for (const family of ["", "-6 "]) {
      await network.ip("proxy", `${family}rule add iif p1 ipproto tcp sport ${PORT} lookup 100`);
      await network.ip("proxy", `${family}route add local default dev lo table 100`);
    }
    await using _target = await namingTarget(network.on("target"), PORT);
    await using folder = new TemporaryFolder();
    const targets = (host: string): string[] => [`${host}:${PORT}`];
    const config = await folder.config({
      engine: "native",
      workers: 2,
      log: { format: "json", ["tcp_info"]: true },
      apps: [
        { name: "plain", ports: [8001], targets: targets("10.77.2.2") },
        { name: "transparent", ports: [8002], targets: targets("10.77.2.2"), transparent: true },
        { name: "transparent6", ports: [8003], targets: targets("[fd77:2::2]"), transparent: true },
        { name: "measured", ports: [8005], targets: targets("10.77.2.2") },
        { name: "impatient", ports: [8004], targets: targets("10.77.2.2"), ["user_timeout"]: "1s" },
      ],
    });
    await using proxy = program(["-c", config], {
      permissions: NATIVE_PERMISSIONS,
      runner: network.on("proxy"),
    });
    await proxy.ready();
    const clientOf = (host: string, port: number): Client => new Client(network.on("client"), host, port);

    await t.step(
      "a target sees the client's own address, of either family, and bytes pass both ways",
      async () => {
        for (
          const [host, port, seen] of [
            ["10.77.1.1", 8001, "10.77.2.1"],
            ["10.77.1.1", 8002, "10.77.1.2"],
            ["fd77:1::1", 8003, "fd77:1::2"],
          ] as const
        ) {
          await using client = clientOf(host, port);
          await client.has(seen.length + 1);
          await client.send(utf8("hello"));
          await client.has(seen.length + 6);
          assertStrictEquals(client.text, `${seen}\nhello`);
        }
      },
    );

    await t.step("a client of the other family has no target", async () => {
      await using _client = clientOf("10.77.1.1", 8003);
      await proxy.waitFor("cannot dial this target from the client's address 10.77.1.2");
    });

    await t.step(
      "tcp_info: the access log has round-trip times and retransmissions of both sides",
      async () => {
        const lineOf = (): string | undefined =>
          proxy.lines.find((each) => each.includes(`"app":"measured"`));
        {
          await using client = clientOf("10.77.1.1", 8005);
          await client.has(1);
          // What the target is sent goes astray, until it is sent again.
          await network.ip("proxy", "neigh replace 10.77.2.2 lladdr 02:00:00:00:00:99 dev p1 nud permanent");
          const received = client.received.length;
          await client.send(utf8("again"));
          await until(async () =>
            (await network.shell("proxy", `ss -tinH dst 10.77.2.2`)).includes("retrans:")
          );
          await network.ip("proxy", "neigh del 10.77.2.2 dev p1");
          await client.has(received + 5);
        }
        await until(() => lineOf() !== undefined);
        const line = JSON.parse(lineOf() ?? "{}");
        assert(line.target_retransmits > 0, lineOf());
        assertStrictEquals(line.client_retransmits, 0);
        for (const rtt of [line.client_rtt_ms, line.target_rtt_ms]) assert(rtt > 0 && rtt < 60_000, lineOf());
      },
    );

    await t.step("user_timeout ends a connection whose target acknowledges nothing", async () => {
      await using client = clientOf("10.77.1.1", 8004);
      await client.has(1);
      await network.ip("proxy", "link set p1 down");
      await client.send(utf8("lost"));
      await proxy.waitFor(`"app":"impatient"`);
      const line = proxy.lines.find((each) => each.includes(`"app":"impatient"`));
      assertEquals(JSON.parse(line ?? "{}").reason, "target_reset");
      assert(line?.includes("ETIMEDOUT"), line);
      await network.ip("proxy", "link set p1 up");
    });
  },
});

Deno.test({
  name:
    `socket options: fast_open carries the first bytes in the first packet, once, and failover stays${why}`,
  ignore,
  fn: async () => {
    await using network = await Network.create(["proxy"]);
    await network.shell("proxy", "sysctl -qw net.ipv4.tcp_fastopen=3");
    await using _target = await namingTarget(network.on("proxy"), PORT);
    await using folder = new TemporaryFolder();
    const listen = (port: number): string[] => [`127.0.0.1:${port}`];
    const inner = { targets: [`127.0.0.1:${PORT}`], ["fast_open"]: { listen: true } };
    const outer = { balance: "first", ["fast_open"]: { dial: true } };
    const config = await folder.config({
      engine: "native",
      apps: [
        // It says nothing before it has the whole ClientHello.
        {
          name: "plain",
          listen: listen(8001),
          ["fast_open"]: { listen: true },
          routes: [{ sni: ["a.example"], targets: inner.targets }],
        },
        {
          name: "header",
          listen: listen(8002),
          ...inner,
          ["proxy_protocol"]: { accept: "required", from: ["127.0.0.0/8"] },
        },
        // The first target refuses: nothing is lost with the bytes that its first packet carried.
        {
          name: "by-header",
          listen: listen(8003),
          targets: [...listen(1), ...listen(8002)],
          ["proxy_protocol"]: { send: "v1" },
          ...outer,
        },
        {
          name: "by-name",
          listen: listen(8004),
          routes: [{ sni: ["a.example"], targets: [...listen(1), ...listen(8001)] }],
          ...outer,
        },
      ],
    });
    await using proxy = program(["-c", config], {
      permissions: NATIVE_PERMISSIONS,
      runner: network.on("proxy"),
    });
    await proxy.ready();
    const hello = buildHello({ extensions: [serverName("a.example")] });
    /** Connections that sent data in their first packet, as the kernel counts them. */
    const counted = async (): Promise<[active: number, passive: number]> => {
      const text = await network.shell(
        "proxy",
        "nstat -asz TcpExtTCPFastOpenActive TcpExtTCPFastOpenPassive",
      );
      const of = (name: string): number => Number(new RegExp(`${name}\\s+(\\d+)`).exec(text)?.[1]);
      return [of("TCPFastOpenActive"), of("TCPFastOpenPassive")];
    };
    const speak = async (port: number, bytes: Uint8Array): Promise<void> => {
      const expected = concat(utf8("127.0.0.1\n"), bytes);
      await using client = new Client(network.on("proxy"), "127.0.0.1", port);
      await client.send(bytes);
      await client.has(expected.length);
      assertEquals(client.received, new Uint8Array(expected));
    };
    // The first connection to a host gets its cookie, further ones use it.
    await speak(8003, utf8("hello"));
    assertEquals(await counted(), [0, 0]);
    for (let times = 0; times < 3; times++) await speak(8003, utf8("hello"));
    assertEquals(await counted(), [3, 3]);
    for (let times = 0; times < 3; times++) await speak(8004, hello);
    assertEquals(await counted(), [6, 6]);
    // A ClientHello with post-quantum key shares is longer than a packet.
    await network.ip("proxy", "link set lo mtu 1500");
    const long = buildHello({
      extensions: [serverName("a.example"), extension(0xff01, new Uint8Array(4000))],
    });
    for (let times = 0; times < 3; times++) await speak(8004, long);
    assertEquals(await counted(), [9, 9]);
  },
});
