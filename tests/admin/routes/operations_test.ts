import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseCidr } from "../../../lib/base/mod.ts";
import { QuietProxy, type TestAdmin, withAdmin } from "../../helpers/proxy/admin.ts";

/** Sends a body, and returns the status with the JSON that answers it. */
async function send(
  admin: TestAdmin,
  what: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown>; detail: string }> {
  const [method = "", path = ""] = what.split(" ");
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await admin.ask(path, { method, ...body === undefined ? {} : { body: text } });
  const json = JSON.parse(answer.text);
  return { status: answer.status, json, detail: String(json.detail) };
}

const TARGET = "PATCH /api/apps/web/targets/10.0.0.1:80";

Deno.test("PATCH target: sets state, weight or both, and answers with the target", async () => {
  const proxy = new QuietProxy();
  proxy.operations.incomplete = ["worker 1: no answer within 2 s"];
  await withAdmin({ proxy }, async (admin) => {
    const { status, json } = await send(admin, TARGET, { state: "drain" });
    assertEquals([status, json.address, json.admin, json.ended, json.incomplete], [
      200,
      "10.0.0.1:80",
      "ready",
      1,
      ["worker 1: no answer within 2 s"],
    ]);
    await send(admin, TARGET, { state: "down", weight: 0 });
    await send(admin, TARGET, { weight: null });
    const target = { app: "web", label: "10.0.0.1:80" };
    assertEquals(proxy.operations.asked, [
      [target, { admin: "drain" }],
      [target, { admin: "down", weight: 0 }],
      [target, { weight: null }],
    ]);
  });
});

Deno.test("PATCH target: a path with an encoded slash, a bracket or a wildcard port reaches its target", async () => {
  const targets = ["unix:/run/x.sock", "[2001:db8::1]:80", "10.0.0.9:*"];
  const proxy = new QuietProxy([{ name: "a.b", listen: ["127.0.0.1:7001"], targets }]);
  await withAdmin({ proxy }, async (admin) => {
    for (const target of targets) {
      const path = `/api/apps/a.b/targets/${encodeURIComponent(target)}`;
      assertEquals((await send(admin, `PATCH ${path}`, { weight: 2 })).json.address, target);
    }
  });
});

Deno.test("PATCH: a body that makes no sense is 400 with what is expected, and nothing is set", async () => {
  const proxy = new QuietProxy();
  await withAdmin({ proxy }, async (admin) => {
    for (
      const [what, body, detail] of [
        [TARGET, undefined, 'the body is empty; expected JSON: { "state": …, "weight": … }'],
        [TARGET, "{", "the body is no JSON: "],
        [TARGET, "[]", "the body is no JSON object"],
        [TARGET, "null", "the body is no JSON object"],
        [TARGET, {}, 'nothing is to be set; give "state", "weight" or both'],
        [
          TARGET,
          { stat: "drain" },
          'unknown key "stat"; expected one of state, weight; did you mean "state"?',
        ],
        [TARGET, { state: "drian" }, 'expected one of ready, drain, down; did you mean "drain"?'],
        [TARGET, { state: 1 }, '"state" is 1; expected one of ready, drain, down'],
        [TARGET, { weight: 257 }, '"weight" is 257; expected a whole number from 0 to 256, or null'],
        [TARGET, { weight: 1.5 }, '"weight" is 1.5'],
        [TARGET, { weight: "3" }, '"weight" is "3"'],
        ["PATCH /api/apps/web", { state: "drain" }, '"state" is "drain"; expected one of paused, accepting'],
        ["PATCH /api/apps/web", {}, '"state" is nothing; expected one of paused, accepting'],
        ["PUT /api/apps/web/faults", {}, '"faults" is missing; expected a list, as in the config'],
        ["PUT /api/apps/web/faults", { faults: [{ kind: "latncy" }] }, "faults[0].kind: "],
        [
          "PUT /api/apps/web/faults",
          { faults: [{ kind: "reset" }] },
          'faults[0]: the time is missing; set "after"',
        ],
        ["PUT /api/apps/web/faults", { faults: {} }, "faults: "],
      ] as const
    ) {
      const { status, detail: reported } = await send(admin, what, body);
      assertEquals(status, 400, `${what} ${JSON.stringify(body)}`);
      assertStringIncludes(reported, detail);
    }
    assertEquals(proxy.operations.asked, []);
  });
});

Deno.test("PATCH: an unknown app or target is 404 with the near miss", async () => {
  await withAdmin({}, async (admin) => {
    for (
      const [what, detail] of [
        ["PATCH /api/apps/wbe", 'there is no app "wbe"; did you mean "web"?'],
        ["PATCH /api/apps/mail", 'there is no app "mail"; expected one of web'],
        ["PATCH /api/apps/wbe/targets/10.0.0.1:80", 'there is no app "wbe"; did you mean "web"?'],
        [
          "PATCH /api/apps/web/targets/10.0.0.1:81",
          'there is no target "10.0.0.1:81"; did you mean "10.0.0.1:80"?',
        ],
        ["DELETE /api/apps/wbe/faults", 'there is no app "wbe"; did you mean "web"?'],
      ] as const
    ) {
      const { status, detail: reported } = await send(admin, what, { state: "drain" });
      assertEquals([status, reported], [404, detail]);
    }
  });
});

