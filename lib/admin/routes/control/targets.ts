import type { TargetSettingChange } from "../../../app/mod.ts";
import { targetSetJson } from "../../json/operations.ts";
import { requireApp, requireTarget } from "../../names.ts";
import { ProblemError } from "../../problem_error.ts";
import { bodyFields, oneOf, shown } from "../../request_fields.ts";
import { json } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";
import { APP } from "./apps.ts";

const MAX_WEIGHT = 256;

/** Sets the state and weight of a target. */
export const target: AdminRoute = {
  path: "/api/apps/:app/targets/:target",
  operations: {
    PATCH: {
      summary: 'Set a target: { "state": "ready" | "drain" | "down", "weight": 0 to 256 | null }',
      details:
        "`drain` takes no new connections, with `down` the live ones end too, as `target_down`. The weight `null` is " +
        "the configured one. Checks go on. It lasts until it is set again, through reloads too, while the target is " +
        "in the app's config.",
      parameters: [APP, {
        name: "target",
        in: "path",
        description: "The target's address as in the status, URL-encoded",
        example: "10.0.0.5:5432",
      }],
      body: { schema: "TargetBody", isRequired: true },
      responses: {
        200: { description: "The target", schema: "TargetSet" },
        400: { description: "Invalid body" },
        404: { description: "Unknown app or target" },
        413: { description: "Body too large" },
      },
      handle: withProxy(async (request, proxy) => {
        const find = () => {
          const app = requireApp(proxy.status().apps, request.req.param("app") ?? "");
          return { app, target: requireTarget([app], request.req.param("target") ?? "") };
        };
        const { app: { name }, target: { label } } = find();
        const change = changeIn(await bodyFields(request.req.raw, ["state", "weight"]));
        const done = await proxy.operations.setTarget({ app: name, label }, change);
        if (done === undefined) throw new ProblemError(404, `the target "${label}" is gone`);
        const { apps } = (await proxy.metrics()).counters;
        return json(targetSetJson(find().target, apps.get(name)?.targets.get(label), done));
      }),
    },
  },
};

/** @throws {ProblemError} 400 */
function changeIn({ state, weight }: { state?: unknown; weight?: unknown }): TargetSettingChange {
  if (state === undefined && weight === undefined) {
    throw new ProblemError(400, 'nothing is to be set; give "state", "weight" or both');
  }
  return {
    ...state === undefined ? {} : { admin: oneOf("state", state, ["ready", "drain", "down"] as const) },
    ...weight === undefined ? {} : { weight: weightOf(weight) },
  };
}

function weightOf(weight: unknown): number | null {
  if (weight === null) return null;
  if (typeof weight === "number" && Number.isInteger(weight) && weight >= 0 && weight <= MAX_WEIGHT) {
    return weight;
  }
  throw new ProblemError(
    400,
    `"weight" is ${
      shown(weight)
    }; expected a whole number from 0 to ${MAX_WEIGHT}, or null for the configured one`,
  );
}
