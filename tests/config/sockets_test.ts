import { assertEquals, assertStrictEquals } from "@std/assert";
import { DEFAULT_KEEPALIVE, PLAIN_DIAL, PLAIN_LISTEN } from "../../lib/base/mod.ts";
import {
  type AppConfig,
  type Config,
  ConfigDocument,
  diffConfigs,
  effectiveConfig,
  formatPath,
  parseConfig,
  resolveConfig,
  unsupportedKeys,
} from "../../lib/config/mod.ts";
import { configErrorOf } from "../helpers/config/config_error.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const PLAIN = `ports: [1]\ntargets: ["h:1"]`;

async function configOf(lines: string, head = "engine: native"): Promise<Config> {
  const text = `${head}\napps:\n  - name: a\n    ${lines.replaceAll("\n", "\n    ")}\n`;
  return await parseConfig(text, { file: "c.yaml" });
}

async function appOf(lines: string, head?: string): Promise<AppConfig> {
  const [app] = (await configOf(lines, head)).apps;
  if (app === undefined) throw new Error("there is no app");
  return app;
}

/** The problems of an app, `path: message`. */
async function problemsOf(lines: string, head?: string): Promise<string[]> {
  const { problems } = await configErrorOf(() => configOf(lines, head));
  return problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

Deno.test("sockets: an app that says nothing has those of the system, and keepalive", async () => {
  const { keepalive, listenSockets, dialSockets } = await appOf(PLAIN);
  assertEquals([keepalive, listenSockets, dialSockets], [true, PLAIN_LISTEN, PLAIN_DIAL]);
});

Deno.test("sockets: a plain value is for both sides, a mapping for each", async () => {
  const both = await appOf(
    `${PLAIN}\nmark: 0x10\ninterface: eth0\ndscp: ef\nfast_open: true\nmptcp: true\nuser_timeout: 30s`,
  );
  const side = {
    userTimeoutMs: 30_000,
    mark: 16,
    interface: "eth0",
    dscp: 46,
    fastOpen: true,
    mptcp: true,
  };
  assertEquals(both.listenSockets, { ...PLAIN_LISTEN, ...side });
  assertEquals(both.dialSockets, { ...PLAIN_DIAL, ...side });
  const each = await appOf(
    `${PLAIN}
mark: { dial: 7 }
interface: { listen: eth0, dial: off }
dscp: { listen: 0, dial: af41 }
fast_open: { listen: true }
mptcp: { listen: off, dial: true }
defer_accept: 5s
transparent: true`,
  );
  assertEquals(each.listenSockets, {
    ...PLAIN_LISTEN,
    interface: "eth0",
    dscp: 0,
    fastOpen: true,
    deferAcceptSeconds: 5,
  });
  assertEquals(each.dialSockets, { ...PLAIN_DIAL, mark: 7, dscp: 34, mptcp: true, transparent: true });
});

Deno.test("sockets: off in an app wins over what defaults say", async () => {
  const head = `engine: native
defaults: { keepalive: { idle: 10s }, mark: 5, source: 10.0.0.1, defer_accept: 3s, dscp: ef, user_timeout: 5s }`;
  const own = await appOf(
    `${PLAIN}\nkeepalive: off\nmark: off\nsource: off\ndefer_accept: off\ndscp: off\nuser_timeout: off`,
    head,
  );
  assertEquals([own.keepalive, own.listenSockets, own.dialSockets], [false, PLAIN_LISTEN, PLAIN_DIAL]);
  const inherited = await appOf(PLAIN, head);
  assertEquals(inherited.keepalive, { ...DEFAULT_KEEPALIVE, idleSeconds: 10 });
  assertEquals(inherited.dialSockets.source.map(({ text }) => text), ["10.0.0.1"]);
});

Deno.test("sockets: a wrong value is refused with what is expected", async () => {
  const refused: Readonly<Record<string, string>> = {
    "keepalive: { idle: 500ms }":
      `keepalive.idle: the duration is "500ms"; expected whole seconds from 1s to 32767s`,
    "keepalive: { count: 128 }": "keepalive.count: the value is 128; expected a whole number from 1 to 127",
    "keepalive: 60s": `keepalive: the value is "60s"; expected true, false, or a mapping`,
    "user_timeout: 600h": `user_timeout: the duration is "600h"; expected at most 576h, or off`,
    "defer_accept: 2m": `defer_accept: the duration is "2m"; expected whole seconds from 1s to 1m, or off`,
    "mark: 0": "mark: the value is 0; expected a whole number from 1 to 4294967295, or off",
    "mark: { listen: x }":
      `mark.listen: the value is "x"; expected a whole number from 1 to 4294967295, or off`,
    "interface: a/b": `interface: the interface is "a/b"; expected a name of 1 to 15 characters like eth0`,
    "dscp: 64": "dscp: the value is 64; expected a name like ef or af41, a whole number from 0 to 63, or off",
    "mptcp: 1": `mptcp: the value is 1; expected true, false, or a mapping with "listen" and "dial"`,
    "source: 10.0.0.9-10.0.0.1":
      `source: the range "10.0.0.9-10.0.0.1" runs backwards; expected "10.0.0.1-10.0.0.9"`,
  };
  for (const [line, message] of Object.entries(refused)) {
    assertEquals(await problemsOf(`${PLAIN}\n${line}`), [`apps[0].${message}`], line);
  }
});

Deno.test("sockets: source needs the family of every target that is an address", async () => {
  const listed = (targets: string, source: string): string =>
    `ports: [1]\ntargets: ${targets}\nsource: ${source}`;
  assertEquals(await problemsOf(listed(`["10.0.0.1:1", "[fd00::1]:1"]`, "10.0.0.2")), [
    `apps[0].source: no address of "source" is IPv6, as the target "[fd00::1]:1" is; add one`,
  ]);
  assertEquals(await problemsOf(listed(`[{ address: "10.0.0.1:1" }]`, "fd00::2")), [
    `apps[0].source: no address of "source" is IPv4, as the target "10.0.0.1:1" is; add one`,
  ]);
  await configOf(listed(`["10.0.0.1:1", "[fd00::1]:1", "h:1", "unix:/x"]`, "[10.0.0.2, fd00::2]"));
  // What an app has from defaults is said of the app.
  const head = "engine: native\ndefaults: { source: 10.0.0.2 }";
  assertEquals(await problemsOf(`ports: [1]\ntargets: ["[fd00::1]:1"]`, head), [
    `apps[0]: no address of "source" is IPv6, as the target "[fd00::1]:1" is; add one`,
  ]);
});

Deno.test("sockets: transparent excludes source, and needs clients with an address", async () => {
  assertEquals(await problemsOf(`${PLAIN}\ntransparent: true\nsource: 10.0.0.1`), [
    `apps[0].source: "source" and "transparent" both choose the address to dial from; remove one of them`,
  ]);
  const unix = `listen: ["unix:/run/x"]\ntargets: ["h:1"]\ntransparent: true`;
  assertEquals((await problemsOf(unix)).map((each) => each.split(";")[0]), [
    "apps[0].transparent: clients of unix sockets have no address to dial from",
  ]);
  await configOf(`${unix}\nproxy_protocol: { accept: required, from: [10.0.0.0/8] }`);
});

Deno.test("sockets: options that no socket of the app has are warnings", async () => {
  const idle = async (lines: string): Promise<string[]> => {
    await using folder = new TemporaryFolder();
    const text = `engine: native\napps:\n  - name: a\n    ${lines.replaceAll("\n", "\n    ")}\n`;
    const document = await ConfigDocument.load(await folder.write("c.yaml", text));
    return document.warnings().map(({ path }) => formatPath(path));
  };
  const unix = `listen: ["unix:/run/x"]\ntargets: ["unix:/run/y"]`;
  assertEquals(await idle(`${unix}\nmark: 5\nuser_timeout: 5s\ndefer_accept: 5s\nsource: 10.0.0.1`), [
    "apps[0].mark",
    "apps[0].user_timeout",
    "apps[0].defer_accept",
    "apps[0].source",
  ]);
  assertEquals(
    await idle(`ports: [1]\ntargets: ["unix:/run/y"]\nmark: 5\ndscp: { dial: ef }\nuser_timeout: 5s`),
    [
      "apps[0].dscp",
    ],
  );
  assertEquals(await idle(`${PLAIN}\nmark: 5\ndefer_accept: 5s\nsource: 10.0.0.1`), []);
  assertEquals(await idle(`${unix}\nmark: off\ntransparent: false\ndefer_accept: off`), []);
});

Deno.test("unsupportedKeys: each option that needs the native engine, and none that does not", async () => {
  const lines = `${PLAIN}
keepalive: { idle: 10s }
user_timeout: 5s
source: 10.0.0.1
mark: { dial: 1 }
interface: lo
dscp: 0
fast_open: { listen: true }
defer_accept: 5s
mptcp: true`;
  const keysOf = async (lines: string, head: string): Promise<string[]> => {
    const config = await configOf(lines, head);
    return config.apps.flatMap((app) => unsupportedKeys(app, config)).map(({ key }) => key);
  };
  const all = [
    ...["keepalive", "user_timeout", "source", "mark", "interface", "dscp", "fast_open", "defer_accept"],
    "mptcp",
  ];
  for (const head of ["", "engine: runtime", "engine: auto"]) assertEquals(await keysOf(lines, head), all);
  assertEquals(await keysOf(lines, "engine: native"), []);
  assertEquals(await keysOf(`${PLAIN}\ntransparent: true`, ""), ["transparent"]);
  const neutral = `user_timeout: off\nsource: off\ntransparent: false\nmark: off\ninterface: { dial: off }
dscp: off\nfast_open: { listen: false }\ndefer_accept: off\nmptcp: false`;
  for (const keepalive of ["true", "false", "off"]) {
    assertEquals(await keysOf(`${PLAIN}\nkeepalive: ${keepalive}\n${neutral}`, "engine: runtime"), []);
  }
  assertEquals(await keysOf(PLAIN, "engine: runtime"), []);
});

Deno.test("effectiveConfig: shows the times of the native engine's keepalive, and gives every option again", async () => {
  const native = effectiveConfig(await configOf(PLAIN)) as { apps: Record<string, unknown>[] };
  assertEquals(native.apps[0]?.keepalive, { idle: "1m", interval: "10s", count: 6 });
  const runtime = effectiveConfig(await configOf(PLAIN, "")) as { apps: Record<string, unknown>[] };
  assertStrictEquals(runtime.apps[0]?.keepalive, true);
  const config = await configOf(
    `${PLAIN}\nmark: { dial: 7 }\ndscp: { listen: 3, dial: ef }\nsource: [10.0.0.0/30]`,
  );
  const { apps } = effectiveConfig(config) as { apps: Record<string, unknown>[] };
  const [app] = apps;
  assertEquals([app?.mark, app?.dscp, app?.source], [
    { listen: "off", dial: 7 },
    { listen: 3, dial: "ef" },
    "10.0.0.0/30",
  ]);
  assertEquals(
    resolveConfig(effectiveConfig(config), { source: "test" }).apps[0]?.dialSockets,
    config.apps[0]?.dialSockets,
  );
});

Deno.test("diffConfigs: a changed option of sockets is a change of the app", async () => {
  const [before, after] = [
    await configOf(PLAIN),
    await configOf(`${PLAIN}\nmark: 5\nkeepalive: { idle: 5s }`),
  ];
  assertEquals(diffConfigs(before, after).apps[0]?.options.map(({ key }) => key), ["keepalive", "mark"]);
});
