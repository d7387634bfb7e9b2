import type { EndedSession } from "../../../lib/session/mod.ts";

/** A session that its client has closed in order, with other fields where a test wants them. */
export function endedSession(fields: Partial<EndedSession> = {}): EndedSession {
  return {
    id: 7,
    app: { name: "web" },
    listener: { kind: "tcp", host: "::", port: 5001 },
    client: { kind: "tcp", host: "10.0.0.9", port: 1234 },
    sni: undefined,
    detail: "",
    target: { label: "10.0.0.1:80" },
    reason: "client_closed",
    up: { bytes: 3 },
    down: { bytes: 4 },
    startedMs: 100,
    endedMs: 350,
    connectMs: 2,
    tries: 1,
    failures: [],
    error: undefined,
    ...fields,
  };
}
