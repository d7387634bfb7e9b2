import type { Command, CommandArgs } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import type { DrainView, RemoteProxy } from "../../running/remote_proxy.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";

/** `tcpproxy drain`: makes a running proxy finish and end. */
export const drain: Command = {
  name: "drain",
  summary: "Make a running proxy stop accepting, finish its sessions, and end",
  usage: "[-c FILE | --url URL] [--wait] [--yes]",
  details: `${REMOTE_DETAILS}
The proxy ends as at SIGTERM: it accepts nothing more, sessions may finish within
"shutdown.drain_timeout", the rest is closed spread over its last fifth. With --wait the command ends when the proxy
has ended, and shows how many sessions are left. On a terminal it asks first.`,
  arity: [0, 0],
  flags: [
    ...REMOTE_FLAGS,
    { name: "wait", short: "w", summary: "Wait until the proxy has ended" },
    { name: "yes", short: "y", summary: "Do not ask" },
    { name: "json", summary: "Print JSON: state, sessions, deadline" },
  ],
  example: "tcpproxy drain --wait --yes && systemctl start tcpproxy",
  run: drainProxy,
};

/** Between two looks at how many are left. */
const LOOK_MS = 500;

/** How much longer than its deadline a proxy may take to end. */
const GRACE_MS = 15_000;

async function drainProxy(args: CommandArgs, io: Io): Promise<number> {
  const proxy = await remoteProxy("drain", args);
  if (!args.on("yes") && io.confirm !== undefined) {
    const { sessions } = await proxy.drainState();
    if (!await io.confirm(`Drain and end the proxy at ${proxy.url} with ${sessions} sessions?`)) {
      await io.complain("drain: nothing was done");
      return EXIT.failed;
    }
  }
  const { view, json } = await proxy.drain();
  const { shortAge } = await import("../../terminal/quantities.ts");
  const text = ({ sessions, deadlineMs }: DrainView): string => {
    const left = deadlineMs === null ? "" : `, at most ${shortAge(deadlineMs - Date.now())} left`;
    return `draining: ${sessions} session${sessions === 1 ? "" : "s"}${left}`;
  };
  const isJson = args.on("json");
  await io.print(isJson ? JSON.stringify(json, undefined, 2) : text(view));
  if (!args.on("wait")) return EXIT.done;
  const hasEnded = await waitForEnd(proxy, view, async (state) => {
    // On a terminal one line that changes; elsewhere a line for each change.
    if (io.progress !== undefined) await io.progress(text(state));
    else if (!isJson) await io.print(text(state));
  });
  await io.progress?.("");
  if (!hasEnded) {
    await io.complain("drain: the proxy has not ended; see its log");
    return EXIT.failed;
  }
  if (!isJson) await io.print("the proxy has ended");
  return EXIT.done;
}

/** Waits until the proxy answers no more, and tells when the number of sessions changes. */
async function waitForEnd(
  proxy: RemoteProxy,
  first: DrainView,
  onChange: (state: DrainView) => Promise<void>,
): Promise<boolean> {
  const limitMs = (first.deadlineMs ?? Date.now()) + GRACE_MS;
  let { sessions } = first;
  let silent = 0;
  while (Date.now() < limitMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    try {
      const state = await proxy.drainState();
      silent = 0;
      if (state.sessions !== sessions) await onChange(state);
      ({ sessions } = state);
    } catch (error) {
      // One failure may be a busy proxy; two say that it is gone.
      if (!(error instanceof Error) || error.name !== "AdminClientError") throw error;
      if (++silent === 2) return true;
    }
  }
  return false;
}
