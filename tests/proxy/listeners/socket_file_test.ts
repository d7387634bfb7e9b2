import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { SocketFileState } from "../../../lib/listen/mod.ts";
import { SocketFileWatch, type WatchedListener } from "../../../lib/proxy/listeners/socket_file_watch.ts";
import type { TestProxy } from "../../helpers/proxy/proxy.ts";
import { configOf, withProxy } from "../../helpers/proxy/proxy.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange } from "../../helpers/clients.ts";
import { settled } from "../../helpers/fakes/fake_time.ts";
import { ManualSchedule } from "../../helpers/fakes/manual_schedule.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { until } from "../../helpers/until.ts";

const PERIOD_MS = 10_000;

interface Bench {
  readonly proxy: TestProxy;
  /** What was reported of the socket file so far, without the names of app and file. */
  readonly reports: () => string[];
  readonly path: string;
  readonly folder: TemporaryFolder;
  readonly time: ManualSchedule;
  /** Looks several times more, until a change that is under way has shown. */
  readonly look: (reports: number) => Promise<void>;
}

/** Registers a test of a proxy with one unix listener, whose time stands still. */
function fileTest(name: string, use: (bench: Bench) => Promise<void>): void {
  Deno.test({
    name: `Proxy: ${name}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const path = folder.file("x.sock");
      const time = new ManualSchedule();
      const app = { name: "web", targets: [target.address], listen: [`unix:${path}`, "127.0.0.1:1"] };
      await withProxy(app, async (proxy) => {
        const reports = (): string[] => proxy.log.socketFiles.map((line) => line.replace(`web ${path} `, ""));
        const look = async (count: number): Promise<void> => {
          for (let i = 0; i < 3; i++) time.advance(PERIOD_MS);
          await until(() => {
            // A look that was under way before the change does not see it.
            if (reports().length < count) time.advance(PERIOD_MS);
            return reports().length >= count;
          });
          assertStrictEquals(reports().length, count);
        };
        await use({ proxy, reports, path, folder, time, look });
      }, { schedule: time.schedule });
      assertStrictEquals(time.pending, 0, "a stopped proxy still waits");
    },
  });
}

async function reaches(path: string): Promise<void> {
  using client = await Deno.connect({ transport: "unix", path });
  assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
}

fileTest("a socket file that stays is not reported", async ({ look, reports }) => {
  await look(0);
  assertEquals(reports(), []);
});

fileTest("a removed socket file is reported once, and a reload listens again", async (bench) => {
  const { proxy, reports, path, look } = bench;
  await reaches(path);
  await Deno.remove(path);
  await look(1);
  assertEquals(reports(), ["gone, reload"]);
  const result = await proxy.proxy.reload();
  assertStrictEquals(result.kind, "done");
  assertEquals(reports(), ["gone, reload", "there, reload"]);
  await reaches(path);
  await look(2);
  await Deno.remove(path);
  await look(3);
  assertEquals(reports().at(-1), "gone, reload");
});

fileTest("a reload looks itself, so that it need not come after the report", async ({ proxy, path }) => {
  await Deno.remove(path);
  await proxy.proxy.reload();
  await reaches(path);
});

fileTest("a socket file that is moved away and back is reported both times", async (bench) => {
  const { reports, path, folder, look } = bench;
  await Deno.rename(path, folder.file("away"));
  await look(1);
  await Deno.rename(folder.file("away"), path);
  await look(2);
  assertEquals(reports(), ["gone, reload", "there, reload"]);
  await reaches(path);
});

fileTest("a file of another process is reported and left alone, by a reload too", async (bench) => {
  const { proxy, reports, path, look } = bench;
  await Deno.remove(path);
  using other = Deno.listen({ transport: "unix", path });
  await look(1);
  assertEquals(reports(), ["replaced, reload"]);
  const result = await proxy.proxy.reload();
  if (result.kind !== "refused") throw new Error("the reload took a path that another process serves");
  assertEquals(result.problems.map(({ message }) => message), [
    `start app "web": listen on unix:${path}: socket file already exists; choose another path, or stop the process that uses it`,
  ]);
  using _probe = await other.accept();
  await proxy.proxy.stop();
  assert((await Deno.lstat(path)).isSocket);
});

fileTest("one timer looks at all files, and none where a reload has taken the last away", async (bench) => {
  const { proxy, path, folder, time } = bench;
  assertStrictEquals(time.pending, 1);
  const app = { name: "web", targets: ["127.0.0.1:9"] };
  const more = [`unix:${path}`, `unix:${folder.file("y.sock")}`];
  assertStrictEquals((await proxy.proxy.reload(configOf({ apps: [{ ...app, listen: more }] }))).kind, "done");
  assertStrictEquals(time.pending, 1);
  const none = configOf({ apps: [{ ...app, listen: ["127.0.0.1:1"] }] });
  assertStrictEquals((await proxy.proxy.reload(none)).kind, "done");
  assertStrictEquals(time.pending, 0);
});

fileTest("a proxy that drains looks no more", async ({ proxy, path, time }) => {
  await proxy.proxy.drain();
  assertStrictEquals(time.pending, 0);
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

Deno.test({
  name: "Proxy.start: removes the temporary names of killed processes, and nothing else",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("x.sock");
    const dead = folder.file("x.sock.0123abcd");
    const kept = ["x.sock.0123abcde", "x.sock.0123abcg", "y.sock.0123abcd"].map((name) => folder.file(name));
    for (const name of [dead, ...kept]) await leaveSocketFile(name);
    await Deno.writeTextFile(folder.file("x.sock.00000000"), "no socket");
    using _live = Deno.listen({ transport: "unix", path: folder.file("x.sock.11111111") });
    await withProxy({ targets: ["127.0.0.1:9"], listen: [`unix:${path}`] }, async () => {
      const names = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name);
      assertEquals(names.toSorted(), [
        "x.sock",
        "x.sock.00000000",
        "x.sock.0123abcde",
        "x.sock.0123abcg",
        "x.sock.11111111",
        "y.sock.0123abcd",
      ]);
    });
  },
});

Deno.test("SocketFileWatch: begins no second look at a file whose first one hangs, and goes on with others", async () => {
  const time = new ManualSchedule();
  const reports: string[] = [];
  const watch = new SocketFileWatch({
    report: (app, path, { state }) => void reports.push(`${app} ${path} ${state}`),
    isReloadable: false,
    schedule: time.schedule,
  });
  const hanging = Promise.withResolvers<SocketFileState>();
  let looks = 0;
  const watched = (path: string, fileState: () => Promise<SocketFileState>): WatchedListener => ({
    app: "web",
    address: { kind: "unix", path },
    listener: { isReplaceable: true, fileState },
  });
  watch.watch([
    watched("/a", () => {
      looks++;
      return hanging.promise;
    }),
    watched("/b", () => Promise.resolve("gone")),
  ]);
  for (let i = 0; i < 3; i++) {
    time.advance(PERIOD_MS);
    await settled();
  }
  assertEquals([looks, reports], [1, ["web /b gone"]]);
  watch.stop();
  hanging.resolve("gone");
  await settled();
  assertEquals(reports, ["web /b gone"]);
  assertStrictEquals(time.pending, 0);
});

/** Leaves a socket file behind that nobody listens on: closing a listener removes only the name that it was given. */
async function leaveSocketFile(path: string): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path: `${path}-first` });
  await Deno.rename(`${path}-first`, path);
  listener.close();
}
