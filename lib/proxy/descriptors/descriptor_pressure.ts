import type { Address, Clock } from "../../base/mod.ts";
import { FdPressure, type SharedFdPressure } from "../../dial/mod.ts";
import { DescriptorShares, type ShareSession } from "./descriptor_shares.ts";

export interface DescriptorPressureOptions {
  readonly clock: Clock;
  /** Pressure shared with other threads; default: this thread is the only one. */
  readonly starved?: SharedFdPressure | undefined;
  /** All sessions of this thread. */
  sessions(): readonly ShareSession[];
  /** How many apps there are. */
  apps(): number;
}

/** The lack of file descriptors in this thread, which shows at listeners and at dials, and what is done about it. */
export class DescriptorPressure {
  /** The dials that lack a descriptor. */
  readonly dials: FdPressure;
  readonly #shares: DescriptorShares;
  readonly #pausedListeners = new Set<Address>();

  constructor({ clock, starved, sessions, apps }: DescriptorPressureOptions) {
    this.#shares = new DescriptorShares({
      clock,
      sessions,
      apps,
      isLacking: () => this.#pausedListeners.size > 0 || this.dials.isLacking,
    });
    this.dials = new FdPressure({ everywhere: starved, onWant: () => this.#shares.lacks() });
  }

  /** Counts a session of an app that begins. */
  began(app: string): void {
    this.#shares.began(app);
  }

  /** Counts a session of an app that has ended. */
  ended(app: string): void {
    this.#shares.ended(app);
  }

  /** Notes that a listener cannot accept. */
  acceptPaused(listener: Address): void {
    this.#pausedListeners.add(listener);
    this.#shares.lacks();
  }

  /** Notes that a listener accepts again. */
  acceptResumed(listener: Address): void {
    this.#pausedListeners.delete(listener);
  }

  /** Holds an app's listeners while dials or other apps need the next descriptors; `undefined` for no wait. */
  hold(app: string, signal: AbortSignal): Promise<void> | undefined {
    return this.dials.hold(signal) ?? this.#shares.hold(app, signal);
  }

  stop(): void {
    this.#shares.stop();
  }
}
