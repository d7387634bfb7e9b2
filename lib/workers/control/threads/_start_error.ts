import { StartError } from "../../../proxy/mod.ts";

/**
 * Converts an error at the start of workers to a {@link StartError} that names the remedy.
 *
 * @param module of the workers, `lib/workers/worker/entry.ts`.
 */
export function startError(error: Error, module: URL): StartError {
  if (error instanceof StartError) return error;
  const { message } = error;
  if (message.includes("Requires read access to")) {
    // The shipped config is a part of the program too.
    const [folder, config] = ["../..", "../../../config.yaml"].map((path) =>
      decodeURIComponent(new URL(path, module).pathname).replace(/\/$/, "")
    );
    return new StartError(
      `start workers: no read permission for the program's own files; add --allow-read=${folder},${config}`,
      { cause: error },
    );
  }
  if (message.includes("escalate")) {
    return new StartError(
      'start workers: the config needs permissions that this process lacks; add the flags that "tcpproxy permissions" prints',
      { cause: error },
    );
  }
  return new StartError(`start workers: ${message}`, { cause: error });
}
