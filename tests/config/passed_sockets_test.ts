import { assertEquals, assertStrictEquals } from "@std/assert";
import { formatAddress } from "../../lib/base/mod.ts";
import { effectiveConfig, resolveConfig } from "../../lib/config/mod.ts";
import { resolvePassedSockets, StartError } from "../../lib/proxy/mod.ts";
import { configErrorOf } from "../helpers/config/config_error.ts";

const SOURCE = { source: "test" };
const TARGETS = ["192.0.2.1:1"];

Deno.test("listen: systemd:NAME names passed sockets, beside addresses, and is written as it was read", () => {
  const listen = ["127.0.0.1:7000", "systemd:web", "systemd:tcpproxy.socket"];
  const config = resolveConfig({ apps: [{ name: "a", ports: [80], listen, targets: TARGETS }] }, SOURCE);
  const [app] = config.apps;
  assertEquals(app?.listen.map(formatAddress), ["[::]:80", "127.0.0.1:7000"]);
  assertEquals(app?.sockets, ["web", "tcpproxy.socket"]);
  const effective = effectiveConfig(config);
  assertEquals((effective.apps as { listen: unknown }[])[0]?.listen, listen);
  assertEquals(resolveConfig(effective, SOURCE), config);
});

Deno.test("listen: passed sockets have one app each, a name that systemd takes, and the native engine", async () => {
  const messages = async (root: Record<string, unknown>): Promise<string[]> =>
    (await configErrorOf(() => resolveConfig(root, SOURCE))).problems.map(({ message }) => message);
  const apps = ["a", "b"].map((name) => ({ name, listen: ["systemd:web"], targets: TARGETS }));
  assertEquals(await messages({ apps }), [
    'the sockets "web" are taken by apps[0].listen[0]; give each name one app',
  ]);
  assertEquals(await messages({ engine: "runtime", apps: apps.slice(1) }), [
    'the runtime\'s sockets cannot be passed ones; set "engine: native", or give an address',
  ]);
  for (const name of ["", "a:b", "a b", "ä", "x".repeat(256)]) {
    const [message] = await messages({
      apps: [{ name: "a", listen: [`systemd:${name}`], targets: TARGETS }],
    });
    assertStrictEquals(
      message,
      `the name of a socket is "${name}"; expected 1 to 255 printable ASCII characters other than ":" and spaces`,
    );
  }
});

Deno.test("resolvePassedSockets: a name is the addresses of its sockets, each listened on once", () => {
  const passed = {
    missing: "none here",
    named: (name: string) =>
      name === "web"
        ? [{ kind: "tcp", host: "::", port: 80 } as const, { kind: "unix", path: "/s" } as const]
        : [],
  };
  const resolve = (app: Record<string, unknown>): string[] => {
    const config = resolveConfig({ apps: [{ name: "a", targets: TARGETS, ...app }] }, SOURCE);
    try {
      return resolvePassedSockets(config, passed).apps.flatMap(({ listen }) => listen.map(formatAddress));
    } catch (error) {
      return [error instanceof StartError ? error.message : "another error"];
    }
  };
  assertEquals(resolve({ listen: ["systemd:web", "127.0.0.1:81"] }), ["127.0.0.1:81", "[::]:80", "unix:/s"]);
  assertEquals(resolve({ listen: ["systemd:db"] }), ['start app "a": listen on systemd:db: none here']);
  assertEquals(resolve({ ports: [80], listen: ["systemd:web"] }), [
    'start app "a": listen on systemd:web: app "a" listens on its address [::]:80 too; remove one of them',
  ]);
});
