import type { Context } from "hono";
import type { Address } from "../../../base/mod.ts";
import {
  type CaptureFile,
  type CaptureSubject,
  describeSubject,
  MAX_CAPTURES,
} from "../../../capture/mod.ts";
import { PCAPNG_TYPE } from "../../../protocol/mod.ts";
import type { ProxyControl } from "../../../proxy/mod.ts";
import { nearest } from "../../nearest.ts";
import type { Parameter, ResponseDescription } from "../../openapi/description.ts";
import { problem } from "../../responses.ts";
import { type AdminContext, type AdminRoute, withProxy } from "../../route.ts";
import {
  APP_PARAMETERS,
  type CaptureQuery,
  CaptureQueryError,
  LIMIT_PARAMETERS,
  readCaptureQuery,
} from "./_capture_query.ts";

const RESPONSES: Readonly<Record<number, ResponseDescription>> = {
  200: { description: "The capture, as pcapng; it ends with the capture", mediaType: PCAPNG_TYPE },
  400: { description: "Invalid parameter" },
  404: { description: "Unknown session or app" },
  503: { description: `${MAX_CAPTURES} captures are running already, or the proxy is starting` },
};

const DETAILS =
  "Both sides of the proxy are interfaces of the file; IP and TCP headers are synthetic. Bytes are those that the " +
  "proxy sees: inside of TLS where it ends or begins TLS. A reader that is too slow loses packets, which are counted.";

const SESSION_PARAMETERS: readonly Parameter[] = [
  {
    name: "id",
    in: "path",
    description: "The session's number",
    schema: { type: "integer", minimum: 1 },
    example: 17,
  },
  ...LIMIT_PARAMETERS,
];

const ALL_APP_PARAMETERS: readonly Parameter[] = [
  { name: "app", in: "path", description: "The app's name", example: "web" },
  ...APP_PARAMETERS,
  ...LIMIT_PARAMETERS,
];

/** Captures one session, from now on to its end. */
export const captureSession: AdminRoute = {
  path: "/api/sessions/:id/capture",
  operations: {
    GET: {
      summary: "Capture a live session, as pcapng",
      details: DETAILS,
      parameters: SESSION_PARAMETERS,
      responses: RESPONSES,
      handle: withProxy(async (request, proxy, admin, caller) => {
        const id = Number(request.req.param("id"));
        const query = queryOf(request, SESSION_PARAMETERS);
        if (query instanceof CaptureQueryError) return problem(400, { detail: query.message });
        if (!Number.isSafeInteger(id) || id < 1) {
          const detail = `the session is "${request.req.param("id")}"; expected its number, such as 17`;
          return problem(400, { detail });
        }
        const subject = { kind: "session", id } as const;
        return await respond({ request, proxy, admin, caller, subject, query: { ...query, count: 1 } });
      }),
    },
  },
};

/** Captures the sessions of an app, live ones and new ones. */
export const captureApp: AdminRoute = {
  path: "/api/apps/:app/capture",
  operations: {
    GET: {
      summary: "Capture connections of an app, as pcapng",
      details:
        `${DETAILS} Live connections are captured from their next byte on, new ones from their handshake.`,
      parameters: ALL_APP_PARAMETERS,
      responses: RESPONSES,
      handle: withProxy(async (request, proxy, admin, caller) => {
        const app = request.req.param("app") ?? "";
        const query = queryOf(request, ALL_APP_PARAMETERS);
        if (query instanceof CaptureQueryError) return problem(400, { detail: query.message });
        const names = proxy.status().apps.map(({ name }) => name);
        if (!names.includes(app)) {
          return problem(404, { detail: `no app "${app}"${nearest(app, names)}` });
        }
        const subject = { kind: "app", app, clients: query.clients } as const;
        return await respond({ request, proxy, admin, caller, subject, query });
      }),
    },
  },
};

function queryOf({ req }: Context, parameters: readonly Parameter[]): CaptureQuery | CaptureQueryError {
  try {
    return readCaptureQuery(new URL(req.url).searchParams, parameters);
  } catch (error) {
    if (error instanceof CaptureQueryError) return error;
    throw error;
  }
}

interface Asked {
  readonly request: Context;
  readonly proxy: ProxyControl;
  readonly admin: AdminContext;
  readonly caller: Address | undefined;
  readonly subject: CaptureSubject;
  readonly query: CaptureQuery;
}

async function respond({ request, proxy, admin, caller, subject, query }: Asked): Promise<Response> {
  const { count, bytes, forMs, resolution } = query;
  const name = subject.kind === "session" ? `session-${subject.id}` : subject.app.replace(/[^\w.-]/g, "_");
  const headers = {
    "content-type": PCAPNG_TYPE,
    "content-disposition": `attachment; filename="${name}.pcapng"`,
  };
  // The capture would have no reader.
  if (request.req.method === "HEAD") return new Response(null, { headers });
  const application = `tcpproxy ${admin.version}`;
  const start = await proxy.capture({ subject, application, count, bytes, forMs, resolution });
  switch (start.kind) {
    case "unknown_session":
      return problem(404, {
        detail: `no ${describeSubject(subject)}; it may have ended: GET /api/sessions lists those that live`,
      });
    case "too_many":
      return problem(503, {
        detail: `${MAX_CAPTURES} captures run already; wait until one of them ends`,
        headers: { "retry-after": "5" },
      });
    case "begun":
      watch(start.file, { admin, caller, what: describeSubject(subject) });
      return new Response(start.file.stream, { headers });
  }
}

/** Reports the capture, and completes its file when the server closes. */
function watch(
  file: CaptureFile,
  { admin, caller, what }: Pick<Asked, "admin" | "caller"> & { readonly what: string },
): void {
  admin.observer.captureBegan(what, caller);
  const close = (): void => file.end("proxy stopping");
  admin.closing.addEventListener("abort", close);
  // Never rejects.
  void file.done.then((summary) => {
    admin.closing.removeEventListener("abort", close);
    admin.observer.captureEnded(what, summary);
  });
}
