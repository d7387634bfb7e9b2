/** What the admin API tells whoever looks on. */
export interface AdminObserver {
  /** It has stopped to answer and drops its connections; it opens again by itself. */
  adminFailing(error: unknown): void;
  /** It is open again. */
  adminRecovered(): void;
  /** Something of the program itself failed; one request is lost. */
  defect(error: unknown): void;
}
