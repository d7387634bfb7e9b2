/** The statuses of requests that are refused before, or while, they are read. */
export type RequestErrorStatus = 400 | 413 | 431 | 501 | 505;

/** A request that cannot be read. The connection is closed after the response, since the next request has no known start. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: RequestErrorStatus;

  constructor(status: RequestErrorStatus, message: string) {
    super(message);
    this.status = status;
  }
}
