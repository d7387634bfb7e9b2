import { assertEquals } from "@std/assert";
import { effectiveConfig, type LogConfig, parseConfig, resolveConfig } from "../../../lib/config/mod.ts";
import { configErrorOf } from "../../helpers/config/config_error.ts";

const APPS = [{ name: "a", ports: [1], targets: ["h:1"] }];

function accessOf(access: unknown): LogConfig["access"] {
  return resolveConfig({ log: { access }, apps: APPS }, { source: "test" }).log.access;
}

async function refusalOf(access: unknown): Promise<string | undefined> {
  return (await configErrorOf(() => accessOf(access))).problems[0]?.message;
}

Deno.test("log.access: is on, off, or a file", async () => {
  assertEquals([true, false, "off", "a.log", "./on", "/dev/null"].map(accessOf), [
    true,
    false,
    false,
    "a.log",
    "./on",
    "/dev/null",
  ]);
  const { log } = await parseConfig(
    `{ log: { access: off }, apps: [{ name: a, ports: [1], targets: ["h:1"] }] }`,
    { file: "c.yaml" },
  );
  assertEquals(log.access, false);
});

Deno.test("log.access: off is said again as what it is", () => {
  const config = resolveConfig({ log: { access: "off" }, apps: APPS }, { source: "test" });
  assertEquals(resolveConfig(effectiveConfig(config), { source: "test" }), config);
});

Deno.test("log.access: a word that means on or off elsewhere is no file", async () => {
  const expected = `expected true, off, the path of a file, or a mapping`;
  for (const word of ["on", "yes", "YES", "true", "stdout", "-"]) {
    assertEquals(await refusalOf(word), `the value is "${word}"; ${expected}; did you mean true?`);
  }
  for (const word of ["no", "OFF", "false", "none"]) {
    assertEquals(await refusalOf(word), `the value is "${word}"; ${expected}; did you mean "off"?`);
  }
});

Deno.test("log.access: what can be no path is refused", async () => {
  assertEquals(await refusalOf(""), "the value is empty; expected the path of a file");
  assertEquals(await refusalOf("a\0b"), "the path has a NUL byte; remove it");
  assertEquals(await refusalOf(5), "the value is 5; expected true, off, the path of a file, or a mapping");
});
