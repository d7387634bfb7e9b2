import { assertEquals } from "@std/assert";
import type { Address } from "../../lib/base/mod.ts";
import { MAX_CLIENT_HELLO_WIRE_BYTES, parseProxyHeader, PROXY_V2_TLV } from "../../lib/protocol/mod.ts";
import { PeekedConnection } from "../../lib/routing/mod.ts";
import { connectWhenListening, withHaproxy } from "../helpers/servers/haproxy.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { expectKind } from "../helpers/protocol/verdict.ts";

const missing = missingTools("haproxy");
const reason = missing.length === 0 ? "" : " (ignored: haproxy not found)";
const LIMITS = { maxBytes: MAX_CLIENT_HELLO_WIRE_BYTES, timeoutMs: 10_000 };

for (const sender of ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"]) {
  Deno.test({
    name: `parseProxyHeader: HAProxy with ${sender}${reason}`,
    ignore: missing.length > 0,
    fn: () =>
      withHaproxy({
        server: sender,
        use: async ({ port, target }) => {
          using client = await connectWhenListening(port);
          const conn = await target.accept();
          const peeked = new PeekedConnection(conn);
          try {
            await client.write(new TextEncoder().encode("hello"));
            const outcome = expectKind(await peeked.peekUntil(parseProxyHeader, LIMITS), "verdict");
            const { header } = expectKind(outcome.verdict, "header");
            assertEquals(header.version, sender === "send-proxy" ? "v1" : "v2");
            assertEquals([header.source, header.destination], [
              tcp(client.localAddr),
              tcp(client.remoteAddr),
            ]);
            const hasFields = sender.includes("crc32c");
            assertEquals(header.tlvs.get(PROXY_V2_TLV.crc32c)?.length, hasFields ? 4 : undefined);
            assertEquals(header.tlvs.uniqueId, hasFields ? new TextEncoder().encode("id-7") : undefined);
          } finally {
            peeked.close();
          }
        },
      }),
  });
}

function tcp(addr: Deno.Addr): Address | undefined {
  return addr.transport === "tcp" ? { kind: "tcp", host: addr.hostname, port: addr.port } : undefined;
}
