import { assert, assertEquals, assertThrows } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import { SCHEMA_NAMES } from "../../lib/admin/openapi/description.ts";
import { openapiDocument, templateOf } from "../../lib/admin/openapi/document.ts";
import { operationsOf } from "../../lib/admin/route.ts";
import { ROUTES } from "../../lib/admin/routes/all.ts";
import { type TestAdmin, TOKEN, withAdmin } from "../helpers/proxy/admin.ts";
import { streamHead } from "../helpers/protocol/stream_head.ts";
import { checkDescribed, STRICT, templateFor } from "../helpers/proxy/api_description.ts";

type Json = Record<string, Record<string, Record<string, unknown>>>;

/** A request for each operation, which succeeds. A new operation needs a line here. */
const REQUESTS: Readonly<Record<string, (admin: TestAdmin) => Promise<{ readonly status: number }>>> = {
  "GET /": (admin) => admin.ask("/"),
  "GET /api": (admin) => admin.ask("/api"),
  "GET /dashboard/:file{.+}": (admin) => admin.ask("/dashboard/main.js"),
  "GET /healthz": (admin) => admin.ask("/healthz"),
  "GET /readyz": (admin) => admin.ask("/readyz"),
  "GET /api/status": (admin) => admin.ask("/api/status"),
  "GET /api/events": async (admin) => {
    const { status, headers } = await streamHead(admin.url, "/api/events");
    checkDescribed({ method: "GET", path: "/api/events", status, headers, text: "" });
    return { status };
  },
  "GET /metrics": (admin) => admin.ask("/metrics"),
  "GET /api/sessions": (admin) => admin.ask("/api/sessions?client=192.0.2.0/24&sort=idle&order=asc&limit=5"),
  "DELETE /api/sessions": (admin) => admin.ask("/api/sessions?app=web", { method: "DELETE" }),
  "GET /api/sessions/:id": (admin) => admin.ask("/api/sessions/7"),
  "DELETE /api/sessions/:id": (admin) => admin.ask("/api/sessions/7", { method: "DELETE" }),
  "PATCH /api/apps/:app": (admin) => send(admin, "PATCH /api/apps/web", { state: "paused" }),
  "PATCH /api/apps/:app/targets/:target": (admin) =>
    send(admin, "PATCH /api/apps/web/targets/10.0.0.1:80", { state: "down", weight: 3 }),
  "GET /api/apps/:app/faults": (admin) => admin.ask("/api/apps/web/faults"),
  "PUT /api/apps/:app/faults": (admin) =>
    send(admin, "PUT /api/apps/web/faults", { faults: [{ kind: "refuse", expires: "1m" }] }),
  "DELETE /api/apps/:app/faults": (admin) => admin.ask("/api/apps/web/faults", { method: "DELETE" }),
  "GET /api/drain": (admin) => admin.ask("/api/drain"),
  "POST /api/drain": (admin) => admin.ask("/api/drain", { method: "POST" }),
  "POST /api/upgrade": (admin) => admin.ask("/api/upgrade", { method: "POST" }),
  "GET /api/discovery": (admin) => admin.ask("/api/discovery"),
  "GET /api/config": (admin) => admin.ask("/api/config"),
  "GET /api/explain": (admin) => admin.ask("/api/explain?port=7001&client=192.0.2.7"),
  "POST /api/reload": (admin) => admin.ask("/api/reload?plan=true", { method: "POST" }),
  "GET /api/sessions/:id/capture": (admin) => admin.ask("/api/sessions/17/capture"),
  "GET /api/apps/:app/capture": (admin) => admin.ask("/api/apps/web/capture?client=10.0.0.0/8&count=1"),
  "GET /api/openapi.json": (admin) => admin.ask("/api/openapi.json"),
};

function send(admin: TestAdmin, what: string, body: unknown): ReturnType<TestAdmin["ask"]> {
  const [method = "", path = ""] = what.split(" ");
  return admin.ask(path, { method, body: JSON.stringify(body) });
}

const OPERATIONS = ROUTES.flatMap((route) =>
  operationsOf(route).map(([method]) => ({ method, path: route.path }))
);

