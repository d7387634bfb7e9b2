import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCli } from "../../lib/cli/mod.ts";
import { QuietProxy, TOKEN, withAdmin } from "../helpers/proxy/admin.ts";
import { utf8 } from "../helpers/bytes.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { connectTo, exchange } from "../helpers/clients.ts";
import { readCapture, sentBy } from "../helpers/protocol/pcapng.ts";
import { withProxy } from "../helpers/proxy/proxy.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { until } from "../helpers/until.ts";

Deno.test("capture: copies what passes to a file, and says how much that is", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const path = folder.file("web.pcapng");
  await withProxy({ name: "web", targets: [target.address] }, async ({ proxy, port }) => {
    await withAdmin({ proxy }, async (admin) => {
      const io = new CapturedIo();
      const done = runCli(
        ["capture", "--app", "web", "--count", "1", "--url", admin.url.href, "-o", path],
        io,
      );
      await until(() => admin.log.reported.length > 0);
      using client = await connectTo(port);
      await exchange(client, utf8("hello"));
      assertEquals(await done, 0);
      const { packets, statistics } = readCapture(await Deno.readFile(path));
      assertEquals(sentBy(packets, 0, `127.0.0.1:${client.localAddr.port}`), utf8("hello"));
      assertEquals(statistics.length, 2);
      const { size } = await Deno.stat(path);
      assertStringIncludes(
        io.complaints,
        `captured app "web": ${packets.length} packets, ${size} bytes, 0 dropped; all connections captured\n`,
      );
      assertEquals(io.printed, "");
    });
  });
});

Deno.test('capture: without -o, and with "-", it goes to stdout, which must be no terminal', async () => {
  await withAdmin({}, async (admin) => {
    for (const words of [[], ["-"], ["-o", "-"]]) {
      const [pipe, terminal] = [new CapturedIo(), new CapturedIo()];
      terminal.isTerminal = true;
      const command = ["capture", "17", "--url", admin.url.href, ...words];
      assertEquals(await runCli(command, pipe), 0, pipe.complaints);
      assertEquals(readCapture(pipe.written).comment, "capture of session 17");
      assertEquals(await runCli(command, terminal), 2);
      assertStringIncludes(terminal.complaints, "a capture is no text for a terminal; add -o FILE");
    }
  });
});

Deno.test("capture: the refusal of a proxy is reported, and no file is written", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.file("none.pcapng");
  await withAdmin({ proxy: new QuietProxy() }, async (admin) => {
    const io = new CapturedIo();
    const code = await runCli(["capture", "--app", "webb", "--url", admin.url.href, "-o", path], io);
    assertEquals(code, 1);
    assertStringIncludes(io.complaints, 'status 404: no app "webb"; did you mean "web"?');
    assertEquals(await Deno.stat(path).catch(({ name }) => name), "NotFound");
  });
});

Deno.test("capture: a token that is missing is reported", async () => {
  await withAdmin({ token: TOKEN }, async (admin) => {
    const io = new CapturedIo();
    assertEquals(await runCli(["capture", "17", "--url", admin.url.href], io), 1);
    assertStringIncludes(io.complaints, "no token sent");
  });
});

Deno.test("capture: an answer that is no capture is reported", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    return new Response("<html>".repeat(10));
  });
  const io = new CapturedIo();
  assertEquals(await runCli(["capture", "17", "--url", `http://127.0.0.1:${server.addr.port}`], io), 1);
  assertStringIncludes(io.complaints, "the answer is no capture; is a tcpproxy running there?");
});

Deno.test("capture: a file that cannot be written is reported", async () => {
  await withAdmin({}, async (admin) => {
    const io = new CapturedIo();
    assertEquals(await runCli(["capture", "17", "--url", admin.url.href, "-o", "/nowhere/at/all"], io), 1);
    assertStringIncludes(io.complaints, "tcpproxy: write to /nowhere/at/all: ");
  });
});

const MISTAKES: readonly (readonly [words: readonly string[], says: string])[] = [
  [[], "expected either the ID of a session or --app NAME"],
  [["1", "--app", "a"], "expected either the ID of a session or --app NAME"],
  [["1", "2"], '"2" is one ID too many'],
  [["x"], 'the session is "x"; expected its number, such as 17'],
  [["1", "--count", "2"], "--count needs --app"],
  [["1", "--client", "10.0.0.1"], "--client needs --app"],
  [["--app", "a", "--client", "10.0.0.1/8"], "has bits set beyond its prefix"],
  [["--app", "a", "--bytes", "much"], 'the size is "much"'],
  [["--app", "a", "--for", "5sec"], 'the duration is "5sec"'],
  [["1", "-", "-o", "file"], '"-" and --output file exclude each other'],
];

for (const [words, says] of MISTAKES) {
  Deno.test(`capture ${words.join(" ")}: is refused with 2`, async () => {
    const io = new CapturedIo();
    assertEquals(await runCli(["capture", ...words, "--url", "http://127.0.0.1:1"], io), 2);
    assertStringIncludes(io.complaints, says);
  });
}
