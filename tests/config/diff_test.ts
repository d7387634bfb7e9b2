import { assertEquals } from "@std/assert";
import { diffConfigs, isSameConfig, resolveConfig, restartSettings } from "../../lib/config/mod.ts";

const WEB = { name: "web", listen: ["127.0.0.1:8080"], targets: ["10.0.0.1:80", "10.0.0.2:80"] };

function diff(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): ReturnType<typeof diffConfigs> {
  const config = (value: unknown): ReturnType<typeof resolveConfig> =>
    resolveConfig(value, { source: "test" });
  return diffConfigs(config(before), config(after));
}

Deno.test("diffConfigs: what is only written otherwise is the same", () => {
  const before = { apps: [{ ...WEB, ports: ["9000-9001"] }], defaults: { idle_timeout: "1h" } };
  const after = { apps: [{ ...WEB, ports: [9000, 9001], idle_timeout: "60m", balance: "random" }] };
  assertEquals(isSameConfig(diff(before, after)), true);
});

Deno.test("diffConfigs: listeners and targets are kept, changed, added and gone one by one", () => {
  const after = {
    ...WEB,
    listen: ["127.0.0.1:8080", "127.0.0.1:8081"],
    targets: [{ address: "10.0.0.2:80", weight: 5 }, "10.0.0.3:80"],
  };
  const [app] = diff({ apps: [WEB] }, { apps: [after] }).apps;
  assertEquals(app, {
    name: "web",
    change: "changed",
    listeners: [
      { address: "127.0.0.1:8080", route: undefined, change: "kept" },
      { address: "127.0.0.1:8081", route: undefined, change: "added" },
    ],
    targets: [
      { address: "10.0.0.2:80", route: undefined, change: "changed" },
      { address: "10.0.0.3:80", route: undefined, change: "added" },
      { address: "10.0.0.1:80", route: undefined, change: "gone" },
    ],
    options: [],
  });
});

Deno.test("diffConfigs: an option is shown as the config spells it, before and after", () => {
  const [app] = diff({ apps: [WEB] }, { apps: [{ ...WEB, idle_timeout: "5m" }] }).apps;
  assertEquals(app?.change, "changed");
  assertEquals(app?.options, [{ key: "idle_timeout", before: "1h", after: "5m" }]);
});

Deno.test("diffConfigs: another order of targets is a change", () => {
  const [app] = diff({ apps: [WEB] }, { apps: [{ ...WEB, targets: [...WEB.targets].reverse() }] }).apps;
  assertEquals(app?.change, "changed");
  assertEquals(app?.options.map(({ key }) => key), ["targets"]);
});

Deno.test("diffConfigs: a target of a route is another than the same one of the app", () => {
  const routes = [{ sni: ["a.test"], targets: ["10.0.0.1:80"] }];
  const [app] = diff({ apps: [WEB] }, { apps: [{ ...WEB, routes }] }).apps;
  assertEquals(app?.targets.map(({ address, route, change }) => [address, route !== undefined, change]), [
    ["10.0.0.1:80", false, "kept"],
    ["10.0.0.2:80", false, "kept"],
    ["10.0.0.1:80", true, "added"],
  ]);
});

Deno.test("diffConfigs: apps come in the order of the new config, those that are gone last", () => {
  const other = { name: "other", listen: ["127.0.0.1:9"], targets: ["10.0.0.9:9"] };
  const third = { name: "third", listen: ["127.0.0.1:10"], targets: ["10.0.0.9:9"] };
  const { apps } = diff({ apps: [WEB, other] }, { apps: [third, other] });
  assertEquals(apps.map(({ name, change }) => [name, change]), [
    ["third", "added"],
    ["other", "kept"],
    ["web", "gone"],
  ]);
});

Deno.test("restartSettings: names the settings that a reload cannot put into effect", () => {
  const change = diff({ apps: [WEB] }, { apps: [WEB], log: { level: "debug" }, shutdown: { delay: "1s" } });
  assertEquals(change.settings.map(({ key }) => key), ["log", "shutdown"]);
  assertEquals(restartSettings(change), ["log"]);
});
