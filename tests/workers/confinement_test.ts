import { assertEquals } from "@std/assert";
import { confinementOf } from "../../lib/workers/shared/confinement.ts";
import type { ConfinementOptions } from "../../lib/net/mod.ts";
import { configOf } from "../helpers/proxy/proxy.ts";

function optionsOf(...apps: Parameters<typeof configOf>[0]["apps"] & unknown[]): ConfinementOptions {
  return confinementOf(configOf({ engine: "native", apps }));
}

Deno.test("confinementOf: the ports of targets, those of routes and of any host on the same port too", () => {
  const options = optionsOf({
    listen: ["127.0.0.1:5001", "127.0.0.1:5002"],
    targets: ["db.internal:5432", "10.0.0.5:*", { address: "db:7", discover: "dns" }],
    routes: [{ sni: ["a.example.com"], targets: ["10.0.1.1:443"] }],
  });
  assertEquals(options, {
    ports: new Set([5432, 5001, 5002, 7, 443]),
    unix: false,
    mptcp: false,
    bind: false,
  });
});

Deno.test("confinementOf: any port where discovery gives the ports, and unix sockets, which it may list", () => {
  for (const discover of ["file", "srv"]) {
    const address = discover === "file" ? "targets.json" : "_pg._tcp.db.internal";
    const { ports, unix } = optionsOf({ listen: ["127.0.0.1:5001"], targets: [{ address, discover }] });
    assertEquals([ports, unix], ["any", true]);
  }
});

Deno.test("confinementOf: unix sockets, sources and Multipath TCP where an app dials with them", () => {
  const listen = ["127.0.0.1:5001"];
  assertEquals(optionsOf({ listen, targets: ["unix:/run/a.sock"] }).unix, true);
  assertEquals(optionsOf({ listen: ["unix:/run/a.sock"], targets: ["h:1"] }).unix, false);
  assertEquals(optionsOf({ listen, targets: ["h:1"], source: ["127.0.0.2"] }).bind, true);
  assertEquals(optionsOf({ listen, targets: ["h:1"], transparent: true }).bind, true);
  assertEquals(optionsOf({ listen, targets: ["h:1"], mptcp: true }).mptcp, true);
});
