import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TcpTrace, type TracedPacket, type TraceEnd } from "../../lib/capture/_tcp_trace.ts";
import {
  enhancedPacket,
  interfaceDescription,
  MAX_SEGMENT_BYTES,
  sectionHeader,
} from "../../lib/protocol/mod.ts";
import { concat } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import { readCapture, type ReadPacket, sentBy } from "../helpers/protocol/pcapng.ts";

const PEER = { ip: Uint8Array.of(10, 0, 0, 1), port: 4000 };
const PROXY = { ip: Uint8Array.of(10, 0, 0, 2), port: 80 };
const NAMES: Readonly<Record<TraceEnd, string>> = { peer: "10.0.0.1:4000", proxy: "10.0.0.2:80" };

const HEAD = concat(
  sectionHeader({ application: "", comment: "" }),
  interfaceDescription({ name: "", description: "", resolution: "us", snapLength: 65535 }),
);

/** What a trace makes of some events, as a capture has it. */
function traced(events: (trace: TcpTrace) => void, session = 1): readonly ReadPacket[] {
  const blocks: Uint8Array[] = [];
  const emit = ({ from, headers, payload, timeMs, comment }: TracedPacket): void => {
    const timestamp = BigInt(timeMs);
    blocks.push(
      enhancedPacket({ interfaceId: 0, timestamp, headers, payload, isInbound: from === "peer", comment }),
    );
  };
  events(new TcpTrace({ peer: PEER, proxy: PROXY, session, comment: "first", admits: () => true, emit }));
  return readCapture(concat(HEAD, ...blocks)).packets;
}

const end = fc.constantFrom<TraceEnd>("peer", "proxy");
const writes = fc.array(fc.record({ from: end, bytes: fc.uint8Array({ maxLength: 300 }) }), {
  maxLength: 30,
});

Deno.test("TcpTrace: whatever two ends send reads back, and each packet acknowledges all that was sent before it", () => {
  fc.assert(fc.property(fc.option(end), writes, fc.nat(), (opener, sent, session) => {
    const packets = traced((trace) => {
      if (opener !== null) trace.open(opener, 0, 1);
      for (const { from, bytes } of sent) trace.data(from, bytes, 2);
      trace.finish("peer", 3);
      trace.close(4, { comment: "last", byReset: false });
    }, session);
    const next = new Map<string, number>();
    for (const { segment } of packets) {
      const { from, to, sequence, acknowledgement, flags, payload } = segment;
      assertEquals(next.get(from) ?? sequence, sequence);
      if (flags.includes("A")) assertEquals(next.get(to) ?? acknowledgement, acknowledgement);
      next.set(from, (sequence + payload.length + (/[SF]/.test(flags) ? 1 : 0)) >>> 0);
    }
    for (const from of ["peer", "proxy"] as const) {
      const expected = concat(...sent.filter((one) => one.from === from).map(({ bytes }) => bytes));
      assertEquals(sentBy(packets, 0, NAMES[from]), expected);
    }
    assertEquals(packets.filter(({ comment }) => comment !== undefined).map(({ comment }) => comment), [
      "first",
      "last",
    ]);
  }));
});

Deno.test("TcpTrace: many bytes are segments of about one size, the last one with PSH", () => {
  for (const length of [1, MAX_SEGMENT_BYTES, MAX_SEGMENT_BYTES + 1, 1_000_000]) {
    const bytes = randomBytes(length).subarray(0, length);
    const packets = traced((trace) => trace.data("peer", bytes, 0));
    assertEquals(sentBy(packets, 0, NAMES.peer), bytes);
    assertEquals(packets.length, Math.ceil(length / MAX_SEGMENT_BYTES));
    const [last, ...others] = packets.map(({ segment }) => segment.flags).toReversed();
    assertEquals([last, others.every((flags) => flags === "A")], ["PA", true]);
  }
});

Deno.test("TcpTrace: a packet that is not admitted leaves a gap, and its comment to the next one", () => {
  const sent: TracedPacket[] = [];
  const trace = new TcpTrace({
    peer: PEER,
    proxy: PROXY,
    session: 1,
    comment: "first",
    admits: (bytes) => bytes < 10,
    emit: (packet) => sent.push(packet),
  });
  trace.data("peer", new Uint8Array(100), 0);
  trace.data("peer", new Uint8Array(5), 0);
  trace.data("peer", new Uint8Array(5), 0);
  assertEquals(sent.map(({ comment }) => comment), ["first", undefined]);
});

Deno.test("TcpTrace: the sequence number wraps round", () => {
  // Finds a session whose numbers begin near the end.
  const session = Array.from({ length: 100_000 }, (_, id) => id)
    .find((id) => Math.imul(id, 0x9e3779b1) >>> 0 > 0xffff_0000) ?? 0;
  const bytes = randomBytes(200_000).subarray(0, 200_000);
  const packets = traced((trace) => trace.data("peer", bytes, 0), session);
  assertEquals(packets[0] !== undefined && packets[0].segment.sequence > 0xffff_0000, true);
  assertEquals(sentBy(packets, 0, NAMES.peer), bytes);
});

Deno.test("TcpTrace: a reset is the last packet, whoever sends it", () => {
  const byPeer = traced((trace) => {
    trace.reset("peer", 0);
    trace.close(1, { comment: "last", byReset: false });
  });
  assertEquals(byPeer.map(({ segment, direction }) => [direction, segment.flags]), [["in", "RA"]]);
  const byProxy = traced((trace) => trace.close(1, { comment: "last", byReset: true }));
  assertEquals(byProxy.map(({ segment, direction, comment }) => [direction, segment.flags, comment]), [
    ["out", "RA", "first; last"],
  ]);
});
