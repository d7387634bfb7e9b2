import type { UpgradeJson } from "../../json/operations.ts";
import { json, problem } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";

/** Replaces the process. */
export const upgrade: AdminRoute = {
  path: "/api/upgrade",
  operations: {
    POST: {
      summary: "Start the program again to take over the sockets, and drain this process",
      details:
        "The command line is that of this process, so a new executable or config at the same path comes into effect. " +
        "The answer comes when the new process accepts. Needs `engine: native`.",
      responses: {
        200: { description: "The process that has taken over", schema: "Upgrade" },
        409: { description: "The new process cannot take over; this one goes on, and nothing has changed" },
      },
      handle: withProxy(async (_request, _proxy, admin) => {
        const answer = await admin.upgrade();
        if (answer.kind === "refused") return problem(409, { detail: answer.reason });
        const { pid, version } = answer;
        return json({ pid, version } satisfies UpgradeJson);
      }),
    },
  },
};
