import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  readFault,
  readProxy,
  readSessions,
  readTarget,
  ViewError,
} from "../../../lib/cli/running/read_view.ts";
import { allTargets, isUp } from "../../../lib/cli/running/view.ts";
import { QuietProxy, withAdmin } from "../../helpers/proxy/admin.ts";
import { proxyAt } from "./proxy_view.ts";

Deno.test("readProxy, readSessions: read what the program answers", async () => {
  const proxy = new QuietProxy([{ name: "web", listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80"] }]);
  await withAdmin({ proxy }, async (admin) => {
    const view = readProxy(JSON.parse((await admin.ask("/api/status")).text));
    assertEquals([view.version, view.state, view.workers], ["1.2.3", "ready", 1]);
    assertEquals(view.apps.map(({ name, state, listeners }) => [name, state, listeners]), [
      ["web", "accepting", ["127.0.0.1:7001"]],
    ]);
    const [app] = view.apps;
    if (app === undefined) throw new Error("it has no app");
    assert(app.traffic.connections !== null && view.traffic.bytesUp !== null);
    assertEquals(allTargets(app).map(({ route, target }) => [route, target.address, isUp(target)]), [
      [null, "10.0.0.1:80", true],
    ]);
    const { total, matched, sessions } = readSessions(JSON.parse((await admin.ask("/api/sessions")).text));
    assertEquals([total, matched], [1, 1]);
    const [session] = sessions;
    assertEquals([session?.id, session?.client, session?.bytesDown], ["7", "192.0.2.7:4444", 34]);
  });
});

Deno.test("readProxy: what is missing is unknown, and no zero", () => {
  const { traffic, apps, config } = readProxy({ version: "0.1.0", apps: [{ name: "web", targets: [{}] }] });
  assertEquals([traffic.connections, traffic.dialMs, config.path, config.lastReload], [
    null,
    null,
    null,
    null,
  ]);
  assertEquals([apps[0]?.sessions, apps[0]?.state, apps[0]?.targets[0]?.admin], [null, "accepting", "ready"]);
});

Deno.test("readProxy: of the routes of an app it has every target", () => {
  const [web] = proxyAt({ seconds: 1 }).apps;
  if (web === undefined) throw new Error("it has no app");
  assertEquals(allTargets(web).map(({ route }) => route), [
    null,
    null,
    null,
    null,
    "routes[0] (sni *.example.com)",
  ]);
});

Deno.test("readFault: says what somebody has set, in the config's words", () => {
  const common = {
    direction: "both",
    probability: 1,
    clients: [],
    expires: "off",
    since: "",
    ["expires_at"]: null,
  };
  const { kind, options, source, expiresAtMs } = readFault({
    ...common,
    kind: "latency",
    amount: "100ms",
    jitter: "0s",
    source: "api",
  });
  assertEquals([kind, options, source, expiresAtMs], ["latency", "amount 100ms", "api", null]);
  const more = readFault({
    ...common,
    kind: "close",
    ["after_bytes"]: "1KiB",
    direction: "up",
    clients: ["10.0.0.0/8"],
  });
  assertEquals(more.options, "direction up, clients 10.0.0.0/8, after_bytes 1KiB");
});

Deno.test("readProxy, readSessions: what no tcpproxy answers is said to be that", () => {
  for (const value of [undefined, null, 1, "x", [], {}, { version: 1, apps: [] }, { version: "1" }]) {
    assertThrows(() => readProxy(value), ViewError, "not the status of a tcpproxy");
    assertThrows(() => readSessions(value), ViewError, "not a list of sessions");
  }
});

Deno.test("readProxy, readSessions: any JSON in the place of any part gives a view, or a ViewError", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
    const values = [a, {
      version: "1",
      apps: [a, { name: a, targets: [b], faults: [a], routes: [b] }],
      traffic: b,
      config: a,
    }];
    for (const value of values) {
      try {
        readProxy(value);
      } catch (error) {
        assert(error instanceof ViewError, String(error));
      }
    }
    readTarget(a);
    readFault(b);
    readSessions({ sessions: [a, { id: b, target: a }] });
  }));
});
