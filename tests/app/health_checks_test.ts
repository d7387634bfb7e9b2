import { assertEquals } from "@std/assert";
import { Pool, type TargetSpec } from "../../lib/pool/mod.ts";
import { OwnListeners } from "../../lib/dial/mod.ts";
import { HealthChecks } from "../../lib/app/health_checks.ts";
import { FileTexts } from "../../lib/app/file_texts.ts";
import { targetSpec } from "../../lib/app/target_spec.ts";
import { readTlsFiles } from "../../lib/app/tls_files.ts";
import { AppTls } from "../../lib/app/tls.ts";
import type { AppConfig, HealthCheckConfig } from "../../lib/config/mod.ts";
import { configOf } from "../helpers/proxy.ts";
import { neverAnswering, refusingAddress, TestTarget } from "../helpers/targets.ts";
import { until } from "../helpers/until.ts";

Deno.test("HealthChecks: a target that comes into a pool is down at once where it is known to be", async () => {
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

Deno.test("HealthChecks: with other checks, a target that is down stays so until they find it up", async () => {
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
