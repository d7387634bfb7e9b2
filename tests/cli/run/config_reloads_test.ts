import { assertEquals } from "@std/assert";
import { ConfigReloads, type Reloadable, UnreadableConfig } from "../../../lib/cli/run/config_reloads.ts";
import { KeptSignal } from "../../../lib/cli/run/signals.ts";
import { type Config, diffConfigs, resolveConfig } from "../../../lib/config/mod.ts";
import { programProblem, type ReloadPlan, type ReloadResult } from "../../../lib/proxy/mod.ts";
import { settled } from "../../helpers/fakes/fake_time.ts";
import { RecordedLog } from "../../helpers/fakes/recorded_log.ts";
import { until } from "../../helpers/until.ts";

const NO_DIFF = { apps: [], settings: [] };
const UNCHANGED: ReloadResult = {
  kind: "done",
  diff: NO_DIFF,
  apps: [{ app: "a", files: [] }],
  warnings: [],
};

const NOTHING_NEW = "info SIGHUP: the config and its files have not changed";

/** A proxy whose reloads end when the test says so. */
class SlowToReload implements Reloadable {
  readonly #waiting: ((result: ReloadResult) => void)[] = [];
  readonly configs: (Config | undefined)[] = [];

  get asked(): number {
    return this.configs.length;
  }

  reload(next?: Config): Promise<ReloadResult> {
    this.configs.push(next);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  plan(): Promise<ReloadPlan> {
    return Promise.resolve({ diff: NO_DIFF, apps: [], problems: [] });
  }

  async end(result: ReloadResult = UNCHANGED): Promise<void> {
    await settled();
    this.#waiting.shift()?.(result);
    await settled();
  }
}

/** The log lines of one result. */
async function linesOf(result: ReloadResult): Promise<string[]> {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  using reloads = new ConfigReloads({ log, reopenLog: () => {} });
  reloads.attach(proxy);
  reloads.hangUp();
  await proxy.end(result);
  return log.lines;
}

Deno.test("ConfigReloads: the log is opened anew at each signal, and of many in a row one more is dealt with", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  let reopened = 0;
  using reloads = new ConfigReloads({ log, reopenLog: () => void reopened++ });
  reloads.attach(proxy);
  assertEquals(proxy.asked, 0);
  for (let times = 0; times < 5; times++) reloads.hangUp();
  await settled();
  assertEquals([reopened, proxy.asked], [5, 1]);
  await proxy.end();
  assertEquals(proxy.asked, 2);
  await proxy.end();
  assertEquals(proxy.asked, 2);
  reloads.hangUp();
  await settled();
  assertEquals([reopened, proxy.asked], [6, 3]);
  await proxy.end();
  assertEquals(log.lines, Array(3).fill(NOTHING_NEW));
});

Deno.test("ConfigReloads: what comes before there is a proxy waits for it", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  using reloads = new ConfigReloads({ log, reopenLog: () => {} });
  reloads.hangUp();
  reloads.hangUp();
  reloads.attach(proxy);
  await settled();
  assertEquals(proxy.asked, 1);
  await proxy.end();
  assertEquals(proxy.asked, 1);
});

Deno.test("ConfigReloads: at the end of the program nothing more is done or logged", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  let reopened = 0;
  const reloads = new ConfigReloads({ log, reopenLog: () => void reopened++ });
  reloads.attach(proxy);
  reloads.hangUp();
  reloads.hangUp();
  reloads[Symbol.dispose]();
  reloads.hangUp();
  await proxy.end();
  assertEquals([reopened, proxy.asked, log.lines], [2, 1, []]);
});

Deno.test("ConfigReloads: the config is read for each reload, and one that cannot be used reaches no proxy", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  const config = resolveConfig({ apps: [WEB] }, { source: "test" });
  let isGood = true;
  using reloads = new ConfigReloads({
    log,
    reopenLog: () => {},
    readConfig: () =>
      isGood
        ? Promise.resolve(config)
        : Promise.reject(new UnreadableConfig(["c.yaml:1:1: a", "c.yaml:2:1: b"], undefined)),
  });
  reloads.attach(proxy);
  reloads.hangUp();
  await proxy.end();
  assertEquals(proxy.configs, [config]);
  isGood = false;
  reloads.hangUp();
  await settled();
  assertEquals(proxy.asked, 1);
  assertEquals(log.lines.slice(1), [
    "error SIGHUP: c.yaml:1:1: a; the old config stays in effect",
    "error SIGHUP: c.yaml:2:1: b; the old config stays in effect",
  ]);
  assertEquals((await reloads.plan()).problems.map(({ message }) => message), [
    "c.yaml:1:1: a",
    "c.yaml:2:1: b",
  ]);
});

