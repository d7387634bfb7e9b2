import { type Calls, Libc } from "../../../lib/net/linux/calls/libc.ts";

/** Calls that can be made to fail; `epoll_wait_aside` runs on another thread, whose errno nobody sees. */
export type FaultyCall = Exclude<keyof Calls, "malloc" | "free" | "__errno_location">;

const EINTR = 4;

type AnyCall = (...args: never[]) => unknown;

/** A C library of which the next calls fail as the test says, with an errno of its choice. */
export class FaultyLibc extends Libc {
  readonly #failures = new Map<FaultyCall, number[]>();
  #interrupted: FaultyCall | undefined;
  /** The errno of a call that was not made. */
  #errnoOfFailure: number | undefined;

  constructor() {
    super();
    const calls = Object.fromEntries(
      Object.entries(this.calls).map((
        [name, call],
      ) => [name, this.#faulty(name as FaultyCall, call as AnyCall)]),
    );
    Object.assign(this, { calls });
  }

  override get errno(): number {
    return this.#errnoOfFailure ?? super.errno;
  }

  /** Has the next calls fail, one for each errno. */
  fail(call: FaultyCall, ...errnos: readonly number[]): void {
    this.#failures.set(call, [...errnos]);
  }

  /** Has the next call do its work, and report a signal all the same. */
  interruptAfter(call: FaultyCall): void {
    this.#interrupted = call;
  }

  /** Whether all that was to fail has failed. */
  get isSpent(): boolean {
    return [...this.#failures.values()].every((left) => left.length === 0);
  }

  #faulty(name: FaultyCall, call: AnyCall): AnyCall {
    return (...args) => {
      this.#errnoOfFailure = this.#failures.get(name)?.shift();
      if (this.#errnoOfFailure === undefined) {
        const result = call(...args);
        if (this.#interrupted !== name) return result;
        this.#interrupted = undefined;
        this.#errnoOfFailure = EINTR;
      }
      return name === "epoll_wait_aside" ? Promise.resolve(-1) : -1;
    };
  }
}
