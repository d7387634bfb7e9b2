import { assertEquals, assertStringIncludes } from "@std/assert";
import { diffConfigs, effectiveConfig, resolveConfig } from "../../../lib/config/mod.ts";
import { assumedSnapshot } from "../../../lib/app/mod.ts";
import { type CountersSnapshot, ThreadCounters } from "../../../lib/metrics/mod.ts";
import { Target } from "../../../lib/pool/mod.ts";
import type { ReloadResult } from "../../../lib/proxy/mod.ts";
import { QuietProxy, withAdmin } from "../../helpers/proxy/admin.ts";

const PROBLEM = { path: ["apps", 0], severity: "error" } as const;

const WEB = { name: "web", listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80"] };
const BEFORE = resolveConfig({ apps: [WEB] }, { source: "test" });
const AFTER = resolveConfig(
  { apps: [{ ...WEB, targets: ["10.0.0.2:80"], idle_timeout: "5m" }] },
  { source: "test" },
);
const DIFF = diffConfigs(BEFORE, AFTER);

const CHANGES = {
  settings: [],
  apps: [{
    name: "web",
    change: "changed",
    sessions: 0,
    listeners: [{ address: "127.0.0.1:7001", change: "kept" }],
    targets: [
      { address: "10.0.0.2:80", route: null, change: "added", connections: 0 },
      { address: "10.0.0.1:80", route: null, change: "gone", connections: null },
    ],
    options: [{ key: "idle_timeout", before: "1h", after: "5m" }],
  }],
};

/** A proxy of which only the threads know how many sessions its app has: two, to the target that a reload removes. */
function countingProxy(): QuietProxy {
  const pools = BEFORE.apps.map((app) => {
    const { targets, ...pool } = assumedSnapshot(app.targets, app);
    return { ...pool, targets: targets.map((target) => ({ ...target, active: undefined })) };
  });
  const proxy = new QuietProxy([WEB], { workers: 4, sessionsOf: () => undefined, pools: () => pools });
  proxy.counters = twoSessions("web", "10.0.0.1:80");
  return proxy;
}

function twoSessions(app: string, label: string): CountersSnapshot {
  const counters = new ThreadCounters({ thread: "worker 1", targets: () => [{ label, active: 2 }] });
  const counted = counters.app(app);
  for (let count = 0; count < 3; count++) counted.sessionBegan();
  const target = new Target({ address: { kind: "unix", path: label }, label }).at(0);
  const flows = { up: { bytes: 0 }, down: { bytes: 0 } };
  counted.sessionEnded({ reason: "client_closed", ...flows, target, startedMs: 0, endedMs: 8 });
  return counters.snapshot();
}

/** The answer when a reload comes to this. */
async function answerTo(result: ReloadResult): Promise<{ status: number; body: unknown }> {
  const proxy = new QuietProxy();
  proxy.reloaded = result;
  let answer = { status: 0, body: {} as unknown };
  await withAdmin({ proxy }, async (admin) => {
    const { status, text } = await admin.ask("/api/reload", { method: "POST" });
    answer = { status, body: JSON.parse(text) };
  });
  return answer;
}

Deno.test("POST /api/reload: gives the changes, and the new files with their expiry", async () => {
  const validToMs = Date.UTC(2030, 0, 2);
  const { status, body } = await answerTo({
    kind: "done",
    diff: DIFF,
    apps: [
      { app: "web", files: [{ file: "a.pem", validToMs }, { file: "a.key", validToMs: undefined }] },
      { app: "other", files: [] },
    ],
    warnings: [{ ...PROBLEM, app: "other", file: "b.pem", message: "it expires soon", severity: "warning" }],
  });
  assertEquals(status, 200);
  assertEquals(body, {
    changes: CHANGES,
    apps: [
      {
        name: "web",
        files: [
          { file: "a.pem", valid_to: "2030-01-02T00:00:00.000Z" },
          { file: "a.key", valid_to: null },
        ],
      },
      { name: "other", files: [] },
    ],
    warnings: [{ app: "other", file: "b.pem", message: "it expires soon" }],
  });
});

Deno.test("POST /api/reload: what checks send is not shown, nor other secrets", async () => {
  const [before, after] = ["secret-1", "secret-2"].map((secret) =>
    resolveConfig({
      apps: [{
        ...WEB,
        health_check: { send: secret, expect: secret },
        proxy_protocol: { send: "v2", tlvs: { add: [{ type: "0xe0", value: secret }] } },
      }],
    }, { source: "test" })
  );
  if (before === undefined || after === undefined) throw new Error("there is no config");
  const { body } = await answerTo({ kind: "done", diff: diffConfigs(before, after), apps: [], warnings: [] });
  const text = JSON.stringify(body);
  assertEquals(text.includes("secret"), false, text);
  assertStringIncludes(text, "(not shown)");
});

Deno.test("POST /api/reload: a refused reload is 409 with every problem", async () => {
  const { status, body } = await answerTo({
    kind: "refused",
    problems: [
      { ...PROBLEM, app: "web", file: "a.pem", message: "it is none" },
      { ...PROBLEM, app: undefined, file: undefined, message: "worker 2: it will not" },
    ],
  });
  assertEquals(status, 409);
  assertEquals(body, {
    type: "about:blank",
    title: "Conflict",
    status: 409,
    detail: "nothing has changed: it is none",
    problems: [
      { app: "web", file: "a.pem", message: "it is none" },
      { app: null, file: null, message: "worker 2: it will not" },
    ],
  });
});

Deno.test("POST /api/reload?plan=true: answers with the plan, for the file or for the config in the body", async () => {
  const proxy = new QuietProxy();
  proxy.planned = { diff: DIFF, apps: [], problems: [] };
  await withAdmin({ proxy }, async (admin) => {
    const file = await admin.ask("/api/reload?plan=true", { method: "POST" });
    assertEquals([file.status, JSON.parse(file.text)], [200, { changes: CHANGES, apps: [], warnings: [] }]);
    assertEquals(proxy.plannedFor, undefined);
    const body = JSON.stringify(effectiveConfig(AFTER));
    const given = await admin.ask("/api/reload?plan=true", { method: "POST", body });
    assertEquals(given.status, 200);
    assertEquals(proxy.plannedFor?.apps[0]?.idleTimeoutMs, 300_000);
  });
});

for (const path of ["/api/reload", "/api/reload?plan=true"]) {
  Deno.test(`POST ${path}: counts the sessions and connections of every thread`, async () => {
    const proxy = countingProxy();
    proxy.planned = { diff: DIFF, apps: [], problems: [] };
    proxy.reloaded = { kind: "done", diff: DIFF, apps: [], warnings: [] };
    await withAdmin({ proxy }, async (admin) => {
      const { text } = await admin.ask(path, { method: "POST" });
      const [web] = JSON.parse(text).changes.apps;
      assertEquals(web.sessions, 2);
      assertEquals(
        web.targets.map(({ address, connections }: { address: string; connections: unknown }) => [
          address,
          connections,
        ]),
        [["10.0.0.2:80", 0], ["10.0.0.1:80", 2]],
      );
    });
  });
}

Deno.test("POST /api/reload?plan=true: refuses a body that is not a config, with the reason", async () => {
  await withAdmin({}, async (admin) => {
    const ask = async (body: string): Promise<[number, string]> => {
      const { status, text } = await admin.ask("/api/reload?plan=true", { method: "POST", body });
      return [status, JSON.parse(text).detail];
    };
    const [noJson, invalid, large] = [
      await ask("{"),
      await ask('{"apps": 3}'),
      await ask("x".repeat(5_000_000)),
    ];
    assertEquals([noJson[0], invalid[0], large[0]], [400, 400, 413]);
    assertStringIncludes(invalid[1], "apps");
    assertEquals((await admin.ask("/api/reload?plan=maybe", { method: "POST" })).status, 400);
  });
});
