import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { Duplex } from "../../lib/base/mod.ts";
import { TlsError } from "../../lib/tls/mod.ts";
import { randomBytes, readAll, sha256, writeAll } from "../helpers/clients.ts";
import { echo } from "../helpers/targets.ts";
import { altered, tcpPair } from "../helpers/tls/tls.ts";
import { testTls } from "../helpers/tls/tls_app.ts";
import { localhost, noSignal, tlsOver, tlsPair } from "../helpers/tls/tls_lab.ts";

const MIB = 1024 * 1024;

for (const first of ["client", "server"] as const) {
  testTls(`TlsConn: the ${first} finishes first, the other's 1 MiB still arrives`, async (lab) => {
    using pair = await tlsPair(lab);
    const [one, other] = first === "client" ? [pair.client, pair.server] : [pair.server, pair.client];
    const there = randomBytes(MIB, 1);
    const back = randomBytes(MIB, 2);
    const [arrived] = await Promise.all([
      readAll(other),
      writeAll(one, there).then(() => one.closeWrite()),
    ]);
    assertEquals(await sha256(arrived), await sha256(there));
    assertEquals(other.truncated, false);
    const [returned] = await Promise.all([
      readAll(one),
      writeAll(other, back).then(() => other.closeWrite()),
    ]);
    assertEquals(await sha256(returned), await sha256(back));
    assertEquals(one.truncated, false);
    assertEquals(await one.read(new Uint8Array(1)), null);
  });
}

testTls("TlsConn: 16 MiB each way at once arrive unchanged", async (lab) => {
  using pair = await tlsPair(lab);
  const up = randomBytes(16 * MIB, 3);
  const [returned] = await Promise.all([
    readAll(pair.client),
    echo(pair.server),
    writeAll(pair.client, up).then(() => pair.client.closeWrite()),
  ]);
  assertEquals(await sha256(returned), await sha256(up));
});

testTls("TlsConn: any bytes in any pieces arrive in order", async (lab) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 70_000 }),
      async (sizes, bufferSize) => {
        using pair = await tlsPair(lab);
        const pieces = sizes.map((size, index) => randomBytes(size, index));
        const send = async (): Promise<void> => {
          for (const piece of pieces) await writeAll(pair.client, piece);
          await pair.client.closeWrite();
        };
        const receive = async (): Promise<number[]> => {
          const buffer = new Uint8Array(bufferSize);
          const bytes: number[] = [];
          for (let count; (count = await pair.server.read(buffer)) !== null;) {
            assert(count > 0 && count <= bufferSize);
            for (let i = 0; i < count; i++) bytes.push(buffer[i] ?? -1);
          }
          return bytes;
        };
        const [arrived] = await Promise.all([receive(), send()]);
        assertEquals(
          await sha256(Uint8Array.from(arrived)),
          await sha256(Uint8Array.from(pieces.flatMap((p) => [...p]))),
        );
      },
    ),
    { numRuns: 8 },
  );
});

testTls("TlsConn: 100 connections at once", async (lab) => {
  const [terminator, targetTls] = await Promise.all([lab.terminator(), lab.targetTls()]);
  const one = async (seed: number): Promise<void> => {
    const { client, server } = await tcpPair();
    const [accepted, connected] = await Promise.all([
      terminator.accept(server, { signal: noSignal() }),
      targetTls.connect(client, localhost({ timeoutMs: 60_000 })),
    ]);
    const bytes = randomBytes(20_000 + seed, seed);
    const [returned] = await Promise.all([
      readAll(connected.conn),
      echo(accepted.conn),
      writeAll(connected.conn, bytes).then(() => connected.conn.closeWrite()),
    ]);
    assertEquals(await sha256(returned), await sha256(bytes));
    accepted.conn.close();
    connected.conn.close();
  };
  await Promise.all(Array.from({ length: 100 }, (_, index) => one(index)));
});

testTls("TlsConn: TLS on both sides of a proxy keeps half-close", async (lab) => {
  using front = await tlsPair(lab);
  using back = await tlsPair(lab);
  const copy = async (from: Duplex, to: Duplex): Promise<void> => {
    const buffer = new Uint8Array(65536);
    for (let count; (count = await from.read(buffer)) !== null;) {
      await writeAll(to, buffer.subarray(0, count));
    }
    await to.closeWrite();
  };
  const request = randomBytes(MIB, 4);
  const [reply] = await Promise.all([
    readAll(front.client),
    copy(front.server, back.client),
    copy(back.client, front.server),
    // The target replies only after the whole request.
    readAll(back.server).then((bytes) => writeAll(back.server, bytes)).then(() => back.server.closeWrite()),
    writeAll(front.client, request).then(() => front.client.closeWrite()),
  ]);
  assertEquals(await sha256(reply), await sha256(request));
});

