import { ConfigError, type FaultConfig, resolveFaults } from "../../../config/mod.ts";
import type { ProxyControl } from "../../../proxy/mod.ts";
import { faultsJson } from "../../json/operations.ts";
import { requireApp } from "../../names.ts";
import { ProblemError } from "../../problem_error.ts";
import { bodyFields } from "../../request_fields.ts";
import { json } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";
import { APP } from "./apps.ts";

/** Shows and sets the faults of an app. */
export const faults: AdminRoute = {
  path: "/api/apps/:app/faults",
  operations: {
    GET: {
      summary: "The faults in effect in an app",
      parameters: [APP],
      responses: {
        200: { description: "Those of the config, then those set here", schema: "Faults" },
        404: { description: "Unknown app" },
      },
      handle: withProxy((request, proxy) => json(faultsJson(appIn(request.req, proxy), { incomplete: [] }))),
    },
    PUT: {
      summary: 'Replace the faults that were set here: { "faults": [as in the config] }',
      details:
        "They act beside those of the config, on connections that begin from now on, each until it `expires`.",
      parameters: [APP],
      body: { schema: "FaultsBody", isRequired: true },
      responses: {
        200: { description: "The faults in effect", schema: "Faults" },
        400: { description: "Invalid body" },
        404: { description: "Unknown app" },
        413: { description: "Body too large" },
      },
      handle: withProxy(async (request, proxy, { observer }) => {
        const { name } = appIn(request.req, proxy);
        const { faults } = await bodyFields(request.req.raw, ["faults"]);
        if (faults === undefined) {
          throw new ProblemError(400, '"faults" is missing; expected a list, as in the config');
        }
        const set = faultsOf(faults);
        const response = await replace(name, set, { request: request.req, proxy });
        const kinds = set.length === 0 ? "none" : set.map(({ kind }) => kind).join(", ");
        observer.operated(`app "${name}": faults set: ${kinds}`);
        return response;
      }),
    },
    DELETE: {
      summary: "Remove the faults that were set here",
      parameters: [APP],
      responses: {
        200: { description: "The faults in effect: those of the config", schema: "Faults" },
        404: { description: "Unknown app" },
      },
      handle: withProxy(async (request, proxy, { observer }) => {
        const { name } = appIn(request.req, proxy);
        const response = await replace(name, [], { request: request.req, proxy });
        observer.operated(`app "${name}": faults removed`);
        return response;
      }),
    },
  },
};

interface PathRequest {
  param(name: string): string | undefined;
}

function appIn(request: PathRequest, proxy: ProxyControl): ReturnType<typeof requireApp> {
  return requireApp(proxy.status().apps, request.param("app") ?? "");
}

async function replace(
  app: string,
  faults: readonly FaultConfig[],
  { request, proxy }: { readonly request: PathRequest; readonly proxy: ProxyControl },
): Promise<Response> {
  const carried = await proxy.operations.setFaults(app, faults);
  if (carried === undefined) throw new ProblemError(404, `the app "${app}" is gone`);
  return json(faultsJson(appIn(request, proxy), carried));
}

/** @throws {ProblemError} 400 */
function faultsOf(value: unknown): readonly FaultConfig[] {
  try {
    return resolveFaults(value);
  } catch (error) {
    if (error instanceof ConfigError) throw new ProblemError(400, error.message);
    throw error;
  }
}
