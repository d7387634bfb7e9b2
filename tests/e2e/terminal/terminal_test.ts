import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { connectTo } from "../../helpers/clients.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { BINARY } from "../../helpers/programs/program.ts";
import { refusingAddress } from "../../helpers/targets.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

/** The binary under test, or the source. */
const PROGRAM = BINARY ??
  `${Deno.execPath()} run --quiet --no-prompt --allow-net ${
    fileURLToPath(new URL("../../../main.ts", import.meta.url))
  }`;

/** As a terminal's user has it: without NO_COLOR, which tests are run with. */
const ENVIRONMENT = {
  PATH: Deno.env.get("PATH") ?? "",
  HOME: Deno.env.get("HOME") ?? "",
  DENO_NO_UPDATE_CHECK: "1",
};

/** What a terminal shows of `tcpproxy forward`, to which one client comes. */
async function shown(flags: string): Promise<string> {
  const port = freePort();
  const words = `forward ${flags} 127.0.0.1:${port} ${refusingAddress()}`;
  const script = new Deno.Command("script", {
    args: ["-qfc", `${PROGRAM} ${words}`, "/dev/null"],
    clearEnv: true,
    env: ENVIRONMENT,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  let isServed = false;
  for await (const piece of script.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (!isServed && text.includes("listening on 1 address")) {
      isServed = true;
      using client = await connectTo(port);
      assertEquals(await client.read(new Uint8Array(1)), null);
      Deno.kill(Number(/pid (\d+)/.exec(text)?.[1]), "SIGTERM");
    }
  }
  await script.status;
  return text;
}

const missing = missingTools("script");
const needs = missing.length === 0 ? "" : " (ignored: missing script)";

Deno.test({
  name: "terminal: lines are coloured, and those of both logs come in the order in which they were written" +
    needs,
  ignore: missing.length > 0 || Deno.build.os !== "linux",
  fn: async () => {
    const text = await shown("");
    const at = (part: string): number => text.indexOf(part);
    assert(0 < at(" no_target "), text);
    assert(at(" no_target ") < at("no target could be reached"), text);
    assert(at("no target could be reached") < at("proxy: stopped"), text);
    // deno-lint-ignore no-control-regex -- the sequences are what it looks for
    assertMatch(text, /^\x1b\[2m\S+Z\x1b\[22m \x1b\[32minfo /);
  },
});

Deno.test({
  name: "terminal: --color never colours nothing" + needs,
  ignore: missing.length > 0 || Deno.build.os !== "linux",
  fn: async () => assertEquals((await shown("--color never")).includes("\x1b["), false),
});
