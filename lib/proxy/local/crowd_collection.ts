import { type Cancel, runtimeScheduler, type Scheduler } from "../../pool/mod.ts";

/**
 * Collects garbage; resolves when that is done. A compacting collection gives memory back to the system, and takes twice the
 * time.
 */
export type Collect = (isCompacting: boolean) => Promise<void>;

/** V8's function of that name, which it has where it runs with `--expose-gc` (`tools/v8_flags.ts`). */
declare const gc:
  | ((options: { type: "major"; execution: "async"; flavor: "regular" | "last-resort" }) => Promise<void>)
  | undefined;

/** As many sessions as leave some MiB behind. */
const CROWD = 200;

/** What is left of a crowd that has gone, as a fraction of its largest number. */
const LEFT = 1 / 4;

/** How long it must have been gone; a crowd that comes and goes is not collected each time. */
const QUIET_MS = 2000;

/** How long after a collection the next one comes at the earliest. */
const EVERY_MS = 15_000;

/** With no more sessions than that, a longer stop is worth the memory. */
const FEW = 16;

/** A thread that accepts more than so many connections in that time is busy, and V8 collects by itself. */
const QUIET_BEGAN = 200;

export interface CrowdCollectionOptions {
  /** The number of sessions of this thread. */
  sessions(): number;
  /** Default: V8's own, and nothing where it is not exposed. */
  readonly collect?: Collect | undefined;
  /** Default the runtime's timers. */
  readonly scheduler?: Scheduler;
  defect(error: unknown): void;
}

/**
 * Collects garbage once a crowd of sessions has left. V8 collects when it is asked for memory; after a crowd nobody asks,
 * so what 2,000 sessions were made of stayed, and the next crowd came on top of it. It takes the thread some
 * 40 ms, or 100 where hardly anybody is left and memory is given back, when it has little else to do.
 */
export class CrowdCollection {
  readonly #options: CrowdCollectionOptions;
  readonly #collect: Collect | undefined;
  readonly #scheduler: Scheduler;
  #most = 0;
  #began = 0;
  #nextMs = 0;
  #cancel: Cancel | undefined;

  constructor(options: CrowdCollectionOptions) {
    this.#options = options;
    this.#collect = options.collect ?? exposedCollect();
    this.#scheduler = options.scheduler ?? runtimeScheduler;
  }

  /** A session has begun. */
  began(): void {
    this.#began++;
    const sessions = this.#options.sessions();
    if (sessions > this.#most) this.#most = sessions;
  }

  /** A session has ended. */
  ended(): void {
    if (this.#most < CROWD || this.#cancel !== undefined || this.#collect === undefined || !this.#hasLeft()) {
      return;
    }
    this.#lookAfter(Math.max(QUIET_MS, this.#nextMs - this.#scheduler.nowMs()));
  }

  stop(): void {
    this.#cancel?.();
  }

  #hasLeft(): boolean {
    return this.#options.sessions() <= this.#most * LEFT;
  }

  #lookAfter(delayMs: number): void {
    this.#began = 0;
    this.#cancel = this.#scheduler.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    if (!this.#hasLeft()) return;
    if (this.#began > QUIET_BEGAN) return this.#lookAfter(QUIET_MS);
    this.#most = this.#options.sessions();
    this.#nextMs = this.#scheduler.nowMs() + EVERY_MS;
    this.#collect?.(this.#most <= FEW).catch((error) => this.#options.defect(error));
  }
}

function exposedCollect(): Collect | undefined {
  if (typeof gc !== "function") return undefined;
  const collect = gc;
  return (isCompacting) =>
    collect({ type: "major", execution: "async", flavor: isCompacting ? "last-resort" : "regular" });
}
