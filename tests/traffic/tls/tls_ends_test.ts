import { assertEquals, assertStrictEquals } from "@std/assert";
import type { TlsConn } from "../../../lib/tls/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { readExactly, readToEnd, writeAll } from "../../helpers/clients.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { echo, resettingTarget, TestTarget } from "../../helpers/targets.ts";
import { originating, terminating, testTls } from "../../helpers/tls/tls_app.ts";
import { connectTls } from "../../helpers/tls/tls_client.ts";
import type { TlsLab } from "../../helpers/tls/tls_lab.ts";
import { tlsTarget } from "../../helpers/tls/tls_target.ts";

const ANSWER = utf8("half an ans");

/** Connects, sends a byte, reads an answer and what ends it: the end of TLS, or FIN without it. */
async function endOf(proxy: TestProxy, lab: TlsLab): Promise<"close_notify" | "FIN"> {
  const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
  using client = conn;
  await writeAll(client, utf8("?"));
  assertEquals(await readExactly(client, ANSWER.length), ANSWER);
  // For what it waits until the answer has come.
  await writeAll(client, utf8("!"));
  try {
    assertStrictEquals(await client.read(new Uint8Array(8)), null);
    return "close_notify";
  } catch (error) {
    if (error instanceof Deno.errors.UnexpectedEof) return "FIN";
    throw error;
  }
}

testTls("tls: a target that resets in mid-answer leaves the client without an end of TLS", async (lab) => {
  await using target = await resettingTarget((socket, reset) => {
    socket.once("data", () => {
      socket.write(ANSWER);
      socket.once("data", reset);
    });
  });
  await withProxy({ ...terminating(lab), targets: [target.address] }, async (proxy) => {
    assertStrictEquals(await endOf(proxy, lab), "FIN");
    assertStrictEquals((await proxy.outcome()).reason, "target_reset");
  });
});

testTls("tls: a target that finishes gives the client the end of TLS", async (lab) => {
  await using target = new TestTarget(async (conn) => {
    await readExactly(conn, 1);
    await writeAll(conn, ANSWER);
    await readExactly(conn, 1);
  });
  await withProxy({ ...terminating(lab), targets: [target.address] }, async (proxy) => {
    assertStrictEquals(await endOf(proxy, lab), "close_notify");
    assertStrictEquals((await proxy.outcome()).reason, "target_closed");
  });
});

testTls(
  "tls and target_tls: the end of the target's TLS, or the lack of it, is the client's",
  async (lab) => {
    for (const end of ["close_notify", "FIN"] as const) {
      const { target } = tlsTarget(await lab.terminator(), {
        serve: async (conn) => {
          const buffer = new Uint8Array(1);
          await conn.read(buffer);
          await conn.write(ANSWER);
          await conn.read(buffer);
          if (end === "FIN") conn.withholdEnd?.();
        },
      });
      await using _target = target;
      const app = { ...terminating(lab), ...originating(lab), targets: [target.address] };
      await withProxy(app, async (proxy) => {
        assertStrictEquals(await endOf(proxy, lab), end);
        assertStrictEquals((await proxy.outcome()).reason, "target_closed");
      });
    }
  },
);

testTls(
  "tls and target_tls: the end of the client's TLS, or the lack of it, is the target's",
  async (lab) => {
    const wasTruncated: boolean[] = [];
    const { target } = tlsTarget(await lab.terminator(), {
      serve: async (conn) => {
        const buffer = new Uint8Array(8);
        while (await conn.read(buffer) !== null);
        wasTruncated.push((conn as TlsConn).truncated);
      },
    });
    await using _target = target;
    const app = { ...terminating(lab), ...originating(lab), targets: [target.address] };
    const targetTls = await lab.targetTls();
    await withProxy(app, async (proxy) => {
      for (const isTruncated of [false, true]) {
        const raw = await proxy.connect();
        const { conn } = await targetTls.connect(raw, {
          serverName: "localhost",
          timeoutMs: 10_000,
          signal: new AbortController().signal,
        });
        await conn.write(ANSWER);
        if (isTruncated) await raw.closeWrite();
        else await conn.closeWrite();
        assertStrictEquals(await conn.read(new Uint8Array(8)), null);
        // What the target has ended properly is ended properly, whatever the client did.
        assertStrictEquals(conn.truncated, false);
        conn.close();
        assertStrictEquals((await proxy.outcome()).reason, "client_closed");
      }
    });
    assertEquals(wasTruncated, [false, true]);
  },
);

testTls("faults: reset leaves a TLS client without the end of TLS, close gives it", async (lab) => {
  await using target = new TestTarget(async (conn) => {
    await readExactly(conn, 1);
    await writeAll(conn, ANSWER);
    await echo(conn);
  });
  for (const [kind, end] of [["reset", "FIN"], ["close", "close_notify"]] as const) {
    const faults = [{ kind, after_bytes: "2B", direction: "up" }];
    await withProxy({ ...terminating(lab), targets: [target.address], faults }, async (proxy) => {
      assertStrictEquals(await endOf(proxy, lab), end);
      const { reason, detail } = await proxy.outcome();
      assertEquals([reason, detail], ["killed", `the fault "${kind}" has cut the connection`]);
    });
  }
});

testTls("tls: a limit of the proxy's own ends a TLS connection with the end of TLS", async (lab) => {
  await using target = new TestTarget(async (conn) => {
    await readExactly(conn, 1);
    await writeAll(conn, ANSWER);
    await echo(conn);
  });
  const app = { ...terminating(lab), targets: [target.address], "idle_timeout": "100ms" };
  await withProxy(app, async (proxy) => {
    const { conn } = await connectTls(proxy.port, { ca: lab.ca.cert });
    using client = conn;
    await writeAll(client, utf8("?"));
    assertEquals(await readExactly(client, ANSWER.length), ANSWER);
    assertStrictEquals(await client.read(new Uint8Array(8)), null);
    assertStrictEquals((await proxy.outcome()).reason, "idle_timeout");
  });
});

Deno.test("faults: what has cut a connection is said, for plain TCP too", async () => {
  await using target = new TestTarget(echo);
  const cases = [
    [{ kind: "reset", after: "1ms" }, 'the fault "reset" has cut the connection'],
    [{ kind: "close", after: "1ms" }, 'the fault "close" has cut the connection'],
    [{ kind: "refuse" }, "a fault refuses the connection"],
    [
      { kind: "black_hole", expires: "1s" },
      'the fault "black_hole" is over, and what it took is missing',
    ],
  ] as const;
  for (const [fault, wanted] of cases) {
    await withProxy({ targets: [target.address], faults: [fault] }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, utf8("hello"));
      await readToEnd(client);
      const { reason, detail } = await proxy.outcome();
      assertEquals([reason, detail], ["killed", wanted]);
    });
  }
});
