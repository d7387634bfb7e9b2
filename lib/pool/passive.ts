/** When failed connections eject a target. */
export interface PassiveOptions {
  /** Consecutive failures that eject. At least 1. */
  readonly failures: number;
  /** The failures must lie within this time. */
  readonly windowMs: number;
  /** The duration of the first ejection; a second in short order lasts twice as long, a third three times. */
  readonly ejectForMs: number;
  /** The largest share of targets ejected at once, 0 to 1; above 0, at least one. */
  readonly maxEjected: number;
  /** Whether the target at this index is otherwise available (health, drain). */
  readonly isAvailable: (index: number) => boolean;
}

/** The longest ejection, in multiples of the first. */
export const MAX_EJECTION_MULTIPLE = 10;

/** The state of one target. */
type PassiveState =
  | {
    readonly status: "in";
    /** The times of the latest consecutive failures, oldest first; no more than are needed to eject. */
    readonly failuresMs: readonly number[];
    /** The last ejection in multiples of the basic duration; 0 when there was none. */
    readonly multiple: number;
    readonly returnedMs: number;
  }
  | { readonly status: "ejected"; readonly untilMs: number; readonly multiple: number };

const NEVER_FAILED: PassiveState = { status: "in", failuresMs: [], multiple: 0, returnedMs: 0 };

/**
 * Outlier ejection: ejects targets whose dials fail, or whose connections are reset early, several times in a row,
 * for a time that grows with repetition.
 *
 * Each ejection lasts one basic duration longer, up to {@link MAX_EJECTION_MULTIPLE}, and one less for each duration
 * that the target has been back in use. (As in Envoy's outlier detection.)
 *
 * Two guards keep a bad network from emptying the pool: only a share of all may be out, and the last available target
 * stays in, as a bad target is better than none. A target kept in by a guard is ejected by its next failure once it
 * may be.
 */
export class PassiveHealth {
  readonly #options: PassiveOptions;
  readonly #states: PassiveState[];
  readonly #maxEjected: number;
  #ejected = 0;
  #nextReturnMs = Infinity;

  /** @param size the number of targets; they are addressed by index. */
  constructor(size: number, options: PassiveOptions) {
    this.#options = options;
    this.#states = new Array<PassiveState>(size).fill(NEVER_FAILED);
    this.#maxEjected = options.maxEjected === 0 ? 0 : Math.max(1, Math.floor(size * options.maxEjected));
  }

  /** When {@link PassiveHealth.release} next returns a target; `Infinity` when none is out. */
  get nextReturnMs(): number {
    return this.#nextReturnMs;
  }

  isEjected(index: number): boolean {
    return this.#states[index]?.status === "ejected";
  }

  /** When a target returns; `undefined` for one that is not ejected. */
  returnMs(index: number): number | undefined {
    const state = this.#states[index];
    return state?.status === "ejected" ? state.untilMs : undefined;
  }

  /** Records a success: earlier failures no longer count. */
  succeeded(index: number): void {
    const state = this.#states[index];
    if (state?.status !== "in" || state.failuresMs.length === 0) return;
    this.#states[index] = { ...state, failuresMs: [] };
  }

  /** Records a failed dial or early reset; true when it ejects the target. */
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

  /** Returns targets whose time is over to use; gives their indexes. */
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
   * Returns the same state for another list of targets.
   *
   * @param from the old index of each target of the new list, or -1 for a new one.
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
