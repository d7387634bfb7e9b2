import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connectTo, exchange } from "../../helpers/clients.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { DatagramServer, startRsyslogd } from "../../helpers/servers/log_servers.ts";
import { program } from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

const HELLO = new TextEncoder().encode("hello\n");
const NO_RSYSLOG = missingTools("rsyslogd");

async function sayHello(port: number): Promise<void> {
  using conn = await connectTo(port);
  assertEquals(await exchange(conn, HELLO), HELLO);
}

function config(port: number, target: string, more: Record<string, unknown>): unknown {
  return { ...more, apps: [{ name: "web", listen: [`127.0.0.1:${port}`], targets: [target] }] };
}

for (const [workers, transport] of [[1, "udp"], [2, "tcp"], [1, "unix"]] as const) {
  Deno.test({
    name: `syslog: rsyslogd understands both logs over ${transport}, with ${workers} workers${
      NO_RSYSLOG.length === 0 ? "" : ` (missing: ${NO_RSYSLOG.join()})`
    }`,
    ignore: NO_RSYSLOG.length > 0 || Deno.build.os !== "linux",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      await using rsyslogd = await startRsyslogd(freePort());
      const port = freePort();
      const syslog = transport === "unix"
        ? `unix:${rsyslogd.socket}`
        : `${transport}://127.0.0.1:${rsyslogd.port}`;
      const log = {
        access: { syslog, facility: "local0", tag: "edge" },
        destination: { syslog },
        format: "json",
      };
      await using proxy = program([
        "-c",
        await folder.config(config(port, target.address, { log, workers })),
      ]);
      await rsyslogd.line("listening on");
      await sayHello(port);
      assertEquals(await proxy.stop(), 0);
      const version = transport === "unix" ? 0 : 1;
      const access = await rsyslogd.line("client_closed");
      assertStringIncludes(access, `pri=134 version=${version} app=edge pid=${proxy.pid} `);
      assertStringIncludes(access, `id=${transport === "unix" ? "-" : "access"} `);
      const json = JSON.parse(access.slice(access.indexOf("msg=") + "msg=".length));
      assertEquals([json.app, json.reason, json.bytes_up], ["web", "client_closed", 6]);
      // The last line of all, too.
      const last = await rsyslogd.line("stopped");
      assertStringIncludes(last, `pri=30 version=${version} app=tcpproxy pid=${proxy.pid} `);
      assertEquals([proxy.stdout, proxy.stderr], ["", ""]);
    },
  });
}

Deno.test({
  name: "journal: both logs are entries with fields, and a start that fails is one of them",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    await using journal = DatagramServer.unix(folder.file("journal.sock"));
    const port = freePort();
    const log = { access: { journal: "journal.sock" }, destination: { journal: "journal.sock" } };
    const path = await folder.config(config(port, target.address, { log }));
    await using proxy = program(["-c", path]);
    await journal.received("listening on");
    await sayHello(port);
    const entry = await journal.received("TCPPROXY_LOG=access");
    assertStringIncludes(entry, "\nTCPPROXY_REASON=client_closed\n");
    assertStringIncludes(entry, `\nSYSLOG_PID=${proxy.pid}\n`);
    await using second = program(["-c", path]);
    assertEquals(await second.code, 1);
    assertMatch(await journal.received("in use"), /^MESSAGE=proxy: .*\nPRIORITY=3\n/);
    assertStringIncludes(second.stderr, "in use");
    assertEquals(await proxy.stop(), 0);
    await journal.received("stopped");
  },
});

Deno.test("syslog: a server that is not there is reported once on stderr and stops nothing", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const port = freePort();
  const syslog = `tcp://127.0.0.1:${freePort()}`;
  const log = { access: { syslog }, destination: { syslog } };
  await using proxy = program(["-c", await folder.config(config(port, target.address, { log }))]);
  await proxy.waitFor(`write the operational log: syslog ${syslog}: `);
  await sayHello(port);
  assertEquals(await proxy.stop(), 0);
  assertEquals(proxy.stderr.match(/write the operational log/g)?.length, 1);
});

Deno.test({
  name: "check: a log socket that is not there is a warning, and what is no socket is an error",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = new TemporaryFolder();
    const check = async (socket: string): Promise<[number, string]> => {
      const log = { access: { syslog: `unix:${socket}` } };
      const path = await folder.config(config(freePort(), "127.0.0.1:9", { log }));
      await using checked = program(["check", "--quiet", "-c", path]);
      return [await checked.code, checked.stderr];
    };
    const [code, warning] = await check(folder.file("missing.sock"));
    assertEquals(code, 0);
    assertMatch(warning, /log\.access\.syslog: warning: no socket at .*missing\.sock; start the service/);
    const [failed, error] = await check(await folder.write("plain", ""));
    assertEquals(failed, 2);
    assertMatch(error, /log\.access\.syslog: .*plain is not a socket; give the path of one/);
  },
});

Deno.test("logs: no secret is in them, at the most talkative level, whoever shows it", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(echo);
  const [port, adminPort] = [freePort(), freePort()];
  const [secret, guess] = ["s3cret-token-of-the-admin", "gu3ss-of-somebody-else"];
  await folder.write("token", `${secret}\n`);
  const more = {
    log: { level: "debug", format: "json" },
    admin: { listen: `127.0.0.1:${adminPort}`, token_file: "token" },
  };
  await using proxy = program(["-c", await folder.config(config(port, target.address, more))]);
  await proxy.ready();
  await sayHello(port);
  for (const token of [secret, guess]) {
    for (const path of ["/api/status", `/api/status?token=${token}`, "/api/reload"]) {
      const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, {
        method: path === "/api/reload" ? "POST" : "GET",
        headers: { authorization: `Bearer ${token}` },
      });
      await response.body?.cancel();
      assertEquals(response.status === 401, token === guess);
    }
  }
  assertEquals(await proxy.stop(), 0);
  const all = proxy.stdout + proxy.stderr;
  assertStringIncludes(all, "client_closed");
  assert(!all.includes(secret) && !all.includes(guess));
});
