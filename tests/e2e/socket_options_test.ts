import { assertEquals, assertMatch, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import { NATIVE_PERMISSIONS, type Program, program, runProgram } from "../helpers/programs/program.ts";
import { hasCapability, hasMptcp, portOf, socketsOf } from "../helpers/sockets.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { until } from "../helpers/until.ts";

const missing = missingTools("ss");
const ignore = !hasLinuxSockets || missing.length > 0;
const permissions = NATIVE_PERMISSIONS;

interface App {
  readonly name: string;
  readonly listen: readonly string[];
  readonly targets: readonly string[];
  readonly [option: string]: unknown;
}

/** The established sockets of the proxy at both ends of a connection: the one to the client, the one to the target. */
async function sides(listener: number, target: number): Promise<[client: string[], target: string[]]> {
  const at = (end: string): Promise<string[]> => socketsOf(`state established ${end}`);
  return [await at(`sport = :${listener}`), await at(`dport = :${target}`)];
}

/** Opens a connection through the proxy that lasts. */
async function opened(port: number): Promise<Deno.TcpConn> {
  const conn = await connectTo(port);
  assertEquals(await exchangeOpen(conn), "hello");
  return conn;
}

async function exchangeOpen(conn: Deno.TcpConn): Promise<string> {
  await conn.write(utf8("hello"));
  const buffer = new Uint8Array(64);
  const count = await conn.read(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, count));
}

async function reload(proxy: Program, times: number): Promise<void> {
  proxy.signal("SIGHUP");
  await proxy.waitFor("SIGHUP: ", times);
}

const mayMark = hasCapability("netAdmin");
const hasMultipath = hasMptcp();

/** The apps of one program, and the addresses that they dial from, which distinguish their sockets. */
const SOURCES = {
  usual: "127.0.0.2",
  own: "127.0.0.3",
  off: "127.0.0.4",
  marked: "127.0.0.8",
  inner: "127.0.0.9",
  deferred: "127.0.0.10",
} as const;

type Name = keyof typeof SOURCES;

const OPTIONS: Readonly<Record<Name, Record<string, unknown>>> = {
  usual: {},
  own: { keepalive: { idle: "3000s", interval: "7s", count: 3 } },
  off: { keepalive: false },
  marked: mayMark ? { mark: { listen: 0x10, dial: 0x20 } } : {},
  inner: { mptcp: true },
  deferred: { defer_accept: "30s" },
};

