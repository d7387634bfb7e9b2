import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AdminServer } from "../../lib/admin/mod.ts";
import { json } from "../../lib/admin/responses.ts";
import type { AdminRoute, Handler } from "../../lib/admin/route.ts";
import { StartError } from "../../lib/proxy/mod.ts";
import {
  AdminLog,
  noEvents,
  operation,
  QuietProxy,
  reloadsOf,
  type TestAdmin,
  withAdmin,
} from "../helpers/proxy/admin.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";

function route(path: string, get: Handler): AdminRoute {
  return { path, operations: { GET: operation(get) } };
}

/** Sends the beginning of a request, and keeps the connection. */
async function sending(admin: TestAdmin, text: string): Promise<Deno.Conn> {
  const conn = await connectTo(admin.port);
  await writeAll(conn, utf8(text));
  return conn;
}

/** Everything until the server closes the connection. */
async function textOf(conn: Deno.Conn): Promise<string> {
  return await new Response(conn.readable).text();
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
}

const HUGE = route("/huge", () => new Response(new Uint8Array(32 * 1024 * 1024)));
const NEVER = route("/never", () => new Promise<Response>(() => {}));

/** Sends a byte at once and nothing more until the server closes, or the client leaves. */
const STREAM = route("/stream", (_request, { closing }) => {
  const left = new AbortController();
  return new Response(
    new ReadableStream({
      start: (controller) => {
        controller.enqueue(utf8("x"));
        closing.addEventListener("abort", () => controller.close(), { signal: left.signal });
      },
      cancel: () => left.abort(),
    }),
  );
});