Deno.test("GET /api/openapi.json: describes every operation of the program, and no other", async () => {
  await withAdmin({}, async (admin) => {
    const { text, headers } = await admin.ask("/api/openapi.json");
    assertEquals(headers.get("content-type"), "application/json");
    const { openapi, info, paths } = JSON.parse(text);
    assertEquals([openapi, info.version], ["3.1.1", "1.2.3"]);
    const described = Object.entries(paths as Json)
      .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));
    assertEquals(described, OPERATIONS.map(({ method, path }) => `${method} ${templateOf(path)}`));
    // What is described answers: 404 is the answer to a path that does not exist, 405 to a method that does not.
    for (const [path, item] of Object.entries(paths as Json)) {
      const url = path.replaceAll(/\{\w+\}/g, "none");
      const { text } = await admin.ask(url, { method: "OPTIONS" });
      const allowed = Object.keys(item).map((method) => method.toUpperCase());
      for (const method of allowed) {
        assert(JSON.parse(text).detail.includes(method), `${method} ${path}: ${text}`);
      }
    }
  });
});

for (const { method, path } of OPERATIONS) {
  Deno.test(`openapi: the answer to ${method} ${path} is as described`, async () => {
    const request = REQUESTS[`${method} ${path}`];
    if (request === undefined) throw new Error("there is no request for it; add one to REQUESTS");
    await withAdmin({}, async (admin) => {
      const { status } = await request(admin);
      assert(status < 300, `status ${status}`);
    });
  });
}

Deno.test("openapi: refusals that any path may answer with are as described", async () => {
  await withAdmin({ token: TOKEN, maxRequests: 0 }, async (admin) => {
    for (const { path } of OPERATIONS) assertEquals((await admin.ask(path)).status, 503);
  });
  await withAdmin({ token: TOKEN }, async (admin) => {
    assertEquals((await admin.ask("/api/status")).status, 401);
    assertEquals((await admin.ask("/api/explain", { method: "DELETE" })).status, 401);
  });
});

Deno.test("openapi: every path parameter is declared, and every name of a path has a parameter", () => {
  for (const route of ROUTES) {
    const names = [...templateOf(route.path).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const [method, { parameters = [] }] of operationsOf(route)) {
      const declared = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      assertEquals(declared, names, `${method} ${route.path}`);
    }
  }
});

Deno.test("openapi: each operation has an identifier of its own, and each reference leads to something", () => {
  const document = openapiDocument(ROUTES, "1.2.3");
  const ids = Object.values(document.paths as Json).flatMap((item) =>
    Object.values(item).map(({ operationId }) => String(operationId))
  );
  assertEquals(new Set(ids).size, ids.length);
  const text = JSON.stringify(document);
  for (const [, path = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = path.split("/").reduce((from: unknown, key) => (from as Json)?.[key], document);
    assert(found !== undefined, path);
  }
  for (const name of SCHEMA_NAMES) {
    assert(text.includes(`schemas/${name}"`), `nothing answers with a ${name}`);
  }
});

Deno.test("openapi: what clients are given allows members that they do not know", () => {
  const { components } = openapiDocument(ROUTES, "1.2.3");
  const ajv = new Ajv2020({ strict: false, formats: { "date-time": true } });
  ajv.addSchema({ $id: "api", components });
  const health = { status: "alive", later: true };
  assertEquals(ajv.validate("api#/components/schemas/Health", health), true);
  assertThrows(() => checkDescribed(answered({ text: JSON.stringify(health) })), Error, "additional");
});

Deno.test("checkDescribed: finds a status, a type and a body that are not described", () => {
  checkDescribed(answered({}));
  assertThrows(() => checkDescribed(answered({ status: 204 })), Error, "status is not described");
  assertThrows(() => checkDescribed(answered({ type: "text/html" })), Error, 'its type is "text/html"');
  assertThrows(() => checkDescribed(answered({ text: "{}" })), Error, "its body is no Health");
  assertThrows(() => checkDescribed(answered({ method: "PUT" })), Error, "the method is not described");
  checkDescribed(answered({ path: "/of-a-test" }));
  assertEquals(Object.keys(STRICT.paths as Json).map(templateFor), Object.keys(STRICT.paths as Json));
});

function answered(
  { type = "application/json", ...rest }: Record<string, unknown>,
): Parameters<typeof checkDescribed>[0] {
  return {
    method: "GET",
    path: "/healthz",
    status: 200,
    text: '{"status":"alive"}',
    ...rest,
    headers: new Headers({ "content-type": String(type) }),
  };
}
