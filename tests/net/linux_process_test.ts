import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { openNativeProcess } from "../../lib/net/mod.ts";
import type { NativeProcess } from "../../lib/net/mod.ts";
import { LinuxTransport } from "../../lib/net/linux/transport.ts";
import { utf8 } from "../helpers/bytes.ts";
import { hasLinuxSockets, withLinuxTransport } from "../helpers/connections/linux_transport.ts";
import { until } from "../helpers/until.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const LOOPBACK = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const NEVER = new AbortController().signal;

function test(what: string, fn: (own: NativeProcess) => Promise<void>): void {
  Deno.test({
    name: `LinuxProcess: ${what}`,
    ignore: !hasLinuxSockets,
    fn: async () => {
      const own = await openNativeProcess();
      try {
        await fn(own);
      } finally {
        own.close();
      }
    },
  });
}

test("a started program has the sockets and the variables that it is given, and its end is reported once", async (own) => {
  await withLinuxTransport(async (transport) => {
    const [near, far] = own.socketPair();
    const pid = own.spawn({
      words: ["sh", "-c", `read line <&3; echo "$line $GIVEN \${TCPPROXY_GONE-unset} $HOME" >&3; exit 7`],
      variables: { GIVEN: "given", TCPPROXY_GONE: undefined },
      descriptors: [far],
    });
    own.closeDescriptor(far);
    const conn = transport.adopt(near);
    await conn.write(utf8("hello\n"));
    const buffer = new Uint8Array(200);
    const count = await conn.read(buffer) ?? 0;
    assertEquals(
      new TextDecoder().decode(buffer.subarray(0, count)),
      `hello given unset ${Deno.env.get("HOME") ?? ""}\n`,
    );
    assertStrictEquals(await conn.read(buffer), null);
    conn.close();
    let end = own.endOf(pid);
    await until(() => (end ??= own.endOf(pid)) !== undefined);
    assertEquals(end, { kind: "exited", code: 7 });
    assertStrictEquals(own.endOf(pid), undefined);
  });
});

test("descriptors arrive in their order, whatever their own numbers are", async (own) => {
  await withLinuxTransport(async (transport) => {
    const pairs = Array.from({ length: 5 }, () => own.socketPair());
    const pid = own.spawn({
      words: ["sh", "-c", "for at in 3 4 5 6 7; do echo $at >&$at; done"],
      variables: {},
      // Backwards, so that each number is wanted for another one.
      descriptors: pairs.map(([, far]) => far).toReversed(),
    });
    for (const [, far] of pairs) own.closeDescriptor(far);
    const said = await Promise.all(pairs.map(async ([near]) => {
      const conn = transport.adopt(near);
      const buffer = new Uint8Array(10);
      const count = await conn.read(buffer) ?? 0;
      conn.close();
      return new TextDecoder().decode(buffer.subarray(0, count));
    }));
    assertEquals(said, ["7\n", "6\n", "5\n", "4\n", "3\n"]);
    await until(() => own.endOf(pid) !== undefined);
  });
});

test("a program that is ended by a signal says which", async (own) => {
  for (const [how, signal] of [["gently", 15], ["at once", 9]] as const) {
    const pid = own.spawn({ words: ["sleep", "60"], variables: {}, descriptors: [] });
    assertStrictEquals(own.endOf(pid), undefined);
    own.kill(pid, how);
    let end = own.endOf(pid);
    await until(() => (end ??= own.endOf(pid)) !== undefined);
    assertEquals(end, { kind: "killed", signal });
  }
});

test("a program that cannot be started fails at once", async (own) => {
  const start = (word: string): number => own.spawn({ words: [word], variables: {}, descriptors: [] });
  assertThrows(() => start("/nonexistent/tcpproxy"), Error, "No such file or directory");
  await using folder = new TemporaryFolder();
  const file = await folder.write("program", "no program");
  assertThrows(() => start(file), Error, "Permission denied");
  await Deno.chmod(file, 0o755);
  assertThrows(() => start(file), Error, "Exec format error");
});

test("the command line is the one that the process was started with", (own) => {
  const words = own.commandLine();
  assertEquals(words.slice(1, 2), ["test"]);
  return Promise.resolve();
});

test("a listening socket is reported with its address, anything else with what it is", async (own) => {
  await using folder = new TemporaryFolder();
  await withLinuxTransport((transport) => {
    const listening = transport.listen(LOOPBACK, { shared: true });
    const path = folder.file("socket");
    const unix = transport.listenUnix(path);
    const why = (fd: number): string => {
      try {
        return JSON.stringify(own.inspect(fd).address);
      } catch (error) {
        return error instanceof Error ? `${error.name}: ${error.message}` : "";
      }
    };
    const [one, other] = own.socketPair();
    assertEquals(
      [listening, unix].map(({ handle }) => own.inspect(handle?.fd ?? -1)),
      [
        { address: listening.address, handle: listening.handle },
        { address: { kind: "unix", path }, handle: unix.handle },
      ] as ReturnType<NativeProcess["inspect"]>[],
    );
    assertStrictEquals(
      why(one),
      "PassedSocketError: a connection, not a listening socket (Accept=yes)",
    );
    assertStrictEquals(
      why(1_000_000),
      "PassedSocketError: cannot be examined: Bad file descriptor (os error 9)",
    );
    own.closeDescriptor(one);
    own.closeDescriptor(other);
    unix.close();
    listening.close();
    return Promise.resolve();
  });
});

Deno.test({
  name: "LinuxTransport: a socket that it is given is opened again, and its queue and file outlast that",
  ignore: !hasLinuxSockets,
  fn: async () => {
    await using folder = new TemporaryFolder();
    await withLinuxTransport(async (first) => {
      const path = folder.file("socket");
      const held = first.listenUnix(path);
      const { handle } = held;
      if (handle === undefined) throw new Error("no handle");
      const second = new LinuxTransport({ handles: new Map([[`unix:${path}`, handle]]) });
      const address = { kind: "unix", path } as const;
      assertEquals([first.isOpen(address), second.isOpen(address)], [false, true]);
      const client = await first.connect(address, NEVER);
      // Waits in the queue while one that shares it closes.
      second.listenUnix(path).close();
      const again = second.listenUnix(path);
      const conn = await again.accept();
      await conn.write(utf8("x"));
      const buffer = new Uint8Array(1);
      assertStrictEquals(await client.read(buffer), 1);
      for (const each of [conn, client, again]) each.close();
      assertStrictEquals((await Deno.lstat(path)).isSocket, true);
      await second.end();
      held.close();
    });
  },
});
