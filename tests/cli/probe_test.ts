import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseAddress } from "../../lib/base/mod.ts";
import { runCli } from "../../lib/cli/mod.ts";
import { MAX_ANSWER_BYTES } from "../../lib/cli/probe/probe_report.ts";
import { probeTarget } from "../../lib/cli/probe/probe_target.ts";
import { isTlsSupported } from "../../lib/tls/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { CertificateFolder } from "../helpers/tls/certificates.ts";
import { writeAll } from "../helpers/clients.ts";
import {
  echo,
  neverReading,
  refusingAddress,
  resettingTarget,
  sending,
  TestTarget,
} from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { withSServer } from "../helpers/tls/tls.ts";
import { missingTools } from "../helpers/programs/tools.ts";

interface Step {
  readonly step: string;
  readonly [key: string]: unknown;
}

interface Probed {
  readonly code: number;
  readonly ok: boolean;
  readonly steps: readonly Step[];
  readonly error: { readonly step: string; readonly message: string } | null;
  readonly complaints: string;
}

async function probe(...words: string[]): Promise<Probed> {
  const io = new CapturedIo();
  const code = await runCli(["probe", ...words, "--json"], io);
  return { code, complaints: io.complaints, ...JSON.parse(io.printed) };
}

function stepNamed({ steps }: Probed, name: string): Step {
  const found = steps.find(({ step }) => step === name);
  if (found === undefined) throw new Error(`there is no step "${name}"`);
  return found;
}

/** Short, as a target that keeps its connection makes the answer last as long. */
const BRIEF = ["--timeout", "50ms"];

Deno.test("probe: sends the text with its escapes, and shows what comes back until the time is over", async () => {
  await using target = new TestTarget(echo);
  const probed = await probe(target.address, "--send", "a\\r\\n\\x00\\\\é", ...BRIEF);
  assertEquals([probed.code, probed.ok, probed.error], [0, true, null]);
  assertEquals(probed.steps.map(({ step }) => step), ["connect", "send", "answer"]);
  const text = "a\\r\\n\\0\\\\\\xc3\\xa9";
  assertEquals(stepNamed(probed, "send").text, text);
  const { bytes, text: answer, end } = stepNamed(probed, "answer");
  assertEquals([bytes, answer, end], [7, text, "timeout"]);
  for (const { duration_ms: duration } of probed.steps) assert(typeof duration === "number" && duration >= 0);
});

Deno.test("probe: a target that speaks first and finishes is shown with its end", async () => {
  await using target = new TestTarget(sending(utf8("220 ready\r\n")));
  const probed = await probe(target.address);
  assertEquals(probed.code, 0);
  const { text, end } = stepNamed(probed, "answer");
  assertEquals([text, end], ["220 ready\\r\\n", "closed"]);
});

Deno.test("probe: an answer is read up to its limit", async () => {
  await using target = new TestTarget(sending(new Uint8Array(MAX_ANSWER_BYTES + 1).fill(0x61)));
  const { bytes, end } = stepNamed(await probe(target.address), "answer");
  assertEquals([bytes, end], [MAX_ANSWER_BYTES, "limit"]);
});

Deno.test("probe: a target that says nothing is no failure", async () => {
  await using target = new TestTarget(neverReading);
  const probed = await probe(target.address, ...BRIEF);
  assertEquals(probed.code, 0);
  assertEquals(stepNamed(probed, "answer").bytes, 0);
});

Deno.test("probe: a unix socket is connected to as well", async () => {
  await using folder = new TemporaryFolder();
  await using target = new TestTarget(sending(utf8("hello")), { path: folder.file("s") });
  const probed = await probe(target.address, "--proxy-protocol", "v1");
  assertEquals(stepNamed(probed, "answer").text, "hello");
  assertEquals(stepNamed(probed, "proxy_header").text, "PROXY UNKNOWN\\r\\n");
});

