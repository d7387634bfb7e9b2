import { assertEquals } from "@std/assert";
import { type AccessRecord, Feed } from "../../lib/log/mod.ts";
import { exportSpans, type Tracer } from "../../lib/otel/mod.ts";

function record(fields: Partial<AccessRecord> = {}): AccessRecord {
  return {
    time: 10_000,
    id: 7,
    app: "web",
    listener: "[::]:80",
    client: "10.0.0.9:1234",
    target: undefined,
    reason: "client_closed",
    bytesUp: 3,
    bytesDown: 4,
    durationMs: 250,
    connectMs: undefined,
    tries: 1,
    sni: undefined,
    detail: "",
    ...fields,
  };
}

/** The spans that a tracer was asked for, each with what became of it. */
function tracing(): { tracer: Tracer; spans: unknown[] } {
  const spans: unknown[] = [];
  const tracer: Tracer = {
    startSpan: (name, { startTime, attributes, ...rest }) => {
      const span = { name, startTime, attributes, ...rest, status: undefined as unknown, endTime: 0 };
      spans.push(span);
      return { setStatus: (status) => span.status = status, end: (time) => void (span.endTime = time) };
    },
  };
  return { tracer, spans };
}

Deno.test("exportSpans: a connection is a span from its beginning to its end, with what the log says", () => {
  const { tracer, spans } = tracing();
  const sessions = new Feed<AccessRecord>();
  {
    using _exports = exportSpans(sessions, tracer);
    sessions.publish(
      record({ target: "h:1", connectMs: 2, sni: "a.example", fields: [["authority", "b.example"]] }),
    );
  }
  assertEquals(sessions.isWanted, false);
  assertEquals(spans, [{
    name: "tcp web",
    kind: 1,
    root: true,
    startTime: 9750,
    endTime: 10_000,
    status: undefined,
    attributes: {
      "network.transport": "tcp",
      "client.address": "10.0.0.9:1234",
      "tcpproxy.id": 7,
      "tcpproxy.app": "web",
      "tcpproxy.listener": "[::]:80",
      "tcpproxy.target": "h:1",
      "tcpproxy.reason": "client_closed",
      "tcpproxy.bytes_up": 3,
      "tcpproxy.bytes_down": 4,
      "tcpproxy.tries": 1,
      "tcpproxy.connect_ms": 2,
      "tls.client.server_name": "a.example",
      "tcpproxy.authority": "b.example",
    },
  }]);
});

Deno.test("exportSpans: a connection that failed is an error, one that was turned away is none", () => {
  const { tracer, spans } = tracing();
  const sessions = new Feed<AccessRecord>();
  using _exports = exportSpans(sessions, tracer);
  sessions.publish(record({ reason: "no_target" }));
  sessions.publish(record({ reason: "tls_error", detail: "no certificate presented" }));
  sessions.publish(record({ reason: "denied" }));
  assertEquals(spans.map((span) => (span as { status: unknown }).status), [
    { code: 2, message: "no_target" },
    { code: 2, message: "no certificate presented" },
    undefined,
  ]);
});
