import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ClientHelloParser, type ClientHelloVerdict, parseClientHello } from "../../lib/protocol/mod.ts";
import { concat } from "../helpers/bytes.ts";
import {
  alpn,
  buildHelloMessage,
  buildRecords,
  extension,
  serverName,
  supportedVersions,
} from "../helpers/tls/client_hello.ts";
import { expectKind } from "../helpers/protocol/verdict.ts";

const name = fc.option(fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,8}){1,3}$/), { nil: undefined });
const protocols = fc.array(fc.stringMatching(/^[\x21-\x7e]{1,12}$/), { maxLength: 4 });
const isTls13 = fc.boolean();
const others = fc.array(
  fc.tuple(fc.integer({ min: 100, max: 65535 }), fc.uint8Array({ maxLength: 40 })),
  { maxLength: 5 },
);
const records = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 5 }),
  minors: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
});

interface Made {
  readonly bytes: Uint8Array;
  readonly hello: ClientHelloVerdict;
}

/** A hello with random extensions in random order, cut into random records, and what is to be read in it. */
const made: fc.Arbitrary<Made> = fc.tuple(name, protocols, isTls13, others, records).chain(
  ([sni, protocols, isTls13, others, records]) => {
    const extensions = others.map(([type, data]) => extension(type, data));
    if (sni !== undefined) extensions.push(serverName(sni));
    if (protocols.length > 0) extensions.push(alpn(...protocols));
    if (isTls13) extensions.push(supportedVersions(0x0304, 0x0303));
    return fc.shuffledSubarray(extensions, { minLength: extensions.length }).map((extensions) => ({
      bytes: buildRecords(buildHelloMessage({ extensions }), records),
      hello: { kind: "hello", sni, alpn: protocols, tlsVersion: isTls13 ? "TLSv1.3" : "TLSv1.2" } as const,
    }));
  },
);

Deno.test("parseClientHello: a hello cut at every byte needs more, and whole is the same hello", () => {
  fc.assert(
    fc.property(made, fc.uint8Array({ maxLength: 10 }), ({ bytes, hello }, beyond) => {
      const parser = new ClientHelloParser();
      for (let end = 0; end < bytes.length; end++) {
        expectKind(parser.parse(bytes.subarray(0, end)), "need_more");
        expectKind(parseClientHello(bytes.subarray(0, end)), "need_more");
      }
      assertEquals(parser.parse(bytes), hello);
      assertEquals(parseClientHello(bytes), hello);
      assertEquals(parseClientHello(concat(bytes, beyond)), hello);
    }),
    { numRuns: 50 },
  );
});

/** Hellos with some bytes changed. */
const nearlyHello = fc.tuple(
  made,
  fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
).map(([{ bytes }, changes]) => {
  const changed = bytes.slice();
  for (const [at, value] of changes) changed[at % changed.length] = value;
  return changed;
});

const anyBytes = fc.oneof(
  { arbitrary: nearlyHello, weight: 4 },
  { arbitrary: fc.uint8Array().map((bytes) => concat(Uint8Array.of(22, 3, 1), bytes)), weight: 1 },
  { arbitrary: fc.uint8Array(), weight: 1 },
);

Deno.test("parseClientHello: never throws, and says the same at once as bit by bit", () => {
  fc.assert(
    fc.property(anyBytes, fc.integer({ min: 1, max: 50 }), (bytes, step) => {
      const parser = new ClientHelloParser();
      for (let end = 0; end < bytes.length; end += step) parser.parse(bytes.subarray(0, end));
      assertEquals(parser.parse(bytes), parseClientHello(bytes));
    }),
    { numRuns: 300 },
  );
});

Deno.test("parseClientHello: nothing beyond the end of its bytes is read", () => {
  fc.assert(fc.property(anyBytes, fc.uint8Array({ minLength: 8 }), (bytes, beyond) => {
    const inLarger = concat(bytes, beyond).subarray(0, bytes.length);
    assertEquals(parseClientHello(inLarger), parseClientHello(bytes));
  }));
});
