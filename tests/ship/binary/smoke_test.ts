import { assertEquals, assertRejects } from "@std/assert";
import { smokeTest, SmokeTestError } from "../../../tools/ship/smoke.ts";
import { BINARY } from "../../helpers/programs/program.ts";

const executable = BINARY ?? "";

Deno.test({
  name: "smokeTest: passes for the executable, and fails for one of another commit",
  ignore: BINARY === undefined,
  fn: async () => {
    const reported: string[] = [];
    await smokeTest(executable, { tell: (line) => reported.push(line) });
    assertEquals(reported.at(-1), "ended");
    await assertRejects(
      () => smokeTest(executable, { commit: "another", tell: () => {} }),
      SmokeTestError,
      'expected "another"',
    );
  },
});
