/** When real connections show that a target is bad. */
export interface PassiveOptions {
  /** So many failures in a row eject. At least 1. */
  readonly failures: number;
  /** The failures must lie within this time. */
  readonly windowMs: number;
  /** How long the first ejection lasts; the second in short order lasts twice as long, the third three times. */
  readonly ejectForMs: number;
  /** The greatest share of the targets, 0 to 1, that may be ejected at once; above 0, at least one. */
  readonly maxEjected: number;
  /** Whether the target at this index could take connections now, for all that others know of it (health, drain). */
  readonly isAvailable: (index: number) => boolean;
}

/** However often a target fails, it is tried again after so many times the first ejection. */
export const MAX_EJECTION_MULTIPLE = 10;

/** What is held of one target. */
type PassiveState =
  | {
    readonly status: "in";
    /** When the latest failures in a row came, oldest first; no more than are needed to eject. */
    readonly failuresMs: readonly number[];
    /** How many times the basic duration the last ejection lasted; 0 when there was none. */
    readonly multiple: number;
    readonly returnedMs: number;
  }
  | { readonly status: "ejected"; readonly untilMs: number; readonly multiple: number };

const NEVER_FAILED: PassiveState = { status: "in", failuresMs: [], multiple: 0, returnedMs: 0 };

/**
 * Outlier ejection: takes targets out of use whose dials fail, or whose connections are reset early, several times in a
 * row, and lets them return after a time that grows when they fail again.
 *
 * How long an ejection lasts grows by one basic duration each time, to {@link MAX_EJECTION_MULTIPLE} of them, and
 * shrinks by one for each that the target has been back in use since. (As in Envoy's outlier detection.)
 *
 * Two guards keep a bad network from emptying the pool: no more than a share of all may be out, and one that is the
 * last available stays in, as a bad target is better than none. A target that must stay is ejected by its next failure
 * once it may.
 */
export class PassiveHealth {
  readonly #options: PassiveOptions;
  readonly #states: PassiveState[];
  readonly #maxEjected: number;
  #ejected = 0;
  #nextReturnMs = Infinity;

  /** @param size how many targets there are; they are known by their index. */
  constructor(size: number, options: PassiveOptions) {
    this.#options = options;
    this.#states = new Array<PassiveState>(size).fill(NEVER_FAILED);
    this.#maxEjected = options.maxEjected === 0 ? 0 : Math.max(1, Math.floor(size * options.maxEjected));
  }

  /** When {@link PassiveHealth.release} will next return someone; `Infinity` when nobody is out. */
  get nextReturnMs(): number {
    return this.#nextReturnMs;
  }

  isEjected(index: number): boolean {
    return this.#states[index]?.status === "ejected";
  }

  /** When a target will return; `undefined` for one that is not out. */
  returnMs(index: number): number | undefined {
    const state = this.#states[index];
    return state?.status === "ejected" ? state.untilMs : undefined;
  }

  /** Notes a connection that went well: failures before it no longer count. */
  succeeded(index: number): void {
    const state = this.#states[index];
    if (state?.status !== "in" || state.failuresMs.length === 0) return;
    this.#states[index] = { ...state, failuresMs: [] };
  }

  /** Notes a failed dial or an early reset; true when the target is ejected by it. */
  failed(index: number, nowMs: number): boolean {
    const state = this.#states[index];
    if (state?.status !== "in") return false;
    const { failures, windowMs, ejectForMs } = this.#options;
    const failuresMs = [...state.failuresMs, nowMs].slice(-failures);
    const isOutlier = failuresMs.length === failures && nowMs - (failuresMs[0] ?? nowMs) <= windowMs;
    if (!isOutlier || !this.#mayEject(index)) {
      this.#states[index] = { ...state, failuresMs };
      return false;
    }
    const forgiven = Math.floor((nowMs - state.returnedMs) / ejectForMs);
    const multiple = Math.min(MAX_EJECTION_MULTIPLE, Math.max(0, state.multiple - forgiven) + 1);
    const untilMs = nowMs + multiple * ejectForMs;
    this.#states[index] = { status: "ejected", untilMs, multiple };
    this.#ejected++;
    this.#nextReturnMs = Math.min(this.#nextReturnMs, untilMs);
    return true;
  }

  /** Lets those return whose time is over, and gives their indexes. */
  release(nowMs: number): number[] {
    if (nowMs < this.#nextReturnMs) return [];
    const returned: number[] = [];
    this.#nextReturnMs = Infinity;
    for (const [index, state] of this.#states.entries()) {
      if (state.status !== "ejected") continue;
      if (state.untilMs > nowMs) {
        this.#nextReturnMs = Math.min(this.#nextReturnMs, state.untilMs);
        continue;
      }
      this.#states[index] = { status: "in", failuresMs: [], multiple: state.multiple, returnedMs: nowMs };
      this.#ejected--;
      returned.push(index);
    }
    return returned;
  }

  /**
   * The same for another list of targets.
   *
   * @param from the old index of each target of the new list, or -1 for one that is new.
   */
  moved(from: readonly number[]): PassiveHealth {
    const next = new PassiveHealth(from.length, this.#options);
    for (const [index, old] of from.entries()) {
      const state = this.#states[old];
      if (state === undefined) continue;
      next.#states[index] = state;
      if (state.status !== "ejected") continue;
      next.#ejected++;
      next.#nextReturnMs = Math.min(next.#nextReturnMs, state.untilMs);
    }
    return next;
  }

  #mayEject(index: number): boolean {
    if (this.#ejected >= this.#maxEjected) return false;
    return this.#states.some((state, other) =>
      other !== index && state.status === "in" && this.#options.isAvailable(other)
    );
  }
}
