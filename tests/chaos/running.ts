/** Connections as a proxy itself counts them. */
export interface Counts {
  readonly accepted: number;
  readonly ended: number;
  readonly active: number;
}

/** A started proxy. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** How it ended, if it has. */
  readonly end: string | undefined;
  /** Its processes. */
  pids(): number[];
  memoryMib(): number;
  descriptors(): number;
  /** `undefined` where it does not say. */
  counts(): Promise<Counts | undefined>;
  /** Returns why it refuses. */
  reload(round: number): Promise<string | undefined>;
  /** Closes the pipe that its log goes to. */
  closeLog(): Promise<void>;
  /** Ends it; returns how it ended, and the end of what it said. */
  stop(): Promise<{ readonly end: string; readonly tail: string }>;
}
