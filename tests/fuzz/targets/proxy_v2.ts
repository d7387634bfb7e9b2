import type { Address } from "../../../lib/base/mod.ts";
import {
  encodeProxyHeader,
  MAX_PROXY_HEADER_BYTES,
  parseProxyHeader,
  PROXY_V2_SIGNATURE,
  PROXY_V2_TLV,
  type ProxyHeader,
  type ProxyHeaderVerdict,
} from "../../../lib/protocol/mod.ts";
import { concat } from "../../helpers/bytes.ts";
import { buildProxyV2, buildWithChecksum, tlv } from "../../helpers/protocol/proxy_v2.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, hex, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { checkGrowing } from "../models/growing.ts";

/** Bytes of the addresses, by the low nibbles of family and protocol; others have none. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 12, 2: 36, 3: 216 };

export const PROXY_V2: FuzzTarget = pureTarget({
  name: "proxy_v2",
  what: "the binary PROXY header with its fields",
  dictionary: [
    PROXY_V2_SIGNATURE,
    Uint8Array.of(0x21, 0x11, 0, 12),
    Uint8Array.of(0x20, 0, 0, 0),
    Uint8Array.of(0x03, 0, 4),
    Uint8Array.of(0x20, 0, 5, 1),
    Uint8Array.of(0xff, 0xff),
  ],
  make,
  check,
});

function make(draw: Draw): Uint8Array {
  if (draw.once(6)) return concat(buildWithChecksum(fields(draw), fields(draw)), draw.bytes(8));
  const family = draw.pick([1, 1, 2, 2, 3, 0, 4, 15]);
  const protocol = draw.pick([1, 1, 1, 0, 2, 3]);
  const command = draw.pick([0x21, 0x21, 0x21, 0x20, 0x22, 0x11, 0x2f]);
  const addresses = family === 3 ? paths(draw) : draw.bytesOf(ADDRESS_BYTES[family] ?? 0);
  const block = concat(addresses, fields(draw));
  const length = draw.once(10) ? draw.edge(16) : block.length;
  return concat(buildProxyV2({ command, family: family << 4 | protocol, block, length }), draw.bytes(8));
}

/** Two paths of a unix socket: with a NUL behind them, full to the last byte, abstract, or unnamed. */
function paths(draw: Draw): Uint8Array {
  const path = (): Uint8Array => {
    const bytes = new Uint8Array(108);
    bytes.set(
      draw.pick([
        draw.bytesOf(108),
        new TextEncoder().encode("/run/a\0junk"),
        Uint8Array.of(0, 97),
        new Uint8Array(),
      ]),
    );
    return bytes;
  };
  return concat(path(), path());
}

function fields(draw: Draw): Uint8Array {
  const types = [...Object.values(PROXY_V2_TLV), 0xe0, 0xff, draw.below(256)];
  return concat(...draw.list(3, () => {
    const type = draw.pick(types);
    if (type === PROXY_V2_TLV.ssl) {
      return tlv(
        type,
        concat(draw.bytesOf(draw.pick([4, 5, 5, 5])), draw.once(2) ? fields(draw) : draw.bytes(4)),
      );
    }
    const value = draw.bytesOf(draw.pick([0, 1, 4, 4, 128, 129, draw.below(300)]));
    const field = tlv(type, value);
    if (draw.once(15)) field[2] = draw.edge(8);
    return field;
  }));
}

function check(input: Uint8Array): void {
  const verdict = parseProxyHeader(input);
  checkGrowing(input, verdict, parseProxyHeader, new Draw(seedFor(input)));
  if (hex(input.subarray(0, 12)) !== hex(PROXY_V2_SIGNATURE) || input.length < 16) return;
  const kind = kindByLayout(input);
  if (kind !== undefined) same(verdict.kind, kind, "the fixed part decides");
  if (verdict.kind === "header") checkHeader(input, verdict);
}

/** What bytes 13 to 16 alone decide; `undefined` where the fields do (section 2.2). */
function kindByLayout(input: Uint8Array): ProxyHeaderVerdict["kind"] | undefined {
  const [command = 0, family = 0, high = 0, low = 0] = input.subarray(12);
  const length = high * 256 + low;
  if (command >> 4 !== 2 || (command & 15) > 1) return "bad";
  const isLocal = command === 0x20;
  if (!isLocal && (family >> 4 > 3 || (family & 15) > 2)) return "bad";
  if (length > MAX_PROXY_HEADER_BYTES - 16) return "bad";
  const known = (family & 15) === 0 ? 0 : ADDRESS_BYTES[family >> 4] ?? 0;
  if (!isLocal && length < known) return "bad";
  if (input.length < 16 + length) return "need_more";
  return isLocal || length === known ? "header" : undefined;
}

function checkHeader(
  input: Uint8Array,
  { header, length }: Extract<ProxyHeaderVerdict, { kind: "header" }>,
): void {
  same(length, 16 + (input[14] ?? 0) * 256 + (input[15] ?? 0), "is as long as announced");
  holds(
    (header.source === undefined) === (header.destination === undefined),
    () => "one address without the other",
  );
  const { source, destination, tlvs, command } = header;
  if (command === "local") same([source, tlvs.fields().length], [undefined, 0], "LOCAL has nothing");
  if (source?.kind === "tcp") {
    const ports = 16 + (input[13] === 0x11 ? 8 : 32);
    same(
      [source.port, destination?.kind === "tcp" && destination.port],
      [input[ports], input[ports + 2]].map((high, at) =>
        (high ?? 0) * 256 + (input[ports + 2 * at + 1] ?? 0)
      ),
      "has the ports",
    );
  }
  // Decoded on demand, from bytes of a stranger.
  for (
    const read of [
      () => tlvs.alpn,
      () => tlvs.authority,
      () => tlvs.netns,
      () => tlvs.uniqueId,
      () => tlvs.ssl,
    ]
  ) read();
  checkEncoding(header);
}

function checkEncoding({ source, destination, tlvs }: ProxyHeader): void {
  const isSummed = tlvs.get(PROXY_V2_TLV.crc32c) !== undefined;
  const others = tlvs.fields().filter(({ type }) => type !== PROXY_V2_TLV.crc32c);
  const bytes = encodeProxyHeader("v2", { source, destination, tlvs: others, crc32c: isSummed });
  holds(bytes.length <= MAX_PROXY_HEADER_BYTES, () => `its own encoding has ${bytes.length} bytes`);
  const again = parseProxyHeader(bytes);
  holds(again.kind === "header", () => `its own encoding is refused: ${JSON.stringify(again)}`);
  same(again.length, bytes.length, "its own encoding is one header");
  // Paths of a unix socket are not passed on, and a mapped address is the same as its IPv4 address.
  if (source?.kind !== "tcp" || [source, destination].some(isMapped)) return;
  same([again.header.source, again.header.destination], [source, destination], "addresses are read back");
  same(
    again.header.tlvs.fields().filter(({ type }) => type !== PROXY_V2_TLV.crc32c),
    others,
    "fields are read back",
  );
}

function isMapped(address: Address | undefined): boolean {
  return address?.kind === "tcp" && address.host.startsWith("::ffff:");
}