Deno.test("a body beyond 256 KiB is 413", async () => {
  await withAdmin({}, async (admin) => {
    const { status, detail } = await send(admin, TARGET, JSON.stringify({ state: "x".repeat(300_000) }));
    assertEquals([status, detail], [413, "the body is larger than 262144 bytes"]);
  });
});

Deno.test("PATCH app: pauses it and lets it accept again, and the log says so", async () => {
  const proxy = new QuietProxy();
  await withAdmin({ proxy }, async (admin) => {
    for (const state of ["paused", "accepting"]) {
      const { status, json } = await send(admin, "PATCH /api/apps/web", { state });
      assertEquals([status, json.name, json.incomplete], [200, "web", []]);
    }
    assertEquals(proxy.operations.asked, [["web", true], ["web", false]]);
    assertEquals(admin.log.reported, ['app "web" paused', 'app "web" accepting again']);
  });
});

Deno.test("faults: PUT sets them as the config has them, DELETE removes them, GET shows those in effect", async () => {
  const proxy = new QuietProxy([
    { name: "web", listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80"] },
  ], {
    faults: () => [{
      fault: {
        kind: "refuse",
        direction: "both",
        probability: 0.5,
        clients: [],
        expiresMs: Infinity,
        seed: 1,
      },
      sinceMs: 0,
      expiresAtMs: Infinity,
      source: "config",
    }],
  });
  await withAdmin({ proxy }, async (admin) => {
    const faults = [{ kind: "latency", amount: "100ms", clients: ["10.0.0.0/8"], expires: "10m" }];
    const shown = {
      faults: [{
        kind: "refuse",
        direction: "both",
        probability: 0.5,
        clients: [],
        expires: "off",
        seed: 1,
        since: "1970-01-01T00:00:00.000Z",
        expires_at: null,
        source: "config",
      }],
      incomplete: [],
    };
    assertEquals((await send(admin, "PUT /api/apps/web/faults", { faults })).json, shown);
    assertEquals((await send(admin, "DELETE /api/apps/web/faults")).json, shown);
    assertEquals((await send(admin, "GET /api/apps/web/faults")).json, shown);
    assertEquals(proxy.operations.asked, [
      ["web", [{
        kind: "latency",
        amountMs: 100,
        jitterMs: 0,
        direction: "both",
        probability: 1,
        clients: [parseCidr("10.0.0.0/8")],
        expiresMs: 600_000,
        seed: undefined,
      }]],
      ["web", []],
    ]);
    assertEquals(admin.log.reported, ['app "web": faults set: latency', 'app "web": faults removed']);
  });
});

Deno.test("/api/drain: says what becomes of the process, and asks for its end", async () => {
  await withAdmin({}, async (admin) => {
    assertEquals((await send(admin, "GET /api/drain")).json, {
      state: "serving",
      sessions: 0,
      deadline: null,
    });
    const { status, json } = await send(admin, "POST /api/drain");
    assertEquals([status, json], [202, { state: "draining", sessions: 0, deadline: null }]);
    admin.server.drain(new Date(1000));
    assertEquals((await send(admin, "GET /api/drain")).json.deadline, "1970-01-01T00:00:01.000Z");
    assertEquals((await admin.ask("/readyz")).status, 503);
  });
});

Deno.test("GET /api/discovery: shows answers, times and errors", async () => {
  const proxy = new QuietProxy();
  const entry = { app: "web", kind: "dns", targets: ["10.0.0.1:80"] };
  proxy.operations.found = [
    { ...entry, name: "a.test:80", answeredAtMs: 0, error: undefined },
    { ...entry, name: "b.test:80", targets: [], answeredAtMs: undefined, error: "not found" },
  ];
  await withAdmin({ proxy }, async (admin) => {
    assertEquals((await send(admin, "GET /api/discovery")).json.discoveries, [
      { ...entry, name: "a.test:80", answered_at: "1970-01-01T00:00:00.000Z", error: null },
      { ...entry, name: "b.test:80", targets: [], answered_at: null, error: "not found" },
    ]);
  });
});

Deno.test("GET /api/config: shows paths and no secrets, as JSON and as YAML", async () => {
  const proxy = new QuietProxy([{
    name: "web",
    listen: ["127.0.0.1:7001"],
    targets: [
      { address: "10.0.0.1:80", health_check: { http: { path: "/ready?key=secret-1" } } },
      "10.0.0.2:80",
    ],
    health_check: { steps: [{ send: "AUTH secret-2\\r\\n", expect: "secret-3" }] },
    target_tls: { ca: "/etc/ca.pem" },
    proxy_protocol: { send: "v2", tlvs: { add: [{ type: "0xe0", value: "secret-4" }] } },
  }]);
  await withAdmin({ proxy }, async (admin) => {
    const { text: json } = await admin.ask("/api/config");
    const { text: yaml, headers } = await admin.ask("/api/config?format=yaml");
    assertEquals(headers.get("content-type"), "application/yaml");
    for (const text of [json, yaml]) {
      assertEquals(text.includes("secret"), false, text);
      for (const part of ["/etc/ca.pem", "/ready?not-shown", "v2", "(not shown)"]) {
        assertStringIncludes(text, part);
      }
    }
    assertEquals((await admin.ask("/api/config?format=xml")).status, 400);
  });
});
