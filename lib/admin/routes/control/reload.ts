import type { Context } from "hono";
import { errorMessage } from "../../../base/mod.ts";
import { type Config, ConfigError, resolveConfig } from "../../../config/mod.ts";
import { json, problem } from "../../responses.ts";
import {
  changesJson,
  fileJson,
  type LiveCounts,
  liveCounts,
  problemJson,
  type ReloadJson,
} from "../../json/reload.ts";
import { type AdminContext, type AdminRoute, withProxy } from "../../route.ts";

/** Enough for a config of 5,000 apps. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * Reloads the config file, and responds when that is done or refused. With `?plan=true` it only reports what a reload
 * would change, to the file or to the config in the body (as `tcpproxy check --json` prints it).
 */
export const reload: AdminRoute = {
  path: "/api/reload",
  operations: {
    POST: {
      summary: "Reload the config file; ?plan=true only shows what would change",
      parameters: [{
        name: "plan",
        in: "query",
        description: "Only show what a reload would change",
        schema: { type: "boolean", default: false },
      }],
      body: {
        schema: "Config",
        isRequired: false,
        description:
          "With `plan=true`: a config to take in place of the file, as `tcpproxy check --json` prints it",
      },
      responses: {
        200: { description: "What has changed, or would change", schema: "Reload" },
        400: { description: "Invalid parameter, or invalid config in the body" },
        409: { description: "The config is invalid; nothing has changed", schema: "ReloadRefused" },
        413: { description: "Body too large" },
      },
      handle: withProxy(async (request, proxy, { reloads }) => {
        const query = request.req.query("plan");
        if (query !== undefined && query !== "true" && query !== "false") {
          return problem(400, { detail: `"plan" is "${query}"; expected true or false` });
        }
        const live = await liveCounts(proxy);
        if (query === "true") return await plan(request, live, reloads);
        const result = await reloads.reload();
        if (result.kind === "refused") return refused(result.problems.map(problemJson));
        const { diff, apps, warnings } = result;
        return json(
          {
            changes: changesJson(diff, live),
            apps: apps.map(({ app, files }) => ({ name: app, files: files.map(fileJson) })),
            warnings: warnings.map(problemJson),
          } satisfies ReloadJson,
        );
      }),
    },
  },
};

async function plan(
  { req }: Context,
  live: LiveCounts,
  reloads: AdminContext["reloads"],
): Promise<Response> {
  let config: Config | undefined;
  try {
    config = await configIn(req.raw);
  } catch (error) {
    if (error instanceof RangeError) return problem(413, { detail: error.message });
    if (error instanceof ConfigError || error instanceof SyntaxError) {
      return problem(400, { detail: `read the config in the body: ${errorMessage(error)}` });
    }
    throw error;
  }
  const { diff, apps, problems } = await reloads.plan(config);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) return refused(errors.map(problemJson));
  return json(
    {
      changes: changesJson(diff, live),
      apps: apps.map(({ app, files }) => ({ name: app, files: files.map(fileJson) })),
      warnings: problems.map(problemJson),
    } satisfies ReloadJson,
  );
}

function refused(problems: readonly ReturnType<typeof problemJson>[]): Response {
  const detail = problems[0]?.message ?? "the config cannot be used";
  return problem(409, { detail: `nothing has changed: ${detail}`, more: { problems } });
}

/** Reads the config in a body; `undefined` for an empty one. */
async function configIn(request: Request): Promise<Config | undefined> {
  if (request.body === null) return undefined;
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new RangeError(`the body is larger than ${MAX_BODY_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  text += decoder.decode();
  return text.trim() === "" ? undefined : resolveConfig(JSON.parse(text), { source: "the body" });
}