Deno.test("probe: the PROXY header names the connection's own addresses, or the client of --as", async () => {
  await using target = new TestTarget(echo);
  const { port } = target;
  const header = async (...words: string[]): Promise<unknown> => {
    const probed = await probe(target.address, "--proxy-protocol", ...words, ...BRIEF);
    assertEquals(stepNamed(probed, "answer").text, stepNamed(probed, "proxy_header").text);
    return stepNamed(probed, "answer").text;
  };
  assertMatch(
    String(await header("v1")),
    new RegExp(`^PROXY TCP4 127.0.0.1 127.0.0.1 \\d+ ${port}\\\\r\\\\n$`),
  );
  assertEquals(
    await header("v1", "--as", "192.0.2.7:1234"),
    `PROXY TCP4 192.0.2.7 127.0.0.1 1234 ${port}\\r\\n`,
  );
  assertMatch(
    String(await header("v1", "--as", "2001:db8::7")),
    new RegExp(`^PROXY TCP6 2001:db8::7 ::ffff:7f00:1 \\d+ ${port}\\\\r\\\\n$`),
  );
  assertMatch(
    String(await header("v2", "--as", "192.0.2.7")),
    /^\\r\\n\\r\\n\\0\\r\\nQUIT\\n!\\x11\\0\\x0c\\xc0\\0\\x02\\x07/,
  );
});

Deno.test("probe: what cannot be connected to is said in words and ends with 1", async () => {
  const address = refusingAddress();
  const probed = await probe(address);
  assertEquals([probed.code, probed.ok, probed.steps], [1, false, []]);
  assertEquals(probed.error?.step, "connect");
  assertEquals(
    probed.complaints,
    `tcpproxy: probe: connect: ${address}: connection refused (ECONNREFUSED)\n`,
  );
});

Deno.test("probe: a reset is a failure of the answer", async () => {
  await using target = await resettingTarget((socket, reset) => socket.on("data", reset));
  const probed = await probe(target.address, "--send", "x");
  assertEquals([probed.code, probed.error?.step], [1, "answer"]);
  assertStringIncludes(probed.complaints, "connection reset (ECONNRESET)");
});

Deno.test("probeTarget: what came before a reset is shown, and the connection closed once", async () => {
  const addr = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
  const answers = ["+OK"];
  let closed = 0;
  const { failure } = await probeTarget({ ...PLAIN, address: parseAddress("127.0.0.1:1") }, {
    connect: () =>
      Promise.resolve({
        local: addr,
        peer: addr,
        read: (buffer) => {
          const answer = answers.shift();
          if (answer === undefined) return Promise.reject(new Deno.errors.ConnectionReset("reset"));
          return Promise.resolve(new TextEncoder().encodeInto(answer, buffer).written);
        },
        write: (bytes) => Promise.resolve(bytes.length),
        closeWrite: () => Promise.resolve(),
        close: () => void closed++,
      }),
  });
  assertEquals(
    failure?.reason,
    '127.0.0.1:1: connection reset (ECONNRESET), after the answer "+OK"',
  );
  assertEquals(closed, 1);
});

const PLAIN = { proxyHeader: undefined, tls: undefined, send: undefined, timeoutMs: 10_000 };

Deno.test("probe: without --json there is a line for each step", async () => {
  await using target = new TestTarget(echo);
  const io = new CapturedIo();
  assertEquals(await runCli(["probe", target.address, "--send", "hi", ...BRIEF], io), 0);
  const [connect = "", send = "", answer = ""] = io.printed.split("\n");
  assertMatch(connect, new RegExp(`^connect +\\d+\\.\\d ms  ${target.address}, from 127\\.0\\.0\\.1:\\d+$`));
  assertMatch(send, /^send +\d+\.\d ms {2}2 bytes "hi"$/);
  assertMatch(answer, /^answer +\d+\.\d ms {2}2 bytes "hi", then nothing until the time was over$/);
  assertEquals(io.complaints, "");
});

Deno.test("probe: an answer without a byte is reported in one breath", async () => {
  const answerOf = async (address: string): Promise<string> => {
    const io = new CapturedIo();
    assertEquals(await runCli(["probe", address, ...BRIEF], io), 0);
    return io.printed.trimEnd().split("\n").at(-1)?.replace(/^answer +[\d.]+ ms {2}/, "") ?? "";
  };
  await using silent = new TestTarget(neverReading);
  assertEquals(await answerOf(silent.address), "nothing until the time was over");
  await using curt = new TestTarget(sending(utf8("")));
  assertEquals(await answerOf(curt.address), "nothing: the target finished");
});

const withTls = { ignore: !isTlsSupported() || missingTools("openssl").length > 0 };

