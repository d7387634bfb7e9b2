import { type Cancel, runtimeScheduler, type Scheduler } from "../../pool/mod.ts";

/** Collects garbage; resolves when that is done. */
export type Collect = () => Promise<void>;

/** V8's function of that name, which it has where it runs with `--expose-gc` (`tools/v8_flags.ts`). */
declare const gc: ((options: { type: "major"; execution: "async" }) => Promise<void>) | undefined;

/** As many sessions as leave some MiB behind. */
const CROWD = 500;

/** What is left of a crowd that has gone, as a fraction of its largest number. */
const LEFT = 1 / 4;

/** How long it must have been gone; a crowd that comes and goes is not collected each time. */
const QUIET_MS = 2000;

/** A thread that accepts more than so many connections in that time is busy, and V8 collects by itself. */
const QUIET_BEGAN = 200;

export interface CrowdCollectionOptions {
  /** The number of sessions of this thread. */
  sessions(): number;
  /** Default: V8's own, and nothing where it is not exposed. */
  readonly collect?: Collect | undefined;
  /** Default the runtime's timers. */
  readonly scheduler?: Pick<Scheduler, "after">;
  defect(error: unknown): void;
}

/**
 * Collects garbage once a crowd of sessions has left. V8 collects when it is asked for memory; after a crowd nobody asks,
 * so what 2,000 sessions were made of stayed, and the next crowd came on top of it. It takes the thread some
 * 40 ms, when it has little else to do.
 */
export class CrowdCollection {
  readonly #options: CrowdCollectionOptions;
  readonly #collect: Collect | undefined;
  #most = 0;
  #began = 0;
  #cancel: Cancel | undefined;

  constructor(options: CrowdCollectionOptions) {
    this.#options = options;
    this.#collect = options.collect ?? exposedCollect();
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
    this.#began = 0;
    const { scheduler = runtimeScheduler } = this.#options;
    this.#cancel = scheduler.after(QUIET_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel?.();
  }

  #hasLeft(): boolean {
    return this.#options.sessions() <= this.#most * LEFT;
  }

  #look(): void {
    this.#cancel = undefined;
    if (!this.#hasLeft()) return;
    this.#most = this.#options.sessions();
    if (this.#began > QUIET_BEGAN) return;
    this.#collect?.().catch((error) => this.#options.defect(error));
  }
}

function exposedCollect(): Collect | undefined {
  if (typeof gc !== "function") return undefined;
  const collect = gc;
  return () => collect({ type: "major", execution: "async" });
}