Deno.test("ConfigReloads: says where the config comes from, and what came of the last reload", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  const [config, other] = [WEB, { ...WEB, name: "other" }].map((app) =>
    resolveConfig({ apps: [app] }, { source: "test" })
  );
  if (config === undefined || other === undefined) throw new Error("there is no config");
  using reloads = new ConfigReloads({ log, reopenLog: () => {}, path: "/etc/c.yaml" });
  reloads.attach(proxy);
  const { loadedAt } = reloads.state;
  assertEquals([reloads.state.path, reloads.state.lastReload], ["/etc/c.yaml", undefined]);
  const failing = reloads.reload("watch");
  await proxy.end({ kind: "refused", problems: [programProblem("port already in use")] });
  await failing;
  const failed = reloads.state.lastReload;
  assertEquals([failed?.result, failed?.trigger, failed?.detail], ["failed", "watch", "port already in use"]);
  assertEquals(reloads.state.loadedAt, loadedAt);
  const succeeding = reloads.reload("SIGHUP");
  await proxy.end({ kind: "done", diff: diffConfigs(config, other), apps: [], warnings: [] });
  await succeeding;
  const { lastReload } = reloads.state;
  assertEquals(
    [lastReload?.result, lastReload?.trigger, lastReload?.detail],
    [
      "succeeded",
      "SIGHUP",
      'app "other" added: 127.0.0.1:7001, 127.0.0.1:7002; app "web" removed: 127.0.0.1:7001, 127.0.0.1:7002',
    ],
  );
  assertEquals(reloads.state.loadedAt, lastReload?.at);
});

Deno.test("ConfigReloads: a config that cannot be read in time is refused, and read once however often it is asked for", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  let reads = 0;
  using reloads = new ConfigReloads({
    log,
    reopenLog: () => {},
    readLimitMs: 5,
    readConfig: () => {
      reads++;
      return new Promise(() => {});
    },
  });
  reloads.attach(proxy);
  for (let times = 0; times < 2; times++) assertEquals((await reloads.reload("SIGHUP")).kind, "refused");
  assertEquals([reads, proxy.asked], [1, 0]);
  const line = "error SIGHUP: the config was not read within 0.005 s; the old config stays in effect";
  assertEquals(log.lines, [line, line]);
});

const WEB = { name: "web", listen: ["127.0.0.1:7001", "127.0.0.1:7002"], targets: ["10.0.0.1:80"] };

Deno.test("ConfigReloads: logs what has changed, an app a line", async () => {
  const [before, after] = [
    { apps: [WEB, { ...WEB, name: "old", listen: ["127.0.0.1:7003"] }] },
    {
      log: { level: "debug" },
      apps: [
        { ...WEB, listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80", "10.0.0.2:80"], idle_timeout: "5m" },
        { ...WEB, name: "new", listen: ["127.0.0.1:7004"] },
      ],
    },
  ].map((config) => resolveConfig(config, { source: "test" }));
  if (before === undefined || after === undefined) throw new Error("unreachable");
  const lines = await linesOf({ kind: "done", diff: diffConfigs(before, after), apps: [], warnings: [] });
  assertEquals(lines, [
    'info SIGHUP: app "web" changed: listener 127.0.0.1:7002 removed, target 10.0.0.2:80 added, idle_timeout 1h -> 5m',
    'info SIGHUP: app "new" added: 127.0.0.1:7004',
    'info SIGHUP: app "old" removed: 127.0.0.1:7003',
    "info SIGHUP: log changed",
  ]);
});

Deno.test("ConfigReloads: logs for each app what is new and until when", async () => {
  const lines = await linesOf({
    kind: "done",
    diff: NO_DIFF,
    apps: [
      {
        app: "web",
        files: [{ file: "a.pem", validToMs: Date.UTC(2027, 0, 31) }, { file: "a.key", validToMs: undefined }],
      },
      { app: "other", files: [] },
    ],
    warnings: [{
      app: "other",
      file: "b.pem",
      path: [],
      message: "the certificate expires soon",
      severity: "warning",
    }],
  });
  assertEquals(lines, [
    'info SIGHUP: certificates of app "web": a.pem is new, valid until 2027-01-31; a.key is new',
    'warning SIGHUP: app "other": b.pem: the certificate expires soon',
  ]);
});

Deno.test("ConfigReloads: each problem is an error, and the old config stays in effect", async () => {
  const shared = { path: [], severity: "error" } as const;
  const lines = await linesOf({
    kind: "refused",
    problems: [
      { app: "web", file: "a.key", message: "the key does not match the certificate", ...shared },
      { app: "web", file: "b.pem", message: 'the file "b.pem" does not exist', ...shared },
      { app: undefined, file: undefined, message: "worker 2: it will not", ...shared },
    ],
  });
  assertEquals(lines, [
    `error SIGHUP: app "web": a.key: the key does not match the certificate; the old config stays in effect`,
    'error SIGHUP: app "web": the file "b.pem" does not exist; the old config stays in effect',
    "error SIGHUP: worker 2: it will not; the old config stays in effect",
  ]);
});

Deno.test({
  name: "KeptSignal: a signal that has come before anybody listens is delivered when somebody does",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using early = new KeptSignal("SIGHUP");
    using witness = new KeptSignal("SIGHUP");
    let hasCome = false;
    witness.listen(() => hasCome = true);
    Deno.kill(Deno.pid, "SIGHUP");
    await until(() => hasCome);
    let times = 0;
    early.listen(() => void times++);
    assertEquals(times, 1);
  },
});
