import { setImmediate } from "node:timers";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
} from "./calls/constants.ts";
import { type Microtasks, openMicrotasks } from "../../runtime/mod.ts";
import type { Allocation, Libc } from "./calls/libc.ts";

/** A descriptor's owner, which learns what happens to it. */
export interface Sink {
  /** Set by the reactor; 0 while it is not registered. */
  generation: number;
  /** Handles events (`EPOLLIN`, …). Must not throw. */
  onEvents(events: number): void;
  /** The reactor ends, and with it the thread's sockets: closes the descriptor. */
  onEnd(): void;
}

/** Something to do in a turn of the reactor. */
export interface TurnTask {
  /** Called once in the next turn. Must not throw. */
  onTurn(): void;
}

/** Events taken at once. */
const MAX_EVENTS = 512;

/** `struct epoll_event` is packed on x86-64 alone. */
const [EVENT_BYTES, DATA_AT] = Deno.build.arch === "x86_64" ? [12, 4] : [16, 8];

/**
 * How long the thread may sleep in `epoll_wait` while traffic flows. The runtime's own timers, messages and operations wait
 * for up to eight such naps.
 */
const NAP_MS = 1;

/**
 * Events, and naps in events, after which the runtime's event loop has its turn. It costs a fifth of a request where one
 * connection at a time is served, and naps that an event ends at once are many.
 */
const EVENTS_A_TURN = 64;
const EVENTS_A_NAP = 2;

/** Naps after which the time is looked at, and the time after which the event loop has its turn then. */
const NAPS_A_LOOK = 8;
const TURN_MS = 4;

/**
 * Naps without an event after which the thread waits on a thread of the runtime's pool. That costs nothing while nothing
 * happens, but some 100 µs at the next event. It also lets the runtime look at sockets of its own, which it does otherwise
 * only every 61 turns of its event loop.
 */
const MAX_NAPS = 8;

/**
 * Longest wait on the pool's thread. The end of the reactor wakes it; this bounds how long it outlasts a worker that was
 * terminated.
 */
const ASLEEP_MS = 1000;

/**
 * Watches descriptors with one edge-triggered `epoll(7)`, in turns of the runtime's event loop.
 *
 * A turn takes batches of events and reports each. What awaits the promises that a batch has settled runs before the
 * next, and if it has begun something with the runtime, the event loop has its turn before the thread sleeps.
 *
 * A descriptor's number is free for another as soon as it is closed, and a batch may still hold an event of the one
 * before. So each registration has a generation, which the kernel hands back with the event.
 */
export class Reactor {
  readonly #libc: Libc;
  readonly #microtasks: Microtasks | undefined = openMicrotasks();
  readonly #epoll: number;
  readonly #wakeUp: number;
  readonly #events: Allocation;
  readonly #view: DataView;
  readonly #control = new Uint8Array(EVENT_BYTES);
  readonly #controlView = new DataView(this.#control.buffer);
  /** By descriptor. */
  readonly #sinks: (Sink | undefined)[] = [];
  /** Counts the batches of events. */
  turn = 1;
  #size = 0;
  #generation = 0;
  /** Tasks for the next turn. */
  #deferred: TurnTask[] = [];
  #isTurning = false;
  #hasSettled = false;
  /** Whether the runtime's event loop must have a turn before the thread may sleep. */
  #mustYield = false;
  /** Naps without an event since the thread last slept. */
  #naps = 0;
  #asleep: Promise<void> | undefined;

  /** @throws {SystemError} when the process has no descriptor left. */
  constructor(libc: Libc) {
    const { calls } = libc;
    this.#libc = libc;
    this.#epoll = libc.check("epoll_create1", calls.epoll_create1(EPOLL_CLOEXEC));
    this.#wakeUp = calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (this.#wakeUp < 0) {
      const error = libc.error("eventfd");
      calls.close(this.#epoll);
      throw error;
    }
    this.#events = libc.allocate(MAX_EVENTS * EVENT_BYTES);
    this.#view = new DataView(this.#events.bytes.buffer);
    this.#sinks[this.#wakeUp] = {
      generation: 0,
      onEvents: () => calls.read(this.#wakeUp, new Uint8Array(8), 8),
      onEnd: () => {},
    };
    this.#add(this.#wakeUp, EPOLLIN | EPOLLET);
  }

