import { assertEquals, assertStringIncludes } from "@std/assert";
import { EventHub } from "../../../lib/admin/mod.ts";
import { type AccessRecord, Feed, type LogLine } from "../../../lib/log/mod.ts";
import { withAdmin } from "../../helpers/proxy/admin.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { connectTo, writeAll } from "../../helpers/clients.ts";
import { streamHead } from "../../helpers/protocol/stream_head.ts";
import { until } from "../../helpers/until.ts";

Deno.test("GET /api/events: sends the status at once and again, and ends whole when the server closes", async () => {
  let text = "";
  let reading: Promise<void> | undefined;
  await withAdmin({}, async (admin) => {
    const response = await fetch(new URL("/api/events?interval_ms=250", admin.url));
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    const body = response.body?.pipeThrough(new TextDecoderStream());
    reading = (async (): Promise<void> => {
      for await (const part of body ?? []) text += part;
    })();
    await until(() => text.split("event: snapshot").length > 2);
    const [, data = ""] = /event: snapshot\ndata: (.*)\n/.exec(text) ?? [];
    assertEquals(JSON.parse(data).apps[0].name, "web");
    assertEquals(JSON.parse(data).state, "ready");
  });
  await reading;
});

Deno.test("GET /api/events: says what is wrong with a query", async () => {
  await withAdmin({}, async (admin) => {
    const queries = ["only=", "only=log,x", "interval_ms=249", "interval_ms=60001", "interval_ms=1e3"];
    for (const query of queries) {
      const { status, text } = await admin.ask(`/api/events?${query}`);
      assertEquals(status, 400, query);
      assertStringIncludes(text, "expected ");
    }
  });
});

Deno.test("GET /api/events: refuses readers beyond its limit, so that the API stays open to others", async () => {
  const events = new EventHub({
    sessions: new Feed<AccessRecord>(),
    lines: new Feed<LogLine>(),
    onDefect: () => {},
    maxReaders: 1,
  });
  await withAdmin({ events }, async (admin) => {
    const first = await connectTo(admin.port);
    await writeAll(first, utf8("GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    await first.read(new Uint8Array(1));
    const refused = await admin.ask("/api/events");
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
    assertEquals((await admin.ask("/api/status")).status, 200);
    first.close();
    await until(async () => (await streamHead(admin.url, "/api/events")).status === 200);
  });
});

Deno.test("GET /api/events: a reader that leaves is forgotten, HEAD opens no stream", async () => {
  const lines = new Feed<LogLine>();
  const events = new EventHub({ sessions: new Feed<AccessRecord>(), lines, onDefect: () => {} });
  await withAdmin({ events }, async (admin) => {
    const conn = await connectTo(admin.port);
    await writeAll(conn, utf8("GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    await until(() => lines.isWanted);
    conn.close();
    await until(() => !lines.isWanted);
    assertEquals((await admin.ask("/api/events", { method: "HEAD" })).status, 200);
    await until(() => !lines.isWanted);
  });
});

Deno.test("GET /api/events: a reader that takes nothing is cut off after the limit for writing", async () => {
  const lines = new Feed<LogLine>();
  const events = new EventHub({ sessions: new Feed<AccessRecord>(), lines, onDefect: () => {} });
  await withAdmin({ events, limits: { writeMs: 50 } }, async (admin) => {
    using conn = await connectTo(admin.port);
    await writeAll(conn, utf8("GET /api/events?only=log HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    await until(() => lines.isWanted);
    const message = "x".repeat(1000);
    await until(() => {
      for (let count = 0; count < 1000; count++) {
        lines.publish({ time: 0, level: "info", category: "", message });
      }
      return !lines.isWanted;
    });
  });
});
