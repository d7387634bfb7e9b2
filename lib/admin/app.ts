import { type Context, Hono } from "hono";
import type { TcpAddress } from "../base/mod.ts";
import { Bearer } from "./bearer.ts";
import { foreignBecause } from "./origin.ts";
import { problem } from "./answer.ts";
import type { AdminContext, AdminRoute, Handler, Method } from "./route.ts";

export interface AppOptions {
  readonly routes: readonly AdminRoute[];
  readonly admin: AdminContext;
  /** The address that is listened on, as the config has it. */
  readonly listen: TcpAddress;
  /** What callers must show; `undefined` for nothing. */
  readonly token: string | undefined;
  /** Is told what a handler threw. */
  onDefect(error: unknown): void;
}

/** Methods that change nothing. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** What every answer says to browsers: it is of this moment, and nothing but what it says it is. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Puts the routes together, behind the checks of who may ask. */
export function adminApp(options: AppOptions): (request: Request) => Promise<Response> {
  const { routes, admin } = options;
  const app = new Hono();
  app.use("*", async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
  });
  for (const route of routes) if (route.isOpen === true) register(app, route, admin);
  // Whoever may not ask is not even told which paths there are.
  app.use("*", guard(options));
  for (const route of routes) if (route.isOpen !== true) register(app, route, admin);
  app.notFound(({ req }) =>
    problem(404, { detail: `there is no path "${req.path}"; GET / lists those that there are` })
  );
  app.onError((error) => {
    options.onDefect(error);
    return problem(500, { detail: "the answer failed by a defect of the program, its log says more" });
  });
  return async (request) => await app.fetch(request);
}

function register(app: Hono, { path, handlers }: AdminRoute, admin: AdminContext): void {
  const methods = Object.entries(handlers) as [Method, Handler][];
  for (const [method, handle] of methods) app.on(method, path, (context) => handle(context, admin));
  const allowed = methods.flatMap(([method]) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  app.all(path, ({ req }) =>
    problem(405, {
      detail: `the method is ${req.method}, one of ${allowed} was wanted`,
      headers: { allow: allowed },
    }));
}

function guard(
  { token, listen }: AppOptions,
): (context: Context, next: () => Promise<void>) => Promise<Response | void> {
  const bearer = token === undefined ? undefined : new Bearer(token);
  return async ({ req }, next) => {
    if (bearer !== undefined && !await bearer.accepts(req.header("authorization"))) {
      return problem(401, {
        detail: 'there is no valid token, "Authorization: Bearer" and the token of "token_file" was wanted',
        headers: { "www-authenticate": 'Bearer realm="tcpproxy"' },
      });
    }
    // A page from elsewhere has no token, so that what it could read is safe behind one.
    if (bearer === undefined || !SAFE.has(req.method)) {
      const why = foreignBecause({
        host: req.header("host"),
        origin: req.header("origin"),
        fetchSite: req.header("sec-fetch-site"),
      }, listen);
      if (why !== undefined) return problem(403, { detail: why });
    }
    return await next();
  };
}
