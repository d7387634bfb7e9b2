import { assertEquals, assertStringIncludes } from "@std/assert";
import { type EndedSession, LogObserver } from "../../../lib/cli/run/logging/log_observer.ts";
import { AccessLog } from "../../../lib/log/mod.ts";
import { endedSession } from "../../helpers/fakes/ended_session.ts";
import { memoryDestination } from "../../helpers/fakes/log_destination.ts";
import { ManualSchedule } from "../../helpers/fakes/manual_schedule.ts";
import { RecordedLog } from "../../helpers/fakes/recorded_log.ts";

class EmFile extends Error {
  readonly code = "EMFILE";
}

const LISTENER = { kind: "tcp", host: "::", port: 5001 } as const;
const OTHER = { kind: "tcp", host: "::", port: 5002 } as const;

function observerOf(
  access = AccessLog.off,
): { observer: LogObserver; lines: string[]; time: ManualSchedule } {
  const log = new RecordedLog();
  const time = new ManualSchedule();
  const observer = new LogObserver(access, { log, schedule: time.schedule, wallClockMs: () => 0 });
  return { observer, lines: log.lines, time };
}

Deno.test("LogObserver: a session for which no target was tried is reported with what kept it from that", () => {
  const { observer, lines } = observerOf();
  observer.sessionEnded(endedSession({ reason: "no_target", detail: "no file descriptor was free in time" }));
  observer.sessionEnded(endedSession({ reason: "no_target" }));
  observer.close();
  assertStringIncludes(lines[0] ?? "", "no file descriptor was free in time");
  assertStringIncludes(lines[1] ?? "", "no target was tried");
});