  /** The descriptors that it holds itself. */
  get descriptors(): readonly number[] {
    return [this.#epoll, this.#wakeUp];
  }

  /**
   * Watches a descriptor until {@link Reactor.remove}. What it is ready for already is reported too.
   *
   * @throws {SystemError} when the kernel has no memory for it.
   */
  add(fd: number, sink: Sink): void {
    this.#generation = (this.#generation + 1) & 0x7fffffff || 1;
    sink.generation = this.#generation;
    this.#sinks[fd] = sink;
    this.#size++;
    try {
      this.#add(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    } catch (error) {
      this.remove(fd);
      throw error;
    }
    this.#start();
  }

  /** Reports a descriptor that is watched already to another owner. */
  handOver(fd: number, sink: Sink): void {
    sink.generation = this.#sinks[fd]?.generation ?? 0;
    this.#sinks[fd] = sink;
  }

  /** Forgets a descriptor, which its owner closes in the same turn. */
  remove(fd: number): void {
    const sink = this.#sinks[fd];
    if (sink === undefined) return;
    sink.generation = 0;
    this.#sinks[fd] = undefined;
    if (--this.#size === 0) this.#wake();
  }

  /** As {@link Reactor.remove}, for a socket that other descriptors may hold open: the kernel would go on watching it. */
  unwatch(fd: number): void {
    this.#libc.calls.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, fd, this.#control);
    this.remove(fd);
  }

  /** Calls the task in the next turn, after the events that are there by then. */
  defer(task: TurnTask): void {
    this.#deferred.push(task);
    this.#start();
    this.#wake();
  }

  /** A report has settled a promise: what awaits it runs after the batch. */
  settled(): void {
    this.#hasSettled = true;
  }

  /** The same for a promise whose bytes may go to the runtime (TLS): its event loop has a turn before the thread sleeps. */
  answered(): void {
    this.#hasSettled = true;
    this.#mustYield = true;
  }

  /** Ends all sinks, and stops; resolves when no thread uses it any more. */
  async close(): Promise<void> {
    for (const sink of [...this.#sinks]) sink?.onEnd();
    this.#size = 0;
    this.#deferred = [];
    this.#wake();
    await this.#asleep;
    while (this.#isTurning) await new Promise((resolve) => setImmediate(resolve));
    this.#libc.calls.close(this.#wakeUp);
    this.#libc.calls.close(this.#epoll);
    this.#events.free();
  }

  #add(fd: number, events: number): void {
    const generation = this.#sinks[fd]?.generation ?? 0;
    this.#controlView.setUint32(0, events >>> 0, true);
    this.#controlView.setInt32(DATA_AT, fd, true);
    this.#controlView.setInt32(DATA_AT + 4, generation, true);
    this.#libc.check("epoll_ctl", this.#libc.calls.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, this.#control));
  }

  #start(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const { calls } = this.#libc;
    let mayNap = !this.#mustYield;
    this.#mustYield = false;
    let left = EVENTS_A_TURN;
    let naps = 0;
    const beganMs = performance.now();
    while (left > 0) {
      const napMs = mayNap && this.#deferred.length === 0 ? NAP_MS : 0;
      const count = calls.epoll_wait(this.#epoll, this.#events.bytes, MAX_EVENTS, napMs);
      this.turn++;
      if (count > 0) this.#report(count);
      else if (napMs > 0) this.#naps++;
      if (this.#deferred.length > 0) this.#runDeferred();
      if (this.#hasSettled) this.#drain();
      if (count <= 0 || this.#mustYield) break;
      mayNap = true;
      if (napMs > 0) {
        left -= EVENTS_A_NAP;
        if (++naps % NAPS_A_LOOK === 0 && performance.now() - beganMs > TURN_MS) break;
      }
      left -= count;
    }
    if (this.#size === 0 && this.#deferred.length === 0) {
      this.#isTurning = false;
      return;
    }
    if (this.#deferred.length > 0 || this.#mustYield || this.#naps < MAX_NAPS) setImmediate(this.#turn);
    else this.#asleep = this.#sleep();
  };

  /** Waits on another thread, so that this one is not blocked; no turn runs until then. */
  async #sleep(): Promise<void> {
    const { calls } = this.#libc;
    const count = await calls.epoll_wait_aside(this.#epoll, this.#events.pointer, MAX_EVENTS, ASLEEP_MS);
    this.#asleep = undefined;
    this.turn++;
    this.#naps = 0;
    if (count > 0) this.#report(count);
    this.#mustYield = true;
    setImmediate(this.#turn);
  }

  /** Runs what awaits settled promises. */
  #drain(): void {
    this.#hasSettled = false;
    this.#microtasks?.drain();
    if (this.#microtasks?.hasTicks() ?? true) this.#mustYield = true;
  }

  #report(count: number): void {
    const view = this.#view;
    for (let at = 0; at < count * EVENT_BYTES; at += EVENT_BYTES) {
      const sink = this.#sinks[view.getInt32(at + DATA_AT, true)];
      // Closed earlier in this batch, and maybe opened again as another.
      if (sink === undefined || sink.generation !== view.getInt32(at + DATA_AT + 4, true)) continue;
      try {
        sink.onEvents(view.getUint32(at, true));
      } catch (error) {
        // A defect: the events behind this one would be lost, and their connections would wait for ever.
        reportError(error);
      }
    }
  }

  #runDeferred(): void {
    const tasks = this.#deferred;
    this.#deferred = [];
    for (const task of tasks) {
      try {
        task.onTurn();
      } catch (error) {
        reportError(error);
      }
    }
  }

  #wake(): void {
    if (this.#asleep === undefined) return;
    ONE[0] = 1;
    this.#libc.calls.write(this.#wakeUp, ONE, 8);
  }
}

const ONE = new Uint8Array(8);
