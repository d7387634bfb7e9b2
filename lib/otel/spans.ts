import type { AccessRecord, Feed } from "../log/mod.ts";
import { type Attributes, type AttributeValue, ERROR, SERVER, type Tracer } from "./api.ts";

/** Reasons that are a fault of the target's side or of this program. */
const FAULTS: ReadonlySet<string> = new Set([
  "no_target",
  "target_reset",
  "target_down",
  "tls_error",
  "error",
]);

/** Makes a span of each connection that has ended, until disposed of. */
export function exportSpans(sessions: Feed<AccessRecord>, tracer: Tracer): Disposable {
  return sessions.listen((record) => {
    const startTime = record.time - record.durationMs;
    const span = tracer.startSpan(`tcp ${record.app}`, {
      kind: SERVER,
      root: true,
      startTime,
      attributes: attributesOf(record),
    });
    if (FAULTS.has(record.reason)) {
      span.setStatus({ code: ERROR, message: record.detail === "" ? record.reason : record.detail });
    }
    span.end(record.time);
  });
}

/** The facts of the access log; those that OpenTelemetry has a name for by that name. */
export function attributesOf(record: AccessRecord): Attributes {
  const attributes: Record<string, AttributeValue> = {
    "network.transport": "tcp",
    "client.address": record.client,
    "tcpproxy.id": record.id,
    "tcpproxy.app": record.app,
    "tcpproxy.listener": record.listener,
    "tcpproxy.reason": record.reason,
    "tcpproxy.bytes_up": record.bytesUp,
    "tcpproxy.bytes_down": record.bytesDown,
    "tcpproxy.tries": record.tries,
  };
  if (record.target !== undefined) attributes["tcpproxy.target"] = record.target;
  if (record.connectMs !== undefined) attributes["tcpproxy.connect_ms"] = record.connectMs;
  if (record.sni !== undefined) attributes["tls.client.server_name"] = record.sni;
  if (record.detail !== "") attributes["tcpproxy.detail"] = record.detail;
  for (const [name, value] of record.fields ?? []) attributes[`tcpproxy.${name}`] = value;
  return attributes;
}
