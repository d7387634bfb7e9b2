import { assertEquals } from "@std/assert";
import {
  diffConfigs,
  effectiveConfig,
  type LogServerConfig,
  parseConfig,
  resolveConfig,
  restartSettings,
} from "../../../lib/config/mod.ts";
import { configErrorOf } from "../../helpers/config/config_error.ts";

const APPS = [{ name: "a", ports: [1], targets: ["h:1"] }];

async function serverOf(access: unknown): Promise<LogServerConfig["server"] | undefined> {
  const { log } = await parseConfig(JSON.stringify({ log: { access }, apps: APPS }), {
    file: "/etc/p/c.yaml",
  });
  return typeof log.access === "object" ? log.access.server : undefined;
}

Deno.test("log servers: every form is read", async () => {
  assertEquals(await serverOf({ syslog: "local" }), { kind: "local" });
  assertEquals(await serverOf({ syslog: "udp://10.0.0.1:514" }), {
    kind: "udp",
    host: "10.0.0.1",
    port: 514,
  });
  assertEquals(await serverOf({ syslog: "tcp://[::1]:601" }), { kind: "tcp", host: "::1", port: 601 });
  assertEquals(await serverOf({ syslog: "tcp://Logs.internal:601" }), {
    kind: "tcp",
    host: "logs.internal",
    port: 601,
  });
  assertEquals(await serverOf({ syslog: "unix:log.sock" }), { kind: "unix", path: "/etc/p/log.sock" });
  assertEquals(await serverOf({ journal: true }), { kind: "journal", path: "/run/systemd/journal/socket" });
  assertEquals(await serverOf({ journal: "/j.sock" }), { kind: "journal", path: "/j.sock" });
});

Deno.test("log servers: facility and tag have defaults", () => {
  const { log } = resolveConfig(
    {
      log: { access: { syslog: "local" }, destination: { journal: true, facility: "local7", tag: "edge" } },
      apps: APPS,
    },
    { source: "test" },
  );
  assertEquals(log.access, { server: { kind: "local" }, facility: "daemon", tag: "tcpproxy" });
  assertEquals(log.destination, {
    server: { kind: "journal", path: "/run/systemd/journal/socket" },
    facility: "local7",
    tag: "edge",
  });
  const plain = resolveConfig({ apps: APPS }, { source: "test" });
  assertEquals([plain.log.access, plain.log.destination], [true, undefined]);
});

Deno.test("log servers: what is in effect is said again as what it is, and a change takes a restart", () => {
  const read = (log: unknown): ReturnType<typeof resolveConfig> =>
    resolveConfig({ log, apps: APPS }, { source: "test" });
  const servers = [
    { syslog: "local" },
    { syslog: "udp://10.0.0.1:514", facility: "local0" },
    { syslog: "tcp://[::1]:601", tag: "edge" },
    { syslog: "unix:/run/x.sock" },
    { journal: true },
  ];
  for (const server of servers) {
    const config = read({ access: server, destination: server });
    assertEquals(resolveConfig(effectiveConfig(config), { source: "test" }), config);
    assertEquals(restartSettings(diffConfigs(read({}), config)), ["log"]);
  }
});

Deno.test("log servers: one of both is given", async () => {
  for (const access of [{}, { syslog: "local", journal: true }]) {
    const error = await configErrorOf(() => serverOf(access));
    assertEquals(error.problems.map(({ message }) => message), [`expected either "syslog" or "journal"`]);
  }
});
