import { assertEquals, assertStrictEquals } from "@std/assert";
import { PROXY_V2_TLV } from "../../../lib/protocol/mod.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { buildHello, serverName } from "../../helpers/tls/client_hello.ts";
import { exchange } from "../../helpers/clients.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { buildProxyV2, buildWithChecksum, tlv } from "../../helpers/protocol/proxy_v2.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";

const FROM_HERE = { accept: "required", from: ["127.0.0.1"] };
const NONE = new Uint8Array();

/** Which target each client is sent to, each by what it says first. */
async function targetsOf(
  app: Readonly<Record<string, unknown>>,
  firstWords: readonly Uint8Array[],
): Promise<string[]> {
  await using stack = new AsyncDisposableStack();
  const targets = Array.from({ length: 4 }, () => stack.use(new TestTarget(echo)).address);
  return await withProxy({ balance: "source_hash", ...app, targets }, async (proxy) => {
    const labels: string[] = [];
    for (const words of firstWords) {
      using client = await proxy.connect();
      await exchange(client, words);
      const { target, reason } = await proxy.outcome();
      assertStrictEquals(reason, "client_closed");
      labels.push(target?.target.label ?? "");
    }
    return labels;
  });
}

/** Clients of one network: only the last two bits of the address differ. */
const NEIGHBOURS = Array.from({ length: 16 }, (_, index) => from(`192.0.2.${index}`));

function from(client: string): Uint8Array {
  return utf8(`PROXY TCP4 ${client} 198.51.100.2 1000 443\r\n`);
}

Deno.test("hash_key: by default neighbours have targets of their own, by subnet they share one", async () => {
  const app = { "proxy_protocol": FROM_HERE };
  assertStrictEquals(new Set(await targetsOf(app, NEIGHBOURS)).size > 1, true);
  assertStrictEquals(
    new Set(await targetsOf({ ...app, "hash_key": { subnet: [24, 64] } }, NEIGHBOURS)).size,
    1,
  );
});

Deno.test("hash_key: sni takes the same target for a name, from every client, and goes on without a name", async () => {
  const hellos = Array.from(
    { length: 12 },
    (_, index) => buildHello({ extensions: [serverName(`${index}.example.com`)] }),
  );
  const app = { "hash_key": "sni", "client_hello_timeout": "1s", "proxy_protocol": FROM_HERE };
  const firstWords = ["192.0.2.1", "203.0.113.9"].flatMap((client) =>
    hellos.map((hello) => concat(from(client), hello))
  );
  const labels = await targetsOf(app, [...firstWords, concat(from("192.0.2.1"), utf8("no TLS"))]);
  assertEquals(labels.slice(0, 12), labels.slice(12, 24));
  assertStrictEquals(new Set(labels.slice(0, 12)).size > 1, true);
});

Deno.test("hash_key: a field of the header, and without it the client's address", async () => {
  const names = Array.from(
    { length: 12 },
    (_, index) => buildWithChecksum(tlv(PROXY_V2_TLV.authority, `${index}.example.com`), NONE),
  );
  const app = { "proxy_protocol": FROM_HERE };
  const keyed = { ...app, "hash_key": { tlv: "authority" } };
  assertStrictEquals(new Set(await targetsOf(app, names)).size, 1);
  assertStrictEquals(new Set(await targetsOf(keyed, names)).size > 1, true);
  const sameClient = [buildProxyV2(), buildProxyV2(), buildProxyV2()];
  assertStrictEquals(new Set(await targetsOf(keyed, sameClient)).size, 1);
});
