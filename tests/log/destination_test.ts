import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { errorCode } from "../../lib/base/mod.ts";
import { AccessLog, type LogDestination, LogFile, LogOpenError, processStreamAt } from "../../lib/log/mod.ts";
import { memoryDestination } from "../helpers/fakes/log_destination.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { until } from "../helpers/until.ts";

const NO_PIPES = Deno.build.os === "windows";

function pipe(path: string): void {
  const { success } = new Deno.Command("mkfifo", { args: [path] }).outputSync();
  assertEquals(success, true);
}

Deno.test({
  name: "LogFile: a pipe without a reader is an error at once, and one with a reader is written to",
  ignore: NO_PIPES,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("fifo");
    pipe(path);
    const file = new LogFile(path);
    const error = await assertRejects(() => file.open(), LogOpenError);
    assertEquals(
      error.message,
      `open the log: "${path}" cannot be opened: it is a pipe that no process reads; start its reader first`,
    );
    const reader = new Deno.Command("cat", { args: [path], stdout: "piped" }).spawn();
    const destination = await untilOpen(file);
    assertEquals(await destination.write(new TextEncoder().encode("line\n")), 5);
    await destination.close();
    assertEquals(new TextDecoder().decode((await reader.output()).stdout), "line\n");
  },
});

Deno.test({
  name: "LogFile: a full pipe refuses a write, and does not wait",
  ignore: NO_PIPES,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("fifo");
    pipe(path);
    const file = new LogFile(path);
    const reader = new Deno.Command("sh", { args: ["-c", 'exec sleep 60 < "$0"', path] }).spawn();
    const destination = await untilOpen(file);
    const bytes = new Uint8Array(4096);
    await assertRejects(async () => {
      for (let i = 0; i < 1000; i++) await destination.write(bytes);
    }, Deno.errors.WouldBlock);
    assertThrows(() => destination.writeSync(bytes), Deno.errors.WouldBlock);
    await destination.close();
    reader.kill();
    await reader.status;
  },
});

Deno.test("LogFile: an open that hangs is given up, is not tried twice, and what opens late is closed", async () => {
  const late = memoryDestination();
  const opening = Promise.withResolvers<typeof late>();
  let opens = 0;
  const file = new LogFile("/mnt/gone/a.log", { limitMs: 5, open: () => (opens++, opening.promise) });
  await assertRejects(() => file.open(), LogOpenError, '"/mnt/gone/a.log" did not open within 0.005 s');
  await assertRejects(() => file.open(), LogOpenError, "still hangs from the last attempt");
  assertEquals(opens, 1);
  opening.resolve(late);
  await until(() => late.closed());
  await file.open();
  assertEquals(opens, 2);
});

Deno.test({
  name: "processStreamAt: the names of stdout and stderr, and no others",
  ignore: NO_PIPES,
  fn: () => {
    for (const path of ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]) {
      assertEquals(processStreamAt(path), "stdout");
    }
    for (const path of ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"]) {
      assertEquals(processStreamAt(path), "stderr");
    }
    for (const path of ["stdout", "/dev/null", "/tmp/dev/stdout", "/dev/fd/1x"]) {
      assertEquals(processStreamAt(path), undefined);
    }
    const error = assertThrows(() => processStreamAt("/dev/fd/3"), LogOpenError);
    assertMatch(error.message, /"\/dev\/fd\/3" is not supported; use \/dev\/stdout/);
  },
});

Deno.test("AccessLog.reopen: asked twice at once, it opens the file after the second request too", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.file("a.log");
  const log = await AccessLog.open(path);
  const first = log.reopen();
  await Deno.rename(path, `${path}.1`);
  assertEquals(await Promise.all([first, log.reopen()]), [true, true]);
  await log.close();
  assertEquals((await Deno.stat(path)).isFile, true);
});

async function untilOpen(file: LogFile): Promise<Awaited<ReturnType<LogFile["open"]>>> {
  const opened: Awaited<ReturnType<LogFile["open"]>>[] = [];
  await until(async () => {
    try {
      opened.push(await file.open());
      return true;
    } catch (error) {
      if (!(error instanceof LogOpenError)) throw error;
      return false;
    }
  });
  const [destination] = opened;
  if (destination === undefined) throw new RangeError("the pipe did not open");
  return destination;
}

Deno.test({
  name: "LogFile: what a full pipe has taken is what write said, so that no byte goes twice",
  ignore: NO_PIPES,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const fifo = folder.file("fifo");
    pipe(fifo);
    const reader = new Deno.Command("sh", {
      args: ["-c", 'exec 3<"$0"; read go; wc -c <&3', fifo],
      stdin: "piped",
      stdout: "piped",
    })
      .spawn();
    const file = await openOnceRead(fifo);
    const bytes = new Uint8Array(100_000);
    let written = 0;
    const full = await assertRejects(async () => {
      for (;;) written += await file.write(bytes);
    });
    assertEquals(errorCode(full), "EAGAIN");
    assertEquals(errorCode(assertThrows(() => file.writeSync(bytes))), "EAGAIN");
    await file.close();
    const writer = reader.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    await writer.close();
    const { stdout } = await reader.output();
    assertEquals(Number(new TextDecoder().decode(stdout)), written);
  },
});

Deno.test({
  name: "LogFile: what a full disk has taken is what write said, so that no byte goes twice",
  ignore: NO_PIPES,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("a.log");
    const child = new URL("full_disk_child.ts", import.meta.url).pathname;
    // A limit of the file's size fails a write half way, as a full disk does.
    const { stdout } = await new Deno.Command("sh", {
      args: [
        "-c",
        `trap '' XFSZ; ulimit -f 150; exec "$@"`,
        "sh",
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        child,
        path,
      ],
      env: { DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    const { size } = await Deno.stat(path);
    assertEquals(Number(new TextDecoder().decode(stdout)), size);
    assertEquals(size % 50_000 > 0, true);
  },
});

/** Opens a pipe as soon as its reader has. */
async function openOnceRead(path: string): Promise<LogDestination> {
  for (;;) {
    try {
      return await new LogFile(path).open();
    } catch (error) {
      if (!(error instanceof LogOpenError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
