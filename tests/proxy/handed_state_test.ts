import { assertEquals } from "@std/assert";
import { ControlPlane, type HandedApp } from "../../lib/proxy/mod.ts";
import { takenOver } from "../../lib/cli/handover/native_start.ts";
import { configOf, ProxyLog } from "../helpers/proxy/proxy.ts";

const APPS = [{
  name: "web",
  listen: ["127.0.0.1:7001"],
  targets: ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"],
  health_check: {},
}];

const HANDED: HandedApp = {
  name: "web",
  isPaused: true,
  targets: [
    { label: "10.0.0.1:80", admin: "drain", weight: null },
    { label: "10.0.0.2:80", admin: "ready", weight: 9 },
    { label: "10.0.0.9:80", admin: "down", weight: null },
  ],
  faults: { faults: [{ kind: "refuse", expires: "1h" }], sinceEpochMs: Date.now() - 60_000 },
  down: [{ label: "10.0.0.3:80", detail: "connection refused" }],
};

async function plane(
  root: Parameters<typeof configOf>[0],
  handed: readonly HandedApp[],
): Promise<ControlPlane> {
  return await ControlPlane.prepare(configOf(root), {
    observer: new ProxyLog(),
    handed: handed.map(takenOver),
  });
}

Deno.test("ControlPlane: what a process before hands over is what it is set to, and what is handed on", async () => {
  const control = await plane({ apps: APPS }, [HANDED]);
  const [pool] = control.snapshot("web", () => []);
  assertEquals(
    pool?.targets.map(({ label, admin, weight, health, detail }) => [label, admin, weight, health, detail]),
    [
      ["10.0.0.1:80", "drain", 1, "up", ""],
      ["10.0.0.2:80", "ready", 9, "up", ""],
      ["10.0.0.3:80", "ready", 1, "down", "connection refused"],
    ],
  );
  assertEquals(control.settings.isPaused("web"), true);
  const [fault] = control.faults("web");
  assertEquals([fault?.source, fault?.sinceMs], ["api", HANDED.faults?.sinceEpochMs]);
  const [handedOn] = control.handed();
  // A target that the config no longer has is forgotten.
  assertEquals(handedOn?.targets, HANDED.targets.slice(0, 2));
  assertEquals([handedOn?.isPaused, handedOn?.down], [true, HANDED.down]);
  assertEquals(handedOn?.faults?.sinceEpochMs, HANDED.faults?.sinceEpochMs);
  // A second time, through JSON, as a process after it reads it.
  const next = await plane({ apps: APPS }, JSON.parse(JSON.stringify(control.handed())));
  assertEquals(next.handed(), control.handed());
});

Deno.test("ControlPlane: an app that is gone, and targets without checks, take nothing over", async () => {
  const control = await plane({ apps: [{ ...APPS[0], name: "other" }] }, [HANDED]);
  assertEquals(control.settings.isPaused("other"), false);
  const unchecked = await plane({ apps: [{ ...APPS[0], health_check: "off" }] }, [HANDED]);
  assertEquals(unchecked.handed()[0]?.down, []);
});
