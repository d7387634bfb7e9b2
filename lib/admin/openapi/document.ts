import { PROBLEM_TYPE } from "../responses.ts";
import { type AdminRoute, type Method, type Operation, operationsOf } from "../route.ts";
import { STATUS_TEXTS } from "../status_texts.ts";
import type { Parameter, ResponseDescription, SchemaName } from "./description.ts";
import { jsonSchemas } from "./schemas.ts";

type Json = Readonly<Record<string, unknown>>;

export interface DocumentOptions {
  /** Whether bodies may have only the keys of their schemas: for tests. Default false. */
  readonly isStrict?: boolean;
}

/** Statuses that any request may get, from the checks before the routes or from the server. */
const COMMON: Readonly<Record<number, string>> = {
  400: "The request cannot be read",
  403: "The request comes from a foreign origin, or by a foreign name",
  413: "Body too large",
  429: "Too many wrong tokens came from this address; `Retry-After` says when to try again",
  431: "The head is too large",
  500: "An internal error; the log has it",
  503: "Too many requests are in progress, or the proxy is still starting; try again",
};
const UNAUTHORIZED = "The token is missing or wrong";

/** Describes routes in OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1). */
export function openapiDocument(
  routes: readonly AdminRoute[],
  version: string,
  { isStrict = false }: DocumentOptions = {},
): Json {
  return {
    openapi: "3.1.1",
    info: {
      title: "tcpproxy admin API",
      summary: "State and control of a running proxy",
      description: DESCRIPTION,
      version,
    },
    servers: [{ url: "/", description: "The proxy that serves this description" }],
    security: [{}, { token: [] }],
    paths: Object.fromEntries(routes.map((route) => [templateOf(route.path), pathItem(route)])),
    components: {
      schemas: jsonSchemas({ isStrict }),
      responses: {
        ...Object.fromEntries(
          Object.entries(COMMON).map((
            [status, description],
          ) => [refName(Number(status)), errorResponse(description)]),
        ),
        [refName(401)]: {
          ...errorResponse(UNAUTHORIZED),
          headers: {
            "WWW-Authenticate": { description: "The scheme (RFC 6750)", schema: { type: "string" } },
          },
        },
      },
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: 'The token in "admin.token_file"; without that key no token is needed',
        },
      },
    },
  };
}

const DESCRIPTION =
  `Keys are in snake case; \`null\` stands for what is not known, or for no limit; times are those of
RFC 3339. A client must ignore members that it does not know. Each GET answers HEAD too, without the body. Errors are
\`application/problem+json\` (RFC 9457).`.replaceAll("\n", " ");

/** Returns a path in OpenAPI's syntax: `/api/sessions/{id}` for `/api/sessions/:id`. */
export function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, "{$1}");
}

function pathItem(route: AdminRoute): Json {
  return Object.fromEntries(
    operationsOf(route).map((
      [method, operation],
    ) => [method.toLowerCase(), operationJson(route, method, operation)]),
  );
}

function operationJson({ path, isOpen = false }: AdminRoute, method: Method, operation: Operation): Json {
  const { summary, details, parameters = [], body, responses } = operation;
  return {
    operationId: operationId(method, path),
    tags: [tagOf(path)],
    summary,
    ...(details === undefined ? {} : { description: details }),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterJson) }),
    ...(body === undefined ? {} : {
      requestBody: {
        ...(body.description === undefined ? {} : { description: body.description }),
        required: body.isRequired,
        content: { "application/json": { schema: reference(body.schema) } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(responses).map((
          [status, response],
        ) => [status, responseJson(Number(status), response)]),
      ),
      ...Object.fromEntries(
        [...Object.keys(COMMON).map(Number), ...(isOpen ? [] : [401])]
          .filter((status) =>
            responses[status] === undefined && !(isOpen && (status === 403 || status === 429))
          )
          .map((status) => [status, { $ref: `#/components/responses/${refName(status)}` }]),
      ),
    },
    ...(isOpen ? { security: [{}] } : {}),
  };
}

function parameterJson({ name, in: place, description, schema, example }: Parameter): Json {
  return {
    name,
    in: place,
    description,
    ...(place === "path" ? { required: true } : {}),
    schema: schema ?? { type: "string" },
    ...(example === undefined ? {} : { example }),
  };
}

function responseJson(status: number, response: ResponseDescription): Json {
  const { description, schema, mediaType, otherTypes = [] } = response;
  if (status >= 400) return errorResponse(description, schema);
  const type = mediaType ?? "application/json";
  const content = schema === undefined ? { schema: { type: "string" } } : { schema: reference(schema) };
  const others = otherTypes.map((other) => [other, { schema: { type: "string" } }]);
  return { description, content: { [type]: content, ...Object.fromEntries(others) } };
}

function errorResponse(description: string, schema: SchemaName = "Problem"): Json {
  return { description, content: { [PROBLEM_TYPE]: { schema: reference(schema) } } };
}

function reference(schema: SchemaName): Json {
  return { $ref: `#/components/schemas/${schema}` };
}

/** Returns the name of a common response: `Unauthorized` for 401. */
function refName(status: number): string {
  return (STATUS_TEXTS[status as keyof typeof STATUS_TEXTS] ?? `Status${status}`).replaceAll(" ", "");
}

/** Returns an identifier for clients that are generated: `getApiSessionsById` for `GET /api/sessions/:id`. */
function operationId(method: Method, path: string): string {
  const words = path.split(/[^\w:]+/).filter((word) => word !== "")
    .map((word) => word.startsWith(":") ? `By${capital(word.slice(1))}` : capital(word));
  return `${method.toLowerCase()}${words.join("") || "Index"}`;
}

function tagOf(path: string): string {
  const [first = "", second = ""] = path.split("/").filter((part) => part !== "" && !part.startsWith(":"));
  return first === "api" && second !== "" ? second.replace(/\..*/, "") : "program";
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