Deno.test("AdminServer: responds once bound, and is ready once there is a proxy", async () => {
  const server = AdminServer.open({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    token: undefined,
    version: "1.2.3",
    observer: new AdminLog(),
    reloads: reloadsOf(new QuietProxy()),
    events: noEvents(),

    requestDrain: () => {},
  });
  const ask = async (path: string): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${server.address.port}${path}`);
    await response.arrayBuffer();
    return response.status;
  };
  assertEquals([await ask("/healthz"), await ask("/readyz"), await ask("/api/status")], [200, 503, 503]);
  server.attach(new QuietProxy());
  assertEquals([await ask("/healthz"), await ask("/readyz"), await ask("/api/status")], [200, 200, 200]);
  server.drain();
  assertEquals([await ask("/healthz"), await ask("/readyz"), await ask("/api/status")], [200, 503, 200]);
  await server.close();
});

Deno.test("AdminServer: names an address in use as listeners do", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  assertThrows(
    () =>
      AdminServer.open({
        listen: { kind: "tcp", host: "127.0.0.1", port },
        token: undefined,
        version: "1.2.3",
        observer: new AdminLog(),
        reloads: reloadsOf(new QuietProxy()),
        events: noEvents(),

        requestDrain: () => {},
      }),
    StartError,
    `start admin: listen on 127.0.0.1:${port}: port already in use; choose another one, or stop the process that uses it`,
  );
});

Deno.test("AdminServer: close frees the port and is idempotent", async () => {
  let port = 0;
  await withAdmin({}, async (admin) => {
    port = admin.port;
    await admin.server.close();
    await admin.server.close();
  });
  using again = Deno.listen({ hostname: "127.0.0.1", port });
  assertEquals(again.addr.port, port);
});

const STUCK: Readonly<Record<string, string>> = {
  "says nothing": "",
  "stops within the head": "GET /api/status HTTP/1.1\r\nho",
  "stops within the body": "POST /api/status HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nx",
  "does not read a large answer": get("/huge"),
  "waits for an answer that never comes": get("/never"),
  "asks again and again and reads nothing": get("/api/status").repeat(500),
};

for (const [what, text] of Object.entries(STUCK)) {
  Deno.test(`AdminServer: a client that ${what} does not keep it from closing`, async () => {
    const conns: Deno.Conn[] = [];
    await withAdmin({ routes: [HUGE, NEVER] }, async (admin) => {
      for (let left = 3; left > 0; left--) conns.push(await sending(admin, text));
      // One that is answered says that the others have been heard.
      await admin.ask("/nothing");
    });
    for (const conn of conns) {
      await readToEnd(conn);
      conn.close();
    }
  });
}

Deno.test("AdminServer: a streaming response learns of the close and ends whole", async () => {
  let read: Promise<string> | undefined;
  await withAdmin({ routes: [STREAM] }, async (admin) => {
    const response = await fetch(new URL("/stream", admin.url));
    read = response.text();
  });
  assertEquals(await read, "x");
});

Deno.test("AdminServer: refuses requests beyond its limit until there is room", async () => {
  await withAdmin(
    { routes: [STREAM, route("/x", () => new Response("x"))], maxRequests: 2 },
    async (admin) => {
      using one = await sending(admin, get("/stream"));
      using two = await sending(admin, get("/stream"));
      for (const conn of [one, two]) await readExactly(conn, "HTTP/1.1 200 OK".length);
      const refused = await admin.ask("/x");
      assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
      assertStringIncludes(refused.text, "too many requests: 2 in progress");
      one.close();
      while ((await admin.ask("/x")).status !== 200) await new Promise((resolve) => setTimeout(resolve, 1));
      await admin.server.close();
      await readToEnd(two);
    },
  );
});

Deno.test("AdminServer: a large response counts until its client has read it", async () => {
  const text = "x".repeat(16 * 1024 * 1024);
  await withAdmin({ routes: [route("/large", () => json(text))], maxRequests: 1 }, async (admin) => {
    using slow = await sending(admin, get("/large"));
    await readExactly(slow, "HTTP/1.1 200 OK".length);
    assertEquals((await admin.ask("/large")).status, 503);
    slow.close();
    let answer = await admin.ask("/large");
    while (answer.status !== 200) answer = await admin.ask("/large");
    assertEquals([answer.text, answer.headers.get("content-length")], [
      `"${text}"\n`,
      String(text.length + 3),
    ]);
  });
});

Deno.test("AdminServer: a client that leaves mid-response is not an internal error", async () => {
  await withAdmin({ routes: [HUGE, STREAM] }, async (admin) => {
    for (const path of ["/huge", "/stream"]) {
      const conn = await sending(admin, get(path));
      await readExactly(conn, 1);
      conn.close();
    }
    assertEquals((await admin.ask("/nothing")).status, 404);
    assertEquals([admin.log.reported, admin.log.defects], [[], []]);
  });
});

Deno.test("AdminServer: a handler's exception is an internal error and costs one request", async () => {
  const broken = route("/broken", () => {
    throw new Error("broken");
  });
  await withAdmin({ routes: [broken] }, async (admin) => {
    assertEquals((await admin.ask("/broken")).status, 500);
    assertEquals((await admin.ask("/nothing")).status, 404);
    assertEquals(admin.log.defects.map(String), ["Error: broken"]);
  });
});

for (const what of ["says nothing", "stops within the head"]) {
  Deno.test(`AdminServer: a client that ${what} is cut off after its limit`, async () => {
    await withAdmin({ limits: { headMs: 20 } }, async (admin) => {
      assertEquals(await textOf(await sending(admin, STUCK[what] ?? "")), "");
    });
  });
}

Deno.test("AdminServer: a connection that is kept alive is closed when no request comes in time", async () => {
  await withAdmin({ limits: { keepAliveMs: 20 } }, async (admin) => {
    assertStringIncludes(await textOf(await sending(admin, get("/healthz"))), "HTTP/1.1 200 OK");
  });
});

Deno.test("AdminServer: a kept connection that stops within its next head is cut off", async () => {
  await withAdmin({ limits: { headMs: 50 } }, async (admin) => {
    const text = await textOf(await sending(admin, `${get("/healthz")}GET / HT`));
    assertEquals(text.split("HTTP/1.1 ").length, 2);
  });
});

Deno.test("AdminServer: a body that stops coming is given up, and is not an internal error", async () => {
  const reading = {
    path: "/read",
    operations: { POST: operation(async (c) => json(await c.req.text())) },
  } satisfies AdminRoute;
  await withAdmin({ routes: [reading], limits: { bodyMs: 20 } }, async (admin) => {
    const head = "POST /read HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nx";
    assertEquals(await textOf(await sending(admin, head)), "");
    assertEquals(admin.log.defects, []);
  });
});

Deno.test("AdminServer: a client that does not read its response is cut off after its limit", async () => {
  await withAdmin({ routes: [HUGE], maxRequests: 1, limits: { writeMs: 20 } }, async (admin) => {
    using slow = await sending(admin, get("/huge"));
    await readExactly(slow, "HTTP/1.1 200 OK".length);
    while ((await admin.ask("/nothing")).status !== 404) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await readToEnd(slow);
  });
});

Deno.test("AdminServer: a stream outlasts the limits of a connection that waits", async () => {
  const limits = { headMs: 1000, keepAliveMs: 20, writeMs: 20, bodyMs: 20 };
  await withAdmin({ routes: [STREAM], limits }, async (admin) => {
    const stream = await sending(admin, get("/stream"));
    await readExactly(stream, 1);
    using idle = await sending(admin, get("/nothing"));
    await readToEnd(idle);
    await admin.server.close();
    // The last chunk shows that the response ended whole.
    assertStringIncludes(await textOf(stream), "\r\n0\r\n\r\n");
  });
});

Deno.test("AdminServer: with too many connections, the one that has waited longest makes room", async () => {
  await withAdmin({ routes: [STREAM], limits: { maxConnections: 2 } }, async (admin) => {
    using busy = await sending(admin, get("/stream"));
    await readExactly(busy, 1);
    const waiting = await sending(admin, "");
    using next = await sending(admin, get("/stream"));
    await readExactly(next, 1);
    assertEquals(await textOf(waiting), "");
    assertEquals(await textOf(await sending(admin, "")), "");
  });
});

const ECHO = {
  path: "/echo",
  operations: {
    GET: operation(() => new Response("hello")),
    POST: operation(async (c) => json(await c.req.text())),
  },
} satisfies AdminRoute;

const CHUNKED = "POST /echo HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n";

const EXCHANGES: readonly (readonly [string, string, readonly string[]])[] = [
  ["pipelined requests", get("/echo") + get("/echo"), ["200 OK", "200 OK"]],
  ["a chunked body, then a request", `${CHUNKED}\r\n3;x=y\r\nabc\r\n0\r\nt: v\r\n\r\n${get("/echo")}`, [
    "200 OK",
    "200 OK",
  ]],
  [
    "an unread body is not taken for a request",
    get("/echo").replace("\r\n\r\n", "\r\ncontent-length: 45\r\n\r\n") + get("/x"),
    [
      "200 OK",
    ],
  ],
  ["connection: close", get("/echo").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n") + get("/echo"), [
    "200 OK",
  ]],
  ["HTTP/1.0", "GET /echo HTTP/1.0\r\n\r\n", ["200 OK"]],
  ["HEAD, then GET", get("/echo").replace("GET", "HEAD") + get("/echo"), ["200 OK", "200 OK"]],
  ["100-continue", `${CHUNKED}expect: 100-continue\r\n\r\n1\r\na\r\n0\r\n\r\n`, ["100 Continue", "200 OK"]],
  ["both length and encoding", `${CHUNKED}content-length: 3\r\n\r\n0\r\n\r\n`, ["400 Bad Request"]],
  ["a malformed chunk", `${CHUNKED}\r\nxyz\r\n`, ["400 Bad Request"]],
  ["a chunk beyond the limit", `${CHUNKED}\r\nffffffff\r\n`, ["413 Content Too Large"]],
  ["a head beyond the limit", `GET /${"x".repeat(20_000)}`, ["431 Request Header Fields Too Large"]],
];

for (const [what, sent, statuses] of EXCHANGES) {
  Deno.test(`AdminServer: HTTP: ${what}`, async () => {
    await withAdmin({ routes: [ECHO], limits: { keepAliveMs: 20 } }, async (admin) => {
      const conn = await sending(admin, sent);
      await conn.closeWrite();
      const text = await textOf(conn);
      assertEquals([...text.matchAll(/HTTP\/1\.1 (.*)\r\n/g)].map(([, status]) => status), statuses);
      assertEquals(admin.log.defects, []);
    });
  });
}
