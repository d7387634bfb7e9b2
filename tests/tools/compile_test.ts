import { assert, assertEquals } from "@std/assert";
import { checksumLine, compilation, TARGETS } from "../../tools/_compile_plan.ts";
import { V8_FLAGS } from "../../tools/v8_flags.ts";

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
  assertEquals(args.at(-1), "main.ts");
});

Deno.test("V8_FLAGS: the binary and the task that starts the proxy have the same", async () => {
  assert(compilation("linux").args.includes(`--v8-flags=${V8_FLAGS}`));
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assert(tasks.start.command.includes(` --v8-flags=${V8_FLAGS} `), tasks.start.command);
});

Deno.test("checksumLine: sha256sum reads it", () => {
  assertEquals(checksumLine(new Uint8Array([0, 10, 255]), "tcpproxy"), "000aff  tcpproxy\n");
});
