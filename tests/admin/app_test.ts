import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { adminApp, type AppOptions } from "../../lib/admin/app.ts";
import { templateOf } from "../../lib/admin/openapi/document.ts";
import { type AdminContext, type AdminRoute, operationsOf, withProxy } from "../../lib/admin/route.ts";
import { ROUTES } from "../../lib/admin/routes/all.ts";
import { AdminLog, noEvents, operation, QuietProxy, reloadsOf, TOKEN } from "../helpers/proxy/admin.ts";

const READY: AdminContext = {
  phase: "ready",
  proxy: new QuietProxy(),
  version: "1.2.3",
  startedAt: new Date(0),
  observer: new AdminLog(),
  reloads: reloadsOf(new QuietProxy()),
  events: noEvents(),
  droppedLines: { access: 0, operational: 0 },
  deadline: undefined,
  requestDrain: () => {},
  upgrade: () => Promise.resolve({ kind: "refused", reason: "no upgrade in this test" }),
  closing: new AbortController().signal,
};

/** A route that changes something. */
const CHANGE: AdminRoute = {
  path: "/api/change",
  operations: { POST: operation(() => new Response("changed")) },
};
const BROKEN: AdminRoute = {
  path: "/api/broken",
  operations: {
    GET: operation(() => {
      throw new Error("secret");
    }),
  },
};

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Asks for a path with a method before it (`POST /x`), GET where there is none. */
async function ask(
  what: string,
  headers: Record<string, string> = {},
  options: Partial<AppOptions> = {},
): Promise<Asked> {
  const app = adminApp({
    routes: [...ROUTES, CHANGE, BROKEN],
    admin: READY,
    listen: { kind: "tcp", host: "127.0.0.1", port: 9900 },
    token: undefined,
    onDefect: () => {},
    ...options,
  });
  const [path = "", method = "GET"] = what.split(" ").reverse();
  const request = new Request(`http://127.0.0.1:9900${path}`, {
    method,
    headers: { host: "127.0.0.1:9900", ...headers },
  });
  const response = await app(request);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const STATUS = "/api/status";
const EXPLAIN = "/api/explain?port=7001&client=192.0.2.7";
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

Deno.test("adminApp: responses are neither cached nor sniffed", async () => {
  for (const path of ["/healthz", STATUS, "/nothing"]) {
    const { headers } = await ask(path);
    assertEquals(headers.get("cache-control"), "no-store");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("adminApp: errors are application/problem+json with the status inside", async () => {
  const { status, headers, body } = await ask("/nothing");
  assertEquals([status, headers.get("content-type")], [404, "application/problem+json"]);
  assertEquals(JSON.parse(body), {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    detail: 'unknown path "/nothing"; GET /api lists all paths',
  });
});

Deno.test("adminApp: an unsupported method is 405, with the supported ones", async () => {
  for (const what of ["POST /healthz", `DELETE ${STATUS}`, `PUT ${EXPLAIN}`, `OPTIONS ${STATUS}`]) {
    const { status, headers } = await ask(what);
    assertEquals([status, headers.get("allow")], [405, "GET, HEAD"], what);
  }
  const change = await ask(`GET ${CHANGE.path}`);
  assertEquals([change.status, change.headers.get("allow")], [405, "POST"]);
  assertEquals((await ask(`HEAD ${CHANGE.path}`)).status, 405);
});

Deno.test("adminApp: HEAD is GET without the body, with the same length", async () => {
  const get = await ask(STATUS);
  const head = await ask(`HEAD ${STATUS}`);
  assertEquals([head.status, head.body], [200, ""]);
  assertEquals(head.headers.get("content-length"), String(get.body.length));
});

Deno.test("adminApp: a handler's exception is reported, not shown", async () => {
  const defects: unknown[] = [];
  const { status, body } = await ask(BROKEN.path, {}, { onDefect: (error) => defects.push(error) });
  assertEquals([status, body.includes("secret")], [500, false]);
  assertEquals(defects.map((error) => error instanceof Error && error.message), ["secret"]);
});

Deno.test("adminApp: with a token, refuses a missing or wrong one without revealing paths", async () => {
  for (const path of [STATUS, EXPLAIN, "/nothing", `POST ${STATUS}`, `POST ${CHANGE.path}`]) {
    for (const authorization of [undefined, "Bearer wrong-wrong-wrong", `Basic ${TOKEN}`]) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const { status, headers: sent } = await ask(path, headers, { token: TOKEN });
      assertEquals([status, sent.get("www-authenticate")], [401, 'Bearer realm="tcpproxy"'], path);
    }
  }
  assertEquals((await ask(STATUS, AUTHORIZED, { token: TOKEN })).status, 200);
  assertEquals((await ask("/nothing", AUTHORIZED, { token: TOKEN })).status, 404);
});

Deno.test("adminApp: after ten wrong tokens an address has to wait, others do not", async () => {
  let nowMs = 0;
  const reported: unknown[] = [];
  const app = adminApp({
    routes: ROUTES,
    admin: READY,
    listen: { kind: "tcp", host: "127.0.0.1", port: 9900 },
    token: TOKEN,
    clock: { nowMs: () => nowMs },
    onGuesses: (caller) => reported.push(caller),
    onDefect: () => {},
  });
  const from = async (host: string, token?: string): Promise<Response> =>
    await app(
      new Request(`http://127.0.0.1:9900${STATUS}`, {
        headers: {
          host: "127.0.0.1:9900",
          ...token === undefined ? {} : { authorization: `Bearer ${token}` },
        },
      }),
      { kind: "tcp", host, port: 1 + reported.length },
    );
  for (let each = 0; each < 20; each++) assertEquals((await from("10.0.0.1")).status, 401);
  for (let each = 0; each < 10; each++) {
    assertEquals(reported, []);
    assertEquals((await from("10.0.0.1", "wrong-wrong-wrong")).status, 401);
  }
  assertEquals(reported, [{ kind: "tcp", host: "10.0.0.1", port: 1 }]);
  const limited = await from("10.0.0.1", TOKEN);
  assertEquals([limited.status, limited.headers.get("retry-after")], [429, "6"]);
  assertEquals((await from("10.0.0.1")).status, 401);
  assertEquals((await from("10.0.0.2", TOKEN)).status, 200);
  nowMs = 6000;
  assertEquals((await from("10.0.0.1", TOKEN)).status, 200);
  assertEquals(reported.length, 1);
});

Deno.test("adminApp: without a token, requires none", async () => {
  assertEquals((await ask(STATUS)).status, 200);
  assertEquals((await ask(`POST ${CHANGE.path}`)).body, "changed");
});

Deno.test("adminApp: probes need no token and may use any Host", async () => {
  for (const path of ["/healthz", "/readyz"]) {
    const probe = { host: "10.0.0.7:9900", origin: "http://evil.example", "sec-fetch-site": "cross-site" };
    assertEquals((await ask(path, probe, { token: TOKEN })).status, 200);
    assertEquals((await ask(path, probe)).status, 200);
  }
});

const FOREIGN: readonly Record<string, string>[] = [
  { host: "evil.example:9900" },
  { origin: "http://evil.example" },
  { origin: "null" },
  { "sec-fetch-site": "cross-site" },
];

Deno.test("adminApp: without a token, a cross-site page can neither read nor change", async () => {
  for (const headers of FOREIGN) {
    for (const what of [STATUS, EXPLAIN, `POST ${CHANGE.path}`, "/nothing"]) {
      const { status, body } = await ask(what, headers);
      assertEquals(status, 403, what);
      assertMatch(body, /; expected .* or a loopback address|request from a page of /);
    }
  }
});

Deno.test("adminApp: with a token, a cross-site page that had it could read but not change", async () => {
  for (const headers of FOREIGN) {
    const all = { ...headers, ...AUTHORIZED };
    assertEquals((await ask(STATUS, all, { token: TOKEN })).status, 200);
    assertEquals((await ask(`POST ${CHANGE.path}`, all, { token: TOKEN })).status, 403);
  }
  assertEquals((await ask(`POST ${CHANGE.path}`, AUTHORIZED, { token: TOKEN })).body, "changed");
});

Deno.test("adminApp: a same-origin page may read and change", async () => {
  const own = { host: "localhost:9900", origin: "http://localhost:9900", "sec-fetch-site": "same-origin" };
  assertEquals((await ask(STATUS, own)).status, 200);
  assertEquals((await ask(`POST ${CHANGE.path}`, own)).status, 200);
});

Deno.test("adminApp: readyz follows the phase, healthz does not", async () => {
  for (const [phase, expected] of [["starting", 503], ["ready", 200], ["draining", 503]] as const) {
    const admin = { ...READY, phase };
    assertEquals((await ask("/readyz", {}, { admin })).status, expected);
    assertEquals((await ask("/healthz", {}, { admin })).status, 200);
  }
  const { body } = await ask("/readyz", {}, { admin: { ...READY, phase: "draining" } });
  assertStringIncludes(body, "the proxy is draining");
});

Deno.test("adminApp: healthz is 503 while a thread hangs, and asks once for all who ask meanwhile", async () => {
  const proxy = new QuietProxy();
  const admin = { ...READY, proxy };
  const all = await Promise.all(Array.from({ length: 5 }, () => ask("/healthz", {}, { admin })));
  assertEquals([all.every(({ status }) => status === 200), proxy.life.asked], [true, 1]);
  proxy.life.isAlive = false;
  const { status, body } = await ask("/healthz", {}, { admin });
  assertEquals([status, proxy.life.asked], [503, 2]);
  assertStringIncludes(body, "a thread does not answer, or a listener does not accept");
  assertEquals((await ask("/healthz", {}, { admin: { ...admin, proxy: undefined } })).status, 200);
});

Deno.test("adminApp: before the proxy has started, routes that need it are 503 with Retry-After", async () => {
  const admin = { ...READY, phase: "starting", proxy: undefined } as const;
  for (const path of [STATUS, EXPLAIN]) {
    const { status, headers, body } = await ask(path, {}, { admin });
    assertEquals([status, headers.get("retry-after")], [503, "1"]);
    assertStringIncludes(body, "the proxy is starting");
  }
});

Deno.test("adminApp: supports path parameters and slow handlers", async () => {
  const route: AdminRoute = {
    path: "/api/things/:id",
    operations: {
      DELETE: operation(withProxy(async (request, proxy) => {
        await Promise.resolve();
        return new Response(`${request.req.param("id")} of ${proxy.listeners().length}`);
      })),
    },
  };
  assertEquals((await ask("DELETE /api/things/7", {}, { routes: [route] })).body, "7 of 1");
});

Deno.test("adminApp: /api lists every path with method and summary", async () => {
  const { status, headers, body } = await ask("/api");
  assertEquals([status, headers.get("content-type")], [200, "text/plain; charset=utf-8"]);
  const [title, , ...lines] = body.trimEnd().split("\n");
  assertEquals(title, "tcpproxy 1.2.3, ready");
  const listed = ROUTES.filter(({ path }) => path !== "/api").flatMap((route) =>
    operationsOf(route).map(([method, { summary }]) => ({
      what: `${method} ${templateOf(route.path)} `,
      summary,
    }))
  );
  assertEquals(lines.length, listed.length);
  assertEquals(lines.some((line) => line.startsWith("DELETE /api/sessions/{id} ")), true);
  for (const { what, summary } of listed) {
    assertEquals(lines.some((line) => line.startsWith(what) && line.endsWith(summary)), true, what);
  }
});

Deno.test("adminApp: /api is behind the token, and read only", async () => {
  assertEquals((await ask("/api", {}, { token: TOKEN })).status, 401);
  assertEquals((await ask("/api", AUTHORIZED, { token: TOKEN })).status, 200);
  assertEquals((await ask("POST /api")).status, 405);
});

Deno.test("adminApp: the dashboard is open, holds no data and may load from this server alone", async () => {
  for (const path of ["/", "/dashboard/main.js", "/dashboard/styles/base.css", "/dashboard/uplot.js"]) {
    const { status, headers, body } = await ask(path, {}, { token: TOKEN });
    assertEquals(status, 200, path);
    assertEquals(body.includes("10.0.0.1"), false, path);
    assertStringIncludes(
      headers.get("content-security-policy") ?? "",
      "default-src 'none'; script-src 'self'",
    );
  }
  assertEquals((await ask("/dashboard/nothing")).status, 404);
  assertEquals((await ask("POST /")).status, 405);
});

Deno.test("adminApp: every file that the page or another of its files names is served", async () => {
  const seen = new Set<string>();
  const look = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const { status, body } = await ask(path);
    assertEquals(status, 200, path);
    if (path.endsWith("uplot.js")) return;
    for (const [, name = ""] of body.matchAll(/(?:from |path = |href=|src=)"([\w./]+\.(?:js|css|svg))"/g)) {
      await look(new URL(name, `http://proxy${path}`).pathname);
    }
  };
  await look("/");
  assertEquals(seen.size > 25, true, [...seen].join());
});
