import { assert, assertEquals } from "@std/assert";
import { type CaptureFile, CaptureMemory, type CaptureOrder, HELD_BYTES } from "../../lib/capture/mod.ts";
import { enhancedPacket, TCP_FLAG, tcpHeaders } from "../../lib/protocol/mod.ts";
import type { ToWorker } from "../../lib/workers/channel/messages.ts";
import { WorkerCaptures } from "../../lib/workers/control/requests/worker_captures.ts";
import { begun, captureOf, requestOf } from "../helpers/protocol/captures.ts";

/** A worker that keeps what it is sent. */
class KeptPort {
  readonly messages: ToWorker[] = [];

  post(message: ToWorker): void {
    this.messages.push(message);
  }

  /** The kinds of what it was sent. */
  get kinds(): string[] {
    return this.messages.map(({ kind }) => kind);
  }

  /** The number of the capture that it was sent last. */
  get capture(): number {
    return this.order.capture;
  }

  get order(): CaptureOrder {
    const message = this.messages.findLast(({ kind }) => kind === "capture");
    if (message?.kind !== "capture") throw new Error("no capture was begun here");
    return message.order;
  }
}

const APP = { kind: "app", app: "web", clients: [] } as const;
const SESSION = { kind: "session", id: 7 } as const;
const NO_SESSION = { sessionsBegun: 0, sessionsEnded: 0, dropped: [0, 0] } as const;
const END = { ip: Uint8Array.of(10, 0, 0, 1), port: 1 };

/** A block with one packet. */
function packet(bytes = 100): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(bytes);
  const segment = { from: END, to: END, sequence: 0, acknowledgement: 0, flags: TCP_FLAG.ack, window: 0 };
  const headers = tcpHeaders(segment, payload);
  return enhancedPacket({ interfaceId: 0, timestamp: 0n, headers, payload, isInbound: true });
}

/** Two workers that have started. */
function twoWorkers(): { captures: WorkerCaptures; ports: [KeptPort, KeptPort] } {
  const captures = new WorkerCaptures();
  const ports: [KeptPort, KeptPort] = [new KeptPort(), new KeptPort()];
  for (const port of ports) assertEquals(captures.ordersFor(port), []);
  return { captures, ports };
}

/** Begins a capture of the app in both workers. */
async function beginInBoth(
  { captures, ports }: ReturnType<typeof twoWorkers>,
  count = 2,
): Promise<{ file: CaptureFile; capture: number }> {
  const starting = captures.start(requestOf(APP, { count }));
  const { capture } = ports[0];
  for (const port of ports) captures.receive(port, { kind: "capture_begun", capture });
  return { file: begun(await starting), capture };
}

Deno.test("WorkerCaptures: a session is captured in the worker that has it", async () => {
  const { captures, ports: [first, second] } = twoWorkers();
  const starting = captures.start(requestOf(SESSION));
  const { capture } = first;
  assertEquals(second.capture, capture);
  captures.receive(first, { kind: "capture_ended", capture });
  captures.receive(second, { kind: "capture_begun", capture });
  const file = begun(await starting);
  captures.receive(second, {
    kind: "capture_packets",
    capture,
    blocks: packet(),
    counts: { sessionsBegun: 1, sessionsEnded: 1, dropped: [2, 0] },
  });
  captures.receive(second, { kind: "capture_ended", capture });
  const { packets, statistics } = await captureOf(file);
  assertEquals([packets.length, statistics[0]?.dropped], [1, 2]);
  assertEquals((await file.done).end, "session ended");
  assertEquals(first.kinds, ["capture"]);
});

Deno.test("WorkerCaptures: a session that no worker has, or only one that died, is unknown", async () => {
  const { captures, ports: [first, second] } = twoWorkers();
  const starting = captures.start(requestOf(SESSION));
  captures.receive(first, { kind: "capture_ended", capture: first.capture });
  captures.lost(second);
  assertEquals(await starting, { kind: "unknown_session" });
});

Deno.test("WorkerCaptures: what the reader takes makes room in all workers; when it leaves, all end", async () => {
  const both = twoWorkers();
  const { file, capture } = await beginInBoth(both);
  const { captures, ports: [first, second] } = both;
  const blocks = packet(3000);
  const memory = new CaptureMemory(second.order.memory);
  memory.hold(HELD_BYTES);
  captures.receive(first, { kind: "capture_packets", capture, blocks, counts: NO_SESSION });
  assertEquals(memory.hasRoom(3000), false);
  const reader = file.stream.getReader();
  // The head of the file is three blocks.
  for (let block = 0; block < 4; block++) await reader.read();
  assertEquals(memory.hasRoom(3000), true);
  assertEquals([first.kinds, second.kinds], [["capture"], ["capture"]]);
  await reader.cancel();
  assertEquals([first.kinds.at(-1), second.kinds.at(-1)], ["capture_end", "capture_end"]);
});

Deno.test("WorkerCaptures: a worker that dies ends its connections, and the capture when no other is open", async () => {
  const both = twoWorkers();
  const { file, capture } = await beginInBoth(both);
  const { captures, ports: [first, second] } = both;
  const counts = { sessionsBegun: 1, sessionsEnded: 0, dropped: [0, 0] } as const;
  for (const port of both.ports) {
    captures.receive(port, { kind: "capture_packets", capture, blocks: packet(), counts });
  }
  captures.lost(first);
  assertEquals(second.kinds, ["capture"]);
  const ended = { ...counts, sessionsEnded: 1 };
  captures.receive(second, { kind: "capture_packets", capture, blocks: packet(), counts: ended });
  assertEquals(second.kinds, ["capture", "capture_end"]);
  captures.receive(second, { kind: "capture_ended", capture });
  assertEquals((await captureOf(file)).packets.length, 3);
  assertEquals((await file.done).sessions, 2);
});

Deno.test("WorkerCaptures: a worker that starts later takes part in captures of apps", async () => {
  const both = twoWorkers();
  const { file, capture } = await beginInBoth(both);
  const { captures } = both;
  const starting = captures.start(requestOf(SESSION));
  captures.receive(both.ports[1], { kind: "capture_begun", capture: both.ports[1].capture });
  captures.receive(both.ports[0], { kind: "capture_ended", capture: both.ports[0].capture });
  const session = begun(await starting);
  const third = new KeptPort();
  assertEquals(captures.ordersFor(third).map((order) => order.capture), [capture]);
  captures.receive(third, { kind: "capture_packets", capture, blocks: packet(), counts: NO_SESSION });
  captures.receive(third, { kind: "capture_begun", capture });
  for (const { stream } of [file, session]) await stream.cancel();
  assert(third.kinds.includes("capture_end"));
  const fourth = new KeptPort();
  assertEquals(captures.ordersFor(fourth), []);
});

Deno.test("WorkerCaptures: what comes of a capture that is over is dropped", async () => {
  const both = twoWorkers();
  const { file, capture } = await beginInBoth(both);
  await file.stream.cancel();
  await file.done;
  const { captures, ports: [first] } = both;
  captures.receive(first, { kind: "capture_packets", capture, blocks: packet(), counts: NO_SESSION });
  captures.receive(first, { kind: "capture_ended", capture });
  captures.lost(first);
});
