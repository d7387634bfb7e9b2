import { assertEquals, assertMatch } from "@std/assert";
import { NO_SERVICE_MANAGER, openServiceManager } from "../../../lib/cli/run/service_manager.ts";
import { RecordedLog } from "../../helpers/fakes/recorded_log.ts";
import { until } from "../../helpers/until.ts";

/** A manager that keeps what it is sent; `fail` is what a send rejects with. */
async function managed(
  variables: Record<string, string>,
  options: { fail?: Error; monotonicUsec?: bigint } = {},
): Promise<
  { manager: Awaited<ReturnType<typeof openServiceManager>>; reported: string[]; log: RecordedLog }
> {
  const reported: string[] = [];
  const log = new RecordedLog();
  const manager = await openServiceManager({
    log,
    variable: (name) => ({ NOTIFY_SOCKET: "/run/notify", ...variables })[name],
    monotonicUsec: () => Promise.resolve(options.monotonicUsec),
    open: (path) => ({
      send: (datagram) => {
        if (options.fail !== undefined) return Promise.reject(options.fail);
        reported.push(`${path}: ${new TextDecoder().decode(datagram)}`);
        return Promise.resolve();
      },
      close: () => void reported.push("closed"),
    }),
  });
  return { manager, reported, log };
}

Deno.test("service manager: none where there is no socket, or the runtime shows no variables", async () => {
  const log = new RecordedLog();
  assertEquals(await openServiceManager({ log, variable: () => undefined }), NO_SERVICE_MANAGER);
  assertEquals(await openServiceManager({ log, variable: () => "" }), NO_SERVICE_MANAGER);
});

Deno.test("service manager: ready, reloads that overlap, and the end, in order", async () => {
  const { manager, reported } = await managed({}, { monotonicUsec: 77n });
  manager.ready("accepting\nMAINPID=1", () => Promise.resolve(true));
  manager.reloading();
  manager.reloading();
  manager.reloaded("first");
  manager.reloaded("second");
  manager.stopping("SIGTERM: stopping", 5000);
  manager.reloading();
  manager.reloaded("too late");
  await manager[Symbol.asyncDispose]();
  assertEquals(reported, [
    "/run/notify: READY=1\nSTATUS=accepting MAINPID=1",
    "/run/notify: RELOADING=1\nSTATUS=reloading\nMONOTONIC_USEC=77",
    "/run/notify: READY=1\nSTATUS=second",
    "/run/notify: STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000\nSTATUS=SIGTERM: stopping",
    "closed",
  ]);
});

Deno.test("service manager: a reload is reported without a time where the clock cannot be read", async () => {
  const { manager, reported } = await managed({});
  manager.reloading();
  await manager[Symbol.asyncDispose]();
  assertEquals(reported[0], "/run/notify: RELOADING=1\nSTATUS=reloading");
});

Deno.test("service manager: signs of life come only while the threads are alive", async () => {
  const { manager, reported, log } = await managed({
    WATCHDOG_USEC: "20000",
    WATCHDOG_PID: String(Deno.pid),
  });
  let [isAlive, asked] = [true, 0];
  manager.ready("up", () => Promise.resolve((asked++, isAlive)));
  const signs = (): number => reported.filter((message) => message.endsWith("WATCHDOG=1")).length;
  await until(() => signs() >= 3);
  isAlive = false;
  await until(() => log.lines.length > 0);
  const [before, askedBefore] = [signs(), asked];
  await until(() => asked > askedBefore + 3);
  assertEquals(signs(), before);
  assertEquals(log.lines, [
    "error service manager: no sign of life: a thread does not answer, or does not accept",
  ]);
  isAlive = true;
  await until(() => signs() > before);
  await manager[Symbol.asyncDispose]();
});

for (
  const [what, variables] of [
    ["that are for another process", { WATCHDOG_USEC: "2000", WATCHDOG_PID: "1" }],
    ["without an interval", { WATCHDOG_USEC: "0" }],
  ] as const
) {
  Deno.test(`service manager: no signs of life ${what}`, async () => {
    const { manager, reported } = await managed(variables);
    let asked = 0;
    manager.ready("up", () => Promise.resolve(++asked > 0));
    await manager[Symbol.asyncDispose]();
    assertEquals([reported.length, asked], [2, 0]);
  });
}

Deno.test("service manager: one that takes nothing is warned of once, and stops nothing", async () => {
  const { manager, log } = await managed({}, { fail: new Deno.errors.ConnectionRefused("refused") });
  manager.ready("up", () => Promise.resolve(true));
  manager.stopping("end", 0);
  await manager[Symbol.asyncDispose]();
  assertEquals(log.lines, ["warning service manager: it takes no message: refused"]);
});

Deno.test("service manager: a socket that cannot be opened is a warning", async () => {
  const log = new RecordedLog();
  const manager = await openServiceManager({
    log,
    variable: (name) => name === "NOTIFY_SOCKET" ? "/run/notify" : undefined,
    open: () => {
      throw new Error("not here");
    },
  });
  assertEquals(manager, NO_SERVICE_MANAGER);
  assertMatch(log.lines[0] ?? "", /^warning service manager: \/run\/notify cannot be used: not here/);
});
