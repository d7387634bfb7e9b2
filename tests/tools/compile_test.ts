import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  checksumLine,
  compilation,
  entryModule,
  TARGETS,
  workerEntryModule,
} from "../../tools/compile_plan.ts";
import { readBuild } from "../../tools/_read_build.ts";
import { VERSION } from "../../lib/cli/version.ts";
import { V8_FLAGS } from "../../tools/v8_flags.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";

Deno.test("compilation: each target has a binary of its own, with the suffix that its system wants", () => {
  const names = TARGETS.map((target) => compilation("linux", target).name);
  assertEquals(new Set(names).size, TARGETS.length);
  assertEquals(names.filter((name) => name.endsWith(".exe")).length, 2);
  assertEquals(compilation("linux").name, "tcpproxy");
  assertEquals(compilation("windows").name, "tcpproxy.exe");
});

Deno.test("compilation: the binary may use network, files and variables, nothing else, and never asks", () => {
  const { args } = compilation("linux", "aarch64-apple-darwin");
  assertEquals(args.filter((arg) => /^(?:--allow|-A|--no-prompt)/.test(arg)), [
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--no-prompt",
  ]);
  // The C library is called on Linux alone.
  for (const each of [compilation("linux"), compilation("darwin", "aarch64-unknown-linux-gnu")]) {
    assert(each.args.includes("--allow-ffi"));
  }
  assert(!compilation("windows").args.includes("--allow-ffi"));
  assertEquals(args[args.indexOf("--target") + 1], "aarch64-apple-darwin");
  assert(!compilation("linux").args.includes("--target"));
});

Deno.test("compilation: every target is compiled from the one bundle, with the script that only workers run", () => {
  for (const { args } of TARGETS.map((target) => compilation("linux", target))) {
    assertEquals(args.at(-1), "dist/bundle/main.js");
    assertEquals(args[args.indexOf("--include") + 1], "dist/bundle/worker.js");
  }
});

Deno.test("V8_FLAGS: the binary and the task that starts the proxy have the same", async () => {
  assert(compilation("linux").args.includes(`--v8-flags=${V8_FLAGS}`));
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assert(tasks.start.command.includes(` --v8-flags=${V8_FLAGS} `), tasks.start.command);
});

Deno.test("checksumLine: sha256sum reads it", () => {
  assertEquals(checksumLine(new Uint8Array([0, 10, 255]), "tcpproxy"), "000aff  tcpproxy\n");
});

Deno.test("entryModule: records the commit before it runs the program", () => {
  const known = entryModule({ commit: "0123abcd", isModified: true });
  assertMatch(
    known,
    /recordBuild\(\{ commit: "0123abcd", isModified: true \}\);\nDeno.exit\(await runCli\(Deno.args\)\);/,
  );
  assertMatch(entryModule({ commit: undefined, isModified: false }), /commit: undefined, isModified: false/);
  assertEquals(workerEntryModule(), 'import "../../lib/workers/worker/entry.ts";\n');
});

const missing = missingTools("git");

Deno.test({
  name: `readBuild: gives the commit of a checkout, and says whether its files differ${
    missing.length > 0 ? ` (missing: ${missing.join()})` : ""
  }`,
  ignore: missing.length > 0,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const root = new URL(`file://${folder.path}/`);
    const git = async (...args: string[]): Promise<string> => {
      const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
      const command = new Deno.Command("git", { args: [...identity, ...args], cwd: folder.path });
      const { success, stdout, stderr } = await command.output();
      assert(success, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout).trim();
    };
    assertEquals(await readBuild(root), { commit: undefined, isModified: false });

    await git("init", "--quiet");
    await folder.write("a", "1");
    await git("add", "a");
    await git("commit", "--quiet", "--message", "a");
    const commit = await git("rev-parse", "HEAD");
    await folder.write("untracked", "");
    assertEquals(await readBuild(root), { commit, isModified: false });

    await folder.write("a", "2");
    assertEquals(await readBuild(root), { commit, isModified: true });
  },
});

Deno.test("VERSION: the program has the version of deno.json", async () => {
  const manifest = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals(VERSION, manifest.version);
});
