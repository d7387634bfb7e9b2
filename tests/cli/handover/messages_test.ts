import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type Hello,
  MessageError,
  PROTOCOL,
  readFromSuccessor,
  readToSuccessor,
} from "../../../lib/cli/handover/messages.ts";

const HELLO: Hello = {
  kind: "hello",
  protocol: PROTOCOL,
  pid: 7,
  sockets: [{ fd: 4, address: "127.0.0.1:80", name: null }, { fd: 5, address: "unix:/s", name: "web" }],
  paths: ["/run/app.sock"],
  apps: [{
    name: "web",
    isPaused: true,
    targets: [{ label: "a:1", admin: "drain", weight: 5 }, { label: "b:1", admin: "ready", weight: null }],
    faults: { faults: [{ kind: "refuse" }], sinceEpochMs: 12 },
    down: [{ label: "a:1", detail: "refused" }],
  }],
};

Deno.test("readToSuccessor: what is written is read, and what a later version adds is passed over", () => {
  assertEquals(readToSuccessor(JSON.stringify(HELLO)), HELLO);
  assertEquals(readToSuccessor(JSON.stringify({ ...HELLO, more: 1 })), HELLO);
  assertEquals(readToSuccessor('{"kind":"released","more":1}'), { kind: "released" });
});

Deno.test("readFromSuccessor: what is written is read", () => {
  for (
    const message of [
      { kind: "ready", version: "1.2.3", taken: ["127.0.0.1:80"] },
      { kind: "failed", reason: "no" },
    ] as const
  ) {
    assertEquals(readFromSuccessor(JSON.stringify(message)), message);
  }
});

Deno.test("readToSuccessor: another version of the protocol is refused with both versions", () => {
  assertThrows(
    () => readToSuccessor(JSON.stringify({ ...HELLO, protocol: PROTOCOL + 1 })),
    MessageError,
    `speaks version ${PROTOCOL + 1} of the hand-over and this program version ${PROTOCOL}; restart instead`,
  );
});

Deno.test("readToSuccessor, readFromSuccessor: any other line is a MessageError", () => {
  const line = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({
      kind: fc.constantFrom("hello", "ready", "failed", "x"),
      protocol: fc.constant(PROTOCOL),
      pid: fc.anything(),
      sockets: fc.anything(),
    })
      .map((value) => JSON.stringify(value) ?? ""),
  );
  fc.assert(fc.property(line, (text) => {
    for (const read of [readToSuccessor, readFromSuccessor]) {
      try {
        read(text);
      } catch (error) {
        if (!(error instanceof MessageError)) throw error;
      }
    }
  }));
});
