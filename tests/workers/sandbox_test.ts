import { assertEquals } from "@std/assert";
import { sandboxOf } from "../../lib/workers/mod.ts";
import { configOf } from "../helpers/proxy/proxy.ts";

Deno.test("sandboxOf: allows listeners and targets, those of routes too, and no files", () => {
  const config = configOf({
    apps: [{
      listen: ["127.0.0.1:5001", "[::1]:5002"],
      targets: ["db.internal:5432", "10.0.0.5:*"],
      routes: [{ sni: ["a.example.com"], targets: ["10.0.1.1:443"] }],
      "health_check": { port: 8008 },
    }],
  });
  assertEquals(sandboxOf(config, { unixIsNet: true }), {
    net: [
      "127.0.0.1:5001",
      "[::1]:5002",
      "db.internal:5432",
      "10.0.0.5:5001",
      "10.0.0.5:5002",
      "10.0.1.1:443",
    ],
    read: false,
    write: false,
    env: false,
    ffi: false,
    import: false,
    run: false,
    sys: false,
  });
});

Deno.test("sandboxOf: a unix socket is a file, and an address where the runtime counts it as one", () => {
  const config = configOf({ apps: [{ listen: ["unix:/run/a.sock"], targets: ["unix:/run/b.sock", "h:1"] }] });
  for (const unixIsNet of [true, false]) {
    const { net, read, write } = sandboxOf(config, { unixIsNet });
    assertEquals(net, unixIsNet ? ["unix:/run/a.sock", "unix:/run/b.sock", "h:1"] : ["h:1"]);
    assertEquals([read, write], [["/run/a.sock", "/run/b.sock"], ["/run/a.sock", "/run/b.sock"]]);
  }
});

Deno.test({
  name: "sandboxOf: the relative path of a unix socket is made whole, as the runtime's list wants it",
  ignore: Deno.build.os === "windows",
  fn: () => {
    const config = configOf({ apps: [{ listen: ["unix:a.sock"], targets: ["unix:./run/b.sock"] }] });
    const { net, read, write } = sandboxOf(config, {
      unixIsNet: true,
      unixNames: new Map([["a.sock", "a.sock.1f2e3d4c"]]),
      folder: "/srv",
    });
    const paths = ["/srv/a.sock.1f2e3d4c", "/srv/run/b.sock"];
    assertEquals(net, paths.map((path) => `unix:${path}`));
    assertEquals([read, write], [paths, paths]);
  },
});

Deno.test("sandboxOf: a listener for both families may fall back to IPv4", () => {
  const config = configOf({ apps: [{ ports: [5001], targets: ["h:1"] }] });
  assertEquals(sandboxOf(config, { unixIsNet: true }).net, ["[::]:5001", "0.0.0.0:5001", "h:1"]);
});

Deno.test("sandboxOf: with discovery, inherits the network permissions of the process", () => {
  const config = configOf({ apps: [{ targets: [{ address: "db.internal:5432", discover: "dns" }] }] });
  assertEquals(sandboxOf(config, { unixIsNet: true }).net, "inherit");
});

Deno.test("sandboxOf: with discovery within IPv4 networks, allows those", () => {
  const targets = [{ address: "t.json", discover: "file" }, { address: "db:1", discover: "dns" }, "h:2"];
  const app = { listen: ["127.0.0.1:5001"], targets };
  const netOf = (within: readonly string[]): unknown =>
    sandboxOf(configOf({ apps: [{ ...app, discovery: { within } }] }), { unixIsNet: true }).net;
  assertEquals(netOf(["10.0.0.0/8", "192.0.2.1"]), [
    "127.0.0.1:5001",
    "db:1",
    "h:2",
    "10.0.0.0/8",
    "192.0.2.1",
  ]);
  assertEquals(netOf(["10.0.0.0/8", "fd00::/8"]), "inherit");
  const limited = { unixIsNet: true, isNetOpen: false };
  const config = configOf({ apps: [{ ...app, discovery: { within: ["10.0.0.0/8"] } }] });
  assertEquals(sandboxOf(config, limited).net, "inherit");
});
