import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { REASONS } from "../../lib/base/mod.ts";
import {
  AccessLog,
  type AccessRecord,
  closeLogging,
  formatAccessJson,
  formatAccessText,
  LogOpenError,
  setUpLogging,
} from "../../lib/log/mod.ts";
import { anyText } from "../helpers/any_text.ts";
import { memoryDestination, systemError } from "../helpers/fakes/log_destination.ts";

const RECORD: AccessRecord = {
  time: Date.UTC(2026, 2, 1, 12, 0, 0, 7),
  id: 17,
  app: "postgres",
  listener: "[::]:5432",
  client: "10.0.0.9:51234",
  target: "10.0.0.5:5432",
  reason: "target_closed",
  bytesUp: 120,
  bytesDown: 4096,
  durationMs: 1500.04,
  connectMs: 0.24,
  tries: 1,
  sni: undefined,
  detail: "",
};

const FIELDS =
  "time id app listener client target reason bytes_up bytes_down duration_ms connect_ms tries sni";

Deno.test("formatAccessJson: the fields have their names, order and types", () => {
  const line = formatAccessJson(RECORD);
  assertEquals(Object.keys(JSON.parse(line)).join(" "), FIELDS);
  assertEquals(JSON.parse(line), {
    time: "2026-03-01T12:00:00.007Z",
    id: 17,
    app: "postgres",
    listener: "[::]:5432",
    client: "10.0.0.9:51234",
    target: "10.0.0.5:5432",
    reason: "target_closed",
    bytes_up: 120,
    bytes_down: 4096,
    duration_ms: 1500,
    connect_ms: 0.2,
    tries: 1,
    sni: null,
  });
});

Deno.test("formatAccessJson: what is absent is null", () => {
  const fields = JSON.parse(
    formatAccessJson({ ...RECORD, target: undefined, connectMs: undefined, tries: 4 }),
  );
  assertEquals([fields.target, fields.connect_ms, fields.sni, fields.tries], [null, null, null, 4]);
});

Deno.test("access formats: what the kernel has measured comes before the detail, where it was asked for", () => {
  const measures = {
    client: { rttMs: 20.1254, retransmits: 1 },
    target: { rttMs: 0.04, retransmits: 0 },
  };
  const record = { ...RECORD, sni: "a.b", measures, detail: "it left" };
  const line = JSON.parse(formatAccessJson(record));
  assertEquals(
    Object.keys(line).join(" "),
    `${FIELDS} client_rtt_ms client_retransmits target_rtt_ms target_retransmits detail`,
  );
  assertEquals(
    [line.client_rtt_ms, line.client_retransmits, line.target_rtt_ms, line.target_retransmits],
    [20.13, 1, 0.04, 0],
  );
  assert(
    formatAccessText(record).endsWith(
      ', sni a.b, client rtt 20.13 ms with 1 retransmit, target rtt 0.04 ms with 0 retransmits, detail "it left"\n',
    ),
  );
  const half = { ...RECORD, measures: { client: measures.client, target: undefined } };
  assertEquals(JSON.parse(formatAccessJson(half)).target_rtt_ms, null);
  assert(formatAccessText(half).endsWith(" at try 1, client rtt 20.13 ms with 1 retransmit\n"));
});

Deno.test("access formats: the detail comes last, where there is one", () => {
  const record = { ...RECORD, detail: 'TLS with the client: it is "late"' };
  const line = formatAccessJson(record);
  assertEquals(Object.keys(JSON.parse(line)).join(" "), `${FIELDS} detail`);
  assertEquals(JSON.parse(line).detail, record.detail);
  assert(formatAccessText(record).endsWith(' at try 1, detail "TLS with the client: it is \\"late\\""\n'));
  assert(formatAccessText({ ...record, sni: "a.b" }).includes(', sni a.b, detail "TLS'));
});

Deno.test("access formats: a detail as long as whoever is at fault can make it is cut", () => {
  const record = { ...RECORD, detail: `it is by "CN=${"x".repeat(60_000)}"` };
  assertEquals(JSON.parse(formatAccessJson(record)).detail, `${record.detail.slice(0, 1000)}…`);
  assert(formatAccessText(record).length < 1300);
});

Deno.test("formatAccessText: one sentence, the reason second", () => {
  assertEquals(
    formatAccessText(RECORD),
    "2026-03-01T12:00:00.007Z target_closed      postgres #17 10.0.0.9:51234 -> [::]:5432 -> 10.0.0.5:5432 " +
      "up 120 B down 4096 B in 1500 ms, connected in 0.2 ms at try 1\n",
  );
  assertEquals(
    formatAccessText({ ...RECORD, reason: "no_target", target: undefined, connectMs: undefined, tries: 4 }),
    "2026-03-01T12:00:00.007Z no_target          postgres #17 10.0.0.9:51234 -> [::]:5432 -> no target " +
      "up 120 B down 4096 B in 1500 ms, not connected in 4 tries\n",
  );
});

Deno.test("formatAccessText: every reason leaves the app in the same column", () => {
  const columns = new Set(
    REASONS.map((reason) => formatAccessText({ ...RECORD, reason }).indexOf("postgres")),
  );
  assertEquals(columns.size, 1);
});

Deno.test("formatAccessText: a value that is no plain word is quoted, one that is is not", () => {
  assert(formatAccessText({ ...RECORD, sni: "a b" }).endsWith(`, sni "a b"\n`));
  assert(formatAccessText({ ...RECORD, sni: "db.example.com" }).endsWith(", sni db.example.com\n"));
});

