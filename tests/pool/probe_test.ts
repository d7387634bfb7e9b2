import { assertEquals, assertMatch } from "@std/assert";
import { type Address, type Duplex, parseAddress } from "../../lib/base/mod.ts";
import { encodeProxyHeader } from "../../lib/protocol/mod.ts";
import { parseCheckBytes } from "../../lib/pool/checks/check_text.ts";
import { parseExpect } from "../../lib/pool/checks/expectation.ts";
import { httpExchange, type HttpProbe, parseStatus } from "../../lib/pool/checks/http_check.ts";
import { Probe, type ProbeOptions } from "../../lib/pool/checks/probe.ts";
import { type Step, Steps } from "../../lib/pool/checks/steps.ts";
import { readExactly, writeAll } from "../helpers/clients.ts";
import { RecordingDuplex } from "../helpers/connections/recording_duplex.ts";
import { ScriptedDuplex } from "../helpers/connections/scripted_duplex.ts";
import { startNginx, startRedis } from "../helpers/servers/server_process.ts";
import {
  blackHole,
  echo,
  neverAnswering,
  neverReading,
  refusingAddress,
  resettingTarget,
  type Serve,
  TestTarget,
} from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const never = new AbortController().signal;
const encoder = new TextEncoder();

/** One step, or a request over HTTP, beside the rest. */
interface Asked extends Partial<ProbeOptions>, Step {
  readonly http?: HttpProbe;
}

/** `success`, or the reason and message. */
async function probe(
  address: Address | string,
  { send, expect, http, ...options }: Asked = {},
  signal = never,
): Promise<string> {
  const to = typeof address === "string" ? parseAddress(address) : address;
  const exchange: ProbeOptions["exchange"] = (at) =>
    http === undefined ? new Steps([{ send, expect }]) : httpExchange(http, at);
  const result = await new Probe({ timeoutMs: 5000, exchange, ...options }).run(to, signal);
  if (result.kind === "success") return "success";
  return result.kind === "void" ? `void: ${result.message}` : `${result.reason}: ${result.message}`;
}

/** Checks a target that does this with each connection, and waits until it has done so. */
async function probeServer(serve: Serve, options: Asked = {}): Promise<string> {
  await using target = new TestTarget(serve);
  const result = await probe(target.address, options);
  await target.done(1);
  return result;
}

