import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { packageDeb } from "../../../tools/ship/package_deb.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { overlayObstacle, OverlayRoot } from "../../helpers/programs/overlay_root.ts";
import { BINARY, Program } from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { missingTools } from "../../helpers/programs/tools.ts";
import { answerOf } from "../answer_of.ts";
import { until } from "../../helpers/until.ts";

const executable = BINARY ?? "";
const missing = missingTools("dpkg", "dpkg-deb", "systemd-sysusers", "deb-systemd-helper", "setpriv");
const obstacle = BINARY === undefined
  ? "no executable"
  : overlayObstacle ?? (missing.length > 0 ? `missing: ${missing.join()}` : undefined);

const UNIT = "/usr/lib/systemd/system/tcpproxy.service";
const CONFIG = "/etc/tcpproxy/config.yaml";

/** What setpriv has to do to run a command as systemd does for this unit: its user, its one capability. */
const AS_SERVICE = [
  "setpriv",
  "--reuid=tcpproxy",
  "--regid=tcpproxy",
  "--clear-groups",
  "--inh-caps=-all,+net_bind_service",
  "--ambient-caps=-all,+net_bind_service",
  "--bounding-set=-all,+net_bind_service",
  "--no-new-privs",
] as const;

/** The words of all lines of a unit with this key. */
function commandsOf(unit: string, key: string): string[][] {
  return unit.split("\n").filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1).split(" "));
}

// systemd does not run where tests do: the commands of the unit are run as its user instead.
Deno.test({
  name: `Debian package: the service starts, passes traffic, reloads and stops as its unit says${
    obstacle === undefined ? "" : ` (${obstacle})`
  }`,
  ignore: obstacle !== undefined,
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    await using root = await OverlayRoot.open();
    const path = await packageDeb({ executable, output: folder.path, compression: "none" });
    const installed = await root.run(
      "dpkg",
      "--no-triggers",
      "--force-unsafe-io",
      "--force-depends",
      "--install",
      path,
    );
    assertEquals(installed.code, 0, installed.text);
    assertEquals((await root.run("tcpproxy", "check", "--quiet", "-c", CONFIG)).text, "");

    const unit = (await root.run("cat", UNIT)).text;
    const [port, nextPort] = [freePort(), freePort()];
    const config = (listen: number): string =>
      JSON.stringify({
        apps: [{ name: "web", listen: [`127.0.0.1:${listen}`], targets: [target.address] }],
      });
    await root.write(CONFIG, config(port));
    const [start = []] = commandsOf(unit, "ExecStart");
    const [command = "", ...args] = [...root.prefix, ...AS_SERVICE, ...start];
    await using service = new Program(
      new Deno.Command(command, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn(),
    );
    await service.ready();
    assertEquals(await answerOf(port, "hello"), "hello");
    // nsenter, chroot and setpriv all become the next one, so the process is the service itself.
    const status = await Deno.readTextFile(`/proc/${service.pid}/status`);
    const uid = (await root.run("id", "--user", "tcpproxy")).text.trim();
    assertMatch(status, new RegExp(`^Uid:\\s${uid}\\s${uid}\\s${uid}\\s${uid}$`, "m"));
    assertMatch(status, /^CapEff:\s0000000000000400$/m);

    const reload = async (): Promise<string> => {
      for (const words of commandsOf(unit, "ExecReload")) {
        const filled = words.map((word) => word === "$MAINPID" ? String(service.pid) : word);
        const { code, text } = await root.run(...AS_SERVICE, ...filled);
        if (code !== 0) return text;
      }
      return "reloaded";
    };
    await root.write(CONFIG, "apps: [{ name: web, portz: [1] }]\n");
    assertStringIncludes(await reload(), "unknown key; expected one of");
    assertEquals(await answerOf(port, "still there"), "still there");

    await root.write(CONFIG, config(nextPort));
    assertEquals(await reload(), "reloaded");
    await until(async () => await answerOf(nextPort, "anew").catch(() => "") === "anew");

    assertEquals(await service.stop(), 0, service.stderr);
    const purged = await root.run("dpkg", "--no-triggers", "--purge", "tcpproxy");
    assertEquals(purged.code, 0, purged.text);
  },
});
