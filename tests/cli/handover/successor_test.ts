import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import {
  startSuccessor,
  type Successor,
  type SuccessorFailure,
} from "../../../lib/cli/handover/successor.ts";
import { openNativeProcess } from "../../../lib/net/mod.ts";
import { hasLinuxSockets, withLinuxTransport } from "../../helpers/connections/linux_transport.ts";

const HELLO = { kind: "hello", protocol: 1, pid: 1, sockets: [], paths: [], apps: [] } as const;

/** Starts this shell script as a successor. */
async function start(
  script: string | undefined,
  limitMs: number,
  use: (result: Successor | SuccessorFailure) => Promise<void>,
): Promise<void> {
  await withLinuxTransport(async (transport) => {
    const process = await openNativeProcess();
    const words = script === undefined ? ["/nonexistent/tcpproxy"] : ["sh", "-c", script];
    const pids: number[] = [];
    try {
      const result = await startSuccessor({
        process,
        transport,
        words,
        descriptors: [],
        hello: HELLO,
        limitMs,
        onStarted: (pid) => pids.push(pid),
      });
      await use(result);
      if (result.kind === "ready") result.close();
      // It has ended, and been waited for.
      else for (const pid of pids) assertStrictEquals(process.endOf(pid), undefined);
    } finally {
      process.close();
    }
  });
}

function test(
  what: string,
  { script, limitMs = 60_000, reason }: { script: string | undefined; limitMs?: number; reason: RegExp },
): void {
  Deno.test({
    name: `startSuccessor: ${what}`,
    ignore: !hasLinuxSockets,
    fn: () =>
      start(script, limitMs, (result) => {
        assertStrictEquals(result.kind, "failed");
        if (result.kind === "failed") assertMatch(result.reason, reason);
        return Promise.resolve();
      }),
  });
}

test("a program that does not exist", {
  script: undefined,
  reason: /^start \/nonexistent\/tcpproxy: No such file or directory; put the program back/,
});
test("a program that ends before it is ready", {
  script: "exit 3",
  reason: /^the new process ended with exit code 3 before it was ready/,
});
test("a program that is killed before it is ready", {
  script: "kill -KILL $$",
  reason: /^the new process was ended by signal 9 before it was ready/,
});
test("a program that is never ready is ended", {
  script: "exec sleep 60",
  limitMs: 100,
  reason: /^the new process was not ready within 0.1 s$/,
});
test("a program that says something else is ended", {
  script: "echo hello >&3; exec sleep 60",
  reason: /^the new process is no tcpproxy: it is no JSON$/,
});
test("a program that says why it cannot start", {
  script: `echo '{"kind":"failed","reason":"no config"}' >&3; exec sleep 60`,
  reason: /^no config$/,
});

Deno.test({
  name: "startSuccessor: a program that is ready says what it has taken, and learns when it is alone",
  ignore: !hasLinuxSockets,
  fn: () =>
    start(
      `read hello <&3; echo '{"kind":"ready","version":"9","taken":["127.0.0.1:1"]}' >&3; read last <&3; exit 0`,
      60_000,
      async (result) => {
        if (result.kind === "failed") throw new Error(result.reason);
        assertEquals([result.version, result.taken], ["9", ["127.0.0.1:1"]]);
        await result.release();
      },
    ),
});
