import { errorCode, isReset, parseIp } from "../../../lib/base/mod.ts";
import { parseClientHello, parseProxyHeader } from "../../../lib/protocol/mod.ts";
import { concat, latin1, latin1Bytes, utf8 } from "../../helpers/bytes.ts";
import { readAll, writeAll } from "../../helpers/clients.ts";
import { connectWhenListening, withHaproxy } from "../../helpers/servers/haproxy.ts";
import { withNginx } from "../../helpers/servers/nginx.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { openssl } from "../../helpers/tls/certificates.ts";
import {
  buildHelloMessage,
  buildRecords,
  extension,
  serverName,
  uint16,
  vector16,
  vector8,
} from "../../helpers/tls/client_hello.ts";
import { Inputs } from "../engine/campaign.ts";
import { Draw, seedOf } from "../engine/draw.ts";
import { hex } from "../engine/fuzz_target.ts";
import { CLIENT_HELLO } from "../targets/client_hello.ts";
import type { Own } from "./compare.ts";
import { answerTo, type Ask } from "./proxy_headers.ts";

/** Names that clients ask for, and some that none should. */
const NAMES = [
  "a.example.com",
  "A.Example.COM",
  "localhost",
  "a.example.com.",
  "xn--bcher-kva.example",
  "a_b.example",
  "192.0.2.1",
  "::1",
  "a..b",
  "a b",
  "a\0b",
  "\u00e9.example",
  "",
];

/** Hellos: half as clients send them, half with a few bytes changed. */
export function hellos(count: number, seed: number): Uint8Array[] {
  const source = new Inputs({ make: plainHello, dictionary: CLIENT_HELLO.dictionary }, { seed, corpus: [] });
  return Array.from({ length: count }, (_, number) => {
    const draw = new Draw(seedOf(seed + 1, number));
    const mutated = source.at(number);
    return draw.once(2) ? plainHello(draw) : mutated;
  });
}

/** A hello with which a handshake could begin. */
function plainHello(draw: Draw): Uint8Array {
  const others = draw.list(3, () => extension(draw.between(20_000, 30_000), draw.bytes(30)));
  const message = buildHelloMessage({
    sessionId: draw.bytesOf(draw.pick([0, 32])),
    cipherSuites: Uint8Array.of(0x13, 0x01, 0xc0, 0x2f, 0xc0, 0x30, 0x00, 0x2f),
    compressions: Uint8Array.of(0),
    extensions: [
      ...draw.once(8) ? [] : [serverName(utf8(draw.pick(NAMES.slice(0, draw.once(3) ? NAMES.length : 6))))],
      ...draw.once(2)
        ? [extension(16, vector16(concat(vector8(utf8("h2")), vector8(utf8("http/1.1")))))]
        : [],
      ...others,
      extension(10, vector16(uint16(0x0017))),
      extension(13, vector16(concat(uint16(0x0804), uint16(0x0401), uint16(0x0403)))),
    ],
  });
  return buildRecords(message, { sizes: draw.once(4) ? [draw.between(1, 90)] : [message.length] });
}

/** The name that a hello asks for here: `none` for none, and for what is no hello. */
export function ownName(bytes: Uint8Array): Own {
  const verdict = parseClientHello(bytes);
  if (verdict.kind === "hello") return { opinion: verdict.sni ?? "none", why: "" };
  return { opinion: "none", why: verdict.kind === "bad" ? verdict.problem : verdict.kind };
}

/** As {@link ownName}, but `refused` for what is no hello. */
export function ownHello(bytes: Uint8Array): Own {
  const { opinion, why } = ownName(bytes);
  return { opinion: why === "" ? opinion : "refused", why };
}

/** A name as a peer gives it, in the form that it has here: without a dot at the end, lower case, no address. */
function nameOf(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, "");
  return name === "" || name === "-" || parseIp(name.replace(/^\[(.*)\]$/, "$1")) !== undefined
    ? "none"
    : name;
}

/** Runs an HAProxy that shows its target the name which each hello asks for. */
export async function withHaproxyNames(use: (ask: Ask) => Promise<void>): Promise<void> {
  await withHaproxy({
    uniqueId: "%[var(sess.name),hex]",
    lines: [
      "tcp-request inspect-delay 2s",
      "tcp-request content set-var(sess.name) req.ssl_sni if { req.ssl_hello_type 1 }",
      "tcp-request content accept if { req.ssl_hello_type 1 }",
    ],
    server: "send-proxy-v2 proxy-v2-options unique-id",
    use: async ({ port, target }) => {
      const serving = answerNames(target);
      try {
        (await connectWhenListening(port)).close();
        await use(async (bytes) => nameOf(fromHex(latin1(await answerTo(port, bytes)))));
      } finally {
        target.close();
        await serving;
      }
    },
  });
}

