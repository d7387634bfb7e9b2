import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, readExactly, writeAll } from "../helpers/clients.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import { freePort } from "../helpers/free_ports.ts";
import { ALL_PERMISSIONS, type Program, program, runProgram } from "../helpers/programs/program.ts";
import { DatagramServer } from "../helpers/servers/log_servers.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const PERMISSIONS = [...ALL_PERMISSIONS, "--allow-ffi"];

/** The process that the latest upgrade has started; the program's first one while there is none. */
function latestPid(proxy: Program): number {
  const [last] = [...proxy.stderr.matchAll(/took over from process|started process (\d+):/g)]
    .flatMap(([, pid]) => pid ?? []).slice(-1);
  return last === undefined ? proxy.pid : Number(last);
}

async function say(conn: Deno.Conn, text: string, answer = text): Promise<void> {
  await writeAll(conn, utf8(text));
  assertEquals(new TextDecoder().decode(await readExactly(conn, answer.length)), answer);
}

/** Answers with a word of its own, so that a client sees which target it has. */
function answering(word: string): (conn: Deno.Conn) => Promise<void> {
  return async (conn) => {
    for (const buffer = new Uint8Array(100);;) {
      if (await conn.read(buffer) === null) return;
      await writeAll(conn, utf8(word));
    }
  };
}

Deno.test({
  name:
    "upgrade: a new process with another config takes over, a bad one does not, and what operators have set stays",
  ignore: !hasLinuxSockets,
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using before = new TestTarget(answering("before"));
    await using after = new TestTarget(answering("after!"));
    await using plain = new TestTarget(echo);
    await using manager = DatagramServer.unix(folder.file("notify"));
    const [port, adminPort] = [freePort(), freePort()];
    const path = folder.file("app.sock");
    const url = `http://127.0.0.1:${adminPort}`;
    const write = (target: TestTarget, drain = "60s"): Promise<string> =>
      folder.config({
        engine: "native",
        workers: 2,
        admin: { listen: `127.0.0.1:${adminPort}` },
        shutdown: { "drain_timeout": drain },
        apps: [
          { name: "web", listen: [`127.0.0.1:${port}`], targets: [target.address] },
          {
            name: "files",
            listen: [`unix:${path}`],
            targets: [plain.address, { address: "127.0.0.1:9", backup: true }],
          },
        ],
      });
    const config = await write(before);
    await using proxy = program(["-c", config], {
      permissions: PERMISSIONS,
      shell: `NOTIFY_SOCKET='${folder.file("notify")}'`,
    });
    try {
      await proxy.ready();
      await manager.received("READY=1\nSTATUS=accepting on 2 addresses");
      const kept = await connectTo(port);
      await say(kept, "one", "before");
      const file = await Deno.connect({ transport: "unix", path });
      await say(file, "one");
      const api = async (
        method: string,
        at: string,
        body?: unknown,
      ): Promise<{ status: number; text: string }> => {
        const response = await fetch(`${url}/api/${at}`, {
          method,
          headers: { connection: "close" },
          ...body === undefined ? {} : { body: JSON.stringify(body) },
        });
        return { status: response.status, text: await response.text() };
      };
      await api("PATCH", "apps/files/targets/127.0.0.1:9", { state: "drain", weight: 7 });
      await api("PATCH", "apps/web", { state: "paused" });
      await api("PUT", "apps/files/faults", { faults: [{ kind: "latency", amount: "1ms", expires: "1h" }] });

      // A config that cannot be used: the operator learns why, and all goes on.
      await write(before, "never");
      const failed = await runProgram(["upgrade", "--url", url], { permissions: PERMISSIONS });
      assertEquals(failed.code, 1);
      assertStringIncludes(failed.stderr, "drain_timeout");
      assertStringIncludes(proxy.stderr, "upgrade (admin API) failed, nothing has changed: ");
      await manager.received("STATUS=running, the last upgrade failed: ");
      await say(kept, "two", "before");

      // Of two at once one is refused.
      await write(after);
      const answers = await Promise.all([api("POST", "upgrade"), api("POST", "upgrade")]);
      assertEquals(answers.map(({ status }) => status).toSorted(), [200, 409]);
      assertStringIncludes(
        answers.find(({ status }) => status === 409)?.text ?? "",
        "another upgrade is under way",
      );
      const pid = latestPid(proxy);
      assertEquals(JSON.parse(answers.find(({ status }) => status === 200)?.text ?? "").pid, pid);
      await manager.received(`MAINPID=${pid}`);
      await proxy.waitFor("took over from process ");

      // The connections of the process before go on, and its unix socket's path leads to the new one.
      await say(kept, "three", "before");
      await say(file, "three");
      const status = JSON.parse((await api("GET", "status")).text);
      const [web, files] = status.apps;
      assertEquals([web.state, files.faults.length], ["paused", 1]);
      const [, drained] = files.targets;
      assertEquals([drained.admin, drained.weight], ["drain", 7]);
      await api("PATCH", "apps/web", { state: "accepting" });
      const fresh = await connectTo(port);
      await say(fresh, "four", "after!");
      const freshFile = await Deno.connect({ transport: "unix", path });
      await say(freshFile, "four");
      for (const conn of [kept, file]) conn.close();
      await proxy.waitFor("connections accepted,");
      assertMatch(proxy.stderr, /stopped: 2 connections accepted, 2 ended/);
      await say(fresh, "five", "after!");
      for (const conn of [fresh, freshFile]) conn.close();
      // It asks for the file that is there now, in its own name.
      Deno.kill(pid, "SIGTERM");
      assertEquals(await proxy.code, 0);
      assert(!manager.messages.some((message) => message.includes("upgrade: stopping")));
    } finally {
      const pid = latestPid(proxy);
      if (pid !== proxy.pid) kill(pid);
    }
  },
});

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended, as it should.
  }
}

Deno.test("upgrade: the runtime's sockets cannot be handed over, which the command says with the remedy", async () => {
  await using folder = new TemporaryFolder();
  const [port, adminPort] = [freePort(), freePort()];
  const config = await folder.config({
    engine: "runtime",
    admin: { listen: `127.0.0.1:${adminPort}` },
    apps: [{ name: "web", listen: [`127.0.0.1:${port}`], targets: ["127.0.0.1:9"] }],
  });
  await using proxy = program(["-c", config]);
  await proxy.ready();
  const { code, stderr } = await runProgram(["upgrade", "-c", config]);
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    'the runtime\'s sockets cannot be handed to another process; set "engine: native"',
  );
  assertEquals(await proxy.stop(), 0);
});
