import type { Command, CommandArgs } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";

/** More than the proxy waits for the new process. */
const LIMIT_MS = 75_000;

/** `tcpproxy upgrade`: has a running proxy replaced by a new process. */
export const upgrade: Command = {
  name: "upgrade",
  summary: "Replace a running proxy by its program as it is now, without losing a connection",
  usage: "[-c FILE | --url URL]",
  details:
    `The proxy starts its own command line again, and the new process takes its listening sockets over: a new executable
and a changed config come into effect. It accepts before the process before drains, for up to shutdown.drain_timeout. If
it cannot start, nothing changes, and the exit code is 1. Needs "engine: native". SIGUSR2 does the same.
${REMOTE_DETAILS}`,
  arity: [0, 0],
  flags: [...REMOTE_FLAGS, { name: "json", summary: "Print JSON" }],
  example: "install -m 755 tcpproxy-new /usr/local/bin/tcpproxy && tcpproxy upgrade",
  run: upgradeRunning,
};

async function upgradeRunning(args: CommandArgs, io: Io): Promise<number> {
  const running = await remoteProxy("upgrade", args, { timeoutMs: LIMIT_MS });
  const { view: { pid, version }, json } = await running.upgrade();
  await io.print(
    args.on("json")
      ? JSON.stringify(json, undefined, 2)
      : `process ${pid}, tcpproxy ${version}, has taken over; the process before drains`,
  );
  return EXIT.done;
}
