import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { missingLibraries, parseLdd } from "../../tools/ship/_image_files.ts";
import {
  type Builder,
  findBuilder,
  imageContext,
  ImageError,
  packageImage,
} from "../../tools/ship/package_image.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("parseLdd: gives the libraries' paths and the loader's, each once", () => {
  const text = `	linux-vdso.so.1 (0x00007fc9e5eb1000)
	libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007fc9e0520000)
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fc9e033e000)
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fc9e033e000)
	libgone.so.1 => not found
	/lib64/ld-linux-x86-64.so.2 (0x00007fc9e5eb3000)
`;
  assertEquals(parseLdd(text), [
    "/lib/x86_64-linux-gnu/libm.so.6",
    "/lib/x86_64-linux-gnu/libc.so.6",
    "/lib64/ld-linux-x86-64.so.2",
  ]);
  assertEquals(missingLibraries(text), ["libgone.so.1"]);
  assertEquals([parseLdd("	not a dynamic executable\n"), missingLibraries("")], [[], []]);
});

const missing = missingTools("ldd");
const note = missing.length > 0 ? ` (missing: ${missing.join()})` : "";

Deno.test({
  name: `imageContext: refuses an executable whose libraries are not here${note}`,
  ignore: missing.length > 0,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const script = await folder.write("tcpproxy", "#!/bin/sh\n");
    await assertRejects(() => imageContext(script, folder.file("context")), ImageError, "on a Linux machine");
    await assertRejects(
      () => packageImage({ executable: script, builder: "docker", output: folder.path }),
      ImageError,
      "not an executable for Linux",
    );
  },
});

/** Options that keep a builder's images in a folder of the test's own. */
function storage(builder: Builder, folder: string): string[] {
  if (builder === "docker") return [];
  return ["--storage-driver", "vfs", "--root", `${folder}/storage`, "--runroot", `${folder}/run`];
}

/** Images take a user namespace that a builder can only make as root or with subordinate ids. */
const builder = missing.length > 0 || Deno.build.os !== "linux" || Deno.uid() !== 0
  ? undefined
  : findBuilder();

Deno.test({
  name: `packageImage: the image runs as nobody in particular, with a health check and labels${
    builder === undefined ? " (no builder)" : ` (${builder})`
  }`,
  ignore: builder === undefined,
  fn: () => provesImage(builder ?? "docker"),
});

async function provesImage(builder: Builder): Promise<void> {
  await using folder = new TemporaryFolder();
  // Any small program stands for the executable: building does not run it.
  const archive = await packageImage({
    executable: "/bin/true",
    builder,
    output: folder.path,
    builderOptions: storage(builder, folder.path),
  });
  assertMatch(archive, /\/tcpproxy-[\d.]+-image-(amd64|arm64)\.tar$/);
  const member = async (name: string): Promise<string> => {
    const { stdout } = await new Deno.Command("tar", { args: ["-xOf", archive, name] }).output();
    return new TextDecoder().decode(stdout);
  };
  const [{ Config, RepoTags, Layers }] = JSON.parse(await member("manifest.json"));
  assertMatch(RepoTags[0], /tcpproxy:\d+\.\d+\.\d+$/);
  const { config } = JSON.parse(await member(Config));
  assertEquals({
    user: config.User,
    entrypoint: config.Entrypoint,
    command: config.Cmd,
    stop: config.StopSignal,
    health: config.Healthcheck.Test,
    ports: Object.keys(config.ExposedPorts),
  }, {
    user: "65532:65532",
    entrypoint: ["/usr/bin/tcpproxy"],
    command: ["-c", "/etc/tcpproxy/config.yaml"],
    stop: "SIGTERM",
    health: ["CMD", "/usr/bin/tcpproxy", "health", "--quiet", "--url", "http://127.0.0.1:9900"],
    ports: ["9900/tcp"],
  });
  assertMatch(config.Labels["org.opencontainers.image.revision"], /^([0-9a-f]{40}|unknown)$/);

  const listings = await Promise.all(Layers.map(async (layer: string) => {
    const script = 'tar -xOf "$1" "$2" | tar -tv --numeric-owner';
    const { stdout } = await new Deno.Command("sh", { args: ["-c", script, "sh", archive, layer] })
      .output();
    return new TextDecoder().decode(stdout);
  }));
  const files = listings.join("");
  assertMatch(files, /^-rwxr-xr-x 0\/0 .* usr\/bin\/tcpproxy$/m);
  assertMatch(files, /^drwxr-xr-x 65532\/65532 .* run\/tcpproxy\/$/m);
  assertMatch(files, /libc\.so\.6$/m);
  assert(!/ (usr\/)?bin\/(ba|da)?sh$/m.test(files), files);
}
