import type { Child } from "../system/child.ts";
import type { Lab } from "../system/lab.ts";
import type { Peer, Plan } from "../peer.ts";
import { findProgram, notInstalled, programPath, versionLine } from "../system/programs.ts";

/** socat, one process a connection. It knows one target a port, so of several it gets the first. */
export const socat: Peer = {
  id: "socat",
  title: "socat, fork",
  inCurves: false,
  missing: () => findProgram("socat") === undefined ? notInstalled("socat") : undefined,
  version: async () => (await versionLine("socat", "-V")).replace(/ - see .*/, ""),
  start: (lab, plan) => Promise.resolve(start(lab, plan)),
};

function start(lab: Lab, plan: Plan): Child[] {
  return plan.forwards.flatMap((forward) =>
    forward.listen.map((port) =>
      lab.start(programPath("socat"), {
        args: [
          `TCP4-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,backlog=4096`,
          `TCP4:${forward.targets[0]}`,
        ],
      })
    )
  );
}
