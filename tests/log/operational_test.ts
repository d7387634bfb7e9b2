import { assert, assertEquals } from "@std/assert";
import { closeLogging, getLogger, type LoggingConfig, setUpLogging } from "../../lib/log/mod.ts";
import { memoryDestination } from "../helpers/fakes/log_destination.ts";

/** The lines that `speak` made under a set-up, without their time. */
async function linesOf(config: LoggingConfig, speak: () => void): Promise<string[]> {
  const destination = memoryDestination();
  setUpLogging(config, { destination });
  speak();
  await closeLogging();
  assert(destination.closed());
  return destination.text().split("\n").slice(0, -1);
}

function withoutTime(line: string): string {
  return line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, "");
}

Deno.test("setUpLogging: text has level, category, message, and what the message does not name", async () => {
  const lines = await linesOf({ level: "info", format: "text" }, () => {
    getLogger("listen").info('listen: "{address}" is bound', { address: "[::]:5001", app: "five thousand" });
    getLogger("dial", "tls").warning("dial: none answered");
  });
  assertEquals(lines.map(withoutTime), [
    'info    listen: listen: "[::]:5001" is bound app="five thousand"',
    "warning dial.tls: dial: none answered",
  ]);
  assert(lines.every((line) => withoutTime(line) !== line));
});

Deno.test("setUpLogging: JSON has time, level, category, message and properties", async () => {
  const [line] = await linesOf({ level: "info", format: "json" }, () => {
    getLogger("listen").error("listen: {address} is taken", { address: "[::]:5001", tries: 3 });
  });
  const { time, ...rest } = JSON.parse(line ?? "");
  assertEquals(new Date(time).toISOString(), time);
  assertEquals(rest, {
    level: "error",
    category: "listen",
    message: "listen: [::]:5001 is taken",
    properties: { address: "[::]:5001", tries: 3 },
  });
});

Deno.test("setUpLogging: a level lets the graver ones through and holds the others back", async () => {
  const speak = (): void => {
    const logger = getLogger("levels");
    logger.debug("d");
    logger.info("i");
    logger.warning("w");
    logger.error("e");
  };
  const last = (lines: string[]): string => lines.map((line) => line.at(-1)).join("");
  assertEquals(last(await linesOf({ level: "debug", format: "text" }, speak)), "diwe");
  assertEquals(last(await linesOf({ level: "info", format: "text" }, speak)), "iwe");
  assertEquals(last(await linesOf({ level: "warning", format: "text" }, speak)), "we");
  assertEquals(last(await linesOf({ level: "error", format: "text" }, speak)), "e");
});

Deno.test("setUpLogging: a second set-up changes level and format and writes nothing twice", async () => {
  const logger = getLogger("again");
  const lines = await linesOf({ level: "error", format: "text" }, () => {
    setUpLogging({ level: "info", format: "json" });
    logger.info("once");
  });
  assertEquals(lines.length, 1);
  assertEquals(JSON.parse(lines[0] ?? "").message, "once");
  assertEquals(logger.isEnabledFor("info"), false, "closed, the log takes nothing");
});

Deno.test("operational formats: no value starts a line of its own or escapes its field", async () => {
  const speak = (): void => {
    const forged = "x\n2026-01-01T00:00:00.000Z error   listen: forged \u009b31m\u202e";
    getLogger("nasty").warning("got {text}", { text: forged, other: forged });
    getLogger("nasty").warning(forged);
    getLogger(forged).warning("category");
  };
  for (const format of ["text", "json"] as const) {
    const lines = await linesOf({ level: "info", format }, speak);
    assertEquals(lines.length, 3);
    // deno-lint-ignore no-control-regex -- control characters are what it looks for
    for (const line of lines) assert(!/[\u0000-\u001f\u007f-\u009f\u202e]/.test(line), JSON.stringify(line));
  }
});

Deno.test("operational formats: bytes that a message shows with escapes are shown with no more", async () => {
  const why = String.raw`the target answered "HTTP/1.1 503 Busy\r\n\x00", C:\log`;
  const speak = (): void => getLogger("check").info("down: {why}\n", { why });
  const [text] = await linesOf({ level: "info", format: "text" }, speak);
  assertEquals(withoutTime(text ?? ""), `info    check: down: ${why}\\n`);
  const [json] = await linesOf({ level: "info", format: "json" }, speak);
  assertEquals(JSON.parse(json ?? "").properties.why, why);
});

Deno.test("operational formats: errors, big numbers, circles and nothing at all can be logged", async () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const error = Object.assign(new Error("not\nthere"), { code: "ENOENT" });
  const speak = (): void =>
    getLogger("odd").info("odd: {error}", {
      error,
      big: 10n ** 20n,
      circle,
      nothing: undefined,
      never: Infinity,
    });
  const [text] = await linesOf({ level: "info", format: "text" }, speak);
  const shown = withoutTime(text ?? "");
  assert(shown.startsWith("info    odd: odd: not there big=100000000000000000000 circle="), shown);
  assert(shown.endsWith(" never=Infinity"), shown);
  const [json] = await linesOf({ level: "info", format: "json" }, speak);
  const { message, properties } = JSON.parse(json ?? "");
  assertEquals(message, "odd: not there");
  assertEquals(Object.keys(properties), ["error", "big", "circle", "never"]);
  assertEquals(properties.error, { name: "Error", code: "ENOENT", message: "not\nthere" });
  assertEquals([properties.big, properties.never], ["100000000000000000000", "Infinity"]);
});
