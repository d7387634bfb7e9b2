import { assertEquals } from "@std/assert";
import {
  chooseTlvs,
  MAX_SENT_CERTIFICATE_BYTES,
  parseProxyHeader,
  parseProxySsl,
  PROXY_V2_TLV,
  type ProxyTlvFacts,
  type ProxyTlvRules,
  type ProxyTlvs,
} from "../../lib/protocol/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { buildWithChecksum, tlv } from "../helpers/protocol/proxy_v2.ts";
import { expectKind } from "../helpers/protocol/verdict.ts";

const NO_RULES: ProxyTlvRules = {
  authority: false,
  alpn: false,
  uniqueId: false,
  ssl: false,
  clientCertificate: false,
  crc32c: false,
  pass: [],
  add: [],
};

const FACTS: ProxyTlvFacts = {
  sni: "example.com",
  alpn: "h2",
  uniqueId: "own-id",
  ssl: {
    overTls: true,
    presented: "connection",
    verified: true,
    version: "TLSv1.3",
    commonName: "client",
    cipher: "TLS_AES_128_GCM_SHA256",
    certificate: Uint8Array.of(1, 2, 3),
  },
  received: undefined,
};

/** The fields that came with a header, each with a name of its own as value. */
const RECEIVED = received(
  tlv(PROXY_V2_TLV.authority, "received.example"),
  tlv(PROXY_V2_TLV.uniqueId, "received-id"),
  tlv(PROXY_V2_TLV.noop, "padding"),
  tlv(0xea, "\x01vpce-1"),
  tlv(0xe0, "received e0"),
);

const EVERYTHING = { ...NO_RULES, authority: true, alpn: true, uniqueId: true, ssl: true } as const;

Deno.test("chooseTlvs: nothing is sent that was not asked for", () => {
  assertEquals(chooseTlvs(NO_RULES, { ...FACTS, received: RECEIVED }), []);
});

Deno.test("chooseTlvs: what is asked for and known is sent, what is not known is not", () => {
  const { [0x20]: ssl, ...texts } = chosen(EVERYTHING, FACTS);
  assertEquals(texts, { 0x01: "h2", 0x02: "example.com", 0x05: "own-id" });
  assertEquals(typeof ssl, "string");
  const nothing = {
    sni: undefined,
    alpn: undefined,
    uniqueId: undefined,
    ssl: undefined,
    received: undefined,
  };
  assertEquals(chosen(EVERYTHING, nothing), {});
});

Deno.test("chooseTlvs: passes on what is named, or all but what is about one header alone", () => {
  assertEquals(chosen({ ...NO_RULES, pass: [0xea, 0xee] }, { ...FACTS, received: RECEIVED }), {
    0xea: "\x01vpce-1",
  });
  assertEquals(chosen({ ...NO_RULES, pass: "all" }, { ...FACTS, received: RECEIVED }), {
    0x02: "received.example",
    0x05: "received-id",
    0xea: "\x01vpce-1",
    0xe0: "received e0",
  });
});

Deno.test("chooseTlvs: fixed before known before received, but a unique id stays what it was", () => {
  const add = [{ type: 0xe0, value: utf8("fixed") }];
  const rules = { ...NO_RULES, authority: true, uniqueId: true, pass: "all", add } as const;
  assertEquals(chosen(rules, { ...FACTS, received: RECEIVED }), {
    0xe0: "fixed",
    0x02: "example.com",
    0x05: "received-id",
    0xea: "\x01vpce-1",
  });
  assertEquals(chosen(rules, { ...FACTS, sni: undefined, received: RECEIVED })[0x02], "received.example");
  const unpassed = chosen({ ...rules, pass: [] }, { ...FACTS, received: RECEIVED });
  assertEquals([unpassed[0x05], unpassed[0x02]], ["own-id", "example.com"]);
});

Deno.test("chooseTlvs: a client's certificate is sent where it is asked for and not too long", () => {
  const sentCertificate = (clientCertificate: boolean, length: number): number | undefined => {
    const ssl = FACTS.ssl && { ...FACTS.ssl, certificate: new Uint8Array(length) };
    const [field] = chooseTlvs({ ...NO_RULES, ssl: true, clientCertificate }, { ...FACTS, ssl });
    return parseProxySsl(field?.value ?? new Uint8Array()).certificate?.length;
  };
  assertEquals(sentCertificate(true, MAX_SENT_CERTIFICATE_BYTES), MAX_SENT_CERTIFICATE_BYTES);
  assertEquals(sentCertificate(true, MAX_SENT_CERTIFICATE_BYTES + 1), undefined);
  assertEquals(sentCertificate(false, 3), undefined);
});

function received(...fields: readonly Uint8Array[]): ProxyTlvs {
  const header = buildWithChecksum(concat(...fields), new Uint8Array());
  return expectKind(parseProxyHeader(header), "header").header.tlvs;
}

function chosen(rules: ProxyTlvRules, facts: ProxyTlvFacts): Record<number, string> {
  const fields = chooseTlvs(rules, facts);
  return Object.fromEntries(fields.map(({ type, value }) => [type, new TextDecoder().decode(value)]));
}
