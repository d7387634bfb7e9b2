import { assertEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../../helpers/bytes.ts";
import { connectTo, readExactly, writeAll } from "../../helpers/clients.ts";
import { freePorts } from "../../helpers/free_ports.ts";
import { readCapture, sentBy } from "../../helpers/protocol/pcapng.ts";
import { program } from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { until } from "../../helpers/until.ts";

Deno.test("capture: Ctrl-C ends it with a complete file, and the log says what was captured", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const [appPort, adminPort] = freePorts();
  const config = await folder.config({
    admin: { listen: `127.0.0.1:${adminPort}` },
    apps: [{ name: "web", listen: [`127.0.0.1:${appPort}`], targets: [target.address] }],
  });
  await using proxy = program(["-c", config]);
  await proxy.ready();
  const path = folder.file("web.pcapng");
  await using capture = program(["capture", "--app", "web", "-c", config, "-o", path]);
  await proxy.waitFor('capture of app "web" for 127.0.0.1:');
  using client = await connectTo(appPort);
  await writeAll(client, utf8("hello"));
  await readExactly(client, 5);
  const from = `127.0.0.1:${client.localAddr.port}`;
  await until(async () => {
    const bytes = await Deno.readFile(path).catch(() => new Uint8Array());
    return isRead(() => sentBy(readCapture(bytes).packets, 0, from).length === 5);
  });
  capture.signal("SIGINT");
  assertEquals(await capture.code, 0);
  assertStringIncludes(capture.stderr, 'captured app "web": ');
  assertStringIncludes(capture.stderr, "; interrupted");
  assertEquals(readCapture(await Deno.readFile(path)).application.startsWith("tcpproxy "), true);
  await proxy.waitFor('capture of app "web" ended: reader gone; connections: 1, packets: ');
});

/** Whether it is so; not while a file is being written, which is no capture then. */
function isRead(isSo: () => boolean): boolean {
  try {
    return isSo();
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
