import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import {
  AccessLog,
  type AccessRecord,
  closeLogging,
  FIELD_END,
  getLogger,
  journalEnvelope,
  localEnvelope,
  type LogEnvelope,
  type LogSender,
  rfc5424Envelope,
  setUpLogging,
} from "../../lib/log/mod.ts";
import { anyText } from "../helpers/any_text.ts";
import { memoryDestination } from "../helpers/fakes/log_destination.ts";

const SENDER: LogSender = { tag: "edge", facility: 16, pid: 42, hostname: "host-1" };

function record(fields: Partial<AccessRecord> = {}): AccessRecord {
  return {
    time: Date.UTC(2026, 2, 1, 12),
    id: 7,
    app: "web",
    listener: "[::]:80",
    client: "10.0.0.9:1234",
    target: "10.0.0.1:80",
    reason: "client_closed",
    bytesUp: 3,
    bytesDown: 4,
    durationMs: 250,
    connectMs: 2,
    tries: 1,
    sni: undefined,
    detail: "",
    ...fields,
  };
}

async function written(
  envelope: LogEnvelope,
  one: AccessRecord,
  format: "text" | "json" = "text",
): Promise<string> {
  const destination = memoryDestination();
  const log = AccessLog.to(destination, { envelope, format });
  log.write(one);
  await log.close();
  return destination.text();
}

async function operational(envelope: LogEnvelope, speak: () => void): Promise<string> {
  const destination = memoryDestination();
  setUpLogging({ level: "debug", format: "text" }, { destination, envelope });
  speak();
  await closeLogging();
  return destination.text();
}

Deno.test("rfc5424Envelope: an access line has the whole header, and leaves the time to it", async () => {
  assertEquals(
    await written(rfc5424Envelope(SENDER), record()),
    "<134>1 2026-03-01T12:00:00.000Z host-1 edge 42 access - client_closed      web #7 10.0.0.9:1234 -> [::]:80 -> " +
      "10.0.0.1:80 up 3 B down 4 B in 250 ms, connected in 2 ms at try 1\n",
  );
});

Deno.test("journalEnvelope: an access line has what the kernel has measured, where it was asked for", async () => {
  const measures = { client: { rttMs: 1.5, retransmits: 0 }, target: undefined };
  const entry = await written(journalEnvelope(SENDER), { ...record(), measures });
  assert(entry.includes("TCPPROXY_CLIENT_RTT_MS=1.5"), entry);
  assert(entry.includes("TCPPROXY_CLIENT_RETRANSMITS=0"), entry);
  assert(!entry.includes("TCPPROXY_TARGET_R"), entry);
});

Deno.test("rfc5424Envelope: JSON is the message as it is", async () => {
  const line = await written(rfc5424Envelope(SENDER), record(), "json");
  const [header, json = ""] = line.split(" - ");
  assertEquals(header, "<134>1 2026-03-01T12:00:00.000Z host-1 edge 42 access");
  assertEquals(JSON.parse(json).time, "2026-03-01T12:00:00.000Z");
});

Deno.test("rfc5424Envelope: the level of an operational line is its severity, and its room the message's id", async () => {
  const lines = await operational(rfc5424Envelope(SENDER), () => {
    getLogger("proxy").error("it failed");
    getLogger("proxy").warning("beware of {what}", { what: "x" });
    getLogger("proxy").info("hello", { a: "b c" });
    getLogger("proxy").debug("detail");
  });
  assertMatch(
    lines,
    /^<131>1 \S+Z host-1 edge 42 proxy - proxy: it failed\n<132>1 \S+ .* - proxy: beware of x\n<134>1 .* - proxy: hello a="b c"\n<135>1 .* - proxy: detail\n$/,
  );
});

Deno.test("localEnvelope: as syslog(3) writes it, without the time", async () => {
  assertMatch(await written(localEnvelope(SENDER), record()), /^<134>edge\[42\]: client_closed {6}web #7 /);
  const lines = await operational(localEnvelope(SENDER), () => getLogger("proxy").warning("beware"));
  assertEquals(lines, "<132>edge[42]: proxy: beware\n");
});

function fieldsOf(entry: string): Record<string, string> {
  return Object.fromEntries(
    entry.trimEnd().split(FIELD_END).filter((field) => field !== "").map((field) => {
      const at = field.indexOf("=");
      return [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}

Deno.test("journalEnvelope: every value of a session is a field of its own", async () => {
  const entry = await written(journalEnvelope(SENDER), record({ fields: [["authority", "a.example"]] }));
  const { MESSAGE, ...fields } = fieldsOf(entry);
  assertMatch(MESSAGE ?? "", /^client_closed {6}web #7 .*, authority a\.example$/);
  assertEquals(fields, {
    PRIORITY: "6",
    SYSLOG_IDENTIFIER: "edge",
    SYSLOG_FACILITY: "16",
    SYSLOG_PID: "42",
    TCPPROXY_LOG: "access",
    TCPPROXY_ID: "7",
    TCPPROXY_APP: "web",
    TCPPROXY_LISTENER: "[::]:80",
    TCPPROXY_CLIENT: "10.0.0.9:1234",
    TCPPROXY_TARGET: "10.0.0.1:80",
    TCPPROXY_REASON: "client_closed",
    TCPPROXY_BYTES_UP: "3",
    TCPPROXY_BYTES_DOWN: "4",
    TCPPROXY_DURATION_MS: "250",
    TCPPROXY_CONNECT_MS: "2",
    TCPPROXY_TRIES: "1",
    TCPPROXY_AUTHORITY: "a.example",
  });
});

Deno.test("journalEnvelope: an operational line has its level, room, app and target", async () => {
  const entry = await operational(
    journalEnvelope(SENDER),
    () => getLogger("proxy").warning('app "{app}": {target} is down', { app: "web", target: "10.0.0.1:80" }),
  );
  assertEquals(fieldsOf(entry), {
    MESSAGE: 'proxy: app "web": 10.0.0.1:80 is down',
    PRIORITY: "4",
    SYSLOG_IDENTIFIER: "edge",
    SYSLOG_FACILITY: "16",
    SYSLOG_PID: "42",
    TCPPROXY_LOG: "operational",
    TCPPROXY_CATEGORY: "proxy",
    TCPPROXY_APP: "web",
    TCPPROXY_TARGET: "10.0.0.1:80",
  });
});

Deno.test("envelopes: no text that a peer chooses begins another message or field", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyText({ maxLength: 30 }),
      fc.constantFrom("", "\n", FIELD_END, "\0", "\u2028"),
      async (text, control) => {
        const hostile = `${text}${control}PRIORITY=0${control}<0>1 x`;
        const one = record({ sni: hostile, detail: hostile, fields: [["authority", hostile]] });
        for (const envelope of [rfc5424Envelope(SENDER), localEnvelope(SENDER), journalEnvelope(SENDER)]) {
          for (const format of ["text", "json"] as const) {
            const line = await written(envelope, one, format);
            assertEquals(line.indexOf("\n"), line.length - 1);
            if (!line.startsWith("MESSAGE=")) continue;
            const fields = fieldsOf(line);
            assertEquals(fields.PRIORITY, "6");
            assertEquals(Object.keys(fields).length, 20);
          }
        }
      },
    ),
    { numRuns: 50 },
  );
});
