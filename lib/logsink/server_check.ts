import { errorCode } from "../base/mod.ts";
import type { LogServerConfig } from "../config/parsed.ts";
import { LOCAL_SOCKETS } from "./open.ts";

/** Why a log will not arrive. */
export interface LogServerProblem {
  readonly message: string;
  /** Whether nothing can ever be sent there; otherwise logging begins as soon as the server is up. */
  readonly isFatal: boolean;
}

/** Checks that the unix socket of a log server exists. Network servers are not contacted. */
export async function logServerProblem({ server }: LogServerConfig): Promise<LogServerProblem | undefined> {
  if (server.kind === "udp" || server.kind === "tcp") return undefined;
  const paths = "path" in server ? [server.path] : LOCAL_SOCKETS;
  const states = await Promise.all(paths.map(stateOf));
  if (states.some((state) => state === "socket" || state === "unknown")) return undefined;
  const named = paths.join(" or ");
  return states.includes("other")
    ? { message: `${named} is not a socket; give the path of one`, isFatal: true }
    : {
      message: `no socket at ${named}; start the service that listens there, until then nothing is logged`,
      isFatal: false,
    };
}

async function stateOf(path: string): Promise<"socket" | "other" | "missing" | "unknown"> {
  if (path.startsWith("@")) return "unknown";
  try {
    return (await Deno.stat(path)).isSocket === true ? "socket" : "other";
  } catch (error) {
    // A path that may not be inspected, such as all in /dev, may still accept datagrams.
    return errorCode(error) === "ENOENT" ? "missing" : "unknown";
  }
}
