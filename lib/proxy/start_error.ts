/** A proxy that could not be started: nothing listens. */
export class StartError extends Error {
  override readonly name = "StartError";
}
