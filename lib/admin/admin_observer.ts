/** The events of the admin API. */
export interface AdminObserver {
  /** The server cannot accept and has dropped its connections; it tries again by itself. */
  adminFailing(error: unknown): void;
  /** The server accepts again. */
  adminRecovered(): void;
  /** An internal error; one request is lost. */
  defect(error: unknown): void;
}
