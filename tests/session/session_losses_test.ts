import { assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { randomBytes, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";
import { memoryPipe } from "../helpers/connections/memory_duplex.ts";
import { readSome } from "../helpers/connections/relay_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { PromptDialer, SessionBench } from "../helpers/connections/session_bench.ts";
import { SESSION_ENGINES } from "../helpers/connections/session_engines.ts";
import { testSession } from "../helpers/connections/session_sockets.ts";
import { blackHole, resettingTarget, TestTarget } from "../helpers/targets.ts";

testSession(
  "Session: a client that resets while its target is dialed leaves nothing behind",
  async (sockets) => {
    using hole = await blackHole();
    await using bench = await sockets.open(hole.address);
    const running = bench.session.run();
    await bench.client.reset();
    // A dial that lasts until a sweep makes the session watch its client.
    bench.session.sweep(0, 0);
    await running;
    await bench.assertEnded("client_gone");
  },
);

testSession("Session: a target that resets leaves nothing behind", async (sockets) => {
  await using target = await resettingTarget((socket, reset) => {
    socket.once("data", reset);
  });
  await using bench = await sockets.open(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  await running;
  await bench.assertEnded("target_reset");
  assertStrictEquals(await bench.client.ended, sockets.of.passesLossAs);
});

testSession(
  "Session: a client gets all that a target said before it reset, and then the end of that",
  async (sockets) => {
    const words = randomBytes(200_000);
    await using target = await resettingTarget((socket, reset) => {
      socket.write(words, () => socket.once("data", reset));
    });
    await using bench = await sockets.open(target.address);
    const running = bench.session.run();
    assertSameBytes(await bench.hears(words.length), words);
    await bench.client.write(utf8("x"));
    assertStrictEquals(await bench.client.ended, sockets.of.passesLossAs);
    // After a FIN it is waited for; a reset leaves nothing to wait for.
    if (sockets.of.passesLossAs === "fin") await bench.client.finish();
    await running;
    await bench.assertEnded("target_reset");
    assertSameBytes(await bench.hears(words.length), words);
  },
);

testSession(
  "Session: a target gets all that a client said before it reset, and then the end of that",
  async (sockets) => {
    const words = randomBytes(200_000);
    let end: "fin" | "reset" | undefined;
    await using target = new TestTarget(async (conn) => {
      assertSameBytes(await readExactly(conn, words.length), words);
      await writeAll(conn, utf8("x"));
      end = await readToEnd(conn);
    });
    await using bench = await sockets.open(target.address);
    const running = bench.session.run();
    await bench.client.write(words);
    await bench.hears(1);
    await bench.client.reset();
    await running;
    await bench.assertEnded("client_reset");
    await target.done(1);
    assertStrictEquals(end, sockets.of.passesLossAs);
  },
);

const SIDES_AND_ENGINES = SESSION_ENGINES.flatMap((engine) =>
  (["client", "target"] as const).map((side) => [side, engine] as const)
);

for (
  const [code, words] of [
    ["ECONNRESET", undefined],
    ["EPIPE", "the SIDE has closed the connection and takes no more (EPIPE)"],
    ["ENOTCONN", "the SIDE has closed the connection (ENOTCONN)"],
    ["ECONNABORTED", "the connection to the SIDE was aborted (ECONNABORTED)"],
    ["ETIMEDOUT", "the SIDE's host stopped answering (ETIMEDOUT)"],
    ["EHOSTUNREACH", "the SIDE's host cannot be reached any more (EHOSTUNREACH)"],
    ["EHOSTDOWN", "the SIDE's host is down (EHOSTDOWN)"],
    ["ENETUNREACH", "the SIDE's network cannot be reached any more (ENETUNREACH)"],
    ["ENETDOWN", "the network to the SIDE is down (ENETDOWN)"],
    ["ECONNREFUSED", "the SIDE's host, or a firewall before it, refuses what is sent (ECONNREFUSED)"],
    ["EACCES", "a firewall forbids the way to the SIDE (EACCES)"],
    ["ENETRESET", "the network dropped the connection to the SIDE (ENETRESET)"],
  ] as const
) {
  Deno.test(`Session: ${code} in mid-relay is the loss of that side, in words where the reason does not say it`, async () => {
    for (const [side, { create: engine }] of SIDES_AND_ENGINES) {
      const [far, conn] = memoryPipe();
      const dialer = new PromptDialer(0, () => conn);
      const bench = new SessionBench("127.0.0.1:1", { engine, app: { dialer } });
      const running = bench.session.run();
      await bench.client.write(utf8("x"));
      assertEquals(await readSome(far), utf8("x"));
      (side === "client" ? bench.client : far).reset(Object.assign(new Error("os error"), { code }));
      await running;
      await bench.assertEnded(`${side}_reset`);
      assertEquals([bench.session.detail, bench.session.error], [
        words?.replace("SIDE", side) ?? "",
        undefined,
      ]);
    }
  });
}

Deno.test("Session: an error that is no loss of a connection is a defect of ours", async () => {
  for (const { create: engine } of SESSION_ENGINES) {
    const [far, conn] = memoryPipe();
    const dialer = new PromptDialer(0, () => conn);
    const bench = new SessionBench("127.0.0.1:1", { engine, app: { dialer } });
    const running = bench.session.run();
    const error = new TypeError("a defect");
    far.reset(error);
    await running;
    await bench.assertEnded("error");
    assertEquals([bench.session.detail, bench.session.error], ["", error]);
  }
});
