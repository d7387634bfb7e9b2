import { assertEquals } from "@std/assert";
import { formatPorts, logConfig, logListeners } from "../../lib/cli/start_lines.ts";
import { embeddedConfig, resolveConfig } from "../../lib/config/mod.ts";
import { RecordedLog } from "../helpers/recorded_log.ts";

Deno.test("logConfig: the shipped config reads as the original's", async () => {
  const log = new RecordedLog();
  logConfig(log, await embeddedConfig());
  assertEquals(log.lines.slice(0, 2), [
    "info Starting a proxy with the following config:",
    "info - Name: five-thousand - Ports: [5001 5200 5300 5400] - Targets: [127.0.0.1:15001 127.0.0.1:15002]",
  ]);
  assertEquals(log.lines.length, 5);
});

Deno.test("logConfig: addresses of their own and routes are shown where there are any", () => {
  const log = new RecordedLog();
  const config = resolveConfig({
    apps: [{
      name: "x",
      ports: [1],
      listen: ["127.0.0.1:7000", "unix:/s"],
      targets: ["h:1"],
      routes: [{ sni: ["*.a.example"], alpn: ["h2"], targets: ["r:2", "r:3"] }],
    }],
  }, { source: "test" });
  logConfig(log, config);
  assertEquals(
    log.lines[1],
    "info - Name: x - Ports: [1] - Listen: [127.0.0.1:7000 unix:/s] - Targets: [h:1] " +
      "- Routes: [*.a.example|alpn:h2 -> r:2|r:3]",
  );
});

Deno.test("formatPorts: three and more in a row are a range", () => {
  assertEquals(formatPorts([]), []);
  assertEquals(formatPorts([5001, 5200, 5300]), ["5001", "5200", "5300"]);
  assertEquals(formatPorts([1, 2, 4, 5, 6, 9]), ["1", "2", "4-6", "9"]);
});

Deno.test("logListeners: a count, and each address where debug lines are written", () => {
  const listeners = [{ app: "x", address: { kind: "tcp", host: "::", port: 1 } }] as const;
  const [loud, quiet] = [new RecordedLog(), new RecordedLog(["info"])];
  logListeners(loud, listeners);
  logListeners(quiet, [...listeners, ...listeners]);
  assertEquals(loud.lines, ["info listening on 1 address", 'debug app "x": listening on [::]:1']);
  assertEquals(quiet.lines, ["info listening on 2 addresses"]);
});