Deno.test("LogObserver: a session that ends is one record of the access log", async () => {
  let written = "";
  const access = AccessLog.to({
    write: (bytes) => Promise.resolve(take(bytes)),
    writeSync: (bytes) => take(bytes),
    close: () => Promise.resolve(),
  }, { format: "json" });
  const take = (bytes: Uint8Array): number => {
    written += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  const { observer, lines } = observerOf(access);
  observer.sessionEnded(endedSession());
  observer.sessionEnded(
    endedSession({ id: 8, reason: "no_target", target: undefined, connectMs: undefined }),
  );
  await access.close();
  const [first, second] = written.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(first, {
    time: "1970-01-01T00:00:00.000Z",
    id: 7,
    app: "web",
    listener: "[::]:5001",
    client: "10.0.0.9:1234",
    target: "10.0.0.1:80",
    reason: "client_closed",
    bytes_up: 3,
    bytes_down: 4,
    duration_ms: 250,
    connect_ms: 2,
    tries: 1,
    sni: null,
  });
  assertEquals([second.id, second.target, second.connect_ms], [8, null, null]);
  assertEquals(lines.length, 1);
  observer.close();
});

Deno.test("LogObserver: what led to a session's end is in its record, where there is something to say", async () => {
  const destination = memoryDestination();
  const access = AccessLog.to(destination, { format: "json" });
  const { observer } = observerOf(access);
  observer.sessionEnded(endedSession({ reason: "tls_error", detail: "it showed no certificate" }));
  observer.sessionEnded(endedSession());
  await access.close();
  const records = destination.text().trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(records.map((record) => record.detail), ["it showed no certificate", undefined]);
  assertEquals("detail" in records[1], false);
  observer.close();
});

Deno.test("LogObserver: a session without a target is one warning with what each target answered", () => {
  const { observer, lines } = observerOf();
  const failed = (label: string, code: string): EndedSession["failures"][number] => ({
    target: { label },
    code,
    message: "as the system says",
  });
  observer.sessionEnded(endedSession({
    reason: "no_target",
    failures: [failed("a:1", "ECONNREFUSED"), failed("bad:2", "ENOTFOUND"), failed("bad:2", "ENOTFOUND")],
  }));
  assertEquals(lines, [
    'warning app "web": no target could be reached: a:1: connection refused (ECONNREFUSED); ' +
    "bad:2 (2 times): the name has no address (ENOTFOUND)",
  ]);
  observer.close();
});

Deno.test("LogObserver: warnings are at most ten a second and app, and the rest is counted", () => {
  const { observer, lines, time } = observerOf();
  for (let i = 0; i < 25; i++) observer.sessionEnded(endedSession({ reason: "no_target" }));
  observer.sessionEnded(endedSession({ reason: "no_target", app: { name: "other" } }));
  assertEquals(lines.length, 11);
  time.advance(1000);
  assertEquals(lines.slice(11), ['warning app "web": no target could be reached, 15 more times']);
  observer.sessionEnded(endedSession({ reason: "no_target" }));
  assertEquals(lines.length, 13);
  observer.close();
});

Deno.test("LogObserver: what was left out is reported at the end too, and no timer is left", () => {
  const { observer, lines, time } = observerOf();
  for (let i = 0; i < 12; i++) observer.sessionEnded(endedSession({ reason: "no_target" }));
  observer.acceptPaused(LISTENER, new EmFile("Too many open files"));
  observer.acceptResumed(LISTENER);
  observer.close();
  assertEquals(lines.at(-1), 'warning app "web": no target could be reached, 2 more times');
  assertEquals(time.pending, 0);
});

Deno.test("LogObserver: a lost socket file is an error that names the remedy", () => {
  const { observer, lines } = observerOf();
  observer.socketFileChanged("web", "/run/x.sock", { state: "gone", isReloadable: true });
  observer.socketFileChanged("web", "/run/x.sock", { state: "there", isReloadable: true });
  observer.socketFileChanged("web", "/run/x.sock", { state: "gone", isReloadable: false });
  observer.socketFileChanged("web", "/run/x.sock", { state: "replaced", isReloadable: true });
  assertEquals(lines, [
    'error app "web": the socket file /run/x.sock is gone: clients can no longer connect; reload or restart to listen again',
    'info app "web": clients can connect to the socket file /run/x.sock again',
    'error app "web": the socket file /run/x.sock is gone: clients can no longer connect; restart to listen again',
    'error app "web": the socket file /run/x.sock has been replaced: clients no longer reach this process; remove what is there, then reload or restart',
  ]);
});

Deno.test("LogObserver: a pause of accepting is one episode, however many listeners and whatever flutters", () => {
  const { observer, lines, time } = observerOf();
  const error = new EmFile("Too many open files");
  observer.acceptPaused(LISTENER, error);
  observer.acceptPaused(OTHER, error);
  observer.acceptResumed(LISTENER);
  time.advance(5000);
  observer.acceptResumed(OTHER);
  time.advance(500);
  observer.acceptPaused(LISTENER, error);
  observer.acceptResumed(LISTENER);
  time.advance(999);
  assertEquals(lines, [
    "warning accept paused: out of file descriptors (EMFILE); clients wait in the backlog",
  ]);
  time.advance(1);
  assertEquals(lines.slice(1), ["info accept resumed"]);
  observer.acceptPaused(LISTENER, error);
  assertEquals(lines.length, 3);
  observer.close();
});

Deno.test("LogObserver: accepting that paused has not gone on while dials lack a descriptor, for which it is held", () => {
  const { observer, lines, time } = observerOf();
  const error = new EmFile("Too many open files");
  observer.acceptPaused(LISTENER, error);
  observer.acceptResumed(LISTENER);
  for (let count = 0; count < 30; count++) {
    observer.dialStarved("web", error);
    time.advance(100);
  }
  assertEquals(lines.filter((line) => line.includes("accept ")).length, 1);
  observer.acceptPaused(LISTENER, error);
  observer.dialStarved("web", error);
  time.advance(5000);
  observer.acceptResumed(LISTENER);
  time.advance(1000);
  assertEquals(lines.filter((line) => line.includes("accept ")), [
    "warning accept paused: out of file descriptors (EMFILE); clients wait in the backlog",
    "info accept resumed",
  ]);
  observer.close();
});

Deno.test("LogObserver: accepting that paused does not go on where the proxy drains", () => {
  const { observer, lines, time } = observerOf();
  observer.acceptPaused(LISTENER, new EmFile("Too many open files"));
  observer.acceptResumed(LISTENER);
  observer.draining(2, 1000);
  time.advance(5000);
  assertEquals(lines.length, 2);
  assertEquals(lines.at(-1), "info draining: 2 sessions left, for at most 1 s");
  assertEquals(time.pending, 0);
  observer.close();
});

Deno.test("LogObserver: dials that lack a descriptor are one episode an app", () => {
  const { observer, lines, time } = observerOf();
  const error = new EmFile("Too many open files");
  for (let i = 0; i < 30; i++) {
    observer.dialStarved("web", error);
    time.advance(100);
  }
  observer.dialStarved("other", error);
  time.advance(1000);
  assertEquals(lines, [
    'warning app "web": dialing paused: out of file descriptors (EMFILE)',
    'warning app "other": dialing paused: out of file descriptors (EMFILE)',
    'info app "web": dialing resumed',
    'info app "other": dialing resumed',
  ]);
  observer.close();
});

Deno.test("LogObserver: a circle is warned of once, by whichever target it is met, and its sessions not at all", () => {
  const { observer, lines, time } = observerOf();
  const way = "leads back to this proxy: a → b → a";
  const failure = { target: { label: "own:80" }, code: "LOOP", message: way };
  for (let i = 0; i < 3; i++) {
    observer.targetLeadsBack("a", { label: "own:80" }, way);
    observer.targetLeadsBack("b", { label: "own:81" }, way);
    observer.sessionEnded(endedSession({ reason: "no_target", failures: [failure] }));
    time.advance(59_000);
  }
  observer.sessionEnded(endedSession({
    reason: "no_target",
    failures: [failure, { target: { label: "10.0.0.1:80" }, code: "ECONNREFUSED", message: "" }],
  }));
  time.advance(60_000);
  observer.targetLeadsBack("a", { label: "own:80" }, way);
  const warning = `warning app "a": target own:80 gets no connection: ${way}; change the target`;
  assertEquals(lines, [
    warning,
    `warning app "web": no target could be reached: own:80: ${way} (LOOP); 10.0.0.1:80: connection refused (ECONNREFUSED)`,
    warning,
  ]);
  observer.close();
});

Deno.test("LogObserver: an answer of the DNS that is left out is a warning with the reason", () => {
  const { observer, lines } = observerOf();
  observer.discoveryLeftOut("web", "db:1", { address: "0.0.0.0:1", why: "it is the unspecified address" });
  assertEquals(lines, [
    'warning app "web": 0.0.0.0:1, discovered by "db:1", is left out: it is the unspecified address',
  ]);
});

Deno.test("LogObserver: an error, a defect, a detail and draining each have their line", () => {
  const { observer, lines } = observerOf();
  observer.sessionEnded(endedSession({ reason: "error", error: new Error("odd") }));
  observer.defect(new Error("bug"));
  observer.sessionEnded(endedSession({ reason: "no_route", detail: "no route takes x" }));
  observer.draining(3, 29_400);
  observer.draining(1, 0);
  assertEquals(lines, [
    'warning app "web": session #7 ended by an error: odd (UNKNOWN)',
    "error internal error: bug",
    'debug app "web": session #7: no_route: no route takes x',
    "info draining: 3 sessions left, for at most 30 s",
    "info draining: 1 session left, for at most 0 s",
  ]);
});

Deno.test("LogObserver: a target that goes is a warning, one that comes is not", () => {
  const { observer, lines } = observerOf();
  observer.targetChanged("web", { label: "10.0.0.1:80" }, { change: "down", detail: "3 checks failed" });
  observer.targetChanged("web", { label: "10.0.0.1:80" }, { change: "up", detail: "" });
  assertEquals(lines.map((line) => line.split(" ")[0]), ["warning", "info"]);
  for (const line of lines) assertStringIncludes(line, "10.0.0.1:80");
  assertStringIncludes(lines[0] ?? "", "3 checks failed");
});

Deno.test("LogObserver: answers of the DNS that fail to come say what is left", () => {
  const { observer, lines } = observerOf();
  for (const kept of [0, 1, 2]) observer.discoveryFailing("web", "db:1", { error: "no answer", kept });
  observer.discoveryRecovered("web", "db:1");
  const failing = 'warning app "web": discovery by "db:1" failing, ';
  assertEquals(lines, [
    `${failing}no target known: no answer`,
    `${failing}keeping 1 target: no answer`,
    `${failing}keeping 2 targets: no answer`,
    'info app "web": discovery by "db:1" recovered',
  ]);
});

Deno.test("LogObserver: a session that another thread tells of ended when that thread says", async () => {
  let written = "";
  const take = (bytes: Uint8Array): number => {
    written += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  const access = AccessLog.to({
    write: (bytes) => Promise.resolve(take(bytes)),
    writeSync: take,
    close: () => Promise.resolve(),
  }, { format: "json" });
  observerOf(access).observer.sessionEnded(endedSession({ endedAtMs: 1000 }));
  await access.close();
  assertEquals(JSON.parse(written).time, "1970-01-01T00:00:01.000Z");
});

Deno.test("LogObserver: a worker that dies is an error with what it took along, its return is not", () => {
  const { observer, lines } = observerOf();
  observer.workerDied(2, { error: new Error("oops"), sessions: 1, restartMs: 100 });
  observer.workerDied(2, { error: new Error("oops"), sessions: 3, restartMs: 200 });
  observer.workerDied(1, { error: new Error("oops"), sessions: 0, restartMs: undefined });
  observer.workerRestarted(2);
  assertEquals(lines, [
    "error worker 2 died with 1 session: oops; restarting in 100 ms",
    "error worker 2 died with 3 sessions: oops; restarting in 200 ms",
    "error worker 1 died with 0 sessions: oops",
    "info worker 2 restarted",
  ]);
});

Deno.test("LogObserver: of a list that is replaced whole, ten targets are reported one by one and the others as a number", async () => {
  const { observer, lines } = observerOf();
  const change = (count: number, change: "added" | "removed"): void => {
    for (let at = 0; at < count; at++) {
      observer.targetChanged("web", { label: `10.0.0.${at}:80` }, { change, detail: "discovered" });
    }
  };
  change(12, "added");
  change(10, "removed");
  await Promise.resolve();
  assertEquals(lines.length, 21);
  assertEquals(lines.at(-1), 'info app "web": more targets added, discovered: 2');
  change(10, "added");
  await Promise.resolve();
  assertEquals(lines.length, 31);
});
