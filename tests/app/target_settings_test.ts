import { assertEquals } from "@std/assert";
import { TargetSettings } from "../../lib/app/targets/target_settings.ts";
import type { TargetSpec } from "../../lib/pool/mod.ts";

const SPECS: readonly TargetSpec[] = [1, 2].map((port) => ({
  address: { kind: "tcp", host: "10.0.0.1", port },
  label: `10.0.0.1:${port}`,
  weight: 3,
}));

Deno.test("TargetSettings: what is set is applied by label, and leaves the rest as configured", () => {
  const settings = new TargetSettings();
  assertEquals(settings.applied(SPECS), [...SPECS]);
  settings.set("10.0.0.1:2", { admin: "drain" });
  settings.set("10.0.0.1:2", { weight: 7 });
  assertEquals(settings.applied(SPECS), [
    SPECS[0],
    { ...SPECS[1], admin: "drain", weight: 7, configuredWeight: 3 },
  ]);
  settings.set("10.0.0.1:2", { admin: "ready", weight: null });
  assertEquals(settings.applied(SPECS), [...SPECS]);
});

Deno.test("TargetSettings: what is no longer in the config is forgotten, what discovery may find again is kept", () => {
  for (const [discovers, expected] of [[false, "ready"], [true, "down"]] as const) {
    const settings = new TargetSettings();
    settings.set("10.0.0.1:1", { admin: "down" });
    settings.set("10.0.0.1:2", { admin: "down" });
    settings.retain(new Set(["10.0.0.1:2"]), discovers);
    assertEquals([settings.get("10.0.0.1:1").admin, settings.get("10.0.0.1:2").admin], [expected, "down"]);
  }
});

Deno.test("TargetSettings: of lost targets of discovery, the latest 1000 are kept", () => {
  const settings = new TargetSettings();
  for (let port = 0; port <= 1000; port++) settings.set(`10.0.0.1:${port}`, { admin: "drain" });
  settings.retain(new Set(), true);
  assertEquals([0, 1, 1000].map((port) => settings.get(`10.0.0.1:${port}`).admin), [
    "ready",
    "drain",
    "drain",
  ]);
});
