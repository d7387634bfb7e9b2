import { assertEquals } from "@std/assert";
import { HangUp, type Reloadable } from "../../lib/cli/hang_up.ts";
import { KeptSignal } from "../../lib/cli/signals.ts";
import type { ConfigFileState } from "../../lib/config/mod.ts";
import type { ReloadResult } from "../../lib/proxy/mod.ts";
import { settled } from "../helpers/fake_time.ts";
import { RecordedLog } from "../helpers/recorded_log.ts";
import { until } from "../helpers/until.ts";

const UNCHANGED: ReloadResult = { kind: "done", apps: [{ app: "a", files: [] }], warnings: [] };

/** A proxy whose reloads end when the test says so. */
class SlowToReload implements Reloadable {
  readonly #waiting: ((result: ReloadResult) => void)[] = [];
  asked = 0;

  reload(): Promise<ReloadResult> {
    this.asked++;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async end(result: ReloadResult = UNCHANGED): Promise<void> {
    this.#waiting.shift()?.(result);
    await settled();
  }
}

/** What is said of one result. */
async function saidOf(result: ReloadResult, state?: ConfigFileState): Promise<string[]> {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  const configFile = state && { path: "c.yaml", state: () => Promise.resolve(state) };
  using hangUp = new HangUp({ log, reopenLog: () => {}, configFile });
  hangUp.attach(proxy);
  hangUp.ring();
  await proxy.end(result);
  return log.lines;
}

Deno.test("HangUp: the log is opened anew at each signal, and of many in a row one more is dealt with", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  let reopened = 0;
  using hangUp = new HangUp({ log, reopenLog: () => void reopened++ });
  hangUp.attach(proxy);
  assertEquals(proxy.asked, 0);
  for (let times = 0; times < 5; times++) hangUp.ring();
  assertEquals([reopened, proxy.asked], [5, 1]);
  await proxy.end();
  assertEquals(proxy.asked, 2);
  await proxy.end();
  assertEquals(proxy.asked, 2);
  hangUp.ring();
  assertEquals([reopened, proxy.asked], [6, 3]);
  await proxy.end();
  assertEquals(log.lines, Array(3).fill("info SIGHUP: the certificates have not changed"));
});

Deno.test("HangUp: what comes before there is a proxy waits for it", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  using hangUp = new HangUp({ log, reopenLog: () => {} });
  hangUp.ring();
  hangUp.ring();
  hangUp.attach(proxy);
  assertEquals(proxy.asked, 1);
  await proxy.end();
  assertEquals(proxy.asked, 1);
});

Deno.test("HangUp: at the end of the program nothing more is done or said", async () => {
  const [log, proxy] = [new RecordedLog(), new SlowToReload()];
  let reopened = 0;
  const hangUp = new HangUp({ log, reopenLog: () => void reopened++ });
  hangUp.attach(proxy);
  hangUp.ring();
  hangUp.ring();
  hangUp[Symbol.dispose]();
  hangUp.ring();
  await proxy.end();
  assertEquals([reopened, proxy.asked, log.lines], [2, 1, []]);
});

Deno.test("HangUp: says of each app what is new and until when", async () => {
  const lines = await saidOf({
    kind: "done",
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
    'warning SIGHUP: certificates of app "other": b.pem: the certificate expires soon',
  ]);
});

Deno.test("HangUp: each problem is an error, and the old ones stay in use", async () => {
  const shared = { path: [], severity: "error" } as const;
  const lines = await saidOf({
    kind: "refused",
    problems: [
      { app: "web", file: "a.key", message: "the key is not the certificate's", ...shared },
      { app: "web", file: "b.pem", message: 'the file "b.pem" does not exist', ...shared },
      { app: undefined, file: undefined, message: "worker 2: it will not", ...shared },
    ],
  });
  assertEquals(lines, [
    `error SIGHUP: certificates of app "web": a.key: the key is not the certificate's; the old ones stay in use`,
    'error SIGHUP: certificates of app "web": the file "b.pem" does not exist; the old ones stay in use',
    "error SIGHUP: worker 2: it will not; the old ones stay in use",
  ]);
});

Deno.test("HangUp: apps without certificates have nothing to read", async () => {
  assertEquals(await saidOf({ kind: "done", apps: [], warnings: [] }), [
    "info SIGHUP: no app has certificates to read again",
  ]);
});

Deno.test("HangUp: a config that has changed is said, one that has not is not", async () => {
  const unchanged = "info SIGHUP: the certificates have not changed";
  assertEquals(await saidOf(UNCHANGED, { kind: "same" }), [unchanged]);
  assertEquals(await saidOf(UNCHANGED, { kind: "changed" }), [
    unchanged,
    "warning SIGHUP: the config c.yaml has changed since the start, and certificates alone are read again: " +
    'a restart is needed for the rest ("tcpproxy check -c c.yaml" first)',
  ]);
  assertEquals(await saidOf(UNCHANGED, { kind: "unreadable", message: "c.yaml: the file does not exist" }), [
    unchanged,
    "warning SIGHUP: a restart would fail, the config cannot be read again: c.yaml: the file does not exist",
  ]);
});

Deno.test({
  name: "KeptSignal: a signal that has come before anybody listens is told when somebody does",
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
