/** A target that answers and closes with the request unread: the kernel sends RST behind the answer. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Duplex } from "../../../lib/base/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { randomBytes, readAll, writeAll } from "../../helpers/clients.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../../helpers/same_bytes.ts";
import { type Serve, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { originating, terminating, testTls } from "../../helpers/tls/tls_app.ts";
import { connectTls } from "../../helpers/tls/tls_client.ts";
import { tlsTarget } from "../../helpers/tls/tls_target.ts";

/** As much as a receive window holds that nobody has read from yet: more of it the target's own kernel would drop. */
const ANSWER = randomBytes(50_000);
const UPLOAD = randomBytes(4_000_000, 2);
const TRIES = 30;

const ENGINES: readonly { name: string; app: Readonly<Record<string, unknown>> }[] = [
  { name: "pump", app: {} },
  { name: "stream pipeline", app: { bandwidth: { upload: "1GiB/s", download: "1GiB/s" } } },
];

/** Reads a little, answers, and closes. */
async function answerEarly(conn: Duplex): Promise<void> {
  await conn.read(new Uint8Array(100));
  await writeAll(conn, ANSWER);
}

/** Uploads all the while and reads the answer; gives it. */
async function upload(client: Deno.Conn): Promise<Uint8Array> {
  const uploading = writeAll(client, UPLOAD).catch(() => {});
  try {
    return await readAll(tolerant(client));
  } finally {
    client.close();
    await uploading;
  }
}

/** Behind a target that was reset, TLS has FIN alone for its end: nobody knows whether the answer is whole. */
function tolerant(conn: Deno.Conn): Pick<Deno.Conn, "read"> {
  return {
    read: async (buffer) => {
      try {
        return await conn.read(buffer);
      } catch (error) {
        if (error instanceof Deno.errors.UnexpectedEof) return null;
        throw error;
      }
    },
  };
}

async function assertAnswered(
  proxy: TestProxy,
  connect: () => Promise<Deno.Conn> = () => proxy.connect(),
): Promise<void> {
  for (let tried = 0; tried < TRIES; tried++) {
    assertSameBytes(await upload(await connect()), ANSWER);
    const session = await proxy.outcome();
    // A target that has finished before its kernel says RST may have been heard to finish, and no more.
    assert(["target_reset", "target_closed"].includes(session.reason ?? ""), `it is ${session.reason}`);
    assertStrictEquals(session.down.bytes, ANSWER.length);
  }
}

for (const { name, app } of ENGINES) {
  Deno.test(`Proxy, ${name}: an answer that comes before the request is read reaches the client whole`, async () => {
    await using target = new TestTarget(answerEarly);
    await withProxy({ ...app, targets: [target.address] }, assertAnswered);
  });

  Deno.test({
    name: `Proxy, ${name}: and so it does over unix sockets on both sides`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(answerEarly, { path: folder.file("target.sock") });
      const path = folder.file("proxy.sock");
      await withProxy({ ...app, listen: [`unix:${path}`], targets: [target.address] }, async (proxy) => {
        await assertAnswered(proxy, () => Deno.connect({ transport: "unix", path }));
      });
    },
  });

  testTls(`Proxy, ${name}: and so it does with TLS on the client's side`, async (lab) => {
    await using target = new TestTarget(answerEarly);
    await withProxy({ ...app, ...terminating(lab), targets: [target.address] }, async (proxy) => {
      await assertAnswered(proxy, async () => (await connectTls(proxy.port, { ca: lab.ca.cert })).conn);
    });
  });

  testTls(`Proxy, ${name}: and so it does with TLS on the target's side`, async (lab) => {
    const { target } = tlsTarget(await lab.terminator(), { serve: answerEarly });
    await using _target = target;
    await withProxy({ ...app, ...originating(lab), targets: [target.address] }, assertAnswered);
  });

  Deno.test(`Proxy, ${name}: stopping does not wait for a client that was answered and does not close`, async () => {
    await using target = new TestTarget(answerEarly);
    let client: Deno.Conn | undefined;
    let reason: Promise<string | undefined> | undefined;
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      client = await proxy.connect();
      const uploading = writeAll(client, UPLOAD);
      assertSameBytes(await readAll(client), ANSWER);
      // All of it is taken from the client, which keeps the connection.
      await uploading;
      assertStrictEquals(proxy.proxy.activeSessions(), 1);
      reason = proxy.outcome().then((session) => session.reason);
    });
    // Unless it was stopped before a write to the target had failed.
    assert(["target_reset", "drained"].includes(await reason ?? ""), `it is ${await reason}`);
    client?.close();
  });
}

/** Sends back what it is sent, and is gone after that. */
const answerOnce: Serve = async (conn) => {
  const buffer = new Uint8Array(100);
  const count = await conn.read(buffer);
  await writeAll(conn, buffer.subarray(0, count ?? 0));
};

Deno.test("Proxy: a client that was answered and then closes ends the session at once", async () => {
  await using target = new TestTarget(answerOnce);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("hello"));
    assertEquals(await readAll(client), utf8("hello"));
    client.close();
    assertStrictEquals((await proxy.outcome()).reason, "target_closed");
  });
});
