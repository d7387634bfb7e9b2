import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { type TcpAddress, WOULD_BLOCK } from "../../lib/base/mod.ts";
import type { Connection } from "../../lib/net/mod.ts";
import { Head } from "../../lib/net/linux/heads.ts";
import { utf8 } from "../helpers/bytes.ts";
import { randomBytes, readAll, readExactly } from "../helpers/clients.ts";
import {
  hasLinuxSockets,
  linuxPair,
  withWatchedLinuxTransport,
} from "../helpers/connections/linux_transport.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";

const LOOPBACK: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };
const NEVER = new AbortController().signal;

function test(what: string, use: (ends: { near: Connection; far: Deno.TcpConn }) => Promise<void>): void {
  Deno.test({
    name: `LinuxTransport, a head: ${what}`,
    ignore: !hasLinuxSockets,
    fn: () => withWatchedLinuxTransport(async (transport) => use(await linuxPair(transport))),
  });
}

test("goes with the bytes that follow at once, in one packet", async ({ near, far }) => {
  near.sendFirst?.(utf8("head "));
  assertStrictEquals(await near.write(utf8("data")), 4);
  const buffer = new Uint8Array(100);
  assertEquals(buffer.subarray(0, await far.read(buffer) ?? 0), utf8("head data"));
  near.close();
  far.close();
});

test("goes by itself where nothing follows, and what comes later is not held back", async ({ near, far }) => {
  near.sendFirst?.(utf8("head "));
  assertEquals(await readExactly(far, 5), utf8("head "));
  await near.write(utf8("da"));
  await near.write(utf8("ta"));
  assertEquals(await readExactly(far, 4), utf8("data"));
  near.close();
  far.close();
});

test("goes before the end", async ({ near, far }) => {
  near.sendFirst?.(utf8("head"));
  await near.closeWrite();
  assertEquals(await readAll(far), utf8("head"));
  near.close();
  far.close();
});

test("goes before more than is copied behind it, and before bulk through a pipe", async ({ near, far }) => {
  const bytes = randomBytes(3_000_000);
  near.sendFirst?.(utf8("head"));
  const reading = readExactly(far, 4 + bytes.length);
  for (let written = 0; written < bytes.length;) written += await near.write(bytes.subarray(written));
  const all = await reading;
  assertEquals(all.subarray(0, 4), utf8("head"));
  assertSameBytes(all.subarray(4), bytes);
  near.close();
  far.close();
});

test("is dropped with the connection that is closed first", async ({ near, far }) => {
  near.sendFirst?.(utf8("head"));
  near.close();
  assertEquals(await readAll(far), new Uint8Array());
  far.close();
});

Deno.test({
  name: "LinuxTransport, a head: a reset that it meets is not read as the end",
  ignore: !hasLinuxSockets,
  fn: () =>
    withWatchedLinuxTransport(async (transport) => {
      const listening = transport.listen(LOOPBACK, { shared: false });
      const [near, far] = await Promise.all([
        transport.connect(listening.address, NEVER),
        listening.accept(),
      ]);
      far.endByReset?.();
      far.close();
      near.sendFirst?.(utf8("head"));
      await assertRejects(() => near.read(new Uint8Array(10)));
      near.close();
      listening.close();
    }),
});

Deno.test("Head: whatever there is room for, everything arrives once and in order, and counts as sent once", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 1, maxLength: 1024 }),
    fc.uint8Array({ maxLength: 40_000 }),
    fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 30 }),
    (head, data, rooms) => {
      const arrived: number[] = [];
      let room = 0;
      const socket = {
        sendNow: (bytes: Uint8Array, length: number): number => {
          const count = Math.min(room, length);
          if (count === 0 && length > 0) return WOULD_BLOCK;
          room -= count;
          for (const byte of bytes.subarray(0, count)) arrived.push(byte);
          return count;
        },
        setNoDelay: () => {},
      };
      const sender = new Head(socket, head);
      let sent = 0;
      for (const more of [...rooms, 100_000]) {
        room = more;
        const count = sender.send(data.subarray(sent), data.length - sent);
        if (count !== WOULD_BLOCK) sent += count;
        // Whoever has sent less waits for an event, which comes only where the room was used up.
        if (sent < data.length) assertStrictEquals(room, 0);
      }
      assertStrictEquals(sent, data.length);
      assertSameBytes(Uint8Array.from(arrived), Uint8Array.of(...head, ...data));
    },
  ));
});

Deno.test("Head: room that a fresh socket reports does not send it, room that it has waited for does", () => {
  const sent: number[] = [];
  let room = 100;
  const socket = {
    sendNow: (_: Uint8Array, length: number): number => {
      if (room === 0) return WOULD_BLOCK;
      sent.push(length);
      return length;
    },
    setNoDelay: () => {},
  };
  const head = new Head(socket, utf8("head"));
  head.onRoom();
  assertEquals(sent, []);
  room = 0;
  assertStrictEquals(head.send(utf8("data"), 4), WOULD_BLOCK);
  room = 100;
  head.onRoom();
  assertEquals([sent, head.isSent], [[4], true]);
});
