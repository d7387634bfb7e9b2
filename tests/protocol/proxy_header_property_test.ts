import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { anyCodePoints } from "../helpers/any_text.ts";
import { type Address, formatIp, parseIp } from "../../lib/base/mod.ts";
import {
  checkProxySsl,
  encodeProxyHeader,
  encodeProxySsl,
  MAX_PROXY_HEADER_BYTES,
  parseProxyHeader,
  parseProxySsl,
  PROXY_V2_TLV,
  type ProxyHeaderVerdict,
  type ProxyTlv,
} from "../../lib/protocol/mod.ts";
import { concat } from "../helpers/bytes.ts";
import { buildProxyV2, buildWithChecksum, tlv } from "../helpers/protocol/proxy_v2.ts";
import { expectKind } from "../helpers/protocol/verdict.ts";

const port = fc.integer({ min: 0, max: 65535 });
const ipv4 = endpoint(fc.ipV4());
const ipv6 = endpoint(fc.ipV6().filter((text) => !text.includes(".")));
const mapped = endpoint(fc.ipV4().map((text) => `::ffff:${text}`));
const unix: fc.Arbitrary<Address> = fc.stringMatching(/^\/[a-z]{1,20}$/).map((path) => ({
  kind: "unix",
  path,
}));
const side = fc.option(fc.oneof(ipv4, ipv6, mapped, unix), { nil: undefined });
const version = fc.constantFrom("v1" as const, "v2" as const);

Deno.test("parseProxyHeader: reads what encodeProxyHeader wrote, in every fragmentation", () => {
  fc.assert(
    fc.property(version, side, side, fc.uint8Array(), (version, source, destination, data) => {
      const bytes = encodeProxyHeader(version, { source, destination });
      const { header, length } = expectKind(parseProxyHeader(concat(bytes, data)), "header");
      assertEquals(length, bytes.length);
      assertEquals(header.version, version);

      const pair = [plain(source), plain(destination)];
      const isKnown = pair.every((each) => each !== undefined);
      assertEquals(
        [plain(header.source), plain(header.destination)],
        isKnown ? pair : [undefined, undefined],
      );
      assertEquals(header.command, version === "v2" && !isKnown ? "local" : "proxy");
      for (let end = 0; end < bytes.length; end++) {
        expectKind(parseProxyHeader(bytes.subarray(0, end)), "need_more");
      }
    }),
    { numRuns: 60 },
  );
});

const distinctTlvs = fc.uniqueArray(
  fc.record({
    type: fc.integer({ min: 0x31, max: 0xff }),
    value: fc.uint8Array({ maxLength: 300 }),
  }),
  { selector: ({ type }) => type, maxLength: 6 },
);

Deno.test("parseProxyHeader: reads every field that encodeProxyHeader wrote, with a checksum and without", () => {
  fc.assert(
    fc.property(side, side, distinctTlvs, fc.boolean(), (source, destination, tlvs, crc32c) => {
      const bytes = encodeProxyHeader("v2", { source, destination, tlvs, crc32c });
      const { header, length } = expectKind(parseProxyHeader(bytes), "header");
      assertEquals(length, bytes.length);
      // A health check of our own has no client to speak of.
      const isLocal = source === undefined || (tlvs.length === 0 && header.source === undefined);
      assertEquals(header.command, isLocal ? "local" : "proxy");
      if (isLocal) return;
      assertEquals(header.tlvs.fields().filter(({ type }) => type !== PROXY_V2_TLV.crc32c), tlvs);
      assertEquals(header.tlvs.get(PROXY_V2_TLV.crc32c)?.length, crc32c ? 4 : undefined);
    }),
  );
});

Deno.test("encodeProxyHeader: fields beyond the longest header are left out, those that fit are sent", () => {
  const source = { kind: "tcp", host: "192.0.2.1", port: 1 } as const;
  const field = (type: number, length: number): ProxyTlv => ({ type, value: new Uint8Array(length) });
  const tlvs = [field(0xe0, 3000), field(0xe1, 2000), field(0xe2, 10)];
  const bytes = encodeProxyHeader("v2", { source, destination: source, tlvs, crc32c: true });
  const { header } = expectKind(parseProxyHeader(bytes), "header");
  assertEquals(header.tlvs.fields().map(({ type }) => type), [0xe0, 0xe2, PROXY_V2_TLV.crc32c]);
  const full = [field(0xe0, MAX_PROXY_HEADER_BYTES - 16 - 12 - 7 - 3)];
  const longest = encodeProxyHeader("v2", { source, destination: source, tlvs: full, crc32c: true });
  assertEquals(longest.length, MAX_PROXY_HEADER_BYTES);
  assertEquals(expectKind(parseProxyHeader(longest), "header").header.tlvs.fields().length, 2);
});

