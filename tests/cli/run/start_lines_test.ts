import { assertEquals } from "@std/assert";
import {
  formatPorts,
  logConfig,
  logListeners,
  logListenNames,
  logProgram,
} from "../../../lib/cli/run/logging/start_lines.ts";
import { embeddedConfig, resolveConfig } from "../../../lib/config/mod.ts";
import { RecordedLog } from "../../helpers/fakes/recorded_log.ts";

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

Deno.test("logProgram: says version, process, config, engine and threads", () => {
  const log = new RecordedLog();
  const info = { version: "1.2.3", pid: 7, config: "/etc/tcpproxy.yaml" };
  logProgram(log, { ...info, workers: 1, engine: { name: "runtime", why: undefined } });
  logProgram(log, { ...info, workers: 4, engine: { name: "native", why: undefined } });
  assertEquals(log.lines, [
    "info tcpproxy 1.2.3, pid 7, config /etc/tcpproxy.yaml, engine runtime, workers 1",
    "info tcpproxy 1.2.3, pid 7, config /etc/tcpproxy.yaml, engine native, workers 4",
  ]);
});

Deno.test("logConfig: of more than eight ports, targets or routes, the first six are shown", () => {
  const log = new RecordedLog();
  const many = (count: number): number[] => Array.from({ length: count }, (_, index) => 5001 + 2 * index);
  const config = resolveConfig({
    apps: [
      { name: "eight", ports: many(8), targets: many(8).map((port) => `h:${port}`) },
      { name: "many", ports: ["6000-6999"], targets: many(98).map((port) => `h:${port}`) },
    ],
  }, { source: "test" });
  logConfig(log, config);
  const six = "h:5001 h:5003 h:5005 h:5007 h:5009 h:5011";
  assertEquals(log.lines.slice(1), [
    "info - Name: eight - Ports: [5001 5003 5005 5007 5009 5011 5013 5015] " +
    `- Targets: [${six} h:5013 h:5015]`,
    `info - Name: many - Ports: [6000-6999] - Targets: [${six} … and 92 more]`,
  ]);
});

Deno.test("logListenNames: says what each name stands for, and what of it is not bound", () => {
  const log = new RecordedLog();
  logListenNames(log, [
    { name: "a.test", hosts: ["127.0.0.1", "::1"], missing: [], mayLookUp: true },
    { name: "b.test", hosts: ["127.0.0.1"], missing: ["::1"], mayLookUp: true },
    { name: "c.test", hosts: ["c.test"], missing: [], mayLookUp: false },
  ]);
  assertEquals(log.lines, [
    "info a.test stands for 127.0.0.1, ::1",
    "info b.test stands for 127.0.0.1",
    "warning b.test: ::1 is left out, this machine has no such address family",
    "warning c.test: bound on its first address only, as the runtime forbids to look it up; " +
    'start with the flags that "tcpproxy permissions" prints',
  ]);
});
