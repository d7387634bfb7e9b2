import { assertEquals, assertMatch } from "@std/assert";
import { BINARY, runProgram } from "../../helpers/programs/program.ts";

Deno.test("version: an executable names the commit that it was compiled from, a run from source none", async () => {
  const { code, stdout } = await runProgram(["version"]);
  assertEquals(code, 0);
  const pattern = BINARY === undefined
    ? /^tcpproxy \S+ \(development run\)\n$/
    : /^tcpproxy \S+ \(([0-9a-f]{12}(, modified)?|unknown commit)\)\n$/;
  assertMatch(stdout, pattern);
});
