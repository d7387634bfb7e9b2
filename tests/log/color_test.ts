import { assertEquals, assertMatch } from "@std/assert";
import {
  accessFormatter,
  type AccessRecord,
  closeLogging,
  getLogger,
  setUpLogging,
} from "../../lib/log/mod.ts";
import { isColored } from "../../lib/log/color.ts";
import { memoryDestination } from "../helpers/fakes/log_destination.ts";

const RECORD: AccessRecord = {
  time: Date.UTC(2026, 2, 1),
  id: 1,
  app: "a",
  listener: "[::]:1",
  client: "h:1",
  target: "t:1",
  reason: "target_closed",
  bytesUp: 0,
  bytesDown: 0,
  durationMs: 1,
  connectMs: 1,
  tries: 1,
  sni: undefined,
  detail: "",
};

// deno-lint-ignore no-control-regex -- the sequences are what it looks for
const COLORS = /\x1b\[\d+m/g;

async function written(
  color: "auto" | "always" | "never",
  format: "text" | "json" = "text",
): Promise<string> {
  const memory = memoryDestination();
  setUpLogging({ level: "info", format }, { destination: memory, color });
  getLogger("x").warning("{what}", { what: "evil \x1b[31m" });
  await closeLogging();
  return memory.text();
}

Deno.test("isColored: auto asks the stream, and NO_COLOR", () => {
  const terminal = { isTerminal: (): boolean => true };
  const pipe = { isTerminal: (): boolean => false };
  assertEquals([isColored("auto", terminal), isColored("auto", pipe)], [!Deno.noColor, false]);
  assertEquals([isColored("always", pipe), isColored("never", terminal)], [true, false]);
});

Deno.test("setUpLogging: colours level and time alone, and only what it is asked to", async () => {
  const colored = await written("always");
  // deno-lint-ignore no-control-regex -- the sequences are what it looks for
  assertMatch(colored, /^\x1b\[2m\S+Z\x1b\[22m \x1b\[33mwarning\x1b\[39m x: evil \\u001b\[31m\n$/);
  for (const plain of [await written("never"), await written("auto"), await written("always", "json")]) {
    assertEquals(plain.match(COLORS), null);
  }
});

Deno.test("accessFormatter: coloured lines are the plain ones with colours", () => {
  for (const reason of ["target_closed", "no_target"] as const) {
    const record = { ...RECORD, reason };
    const colored = accessFormatter("text", { color: true })(record);
    assertEquals(colored.match(COLORS)?.[1], "\x1b[22m");
    assertEquals(colored.includes(reason === "target_closed" ? "\x1b[32m" : "\x1b[33m"), true);
    assertEquals(colored.replaceAll(COLORS, ""), accessFormatter("text")(record));
  }
  assertEquals(accessFormatter("json", { color: true })(RECORD).match(COLORS), null);
});
