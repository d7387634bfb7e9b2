import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import {
  blocksIn,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  MAX_SEGMENT_BYTES,
  sectionHeader,
  TCP_FLAG,
  tcpHeaders,
} from "../../lib/protocol/mod.ts";
import { concat } from "../helpers/bytes.ts";
import { readCapture } from "../helpers/protocol/pcapng.ts";

const HEAD = concat(
  sectionHeader({ application: "tcpproxy 1.2.3", comment: "all of it" }),
  interfaceDescription({ name: "a", description: "first", resolution: "us", snapLength: 65535 }),
  interfaceDescription({ name: "b", description: "second", resolution: "ns", snapLength: 65535 }),
);

const ip = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ({ from: bytes, to: bytes.toReversed() })),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ({ from: bytes, to: bytes.toReversed() })),
);
const port = fc.nat(65535);
const word = fc.nat(0xffffffff);

Deno.test("pcapng: the head says program, comment and interfaces", () => {
  const { application, comment, interfaces } = readCapture(HEAD);
  assertEquals([application, comment], ["tcpproxy 1.2.3", "all of it"]);
  assertEquals(interfaces, [
    { name: "a", description: "first", resolution: 6 },
    { name: "b", description: "second", resolution: 9 },
  ]);
});

Deno.test("enhancedPacket: any segment reads back as it was", () => {
  fc.assert(fc.property(
    fc.record({
      ip,
      fromPort: port,
      toPort: port,
      sequence: word,
      acknowledgement: word,
      // At any offset of its buffer, as a part of what was read is.
      payload: fc.tuple(fc.uint8Array({ maxLength: 1500 }), fc.nat(9)).map(([bytes, at]) =>
        bytes.subarray(at)
      ),
      flags: fc.constantFrom(TCP_FLAG.ack, TCP_FLAG.syn, TCP_FLAG.fin | TCP_FLAG.ack, TCP_FLAG.reset),
      timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      interfaceId: fc.constantFrom(0, 1),
      isInbound: fc.boolean(),
      comment: fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }),
      dropped: fc.option(fc.nat(), { nil: undefined }),
    }),
    ({ ip, fromPort, toPort, payload, flags, ...rest }) => {
      const headers = tcpHeaders({
        from: { ip: ip.from, port: fromPort },
        to: { ip: ip.to, port: toPort },
        window: 65535,
        flags,
        ...rest,
      }, payload);
      const [packet, ...others] =
        readCapture(concat(HEAD, enhancedPacket({ headers, payload, ...rest }))).packets;
      assertEquals(others, []);
      assertEquals(packet?.segment.payload, payload);
      assertEquals(packet?.segment.sequence, rest.sequence);
      assertEquals(packet?.segment.acknowledgement, rest.acknowledgement);
      assertEquals(packet?.segment.from.endsWith(`:${fromPort}`), true);
      assertEquals(packet?.segment.to.endsWith(`:${toPort}`), true);
      assertEquals(packet?.timestamp, rest.timestamp);
      assertEquals(packet?.interfaceId, rest.interfaceId);
      assertEquals(packet?.direction, rest.isInbound ? "in" : "out");
      assertEquals(packet?.dropped, rest.dropped);
      assertEquals(packet?.comment, rest.comment);
    },
  ));
});

Deno.test("enhancedPacket: the largest segment fits an IP packet of both families", () => {
  for (const length of [4, 16]) {
    const end = { ip: new Uint8Array(length).fill(255), port: 65535 };
    const payload = new Uint8Array(MAX_SEGMENT_BYTES).fill(255);
    const headers = tcpHeaders(
      { from: end, to: end, sequence: 0, acknowledgement: 0, flags: TCP_FLAG.ack, window: 65535 },
      payload,
    );
    const block = enhancedPacket({ interfaceId: 0, timestamp: 0n, headers, payload, isInbound: true });
    assertEquals(readCapture(concat(HEAD, block)).packets[0]?.segment.payload.length, MAX_SEGMENT_BYTES);
  }
});

Deno.test("enhancedPacket: a long comment is cut between characters", () => {
  const end = { ip: new Uint8Array(4), port: 1 };
  const headers = tcpHeaders(
    { from: end, to: end, sequence: 0, acknowledgement: 0, flags: TCP_FLAG.ack, window: 0 },
    new Uint8Array(),
  );
  const comment = `x${"é".repeat(40_000)}`;
  const block = enhancedPacket({
    interfaceId: 0,
    timestamp: 0n,
    headers,
    payload: new Uint8Array(),
    isInbound: true,
    comment,
  });
  assertEquals(readCapture(concat(HEAD, block)).packets[0]?.comment, `x${"é".repeat(2047)}`);
});

Deno.test("interfaceStatistics: counts read back", () => {
  const block = interfaceStatistics({
    interfaceId: 1,
    startedAt: 1n,
    endedAt: 2n ** 40n,
    received: 7,
    dropped: 2,
    delivered: 5,
    comment: "over",
  });
  assertEquals(readCapture(concat(HEAD, block)).statistics, [
    { interfaceId: 1, comment: "over", received: 7, dropped: 2, delivered: 5 },
  ]);
});

Deno.test("blocksIn: finds whole blocks wherever the bytes are cut", () => {
  const lengths = [...blocksIn(HEAD)].map(({ length }) => length);
  assertEquals(lengths.length, 3);
  fc.assert(fc.property(fc.nat(HEAD.length), (cut) => {
    const found = [...blocksIn(HEAD.subarray(0, cut))];
    const whole = lengths.filter((_, index) => lengths.slice(0, index + 1).reduce((a, b) => a + b) <= cut);
    assertEquals(found.map(({ length }) => length), whole);
  }));
});

Deno.test("blocksIn: what is no block is refused", () => {
  assertThrows(() => [...blocksIn(new TextEncoder().encode("HTTP/1.1 200 OK\r\n"))], RangeError);
});
