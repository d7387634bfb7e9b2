import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type CaptureCounts,
  type CaptureOrder,
  type CaptureOutput,
  type TappableSession,
  ThreadCaptures,
  type ThreadCapturesOptions,
} from "../../lib/capture/mod.ts";
import { interfaceDescription, sectionHeader } from "../../lib/protocol/mod.ts";
import { Flow } from "../../lib/relay/mod.ts";
import { concat } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import { readCapture } from "../helpers/pcapng.ts";
import { until } from "../helpers/until.ts";

const END = { kind: "tcp", host: "10.0.0.1", port: 4000 } as const;

const QUEUE_BYTES = 1024 * 1024;

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
  const memory = new SharedArrayBuffer(4);
  new Int32Array(memory)[0] = places;
  return {
    capture: 1,
    subject: { kind: "app", app: "web", clients: [] },
    resolution: "us",
    places: memory,
    queueBytes: QUEUE_BYTES,
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

Deno.test("ThreadCapture: sends no more than its credit, holds no more than its queue, and counts the rest", async () => {
  const session = relaying(1);
  const captures = capturesOf([session]);
  const output = new KeptOutput();
  captures.begin(orderOf(1), output);
  const piece = randomBytes(32 * 1024);
  for (let sent = 0; sent < 100; sent++) session.tap?.read(up, piece);
  // A batch is begun while there is credit.
  assert(output.bytes <= QUEUE_BYTES + 128 * 1024, `${output.bytes} bytes were sent`);
  const before = output.bytes;
  captures.grant(1, 256 * 1024);
  await until(() => output.bytes > before);
  captures.end(1);
  assert(output.bytes <= 2 * QUEUE_BYTES + 512 * 1024, `${output.bytes} bytes were held`);
  const { packets } = readCapture(concat(HEAD, ...output.batches));
  assertEquals(packets.length + (output.counts?.dropped[0] ?? 0), 100);
  assert((output.counts?.dropped[0] ?? 0) > 0);
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
