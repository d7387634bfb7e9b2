import { assertEquals } from "@std/assert";
import { parseAddress } from "../../lib/base/mod.ts";
import { Pool } from "../../lib/pool/mod.ts";
import { OwnListeners } from "../../lib/dial/mod.ts";
import { HealthChecks } from "../../lib/app/health_checks.ts";
import { FileTexts } from "../../lib/app/file_texts.ts";
import { readTlsFiles } from "../../lib/app/tls_files.ts";
import { AppTls } from "../../lib/app/tls.ts";
import { configOf } from "../helpers/proxy.ts";
import { refusingAddress } from "../helpers/targets.ts";
import { until } from "../helpers/until.ts";

Deno.test("HealthChecks: a target that comes into a pool is down at once where it is known to be", async () => {
  const dead = refusingAddress();
  const spec = { address: parseAddress(dead) };
  const pool = new Pool([spec], { balance: "random" });
  const later = new Pool([], { balance: "random" });
  const check = { interval: "1h", timeout: "5s", fall: 1 };
  const [config] = configOf({ apps: [{ targets: [dead], health_check: check }] }).apps;
  if (config?.healthCheck === undefined) throw new Error("unreachable");
  const tls = await AppTls.load(config, await readTlsFiles(config, new FileTexts()));
  const checks = new HealthChecks(config.healthCheck, () => [pool, later], {
    tls,
    random: () => 0,
    app: config.name,
    listeners: new OwnListeners(),
  });
  checks.update();
  await until(() => pool.targets[0]?.up === false);
  later.update([spec]);
  checks.update();
  assertEquals(later.targets.map(({ up }) => up), [false]);
  await checks.stop();
});