Deno.test({
  name:
    "probe: TLS shows protocol, cipher, ALPN and certificate; what would be refused is reported, not enforced",
  ...withTls,
  fn: async () => {
    using folder = new CertificateFolder();
    const { certFile, keyFile } = folder.make("a", { altNames: "DNS:a.example,IP:192.0.2.1" });
    await withSServer(["-cert", certFile, "-key", keyFile, "-alpn", "h2", "-tls1_2"], async (port) => {
      const words = [`127.0.0.1:${port}`, "--sni", "a.example", "--alpn", "h2,http/1.1", "--send", "abc\\n"];
      const probed = await probe(...words, "--timeout", "500ms");
      assertEquals([probed.code, probed.error], [0, null]);
      const { protocol, alpn, certificate, verified, refusal } = stepNamed(probed, "tls");
      assertEquals([protocol, alpn, verified], ["TLSv1.2", "h2", false]);
      assertMatch(String(refusal), /self-signed/);
      const { subject, names } = certificate as { subject: string; names: string[] };
      assertEquals([subject, names], ["CN=a", ["a.example", "192.0.2.1"]]);
      assertEquals(stepNamed(probed, "answer").text, "cba\\n");
      const io = new CapturedIo();
      assertEquals(await runCli(["probe", ...words, "--timeout", "500ms"], io), 0);
      assertMatch(io.printed, /TLS +\d+\.\d ms {2}TLSv1\.2, \S+, ALPN "h2"\n/);
      assertMatch(
        io.printed,
        /for a\.example, 192\.0\.2\.1\n +valid from .* \(29 days left\)\n +not verified: /,
      );
    });
  },
});

Deno.test({
  name: "probe: a target that speaks no TLS fails the handshake, with the reason",
  ...withTls,
  fn: async () => {
    await using target = new TestTarget(async (conn) => {
      await writeAll(conn, utf8("SSH-2.0-x\r\n"));
    });
    const probed = await probe(target.address, "--alpn", "h2");
    assertEquals([probed.code, probed.steps.length, probed.error?.step], [1, 1, "tls"]);
    assertStringIncludes(probed.complaints, "expected a TLS handshake");
    await using silent = new TestTarget(neverReading);
    const late = await probe(silent.address, "--sni", "a.example", ...BRIEF);
    assertEquals([late.code, late.error?.message], [1, "no TLS handshake within 50ms"]);
  },
});

Deno.test({
  name: "probe: a target that does not begin TLS in its protocol fails the handshake, with the reason",
  ...withTls,
  fn: async () => {
    await using target = new TestTarget(async (conn) => {
      await writeAll(conn, utf8("N"));
    });
    const probed = await probe(target.address, "--starttls", "postgres");
    assertEquals([probed.code, probed.error?.step], [1, "tls"]);
    assertStringIncludes(probed.complaints, "before TLS: the target declines TLS");
  },
});

Deno.test({
  name: "probe: a runtime that cannot do TLS says so before it connects",
  ignore: isTlsSupported(),
  fn: async () => {
    const probed = await probe("127.0.0.1:1", "--sni", "a.example");
    assertEquals([probed.code, probed.steps, probed.error?.step], [1, [], "tls"]);
    assertStringIncludes(probed.complaints, "this runtime is Deno");
  },
});

const MISTAKES: readonly [words: string[], says: string][] = [
  [[], '"probe" needs more arguments: tcpproxy probe ADDRESS'],
  [["localhost"], 'the address "localhost" has no port'],
  [["h:*"], "expected a number from 1 to 65535"],
  [["h:1", "--as", "192.0.2.7"], "--as needs --proxy-protocol v1 or v2"],
  [["h:1", "--proxy-protocol", "v3"], 'the PROXY protocol is "v3"; expected v1 or v2'],
  [["h:1", "--proxy-protocol", "v1", "--as", "h:1"], 'the client is "h:1"; expected an IP address'],
  [["h:1", "--send", "\\q"], 'the escape "\\q" is unknown'],
  [["h:1", "--sni", "a b"], 'the host "a b" is no host name'],
  [["h:1", "--starttls", "ldap"], 'the protocol of --starttls is "ldap", expected postgres, smtp or imap'],
  [["h:1", "--starttls", "mysql"], "TLS of MySQL begins in the midst of a login"],
  [["h:1", "--timeout", "5"], 'the duration is "5"'],
  [["h:1", "--timeout", "off"], 'the timeout is "off"; expected 1ms to 1h'],
];

for (const [words, says] of MISTAKES) {
  Deno.test(`probe: "${words.join(" ")}" is refused in words and ends with 2`, async () => {
    const io = new CapturedIo();
    assertEquals(await runCli(["probe", ...words], io), 2);
    assertEquals(io.printed, "");
    assertStringIncludes(io.complaints, says);
    assertStringIncludes(io.complaints, "Try: tcpproxy help probe");
  });
}
