import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import type { FileProblem } from "../../../lib/proxy/mod.ts";
import { Proxy } from "../../../lib/proxy/mod.ts";
import { ExpiryWatch } from "../../../lib/proxy/reload/expiry_watch.ts";
import { WorkerProxy } from "../../../lib/workers/mod.ts";
import { settled } from "../../helpers/fakes/fake_time.ts";
import { ManualSchedule } from "../../helpers/fakes/manual_schedule.ts";
import { PlaneLog, type StartPlane, withPlane } from "../../helpers/proxy/plane.ts";
import { renew } from "../../helpers/tls/renewal.ts";
import { terminating, testTls } from "../../helpers/tls/tls_app.ts";
import { until } from "../../helpers/until.ts";

const DAY_MS = 86_400_000;

const PROBLEM: FileProblem = {
  app: "a",
  file: "a.pem",
  path: [],
  message: "it expires",
  severity: "warning",
  isFatal: false,
  isAboutTime: true,
};

Deno.test("ExpiryWatch: looks once a day and tells what it finds, until it is stopped", async () => {
  const time = new ManualSchedule();
  const reported: string[] = [];
  const watch = new ExpiryWatch({
    schedule: time.schedule,
    look: () => Promise.resolve([PROBLEM]),
    report: ({ message }) => void reported.push(message),
  });
  watch.start();
  time.advance(DAY_MS - 1);
  await settled();
  assertStrictEquals(reported.length, 0);
  for (const days of [1, 2, 3]) {
    time.advance(days === 1 ? 1 : DAY_MS);
    await settled();
    assertStrictEquals(reported.length, days);
  }
  time.advance(DAY_MS);
  watch.stop();
  await settled();
  assertEquals([reported.length, time.pending], [3, 0]);
  watch.start();
  assertStrictEquals(time.pending, 0);
});

const PLANES: readonly [name: string, start: (time: Time) => StartPlane][] = [
  ["Proxy", (time) => (config, observer) => Proxy.start(config, { observer, ...time })],
  [
    "WorkerProxy",
    (time) => (config, observer) => WorkerProxy.start(config, { workers: 1, observer, ...time }),
  ],
];

interface Time {
  readonly schedule: ManualSchedule["schedule"];
  readonly wallClockMs: () => number;
}

for (const [name, start] of PLANES) {
  testTls(
    `${name}: a certificate in use that nears its end is reported once a day, a new one is not`,
    async (lab) => {
      const time = new ManualSchedule();
      let wallMs = Date.now();
      const later = async (days: number): Promise<void> => {
        wallMs += days * DAY_MS;
        time.advance(DAY_MS);
        // Certificates are read and checked off the event loop's turn.
        for (let turns = 0; turns < 20; turns++) await settled();
      };
      const app = { name: "a", ...terminating(lab), targets: ["127.0.0.1:1"] };
      const plane = start({ schedule: time.schedule, wallClockMs: () => wallMs });
      const log = await run(plane, app, async (log, reload) => {
        await later(1);
        assertEquals(log.expiring, []);
        await later(20);
        await later(1);
        await until(() => log.expiring.length === 2);
        assertMatch(
          log.expiring[0] ?? "",
          /^warning a .*\/local\.pem: the certificate "CN=local" expires on /,
        );
        await later(10);
        await until(() => log.expiring.length === 3);
        assertMatch(log.expiring[2] ?? "", /^error a .*\/local\.pem: the certificate "CN=local" expired on /);
        renew(lab, 60);
        await reload();
        await later(1);
        assertStrictEquals(log.expiring.length, 3);
        assertStrictEquals(time.pending, 1);
      });
      assertStrictEquals(time.pending, 0);
      await later(60);
      assertStrictEquals(log.expiring.length, 3);
    },
  );

  Deno.test(`${name}: without certificates nothing is looked at`, async () => {
    const time = new ManualSchedule();
    const plane = start({ schedule: time.schedule, wallClockMs: Date.now });
    await run(plane, { targets: ["127.0.0.1:1"] }, () => {
      assertStrictEquals(time.pending, 0);
      return Promise.resolve();
    });
  });
}

async function run(
  start: StartPlane,
  app: Readonly<Record<string, unknown>>,
  use: (log: PlaneLog, reload: () => Promise<unknown>) => Promise<void>,
): Promise<PlaneLog> {
  let log = new PlaneLog();
  await withPlane(start, { apps: [app] }, async (plane) => {
    log = plane.log;
    await use(plane.log, () => plane.control.reload());
  });
  return log;
}
