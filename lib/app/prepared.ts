/** A change that is ready: everything that can fail has been done. Exactly one of the two is called, once. */
export interface Prepared {
  /** Puts it into effect, at once; never fails. */
  commit(): void;
  /** Gives up what it holds; what runs goes on as before. */
  discard(): Promise<void>;
}
