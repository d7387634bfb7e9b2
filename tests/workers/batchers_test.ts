import { assertEquals } from "@std/assert";
import type { EndedSession } from "../../lib/session/mod.ts";
import { errorCode, errorMessage } from "../../lib/base/mod.ts";
import type { FromWorker } from "../../lib/workers/channel/messages.ts";
import { joinSessions, packSession, unpackSessions } from "../../lib/workers/channel/session_rows.ts";
import { isNotable, SessionBatcher } from "../../lib/workers/worker/session_batcher.ts";
import { OutcomeBatcher } from "../../lib/workers/worker/outcome_batcher.ts";

const LISTENER = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;

const SESSION: EndedSession = {
  id: 7,
  app: { name: "a" },
  listener: LISTENER,
  client: { kind: "tcp", host: "192.0.2.1", port: 99 },
  sni: "example.com",
  detail: "",
  fields: undefined,
  target: { label: "t:1" },
  reason: "client_closed",
  up: { bytes: 3 },
  down: { bytes: 4 },
  startedMs: 1000,
  endedMs: 1250,
  connectMs: 5,
  tries: 2,
  failures: [{ target: { label: "t:2" }, code: "ECONNREFUSED", message: "refused" }],
  error: undefined,
  measures: undefined,
};

/** What another thread makes of sessions. */
function sent(...sessions: readonly EndedSession[]): EndedSession[] {
  const packed = sessions.map((session, index) => packSession(session, index));
  return unpackSessions(joinSessions(packed), (index) => ({ ...LISTENER, port: index + 1 }));
}

Deno.test("unpackSessions: sessions survive the way to another thread", () => {
  const measures = { client: { rttMs: 1.5, retransmits: 0 }, target: { rttMs: 0.2, retransmits: 3 } };
  const sessions: EndedSession[] = [
    SESSION,
    {
      ...SESSION,
      id: 2 ** 40,
      listener: { ...LISTENER, port: 2 },
      client: { kind: "unix", path: '/run/"\\\n\u2028.sock' },
      detail: 'a "detail"\u0000',
      fields: [["name", "välue"]],
      target: undefined,
      reason: undefined,
      sni: undefined,
      connectMs: undefined,
      failures: [],
    },
    { ...SESSION, listener: { ...LISTENER, port: 3 }, reason: "no_target", tries: 0, measures },
  ];
  const facts = sent(...sessions).map(({ endedAtMs: _, ...session }) => ({
    ...session,
    startedMs: 1000,
    endedMs: 1000 + session.endedMs,
  }));
  assertEquals(facts, sessions);
});

Deno.test("unpackSessions: an error keeps its message and its code", () => {
  const error = Object.assign(new Error("no route"), { code: "EHOSTUNREACH" });
  const [reported] = sent({ ...SESSION, error });
  assertEquals([errorMessage(reported?.error), errorCode(reported?.error)], ["no route", "EHOSTUNREACH"]);
});

Deno.test("isNotable: only sessions that the operational log may mention", () => {
  assertEquals(
    [SESSION, { ...SESSION, reason: "no_target" as const }, { ...SESSION, detail: "x" }, {
      ...SESSION,
      error: 1,
    }]
      .map(isNotable),
    [false, true, true, true],
  );
});

Deno.test("SessionBatcher: sends sessions in batches, and the rest on flush", () => {
  const sizes: number[] = [];
  const outbox = new SessionBatcher((message) =>
    void (message.kind === "sessions" && sizes.push(JSON.parse(message.sessions).length))
  );
  for (let i = 0; i < 300; i++) outbox.add(SESSION, 0);
  outbox.flush();
  outbox.flush();
  assertEquals(sizes, [256, 44]);
});

Deno.test("OutcomeBatcher: sends a failure at once, after one success per target from before it", () => {
  const reported: string[] = [];
  const reports = new OutcomeBatcher((message: FromWorker) => {
    if (message.kind === "report") reported.push(`${message.target.label} ${message.outcome}`);
  });
  const target = (label: string): { app: string; pool: string; index: number; label: string } => {
    return { app: "web", pool: "own", index: 0, label };
  };
  reports.add(target("a"), "succeeded");
  reports.add(target("a"), "succeeded");
  reports.add(target("b"), "succeeded");
  assertEquals(reported, []);
  reports.add(target("a"), "failed");
  reports.add(target("a"), "failed");
  reports.add(target("a"), "succeeded");
  reports.flush();
  assertEquals(reported, ["a succeeded", "b succeeded", "a failed", "a failed", "a succeeded"]);
});
