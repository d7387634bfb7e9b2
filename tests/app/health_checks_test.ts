import { assertEquals, assertStringIncludes } from "@std/assert";
import { Pool, type TargetSpec } from "../../lib/pool/mod.ts";
import { OwnListeners } from "../../lib/dial/mod.ts";
import { AppCounters } from "../../lib/metrics/mod.ts";
import { HealthChecks } from "../../lib/app/checks/health_checks.ts";
import { FileTexts } from "../../lib/app/tls/file_texts.ts";
import { targetSpec } from "../../lib/app/targets/target_spec.ts";
import { readTlsFiles } from "../../lib/app/tls/tls_files.ts";
import { AppTls } from "../../lib/app/tls/tls.ts";
import type { AppConfig, HealthCheckConfig } from "../../lib/config/mod.ts";
import { configOf } from "../helpers/proxy/proxy.ts";
import { utf8 } from "../helpers/bytes.ts";
import { writeAll } from "../helpers/clients.ts";
import { neverAnswering, refusingAddress, type Serve, TestTarget } from "../helpers/targets.ts";
import { until } from "../helpers/until.ts";

Deno.test("HealthChecks: a target new to a pool is down at once where its address is known to be down", async () => {
  const dead = refusingAddress();
  const check = { interval: "1h", timeout: "5s", fall: 1 };
  const [config] = configOf({ apps: [{ targets: [dead], health_check: check }] }).apps;
  if (config?.healthCheck === undefined) throw new Error("unreachable");
  const specs = config.targets.map((target) => targetSpec(target, config));
  const pool = new Pool(specs, { balance: "random" });
  const later = new Pool([], { balance: "random" });
  const tls = await AppTls.load(config, await readTlsFiles(config, new FileTexts()));
  const checks = new HealthChecks([config.healthCheck], () => [pool, later], {
    tls,
    random: () => 0,
    tally: new AppCounters(() => true),
    app: "a",
    listeners: new OwnListeners(),
  });
  checks.update();
  await until(() => pool.targets[0]?.up === false);
  later.update(specs);
  checks.update();
  assertEquals(later.targets.map(({ up }) => up), [false]);
  await checks.stop();
});

Deno.test("HealthChecks: after a change of checks, a down target stays down until the new check succeeds", async () => {
  await using target = new TestTarget(neverAnswering);
  const checked = async (check: Record<string, unknown>): Promise<AppConfig> => {
    const [config] = configOf({ apps: [{ targets: [target.address], health_check: check }] }).apps;
    if (config === undefined) throw new Error("unreachable");
    return await Promise.resolve(config);
  };
  const failing = await checked({ interval: "50ms", timeout: "50ms", fall: 1, expect: "x" });
  const well = await checked({ rise: 1, type: "tcp" });
  const off = {
    ...well,
    healthCheck: undefined,
    targets: well.targets.map((one) => ({ ...one, healthCheck: undefined })),
  };
  const specsOf = (config: AppConfig): TargetSpec[] => config.targets.map((one) => targetSpec(one, config));
  const checksOf = (config: AppConfig): HealthCheckConfig[] => config.healthCheck ? [config.healthCheck] : [];
  const changes: string[] = [];
  const observer = {
    targetChanged: (_: unknown, change: string) => void changes.push(change),
  };
  const pool = new Pool(specsOf(failing), { balance: "random", observer });
  const tls = await AppTls.load(failing, await readTlsFiles(failing, new FileTexts()));
  const checks = new HealthChecks(checksOf(failing), () => [pool], {
    tls,
    random: () => 0,
    tally: new AppCounters(() => true),
    app: "a",
    listeners: new OwnListeners(),
  });
  checks.update();
  await until(() => changes.length === 1);
  pool.update(specsOf(well));
  await checks.replace(checksOf(well));
  await until(() => changes.length === 2);
  pool.update(specsOf(failing));
  await checks.replace(checksOf(failing));
  await until(() => changes.length === 3);
  pool.update(specsOf(off));
  await checks.replace(checksOf(off));
  assertEquals(changes, [
    "down",
    "up",
    "down",
    "up",
  ]);
  await checks.stop();
});

/** Answers 200 to a request for `a.test`, and 503 to others; notes who is asked for. */
function onlyForA(asked: string[]): Serve {
  return async (conn) => {
    let request = "";
    const buffer = new Uint8Array(1024);
    while (!request.includes("\r\n\r\n")) {
      const count = await conn.read(buffer);
      if (count === null) return;
      request += new TextDecoder().decode(buffer.subarray(0, count));
    }
    const [, host = ""] = /^Host: ([^:\r]*)/im.exec(request) ?? [];
    asked.push(host);
    await writeAll(conn, utf8(`HTTP/1.1 ${host === "a.test" ? 200 : 503} x\r\n\r\n`));
  };
}

interface TwoNames {
  /** The hosts that were asked for, in order. */
  readonly asked: string[];
  /** What was reported of the targets. */
  readonly reported: string[];
}

/** Checks one address, found as `a.test` and as `b.test`, so many times. */
async function checkTwoNames(http: Record<string, unknown>, times: number): Promise<TwoNames> {
  const asked: string[] = [];
  const reported: string[] = [];
  await using target = new TestTarget(onlyForA(asked));
  const check = { http, interval: "1h", timeout: "5s", fall: 1 };
  const [config] = configOf({ apps: [{ targets: [target.address], health_check: check }] }).apps;
  const [entry] = config?.targets ?? [];
  if (config?.healthCheck === undefined || entry === undefined) throw new Error("unreachable");
  const spec = targetSpec(entry, config);
  const pool = new Pool(["a.test", "b.test"].map((serverName) => ({ ...spec, serverName })), {
    balance: "random",
    observer: {
      targetChanged: (changed, change, detail) =>
        void reported.push(`${changed.serverName} ${change}: ${detail}`),
    },
  });
  const tls = await AppTls.load(config, await readTlsFiles(config, new FileTexts()));
  const options = {
    tls,
    random: () => 0,
    app: "a",
    tally: new AppCounters(() => true),
    listeners: new OwnListeners(),
  };
  const checks = new HealthChecks([config.healthCheck], () => [pool], options);
  checks.update();
  await target.done(times);
  if (asked.includes("b.test")) await until(() => reported.length > 0);
  await checks.stop();
  return { asked, reported };
}

Deno.test("HealthChecks: an address found by two names is checked under each, with separate state", async () => {
  const { asked, reported } = await checkTwoNames({ path: "/" }, 2);
  assertEquals(asked.sort(), ["a.test", "b.test"]);
  assertEquals(reported.length, 1);
  assertStringIncludes(reported[0] ?? "", "b.test down: as b.test: the target answered");
});

Deno.test("HealthChecks: an address is checked once where the config gives the name", async () => {
  const { asked, reported } = await checkTwoNames({ path: "/", host: "a.test" }, 1);
  assertEquals([asked, reported], [["a.test"], []]);
});