testTls("TlsConn: a peer that does not read stops the writer", async (lab) => {
  const { client, server } = await tcpPair();
  let taken = 0;
  const counting = altered(client, {
    write: async (bytes) => {
      const count = await client.write(bytes);
      taken += count;
      return count;
    },
  });
  const [sender, receiver] = await tlsOver(lab, counting, server);
  const piece = new Uint8Array(MIB);
  let sent = 0;
  let isSending = true;
  const total = 64 * MIB;
  const sending = (async (): Promise<void> => {
    while (sent < total) sent += await sender.write(piece);
    await sender.closeWrite();
    isSending = false;
  })();
  // Until the kernel's buffers are full, nothing else can end this loop.
  for (let before = -1; before < taken;) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert(isSending && sent < total, `${sent} bytes were taken`);
  assert(sent <= taken, `${sent - taken} bytes are held by the sender`);
  let received = 0;
  const buffer = new Uint8Array(65536);
  for (let count; (count = await receiver.read(buffer)) !== null;) received += count;
  await sending;
  assertEquals(received, sent);
  sender.close();
  receiver.close();
});

testTls("TlsConn: a peer that does not read holds what one read brought", async (lab) => {
  const { client, server } = await tcpPair();
  let read = 0;
  const counting = altered(server, {
    read: async (buffer) => {
      const count = await server.read(buffer);
      read += count ?? 0;
      return count;
    },
  });
  const [sender, receiver] = await tlsOver(lab, client, counting);
  const before = read;
  await writeAll(sender, new Uint8Array(MIB));
  await receiver.read(new Uint8Array(10));
  assert(read - before <= 2 * 65536, `${read - before} bytes were read for 10`);
  sender.close();
  receiver.close();
});

testTls("TlsConn: FIN without close_notify is an end, and known to be truncated", async (lab) => {
  const { client, server } = await tcpPair();
  const [sender, receiver] = await tlsOver(lab, client, server);
  await sender.write(Uint8Array.of(1, 2, 3));
  await client.closeWrite();
  assertEquals(await readAll(receiver), Uint8Array.of(1, 2, 3));
  assertEquals(receiver.truncated, true);
  assertEquals(await receiver.write(Uint8Array.of(4)), 1);
  assertEquals(await sender.read(new Uint8Array(8)), 1);
  sender.close();
  receiver.close();
});

testTls("TlsConn: close sends close_notify, and what was written before arrives", async (lab) => {
  const { client, server } = await tcpPair();
  const [sender, receiver] = await tlsOver(lab, client, server);
  await sender.write(Uint8Array.of(1, 2, 3));
  sender.close();
  sender.close();
  assertEquals(await readAll(receiver), Uint8Array.of(1, 2, 3));
  assertEquals(receiver.truncated, false);
  receiver.close();
});

for (const how of ["closeWrite", "close"] as const) {
  testTls(`TlsConn: once its end is withheld, ${how} sends FIN without close_notify`, async (lab) => {
    const { client, server } = await tcpPair();
    const [sender, receiver] = await tlsOver(lab, client, server);
    await sender.write(Uint8Array.of(1, 2, 3));
    sender.withholdEnd();
    await sender[how]();
    assertEquals(await readAll(receiver), Uint8Array.of(1, 2, 3));
    assertEquals(receiver.truncated, true);
    sender.close();
    receiver.close();
  });
}

testTls("TlsConn: passes a truncated end on as truncated, and a proper one as proper", async (lab) => {
  for (const isTruncated of [true, false]) {
    for (const isLate of [true, false]) {
      const [{ client, server }, back] = [await tcpPair(), await tcpPair()];
      const [sender, receiver] = await tlsOver(lab, client, server);
      const [passing, last] = await tlsOver(lab, back.client, back.server);
      if (!isLate) receiver.passEndTo(passing);
      if (isTruncated) await client.closeWrite();
      else await sender.closeWrite();
      assertEquals(await receiver.read(new Uint8Array(8)), null);
      if (isLate) receiver.passEndTo(passing);
      await passing.closeWrite();
      assertEquals(await last.read(new Uint8Array(8)), null);
      assertEquals(last.truncated, isTruncated);
      // The other direction is as it was.
      assertEquals(await last.write(Uint8Array.of(1)), 1);
      assertEquals(await passing.read(new Uint8Array(8)), 1);
      await last.closeWrite();
      assertEquals(await passing.read(new Uint8Array(8)), null);
      assertEquals(passing.truncated, false);
      for (const conn of [sender, receiver, passing, last]) conn.close();
    }
  }
});

