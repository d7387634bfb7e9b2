import { assertEquals, assertStringIncludes } from "@std/assert";
import { QuietProxy, withAdmin } from "../../helpers/proxy/admin.ts";

const APPS = [
  { name: "one", listen: ["127.0.0.1:7001"], deny: ["10.9.0.0/16"], targets: ["10.0.0.1:80"] },
  { name: "two", listen: ["127.0.0.2:7001"], targets: ["10.0.0.1:80"] },
];

interface Explained {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function explain(query: string): Promise<Explained> {
  let explained: Explained | undefined;
  await withAdmin({ proxy: new QuietProxy(APPS) }, async (admin) => {
    const { status, text } = await admin.ask(`/api/explain?${query}`);
    explained = { status, body: JSON.parse(text) };
  });
  if (explained === undefined) throw new Error("explain: no explanation");
  return explained;
}

Deno.test("GET /api/explain: gives app, listener, rule, route and targets", async () => {
  const { status, body } = await explain(
    "listen=127.0.0.1:7001&client=10.9.0.1&sni=x.example&alpn=h2,http/1.1",
  );
  assertEquals(status, 200);
  assertEquals(body, {
    app: "one",
    listener: "127.0.0.1:7001",
    admission: { allowed: false, rule: "deny 10.9.0.0/16" },
    route: null,
    targets: [],
    skipped: [],
    routes: [],
    refusal: { reason: "denied", why: 'the rule is "deny 10.9.0.0/16"' },
    notes: [],
  });
});

Deno.test("GET /api/explain: an address without listener is 404, with the nearest listener", async () => {
  const { status, body } = await explain("port=7003&client=192.0.2.7");
  assertEquals([status, body.nearest], [404, { app: "one", listener: "127.0.0.1:7001" }]);
  assertStringIncludes(String(body.detail), "nobody listens on port 7003");
  assertEquals((await explain("listen=unix:/x")).body.nearest, null);
});

Deno.test("GET /api/explain: an ambiguous address is 409, with the listeners", async () => {
  const { status, body } = await explain("port=7001&client=192.0.2.7");
  assertEquals(status, 409);
  assertEquals(body.listeners, [
    { app: "one", listener: "127.0.0.1:7001" },
    { app: "two", listener: "127.0.0.2:7001" },
  ]);
  assertStringIncludes(String(body.detail), "listen=ADDR with one of the addresses");
});

Deno.test("GET /api/explain: an invalid question is 400, with the parameter names", async () => {
  const mistakes: [string, string][] = [
    ["client=::1", "no port given; add port=N"],
    ["port=7001", "no client given; add client=ADDR"],
    ["port=x&client=::1", 'the port is "x"'],
    ["port=7001&client=me", 'the client is "me"; expected an IP address'],
    [
      "port=7001&client=::1&sin=x",
      'unknown parameter "sin"; expected one of port, listen, client, sni, alpn',
    ],
  ];
  for (const [query, says] of mistakes) {
    const { status, body } = await explain(query);
    assertEquals(status, 400, query);
    assertStringIncludes(String(body.detail), says);
  }
});
