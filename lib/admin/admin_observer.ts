/** The events of the admin API. */
export interface AdminObserver {
  /** The server has stopped and dropped its connections; it reopens by itself. */
  adminFailing(error: unknown): void;
  /** The server is open again. */
  adminRecovered(): void;
  /** An internal error; one request is lost. */
  defect(error: unknown): void;
}
