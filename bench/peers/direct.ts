import type { Peer } from "../peer.ts";

/** The load straight onto the backend: how much of a figure is the load's own. */
export const direct: Peer = {
  id: "direct",
  title: "no proxy",
  inCurves: false,
  missing: () => undefined,
  version: () => Promise.resolve("the load straight onto the backend"),
  start: () => Promise.resolve([]),
};
