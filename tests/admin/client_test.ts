import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AdminClient, AdminClientError, explanationToJson } from "../../lib/admin/mod.ts";
import { explanationFromJson } from "../../lib/admin/json/explanation.ts";
import type { ConnectionQuestion, Explanation } from "../../lib/proxy/mod.ts";
import { QuietProxy, TOKEN, withAdmin } from "../helpers/proxy/admin.ts";
import { utf8 } from "../helpers/bytes.ts";
import { writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { type Serve, TestTarget } from "../helpers/targets.ts";

const QUESTION: ConnectionQuestion = {
  to: { kind: "port", port: 7001 },
  client: "192.0.2.7",
  sni: undefined,
  alpn: [],
};

const APPS = [
  {
    name: "one",
    listen: ["127.0.0.1:7001"],
    routes: [{ sni: ["x.example"], targets: ["10.0.0.1:80"] }, { targets: ["10.0.0.2:80"] }],
  },
  { name: "two", listen: ["127.0.0.2:7002"], deny: ["192.0.2.7"], targets: ["10.0.0.1:80"] },
  { name: "three", listen: ["127.0.0.1:7003"], targets: ["10.0.0.1:80"] },
  { name: "four", listen: ["127.0.0.2:7003"], targets: ["10.0.0.1:80"] },
];

Deno.test("AdminClient: explains like the proxy itself", async () => {
  const proxy = new QuietProxy(APPS);
  await withAdmin({ proxy, token: TOKEN }, async ({ url }) => {
    const client = new AdminClient({ url, token: TOKEN });
    const questions: ConnectionQuestion[] = [
      QUESTION,
      { ...QUESTION, sni: "x.example", alpn: ["h2", "http/1.1"] },
      { ...QUESTION, to: { kind: "tcp", host: "127.0.0.2", port: 7002 } },
      { ...QUESTION, to: { kind: "port", port: 7003 } },
      { ...QUESTION, to: { kind: "port", port: 9 } },
      { ...QUESTION, to: { kind: "unix", path: "/x" }, client: undefined },
    ];
    for (const question of questions) {
      assertEquals(await client.explain(question), proxy.explain(question));
    }
  });
});

Deno.test("AdminClient: finds the API under a path prefix", async () => {
  const proxy = new QuietProxy(APPS);
  await withAdmin({ proxy }, async ({ url, port }) => {
    await using front = new TestTarget(rewriting("/proxy1/", port));
    const client = new AdminClient({ url: new URL(`http://${front.address}/proxy1`), token: undefined });
    assertEquals(await client.explain(QUESTION), proxy.explain(QUESTION));
    assertEquals(url.pathname, "/");
  });
});

Deno.test("explanationFromJson: reads the output of explanationToJson, and nothing else", () => {
  const explanation = new QuietProxy(APPS).explain({ ...QUESTION, sni: "x.example" });
  if (explanation.kind !== "explained") throw new Error(`it is "${explanation.kind}"`);
  const json: Record<string, unknown> = JSON.parse(JSON.stringify(explanationToJson(explanation)));
  assertEquals(explanationFromJson(json), explanation);
  for (const key of Object.keys(json).filter((key) => key !== "route")) {
    for (const value of [undefined, 7, [7], { app: 7 }]) {
      let read: Explanation | undefined;
      try {
        read = explanationFromJson({ ...json, [key]: value });
      } catch (error) {
        assertEquals(
          error instanceof Error && ["ShapeError", "AddressError"].includes(error.name),
          true,
          String(error),
        );
      }
      assertEquals(read, undefined, `${key}: ${JSON.stringify(value)}`);
    }
  }
});

/** What the client makes of a server that answers so. */
async function messageOf(
  serve: Serve,
  options: { token?: string; timeoutMs?: number } = {},
): Promise<string> {
  await using server = new TestTarget(serve);
  const { token, timeoutMs } = options;
  const client = new AdminClient({
    url: new URL(`http://${server.address}`),
    token,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const { message } = await assertRejects(() => client.explain(QUESTION), AdminClientError);
  assertEquals(message.startsWith(`ask http://${server.address}: `), true, message);
  return message.slice(`ask http://${server.address}: `.length);
}

/** Answers with this status and body, and finishes. */
function answering(status: string, body: string, headers = ""): Serve {
  return async (conn) => {
    await readHead(conn);
    const length = utf8(body).length;
    await writeAll(
      conn,
      utf8(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: ${length}\r\n${headers}\r\n${body}`),
    );
    await conn.closeWrite();
    await readHead(conn);
  };
}

async function readHead(conn: Deno.Conn): Promise<string> {
  let head = "";
  const buffer = new Uint8Array(4096);
  while (!head.includes("\r\n\r\n")) {
    const count = await conn.read(buffer);
    if (count === null) break;
    head += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return head;
}

/** Passes on what is below a path, without it. */
function rewriting(path: string, port: number): Serve {
  return async (conn) => {
    const head = await readHead(conn);
    const target = new URL(head.split(" ")[1] ?? "", `http://127.0.0.1:${port}`);
    if (!target.pathname.startsWith(path)) throw new Error(`the path is "${target.pathname}"`);
    const response = await fetch(
      `http://127.0.0.1:${port}/${target.pathname.slice(path.length)}${target.search}`,
    );
    const body = await response.text();
    await writeAll(
      conn,
      utf8(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
    );
    await readHead(conn);
  };
}

const NO_TCPPROXY = "the response is not from a tcpproxy; give the address of its admin API";

Deno.test("AdminClient: recognizes a server that is not a tcpproxy", async () => {
  const problem = "content-type: application/problem+json\r\n";
  const answers: [string, string, string?][] = [
    ["200 OK", "<html>hello</html>"],
    ["200 OK", "{}"],
    ["200 OK", "[]"],
    ["200 OK", ""],
    ["404 Not Found", "{}"],
    ["404 Not Found", "<html>", "content-type: text/html\r\n"],
    ["404 Not Found", '{"nearest":{"app":"x","listener":"x"}}', problem],
    ["409 Conflict", '{"listeners":[7]}', problem],
    ["302 Found", "", "location: http://127.0.0.1:1/\r\n"],
  ];
  for (const [status, body, headers] of answers) {
    assertEquals(await messageOf(answering(status, body, headers)), NO_TCPPROXY, `${status} ${body}`);
  }
});

Deno.test("AdminClient: passes on the server's error with control characters escaped", async () => {
  const body = JSON.stringify({ detail: "the proxy is \u001b[31mstarting" });
  const message = await messageOf(
    answering("503 Service Unavailable", body, "content-type: application/problem+json\r\n"),
  );
  assertEquals(message, "status 503: the proxy is \\u001b[31mstarting");
});

Deno.test("AdminClient: reports a missing or wrong token", async () => {
  await withAdmin({ token: TOKEN }, async ({ url }) => {
    for (
      const [token, says] of [[undefined, "no token sent"], [
        "x".repeat(16),
        "wrong token",
      ]] as const
    ) {
      const { message } = await assertRejects(
        () => new AdminClient({ url, token }).explain(QUESTION),
        AdminClientError,
      );
      assertEquals(
        message,
        `ask ${url.origin}: ${says}; use the one in its "admin.token_file": --token-file FILE`,
      );
    }
  });
});

Deno.test("AdminClient: reports a refused connection", async () => {
  const port = freePort();
  const client = new AdminClient({ url: new URL(`http://127.0.0.1:${port}`), token: undefined });
  const { message } = await assertRejects(() => client.explain(QUESTION), AdminClientError);
  assertEquals(
    message,
    `ask http://127.0.0.1:${port}: cannot connect (Connection refused); is a tcpproxy with "admin" running there?`,
  );
});

Deno.test("AdminClient: gives up on a server that is silent or never ends", async () => {
  const silent: Serve = async (_conn, ended) => await ended;
  const endless: Serve = async (conn, ended) => {
    await readHead(conn);
    await writeAll(conn, utf8("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"));
    await ended;
  };
  for (const serve of [silent, endless]) {
    assertEquals(
      await messageOf(serve, { timeoutMs: 100 }),
      'no response within 100 ms; is a tcpproxy with "admin" running there?',
    );
  }
});

Deno.test("AdminClient: stops reading an endless response", async () => {
  const flood: Serve = async (conn) => {
    await readHead(conn);
    await writeAll(conn, utf8("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"));
    for (;;) await writeAll(conn, new Uint8Array(65536).fill(0x20));
  };
  assertStringIncludes(await messageOf(flood), "the response is larger than 8388608 bytes");
});

Deno.test("AdminClient: reports a broken connection", async () => {
  const message = await messageOf(async (conn) => void await readHead(conn));
  assertStringIncludes(message, "cannot connect (");
});

Deno.test("AdminClient: does not follow redirects with the token", async () => {
  await using other = new TestTarget(answering("200 OK", "{}"));
  const redirect = answering("307 Temporary Redirect", "", `location: http://${other.address}/\r\n`);
  assertEquals(await messageOf(redirect, { token: TOKEN }), NO_TCPPROXY);
  assertEquals(other.accepted, 0);
});

Deno.test("AdminClient: request gives the JSON of any path, and an error's detail", async () => {
  await withAdmin({ token: TOKEN }, async ({ url }) => {
    const client = new AdminClient({ url, token: TOKEN });
    assertEquals(await client.request("GET", "healthz"), { status: "alive" });
    const query = new URLSearchParams({ plan: "true" });
    const answer = await client.request("POST", "api/reload", { query, body: { apps: APPS } });
    assertEquals(answer, { changes: { apps: [], settings: [] }, apps: [], warnings: [] });
    await assertRejects(
      () => client.request("POST", "api/reload", { query, body: { apps: 1 } }),
      AdminClientError,
      `ask ${url.origin}: status 400: read the config in the body: `,
    );
    await assertRejects(
      () => client.request("DELETE", "healthz"),
      AdminClientError,
      `ask ${url.origin}: status 405: method DELETE not allowed; expected GET, HEAD`,
    );
  });
});
