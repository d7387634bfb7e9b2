/** A log server that cannot be reached, or takes nothing; the message names it. */
export class LogServerError extends Error {
  override readonly name = "LogServerError";
  readonly code: string;

  constructor(server: string, code: string, why: string) {
    super(`${server}: ${why}`);
    this.code = code;
  }
}
