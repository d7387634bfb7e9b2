import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type CaptureCounts,
  CaptureMemory,
  type CaptureOrder,
  type CaptureOutput,
  HELD_BYTES,
  type TappableSession,
  ThreadCaptures,
  type ThreadCapturesOptions,
} from "../../lib/capture/mod.ts";
import { interfaceDescription, sectionHeader } from "../../lib/protocol/mod.ts";
import { Flow } from "../../lib/relay/mod.ts";
import { concat } from "../helpers/bytes.ts";
import { readCapture } from "../helpers/protocol/pcapng.ts";

const END = { kind: "tcp", host: "10.0.0.1", port: 4000 } as const;

/** A session that relays. */
function relaying(id: number, app = "web"): TappableSession {
  return {
    id,
    app: { name: app },
    client: END,
    sni: undefined,
    target: { label: "10.0.0.2:80" },
    startedMs: 0,
    connectMs: 1,
    reason: undefined,
    detail: "",
    clientConnection: { peer: { ...END, port: 4000 + id }, local: END, isTls: false, endsByReset: false },
    targetConnection: {
      peer: { ...END, port: 80 },
      local: { ...END, port: 5000 + id },
      isTls: false,
      endsByReset: false,
    },
    tap: undefined,
  };
}

/** An output that keeps what it is given. */
class KeptOutput implements CaptureOutput {
  readonly batches: Uint8Array[] = [];
  counts: CaptureCounts | undefined;
  isEnded = false;

  packets(blocks: Uint8Array, counts: CaptureCounts): void {
    if (blocks.length > 0) this.batches.push(blocks);
    this.counts = counts;
  }

  ended(): void {
    this.isEnded = true;
  }

  get bytes(): number {
    return this.batches.reduce((sum, { length }) => sum + length, 0);
  }
}

function orderOf(places: number, more: Partial<CaptureOrder> = {}): CaptureOrder {
  return {
    capture: 1,
    subject: { kind: "app", app: "web", clients: [] },
    resolution: "us",
    memory: CaptureMemory.allocate(places),
    ...more,
  };
}

function capturesOf(
  sessions: readonly TappableSession[],
  options: Partial<ThreadCapturesOptions> = {},
): ThreadCaptures {
  return new ThreadCaptures({
    clock: () => ({ nowMs: () => 1000, wallMs: (atMs) => atMs }),
    sessions: () => sessions,
    defect: (error) => {
      throw error;
    },
    ...options,
  });
}

const up = new Flow("up", 0);

const DESCRIBED = { description: "", resolution: "us", snapLength: 65535 } as const;

/** A section with two interfaces, for packets that stand alone. */
const HEAD = concat(
  sectionHeader({ application: "", comment: "" }),
  interfaceDescription({ ...DESCRIBED, name: "client" }),
  interfaceDescription({ ...DESCRIBED, name: "target" }),
);

Deno.test("ThreadCaptures: only sessions that a capture may take are tapped, and only while it runs", () => {
  const [web, mail] = [relaying(1), relaying(2, "mail")];
  const captures = capturesOf([web, mail]);
  const output = new KeptOutput();
  captures.sessionBegan(web);
  assertStrictEquals(web.tap, undefined);
  assert(captures.begin(orderOf(5), output));
  assert(web.tap !== undefined);
  assertStrictEquals(mail.tap, undefined);
  const [later, other] = [relaying(3), relaying(4, "mail")];
  captures.sessionBegan(later);
  captures.sessionBegan(other);
  assertEquals([later.tap === undefined, other.tap === undefined], [false, true]);
  captures.end(1);
  assertEquals([web.tap, output.isEnded], [undefined, true]);
});

Deno.test("ThreadCaptures: a session takes a place when something passes; without places the rest lose their taps", () => {
  const [idle, busy, late] = [relaying(1), relaying(2), relaying(3)];
  const captures = capturesOf([idle, busy, late]);
  const output = new KeptOutput();
  captures.begin(orderOf(1), output);
  busy.tap?.read(up, Uint8Array.of(1));
  assertEquals([idle.tap, late.tap, busy.tap === undefined], [undefined, undefined, false]);
  captures.end(1);
  assertEquals(output.counts, { sessionsBegun: 1, sessionsEnded: 0, dropped: [0, 0] });
});

Deno.test("ThreadCaptures: a capture of one session begins only in the thread that has it", () => {
  const session = relaying(7);
  const captures = capturesOf([session]);
  const order = orderOf(1, { subject: { kind: "session", id: 7 } });
  assertStrictEquals(
    captures.begin({ ...order, subject: { kind: "session", id: 8 } }, new KeptOutput()),
    false,
  );
  assertStrictEquals(captures.begin(order, new KeptOutput()), true);
  captures.stop();
});

Deno.test("ThreadCapture: no more waits than may, the rest is counted, and what the reader takes makes room", () => {
  const session = relaying(1);
  const captures = capturesOf([session]);
  const output = new KeptOutput();
  const order = orderOf(1);
  captures.begin(order, output);
  const piece = new Uint8Array(64_000);
  const count = Math.ceil(HELD_BYTES / piece.length) + 10;
  for (let sent = 0; sent < count; sent++) session.tap?.read(up, piece);
  assert(output.bytes <= HELD_BYTES, `${output.bytes} bytes wait`);
  // Of a reader that has taken two packets.
  new CaptureMemory(order.memory).release(2 * 65_000);
  for (let sent = 0; sent < 3; sent++) session.tap?.read(up, piece);
  captures.end(1);
  const packets = readCapture(concat(HEAD, ...output.batches)).packets;
  const [dropped = 0] = output.counts?.dropped ?? [];
  assertEquals(packets.length + dropped, count + 3);
  assert(packets.some((packet) => (packet.dropped ?? 0) >= 10));
});

Deno.test("CaptureMemory: places are those that were allocated, whichever thread takes them", () => {
  const memory = CaptureMemory.allocate(2);
  const [one, other] = [new CaptureMemory(memory), new CaptureMemory(memory)];
  assertEquals([one.takePlace(), other.takePlace(), one.takePlace()], [true, true, false]);
  assertEquals([one.hasPlaces, other.hasPlaces], [false, false]);
});

Deno.test("CaptureMemory: packets without data have room that others have not", () => {
  const memory = new CaptureMemory(CaptureMemory.allocate(1));
  memory.hold(HELD_BYTES);
  assertEquals([memory.hasRoom(2000), memory.hasRoom(300)], [false, true]);
  memory.release(2000);
  assertEquals(memory.hasRoom(2000), true);
});

Deno.test("ThreadCaptures: a defect of a capture costs no session", () => {
  const session = relaying(1);
  const defects: unknown[] = [];
  const captures = capturesOf([session], { defect: (error) => defects.push(error) });
  const broken = new KeptOutput();
  captures.begin(orderOf(1), broken);
  Object.defineProperty(session, "clientConnection", {
    get: () => {
      throw new Error("no address");
    },
  });
  session.tap?.read(up, Uint8Array.of(1));
  assertEquals(defects.length, 1);
  captures.stop();
});
