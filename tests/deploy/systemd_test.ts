import { assertEquals, assertMatch } from "@std/assert";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const UNITS = new URL("../../deploy/systemd/", import.meta.url);
const missing = missingTools("systemd-analyze");

async function analyze(...args: string[]): Promise<{ code: number; text: string }> {
  const command = new Deno.Command("systemd-analyze", { args, env: { NO_COLOR: "1", PAGER: "cat" } });
  const { code, stdout, stderr } = await command.output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Runs `use` with the unit, whose executable is one that every machine has. */
async function withUnit(use: (path: string, folder: TemporaryFolder) => Promise<void>): Promise<void> {
  await using folder = new TemporaryFolder();
  const text = (await Deno.readTextFile(new URL("tcpproxy.service", UNITS)))
    .replaceAll("/usr/local/bin/tcpproxy", "/bin/true");
  await use(await folder.write("tcpproxy.service", text), folder);
}

Deno.test({
  name: `deploy/systemd: the unit is one that systemd takes${
    missing.length > 0 ? ` (missing: ${missing.join()})` : ""
  }`,
  ignore: missing.length > 0,
  fn: () =>
    withUnit(async (path) => {
      const { code, text } = await analyze("verify", path);
      assertEquals([code, text], [0, ""]);
    }),
});

Deno.test({
  name: "deploy/systemd: the socket unit, and what the service has for it, are ones that systemd takes",
  ignore: missing.length > 0,
  fn: () =>
    withUnit(async (service, folder) => {
      const socket = folder.file("tcpproxy.socket");
      await Deno.copyFile(new URL("tcpproxy.socket", UNITS), socket);
      await Deno.mkdir(folder.file("tcpproxy.service.d"));
      const dropIn = "tcpproxy.service.d/socket.conf";
      await Deno.copyFile(new URL(dropIn, UNITS), folder.file(dropIn));
      const { code, text } = await analyze("verify", socket, service);
      assertEquals([code, text], [0, ""]);
    }),
});

Deno.test({
  name: "deploy/systemd: the unit is hardened",
  ignore: missing.length > 0,
  fn: () =>
    withUnit(async (path) => {
      const { code, text } = await analyze(
        "security",
        "--offline=true",
        "--threshold=20",
        "--no-pager",
        path,
      );
      // Older versions of systemd know no --offline.
      if (/unrecognized option/.test(text)) return;
      assertMatch(text, /Overall exposure level/);
      assertEquals(code, 0, text);
    }),
});