// What no line may hold: control characters, line separators, and what reorders text.
const NOT_PRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

Deno.test("access formats: no value from the network makes a second line or leaves its field", () => {
  const nasty = fc.oneof(
    anyText(),
    fc.string({
      unit: fc.constantFrom("\n", "\r", '"', "\\", "\u009b", "\u2028", "\u202e", "\ud800", " ", "a"),
    }),
  );
  fc.assert(fc.property(nasty, nasty, nasty, (sni, client, detail) => {
    const record = { ...RECORD, sni, client, detail };
    for (const line of [formatAccessJson(record), formatAccessText(record)]) {
      assertEquals(line.indexOf("\n"), line.length - 1);
      assertEquals(NOT_PRINTABLE.exec(line.slice(0, -1))?.[0], undefined);
    }
    const fields = JSON.parse(formatAccessJson(record));
    assertEquals([fields.detail ?? "", fields.sni, fields.client], [detail, sni, client]);
    assertEquals(Object.keys(fields).join(" "), detail === "" ? FIELDS : `${FIELDS} detail`);
  }));
});

Deno.test("AccessLog: a log in use writes one line for each record in the format asked for", async () => {
  const destination = memoryDestination();
  const log = AccessLog.to(destination, { format: "json" });
  for (let id = 1; id <= 3; id++) log.write({ ...RECORD, id });
  await log.close();
  const ids = destination.text().trimEnd().split("\n").map((line) => JSON.parse(line).id);
  assertEquals(ids, [1, 2, 3]);
  assertEquals([log.enabled, log.droppedLines], [true, 0]);
});

Deno.test("AccessLog.off: reads nothing of a record and writes nothing", async () => {
  const unreadable = new Proxy(RECORD, {
    get: () => {
      throw new Error("a record was read; expected none");
    },
  });
  AccessLog.off.write(unreadable);
  assertEquals(await AccessLog.off.reopen(), false);
  AccessLog.off.flushSync();
  await AccessLog.off.close();
  assertEquals([AccessLog.off.enabled, await AccessLog.open(false) === AccessLog.off], [false, true]);
});

Deno.test("AccessLog.open: a file is appended to, and after rotation a new one is begun", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/access.log`;
  await Deno.writeTextFile(path, "before\n");
  const log = await AccessLog.open(path);
  log.write(RECORD);
  log.flushSync();
  await Deno.rename(path, `${path}.1`);
  log.write({ ...RECORD, id: 18 });
  assertEquals(await log.reopen(), true);
  await log.close();
  const [rotated, current] = [await Deno.readTextFile(`${path}.1`), await Deno.readTextFile(path)];
  assertMatch(rotated, /^before\n.* #17 .*\n$/);
  assertMatch(current, /^.* #18 .*\n$/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "AccessLog.open: a new file is not readable by others",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const log = await AccessLog.open(`${folder}/access.log`);
    await log.close();
    assertEquals(((await Deno.stat(`${folder}/access.log`)).mode ?? 0) & 0o027, 0);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("AccessLog.open: a file that cannot be opened is an error that names it", async () => {
  const folder = await Deno.makeTempDir();
  const error = await assertRejects(() => AccessLog.open(folder), LogOpenError);
  assertEquals(
    error.message,
    `open the log: "${folder}" cannot be opened: it is a directory; give the path of a file`,
  );
  await Deno.remove(folder);
});

Deno.test("AccessLog.reopen: a file that cannot be opened again leaves the old one in use", async () => {
  const folder = await Deno.makeTempDir();
  const problems: string[] = [];
  const log = await AccessLog.open(`${folder}/access.log`, {
    onProblem: (problem) => problems.push(problem.kind),
  });
  await Deno.rename(`${folder}/access.log`, `${folder}/old.log`);
  await Deno.mkdir(`${folder}/access.log`);
  assertEquals(await log.reopen(), false);
  log.write(RECORD);
  await log.close();
  assertEquals(problems, ["not_reopened"]);
  assertMatch(await Deno.readTextFile(`${folder}/old.log`), / #17 /);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("AccessLog: trouble with the destination is one line of the operational log when it begins, one at the end", async () => {
  const operational = memoryDestination();
  setUpLogging({ level: "info", format: "json" }, { destination: operational });
  const log = AccessLog.to(memoryDestination((): number => {
    throw systemError("EPIPE");
  }));
  log.write(RECORD);
  await log.close();
  await closeLogging();
  const lines = operational.text().trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ level, message }) => [level, message]), [
    [
      "error",
      "write the access log: EPIPE (os error) (EPIPE); lines are kept up to 8 MiB, then dropped; writing is retried",
    ],
    ["error", "close the access log: it still could not be written; lines lost: 1"],
  ]);
  assertEquals(log.droppedLines, 1);
});

Deno.test("accessFormatter: fields that an app asks for stand before the detail, and cannot break out of their line", () => {
  const record = { ...RECORD, fields: [["proxy_authority", 'a"b'], ["tlv_ea", "x y"]], detail: "d" } as const;
  const json = JSON.parse(formatAccessJson(record));
  assertEquals(Object.keys(json).join(" "), `${FIELDS} proxy_authority tlv_ea detail`);
  assertEquals([json.proxy_authority, json.tlv_ea], ['a"b', "x y"]);
  assert(formatAccessText(record).endsWith(`, proxy_authority "a\\"b", tlv_ea "x y", detail d\n`));
});
