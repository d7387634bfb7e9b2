/** A change that is ready: everything that can fail has been done. Call exactly one of the two, once. */
export interface Prepared {
  /** Applies the change at once; never fails. */
  commit(): void;
  /** Releases what it holds; the running state stays as it was. */
  discard(): Promise<void>;
}
