import { bodyFields, oneOf } from "../../request_fields.ts";
import { appSetJson } from "../../json/operations.ts";
import { requireApp } from "../../names.ts";
import type { Parameter } from "../../openapi/description.ts";
import { ProblemError } from "../../problem_error.ts";
import { json } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";

/** The app of a path. */
export const APP: Parameter = { name: "app", in: "path", description: "The app's name" };

/** Pauses an app, or lets it go on. */
export const app: AdminRoute = {
  path: "/api/apps/:app",
  operations: {
    PATCH: {
      summary: 'Pause an app, or let it accept again: { "state": "paused" | "accepting" }',
      details: "A paused app leaves connections waiting in the kernel's backlog; live sessions go on, and " +
        "`/readyz` stays ready. It lasts until it is set again, through reloads too.",
      parameters: [APP],
      body: { schema: "AppBody", isRequired: true },
      responses: {
        200: { description: "The app", schema: "AppSet" },
        400: { description: "Invalid body" },
        404: { description: "Unknown app" },
        413: { description: "Body too large" },
      },
      handle: withProxy(async (request, proxy, { observer }) => {
        const { name } = requireApp(proxy.status().apps, request.req.param("app") ?? "");
        const { state } = await bodyFields(request.req.raw, ["state"]);
        const isPaused = oneOf("state", state, ["paused", "accepting"]) === "paused";
        const carried = await proxy.operations.setPaused(name, isPaused);
        if (carried === undefined) throw new ProblemError(404, `the app "${name}" is gone`);
        observer.operated(`app "${name}" ${isPaused ? "paused" : "accepting again"}`);
        const { apps } = (await proxy.metrics()).counters;
        return json(appSetJson(requireApp(proxy.status().apps, name), apps.get(name), carried));
      }),
    },
  },
};