/** Sends these pieces, each by itself, and then reads on until FIN. */
function trickling(...pieces: string[]): Serve {
  return async (conn) => {
    for (const piece of pieces) {
      await writeAll(conn, encoder.encode(piece));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await neverAnswering(conn);
  };
}

function scripted(pieces: string[], end: "silence" | "fin" | "reset"): {
  duplex: ScriptedDuplex;
  connect: () => Promise<Duplex>;
} {
  const duplex = new ScriptedDuplex(pieces.map((piece) => encoder.encode(piece)), end);
  return { duplex, connect: () => Promise.resolve(duplex) };
}

const ANYWHERE: Address = { kind: "tcp", host: "10.0.0.1", port: 80 };

Deno.test("Probe: a check is not delayed until its PROXY header is acknowledged", async () => {
  const header = encodeProxyHeader("v2", { source: undefined, destination: undefined });
  for (
    const [preface, asked] of [[header, ["no delay", "write 16", "write 4"]], [undefined, [
      "write 4",
    ]]] as const
  ) {
    const duplex = new RecordingDuplex();
    const result = await probe(ANYWHERE, {
      connect: () => Promise.resolve(duplex),
      send: encoder.encode("PING"),
      ...(preface === undefined ? {} : { preface }),
    });
    assertEquals([result, duplex.asked], ["success", asked]);
  }
});

Deno.test("Probe: by default a target that accepts is healthy, and sees the connection close", async () => {
  assertEquals(await probeServer(neverAnswering), "success");
});

Deno.test("Probe: a target that refuses", async () => {
  assertMatch(await probe(refusingAddress()), /^refused: .*refused/i);
});

Deno.test("Probe: a unix socket that is there, and one that is not", async () => {
  await using folder = new TemporaryFolder();
  {
    await using target = new TestTarget(echo, { path: folder.file("s") });
    assertEquals(
      await probe(target.address, { send: encoder.encode("x"), expect: parseExpect("x") }),
      "success",
    );
  }
  assertMatch(await probe(`unix:${folder.file("none")}`), /^unreachable: /);
});

Deno.test("Probe: a target that drops packets is a timeout of the connection", async () => {
  using hole = await blackHole();
  assertEquals(await probe(hole.address, { timeoutMs: 50 }), "timeout: no connection within 50 ms");
});

Deno.test("Probe: judges the answer to what it sends", async () => {
  const send = parseCheckBytes("PING\\r\\n");
  assertEquals(await probeServer(echo, { send, expect: parseExpect("PING\\r") }), "success");
  const wrong = await probeServer(async (conn) => {
    await readExactly(conn, send.length);
    await writeAll(conn, encoder.encode("-LOADING\r\n"));
  }, { send, expect: parseExpect("+PONG") });
  assertEquals(wrong, 'closed: the target closed after "-LOADING\\r\\n"');
});

Deno.test("Probe: a target that has to speak first, in pieces", async () => {
  const expect = parseExpect("/^220 .*ready\\r\\n/");
  assertEquals(await probeServer(trickling("2", "20 ma", "il rea", "dy\r", "\n"), { expect }), "success");
});

Deno.test("Probe: a silent target is a timeout of the answer", async () => {
  const options = { timeoutMs: 30, expect: parseExpect("ok") };
  assertEquals(await probeServer(neverAnswering, options), "timeout: no answer within 30 ms");
});

Deno.test("Probe: time in which this process is stopped does not count", async () => {
  await using target = new TestTarget(echo);
  const send = encoder.encode("x");
  for (const options of [{}, { send, expect: parseExpect("x") }]) {
    const probing = probe(target.address, { timeoutMs: 30, ...options });
    const endsMs = performance.now() + 60;
    while (performance.now() < endsMs);
    assertEquals(await probing, "success");
  }
});

Deno.test("Probe: a timeout message shows what was received", async () => {
  const options = { timeoutMs: 30, expect: parseExpect("+PONG") };
  assertEquals(
    await probeServer(trickling("-NOAUTH", " first\r\n"), options),
    'timeout: the target answered "-NOAUTH first\\r\\n", but not as expected within 30 ms',
  );
  const http = { path: "/", status: parseStatus(200) };
  assertEquals(
    await probeServer(trickling("HTTP/1.1 20"), { timeoutMs: 30, http }),
    'timeout: the target answered "HTTP/1.1 20", but not as expected within 30 ms',
  );
});

Deno.test("Probe: a target that never reads is a timeout too", async () => {
  await using target = new TestTarget(neverReading);
  const send = new Uint8Array(32 * 1024 * 1024);
  assertEquals(await probe(target.address, { timeoutMs: 100, send }), "timeout: no answer within 100 ms");
});

Deno.test("Probe: a target that never stops sending is refused after 16 KiB", async () => {
  const endless: Serve = async (conn) => {
    for (;;) await writeAll(conn, new Uint8Array(4096).fill(0x2e));
  };
  assertMatch(
    await probeServer(endless, { expect: parseExpect("ok") }),
    /^unexpected: the target answered "\.{80}…"$/,
  );
});

Deno.test("Probe: a target that closes without an answer, or resets", async () => {
  const expect = parseExpect("ok");
  assertEquals(
    await probeServer(() => Promise.resolve(), { expect }),
    "closed: the target closed after nothing",
  );
  await using target = await resettingTarget((socket, reset) => socket.once("data", reset));
  assertMatch(await probe(target.address, { send: encoder.encode("x"), expect }), /^reset: /);
});

Deno.test('Probe: an expression with "$" matches at FIN', async () => {
  const { connect } = scripted(["o", "k"], "fin");
  assertEquals(await probe(ANYWHERE, { connect, expect: parseExpect("/^ok$/") }), "success");
});

Deno.test("Probe: over HTTP, the status decides", async () => {
  const http = { path: "/ready", status: parseStatus("2xx") };
  const well = scripted(["HTTP/1.1 204 ", "No Content\r\n"], "silence");
  assertEquals(await probe(ANYWHERE, { connect: well.connect, http }), "success");
  const request = new TextDecoder().decode(well.duplex.written[0]);
  assertEquals(request.split("\r\n").slice(0, 2), ["GET /ready HTTP/1.1", "Host: 10.0.0.1:80"]);
  const ill = scripted(["HTTP/1.1 503 Service Unavailable\r\n"], "silence");
  assertEquals(
    await probe(ANYWHERE, { connect: ill.connect, http: { ...http, host: "app" } }),
    'unexpected: the target answered "HTTP/1.1 503 Service Unavailable\\r\\n"',
  );
  assertEquals([well.duplex.closes, ill.duplex.closes], [1, 1]);
});

Deno.test("Probe: sends the preface before TLS, and the request within it", async () => {
  const raw = scripted([], "silence");
  const secured = scripted(["ok"], "silence");
  const result = await probe(ANYWHERE, {
    connect: raw.connect,
    preface: encodeProxyHeader("v2", { source: undefined, destination: undefined }),
    secure: (given) => {
      assertEquals([given === raw.duplex, raw.duplex.written.length], [true, 1]);
      return secured.connect();
    },
    send: encoder.encode("hello"),
    expect: parseExpect("ok"),
  });
  assertEquals(result, "success");
  assertEquals(secured.duplex.written, [encoder.encode("hello")]);
  assertEquals([raw.duplex.closes, secured.duplex.closes], [0, 1]);
});

Deno.test("Probe: a failed TLS handshake is reported, and the connection closed", async () => {
  const raw = scripted([], "silence");
  const secure = (): Promise<Duplex> => Promise.reject(new Error("the certificate has expired"));
  assertEquals(await probe(ANYWHERE, { connect: raw.connect, secure }), "tls: the certificate has expired");
  assertEquals(raw.duplex.closes, 1);
});

Deno.test("Probe: a TLS handshake that hangs is a timeout", async () => {
  const raw = scripted([], "silence");
  const secure = (given: Duplex): Promise<Duplex> => given.read(new Uint8Array(1)).then(() => given);
  const options = { connect: raw.connect, secure, timeoutMs: 20 };
  assertEquals(await probe(ANYWHERE, options), "timeout: no TLS handshake within 20 ms");
  assertEquals(raw.duplex.closes, 1);
});

Deno.test("Probe: an abort ends any wait, without a verdict", async () => {
  using hole = await blackHole();
  await using silent = new TestTarget(neverAnswering);
  for (const address of [hole.address, silent.address]) {
    const controller = new AbortController();
    const probing = probe(address, { expect: parseExpect("ok") }, controller.signal);
    if (address === silent.address) await silent.connections(1);
    controller.abort();
    assertEquals(await probing, "void: the check was cancelled");
  }
  assertEquals(await probe(silent.address, {}, AbortSignal.abort()), "void: the check was cancelled");
});

Deno.test("Probe: a connection established after the end is closed", async () => {
  const { duplex } = scripted([], "silence");
  const controller = new AbortController();
  const connect = (): Promise<Duplex> => {
    controller.abort();
    return Promise.resolve(duplex);
  };
  assertEquals(await probe(ANYWHERE, { connect }, controller.signal), "void: the check was cancelled");
  assertEquals(duplex.closes, 1);
});

Deno.test("Probe: running out of file descriptors gives no verdict", async () => {
  const exhausted = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
  const connect = (): Promise<Duplex> => Promise.reject(exhausted);
  assertEquals(await probe(ANYWHERE, { connect }), "void: Too many open files");
});

const missingRedis = missingTools("redis-server");
Deno.test({
  name: "Probe: a real Redis answers PING" + needs(missingRedis),
  ignore: missingRedis.length > 0,
  fn: async () => {
    await using redis = await startRedis();
    const address = `127.0.0.1:${redis.port}`;
    const send = parseCheckBytes("PING\\r\\n");
    assertEquals(await probe(address, { send, expect: parseExpect("+PONG") }), "success");
    assertEquals(await probe(address, { send, expect: parseExpect("/^\\+pong\\r\\n/i") }), "success");
    const wrong = parseCheckBytes("PONG\\r\\n");
    const answer = await probe(address, { send: wrong, expect: parseExpect("+PONG"), timeoutMs: 200 });
    assertMatch(
      answer,
      /^timeout: the target answered "-ERR unknown command .*", but not as expected within 200 ms$/,
    );
  },
});

const missingNginx = missingTools("nginx");
Deno.test({
  name: "Probe: a real nginx answers over HTTP" + needs(missingNginx),
  ignore: missingNginx.length > 0,
  fn: async () => {
    await using nginx = await startNginx({ "/ready": 200, "/busy": 503 });
    const address = `127.0.0.1:${nginx.port}`;
    const ask = (path: string): Promise<string> =>
      probe(address, { http: { path, status: parseStatus(200) } });
    assertEquals(await ask("/ready"), "success");
    assertMatch(await ask("/busy"), /^unexpected: the target answered "HTTP\/1\.1 503 /);
    assertMatch(await ask("/none"), /^unexpected: the target answered "HTTP\/1\.1 404 /);
  },
});

function needs(missing: readonly string[]): string {
  return missing.length === 0 ? "" : ` (ignored: missing ${missing.join(", ")})`;
}
