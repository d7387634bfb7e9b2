import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { debianVersion, elfArchitecture } from "../../tools/ship/_debian_files.ts";
import { packageDeb, PackageError } from "../../tools/ship/package_deb.ts";
import { overlayObstacle, OverlayRoot } from "../helpers/programs/overlay_root.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";

/** Stands for the executable: packaging does not care what it does. */
const STUB = '#!/bin/sh\necho stub "$@"\n';

async function buildStub(folder: TemporaryFolder, version = "0.1.0"): Promise<string> {
  const executable = await folder.write("tcpproxy", STUB);
  await folder.write("THIRD_PARTY_LICENSES.txt", "zod: MIT\n");
  return await packageDeb({
    executable,
    output: folder.path,
    architecture: "amd64",
    version,
    compression: "none",
  });
}

async function output(command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, env: { LC_ALL: "C" } }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals(code, 0, text);
  return text;
}

Deno.test("debianVersion: a pre-release is before its release", () => {
  assertEquals(["1.2.3", "1.2.3-rc.1"].map(debianVersion), ["1.2.3-1", "1.2.3~rc.1-1"]);
});

Deno.test("elfArchitecture: knows executables for x86-64 and ARM64, and nothing else", () => {
  const elf = (machine: number): Uint8Array => {
    const head = new Uint8Array(64);
    head.set([0x7f, 0x45, 0x4c, 0x46]);
    head[18] = machine;
    return head;
  };
  assertEquals([0x3e, 0xb7, 0x28].map((machine) => elfArchitecture(elf(machine))), [
    "amd64",
    "arm64",
    undefined,
  ]);
  assertEquals(elfArchitecture(new TextEncoder().encode("MZ, and more than twenty bytes")), undefined);
  assertEquals(elfArchitecture(new Uint8Array()), undefined);
});

Deno.test("packageDeb: refuses what is no executable for Linux", async () => {
  await using folder = new TemporaryFolder();
  const executable = await folder.write("tcpproxy", STUB);
  await assertRejects(
    () => packageDeb({ executable, output: folder.path }),
    PackageError,
    "not an executable for Linux",
  );
});

const missing = missingTools("dpkg-deb");
const builds = { ignore: missing.length > 0 };
const note = missing.length > 0 ? ` (missing: ${missing.join()})` : "";

Deno.test({
  name: `packageDeb: the package has every file where Debian has it, with the right mode${note}`,
  ...builds,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = await buildStub(folder);
    assertEquals(path, `${folder.path}/tcpproxy_0.1.0-1_amd64.deb`);
    const list = await output("dpkg-deb", "--contents", path);
    for (
      const line of [
        /^-rwxr-xr-x root\/root .* \.\/usr\/bin\/tcpproxy$/m,
        /^-rw-r--r-- root\/root .* \.\/etc\/tcpproxy\/config\.yaml$/m,
        /^-rw-r--r-- root\/root .* \.\/etc\/logrotate\.d\/tcpproxy$/m,
        /^-rw-r--r-- root\/root .* \.\/usr\/lib\/systemd\/system\/tcpproxy\.service$/m,
        /^-rw-r--r-- root\/root .* \.\/usr\/lib\/sysusers\.d\/tcpproxy\.conf$/m,
        / \.\/usr\/share\/man\/man1\/tcpproxy\.1\.gz$/m,
        / \.\/usr\/share\/man\/man5\/tcpproxy\.yaml\.5\.gz$/m,
        / \.\/usr\/share\/bash-completion\/completions\/tcpproxy$/m,
        / \.\/usr\/share\/zsh\/vendor-completions\/_tcpproxy$/m,
        / \.\/usr\/share\/fish\/vendor_completions\.d\/tcpproxy\.fish$/m,
        / \.\/usr\/share\/doc\/tcpproxy\/copyright$/m,
        / \.\/usr\/share\/doc\/tcpproxy\/operations\.md$/m,
        / \.\/usr\/share\/doc\/tcpproxy\/examples\/postgres\.yaml$/m,
        / \.\/usr\/share\/doc\/tcpproxy\/THIRD_PARTY_LICENSES\.txt\.gz$/m,
      ]
    ) assertMatch(list, line);
    assert(!/^d(?!rwxr-xr-x root\/root)/m.test(list), list);

    await output("dpkg-deb", "--extract", path, folder.file("x"));
    await output("dpkg-deb", "--control", path, folder.file("c"));
    const unit = await Deno.readTextFile(folder.file("x/usr/lib/systemd/system/tcpproxy.service"));
    assertStringIncludes(unit, "\nExecStart=/usr/bin/tcpproxy -c /etc/tcpproxy/config.yaml\n");
    assert(!unit.includes("/usr/local"), unit);
    assertEquals(
      await Deno.readTextFile(folder.file("c/conffiles")),
      "/etc/tcpproxy/config.yaml\n/etc/logrotate.d/tcpproxy\n",
    );
    // md5sum itself proves the sums.
    await output("sh", "-c", `cd ${folder.file("x")} && md5sum --quiet -c ../c/md5sums`);
  },
});

