import type { Peer } from "../peer.ts";

const SCRIPT = decodeURIComponent(new URL("./bare_relay.ts", import.meta.url).pathname);

/** What the runtime allows at all: `bare_relay.ts`. */
export const bareDeno: Peer = {
  id: "bare",
  title: "bare Deno relay",
  inCurves: false,
  missing: () => undefined,
  version: () => Promise.resolve(`Deno ${Deno.version.deno}`),
  start: (lab, plan) =>
    Promise.resolve([
      lab.start(Deno.execPath(), {
        args: ["run", "--quiet", "--no-config", "--allow-net", SCRIPT, JSON.stringify(plan.forwards)],
      }),
    ]),
};
