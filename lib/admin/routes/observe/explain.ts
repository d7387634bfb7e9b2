import {
  type ConnectionQuestion,
  describeNoListener,
  QUESTION_PARTS,
  QuestionError,
  readQuestion,
} from "../../../proxy/mod.ts";
import { explanationToJson, listenerJson } from "../../json/explanation.ts";
import { json, problem } from "../../responses.ts";
import { type AdminRoute, withProxy } from "../../route.ts";

/** Explains what would happen to a connection; the query takes `port`, `listen`, `client`, `sni` and `alpn`. */
export const explain: AdminRoute = {
  path: "/api/explain",
  operations: {
    GET: {
      summary: "Where a connection would go: ?port=N&client=ADDR, and sni, alpn",
      details:
        "The port may be given as part of `listen`. Nothing is changed by it, and no target is dialed.",
      parameters: [
        {
          name: "port",
          in: "query",
          description: "The port that the client connects to",
          schema: { type: "integer", minimum: 1, maximum: 65535 },
        },
        { name: "listen", in: "query", description: "The address that the client connects to" },
        { name: "client", in: "query", description: "The client's IP address", example: "192.0.2.7" },
        { name: "sni", in: "query", description: "The server name in the client's TLS" },
        {
          name: "alpn",
          in: "query",
          description: "The protocols that the client offers, separated by commas",
        },
      ],
      responses: {
        200: { description: "What would happen", schema: "Explanation" },
        400: { description: "Invalid question" },
        404: { description: "No listener there; `nearest` is the closest one", schema: "ExplainProblem" },
        409: { description: "Several listeners match; choose one with `listen`", schema: "ExplainProblem" },
      },
      handle: withProxy(async (request, proxy) => {
        const question = questionIn(new URL(request.req.url).searchParams);
        if (question instanceof QuestionError) return problem(400, { detail: question.message });
        const explanation = proxy.explain(question, (await proxy.metrics()).counters);
        if (explanation.kind === "explained") return json(explanationToJson(explanation));
        const detail = describeNoListener(question.to, explanation, "listen=ADDR with one of the addresses");
        if (explanation.kind === "several") {
          return problem(409, { detail, more: { listeners: explanation.listeners.map(listenerJson) } });
        }
        const { nearest } = explanation;
        return problem(404, {
          detail,
          more: { nearest: nearest === undefined ? null : listenerJson(nearest) },
        });
      }),
    },
  },
};

function questionIn(query: URLSearchParams): ConnectionQuestion | QuestionError {
  const unknown = [...query.keys()].find((key) => !QUESTION_PARTS.some((part) => part === key));
  if (unknown !== undefined) {
    return new QuestionError(
      `unknown parameter "${unknown}"; expected one of ${QUESTION_PARTS.join(", ")}`,
    );
  }
  const text = (part: typeof QUESTION_PARTS[number]): string | undefined => query.get(part) ?? undefined;
  const texts = {
    port: text("port"),
    listen: text("listen"),
    client: text("client"),
    sni: text("sni"),
    alpn: text("alpn"),
  };
  try {
    return readQuestion(texts, (part, value) => `${part}=${value}`);
  } catch (error) {
    if (error instanceof QuestionError) return error;
    throw error;
  }
}
