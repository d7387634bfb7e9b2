import { StartError } from "../../proxy/mod.ts";

/** Why workers could not be started, in words for who must mend it. */
export function startError(error: Error, module: URL): StartError {
  if (error instanceof StartError) return error;
  const { message } = error;
  if (message.includes("Requires read access to")) {
    const folder = decodeURIComponent(new URL("../..", module).pathname).replace(/\/$/, "");
    return new StartError(
      `start workers: the runtime forbids them to load the program, --allow-read=${folder} was wanted`,
      { cause: error },
    );
  }
  if (message.includes("escalate")) {
    return new StartError(
      'start workers: the config needs more than this process may, the flags that "tcpproxy permissions" prints were wanted',
      { cause: error },
    );
  }
  return new StartError(`start workers: ${message}`, { cause: error });
}
