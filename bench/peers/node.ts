import type { Peer } from "../peer.ts";
import { findProgram, notInstalled, programPath, versionLine } from "../system/programs.ts";

const SCRIPT = decodeURIComponent(new URL("./node_pipe.mjs", import.meta.url).pathname);

/** The few lines of Node.js that `node_pipe.mjs` holds. */
export const nodePipe: Peer = {
  id: "node",
  title: "Node.js pipe",
  inCurves: true,
  missing: () => findProgram("node") === undefined ? notInstalled("node") : undefined,
  version: async () => `Node.js ${await versionLine("node", "--version")}`,
  start: (lab, plan) =>
    Promise.resolve([
      lab.start(programPath("node"), { args: [SCRIPT, JSON.stringify(plan.forwards)] }),
    ]),
};