Deno.test({
  name: "socket options: each does what it says",
  ignore,
  fn: async (t) => {
    await using target = new TestTarget(echo);
    await using folder = new TemporaryFolder();
    const names = Object.keys(SOURCES) as Name[];
    const ports = new Map([...names, "outer", "foreign"].map((name) => [name, freePort()]));
    const portFor = (name: string): number => ports.get(name) ?? 0;
    const listen = (name: string): string[] => [`127.0.0.1:${portFor(name)}`];
    const config = await folder.config({
      engine: "native",
      workers: 2,
      apps: [
        ...names.map((name): App => ({
          name,
          listen: listen(name),
          targets: [target.address],
          source: SOURCES[name],
          ...OPTIONS[name],
        })),
        // A peer with MPTCP for the clients' side of `inner`.
        { name: "outer", listen: listen("outer"), targets: listen("inner"), mptcp: { dial: true } },
        {
          name: "foreign",
          listen: listen("foreign"),
          targets: [target.address, `unix:${folder.file("none.sock")}`],
          balance: "first",
          source: "192.0.2.1",
        },
      ],
    });
    await using proxy = program(["-c", config], { permissions });
    await proxy.ready();
    /** The proxy's sockets for the connections of an app: those to clients, then those to the target. */
    const socketsFor = async (name: Name): Promise<string[]> => [
      ...await socketsOf(`state established sport = :${portFor(name)}`),
      ...await socketsOf(`state established dst ${target.address} src ${SOURCES[name]}`),
    ];

    await t.step("keepalive is on with the engine's times, unless an app has others or none", async () => {
      const conns = await Promise.all(["usual", "own", "off"].map((name) => opened(portFor(name))));
      const times = async (name: Name): Promise<string[]> =>
        (await socketsFor(name)).map((line) => /timer:\(keepalive,([^,]*)/.exec(line)?.[1] ?? "none");
      await until(async () => !(await times("usual")).includes("none"));
      await until(async () => !(await times("own")).includes("none"));
      assertStrictEquals((await times("usual")).length, 2);
      // The default is a minute, the app's own time 50.
      for (const time of await times("usual")) assertMatch(time, /^(?:\d+sec|1min(?:0sec)?|[\d.]+ms)$/);
      for (const time of await times("own")) assertMatch(time, /^(?:4\d|50)min/);
      assertEquals(await times("off"), ["none", "none"]);
      for (const conn of conns) conn.close();
    });

    await t.step({
      name: "marks are on both sides" + (mayMark ? "" : " (CAP_NET_ADMIN missing)"),
      ignore: !mayMark,
      fn: async () => {
        using _conn = await opened(portFor("marked"));
        const [client = "", toTarget = ""] = await socketsFor("marked");
        assertStringIncludes(client, "fwmark:0x10");
        assertStringIncludes(toTarget, "fwmark:0x20");
      },
    });

    await t.step({
      name: "MPTCP is used with peers that have it" + (hasMultipath ? "" : " (the kernel has no MPTCP)"),
      ignore: !hasMultipath,
      fn: async () => {
        using _conn = await opened(portFor("outer"));
        const [client = ""] = await socketsFor("inner");
        assertStringIncludes(client, "tcp-ulp-mptcp");
        const [listener = ""] = await socketsOf(`sport = :${portFor("inner")}`, ["-l"]);
        assertStringIncludes(listener, "tcp-ulp-mptcp");
        // A client without it is served too.
        using _plain = await opened(portFor("inner"));
      },
    });

    await t.step("a deferred client is accepted once it has sent something", async () => {
      using silent = await connectTo(portFor("deferred"));
      using talking = await opened(portFor("deferred"));
      // The kernel holds the silent one back, though its client is connected.
      const at = `sport = :${portFor("deferred")}`;
      assertStrictEquals((await socketsOf(`state established ${at}`)).length, 1);
      assertStrictEquals((await socketsOf(`state syn-recv ${at}`)).length, 1);
      assertStrictEquals(await exchangeOpen(silent), "hello");
      assertStrictEquals(await exchangeOpen(talking), "hello");
    });

    await t.step("an address of another machine fails the dial, and the next target is tried", async () => {
      using conn = await connectTo(portFor("foreign"));
      assertStrictEquals((await exchange(conn, utf8("hello"))).length, 0);
      await proxy.waitFor(
        `"source" has 192.0.2.1, which is no address of this machine; assign it, or correct the key (EADDRNOTAVAIL)`,
      );
      await proxy.waitFor("no such socket file (ENOENT)");
    });
  },
});

Deno.test({
  name:
    "socket options: traffic class, interface and source are the kernel's, and a reload changes them for new connections",
  ignore,
  fn: async () => {
    await using target = new TestTarget(echo);
    await using folder = new TemporaryFolder();
    const port = freePort();
    const app: App = {
      name: "web",
      listen: [`127.0.0.1:${port}`],
      targets: [target.address],
      dscp: { listen: "ef", dial: "af41" },
      interface: "lo",
      ["user_timeout"]: "30s",
      source: "127.0.0.5-127.0.0.7",
    };
    const config = await folder.config({ engine: "native", workers: 2, apps: [app] });
    await using proxy = program(["-c", config], { permissions });
    await proxy.ready();
    using first = await opened(port);
    const [[client = ""], [toTarget = ""]] = await sides(port, portOf(target.address));
    assertStringIncludes(client, "tos:0xb8");
    assertStringIncludes(client, `127.0.0.1%lo:${port}`);
    assertStringIncludes(toTarget, "tos:0x88");
    assertMatch(toTarget, /127\.0\.0\.[567]%lo:/);
    const others = await Promise.all(Array.from({ length: 12 }, () => opened(port)));
    const [, dials] = await sides(port, portOf(target.address));
    const sources = new Set(dials.map((line) => /(127\.0\.0\.\d)%lo/.exec(line)?.[1]));
    assertEquals(sources, new Set(["127.0.0.5", "127.0.0.6", "127.0.0.7"]));
    for (const conn of others) conn.close();

    await folder.config({
      engine: "native",
      workers: 2,
      apps: [{ ...app, dscp: { listen: "cs1" }, interface: "off", source: "off" }],
    });
    await reload(proxy, 1);
    using second = await opened(port);
    const sidesNow = async (): Promise<[string[], string[]]> => {
      const [clients, targets] = await sides(port, portOf(target.address));
      return [clients.toSorted(), targets.toSorted()];
    };
    await until(async () => (await sidesNow())[1].length === 2);
    const [clients, targets] = await sidesNow();
    assertEquals(clients.map((line) => /tos:(\w+)/.exec(line)?.[1]).toSorted(), ["0x20", "0xb8"]);
    assertEquals(targets.map((line) => /tos:(\w+)/.exec(line)?.[1]).toSorted(), ["0", "0x88"]);
    assertStrictEquals(targets.filter((line) => line.includes("%lo")).length, 1);
    // The first connection goes on as it was.
    assertStrictEquals(await exchangeOpen(first), "hello");
    assertStrictEquals(await exchangeOpen(second), "hello");
  },
});

Deno.test({
  name:
    "socket options: what the kernel refuses keeps the proxy from starting and reloading, with key and remedy",
  ignore,
  fn: async () => {
    await using target = new TestTarget(echo);
    await using folder = new TemporaryFolder();
    const port = freePort();
    const app: App = { name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] };
    const refusal = `start app "web": listen on 127.0.0.1:${port}: "interface" refused: ` +
      "no such network interface; correct the name, or create it first";
    const bad = { engine: "native", apps: [{ ...app, interface: { listen: "none-such0" } }] };
    const { code, stderr } = await runProgram(["-c", await folder.config(bad)], { permissions });
    assertStrictEquals(code, 1);
    assertStringIncludes(stderr, refusal);

    const config = await folder.config({ engine: "native", apps: [app] });
    await using proxy = program(["-c", config], { permissions });
    await proxy.ready();
    await folder.config(bad);
    await reload(proxy, 1);
    assertStringIncludes(proxy.stderr, refusal);
    await folder.config({ engine: "native", apps: [{ ...app, mptcp: { listen: true } }] });
    await reload(proxy, 2);
    assertStringIncludes(
      proxy.stderr,
      `listen on 127.0.0.1:${port}: "mptcp" needs another socket; restart, or give the app another port`,
    );
    // For dials it is a failure of the target, as any other.
    await folder.config({ engine: "native", apps: [{ ...app, interface: { dial: "none-such0" } }] });
    await reload(proxy, 3);
    using conn = await connectTo(port);
    assertStrictEquals((await exchange(conn, utf8("hello"))).length, 0);
    await proxy.waitFor(`"interface" refused: no such network interface`, 2);
    await proxy.waitFor("no_target");
  },
});

const unable = missingTools("setpriv");

Deno.test({
  name: "socket options: a mark without the capability names it" +
    (unable.length === 0 && mayMark ? "" : " (setpriv or CAP_NET_ADMIN missing)"),
  ignore: ignore || unable.length > 0 || !mayMark,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const apps = [{ name: "web", listen: [`127.0.0.1:${freePort()}`], targets: ["127.0.0.1:1"], mark: 5 }];
    const config = await folder.config({ engine: "native", apps });
    const { code, stderr } = await runProgram(["-c", config], {
      permissions,
      runner: ["setpriv", "--bounding-set", "-net_admin,-net_raw", "--inh-caps", "-net_admin,-net_raw"],
    });
    assertStrictEquals(code, 1);
    assertStringIncludes(stderr, `"mark" refused: not permitted; grant CAP_NET_ADMIN, or remove it`);
  },
});
