import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseCidr } from "../../../lib/base/mod.ts";
import { QuietProxy, type TestAdmin, withAdmin } from "../../helpers/proxy/admin.ts";

const END = { method: "DELETE" };

/** Asks, and returns the status and the detail of the problem that answers. */
async function refusal(admin: TestAdmin, path: string, init?: RequestInit): Promise<[number, string]> {
  const { status, text } = await admin.ask(path, init);
  return [status, JSON.parse(text).detail];
}

Deno.test("GET /api/sessions: lists sessions with their ages, and null for what is not known", async () => {
  const proxy = new QuietProxy();
  const [known] = proxy.operations.list.sessions;
  if (known === undefined) throw new Error("there is no session");
  const dialing = {
    ...known,
    id: 8,
    state: "dialing" as const,
    target: undefined,
    connectMs: undefined,
    tries: 0,
    sni: "x.example",
    worker: 2,
  };
  proxy.operations.list = {
    ...proxy.operations.list,
    sessions: [known, dialing],
    incomplete: ["worker 1: no answer within 2 s"],
  };
  await withAdmin({ proxy }, async (admin) => {
    const { text } = await admin.ask("/api/sessions");
    const { sessions: [one, other], ...rest } = JSON.parse(text);
    assertEquals(rest, { total: 1, matched: 1, incomplete: ["worker 1: no answer within 2 s"] });
    const { started_at: startedAt, ...facts } = one;
    assertEquals(new Date(startedAt).toISOString(), startedAt);
    assertEquals(facts, {
      id: 7,
      app: "web",
      listener: "127.0.0.1:7001",
      client: "192.0.2.7:4444",
      target: "10.0.0.1:80",
      state: "relaying",
      sni: null,
      age_ms: 4000,
      idle_ms: 1000,
      bytes_up: 12,
      bytes_down: 34,
      connect_ms: 1.235,
      tries: 1,
      worker: null,
    });
    assertEquals(
      [other.target, other.connect_ms, other.state, other.tries, other.sni, other.worker],
      [null, null, "dialing", 0, "x.example", 2],
    );
  });
});

Deno.test("GET /api/sessions: asks for the newest 100 by default, else as the query says", async () => {
  const proxy = new QuietProxy();
  const none = { app: undefined, target: undefined, client: undefined, state: undefined };
  await withAdmin({ proxy }, async (admin) => {
    await admin.ask("/api/sessions");
    await admin.ask(
      "/api/sessions?app=web&target=10.0.0.1%3A80&client=10.0.0.0%2F8&state=relaying&sort=bytes_up&order=asc&limit=10000",
    );
    assertEquals(proxy.operations.asked, [
      { filter: none, sort: "id", order: "desc", limit: 100 },
      {
        filter: { app: "web", target: "10.0.0.1:80", client: parseCidr("10.0.0.0/8"), state: "relaying" },
        sort: "bytes_up",
        order: "asc",
        limit: 10_000,
      },
    ]);
  });
});

Deno.test("GET /api/sessions: a parameter that makes no sense is 400 with what is expected", async () => {
  await withAdmin({}, async (admin) => {
    for (
      const [query, detail] of [
        [
          "stat=relaying",
          'unknown parameter "stat"; expected one of app, target, client, state, sort, order',
        ],
        ["stat=relaying", '; did you mean "state"?'],
        ["state=relayed", "expected one of inspecting, dialing, relaying, lingering"],
        ["app=a&app=b", '"app" is given twice; keep one'],
        ["client=10.0.0.1/8", '"client": the block "10.0.0.1/8" has bits set beyond its prefix'],
        ["client=web", '"client": the address "web" is no IP address'],
        ["limit=0", '"limit" is "0"; expected a whole number from 1 to 10000'],
        ["limit=10001", "expected a whole number from 1 to 10000"],
        ["limit=1e3", "expected a whole number"],
        ["sort=size", "expected one of age, idle, bytes_up, bytes_down, id"],
        ["order=up", "expected one of desc, asc"],
      ]
    ) {
      const [status, reported] = await refusal(admin, `/api/sessions?${query}`);
      assertEquals(status, 400, query);
      assertStringIncludes(reported, detail ?? "");
    }
  });
});

Deno.test("sessions: of an app or target that is not there and has none, 404 names the near miss", async () => {
  const proxy = new QuietProxy();
  proxy.operations.list = { ...proxy.operations.list, matched: 0, sessions: [] };
  proxy.operations.ended = 0;
  await withAdmin({ proxy }, async (admin) => {
    for (const init of [{}, END]) {
      assertEquals(await refusal(admin, "/api/sessions?app=wbe", init), [
        404,
        'there is no app "wbe"; did you mean "web"?',
      ]);
      assertEquals(await refusal(admin, "/api/sessions?target=10.0.0.1:81", init), [
        404,
        'there is no target "10.0.0.1:81"; did you mean "10.0.0.1:80"?',
      ]);
      assertEquals((await admin.ask("/api/sessions?app=web", init)).status, 200);
    }
  });
});

Deno.test("DELETE /api/sessions: ends those that fit, never all by mistake", async () => {
  const proxy = new QuietProxy();
  proxy.operations.ended = 3;
  await withAdmin({ proxy }, async (admin) => {
    const [status, detail] = await refusal(admin, "/api/sessions", END);
    assertEquals(status, 400);
    assertStringIncludes(detail, "give at least one of app, target, client, state, or all=true");
    assertEquals((await admin.ask("/api/sessions?all=false", END)).status, 400);
    assertEquals((await admin.ask("/api/sessions?all=true&app=web", END)).status, 400);
    assertEquals((await admin.ask("/api/sessions?limit=1", END)).status, 400);
    assertEquals(proxy.operations.asked, []);
    assertEquals(JSON.parse((await admin.ask("/api/sessions?all=true", END)).text), {
      ended: 3,
      incomplete: [],
    });
    await admin.ask("/api/sessions?client=10.0.0.0/8&app=web", END);
    assertEquals(admin.log.reported, [
      "3 sessions ended (all)",
      '3 sessions ended (app "web", client 10.0.0.0/8)',
    ]);
  });
});

Deno.test("/api/sessions/{id}: shows and ends one session; 404 where it has ended", async () => {
  const proxy = new QuietProxy();
  await withAdmin({ proxy }, async (admin) => {
    assertEquals(JSON.parse((await admin.ask("/api/sessions/7")).text).id, 7);
    assertEquals(JSON.parse((await admin.ask("/api/sessions/7", END)).text), { ended: 1, incomplete: [] });
    assertEquals(proxy.operations.asked, [{ filter: { id: 7 }, sort: "id", order: "desc", limit: 1 }, {
      id: 7,
    }]);
    proxy.operations.list = {
      ...proxy.operations.list,
      sessions: [],
      incomplete: ["worker 2: no answer within 2 s"],
    };
    proxy.operations.ended = 0;
    for (const init of [{}, END]) {
      const [status, detail] = await refusal(admin, "/api/sessions/7", init);
      assertEquals(status, 404);
      assertStringIncludes(detail, "session #7 has ended or never was");
      assertEquals((await admin.ask("/api/sessions/seven", init)).status, 400);
    }
    assertStringIncludes((await refusal(admin, "/api/sessions/7"))[1], "worker 2: no answer within 2 s");
  });
});
