import { type Context, Hono } from "hono";
import type { Address, TcpAddress } from "../base/mod.ts";
import { type Clock, monotonicClock } from "../base/mod.ts";
import { Bearer } from "./auth/bearer.ts";
import { crossSiteReason } from "./auth/cross_site.ts";
import { GuessLimit } from "./auth/guess_limit.ts";
import { RequestError } from "./http/mod.ts";
import { ProblemError } from "./problem_error.ts";
import { problem } from "./responses.ts";
import { type AdminContext, type AdminRoute, operationsOf } from "./route.ts";

export interface AppOptions {
  readonly routes: readonly AdminRoute[];
  readonly admin: AdminContext;
  /** The listen address from the config. */
  readonly listen: TcpAddress;
  /** The token that callers must send; `undefined` for none. */
  readonly token: string | undefined;
  /** Default the runtime's monotonic clock. */
  readonly clock?: Clock;
  /** Called when a caller has sent so many wrong tokens that it has to wait. */
  onGuesses?(caller: Address | undefined): void;
  /** Called with an error that a handler threw. */
  onDefect(error: unknown): void;
}

/** Methods that change nothing. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Sent with every response: do not cache, do not guess the media type. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Data that accompanies a request. */
interface Env {
  Bindings: {
    /** The client's address. */
    readonly caller: Address | undefined;
  };
}

/** Builds the request handler: the routes behind the access checks. */
export function adminApp(options: AppOptions): (request: Request, caller?: Address) => Promise<Response> {
  const { routes, admin } = options;
  const app = new Hono<Env>();
  app.use("*", async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
  });
  for (const route of routes) if (route.isOpen === true) register(app, route, admin);
  // Unauthorized callers must not learn which paths exist.
  app.use("*", guard(options));
  for (const route of routes) if (route.isOpen !== true) register(app, route, admin);
  app.notFound(({ req }) => problem(404, { detail: `unknown path "${req.path}"; GET /api lists all paths` }));
  app.onError((error) => {
    if (error instanceof RequestError || error instanceof ProblemError) {
      return problem(error.status, { detail: error.message });
    }
    options.onDefect(error);
    return problem(500, { detail: "internal error; see the log of tcpproxy" });
  });
  return async (request, caller) => await app.fetch(request, { caller });
}

function register(app: Hono<Env>, route: AdminRoute, admin: AdminContext): void {
  const { path } = route;
  const operations = operationsOf(route);
  for (const [method, { handle }] of operations) {
    app.on(
      method,
      path,
      async (context) => withoutBody(context, await handle(context, admin, context.env.caller)),
    );
  }
  const allowed = operations.flatMap(([method]) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  app.all(path, ({ req }) =>
    problem(405, {
      detail: `method ${req.method} not allowed; expected ${allowed}`,
      headers: { allow: allowed },
    }));
}

/** Cancels the body of a response to HEAD; hono drops it, and a stream would never learn that it has no reader. */
async function withoutBody({ req }: Context, response: Response): Promise<Response> {
  if (req.method !== "HEAD" || response.body === null) return response;
  await response.body.cancel();
  return new Response(null, response);
}

function guard(
  { token, listen, clock = monotonicClock, onGuesses }: AppOptions,
): (context: Context<Env>, next: () => Promise<void>) => Promise<Response | void> {
  const bearer = token === undefined ? undefined : new Bearer(token);
  const guesses = new GuessLimit();
  return async ({ req, env }, next) => {
    const shown = req.header("authorization");
    const from = hostOf(env.caller);
    if (bearer !== undefined && shown !== undefined) {
      const waitMs = guesses.waitMs(from, clock.nowMs());
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1000);
        return problem(429, {
          detail: `too many wrong tokens from this address; try again in ${seconds} s`,
          headers: { "retry-after": String(seconds) },
        });
      }
    }
    if (bearer !== undefined && !await bearer.accepts(shown)) {
      if (shown !== undefined && guesses.failed(from, clock.nowMs())) onGuesses?.(env.caller);
      return problem(401, {
        detail: 'missing or wrong token; send "Authorization: Bearer" with the token in "token_file"',
        headers: { "www-authenticate": 'Bearer realm="tcpproxy"' },
      });
    }
    // A cross-site page has no token, so reads are safe behind one.
    if (bearer === undefined || !SAFE.has(req.method)) {
      const why = crossSiteReason({
        host: req.header("host"),
        origin: req.header("origin"),
        fetchSite: req.header("sec-fetch-site"),
      }, listen);
      if (why !== undefined) return problem(403, { detail: why });
    }
    return await next();
  };
}

/** Ports differ with each connection. */
function hostOf(caller: Address | undefined): string {
  return caller?.kind === "tcp" ? caller.host : "";
}