function fromHex(digits: string): string {
  return (digits.match(/[\dA-F]{2}/g) ?? []).map((pair) => String.fromCharCode(parseInt(pair, 16))).join("");
}

/** Answers each connection with the unique id of its header. */
async function answerNames(target: Deno.TcpListener): Promise<void> {
  const running = new Set<Promise<void>>();
  for (;;) {
    try {
      const conn = await target.accept();
      const answer = answerName(conn).finally(() => running.delete(answer));
      running.add(answer);
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) break;
      // HAProxy has reset it before it was accepted.
      if (!isReset(errorCode(error))) throw error;
    }
  }
  await Promise.all(running);
}

async function answerName(conn: Deno.Conn): Promise<void> {
  using _conn = conn;
  try {
    const verdict = parseProxyHeader(await readAll(conn));
    const id = verdict.kind === "header" ? verdict.header.tlvs.uniqueId : undefined;
    await writeAll(conn, id ?? new Uint8Array());
  } catch (error) {
    // HAProxy resets the connection of a client that has gone.
    if (!isReset(errorCode(error))) throw error;
  }
}

/** Runs an nginx that answers with the name which each hello asks for. */
export async function withNginxNames(use: (ask: Ask) => Promise<void>): Promise<void> {
  const body = `ssl_preread on; preread_timeout 2s; return "seen $ssl_preread_server_name";`;
  await withNginx(
    { body },
    (port) => use(async (bytes) => nameOf(latin1(await answerTo(port, bytes)).replace(/^seen /, ""))),
  );
}

/** Reads hellos, a line each in hexadecimal digits, and answers with a line: how it went, and the name if there is one. */
const OPENSSL = `
import ssl, sys
seen = []
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
context.sni_callback = lambda sock, name, ctx: seen.append(name)
for line in sys.stdin:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(bytes.fromhex(line))
    seen.clear()
    conn = context.wrap_bio(incoming, outgoing, server_side=True)
    how = "more"
    try:
        conn.do_handshake()
    except ssl.SSLWantReadError:
        pass
    except ssl.SSLError as error:
        how = error.reason or "error"
    # A message of the handshake, not an alert: the hello was taken.
    if outgoing.read(1) == bytes([22]):
        how = "ok"
    print(how, seen[0] if seen and seen[0] is not None else "", flush=True)
`;

/** What OpenSSL says of hellos that it has read, and with which it finds no cipher or signature in common. */
const NEGOTIATION = /SHARED|SUITABLE|SIGNATURE|CALLBACK/;

/** What it says of those whose version it does not speak, before it reads further. */
const VERSION = /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/;

/** Runs OpenSSL, as Python has it, as a server that is given hellos without a socket. */
export async function withOpensslNames(use: (ask: Ask) => Promise<void>): Promise<void> {
  await using folder = new TemporaryFolder();
  const files = [await folder.write("cert.pem", ""), await folder.write("key.pem", "")];
  const [cert = "", key = ""] = files;
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=fuzz", "-out", cert, "-keyout", key);
  const child = new Deno.Command("python3", {
    args: ["-c", OPENSSL, ...files],
    stdin: "piped",
    stdout: "piped",
    // Names that are none are complained of at length.
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let held = "";
  let last: Promise<unknown> = Promise.resolve();
  const answer = async (bytes: Uint8Array): Promise<string> => {
    await writer.write(latin1Bytes(`${hex(bytes)}\n`));
    while (!held.includes("\n")) {
      const { value } = await lines.next();
      if (value === undefined) throw new Error("OpenSSL: it ended");
      held += value;
    }
    const end = held.indexOf("\n");
    const line = held.slice(0, end);
    held = held.slice(end + 1);
    return line;
  };
  try {
    await use((bytes) => {
      const next = last.then(() => answer(bytes)).then((line) => {
        const [how = "", name = ""] = line.split(" ");
        if (how === "ok") return nameOf(name);
        if (VERSION.test(how)) return "unread";
        return NEGOTIATION.test(how) ? "accepted" : "refused";
      });
      last = next;
      return next;
    });
  } finally {
    await writer.close();
    await lines.return?.();
    await child.status;
  }
}
