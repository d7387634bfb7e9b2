import type { Address } from "../base/mod.ts";
import type { CaptureSummary } from "../capture/mod.ts";

/** The events of the admin API. */
export interface AdminObserver {
  /** The server cannot accept and has dropped its connections; it tries again by itself. */
  adminFailing(error: unknown): void;
  /** The server accepts again. */
  adminRecovered(): void;
  /** A capture has begun: of what, in words, and for whom. Its reader gets to see payload. */
  captureBegan(what: string, caller: Address | undefined): void;
  captureEnded(what: string, summary: CaptureSummary): void;
  /** An operator has changed something: `app "web" paused`. Settings of targets are events of the proxy. */
  operated(what: string): void;
  /** A caller has sent so many wrong tokens that it has to wait. */
  tokensGuessed(caller: Address | undefined): void;
  /** An internal error; one request is lost. */
  defect(error: unknown): void;
}
