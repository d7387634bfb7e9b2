import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import type { LogServerConfig } from "../../lib/config/mod.ts";
import { AccessLog, type AccessRecord, type LogProblem } from "../../lib/log/mod.ts";
import { LogServerError, openLogSink } from "../../lib/logsink/mod.ts";
import { freePort } from "../helpers/free_ports.ts";
import { DatagramServer, StreamServer } from "../helpers/servers/log_servers.ts";
import { until } from "../helpers/until.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const NO_UNIX = Deno.build.os === "windows";

function sinkOf(server: LogServerConfig["server"]): ReturnType<typeof openLogSink> {
  return openLogSink({ server, facility: "local0", tag: "edge" });
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function record(id: number): AccessRecord {
  return {
    time: 0,
    id,
    app: "web",
    listener: "[::]:80",
    client: "10.0.0.9:1",
    target: undefined,
    reason: "no_target",
    bytesUp: 0,
    bytesDown: 0,
    durationMs: 1,
    connectMs: undefined,
    tries: 1,
    sni: undefined,
    detail: "",
  };
}

/** A log to a server, and the troubles that it tells. */
function logTo(server: LogServerConfig["server"]): { log: AccessLog; problems: LogProblem[] } {
  const { destination, envelope } = sinkOf(server);
  const problems: LogProblem[] = [];
  return {
    log: AccessLog.to(destination, { envelope, onProblem: (problem) => problems.push(problem) }),
    problems,
  };
}

for (const host of ["127.0.0.1", "::1", "localhost"]) {
  Deno.test(`syslog over UDP: each line is a datagram to ${host}`, async () => {
    await using ipv4 = DatagramServer.udp("127.0.0.1");
    await using ipv6 = DatagramServer.udp("::1", ipv4.port);
    const { log } = logTo({ kind: "udp", host, port: ipv4.port });
    log.write(record(1));
    log.write(record(2));
    // The log's own timer keeps no process alive; closing writes what waits.
    await log.close();
    const receivers = host === "::1" ? [ipv6] : host === "127.0.0.1" ? [ipv4] : [ipv4, ipv6];
    await until(() => receivers.some(({ messages }) => messages.length > 0));
    const server = receivers.find(({ messages }) => messages.length > 0) ?? ipv4;
    await server.received(" #2 ");
    assertMatch(server.messages[0] ?? "", /^<134>1 \S+Z \S+ edge \d+ access - no_target {10}web #1 [^\n]*$/);
    assertEquals(server.messages.length, 2);
  });
}

Deno.test("syslog over TCP: lines are frames, and a server that comes back gets what waits", async () => {
  const port = freePort();
  const { destination } = sinkOf({ kind: "tcp", host: "127.0.0.1", port });
  const error = await assertRejects(() => destination.write(bytesOf("<1>1 early\n")), LogServerError);
  assertEquals(error.code, "ECONNREFUSED");
  assertMatch(error.message, new RegExp(`^syslog tcp://127\\.0\\.0\\.1:${port}: `));
  {
    await using server = new StreamServer(port);
    assertEquals(await destination.write(bytesOf("<1>1 one\n<1>1 grüße\n<1>1 unfinished")), 22);
    await server.received("grüße");
    assertEquals(server.messages, ["<1>1 one", "<1>1 grüße"]);
  }
  await using server = new StreamServer(port);
  // The first write may meet the connection that the server has closed.
  for (let attempt = 0; !server.messages.includes("<1>1 again"); attempt++) {
    assert(attempt < 100);
    await destination.write(bytesOf("<1>1 again\n")).catch((error: unknown) => {
      assert(error instanceof LogServerError);
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await destination.close();
});

Deno.test("syslog over TCP: a server that takes nothing does not hold up the end", async () => {
  using deaf = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { log } = logTo({ kind: "tcp", host: "127.0.0.1", port: deaf.addr.port });
  for (let id = 0; id < 80_000; id++) log.write(record(id));
  const conn = await deaf.accept();
  await log.close(1);
  assert(log.droppedLines > 0);
  conn.close();
});

Deno.test({
  name: "syslog at a unix socket: a full queue holds nothing up, and every line arrives once there is room",
  ignore: NO_UNIX,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("log.sock");
    const deaf = Deno.listenDatagram({ transport: "unixpacket", path });
    const { log, problems } = logTo({ kind: "unix", path });
    for (let id = 1; id <= 2000; id++) log.write(record(id));
    const closing = log.close(15_000);
    // More than a queue holds is waiting; the thread goes on.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const ids: string[] = [];
    const buffer = new Uint8Array(10_000);
    while (ids.length < 2000) {
      const [bytes] = await deaf.receive(buffer);
      ids.push(/#(\d+) /.exec(new TextDecoder().decode(bytes))?.[1] ?? "");
    }
    assertEquals(ids, Array.from({ length: 2000 }, (_, index) => String(index + 1)));
    await closing;
    assertEquals([log.droppedLines, problems.length], [0, 0]);
    deaf.close();
  },
});

Deno.test({
  name:
    "syslog at a unix socket: a server that is not there is reported once, and gets what waits when it is",
  ignore: NO_UNIX,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("log.sock");
    const { destination } = sinkOf({ kind: "unix", path });
    const error = await assertRejects(
      () => destination.write(bytesOf("<134>edge[1]: early\n")),
      LogServerError,
    );
    assertEquals(error.code, "ENOENT");
    assertMatch(error.message, /^syslog unix:.*log\.sock: /);
    assertThrows(() => destination.writeSync(bytesOf("x\n")), LogServerError);
    await using server = DatagramServer.unix(path);
    await destination.write(bytesOf("<134>edge[1]: late\n"));
    assertEquals(await server.received("late"), "<134>edge[1]: late");
    await destination.close();
  },
});

Deno.test({
  name: "journal: an entry is one field a line",
  ignore: NO_UNIX,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("journal.sock");
    await using journal = DatagramServer.unix(path);
    const { log } = logTo({ kind: "journal", path });
    log.write({ ...record(5), sni: "a\nPRIORITY=0" });
    await log.close();
    const lines = (await journal.received("TCPPROXY_ID=5")).split("\n");
    assertEquals(lines.pop(), "");
    assert(lines.every((line) => /^[A-Z_]+=/.test(line)));
    assert(lines.includes("PRIORITY=6") && lines.includes("TCPPROXY_SNI=a\\nPRIORITY=0"));
  },
});

for (const transport of ["tcp", "unix"] as const) {
  Deno.test({
    name:
      `syslog over ${transport}: a log whose server comes later keeps its lines, and tells of one episode`,
    ignore: transport === "unix" && NO_UNIX,
    fn: async () => {
      await using folder = new TemporaryFolder();
      const [port, path] = [freePort(), folder.file("late.sock")];
      const address = transport === "tcp"
        ? { kind: "tcp", host: "127.0.0.1", port } as const
        : { kind: "unix", path } as const;
      const { log, problems } = logTo(address);
      // The log's own timers keep nothing alive.
      const alive = setInterval(() => {}, 1000);
      for (let id = 1; id <= 3; id++) log.write(record(id));
      while (problems.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await using server = transport === "tcp" ? new StreamServer(port) : DatagramServer.unix(path);
      await server.received(" #3 ");
      while (problems.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      clearInterval(alive);
      await log.close();
      assertEquals(server.messages.map((message) => /#(\d) /.exec(message)?.[1]), ["1", "2", "3"]);
      assertEquals(problems.map(({ kind }) => kind), ["failing", "recovered"]);
      assertEquals(problems[1], { kind: "recovered", droppedLines: 0 });
    },
  });
}
