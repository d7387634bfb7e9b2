import { assertEquals } from "@std/assert";
import { PeekedConnection } from "../../lib/routing/mod.ts";
import {
  type ClientHello,
  ClientHelloParser,
  type ClientHelloVerdict,
  MAX_CLIENT_HELLO_WIRE_BYTES,
  parseProxyHeader,
} from "../../lib/protocol/mod.ts";
import { withToolClient } from "../helpers/programs/tool_client.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { expectKind } from "../helpers/protocol/verdict.ts";

const LIMITS = { maxBytes: MAX_CLIENT_HELLO_WIRE_BYTES, timeoutMs: 10_000 };

interface Case {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly hello: ClientHello;
}

const MANY_PROTOCOLS = Array.from({ length: 200 }, (_, index) => `protocol-${index}`);

const CASES: readonly Case[] = [
  {
    name: "openssl s_client with TLS 1.3",
    command: "openssl",
    args: ["-tls1_3", "-servername", "www.example.com", "-alpn", "h2,http/1.1"],
    hello: { sni: "www.example.com", alpn: ["h2", "http/1.1"], tlsVersion: "TLSv1.3" },
  },
  {
    name: "openssl s_client with TLS 1.2",
    command: "openssl",
    args: ["-tls1_2", "-servername", "WWW.Example.com", "-alpn", "postgresql"],
    hello: { sni: "www.example.com", alpn: ["postgresql"], tlsVersion: "TLSv1.2" },
  },
  {
    name: "openssl s_client without a server name",
    command: "openssl",
    args: ["-noservername"],
    hello: { sni: undefined, alpn: [], tlsVersion: "TLSv1.3" },
  },
  {
    name: "openssl s_client with two hundred protocols",
    command: "openssl",
    args: ["-servername", "example.com", "-alpn", MANY_PROTOCOLS.join(",")],
    hello: { sni: "example.com", alpn: MANY_PROTOCOLS, tlsVersion: "TLSv1.3" },
  },
  {
    name: "openssl s_client with a hello cut into records of 512 bytes",
    command: "openssl",
    args: ["-servername", "example.com", "-alpn", MANY_PROTOCOLS.join(","), "-max_send_frag", "512"],
    hello: { sni: "example.com", alpn: MANY_PROTOCOLS, tlsVersion: "TLSv1.3" },
  },
];

for (const { name, command, args, hello } of CASES) {
  live(`parseClientHello: ${name}`, [command], async () => {
    const client = {
      command,
      args: (port: number) => ["s_client", "-connect", `127.0.0.1:${port}`, ...args],
    };
    const { verdict, bytes } = await withToolClient(client, peek);
    assertEquals(verdict, { kind: "hello", ...hello });
    assertEquals(recordCount(bytes) > 1, args.includes("-max_send_frag"));
  });
}

live("parseClientHello: curl over HTTPS", ["curl"], async () => {
  const client = {
    command: "curl",
    args: (port: number) => [
      "--silent",
      "--insecure",
      "--noproxy",
      "*",
      "--resolve",
      `curl.example:${port}:127.0.0.1`,
      `https://curl.example:${port}/`,
    ],
  };
  const hello = expectKind((await withToolClient(client, peek)).verdict, "hello");
  assertEquals([hello.sni, hello.alpn.includes("http/1.1")], ["curl.example", true]);
});

live("parseClientHello: curl over plain HTTP is no TLS", ["curl"], async () => {
  assertEquals((await withToolClient(plainCurl(), peek)).verdict, { kind: "not_tls" });
});

live("parseProxyHeader: curl --haproxy-protocol", ["curl"], async () => {
  await withToolClient(plainCurl("--haproxy-protocol"), async (conn) => {
    const peeked = new PeekedConnection(conn);
    const outcome = expectKind(await peeked.peekUntil(parseProxyHeader, LIMITS), "verdict");
    const { header, length } = expectKind(outcome.verdict, "header");
    assertEquals(header.version, "v1");
    const { remoteAddr, localAddr } = conn;
    assertEquals(header.source, endpoint(remoteAddr));
    assertEquals(header.destination, endpoint(localAddr));

    peeked.skip(length);
    const request = await peeked.peekUntil(wantBytes(5), LIMITS);
    assertEquals(expectKind(request, "verdict").verdict.text, "GET /");
  });
});

live("parseProxyHeader: curl without a header is refused", ["curl"], async () => {
  await withToolClient(plainCurl(), async (conn) => {
    const outcome = await new PeekedConnection(conn).peekUntil(parseProxyHeader, LIMITS);
    expectKind(expectKind(outcome, "verdict").verdict, "no_header");
  });
});

/** A test that is ignored, with the reason in its name, where a program is missing. */
function live(name: string, tools: readonly string[], fn: () => Promise<void>): void {
  const missing = missingTools(...tools);
  const reason = missing.length === 0 ? "" : ` (ignored: ${missing.join(", ")} not found)`;
  Deno.test({ name: `${name}${reason}`, ignore: missing.length > 0, fn });
}

interface Peeked {
  readonly verdict: ClientHelloVerdict;
  readonly bytes: Uint8Array;
}

async function peek(conn: Deno.Conn): Promise<Peeked> {
  const parser = new ClientHelloParser();
  const peeked = new PeekedConnection(conn);
  const outcome = await peeked.peekUntil((bytes) => parser.parse(bytes), LIMITS);
  return { verdict: expectKind(outcome, "verdict").verdict, bytes: peeked.bytes };
}

function recordCount(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at + 5 <= bytes.length; count++) {
    at += 5 + ((bytes[at + 3] ?? 0) << 8 | (bytes[at + 4] ?? 0));
  }
  return count;
}

function plainCurl(...args: readonly string[]): Parameters<typeof withToolClient>[0] {
  return {
    command: "curl",
    args: (port) => ["--silent", "--noproxy", "*", ...args, `http://127.0.0.1:${port}/`],
  };
}

type TextVerdict = { readonly kind: "need_more" } | { readonly kind: "text"; readonly text: string };

function wantBytes(count: number): (bytes: Uint8Array) => TextVerdict {
  return (bytes) =>
    bytes.length < count
      ? { kind: "need_more" }
      : { kind: "text", text: new TextDecoder().decode(bytes.subarray(0, count)) };
}

function endpoint(addr: Deno.Addr): unknown {
  return addr.transport === "tcp" ? { kind: "tcp", host: addr.hostname, port: addr.port } : undefined;
}
