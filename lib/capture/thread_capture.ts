import { CidrSet } from "../limits/mod.ts";
import { enhancedPacket } from "../protocol/mod.ts";
import type { Side } from "../relay/mod.ts";
import type { TappedSession } from "../session/mod.ts";
import { BlockQueue } from "./_block_queue.ts";
import { CaptureMemory } from "./capture_memory.ts";
import { SessionTrace, type SidePacket } from "./_session_trace.ts";
import type { CaptureCounts, CaptureOrder, CaptureOutput } from "./order.ts";
import { timestampOf, type WallClock } from "./wall_clock.ts";

export interface ThreadCaptureOptions {
  readonly clock: WallClock;
  readonly output: CaptureOutput;
}

/** Interface of each side of the proxy. */
export const INTERFACES: Readonly<Record<Side, 0 | 1>> = { client: 0, target: 1 };

/** How long packets may wait for others to travel with. */
const WAIT_MS = 20;

/** So many bytes travel at once. */
const BATCH_BYTES = 128 * 1024;

/** Headers, options and comment of a packet, at most. */
const OVERHEAD_BYTES = 256;

/** One capture in one thread: chooses sessions, makes their packets, and sends these as long as there is room. */
export class ThreadCapture {
  readonly order: CaptureOrder;
  readonly #options: ThreadCaptureOptions;
  readonly #queue = new BlockQueue();
  readonly #clients: CidrSet;
  readonly #memory: CaptureMemory;
  /** When it began, on the clock of sessions. */
  readonly #sinceMs: number;
  readonly #dropped: [number, number] = [0, 0];
  /** Packets lost since the last one on each interface. */
  readonly #gap: [number, number] = [0, 0];
  #sessionsBegun = 0;
  #sessionsEnded = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(order: CaptureOrder, options: ThreadCaptureOptions) {
    this.order = order;
    this.#options = options;
    this.#clients = new CidrSet(order.subject.kind === "app" ? order.subject.clients : []);
    this.#memory = new CaptureMemory(order.memory);
    this.#sinceMs = options.clock.nowMs();
  }

  /** Whether it may capture another session. */
  get hasPlaces(): boolean {
    return !this.#isOver && this.#memory.hasPlaces;
  }

  /** Returns whether a session may be one to capture; its client may not be known yet. */
  mayCover({ id, app }: TappedSession): boolean {
    const { subject } = this.order;
    return subject.kind === "session" ? subject.id === id : subject.app === app.name;
  }

  /** Begins to trace a session; `undefined` if it is not to be captured. */
  begin(session: TappedSession): SessionTrace | undefined {
    if (!this.hasPlaces || !this.#covers(session) || !this.#memory.takePlace()) return undefined;
    this.#sessionsBegun++;
    return new SessionTrace(session, {
      sinceMs: this.#sinceMs,
      admits: (side, payloadBytes) => this.#admits(INTERFACES[side], payloadBytes),
      emit: (packet) => this.#packet(packet),
    });
  }

  /** A session that was traced has ended. */
  sessionEnded(): void {
    this.#sessionsEnded++;
    this.#schedule();
  }

  /** Ends the capture, and sends all waiting packets. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.output.packets(this.#queue.take(), this.#counts());
    this.#options.output.ended();
  }

  #covers(session: TappedSession): boolean {
    if (!this.mayCover(session)) return false;
    const { client } = session;
    return this.#clients.size === 0 ||
      (client.kind === "tcp" && this.#clients.find(client.host) !== undefined);
  }

  /** Returns whether there is room for a packet; otherwise counts it as dropped. */
  #admits(interfaceId: 0 | 1, payloadBytes: number): boolean {
    if (this.#isOver) return false;
    if (this.#memory.hasRoom(payloadBytes + OVERHEAD_BYTES)) return true;
    this.#dropped[interfaceId]++;
    this.#gap[interfaceId]++;
    return false;
  }

  #packet({ side, from, headers, payload, timeMs, comment }: SidePacket): void {
    const interfaceId = INTERFACES[side];
    const gap = this.#gap[interfaceId];
    this.#gap[interfaceId] = 0;
    const block = enhancedPacket({
      interfaceId,
      timestamp: timestampOf(this.#options.clock.wallMs(timeMs), this.order.resolution),
      headers,
      payload,
      isInbound: from === "peer",
      dropped: gap === 0 ? undefined : gap,
      comment,
    });
    this.#memory.hold(block.length);
    this.#queue.add(block);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isOver) return;
    if (this.#queue.bytes >= BATCH_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), WAIT_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#options.output.packets(this.#queue.take(), this.#counts());
  }

  #counts(): CaptureCounts {
    const [client, target] = this.#dropped;
    return {
      sessionsBegun: this.#sessionsBegun,
      sessionsEnded: this.#sessionsEnded,
      dropped: [client, target],
    };
  }
}
