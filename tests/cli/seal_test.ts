import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compilerArgs, sealedEntry, V8_FLAGS, WORKER_MODULE } from "../../lib/cli/seal/sealed_program.ts";
import { ConfigDocument } from "../../lib/config/mod.ts";
import { runCli } from "../../lib/cli/mod.ts";
import { WORKER_MODULES } from "../../tools/compile_plan.ts";
import { V8_FLAGS as ALL_V8_FLAGS } from "../../tools/v8_flags.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { configOf } from "../helpers/proxy/proxy.ts";

Deno.test("sealedEntry: the config in it is the same when it is read again, whatever its texts are", async () => {
  const config = configOf({
    apps: [{
      name: "a",
      listen: ["127.0.0.1:5001"],
      targets: ["db.internal:5432"],
      "health_check": { send: '${PING} $$ "` \r\n', expect: "+PONG" },
    }],
  });
  const entry = sealedEntry(config, "/etc/a.yaml");
  const [, literal = ""] = /text:\s*("(?:[^"\\]|\\.)*")/.exec(entry) ?? [];
  const document = await ConfigDocument.ofText(JSON.parse(literal), "/etc/a.yaml");
  assertEquals(document.config, config);
  assertEquals(document.variables, []);
  assertStringIncludes(entry, '"/etc/a.yaml"');
});

Deno.test("compilerArgs: the permissions of the config and no others, and what every executable has", () => {
  const permissions = ["--allow-net=127.0.0.1:5001"];
  const args = compilerArgs({ entry: "e.ts", output: "out", permissions });
  assertEquals(args.filter((arg) => arg.startsWith("--allow")), permissions);
  assert(args.includes("--no-prompt"));
  assertEquals(args.at(-1), "e.ts");
  assertEquals([WORKER_MODULE], WORKER_MODULES);
  assertEquals(V8_FLAGS, ALL_V8_FLAGS);
});

Deno.test("seal: without a name for the executable, or with a config from stdin, says what is missing", async () => {
  for (
    const [words, says] of [
      [["seal"], 'the executable has no name; give "-o FILE"'],
      [["seal", "-o", "x", "-c", "-"], 'it needs a file; give "-c FILE"'],
    ] as const
  ) {
    const io = new CapturedIo();
    assertEquals(await runCli(words, io), 2);
    assertStringIncludes(io.complaints, says);
  }
});