const lifecycleTools = missingTools("dpkg", "dpkg-deb", "systemd-sysusers", "deb-systemd-helper");
const obstacle = overlayObstacle ??
  (lifecycleTools.length > 0 ? `missing: ${lifecycleTools.join()}` : undefined);

Deno.test({
  name: `packageDeb: installs, keeps changed files in an upgrade, is removed and purged${
    obstacle === undefined ? "" : ` (${obstacle})`
  }`,
  ignore: obstacle !== undefined,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const first = await buildStub(folder);
    const next = await buildStub(folder, "0.2.0");
    await using root = await OverlayRoot.open();
    const ok = async (...command: string[]): Promise<string> => {
      const { code, text } = await root.run(...command);
      assertEquals(code, 0, `${command.join(" ")}: ${text}`);
      return text;
    };
    const exists = async (path: string): Promise<boolean> => (await root.run("test", "-e", path)).code === 0;
    // The overlay has the dpkg of this machine: no triggers, and no other package, need to run.
    const dpkg = (...args: string[]): Promise<string> =>
      ok("dpkg", "--no-triggers", "--force-unsafe-io", "--force-depends", ...args);

    await dpkg("--install", first);
    assertMatch(await ok("getent", "passwd", "tcpproxy"), /^tcpproxy:x:\d+:\d+:TCP proxy:.*nologin$/m);
    assertEquals(await ok("tcpproxy", "version"), "stub version\n");
    assertEquals(await ok("stat", "-c", "%U:%a", "/etc/tcpproxy/config.yaml"), "root:644\n");

    await root.write("/etc/tcpproxy/config.yaml", "# mine\n");
    await dpkg("--install", next);
    assertEquals(await ok("cat", "/etc/tcpproxy/config.yaml"), "# mine\n");
    assertMatch(await ok("dpkg", "--status", "tcpproxy"), /^Version: 0\.2\.0-1$/m);

    await ok("mkdir", "/var/log/tcpproxy");
    await dpkg("--remove", "tcpproxy");
    assertEquals(await exists("/usr/bin/tcpproxy"), false);
    assertEquals(await exists("/etc/tcpproxy/config.yaml"), true);
    assertEquals(await exists("/var/log/tcpproxy"), true);

    await root.write("/etc/tcpproxy/key.pem", "the operator's own");
    await dpkg("--purge", "tcpproxy");
    assertEquals(await exists("/etc/tcpproxy/config.yaml"), false);
    assertEquals(await exists("/etc/logrotate.d/tcpproxy"), false);
    assertEquals(await exists("/var/log/tcpproxy"), false);
    assertEquals(await exists("/etc/tcpproxy/key.pem"), true);
    assertStringIncludes((await root.run("dpkg", "--status", "tcpproxy")).text, "not installed");
  },
});