testTls("TlsConn: close rejects pending calls, and later ones", async (lab) => {
  using pair = await tlsPair(lab);
  const reading = pair.client.read(new Uint8Array(8));
  pair.client.close();
  await assertRejects(() => reading, Deno.errors.Interrupted);
  await assertRejects(() => pair.client.read(new Uint8Array(8)), Deno.errors.Interrupted);
  await assertRejects(() => pair.client.write(new Uint8Array(8)), Deno.errors.Interrupted);
  await pair.client.closeWrite();
});

testTls("TlsConn: tolerates that the owner has closed the connection beneath", async (lab) => {
  const { client, server } = await tcpPair();
  const [one, other] = await tlsOver(lab, client, server);
  const reading = one.read(new Uint8Array(8));
  client.close();
  await assertRejects(() => reading);
  one.close();
  other.close();
});

testTls("TlsConn: a reset is a reset", async (lab) => {
  const { client, server } = await tcpPair();
  let isReset = false;
  const resetting = altered(server, {
    read: async (buffer) => {
      const count = await server.read(buffer);
      if (isReset) throw new Deno.errors.ConnectionReset("Connection reset by peer");
      return count;
    },
  });
  const [sender, receiver] = await tlsOver(lab, client, resetting);
  isReset = true;
  await sender.write(Uint8Array.of(1));
  await assertRejects(() => receiver.read(new Uint8Array(8)), Deno.errors.ConnectionReset);
  await assertRejects(() => receiver.read(new Uint8Array(8)), Deno.errors.ConnectionReset);
  sender.close();
  receiver.close();
});

testTls("TlsConn: after a failed write, reads what the peer sent before", async (lab) => {
  const { client, server } = await tcpPair();
  const gone = new Deno.errors.ConnectionReset("Connection reset by peer");
  let isGone = false;
  const failing = altered(client, {
    write: (bytes) => isGone ? Promise.reject(gone) : client.write(bytes),
  });
  const [one, other] = await tlsOver(lab, failing, server);
  const words = randomBytes(200_000, 5);
  const sending = writeAll(other, words).then(() => server.closeWrite());
  isGone = true;
  await assertRejects(() => one.write(new Uint8Array(8)), Deno.errors.ConnectionReset);
  await assertRejects(() => one.write(new Uint8Array(8)), Deno.errors.ConnectionReset);
  assertEquals(await sha256(await readAll(one)), await sha256(words));
  await sending;
  await one.closeWrite();
  one.close();
  other.close();
});

testTls("TlsConn: a failed write leaves a pending read pending", async (lab) => {
  const { client, server } = await tcpPair();
  let isGone = false;
  const failing = altered(client, {
    write: (bytes) => isGone ? Promise.reject(new Deno.errors.BrokenPipe("gone")) : client.write(bytes),
  });
  const [one, other] = await tlsOver(lab, failing, server);
  const buffer = new Uint8Array(8);
  const reading = one.read(buffer);
  isGone = true;
  await assertRejects(() => one.write(new Uint8Array(8)), Deno.errors.BrokenPipe);
  await other.write(Uint8Array.of(1, 2, 3));
  assertEquals(await reading, 3);
  const last = one.read(buffer);
  one.close();
  await assertRejects(() => last, Deno.errors.Interrupted);
  other.close();
});

testTls("TlsConn: a tampered record fails the connection", async (lab) => {
  const { client, server } = await tcpPair();
  let isTampering = false;
  const tampering = altered(server, {
    read: async (buffer) => {
      const count = await server.read(buffer);
      if (isTampering && count !== null) buffer[count - 1] = (buffer[count - 1] ?? 0) ^ 1;
      return count;
    },
  });
  const [sender, receiver] = await tlsOver(lab, client, tampering);
  isTampering = true;
  await sender.write(Uint8Array.of(1));
  const error = await assertRejects(() => receiver.read(new Uint8Array(8)));
  assertInstanceOf(error, TlsError);
  assertEquals(error.code, "BROKEN");
  sender.close();
  receiver.close();
});

testTls("TlsConn: socket options apply to the connection beneath", async (lab) => {
  const { client: near, server: far } = await tcpPair();
  const asked: string[] = [];
  near.setNoDelay = (on = true) => void asked.push(`no delay ${on}`);
  near.setKeepAlive = (on = true) => void asked.push(`keepalive ${on}`);
  const [client, server] = await tlsOver(lab, near, far);
  client.setNoDelay();
  client.setKeepAlive();
  assertEquals(asked, ["no delay true", "keepalive true"]);
  client.close();
  server.close();
});
