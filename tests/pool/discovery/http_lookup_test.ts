import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import { HttpLookup, type HttpLookupOptions } from "../../../lib/pool/discovery/http_lookup.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { TlsLab } from "../../helpers/tls/tls_lab.ts";
import { hasTool } from "../../helpers/programs/tools.ts";

const NEVER = new AbortController().signal;

/** An endpoint of a test, with what it was asked. */
class Endpoint implements AsyncDisposable {
  /** The headers of each; those of a request end with it. */
  readonly requests: { readonly url: string; readonly headers: Headers }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(
    handle: (url: URL, request: Request) => Response | Promise<Response>,
    tls: { cert?: string; key?: string } = {},
  ) {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls };
    this.#server = Deno.serve(options as Deno.ServeTcpOptions, (request) => {
      this.requests.push({ url: request.url, headers: new Headers(request.headers) });
      return handle(new URL(request.url), request);
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#server.addr.port;
  }

  headers(name: string): (string | null)[] {
    return this.requests.map(({ headers }) => headers.get(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function lookupOf(url: string, options: Partial<HttpLookupOptions> = {}): HttpLookup {
  return new HttpLookup(url, { intervalMs: 30_000, ...options });
}

/** The targets of an answer, or its problem without what was asked. */
async function ask(lookup: HttpLookup): Promise<string> {
  const { targets, problem } = await lookup.ask(NEVER);
  return targets?.map(({ address }) => formatAddress(address)).join(" ") ??
    problem?.replace(`${lookup.what}: `, "") ?? "nothing";
}

const LIST = [{ targets: ["10.0.0.1:80", "10.0.0.2:80"], labels: { weight: "2" } }];

Deno.test("HttpLookup: asks as Prometheus does, and reads what comes", async () => {
  await using endpoint = new Endpoint(() => Response.json(LIST));
  assertEquals(await ask(lookupOf(`${endpoint.origin}/t?team=a`)), "10.0.0.1:80 10.0.0.2:80");
  assertEquals(endpoint.requests[0]?.url, `${endpoint.origin}/t?team=a`);
  assertEquals(endpoint.headers("x-prometheus-refresh-interval-seconds"), ["30"]);
  assertEquals(endpoint.headers("accept"), ["application/json"]);
  assertEquals(endpoint.headers("authorization"), [null]);
});

Deno.test("HttpLookup: an answer with a tag is not sent again while it is the same", async () => {
  let tag = '"1"';
  await using endpoint = new Endpoint((_, request) =>
    request.headers.get("if-none-match") === tag
      ? new Response(null, { status: 304 })
      : Response.json([{ targets: [`h:${tag.slice(1, -1)}`] }], { headers: { etag: tag } })
  );
  const lookup = lookupOf(endpoint.origin);
  const answers = [await ask(lookup), await ask(lookup)];
  tag = '"2"';
  assertEquals([...answers, await ask(lookup)], ["h:1", "h:1", "h:2"]);
  assertEquals(endpoint.headers("if-none-match"), [null, '"1"', '"1"']);
});

Deno.test("HttpLookup: what is no list is a problem", async () => {
  const answers: Readonly<Record<string, () => Response>> = {
    "/404": () => new Response("no", { status: 404 }),
    "/304": () => new Response(null, { status: 304 }),
    "/html": () => new Response("<html>"),
    "/bad": () => Response.json([{ targets: ["x"] }]),
    "/large": () => new Response(" ".repeat(1024 * 1024 + 1)),
    "/endless": () =>
      new Response(new ReadableStream({ pull: (control) => control.enqueue(new Uint8Array(65536)) })),
    "/utf": () => new Response(new Uint8Array([0xff])),
  };
  await using endpoint = new Endpoint(({ pathname }) => answers[pathname]?.() ?? new Response());
  const of = (path: string): Promise<string> => ask(lookupOf(endpoint.origin + path));
  assertEquals(await of("/404"), "the status is 404; expected 200");
  assertEquals(await of("/304"), "the status is 304; expected 200");
  assertStringIncludes(await of("/html"), "the body is no JSON");
  assertStringIncludes(await of("/bad"), "[0].targets[0]: ");
  assertEquals(await of("/large"), "the body has more than 1048576 bytes; expected fewer");
  assertEquals(await of("/endless"), "the body has more than 1048576 bytes; expected fewer");
  assertStringIncludes(await of("/utf"), "not valid");
  assertStringIncludes(await ask(lookupOf(`http://127.0.0.1:${freePort()}/`)), "refused");
});

Deno.test("HttpLookup: a server that never answers is left when the signal says so", async () => {
  const gate = Promise.withResolvers<Response>();
  await using _endpoint = new Endpoint(() => gate.promise);
  const limit = new AbortController();
  const asked = lookupOf(_endpoint.origin).ask(limit.signal).catch((error) => error);
  while (_endpoint.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const reason = new Error("no answer");
  limit.abort(reason);
  assertEquals(await asked, reason);
  gate.resolve(new Response());
});

Deno.test("HttpLookup: follows a few redirects, and takes the token to its own host alone", async () => {
  await using folder = new TemporaryFolder();
  const tokenFile = await folder.write("token", "secret\n");
  await using other = new Endpoint(() => Response.json(LIST));
  await using endpoint = new Endpoint(({ pathname }) => {
    const to = pathname === "/a" ? "/b" : pathname === "/b" ? `${other.origin}/t` : pathname;
    return new Response(null, { status: 302, headers: { location: to } });
  });
  assertEquals(await ask(lookupOf(`${endpoint.origin}/a`, { tokenFile })), "10.0.0.1:80 10.0.0.2:80");
  assertEquals(endpoint.headers("authorization"), ["Bearer secret", "Bearer secret"]);
  assertEquals(other.headers("authorization"), [null]);
  assertEquals(
    await ask(lookupOf(`${endpoint.origin}/round`)),
    "more than 3 redirects; give the address that they lead to",
  );
  await using astray = new Endpoint(() =>
    new Response(null, { status: 301, headers: { location: "file:///etc/passwd" } })
  );
  assertStringIncludes(await ask(lookupOf(astray.origin)), "away from HTTPS");
});

Deno.test("HttpLookup: a token is read at each request", async () => {
  await using folder = new TemporaryFolder();
  const tokenFile = await folder.write("token", "one");
  await using endpoint = new Endpoint(() => Response.json(LIST));
  const lookup = lookupOf(endpoint.origin, { tokenFile });
  await ask(lookup);
  await folder.write("token", "two");
  await ask(lookup);
  assertEquals(endpoint.headers("authorization"), ["Bearer one", "Bearer two"]);
  await Deno.remove(tokenFile);
  assertStringIncludes(await ask(lookup), `read "${tokenFile}"`);
});

const hasOpenssl = hasTool("openssl");

Deno.test({
  name: `HttpLookup: the certificate of an endpoint must come from the CA${
    hasOpenssl ? "" : " (ignored: openssl not found)"
  }`,
  ignore: !hasOpenssl,
  fn: async () => {
    using lab = new TlsLab();
    const { cert, key } = lab.local;
    await using endpoint = new Endpoint(() => Response.json(LIST), { cert, key });
    const url = `https://localhost:${endpoint.port}/`;
    assertEquals(await ask(lookupOf(url, { ca: lab.ca.certFile })), "10.0.0.1:80 10.0.0.2:80");
    assertStringIncludes(await ask(lookupOf(url)), "certificate");
  },
});