const someText = fc.option(anyCodePoints({ maxLength: 20 }), { nil: undefined });

Deno.test("parseProxySsl: reads what encodeProxySsl wrote", () => {
  const ssl = fc.record({
    overTls: fc.boolean(),
    presented: fc.constantFrom("connection" as const, "session" as const, "never" as const),
    verified: fc.boolean(),
    version: someText,
    commonName: someText,
    cipher: someText,
    certificate: fc.option(fc.uint8Array(), { nil: undefined }),
  });
  fc.assert(fc.property(ssl, (ssl) => {
    const value = encodeProxySsl(ssl);
    assertEquals(checkProxySsl(value), undefined);
    assertEquals(parseProxySsl(value), { ...ssl, verified: ssl.verified && ssl.presented !== "never" });
  }));
});

const randomTlvs = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 12 })).map(([type, value]) =>
    tlv(type, value)
  ),
  { maxLength: 4 },
).map((fields) => concat(...fields));

/** Headers, then some bytes of them changed, cut off or added. */
const nearlyHeader = fc.tuple(
  fc.oneof(
    fc.tuple(version, side, side).map(([version, source, destination]): Uint8Array =>
      encodeProxyHeader(version, { source, destination })
    ),
    fc.tuple(randomTlvs, randomTlvs).map(([before, after]) => buildWithChecksum(before, after)),
    fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 300 })).map(([family, block]) =>
      buildProxyV2({ family, block })
    ),
  ),
  fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
  fc.uint8Array({ maxLength: 20 }),
).map(([header, changes, tail]) => {
  const bytes = concat(header, tail);
  for (const [at, value] of changes) bytes[at % bytes.length] = value;
  return bytes;
});

const anyBytes = fc.oneof({ arbitrary: nearlyHeader, weight: 4 }, { arbitrary: fc.uint8Array(), weight: 1 });

Deno.test("parseProxyHeader: never throws, and a verdict once given is not changed by more bytes", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      let settled: ProxyHeaderVerdict | undefined;
      for (let end = 0; end <= bytes.length; end++) {
        const verdict = parseProxyHeader(bytes.subarray(0, end));
        if (settled?.kind === "header") assertEquals(verdict, settled);
        else if (settled !== undefined) assertEquals(verdict.kind, settled.kind);
        else if (verdict.kind === "need_more") assertEquals(verdict.atLeast > end, true);
        else settled = verdict;
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("parseProxyHeader: nothing beyond the end of its bytes is read", () => {
  fc.assert(fc.property(anyBytes, fc.uint8Array({ minLength: 8 }), (bytes, beyond) => {
    const inLarger = concat(bytes, beyond).subarray(0, bytes.length);
    assertEquals(parseProxyHeader(inLarger), parseProxyHeader(bytes));
  }));
});

Deno.test("parseProxyHeader: nothing beyond the header is looked at", () => {
  fc.assert(fc.property(nearlyHeader, fc.uint8Array(), (bytes, beyond) => {
    const verdict = parseProxyHeader(bytes);
    if (verdict.kind !== "header") return;
    assertEquals(parseProxyHeader(concat(bytes.subarray(0, verdict.length), beyond)), verdict);
  }));
});

function endpoint(host: fc.Arbitrary<string>): fc.Arbitrary<Address> {
  return fc.record({ kind: fc.constant("tcp" as const), host, port });
}

/** An address in its canonical form, a mapped one for the same as its IPv4 address; unix has none that is sent. */
function plain(address: Address | undefined): { host: string; port: number } | undefined {
  if (address?.kind !== "tcp") return undefined;
  const ip = parseIp(address.host) ?? new Uint8Array(4);
  return { host: formatIp(ip).replace(/^::ffff:(.*\..*)$/, "$1"), port: address.port };
}
