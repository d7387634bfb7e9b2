import { assertEquals } from "@std/assert";
import { drainDeadline, DrainRequest } from "../../../lib/cli/run/drain_request.ts";
import { SignalQueue } from "../../../lib/cli/run/signals.ts";
import { configOf } from "../../helpers/proxy/proxy.ts";
import { RecordedLog } from "../../helpers/fakes/recorded_log.ts";

Deno.test("DrainRequest: a signal begins it, and the next one counts", async () => {
  const [signals, log] = [new SignalQueue(), new RecordedLog()];
  const request = new DrainRequest(signals, log);
  let began = 0;
  signals.push("SIGTERM", 0);
  const { cause, signals: further } = await request.next(() => void began++);
  // Nobody is asked twice.
  request.request();
  signals.push("SIGINT", 5000);
  assertEquals([cause, began, await further.next(), log.lines], ["SIGTERM", 1, "SIGINT", []]);
});

Deno.test("DrainRequest: the admin API begins it at once, and the SIGTERM that follows changes nothing", async () => {
  const [signals, log] = [new SignalQueue(), new RecordedLog()];
  const request = new DrainRequest(signals, log);
  let began = 0;
  const next = request.next(() => void began++);
  request.request();
  assertEquals(began, 1);
  request.request();
  const { cause, signals: further } = await next;
  assertEquals([cause, began], ["admin API", 1]);
  const second = further.next();
  signals.push("SIGTERM", 0);
  signals.push("SIGTERM", 5000);
  assertEquals(await second, "SIGTERM");
  assertEquals(log.lines.length, 1);
});

Deno.test("drainDeadline: is after delay and drain, or never", () => {
  const config = configOf({
    apps: [{ targets: ["10.0.0.1:80"] }],
    shutdown: { "drain_timeout": "1h", delay: "1h" },
  });
  const before = Date.now();
  const deadline = drainDeadline(config)?.getTime() ?? 0;
  assertEquals(deadline >= before + 7_200_000 && deadline <= Date.now() + 7_200_000, true);
  const endless = { ...config, shutdown: { ...config.shutdown, drainTimeoutMs: Infinity } };
  assertEquals(drainDeadline(endless), undefined);
});
