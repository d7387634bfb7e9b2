import { assertEquals, assertMatch } from "@std/assert";
import { IMAGE_USER } from "../../../tools/ship/_image_files.ts";
import { imageContext } from "../../../tools/ship/package_image.ts";
import { freePort, freePorts } from "../../helpers/free_ports.ts";
import { overlayObstacle } from "../../helpers/programs/overlay_root.ts";
import { BINARY, Program } from "../../helpers/programs/program.ts";
import { missingTools } from "../../helpers/programs/tools.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { answerOf } from "../answer_of.ts";

const executable = BINARY ?? "";
const missing = missingTools("ldd", "setpriv");
const obstacle = BINARY === undefined
  ? "no executable"
  : overlayObstacle ?? (missing.length > 0 ? `missing: ${missing.join()}` : undefined);

/**
 * Enters the root of the image as an engine does: read-only, with /proc and /dev, as the image's user and without
 * capabilities. "$1" is the root, the others are the command.
 */
const ENTER = `set -e
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -o remount,bind,ro "$1"
exec setpriv --no-new-privs chroot --groups= --userspec=${IMAGE_USER}:${IMAGE_USER} "$@"`;

Deno.test({
  name: `container image: its root runs read-only as its user, passes traffic and is healthy${
    obstacle === undefined ? "" : ` (${obstacle})`
  }`,
  ignore: obstacle !== undefined,
  fn: async () => {
    await using folder = new TemporaryFolder();
    await Deno.chmod(folder.path, 0o755);
    await using target = new TestTarget(echo);
    await imageContext(executable, folder.path);
    const root = folder.file("root");
    for (const mountPoint of ["proc", "dev", "etc/tcpproxy"]) {
      await Deno.mkdir(`${root}/${mountPoint}`, { recursive: true });
    }
    // An engine mounts this one.
    await Deno.writeTextFile(`${root}/etc/hosts`, "127.0.0.1 localhost\n");
    const [port, adminPort] = freePorts();
    const config = {
      admin: { listen: `127.0.0.1:${adminPort}` },
      apps: [{
        name: "web",
        listen: [`127.0.0.1:${port}`],
        // A name, so that the C library of the image resolves it.
        targets: [`localhost:${target.port}`],
      }],
    };
    await Deno.writeTextFile(`${root}/etc/tcpproxy/config.yaml`, JSON.stringify(config));

    const inImage = (...words: readonly string[]): Deno.Command =>
      new Deno.Command("unshare", {
        args: [
          "--mount",
          "--propagation",
          "private",
          "sh",
          "-c",
          ENTER,
          "sh",
          root,
          "/usr/bin/tcpproxy",
          ...words,
        ],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        clearEnv: true,
        env: { PATH: Deno.env.get("PATH") ?? "" },
      });
    await using container = new Program(inImage("-c", "/etc/tcpproxy/config.yaml").spawn());
    await container.ready();
    assertEquals(await answerOf(port, "hello"), "hello");

    const status = await Deno.readTextFile(`/proc/${container.pid}/status`);
    assertMatch(status, new RegExp(`^Uid:\\s${IMAGE_USER}\\s${IMAGE_USER}\\s`, "m"));
    assertMatch(status, /^CapEff:\s0000000000000000$/m);
    // Of a process in a chroot, "/" is its root.
    const mounts = await Deno.readTextFile(`/proc/${container.pid}/mountinfo`);
    assertMatch(mounts, /^\d+ \d+ \S+ \S+ \/ ro[, ]/m);

    const health = (url: number): Promise<Deno.CommandOutput> =>
      inImage("health", "--quiet", "--url", `http://127.0.0.1:${url}`).output();
    assertEquals((await health(adminPort)).code, 0);
    assertEquals((await health(freePort())).code, 1);
    assertEquals(await container.stop(), 0, container.stderr);
  },
});
