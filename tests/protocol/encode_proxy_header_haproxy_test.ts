import { assertEquals } from "@std/assert";
import type { Address } from "../../lib/base/mod.ts";
import { encodeProxyHeader, type ProxyHeaderOptions } from "../../lib/protocol/mod.ts";
import { connectWhenListening, withHaproxy } from "../helpers/servers/haproxy.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const missing = missingTools("haproxy");
const reason = missing.length === 0 ? "" : " (ignored: haproxy not found)";

const IPV4 = tcp("192.0.2.1", 1000);
const IPV6 = tcp("2001:db8::2", 443);

/** What goes in, and what HAProxy says of it to its server; `undefined` for the connection's own addresses. */
const CASES: readonly (readonly [name: string, options: ProxyHeaderOptions, line: string | undefined])[] = [
  ["IPv4", { source: IPV4, destination: tcp("198.51.100.2", 443) }, "TCP4 192.0.2.1 198.51.100.2 1000 443"],
  ["IPv6", { source: tcp("2001:db8::1", 5), destination: IPV6 }, "TCP6 2001:db8::1 2001:db8::2 5 443"],
  ["mixed families", { source: IPV4, destination: IPV6 }, "TCP6 ::ffff:192.0.2.1 2001:db8::2 1000 443"],
  ["a health check", { source: undefined, destination: undefined }, undefined],
];

for (const version of ["v1", "v2"] as const) {
  for (const [name, options, line] of CASES) {
    Deno.test({
      name: `encodeProxyHeader: HAProxy understands ${version} with ${name}${reason}`,
      ignore: missing.length > 0,
      fn: () =>
        withHaproxy({
          bind: "accept-proxy",
          server: "send-proxy",
          use: async ({ port, target }) => {
            using client = await connectWhenListening(port);
            await client.write(encodeProxyHeader(version, options));
            await client.write(new TextEncoder().encode("data\n"));
            await client.closeWrite();
            using conn = await target.accept();
            const { localAddr, remoteAddr } = client;
            const own = `TCP4 127.0.0.1 127.0.0.1 ${localAddr.port} ${remoteAddr.port}`;
            assertEquals(await new Response(conn.readable).text(), `PROXY ${line ?? own}\r\ndata\n`);
          },
        }),
    });
  }
}

function tcp(host: string, port: number): Address {
  return { kind: "tcp", host, port };
}
