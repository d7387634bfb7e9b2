import { effectiveConfig, escapeAllReferences, withoutSecrets } from "../../../config/mod.ts";
import { oneOf, queryFields } from "../../request_fields.ts";
import { json } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";

/** Shows the config in effect. */
export const config: AdminRoute = {
  path: "/api/config",
  operations: {
    GET: {
      summary: "The config in effect, without secrets: ?format=json|yaml",
      details:
        "With every default filled in. Files are named, their contents are not shown; nor is what checks send " +
        "and expect.",
      parameters: [{
        name: "format",
        in: "query",
        description: "The format of the answer",
        schema: { type: "string", enum: ["json", "yaml"], default: "json" },
      }],
      responses: {
        200: { description: "The config", schema: "Config", otherTypes: ["application/yaml"] },
        400: { description: "Invalid parameter" },
      },
      handle: withProxy(async (request, proxy) => {
        const { format = "json" } = queryFields(new URL(request.req.url).searchParams, ["format"]);
        const shown = withoutSecrets(effectiveConfig(proxy.config()));
        if (oneOf("format", format, ["json", "yaml"]) === "json") return json(shown);
        const { dump } = await import("js-yaml");
        // A config file, in which "${" is the beginning of a reference.
        return new Response(dump(escapeAllReferences(shown), { noRefs: true, lineWidth: -1 }), {
          headers: { "content-type": "application/yaml" },
        });
      }),
    },
  },
};
